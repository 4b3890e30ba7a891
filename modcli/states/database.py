"""SQLite files that several processes may share and that may be lost without harm."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Seconds to wait for another process's write.
_PATIENCE = 20.0
#: Bound parameters in one query; SQLite allows many more, the plan does not get better.
_AT_ONCE = 900


def connect(file: Path, schema: str, *, version: int) -> sqlite3.Connection:
    """Open a cache file in WAL mode, made anew where it is missing, of another version, or no database at all.

    A damaged file is set aside under the name `<file>.damaged`. Raises sqlite3.Error or OSError where the folder
    cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _open(file, schema, version)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        file.replace(file.with_name(f"{file.name}.damaged"))
        for companion in ("-wal", "-shm"):
            file.with_name(file.name + companion).unlink(missing_ok=True)
        return _open(file, schema, version)


def number(file: Path, question: str) -> int:
    """The one number that a query answers, without making or changing the file; 0 where there is no answer."""
    if not file.is_file():
        return 0
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)
        try:
            return int(connection.execute(question).fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error:
        return 0


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written within, or none of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Interrupted right after the COMMIT, there is nothing to take back.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def rows_of(
    connection: sqlite3.Connection, question: str, keys: Sequence[bytes], *before: object
) -> Iterator[Any]:
    """The rows of the keys, by a query with `{keys}` in the place of their list and, ahead of it, one `?` for each value
    of `before`."""
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        marks = f"({','.join('?' * len(part))})"
        yield from connection.execute(question.format(keys=marks), (*before, *part))


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode. Where two processes make a file at once, SQLite does not wait for the other but fails."""
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _open(file: Path, schema: str, version: int) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _use_wal(connection)
        # A cache may lose its last writes with the machine's power, not its consistency.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found != version:
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                connection.execute(f'DROP TABLE "{name}"')
            for statement in filter(str.strip, schema.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection
