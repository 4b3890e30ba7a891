"""JSON over HTTP to one server: retries, time-outs, and no more requests at once than it bears.

The standard library's client: it knows no proxies and follows no redirects, so what is sent goes to the address that
was named and nowhere else.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from modcli.errors import BackendError, UsageError

#: What a server answers that is busy or starting, and may do better the next time.
_BUSY = {408, 425, 429, 500, 502, 503, 504}
#: Of these two it wants fewer requests at once.
_TOO_MANY = {429, 503}
#: Seconds waited at most between two tries, and for how long a server that was given up is asked only once.
_LONGEST_WAIT, _GIVEN_UP = 30.0, 10.0
_LARGEST = 8_000_000


class Throttle:
    """How many may be under way at once: half as many after a refusal, slowly more while all goes well."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = float(most)
        self._under_way = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """How many, now."""
        return max(int(self._limit), 1)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit)
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def went_well(self) -> None:
        """After an answer."""
        with self._changed:
            self._limit = min(self._limit + 1 / self._limit, self._most)
            self._changed.notify_all()

    def refused(self) -> None:
        """After a server said that there were too many."""
        with self._changed:
            self._limit = max(self._limit / 2, 1.0)


class Refused(BackendError):
    """The server answered with an error of the request's own; `status` is HTTP's."""

    def __init__(self, status: int, said: str, url: str) -> None:
        super().__init__(
            f"{url} answers with HTTP status {status}: {said}" if said else f"{url}: HTTP {status}"
        )
        self.status = status
        self.said = said


class Server:
    """An address under which all paths lie. Raises UsageError for one outside this machine without `allow_remote`.

    `timeout` is in seconds; a request is tried `tries` times. `key` is sent as a bearer's. Safe with several threads,
    each of which keeps a connection.
    """

    def __init__(
        self,
        base_url: str,
        *,
        key: str = "",
        allow_remote: bool = False,
        timeout: float = 60.0,
        tries: int = 5,
        at_once: int = 8,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = base_url.rstrip("/")
        address = _address(self.url)
        if not allow_remote and not is_loopback(address[1]):
            raise UsageError(
                f"{address[1]} is another machine, and posts do not leave this one unasked",
                hint="--allow-remote (or allow_remote = true in your own config.toml) lets them.",
            )
        self._scheme, self.host, self._port, self._path = address
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._timeout, self._tries, self._sleep = timeout, tries, sleep
        self._local = threading.local()
        self._connections: set[http.client.HTTPConnection] = set()
        self._given_up_until = 0.0
        self.throttle = Throttle(at_once)

    def get(self, path: str) -> Any:
        """The answer, as JSON. Raises BackendError."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer, as JSON. Raises BackendError."""
        return self._ask("POST", path, json.dumps(body).encode())

    def close(self) -> None:
        """Close all connections."""
        for connection in list(self._connections):
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's. It opens itself again after it was closed."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._scheme == "https" else http.client.HTTPConnection
            connection = self._local.connection = kind(self.host, self._port, timeout=self._timeout)
            self._connections.add(connection)
        return connection

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        tries = 1 if time.monotonic() < self._given_up_until else self._tries
        wait = 0.0
        for attempt in range(1, tries + 1):
            if wait:
                self._sleep(wait)
            try:
                with self.throttle.turn():
                    status, after, content = self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                self._connection().close()
                failure, after = self._unreachable(error), ""
            else:
                if status == 200:
                    self.throttle.went_well()
                    return self._read(content)
                failure = _failure(status, content, self.url)
                if status not in _BUSY:
                    raise failure
                if status in _TOO_MANY:
                    self.throttle.refused()
            wait = _wait(after, attempt)
        self._given_up_until = time.monotonic() + _GIVEN_UP
        raise failure

    def _once(self, method: str, path: str, body: bytes | None) -> tuple[int, str, bytes]:
        """Status, Retry-After and content of one answer."""
        connection = self._connection()
        connection.request(method, self._path + path, body, self._headers)
        answer = connection.getresponse()
        content = answer.read(_LARGEST + 1)
        if answer.will_close or len(content) > _LARGEST:
            connection.close()
        if len(content) > _LARGEST:
            raise http.client.HTTPException(f"an answer of more than {_LARGEST} bytes")
        return answer.status, answer.getheader("Retry-After", ""), content

    def _read(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BackendError(
                f"{self.url} answers, but not with JSON", hint="Is it the address of an API, such as .../v1?"
            ) from error

    def _unreachable(self, error: Exception) -> BackendError:
        if isinstance(error, TimeoutError):
            return BackendError(
                f"{self.url} gave no answer within {self._timeout:g} s",
                hint="Is the server busy, or the model very slow?",
            )
        if isinstance(error, ConnectionRefusedError):
            return BackendError(
                f"nothing answers at {self.url}", hint="Is the server running? Is that its port?"
            )
        said = str(error) or type(error).__name__
        return BackendError(f"{self.url} cannot be reached: {said[:200]}", hint="Is the server running?")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name: what a name stands for is not looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _address(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UsageError(f"{url} is no address ({error})", hint="http://localhost:8000/v1") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url} is no address", hint="http://localhost:8000/v1")
    return parts.scheme, parts.hostname, port, parts.path


def _failure(status: int, content: bytes, url: str) -> BackendError:
    said = _said(content)
    if status in (401, 403):
        return BackendError(
            f"{url} wants a key, or another one (HTTP status {status})",
            hint="The key is taken from the environment: MODCLI_API_KEY.",
        )
    if 300 <= status < 400:
        return BackendError(f"{url} sends elsewhere (HTTP status {status}), which is not followed")
    if status == 429:
        return BackendError(f"{url} does not take so many requests: {said}", hint="Try again later.")
    return Refused(status, said, url)


def _said(content: bytes) -> str:
    """What a server says of an error, in one line."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if isinstance(told, dict):
        told = told.get("error", told.get("message", told.get("detail", "")))
    if isinstance(told, dict):
        told = told.get("message", "")
    return " ".join(str(told).split())[:300]


def _wait(after: str, attempt: int) -> float:
    """Seconds until the next try: what the server asks for, else longer each time, and not all at the same moment."""
    if after.strip().isdigit():
        return min(float(after), _LONGEST_WAIT)
    return min(2.0 ** (attempt - 2), _LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311 -- no secret
