"""What Transformers does beyond the contract, and that it reads as llama.cpp does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from modcli.backends.llama_cpp import LlamaCpp  # noqa: E402
from modcli.backends.transformers import ROOM, Transformers  # noqa: E402
from modcli.backends.transformers_session import Session  # noqa: E402
from modcli.errors import BackendError, PrefixTooLong  # noqa: E402
from modcli.prompts.prompt import Prefix, Question  # noqa: E402
from modcli.prompts.template import conversation  # noqa: E402
from modcli.weights.locate import ModelFile  # noqa: E402
from tests.backends.test_contract import PREFIX, RUDE, SPAM, TEXTS, assert_alike  # noqa: E402
from tests.backends.tiny import save_tiny  # noqa: E402
from tests.backends.unpacked import unpack  # noqa: E402

VOCABULARY = 400


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Texts and padded tokens of each pass behind a prefix."""
    found: list[tuple[int, int]] = []
    inputs = Session._inputs

    def counting(session: Session, rows: Any, behind: Any, fork: Any) -> dict[str, Any]:
        made = inputs(session, rows, behind, fork)
        found.append(tuple(made["input_ids"].shape))
        return made

    monkeypatch.setattr(Session, "_inputs", counting)
    return found


def counted(backend: Transformers, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The layers that are run, in order."""
    ran: list[int] = []
    for i, layer in enumerate(backend._model.layers):

        def forward(*args: Any, _i: int = i, _old: Any = layer.forward, **named: Any) -> Any:
            ran.append(_i)
            return _old(*args, **named)

        monkeypatch.setattr(layer, "forward", forward)
    return ran


def test_layers_above_the_deepest_tap_are_not_computed(
    tiny: Transformers, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.read(PREFIX, ["a"], taps=[0])
    ran = counted(tiny, monkeypatch)
    tiny.read(PREFIX, ["a"], taps=[0, 1])
    assert ran == [0, 1]
    ran.clear()
    tiny.read(PREFIX, ["a"], taps=[0, 1], questions=[SPAM])
    assert ran == [0, 1, 2, 3]
    assert len(tiny._model.layers) == 4


def test_readout_is_that_of_the_whole_text_without_a_shared_prefix(tiny: Transformers) -> None:
    """The same tokens through the model in one piece, with nothing kept from before."""
    before, after = tiny._tokens.framed(PREFIX)
    for text, readout in zip(TEXTS, tiny.read(PREFIX, TEXTS, taps=(1, 3), questions=[SPAM]), strict=True):
        ids = torch.tensor([before + tiny._tokens.plain(text) + after])
        with torch.inference_mode():
            whole = tiny._model.model(input_ids=ids, output_hidden_states=True)
        np.testing.assert_allclose(readout.states[1], whole.hidden_states[2][0, -1].numpy(), atol=1e-4)
        labels = whole.logits[0, -1, tiny.first_tokens(SPAM.labels)].double().log_softmax(-1)
        np.testing.assert_allclose(readout.log_probabilities[0], labels.numpy(), atol=1e-4)


def test_prefix_is_computed_once_and_the_head_at_one_position(
    tiny: Transformers, passes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.read(PREFIX, TEXTS, questions=[SPAM])
    passes.clear()
    positions: list[int] = []
    head = tiny._model.model.lm_head
    hook = head.register_forward_hook(lambda _m, inputs, _o: positions.append(inputs[0].shape[1]))
    readouts = tiny.read(PREFIX, TEXTS, questions=[SPAM])
    hook.remove()
    assert positions == [1]
    assert passes == [(len(TEXTS), max(readout.tokens for readout in readouts))]


def test_several_questions_read_the_text_once(tiny: Transformers, passes: list[tuple[int, int]]) -> None:
    long = "good morning " * 20
    (readout,) = tiny.read(PREFIX, [long], questions=[SPAM, RUDE])
    body = len(tiny._tokens.plain(long))
    assert passes[0] == (1, body)
    assert passes[1][0] == 2
    assert passes[1][1] < body
    assert readout.tokens == body + sum(
        len(tiny._tokens.plain(question.text)) + len(tiny._tokens.framed(PREFIX)[1])
        for question in (SPAM, RUDE)
    )


def test_batches_are_of_like_length_and_within_the_budget(
    tiny: Transformers, passes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny.budget, "_most_tokens", 80)
    texts = [f"{'word ' * (i % 7)}{i}" for i in range(40)]
    readouts = tiny.read(PREFIX, texts, taps=(1,))
    assert len(passes) > 2
    assert all(rows * length <= 80 for rows, length in passes)
    assert [length for _, length in passes] == sorted(length for _, length in passes)
    for text, readout in list(zip(texts, readouts, strict=True))[::9]:
        assert_alike(readout, tiny.read(PREFIX, [text], taps=(1,))[0])


class Full:
    """A device whose memory bears so many rows."""

    def __init__(self, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows, self.failures = rows, 0
        read = Session.read

        def limited(session: Session, rows: Any, **named: Any) -> Any:
            if len(rows) > self.rows:
                self.failures += 1
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
            return read(session, rows, **named)

        monkeypatch.setattr(Session, "read", limited)


@pytest.fixture
def limit(tiny: Transformers) -> Iterator[None]:
    """The budget as it was, afterwards."""
    before = tiny.budget.limit
    yield
    tiny.budget.limit = before


@pytest.mark.usefixtures("limit")
def test_a_batch_that_is_too_large_is_halved_and_nothing_is_lost(
    tiny: Transformers, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"post {i}" for i in range(20)]
    expected = tiny.read(PREFIX, texts, questions=[SPAM])
    full = Full(3, monkeypatch)
    found = tiny.read(PREFIX, texts, questions=[SPAM])
    assert full.failures > 0
    for readout, other in zip(found, expected, strict=True):
        assert_alike(readout, other)


@pytest.mark.usefixtures("limit")
def test_a_single_text_that_does_not_fit_into_memory(
    tiny: Transformers, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Full(0, monkeypatch)
    with pytest.raises(BackendError, match=r"not enough memory .* single text of \d+ tokens") as caught:
        tiny.read(PREFIX, ["a"] * 8, questions=[SPAM])
    assert caught.value.hint is not None
    assert "--device cpu" in caught.value.hint
    full.rows = 100
    assert len(tiny.read(PREFIX, ["a"] * 8, questions=[SPAM])) == 8


def test_another_failure_of_the_runtime_is_told(tiny: Transformers, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("CUDA error: device-side assert triggered\nmore lines")

    monkeypatch.setattr(Session, "read", broken)
    with pytest.raises(BackendError, match=r"tiny failed on cpu: CUDA error: device-side assert triggered$"):
        tiny.read(PREFIX, ["a"], taps=(1,))


def test_what_is_no_number_is_an_error(tiny: Transformers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny._model.model.lm_head.weight, "data", torch.full((VOCABULARY, 32), torch.nan))
    with pytest.raises(BackendError, match="no numbers"):
        tiny.read(PREFIX, ["a"], questions=[SPAM])


def test_a_text_longer_than_the_room(tiny: Transformers) -> None:
    with pytest.raises(BackendError, match=rf"does not fit into the {ROOM}"):
        tiny.read(PREFIX, ["\x01" * 2000], taps=(1,))


def test_a_context_smaller_than_the_room(tmp_path: Path) -> None:
    backend = Transformers(save_tiny(tmp_path, context=512), name="short", digest="0" * 64, device="cpu")
    with pytest.raises(PrefixTooLong, match=r"more than short has room for \(0\)"):
        backend.read(Prefix(conversation("a")), ["a"], taps=(1,))


def test_prefixes_are_kept_within_bounds(tiny: Transformers) -> None:
    for i in range(5):
        tiny.read(Prefix(conversation(f"Prefix {i}.")), ["a"], taps=(0,))
    assert len(tiny._sessions) == 3


def test_closed_model_says_so(tmp_path: Path) -> None:
    backend = Transformers(save_tiny(tmp_path), name="closed", digest="0" * 64, device="cpu")
    backend.close()
    backend.close()
    with pytest.raises(BackendError, match="closed was closed"):
        backend.read(PREFIX, ["a"], taps=(1,))


@pytest.mark.small_model
def test_reads_as_llama_cpp_does(small_model: ModelFile, llama: LlamaCpp, tmp_path: Path) -> None:
    """The same weights through both. Within 0.05 nats where llama.cpp computes in full precision, too; with the file
    as it is, it rounds activations, which alone moves SmolLM2's label words by up to 0.3 nats."""
    pytest.importorskip("gguf")
    ours = Transformers(small_model.path, name=small_model.name, digest=small_model.digest, device="cpu")
    unpacked = unpack(small_model.path, tmp_path / "unpacked.gguf")
    exact = LlamaCpp(unpacked, name="exact", digest="0" * 64, threads=1)
    try:
        assert ours.facts == llama.facts
        for theirs, nats in ((exact, 0.05), (llama, 0.5)):
            assert_parity(ours, theirs, nats)
    finally:
        unpacked.unlink()
        exact.close()
        ours.close()


def assert_parity(ours: Transformers, theirs: LlamaCpp, nats: float) -> None:
    texts = [*TEXTS, "You have WON a prize, call now", "see you at the lake on sunday"]
    taps = (6, 16, theirs.facts.layers - 1)
    asked = [SPAM, Question("\n\n(question or statement?)", ("question", "statement"))]
    assert ours.first_tokens(["spam", "ordinary"]) == theirs.first_tokens(["spam", "ordinary"])
    found = ours.read(PREFIX, texts, taps=taps, questions=asked)
    expected = theirs.read(PREFIX, texts, taps=taps, questions=asked)
    for readout, other in zip(found, expected, strict=True):
        assert readout.tokens == other.tokens
        for tap in taps:
            a, b = readout.states[tap], other.states[tap]
            assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.99
        for answer, other_answer in zip(readout.log_probabilities, other.log_probabilities, strict=True):
            np.testing.assert_allclose(answer, other_answer, atol=nats)
