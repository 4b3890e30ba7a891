"""A file put together from parts, in order, that goes on after an interruption."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from io import BufferedRandom
from pathlib import Path
from types import TracebackType

CHUNK = 1 << 20


class GrowingFile:
    """The parts so far, and beside them a journal: one line for each part that is whole and on the disk.

    Opening it reads the parts again, compares each with its line, and cuts the file behind the last good one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parts = 0
        self.size = 0
        self._journal = path.with_name(path.name + ".journal")
        self._hash = hashlib.sha256()
        self._stream: BufferedRandom | None = None

    def __enter__(self) -> GrowingFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        self._stream = self.path.open("r+b")
        good = self._recover(self._stream)
        self._stream.seek(self.size)
        self._stream.truncate()
        self._journal.write_text("".join(f"{line}\n" for line in good), "utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
        if not self.size:
            self.remove()

    @property
    def digest(self) -> str:
        """SHA-256 of what is there."""
        return self._hash.hexdigest()

    def append(self, chunks: Iterable[bytes]) -> None:
        """Add one part; only once it is on the disk does the journal say so."""
        if self._stream is None:
            raise ValueError("the file is not open")
        running, part, size = self._hash.copy(), hashlib.sha256(), 0
        for chunk in chunks:
            self._stream.write(chunk)
            running.update(chunk)
            part.update(chunk)
            size += len(chunk)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        with self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps({"bytes": size, "sha256": part.hexdigest()}) + "\n")
        self._hash, self.size, self.parts = running, self.size + size, self.parts + 1

    def remove(self) -> None:
        """Delete file and journal."""
        self.path.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)

    def _recover(self, stream: BufferedRandom) -> list[str]:
        """Count the parts that are whole; their lines of the journal."""
        good = []
        lines = self._journal.read_text("utf-8", "replace").splitlines() if self._journal.exists() else []
        for line in lines:
            try:
                record = json.loads(line)
                size, digest = int(record["bytes"]), str(record["sha256"])
            except (ValueError, KeyError, TypeError):
                break
            running, part, left = self._hash.copy(), hashlib.sha256(), size
            while left and (chunk := stream.read(min(left, CHUNK))):
                running.update(chunk)
                part.update(chunk)
                left -= len(chunk)
            if left or part.hexdigest() != digest:
                break
            self._hash, self.size, self.parts = running, self.size + size, self.parts + 1
            good.append(line)
        return good
