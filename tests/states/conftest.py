"""Connections that a test opened are closed when it ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from modcli.states import database


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python 3.13 warns of a connection that is left open, and warnings are errors."""
    opened: list[sqlite3.Connection] = []

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        opened.append(sqlite3.connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(database, "sqlite3", _Recorded(connect))
    yield
    for connection in opened:
        connection.close()


class _Recorded:
    """The module, with another `connect`."""

    def __init__(self, connect: Any) -> None:
        self.connect = connect

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)
