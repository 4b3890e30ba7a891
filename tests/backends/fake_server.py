"""A server on this machine that answers as OpenAI's chat API does, or badly."""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: As it is before a test refuses all connections.
_CONNECT = socket.socket.connect

Reply = tuple[int, dict[str, str], Any]


def connect_here(own: socket.socket, address: Any) -> None:
    """Connections to this machine alone."""
    assert address[0] in ("127.0.0.1", "::1", "localhost"), "a test tried to reach the network"
    _CONNECT(own, address)


def answer(words: dict[str, float], *, model: str = "tiny", usage: Any = None) -> dict[str, Any]:
    """A completion of one token, the likeliest of the words, with the probability of each."""
    top = [{"token": word, "logprob": math.log(p)} for word, p in words.items()]
    best = max(words, key=words.__getitem__)
    choice = {
        "message": {"role": "assistant", "content": best},
        "logprobs": {"content": [{"token": best, "logprob": math.log(words[best]), "top_logprobs": top}]},
    }
    return {"model": model, "choices": [choice], "usage": usage or {"prompt_tokens": 12}}


class FakeServer:
    """Answers with `replies`, one after the other, and then as `judged` says. Counts what is under way at once."""

    def __init__(self) -> None:
        self.models: Any = {"data": [{"id": "tiny", "max_model_len": 4096}]}
        self.replies: list[Reply] = []
        self.delay = 0.0
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.most_at_once = self._under_way = 0
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(200, {}, server.models)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, headers, content = server.reply(body, self.headers.get("Authorization"))
                self.answer(status, headers, content)

            def answer(self, status: int, headers: dict[str, str], content: Any) -> None:
                raw = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def reply(self, body: dict[str, Any], key: str | None) -> Reply:
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            planned = self.replies.pop(0) if self.replies else None
        time.sleep(self.delay)
        with self._lock:
            self._under_way -= 1
        return planned or (200, {}, self.judged(body))

    def judged(self, body: dict[str, Any]) -> Any:
        """Spam where coins are bought."""
        text = body["messages"][-1]["content"]
        p = 0.7 if "coins" in text else 0.1
        return answer({"spam": p, "ordinary": 0.75 - p, "It": 0.1, "The": 0.05})

    @contextmanager
    def running(self) -> Iterator[FakeServer]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()
