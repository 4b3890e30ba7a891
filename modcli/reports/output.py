"""Bytes to standard output, each record at once, and what can go wrong with that."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import BinaryIO

from modcli.errors import OutputError


class ReaderGone(OutputError):
    """Nobody reads the output any more (`| head`): a reason to end quietly, not a failure."""


class Output:
    """A stream of bytes to which each record is written whole, without a buffer.

    Nothing is left for the end of the program, when a full disk could no longer be told.
    """

    def __init__(self, stream: BinaryIO | io.RawIOBase, name: str = "standard output") -> None:
        self._stream = stream
        self._name = name

    @property
    def descriptor(self) -> int | None:
        """The number of the open file, None for a stream that has none."""
        try:
            return self._stream.fileno()
        except (OSError, ValueError):
            return None

    def write(self, data: bytes) -> None:
        """Write all of it. Raises OutputError, and ReaderGone for a closed pipe."""
        view = memoryview(data)
        try:
            while view:
                written = self._stream.write(view)
                if written is None:  # a descriptor that does not block, and a reader that is behind
                    select.select([], [self._stream], [])
                else:
                    view = view[written:]
            self._stream.flush()
        except BrokenPipeError as error:
            raise ReaderGone(f"{self._name} was closed by its reader") from error
        except (OSError, ValueError) as error:
            strerror = error.strerror if isinstance(error, OSError) else None
            raise OutputError(
                f"cannot write to {self._name}: {strerror or error}",
                hint="make room or write elsewhere, then run again; what was judged is in the cache",
            ) from error


def standard_output() -> Output:
    """The program's standard output. Raises OutputError where it is closed."""
    if sys.stdout is None or sys.stdout.closed:
        raise OutputError("standard output is closed", hint="redirect it to a file or to /dev/null")
    buffered = sys.stdout.buffer
    try:
        descriptor = buffered.fileno()
        os.fstat(descriptor)
    except (OSError, io.UnsupportedOperation):
        return Output(buffered)
    return Output(io.FileIO(descriptor, "wb", closefd=False))
