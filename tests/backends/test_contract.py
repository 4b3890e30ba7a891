"""What every backend promises, checked on each of them. A new backend is one more parameter."""

from __future__ import annotations

import numpy as np
import pytest

from modcli.backends.base import Backend, Readout
from modcli.backends.scripted import Scripted
from modcli.errors import PrefixTooLong
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.template import conversation

PREFIX = Prefix(conversation("Label posts: spam or ordinary.", [("buy now", "spam")]), "Post: ")
TEXTS = ["buy coins now", "", "good morning, how are you? " * 5, "ok", "a cat sleeps"]
SPAM = Question("", ("spam", "ordinary"))
RUDE = Question("\n\n(rude or polite?)", ("rude", "polite", "neutral"))
#: What the company in a batch may change. A quantized model rounds its activations, and other shapes of a batch add
#: up in another order: with SmolLM2 (Q4_1) cosines of 0.9997 and 0.25 nats were seen; another text's state is far off.
COSINE, NATS = 0.999, 0.5


#: The fixture of each backend that loads a model.
LOADED = {"transformers": "tiny", "llama-cpp": "llama"}


@pytest.fixture(params=["scripted", "transformers", pytest.param("llama-cpp", marks=pytest.mark.small_model)])
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "scripted":
        return Scripted()
    found: Backend = request.getfixturevalue(LOADED[request.param])
    return found


def taps_of(backend: Backend) -> tuple[int, ...]:
    """A shallow one, a middle one, the last."""
    return (1, backend.facts.layers // 2, backend.facts.layers - 1)


def assert_alike(found: Readout, expected: Readout) -> None:
    assert found.states.keys() == expected.states.keys()
    for tap, state in found.states.items():
        other = expected.states[tap]
        assert state @ other / np.linalg.norm(state) / np.linalg.norm(other) > COSINE
    for answer, other in zip(found.log_probabilities, expected.log_probabilities, strict=True):
        np.testing.assert_allclose(answer, other, atol=NATS)


def test_facts(backend: Backend) -> None:
    facts = backend.facts
    assert facts.name
    assert len(facts.digest) == 64
    assert min(facts.layers, facts.width, facts.context) > 0


def test_one_readout_per_text(backend: Backend) -> None:
    taps = taps_of(backend)
    readouts = backend.read(PREFIX, TEXTS, taps=taps, questions=[SPAM, RUDE])
    assert len(readouts) == len(TEXTS)
    for readout in readouts:
        assert set(readout.states) == set(taps)
        for state in readout.states.values():
            assert state.shape == (backend.facts.width,)
            assert state.dtype == np.float32
            assert np.isfinite(state).all()
        assert [answer.shape for answer in readout.log_probabilities] == [(2,), (3,)]
        for answer in readout.log_probabilities:
            assert answer.dtype == np.float64
            np.testing.assert_allclose(np.exp(answer).sum(), 1)
    assert readouts[2].tokens > readouts[0].tokens >= readouts[3].tokens


def test_order_and_company_change_nothing(backend: Backend) -> None:
    """Each text's readout is its own: in order, backwards, alone."""
    taps = taps_of(backend)
    together = backend.read(PREFIX, TEXTS, taps=taps, questions=[SPAM])
    backwards = backend.read(PREFIX, TEXTS[::-1], taps=taps, questions=[SPAM])[::-1]
    for text, readout, other in zip(TEXTS, together, backwards, strict=True):
        assert_alike(readout, other)
        assert_alike(readout, backend.read(PREFIX, [text], taps=taps, questions=[SPAM])[0])
    middle = taps[1]
    for readout, other in zip(together, [*together[1:], together[0]], strict=True):
        state, stranger = readout.states[middle], other.states[middle]
        assert state @ stranger / np.linalg.norm(state) / np.linalg.norm(stranger) < COSINE


def test_same_call_gives_the_same_bits(backend: Backend) -> None:
    first, second = (backend.read(PREFIX, TEXTS[:2], taps=(1,), questions=[SPAM, RUDE]) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.states[1], other.states[1])
        for answer, again in zip(one.log_probabilities, other.log_probabilities, strict=True):
            np.testing.assert_array_equal(answer, again)


def test_several_questions_are_answered_as_each_alone(backend: Backend) -> None:
    """And the states are those of the first one's turn."""
    both = backend.read(PREFIX, TEXTS[:3], taps=(1,), questions=[RUDE, SPAM])
    alone = [backend.read(PREFIX, TEXTS[:3], taps=(1,), questions=[question]) for question in (RUDE, SPAM)]
    for i, readout in enumerate(both):
        answers = tuple(found[i].log_probabilities[0] for found in alone)
        assert_alike(readout, Readout(alone[0][i].states, answers, 0))


def test_pass_that_ends_early_gives_the_states_of_the_full_one(backend: Backend) -> None:
    """Bit for bit."""
    *shallower, last = taps_of(backend)
    full = backend.read(PREFIX, TEXTS, taps=(*shallower, last), questions=[SPAM])
    for taps in (shallower, [shallower[0]], [last]):
        for readout, whole in zip(backend.read(PREFIX, TEXTS, taps=taps), full, strict=True):
            assert readout.log_probabilities == ()
            for tap in taps:
                np.testing.assert_array_equal(readout.states[tap], whole.states[tap])


def test_no_texts(backend: Backend) -> None:
    assert backend.read(PREFIX, [], taps=(1,), questions=[SPAM]) == []


def test_prefix_that_does_not_fit_says_by_how_much(backend: Backend) -> None:
    with pytest.raises(PrefixTooLong, match=r"\d+ .*(more than|too many)"):
        backend.read(Prefix(conversation("word " * 9000)), ["a"], taps=(1,))


@pytest.mark.parametrize("labels", [("spam offer", "spam post"), ("same", "same"), ("spam", "")])
def test_labels_that_cannot_be_told_apart(backend: Backend, labels: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="label"):
        backend.read(PREFIX, ["a"], questions=[Question("", labels)])


def test_first_tokens(backend: Backend) -> None:
    first, second, third = backend.first_tokens(["spam", "ordinary", "spam offer"])
    assert first == third != second


def test_writes_text(backend: Backend) -> None:
    written = backend.write(PREFIX, "buy coins now", question="\n\nWhy?", limit=4)
    assert isinstance(written, str)
    assert written == backend.write(PREFIX, "buy coins now", question="\n\nWhy?", limit=4)
    assert len(written.split()) <= 4
    assert backend.write(PREFIX, "buy coins now", limit=0) == ""


def test_close_twice() -> None:
    """The loaded model is shared: its own test closes one of its own."""
    backend = Scripted()
    backend.close()
    backend.close()
