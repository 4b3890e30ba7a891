"""The state store: hidden states by content, model and prompt. What was read once need not be read again.

An SQLite file says which row of which data file holds a state. A data file is an array of records, one file per
model, prompt and tap: a float32 scale, then the RMS-normed state as int8. A row's bytes are written before the index
names it, so a crash leaves at most unused bytes. A row that the index names and the data file lacks, as after a power
cut, is not known, and is written again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from modcli.states.database import connect, rows_of, transaction

_SCHEMA = """
CREATE TABLE spaces (id INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, file TEXT NOT NULL,
                     rows INTEGER NOT NULL DEFAULT 0);
CREATE TABLE states (space INTEGER NOT NULL, content BLOB NOT NULL, row INTEGER NOT NULL,
                     PRIMARY KEY (space, content)) WITHOUT ROWID
"""
_VERSION = 2
#: Records multiplied at once: as floats they still fit into a core's cache.
_CHUNK = 128


def content_key(text: str) -> bytes:
    """16 bytes that stand for a text as it is put to the model."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def normed(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each state divided by the root of the mean square of its entries. Shape (..., width) in and out."""
    scale = np.sqrt(np.mean(np.square(states, dtype=np.float64), axis=-1, keepdims=True))
    return np.asarray(states / np.maximum(scale, 1e-12), np.float32)


def quantized(states: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """8 bits an entry, one scale a state: shapes (..., 1) and (..., width), whose product is nearly the states.

    A scale is never zero: that is how bytes that were never written are told from a state.
    """
    scale = np.abs(states).max(axis=-1, keepdims=True) / np.float32(127)
    scale = np.maximum(scale, np.float32(1e-12))
    return scale, np.rint(states / scale).astype(np.int8)


def rounded(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """The states as the store gives them back, bit for bit. Shape (..., width)."""
    scale, values = quantized(states)
    return np.asarray(values * scale, np.float32)


class StateStore:
    """States of one model under one prompt, at any taps. Safe with several processes.

    Its methods raise OSError or sqlite3.Error where the files cannot be read or written.
    """

    def __init__(self, folder: Path, *, model: str, prompt: str, width: int) -> None:
        self._folder = folder
        self._key = f"{model}\0{prompt}\0{width}"
        self._record = np.dtype([("scale", "<f4"), ("values", "i1", (width,))])
        self._index = connect(folder / "states.db", _SCHEMA, version=_VERSION)
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
            records = self._records(keys, tap)
            np.multiply(records["values"], records["scale"][:, None], out=states[:, i])
            known &= records["scale"] > 0
        states[~known] = 0
        return known, states

    def put(self, keys: Sequence[bytes], tap: int, states: NDArray[np.float32]) -> None:
        """Keep normed states, shape (keys, width), at one tap. Those known already are left as they are."""
        scale, values = quantized(states)
        with transaction(self._index):
            space, file, start = self._space(tap)
            known = self._records(keys, tap)["scale"] > 0
            new = {key: i for i, key in enumerate(keys) if not known[i]}
            records = np.zeros(len(new), self._record)
            records["scale"] = scale[list(new.values()), 0]
            records["values"] = values[list(new.values())]
            self._write(file, start, records)
            self._index.executemany(
                "INSERT OR REPLACE INTO states VALUES (?, ?, ?)",
                ((space, key, start + i) for i, key in enumerate(new)),
            )
            self._index.execute("UPDATE spaces SET rows = ? WHERE id = ?", (start + len(new), space))

    def products(
        self, taps: Sequence[int], columns: NDArray[np.float32]
    ) -> tuple[list[bytes], NDArray[np.float32]]:
        """All that is known at every tap, times a few columns: one pass over the data files, no state is unpacked.

        Columns have shape (taps, width, k). Returns the contents' keys, in their own order, and an array of shape
        (keys, taps, k).
        """
        kept = [self._all_rows(tap) for tap in taps]
        common = kept[0][0] if kept else []
        if any(keys != common for keys, _ in kept[1:]):
            common = sorted(set(common).intersection(*(keys for keys, _ in kept[1:])))
        found = np.zeros((len(common), len(taps), columns.shape[-1]), np.float32)
        whole = np.ones(len(common), bool)
        for i, (tap, (keys, rows)) in enumerate(zip(taps, kept, strict=True)):
            if keys != common:
                row_of = dict(zip(keys, rows.tolist(), strict=True))
                rows = np.array([row_of[key] for key in common], np.int64)
            mapped = self._mapped(self._file_of(tap))
            # In the order of the file: from page to page, not to and fro.
            order = np.argsort(rows, kind="stable")
            fill = partial(self._multiply, mapped, rows, columns[i], found[:, i], whole)
            # Each part has rows of its own, and numpy works on them without Python's lock. BLAS stays on one thread: its
            # own threads wait for one another at each of many small products, on a busy machine twenty times as long.
            cores = os.cpu_count() or 1
            with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(cores) as pool:
                list(pool.map(fill, np.array_split(order, cores)))
        return [key for key, there in zip(common, whole, strict=True) if there], found[whole]

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _records(self, keys: Sequence[bytes], tap: int) -> NDArray[np.void]:
        """What is kept of the contents at a tap, shape (keys,); a scale of zero where nothing is."""
        found = self._index.execute("SELECT id, file FROM spaces WHERE key = ?", (self._space_key(tap),))
        space, file = found.fetchone() or (None, "")
        if space is None:
            return np.zeros(len(keys), self._record)
        return self._read(file, self._rows(keys, space))

    def _rows(self, keys: Sequence[bytes], space: int) -> NDArray[np.int64]:
        """The rows that hold the contents, shape (keys,), -1 for none."""
        known = "SELECT content, row FROM states WHERE space = ? AND content IN {keys}"
        found: dict[bytes, int] = dict(rows_of(self._index, known, keys, space))
        return np.array([found.get(key, -1) for key in keys], np.int64)

    def _all_rows(self, tap: int) -> tuple[list[bytes], NDArray[np.int64]]:
        """Every content kept at a tap, in the order of its key, and its row."""
        entries = self._index.execute(
            "SELECT content, row FROM states WHERE space = (SELECT id FROM spaces WHERE key = ?) ORDER BY content",
            (self._space_key(tap),),
        ).fetchall()
        return [key for key, _ in entries], np.array([row for _, row in entries], np.int64)

    def _file_of(self, tap: int) -> str:
        found = self._index.execute(
            "SELECT file FROM spaces WHERE key = ?", (self._space_key(tap),)
        ).fetchone()
        return str(found[0]) if found else ""

    def _read(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.void]:
        return self._of(self._mapped(name), rows)

    def _multiply(
        self,
        mapped: NDArray[np.void],
        rows: NDArray[np.int64],
        columns: NDArray[np.float32],
        found: NDArray[np.float32],
        whole: NDArray[np.bool_],
        part: NDArray[np.int64],
    ) -> None:
        """Of some of the rows, the states times the columns into `found`, and into `whole` whether they are there."""
        for start in range(0, len(part), _CHUNK):
            chosen = part[start : start + _CHUNK]
            records = self._of(mapped, rows[chosen])
            product = records["values"].astype(np.float32) @ columns
            found[chosen] = product * records["scale"][:, None]
            whole[chosen] &= records["scale"] > 0

    def _mapped(self, name: str) -> NDArray[np.void]:
        """The records of a data file."""
        file = self._folder / name
        # A file that lost its end with the machine's power may end within a record.
        whole = file.stat().st_size // self._record.itemsize if name and file.exists() else 0
        return np.memmap(file, self._record, "r", shape=(whole,)) if whole else np.zeros(0, self._record)

    def _of(self, mapped: NDArray[np.void], rows: NDArray[np.int64]) -> NDArray[np.void]:
        """Some of them; zeros for a row that is not there."""
        there = (rows >= 0) & (rows < len(mapped))
        if there.all():
            # In a row, as they mostly are where all is wanted: nothing is copied.
            first, last = (int(rows[0]), int(rows[-1])) if len(rows) else (0, -1)
            in_a_row = last - first == len(rows) - 1 and bool((np.diff(rows) == 1).all())
            return mapped[first : last + 1] if in_a_row else mapped[rows]
        records = np.zeros(len(rows), self._record)
        records[there] = mapped[rows[there]]
        return records

    def _write(self, name: str, start: int, records: NDArray[np.void]) -> None:
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            size, offset = os.fstat(descriptor).st_size, start * self._record.itemsize
            if size < offset:
                # What is left of a record that was lost must not pass for one: the hole reads as zeros.
                os.ftruncate(descriptor, size - size % self._record.itemsize)
            data = memoryview(records.tobytes())
            while data:
                done = os.pwrite(descriptor, data, offset)
                data, offset = data[done:], offset + done
        finally:
            os.close(descriptor)

    def _space(self, tap: int) -> tuple[int, str, int]:
        """Id, data file and number of rows of a tap's space, made if it is new. Within a transaction."""
        # A name that no other index uses: one made anew beside a running process's old one must not share its rows.
        name = f"states-{os.urandom(12).hex()}.i8"
        self._index.execute(
            "INSERT OR IGNORE INTO spaces (key, file) VALUES (?, ?)", (self._space_key(tap), name)
        )
        found = self._index.execute(
            "SELECT id, file, rows FROM spaces WHERE key = ?", (self._space_key(tap),)
        )
        space, file, rows = found.fetchone()
        return space, file, rows

    def _space_key(self, tap: int) -> str:
        return f"{self._key}\0{tap}"
