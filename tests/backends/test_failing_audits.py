"""What goes wrong with a model in the middle of an audit costs the items that it goes wrong with, until the next run."""

from __future__ import annotations

import importlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from modcli.backends import transformers_choice
from modcli.backends.endpoint_http import Server
from modcli.cli.app import app
from tests.backends.fake_server import FakeServer, answer, connect_here
from tests.backends.tiny import save_tiny

PROFILE = """categories:
  spam:
    action: block
    definition: Advertising.
    examples: [buy coins now]
    counterexamples: [good morning]
"""
#: The long one is in no batch with another.
LONG = 400
POSTS = [
    "free coins for all",
    "a cat sleeps",
    f"broken {'x! ' * LONG}",
    "lunch was good",
    "coins again",
    "the lake is cold",
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", connect_here)
    (tmp_path / "spam.yaml").write_text(PROFILE)
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps({"text": post}) + "\n" for post in POSTS))
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    """A server that is waited for neither long nor often."""
    defaults = Server.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "sleep", lambda _seconds: None)
    monkeypatch.setitem(defaults, "timeout", 0.5)
    monkeypatch.setitem(defaults, "tries", 2)
    with FakeServer().running() as server:
        monkeypatch.setenv("MODCLI_BACKEND", "openai")
        monkeypatch.setenv("MODCLI_BASE_URL", server.url)
        yield server


def audit(*options: str) -> Result:
    return CliRunner().invoke(app, ["audit", "posts.jsonl", "--out", "a.db", "-p", "./spam.yaml", *options])


def not_judged(result: Result) -> dict[str, int]:
    found: dict[str, int] = json.loads(result.stdout.splitlines()[0])["not_judged"]
    return found


def errors() -> list[str]:
    rows = CliRunner().invoke(app, ["audit", "query", "a.db", "--limit", "99"]).stdout.splitlines()
    return [row["error"] for row in map(json.loads, rows) if row.get("error")]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        pytest.param((429, {}, {"error": "too many requests"}), "does not take so many requests", id="rate"),
        pytest.param((503, {}, {"error": "loading"}), "HTTP status 503: loading", id="busy"),
        pytest.param(
            (400, {}, {"error": "maximum context length is 10 tokens"}), "has no room", id="context"
        ),
        pytest.param((200, {}, b"<html>"), "not with JSON", id="no JSON"),
        pytest.param(
            (200, {}, {"choices": [{"message": {}}]}), "without log-probabilities", id="no logprobs"
        ),
        pytest.param((200, {}, answer({"spam": 0.9}, model="other")), "answers as other", id="other model"),
        pytest.param("slow", "gave no answer within", id="slow"),
    ],
)
def test_an_answer_that_cannot_be_used_costs_its_item(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch, reply: Any, told: str
) -> None:
    own, mended = fake.reply, threading.Event()

    def replied(body: dict[str, Any], key: str | None) -> Any:
        found = own(body, key)
        if "x!" not in body["messages"][-1]["content"]:
            return found
        if reply != "slow":
            return reply
        mended.wait(5)
        return found

    monkeypatch.setattr(fake, "reply", replied)
    first = audit()
    mended.set()
    assert first.exit_code == 3, first.output
    assert not_judged(first)["failed"] == 1
    assert told in first.stderr + " ".join(errors())
    monkeypatch.setattr(fake, "reply", own)
    asked = len(fake.requests)
    again = audit("--retry-errors")
    assert again.exit_code == 1, again.output
    assert set(not_judged(again).values()) == {0}
    # What was judged was kept: only the windows of the one are asked.
    texts = [body["messages"][-1]["content"] for body in fake.requests[asked:]]
    assert texts
    assert all("x!" in text for text in texts)
    assert not errors()


def test_a_server_that_goes_down_in_between_loses_nothing(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Server._once
    assert audit("--limit", "3").exit_code in (0, 1)

    def down(own: Server, method: str, path: str, body: bytes | None) -> Any:
        if body is not None:
            raise ConnectionRefusedError
        return once(own, method, path, body)

    monkeypatch.setattr(Server, "_once", down)
    first = audit()
    assert first.exit_code == 3, first.output
    failed = not_judged(first)["failed"]
    assert failed == len(POSTS) - 3
    assert any("nothing answers at" in error for error in [first.stderr, *errors()])
    # Down from the start: said at once, and what the audit holds stays.
    monkeypatch.setattr(Server, "_once", lambda *_: (_ for _ in ()).throw(ConnectionRefusedError()))
    down = audit("--retry-errors")
    assert down.exit_code == 2
    assert "nothing answers at" in down.stderr
    monkeypatch.setattr(Server, "_once", once)
    asked = len(fake.requests)
    again = audit("--retry-errors")
    assert again.exit_code == 1, again.output
    assert set(not_judged(again).values()) == {0}
    judged_before = [post for post in POSTS if any(post in str(body) for body in fake.requests[:asked])]
    assert not [post for post in judged_before if any(post in str(body) for body in fake.requests[asked:])]


@pytest.mark.parametrize("what", ["memory", "runtime", "numbers"])
def test_a_runtime_that_fails_at_a_text_costs_its_item(
    home: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Not even alone does it fit into memory; or the runtime fails; or it computes no numbers."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    session = importlib.import_module("modcli.backends.transformers_session").Session
    save_tiny(home / "tiny")
    for name, value in (
        ("BACKEND", "transformers"),
        ("MODEL", "./tiny"),
        ("DEVICE", "cpu"),
        ("THREADS", "1"),
    ):
        monkeypatch.setenv(f"MODCLI_{name}", value)
    read, fails = session.read, 0

    def failing(own: Any, rows: Any, **named: Any) -> Any:
        nonlocal fails
        states, logits = read(own, rows, **named)
        if not any(len(row) > LONG for row in rows):
            return states, logits
        fails += 1
        if what == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        if what == "runtime":
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return {tap: state * torch.nan for tap, state in states.items()}, logits

    monkeypatch.setattr(session, "read", failing)
    first = audit("--stage", "reading")
    assert first.exit_code == 3, first.output
    assert fails
    assert not_judged(first)["failed"] == 1
    told = {
        "memory": "not enough memory",
        "runtime": "illegal memory access",
        "numbers": "computed no numbers",
    }
    assert told[what] in first.stderr + " ".join(errors())
    monkeypatch.setattr(session, "read", read)
    again = audit("--stage", "reading", "--retry-errors")
    assert again.exit_code in (0, 1), again.output
    assert set(not_judged(again).values()) == {0}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param({"model": "owner/name", "offline": "true"}, "is not on this machine", id="missing"),
        pytest.param({"model": "./nothing.gguf"}, "nothing.gguf", id="no file"),
        pytest.param({"device": "cuda:7"}, "there is no device cuda:7", id="no GPU"),
        pytest.param({"model": "./plain"}, "has no chat template", id="no template"),
        pytest.param({"absent": "torch"}, "pip install 'modcli[transformers]'", id="no torch"),
    ],
)
def test_what_is_wrong_from_the_start_is_told_and_the_audit_stays(
    home: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], told: str
) -> None:
    pytest.importorskip("transformers")
    save_tiny(home / "tiny")
    save_tiny(home / "plain", template="")
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    assert audit().exit_code in (0, 1)
    before = CliRunner().invoke(app, ["audit", "query", "a.db", "--limit", "99"]).stdout
    for name, value in {"backend": "transformers", "model": "./tiny", "device": "cpu", **settings}.items():
        monkeypatch.setenv(f"MODCLI_{name.upper()}", value)
    if absent := settings.get("absent"):
        monkeypatch.delenv("MODCLI_ABSENT")
        monkeypatch.setattr(transformers_choice.require, "__defaults__", (lambda name: name != absent,))
    failed = audit("--another")
    assert failed.exit_code == 2, failed.output
    assert told in failed.stderr
    assert "Traceback" not in failed.stderr
    assert CliRunner().invoke(app, ["audit", "query", "a.db", "--limit", "99"]).stdout == before
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    assert audit().exit_code in (0, 1)
