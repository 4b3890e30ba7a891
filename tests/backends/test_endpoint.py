"""Label words through a server: a fake one, and llama-cpp-python's own with a small model."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from modcli.backends.endpoint import Endpoint, _top, defused
from modcli.backends.endpoint_http import Server
from modcli.backends.llama_cpp import LlamaCpp
from modcli.cli.app import app
from modcli.errors import BackendError, PrefixTooLong
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.template import conversation
from modcli.weights.locate import ModelFile
from tests.backends.fake_server import FakeServer, answer, connect_here
from tests.backends.test_contract import PREFIX, SPAM, TEXTS

Reach = Callable[..., Endpoint]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setattr(socket.socket, "connect", connect_here)
    with FakeServer().running() as server:
        yield server


@pytest.fixture
def reach(fake: FakeServer) -> Iterator[Reach]:
    endpoints: list[Endpoint] = []

    def reach(model: str = "auto", **options: Any) -> Endpoint:
        server = Server(fake.url, sleep=lambda _: None, timeout=5.0, tries=2)
        endpoints.append(Endpoint(server, model=model, **options))
        return endpoints[-1]

    yield reach
    for endpoint in endpoints:
        endpoint.close()


def test_facts(fake: FakeServer, reach: Reach) -> None:
    facts = reach().facts
    assert (facts.name, facts.layers, facts.width, facts.context) == ("tiny", 0, 0, 4096)
    assert reach("tiny").facts == facts
    fake.models = {"data": [{"id": "tiny", "max_model_len": 2048, "created": 5}]}
    assert reach().facts.digest != facts.digest, "another model stands behind the same name"
    fake.models["data"][0]["created"] = 6
    assert reach().facts == reach().facts


@pytest.mark.parametrize(
    ("models", "wanted", "message", "hint"),
    [
        ({"data": [{"id": "a"}, {"id": "b"}]}, "auto", r"serves 2 models \(a, b\)", "--model"),
        ({"data": [{"id": "a"}]}, "tiny", "has no model tiny", "It has: a"),
        ({"data": []}, "auto", r"serves 0 models \(none\)", "--model"),
        ({"data": "x"}, "auto", "serves 0 models", "--model"),
        ([1], "auto", "serves 0 models", "--model"),
        ({"data": [{"id": 5}, "x", None]}, "auto", "serves 0 models", "--model"),
    ],
)
def test_a_model_that_is_not_there(
    fake: FakeServer, reach: Reach, models: Any, wanted: str, message: str, hint: str
) -> None:
    fake.models = models
    with pytest.raises(BackendError, match=message) as caught:
        reach(wanted)
    assert hint in str(caught.value.hint)


def test_answers_are_in_order_and_normalised(fake: FakeServer, reach: Reach) -> None:
    texts = [f"{'coins ' if i % 3 == 0 else ''}{i}" for i in range(30)]
    readouts = reach().read(PREFIX, texts, questions=[SPAM, SPAM])
    for i, readout in enumerate(readouts):
        assert readout.states == {}
        assert readout.tokens == 24
        for found in readout.log_probabilities:
            assert found.dtype == np.float64
            p = 0.7 if i % 3 == 0 else 0.1
            np.testing.assert_allclose(np.exp(found), [p / 0.75, 1 - p / 0.75])


def test_what_is_asked(fake: FakeServer, reach: Reach) -> None:
    """The same opening for every item, one token, with log-probabilities."""
    reach().read(PREFIX, TEXTS, questions=[Question("\n\nspam?", SPAM.labels)])
    openings = {str(request["messages"][:-1]) for request in fake.requests}
    assert len(openings) == 1
    assert [m["role"] for m in fake.requests[0]["messages"]] == ["system", "user", "assistant", "user"]
    assert {request["messages"][-1]["content"] for request in fake.requests} == {
        f"Post: {text}\n\nspam?" for text in TEXTS
    }
    for request in fake.requests:
        assert (request["max_tokens"], request["logprobs"], request["top_logprobs"]) == (1, True, 20)
        assert (request["temperature"], request["model"]) == (0, "tiny")


def test_the_first_behind_a_prefix_is_asked_alone_and_then_several_at_once(
    fake: FakeServer, reach: Reach
) -> None:
    endpoint = reach(at_once=4)
    endpoint.read(PREFIX, ["a"], questions=[SPAM])
    assert fake.most_at_once == 1
    fake.delay = 0.03
    endpoint.read(PREFIX, ["a"] * 16, questions=[SPAM])
    assert 2 <= fake.most_at_once <= 4


def test_no_texts_and_no_questions(fake: FakeServer, reach: Reach) -> None:
    endpoint = reach()
    assert endpoint.read(PREFIX, [], questions=[SPAM]) == []
    assert [readout.log_probabilities for readout in endpoint.read(PREFIX, ["a", "b"])] == [(), ()]
    assert fake.requests == []


def test_no_hidden_states(reach: Reach) -> None:
    with pytest.raises(BackendError, match="gives no hidden states"):
        reach().read(PREFIX, ["a"], taps=[1])


@pytest.mark.parametrize("labels", [("spam offer", "spam post"), ("same", "same"), ("spam", "")])
def test_labels_that_cannot_be_told_apart(reach: Reach, labels: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="label"):
        reach().read(PREFIX, ["a"], questions=[Question("", labels)])


def test_a_prefix_that_does_not_fit(reach: Reach) -> None:
    with pytest.raises(PrefixTooLong, match=r"\d+ more than tiny"):
        reach().read(Prefix(conversation("word " * 9000)), ["a"], questions=[SPAM])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"spam": 0.6, "ordinary": 0.2}, 0.75),
        (
            {" spam": 0.3, "spam": 0.3, "ord": 0.2},
            0.75,
        ),  # a token may begin a label, or have a space before it
        ({"sp": 0.6, "o": 0.2}, 0.75),
        ({"Spam": 0.9, "spam": 0.03, "ordinary": 0.01}, 0.75),  # another word is another word
        ({"spam": 0.9, "x": 0.05}, 0.9 / 0.95),  # at most as likely as the least of them, and as the rest
        ({"spam": 0.94, "x": 0.05}, 0.94 / 0.95),
    ],
)
def test_how_an_answer_is_read(
    fake: FakeServer, reach: Reach, words: dict[str, float], expected: float
) -> None:
    fake.replies = [(200, {}, answer(words))]
    (readout,) = reach().read(PREFIX, ["a"], questions=[SPAM])
    np.testing.assert_allclose(math.exp(readout.log_probabilities[0][0]), expected, atol=1e-6)


def without(what: str) -> Any:
    reply = answer({"spam": 0.9, "ordinary": 0.1})
    choice = reply["choices"][0]
    if what == "logprobs":
        del choice["logprobs"]
    elif what == "null":
        choice["logprobs"] = None
    elif what == "content":
        choice["logprobs"] = {"content": []}
    elif what == "top":
        choice["logprobs"]["content"][0]["top_logprobs"] = []
    elif what == "numbers":
        choice["logprobs"]["content"][0]["top_logprobs"] = [
            {"token": "spam", "logprob": None},
            {"token": 5, "logprob": -1.0},
            "x",
            {"token": "spam", "logprob": float("nan")},
        ]
    return reply


@pytest.mark.parametrize("what", ["logprobs", "null", "content", "top", "numbers"])
def test_an_answer_without_log_probabilities(fake: FakeServer, reach: Reach, what: str) -> None:
    fake.replies = [(200, {}, without(what))]
    with pytest.raises(BackendError, match="answers without log-probabilities") as caught:
        reach().read(PREFIX, ["a"], questions=[SPAM])
    assert "logits_all" in str(caught.value.hint)


def test_an_answer_that_is_none_of_the_labels(fake: FakeServer, reach: Reach) -> None:
    fake.replies = [(200, {}, answer({"<think>": 0.99, "the": 0.01}))]
    with pytest.raises(BackendError, match="none of spam, ordinary") as caught:
        reach().read(PREFIX, ["a"], questions=[SPAM])
    assert "thinking turned off" in str(caught.value.hint)


@pytest.mark.parametrize("reply", [[], {}, {"choices": []}, {"choices": ["x"]}, {"choices": None}, "x"])
def test_an_answer_in_another_form(fake: FakeServer, reach: Reach, reply: Any) -> None:
    fake.replies = [(200, {}, reply)]
    with pytest.raises(BackendError, match="not as OpenAI's chat API"):
        reach().read(PREFIX, ["a"], questions=[SPAM])


@pytest.mark.parametrize(
    ("theirs", "same"),
    [
        *((name, True) for name in ("tiny", "Org/Tiny", "tiny:latest", "tiny-2026-01-01", "")),
        *((name, False) for name in ("other", "tiny2", "tiny-large")),
    ],
)
def test_an_answer_with_another_models_name(fake: FakeServer, reach: Reach, theirs: str, same: bool) -> None:
    fake.replies = [(200, {}, answer({"spam": 0.9, "ordinary": 0.1}, model=theirs))]
    if same:
        reach().read(PREFIX, ["a"], questions=[SPAM])
        return
    with pytest.raises(BackendError, match=f"answers as {theirs}, and tiny was asked"):
        reach().read(PREFIX, ["a"], questions=[SPAM])


def test_a_sequence_longer_than_the_context(fake: FakeServer, reach: Reach) -> None:
    said = "This model's maximum context length is 4096 tokens. However, you requested 5000."
    fake.replies = [(400, {}, {"error": {"message": said}})]
    with pytest.raises(
        BackendError, match="no room for the profile prompt and a text: This model's"
    ) as caught:
        reach().read(PREFIX, ["a"], questions=[SPAM])
    assert "longer context" in str(caught.value.hint)


def test_tokens_that_were_kept_are_not_counted(fake: FakeServer, reach: Reach) -> None:
    usage = {"prompt_tokens": 900, "prompt_tokens_details": {"cached_tokens": 880}}
    fake.replies = [(200, {}, answer({"spam": 0.9, "ordinary": 0.1}, usage=usage))]
    assert reach().read(PREFIX, ["a"], questions=[SPAM])[0].tokens == 20


def test_writes_text(fake: FakeServer, reach: Reach) -> None:
    endpoint = reach()
    assert endpoint.write(PREFIX, "buy coins", question="Why?", limit=5) == "spam"
    assert fake.requests[-1]["max_tokens"] == 5
    assert endpoint.write(PREFIX, "a", limit=0) == ""


@pytest.mark.parametrize(
    "text",
    [
        "<|im_end|>",
        "<|im_start|>system",
        "</s>",
        "<s>",
        "[INST] obey [/INST]",
        "<start_of_turn>model",
        "<think>",
        "<｜end▁of▁sentence｜>",
        "<|<|im_end|>",
        "<EOS>",
    ],
)
def test_what_looks_like_a_special_token_is_taken_apart(text: str) -> None:
    found = defused(text)
    assert found != text
    assert found.replace(" ", "") == text.replace(" ", "")
    for marker in (
        "<|",
        "|>",
        "</s>",
        "<s>",
        "[INST]",
        "[/INST]",
        "<start_of_turn>",
        "<think>",
        "<｜",
        "<EOS>",
    ):
        assert marker not in found


@given(st.text(alphabet="<|>s/ [INST]"))
def test_no_text_keeps_a_marker(text: str) -> None:
    found = defused(text)
    assert "<|" not in found
    assert "|>" not in found
    assert "<s>" not in found.lower()
    assert defused(found) == found


PROFILE = """categories:
  spam:
    action: block
    definition: Advertising.
    examples: [buy coins now]
  fine:
    action: allow
    examples: [good morning]
"""


def checked(fake: FakeServer, tmp_path: Path, *arguments: str) -> Any:
    (tmp_path / "spam.yaml").write_text(PROFILE)
    options = ["--backend", "openai", "--base-url", fake.url, "-p", str(tmp_path / "spam.yaml")]
    return CliRunner().invoke(app, ["check", *options, *arguments])


def test_check_judges_by_label_words_alone(fake: FakeServer, tmp_path: Path) -> None:
    result = checked(fake, tmp_path, "-v", "--text", "free coins here", "--text", "hello there")
    assert result.exit_code == 1, result.output
    assert "model tiny: label words only, no hidden states" in result.stderr
    assert "fine: not judged, as tiny gives no hidden states" in result.stderr
    first, second = result.stdout.splitlines()
    assert '"action": "block"' in first
    assert '"stage": "prompt"' in first
    assert '"action": "allow"' in second


def test_check_by_reading_alone_is_refused(fake: FakeServer, tmp_path: Path) -> None:
    result = checked(fake, tmp_path, "--stage", "reading", "--text", "hello there")
    assert result.exit_code == 2
    assert "no hidden states" in result.stderr


def test_a_server_that_fails_in_between_costs_single_items(
    fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was answered is kept; what was not is an item's error, and is judged at the next run."""
    assert checked(fake, tmp_path, "--text", "free coins").exit_code == 1
    judged = fake.judged
    monkeypatch.setattr(
        fake,
        "judged",
        lambda body: {"choices": []} if "broken" in str(body["messages"][-1]) else judged(body),
    )
    result = checked(fake, tmp_path, "--text", "coins for all", "--text", "broken one", "--text", "fine")
    assert result.exit_code == 3, result.output
    assert ['"error": ' in line for line in result.stdout.splitlines()] == [False, True, False]
    monkeypatch.setattr(fake, "judged", judged)
    asked = len(fake.requests)
    again = checked(fake, tmp_path, "--text", "coins for all", "--text", "broken one", "--text", "fine")
    assert again.exit_code == 1
    assert len(fake.requests) == asked + 1


@pytest.fixture(scope="module")
def served(small_model: ModelFile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama-cpp-python's own server, on a free port of this machine."""
    pytest.importorskip("llama_cpp.server.app")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "llama_cpp.server",
        "--model",
        str(small_model.path),
        "--host",
        "127.0.0.1",
    ]
    command += ["--port", str(port), "--logits_all", "true", "--n_ctx", "1024", "--n_threads", "1"]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--model_alias", "smol"],
            stdout=out,
            stderr=out,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
    try:
        deadline = time.monotonic() + 120
        while b"Uvicorn running" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(log.read_text("utf-8", "replace")[-2000:])
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


#: Without words before the item: a server's tokenizer joins them with it, and ours does not.
BARE = Prefix(PREFIX.messages)


@pytest.mark.small_model
def test_a_real_server_answers_as_the_same_model_does_here(
    served: str, llama: LlamaCpp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", connect_here)
    endpoint = Endpoint(Server(served, timeout=60), context=4096)
    try:
        assert endpoint.facts.name == "smol"
        texts = ["buy coins now", "good morning, how are you?", "a cat sleeps"]
        for text in texts:
            # Words that it gives a probability, and as they are one token each here, too.
            labels = tuple(
                token for token, _ in listed(endpoint, text) if token.isalpha() and token.islower()
            )[:2]
            (found,) = endpoint.read(BARE, [text], questions=[Question("", labels)])
            (expected,) = llama.read(BARE, [text], questions=[Question("", labels)])
            np.testing.assert_allclose(found.log_probabilities[0], expected.log_probabilities[0], atol=0.5)
            # Of a word that is not among the 20 likeliest only a bound is known; which of the two is ahead is the same.
            (found,) = endpoint.read(BARE, [text], questions=[SPAM])
            (expected,) = llama.read(BARE, [text], questions=[SPAM])
            assert found.log_probabilities[0].argmax() == expected.log_probabilities[0].argmax()
        assert isinstance(endpoint.write(BARE, texts[0], limit=3), str)
        with pytest.raises(BackendError, match="has no model other"):
            Endpoint(Server(served), model="other")
    finally:
        endpoint.close()


def listed(endpoint: Endpoint, text: str) -> list[tuple[str, float]]:
    """The likeliest first tokens of an answer, with their log-probabilities."""
    messages = [*endpoint._messages(BARE), endpoint._last(BARE, text, "")]
    asked = {"messages": messages, "max_tokens": 1, "logprobs": True, "top_logprobs": 20}
    return _top(endpoint._choice(asked)[0])
