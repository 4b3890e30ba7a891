"""The state store: hidden states by content, model and prompt. What was read once need not be read again.

An SQLite file says which row of which data file holds a state. A data file is an array of records, one file per
model, prompt and tap: a float32 scale, then the RMS-normed state as int8. A row's bytes are written before the index
names it, so a crash leaves at most unused bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modcli.states.database import connect

_SCHEMA = """
CREATE TABLE spaces (id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, rows INTEGER NOT NULL DEFAULT 0);
CREATE TABLE states (space INTEGER NOT NULL, content BLOB NOT NULL, row INTEGER NOT NULL,
                     PRIMARY KEY (space, content)) WITHOUT ROWID
"""
_VERSION = 1
#: Bound parameters in one query; SQLite allows many more, the plan does not get better.
_AT_ONCE = 900


def content_key(text: str) -> bytes:
    """16 bytes that stand for a text as it is put to the model."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def normed(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each state divided by the root of the mean square of its entries. Shape (..., width) in and out."""
    scale = np.sqrt(np.mean(np.square(states, dtype=np.float64), axis=-1, keepdims=True))
    return np.asarray(states / np.maximum(scale, 1e-12), np.float32)


class StateStore:
    """States of one model under one prompt, at any taps. Safe with several processes."""

    def __init__(self, folder: Path, *, model: str, prompt: str, width: int) -> None:
        self._folder = folder
        self._key = f"{model}\0{prompt}\0{width}"
        self._record = np.dtype([("scale", "<f4"), ("values", "i1", (width,))])
        self._index = connect(folder / "states.db", _SCHEMA, version=_VERSION)
        self._spaces: dict[int, int] = {}
        self._width = width

    def get(
        self, keys: Sequence[bytes], taps: Sequence[int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which of the contents are known at all the taps, and their normed states.

        Returns an array of shape (keys,) and one of shape (keys, taps, width), zero where not known.
        """
        states = np.zeros((len(keys), len(taps), self._width), np.float32)
        known = np.ones(len(keys), bool)
        for i, tap in enumerate(taps):
            rows = self._rows(keys, self._space(tap))
            at_tap = rows >= 0
            if at_tap.any():
                records = self._read(tap, rows[at_tap])
                states[at_tap, i] = records["values"]
                states[at_tap, i] *= records["scale"][:, None]
            known &= at_tap
        return known, states

    def known(self, keys: Sequence[bytes], taps: Sequence[int]) -> NDArray[np.bool_]:
        """Which of the contents are known at all the taps, shape (keys,)."""
        found = np.ones(len(keys), bool)
        for tap in taps:
            found &= self._rows(keys, self._space(tap)) >= 0
        return found

    def put(self, keys: Sequence[bytes], tap: int, states: NDArray[np.float32]) -> None:
        """Keep normed states, shape (keys, width), at one tap. Those known already are left as they are.

        Raises OSError or sqlite3.Error where they cannot be written.
        """
        space = self._space(tap)
        records = np.zeros(len(keys), self._record)
        records["scale"] = np.abs(states).max(axis=1) / 127
        records["values"] = np.rint(states / np.maximum(records["scale"], 1e-12)[:, None])
        self._index.execute("BEGIN IMMEDIATE")
        try:
            (start,) = self._index.execute("SELECT rows FROM spaces WHERE id = ?", (space,)).fetchone()
            self._write(tap, start, records)
            self._index.executemany(
                "INSERT OR IGNORE INTO states VALUES (?, ?, ?)",
                ((space, key, start + i) for i, key in enumerate(keys)),
            )
            self._index.execute("UPDATE spaces SET rows = ? WHERE id = ?", (start + len(keys), space))
            self._index.execute("COMMIT")
        except BaseException:
            self._index.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _rows(self, keys: Sequence[bytes], space: int) -> NDArray[np.int64]:
        found: dict[bytes, int] = {}
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            found.update(
                self._index.execute(
                    f"SELECT content, row FROM states WHERE space = ? AND content IN ({marks})",  # noqa: S608 -- question marks only
                    (space, *part),
                )
            )
        return np.array([found.get(key, -1) for key in keys], np.int64)

    def _read(self, tap: int, rows: NDArray[np.int64]) -> NDArray[np.void]:
        return np.memmap(self._file(tap), self._record, "r")[rows]

    def _write(self, tap: int, start: int, records: NDArray[np.void]) -> None:
        descriptor = os.open(self._file(tap), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            data = memoryview(records.tobytes())
            offset = start * self._record.itemsize
            while data:
                done = os.pwrite(descriptor, data, offset)
                data, offset = data[done:], offset + done
        finally:
            os.close(descriptor)

    def _file(self, tap: int) -> Path:
        name = hashlib.sha256(f"{self._key}\0{tap}".encode()).hexdigest()[:24]
        return self._folder / f"states-{name}.i8"

    def _space(self, tap: int) -> int:
        if tap not in self._spaces:
            key = f"{self._key}\0{tap}"
            self._index.execute("INSERT OR IGNORE INTO spaces (key) VALUES (?)", (key,))
            row = self._index.execute("SELECT id FROM spaces WHERE key = ?", (key,)).fetchone()
            self._spaces[tap] = row[0]
        return self._spaces[tap]

