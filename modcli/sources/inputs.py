"""Inputs by name: files and standard input, checked before a model is loaded, read one after the other."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from modcli.errors import Location, SourceError
from modcli.item import Item
from modcli.sources.lines import ByteStream, refuse_utf16

DASH = "-"
STDIN = "<stdin>"
NO_HINTS: Mapping[str, str] = MappingProxyType({})


class Reader(Protocol):
    """A format of input: the items of an open stream, in constant memory, in order."""

    def __call__(self, stream: ByteStream, name: str) -> Iterator[Item]:
        """Read a stream; `name` is for locations and ids."""
        ...


def record_id(name: str, number: int) -> str:
    """The id of a record without one of its own: `file:line`, and the line alone for standard input."""
    return str(number) if name == STDIN else f"{name}:{number}"


def check_inputs(names: Sequence[str], hints: Mapping[str, str] = NO_HINTS) -> None:
    """Raise SourceError for the first name that cannot be read, or that is UTF-16.

    The hints are those for `modcli check`; `hints` has others, by the error's message.
    """
    try:
        _check(names)
    except SourceError as error:
        if error.message not in hints:
            raise
        hint = hints[error.message]
        raise SourceError(error.message, location=error.location, hint=hint) from error


def _check(names: Sequence[str]) -> None:
    for name in names:
        if name == DASH:
            _standard_input()
            continue
        try:
            mode = Path(name).stat().st_mode
            # A pipe or a device must not be opened twice: what is read here would be lost.
            if stat.S_ISREG(mode):
                with Path(name).open("rb", buffering=0) as stream:
                    refuse_utf16(stream.read(4), name)
        except (OSError, ValueError) as error:
            raise _cannot_open(name, error) from error
        if stat.S_ISDIR(mode):
            raise _cannot_open(name, IsADirectoryError())


def refuse_output(names: Sequence[str], descriptor: int) -> None:
    """Raise SourceError for an input that is the file written to: its own verdicts would be read for ever."""
    output = os.fstat(descriptor)
    if not stat.S_ISREG(output.st_mode):
        return
    for name in names:
        if os.path.samestat(output, os.fstat(0) if name == DASH else Path(name).stat()):
            raise SourceError(
                "is the output as well",
                location=Location(STDIN if name == DASH else name),
                hint="write to another file",
            )


def read_inputs(names: Sequence[str], reader_of: Callable[[str], Reader]) -> Iterator[Item]:
    """The items of all inputs, each read by the reader of its name, one after the other; `-` is standard
    input."""
    for name in names:
        if name == DASH:
            yield from reader_of(name)(_standard_input(), STDIN)
        else:
            with _opened(name) as stream:
                yield from reader_of(name)(stream, name)


@contextmanager
def _opened(name: str) -> Iterator[ByteStream]:
    try:
        stream = Path(name).open("rb", buffering=0)  # noqa: SIM115 - opening alone is guarded, not reading
    except (OSError, ValueError) as error:
        raise _cannot_open(name, error) from error
    with stream:
        yield stream


def _standard_input() -> ByteStream:
    if sys.stdin is None or sys.stdin.closed:
        raise SourceError(
            "is closed", location=Location(STDIN), hint="give a file, or a pipe: ... | modcli check"
        )
    buffered = sys.stdin.buffer
    try:
        descriptor = buffered.fileno()
    except (OSError, io.UnsupportedOperation):
        return buffered
    # Unbuffered: lines are read as they come, and a thread that waits in a read holds no lock at exit.
    return io.FileIO(descriptor, closefd=False)


def _cannot_open(name: str, error: Exception) -> SourceError:
    reason, hint = f"cannot be opened: {error}", None
    match error:
        case FileNotFoundError():
            reason, hint = "no such file", "to judge words given on the command line, use --text"
        case IsADirectoryError():
            reason, hint = "is a folder", "name the files in it, for example FOLDER/*.txt"
        case PermissionError():
            reason, hint = "cannot be opened: permission denied", "its permissions do not let you read it"
        case OSError(strerror=str(strerror)):
            reason = f"cannot be opened: {strerror}"
    return SourceError(reason, location=Location(name), hint=hint)
