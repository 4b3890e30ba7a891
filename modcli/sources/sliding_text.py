"""A window of text that slides over a stream of UTF-8, and knows at which byte each of its characters is."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from modcli.sources.lines import is_utf16
from modcli.sources.text import BOM

#: Bytes that are read at once, where the window does not hold more.
CHUNK = 1 << 18
#: What stands for a byte that is not UTF-8.
_BROKEN = re.compile("[\udc80-\udcff]")


class SlidingText:
    """The text of a stream. `text` is what is held of it, and `at` the index in it up to which it is done with; `ended`
    says that nothing more comes, and `failure` why, where that is not the end of the stream.

    Bytes that are not UTF-8 become halves of surrogate pairs, which `broken` finds.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.text = ""
        self.at = 0
        self.ended = False
        self.failure = ""
        self._stream = stream
        self._held = b""  # the first bytes of a character, whose others are to come
        self._start = 0  # the byte at which `text` begins
        self._counted = (0, 0)  # an index, and its distance in bytes from `_start`
        self._dirty = False

    def fill(self) -> bool:
        """Drop what is done with and read more, as much as is left at least, so that one long value is not copied often.
        Afterwards `at` is 0. Whether something came."""
        self._drop()
        before = len(self.text)
        while len(self.text) == before and not self.ended:
            self._read(max(CHUNK, before))
        return len(self.text) > before

    def byte_at(self, index: int) -> int:
        """The byte of the stream at which the character at an index of `text` begins."""
        counted, size = self._counted
        if index < counted:
            counted = size = 0
        size += self._bytes(counted, index)
        self._counted = index, size
        return self._start + size

    def broken(self, start: int, end: int) -> str:
        """What is not UTF-8 between two indices, in words; empty where all is."""
        found = _BROKEN.search(self.text, start, end) if self._dirty else None
        if found is None:
            return ""
        return (
            f"byte 0x{ord(found.group()) - 0xDC00:02x} at byte {self.byte_at(found.start()):,} is not UTF-8"
        )

    def jump(self, byte: int) -> bool:
        """Go to another byte of the stream, as if all before it had been read. Whether that is at its end or before."""
        self._start, self.text, self.at, self._counted = byte, "", 0, (0, 0)
        self._held, self._dirty, self.ended, self.failure = b"", False, False, ""
        if byte == 0:
            self._stream.seek(0)
            return True
        # The byte before tells whether the stream is as long at all.
        try:
            self._stream.seek(byte - 1)
            return bool(self._stream.read(1))
        except (OSError, EOFError) as error:
            self._fail(error)
            return True

    def drain(self) -> int:
        """Read to the end; the byte behind it, to which nobody can `jump`."""
        while self.fill():
            self.at = len(self.text)
        return self._start + self._bytes(0, len(self.text)) + 1

    def _drop(self) -> None:
        if self.at:
            self._start = self.byte_at(self.at)
            self.text = self.text[self.at :]
            self.at, self._counted = 0, (0, 0)
        if not self.text:
            self._dirty = False

    def _read(self, size: int) -> None:
        pieces = [self._held]
        wanted = size
        try:
            while wanted > 0:
                piece = self._stream.read(min(wanted, CHUNK))
                if not piece:
                    self.ended = True
                    break
                pieces.append(piece)
                wanted -= len(piece)
        except (OSError, EOFError) as error:
            self._fail(error)
        data = b"".join(pieces)
        if self._start == 0 and not self.text:
            data = self._without_mark(data)
        self._append(data)

    def _without_mark(self, data: bytes) -> bytes:
        if is_utf16(data):
            self.ended, self.failure = True, "is UTF-16 or UTF-32 text; modcli reads UTF-8"
            return b""
        if data.startswith(BOM):
            self._start = len(BOM)
            return data[len(BOM) :]
        return data

    def _append(self, data: bytes) -> None:
        try:
            text, used = codecs.utf_8_decode(data, "strict", self.ended)
        except UnicodeDecodeError:
            text, used = codecs.utf_8_decode(data, "surrogateescape", self.ended)
            self._dirty = True
        self.text += text
        self._held = data[used:]

    def _bytes(self, start: int, end: int) -> int:
        piece = self.text[start:end]
        return len(piece) if piece.isascii() else len(piece.encode("utf-8", "surrogateescape"))

    def _fail(self, error: Exception) -> None:
        self.ended = True
        reason = getattr(error, "strerror", None) or str(error) or "the data end too early"
        self.failure = f"cannot be read any further: {reason}"
