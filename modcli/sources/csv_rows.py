"""Rows of CSV as a stream, with the line and the byte of each: line breaks in cells, one bad row among good ones."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from modcli.sources.lines import refuse_utf16
from modcli.sources.text import BOM, not_utf8

#: A longer row is not read: a quote that is never closed would take in the whole file.
LARGEST_ROW = 16 << 20
#: So often it is tried to read on behind the first line of such a row.
_MOST_RETRIES = 100
_DELIMITERS = (",", ";", "\t")
_LARGEST_HEADER = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its cells, none with an `error`; the line on which it begins, from 1; and the byte from which reading
    goes on behind it."""

    cells: tuple[str, ...]
    line: int
    position: int
    error: str = ""


def header_of(stream: BinaryIO, name: str) -> tuple[tuple[str, ...], str, int]:
    """The names of the columns, the character between cells, and the byte behind the first row that is not blank.

    The character is the one of comma, semicolon and tab that makes most columns of the first row. Raises SourceError
    for UTF-16.
    """
    head = stream.read(_LARGEST_HEADER)
    refuse_utf16(head[:4], name)
    found: tuple[tuple[str, ...], str, int] = ((), ",", 0)
    for delimiter in _DELIMITERS:
        row = next(rows(BytesIO(head), delimiter), None)
        if row is not None and len(row.cells) > len(found[0]):
            found = tuple(cell.strip() for cell in row.cells), delimiter, row.position
    return found


def rows(stream: BinaryIO, delimiter: str, position: int = 0, most: int = LARGEST_ROW) -> Iterator[Row]:
    """The rows of a stream from a byte on, blank ones left out. One that cannot be read has an error."""
    lines = _Lines(stream, most)
    lines.skip_to(position)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin()
        error = ""
        cells: list[str] = []
        limit = csv.field_size_limit(most)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            error = lines.give_up()
        except csv.Error as wrong:
            error = f"not valid CSV: {wrong}"
        finally:
            csv.field_size_limit(limit)
        error = error or lines.undecodable
        if error:
            yield Row((), lines.first, lines.position, error)
        elif any(cells):
            yield Row(tuple(cells), lines.first, lines.position)


class _TooLong(Exception):
    """A row has more bytes than one may have."""


class _Lines:
    """The lines of a stream as text, for the reader of CSV, which takes as many as a row has."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream, self._most = stream, most
        self._again: list[bytes] = []  # lines that are to be read once more, the next one last
        self._taken: list[bytes] = []  # those of this row
        self._size = 0
        self._retries = 0
        self.position = 0
        self._line = 0
        #: The line on which the row begins, and why one of its lines is no text.
        self.first = 1
        self.undecodable = ""

    def __iter__(self) -> _Lines:
        return self

    def begin(self) -> None:
        """A row begins."""
        self._taken, self._size, self.undecodable = [], 0, ""
        self.first = self._line + 1

    def skip_to(self, position: int) -> None:
        """Go on at a byte, which is the beginning of a line."""
        while self.position < position:
            piece = self._stream.read(min(position - self.position, 1 << 20))
            if not piece:
                return
            self.position += len(piece)
            self._line += piece.count(b"\n")

    def give_up(self) -> str:
        """Of a row that is too long, only the first line is done with; what is wrong, in words."""
        self._retries += 1
        if self._retries <= _MOST_RETRIES and len(self._taken) > 1:
            again = self._taken[:0:-1]
            self._again += again
            self.position -= sum(map(len, again))
            self._line -= sum(line.count(b"\n") for line in again)
        else:
            self._skip_line()
        return f"more than {self._most:,} bytes in one row: a quote that is not closed?"

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._stream.readline(self._most + 1)
        if not line:
            raise StopIteration
        at_start = not self.position
        self.position += len(line)
        self._line += line.endswith(b"\n")
        self._taken.append(line)
        self._size += len(line)
        if self._size > self._most:
            raise _TooLong
        if at_start:
            line = line.removeprefix(BOM)
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.undecodable = self.undecodable or not_utf8(error)
            return line.decode("utf-8", "replace")

    def _skip_line(self) -> None:
        """To the end of a line that was not read whole."""
        while self._taken and not self._taken[-1].endswith(b"\n"):
            piece = self._stream.readline(1 << 20)
            if not piece:
                return
            self.position += len(piece)
            self._line += piece.endswith(b"\n")
            self._taken[-1] = piece
