"""Lines of bytes in constant memory, however long they are."""

from __future__ import annotations

import select
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from modcli.errors import Location, SourceError
from modcli.item import Item

CHUNK = 1 << 16


class ByteStream(Protocol):
    """What a reader asks of an open input.

    `read(n)` returns what is there, up to n bytes, waiting for the first one alone, as an unbuffered file
    does; nothing at the end, and None where the descriptor does not block and nothing has come yet.
    """

    def read(self, size: int, /) -> bytes | None:
        """The next bytes."""
        ...

    def fileno(self) -> int:
        """The descriptor, to wait on; asked for only after a None."""
        ...


class Rest:
    """The bytes of a line past the part that is kept in memory, in an unnamed temporary file (see TMPDIR)."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with this object

    def __del__(self) -> None:
        self._file.close()

    def append(self, data: bytes) -> None:
        """Keep more bytes. Raises OSError where the temporary folder is full."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the start, a piece at a time."""
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            yield chunk


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its ending: number from 1, first bytes, whole size, and what follows the first bytes.

    `rest` is None for a line that `head` holds entirely, and for a longer one whose rest was not to be kept.
    """

    number: int
    head: bytes
    size: int
    rest: Rest | None = None


@dataclass(frozen=True)
class LongItem(Item):
    """An Item of a record too long for memory: `raw` is its beginning, `rest` what follows."""

    rest: Rest | None = field(default=None, compare=False)


def raw_chunks(item: Item) -> Iterator[bytes]:
    """The record of an item as it stood in the source, a piece at a time."""
    yield item.raw
    if isinstance(item, LongItem) and item.rest is not None:
        yield from item.rest.chunks()


def read_lines(stream: ByteStream, name: str, *, limit: int, keep_rest: bool = False) -> Iterator[Line]:
    r"""The lines of a stream, split at \n alone, each as soon as it is complete.

    At most about `limit` bytes of a line are held in memory; the rest of a longer one is kept in a
    temporary file with `keep_rest`, and counted otherwise. Raises SourceError where reading fails.
    """
    line = _Growing(limit, keep_rest)
    number = 0
    try:
        while chunk := _read(stream):
            *complete, tail = chunk.split(b"\n")
            for piece in complete:
                line.append(piece)
                line.append(b"\n")
                number += 1
                yield line.finish(number)
                line = _Growing(limit, keep_rest)
            line.append(tail)
    except OSError as error:
        raise SourceError(
            f"cannot be read any further: {error.strerror or error}",
            location=Location(name, number + 1),
            hint="the lines before this one were read; long lines need room in the temporary folder (TMPDIR)",
        ) from error
    if line.size:
        yield line.finish(number + 1)


class _Growing:
    """A line that is still being read."""

    def __init__(self, limit: int, keep_rest: bool) -> None:
        self.size = 0
        self._limit = limit
        self._keep_rest = keep_rest
        self._head: list[bytes] = []
        self._held = 0
        self._rest: Rest | None = None

    def append(self, piece: bytes) -> None:
        if not piece:
            return
        self.size += len(piece)
        room = self._limit - self._held
        if room > 0:
            self._head.append(piece[:room])
            self._held += len(self._head[-1])
            piece = piece[room:]
        if piece and self._keep_rest:
            if self._rest is None:
                self._rest = Rest()
            self._rest.append(piece)

    def finish(self, number: int) -> Line:
        return Line(number, b"".join(self._head), self.size, self._rest)


def _read(stream: ByteStream) -> bytes:
    """What is there, waiting for at least one byte; empty at the end."""
    while (chunk := stream.read(CHUNK)) is None:
        select.select([stream], [], [])
    return chunk


def is_utf16(head: bytes) -> bool:
    """Whether bytes begin with the byte order mark of UTF-16 or UTF-32."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))


def refuse_utf16(head: bytes, name: str) -> None:
    """Raise SourceError where the first bytes of an input say that it is UTF-16 or UTF-32.

    Decoding it here would break the promise that a filter passes lines through byte for byte.
    """
    if is_utf16(head):
        raise SourceError(
            "is UTF-16 or UTF-32 text; modcli reads UTF-8",
            location=Location(name),
            hint="convert it first: iconv -f UTF-16 -t UTF-8",
        )
