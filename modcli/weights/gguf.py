"""Whether a file is a whole GGUF file: its magic, its header, and that its tensors end within it."""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path

from modcli.errors import Location, WeightsError

MAGIC = b"GGUF"
#: Bytes of the scalar kinds of metadata values; 8 is a string, 9 an array.
_SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_MAX_METADATA = 100_000
_MAX_TENSORS = 100_000
#: Values per block and bytes per block of the tensor kinds in common use (ggml's table, ggml.c).
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 20: (32, 18),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 28: (1, 8), 30: (1, 2),
}  # fmt: skip


def check_gguf(path: Path) -> None:
    """Raises WeightsError where the file is a folder, no GGUF file, or shorter than its own header says."""
    where = Location(str(path))
    if path.is_dir():
        raise WeightsError("is a folder, not a GGUF file", location=where, hint="name the .gguf file in it")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            if stream.read(4) != MAGIC:
                hint = "modcli loads models in the GGUF format; such files begin with the letters GGUF"
                raise WeightsError("is not a GGUF file", location=where, hint=hint)
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                needed = _Reader(data).end_of_tensors()
    except OSError as error:
        raise WeightsError(f"cannot be read: {error.strerror or error}", location=where) from error
    except (struct.error, ValueError, RecursionError) as error:
        raise WeightsError(
            "is a GGUF file that is damaged or cut short", location=where, hint="fetch or copy it again"
        ) from error
    if size < needed:
        raise WeightsError(
            f"is cut short: {size} bytes of at least {needed}", location=where, hint="fetch or copy it again"
        )


class _Reader:
    """Steps through a GGUF header (version 2 and 3, little-endian); ValueError where it makes no sense."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = len(MAGIC)
        self._alignment = 32

    def end_of_tensors(self) -> int:
        """The least size that the file must have."""
        if self._number("<I") not in (2, 3):
            raise ValueError("unknown version")
        tensors, metadata = self._number("<Q"), self._number("<Q")
        if tensors > _MAX_TENSORS or metadata > _MAX_METADATA:
            raise ValueError("absurd counts")
        for _ in range(metadata):
            key = self._string()
            kind = self._number("<I")
            if key == b"general.alignment" and kind == 4:
                self._alignment = max(1, self._number("<I"))
            else:
                self._skip_value(kind)
        ends = [self._tensor_end() for _ in range(tensors)]
        start = -(-self._at // self._alignment) * self._alignment
        return start + max(ends, default=0)

    def _tensor_end(self) -> int:
        self._string()
        dimensions = self._number("<I")
        if dimensions > 8:
            raise ValueError("too many dimensions")
        count = math.prod(self._number("<Q") for _ in range(dimensions))
        kind, offset = self._number("<I"), self._number("<Q")
        # Of a kind that is not in the table we know where it begins, and that it is not empty.
        per_block, size = _BLOCKS.get(kind, (max(count, 1), 1))
        return offset + count // per_block * size

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def _string(self) -> bytes:
        length = self._number("<Q")
        self._skip(length)
        return self._data[self._at - length : self._at]

    def _skip(self, length: int) -> None:
        self._at += length
        if self._at > len(self._data):
            raise ValueError("the header goes on behind the end")

    def _skip_value(self, kind: int) -> None:
        if kind == _STRING:
            self._skip(self._number("<Q"))
        elif kind == _ARRAY:
            inner, count = self._number("<I"), self._number("<Q")
            if inner in _SCALARS:
                self._skip(_SCALARS[inner] * count)
            else:
                for _ in range(count):
                    self._skip_value(inner)
        elif kind in _SCALARS:
            self._skip(_SCALARS[kind])
        else:
            raise ValueError("unknown kind of value")
