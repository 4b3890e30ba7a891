"""Retries, time-outs, refusals, and what never leaves this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from modcli.backends.endpoint_http import Server, Throttle, is_loopback
from modcli.errors import BackendError, UsageError
from tests.backends.fake_server import FakeServer, connect_here

Reach = Callable[..., Server]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setattr(socket.socket, "connect", connect_here)
    with FakeServer().running() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def reach(fake: FakeServer, waits: list[float]) -> Iterator[Reach]:
    servers: list[Server] = []

    def reach(url: str = fake.url, **options: Any) -> Server:
        servers.append(Server(url, **{"sleep": waits.append, "timeout": 5.0, **options}))
        return servers[-1]

    yield reach
    for server in servers:
        server.close()


BODY = {"messages": [{"role": "user", "content": "coins"}]}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
def test_a_server_that_is_busy_is_asked_again(
    fake: FakeServer, reach: Reach, waits: list[float], status: int
) -> None:
    fake.replies = [(status, {}, {"error": {"message": "busy"}})] * 3
    assert reach().post("/chat/completions", BODY)["model"] == "tiny"
    assert len(fake.requests) == 4
    assert len(waits) == 3
    assert waits[0] < 0.51
    assert waits[2] > waits[0] > 0


def test_waits_as_long_as_the_server_asks_for_within_reason(
    fake: FakeServer, reach: Reach, waits: list[float]
) -> None:
    fake.replies = [(429, {"Retry-After": after}, {}) for after in ("7", "86400", "soon")]
    reach().post("/chat/completions", BODY)
    assert waits[:2] == [7.0, 30.0]
    assert waits[2] < 5


def test_gives_up_and_then_asks_once_for_a_while(fake: FakeServer, reach: Reach, waits: list[float]) -> None:
    server = reach(tries=3)
    fake.replies = [(429, {}, {"error": {"message": "rate limit of\n10 a minute"}})] * 4
    with pytest.raises(BackendError, match="does not take so many requests: rate limit of 10 a minute"):
        server.post("/chat/completions", BODY)
    assert (len(fake.requests), len(waits)) == (3, 2)
    with pytest.raises(BackendError, match="so many"):
        server.post("/chat/completions", BODY)
    assert (len(fake.requests), len(waits)) == (4, 2)
    server.post("/chat/completions", BODY)


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (
            400,
            {"error": {"message": "no\x1b[31m\nsuch parameter"}},
            r"status 400: no\x1b\[31m such parameter",
        ),
        (404, {"detail": "Not Found"}, "status 404: Not Found"),
        (404, b"<html>", "HTTP 404"),
        (401, {}, "wants a key"),
        (403, {}, "wants a key"),
        (307, {}, "sends elsewhere"),
        (200, b"<html>hello</html>", "not with JSON"),
        (200, b"[" * 100_000, "not with JSON"),
    ],
)
def test_what_another_try_does_not_change(
    fake: FakeServer, reach: Reach, waits: list[float], status: int, content: Any, message: str
) -> None:
    fake.replies = [(status, {"Location": "http://127.0.0.1:1/"}, content)]
    with pytest.raises(BackendError, match=message):
        reach().post("/chat/completions", BODY)
    assert len(fake.requests) == 1
    assert waits == []


def test_a_server_that_is_down(fake: FakeServer, reach: Reach, waits: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(BackendError, match=f"nothing answers at {url}") as caught:
        reach(url).get("/models")
    assert caught.value.hint is not None
    assert len(waits) == 4


def test_a_server_that_is_slow(fake: FakeServer, reach: Reach) -> None:
    fake.delay = 0.3
    with pytest.raises(BackendError, match=r"gave no answer within 0\.05 s"):
        reach(timeout=0.05, tries=2).post("/chat/completions", BODY)


def test_an_answer_without_end(fake: FakeServer, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modcli.backends.endpoint_http._LARGEST", 1000)
    fake.replies = [(200, {}, b"x" * 5000)] * 2
    with pytest.raises(BackendError, match="more than 1000 bytes"):
        reach(tries=2).post("/chat/completions", BODY)


def test_the_key_is_sent_as_a_bearers(fake: FakeServer, reach: Reach) -> None:
    reach(key="secret").post("/chat/completions", BODY)
    reach().post("/chat/completions", BODY)
    assert fake.keys == ["Bearer secret", None]


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        *((host, True) for host in ("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "::1")),
        *(
            (host, False)
            for host in ("10.0.0.1", "0.0.0.0", "example.com", "localhost.example.com", "2130706433")
        ),
        *((host, False) for host in ("127.0.0.1.example.com", "169.254.169.254", "fe80::1", "")),
    ],
)
def test_what_is_this_machine(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


def test_nothing_is_sent_to_another_machine_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is its name looked up."""

    def looked_up(*_: Any, **__: Any) -> Any:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    for url in (
        "https://api.example.com/v1",
        "http://192.168.1.9:8000/v1",
        "http://localhost.example.com/v1",
    ):
        with pytest.raises(UsageError, match="posts do not leave this one unasked") as caught:
            Server(url)
        assert "--allow-remote" in str(caught.value.hint)
        assert Server(url, allow_remote=True).url == url


@pytest.mark.parametrize(
    "url", ["http:///v1", "localhost:8000", "ftp://localhost/", "http://localhost:99999/v1"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        Server(url)


def test_a_proxy_in_the_environment_is_not_used(
    fake: FakeServer, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    assert reach().get("/models") == fake.models


def test_fewer_at_once_after_a_refusal_and_more_again() -> None:
    throttle = Throttle(8)
    throttle.refused()
    assert throttle.limit == 4
    for _ in range(10):
        throttle.refused()
    assert throttle.limit == 1
    for _ in range(60):
        throttle.went_well()
    assert throttle.limit == 8


def test_no_more_hold_a_turn_than_the_limit_allows() -> None:
    throttle = Throttle(2)
    most: list[int] = []
    under_way: set[int] = set()
    lock, enough = threading.Lock(), threading.Barrier(2, timeout=10)

    def work(number: int) -> None:
        with throttle.turn():
            with lock:
                under_way.add(number)
                most.append(len(under_way))
            enough.wait()  # two are in here together, so turns are not one by one
            with lock:
                under_way.discard(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 2
