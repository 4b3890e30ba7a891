"""A report that is a file: what would stop it is found beforehand, and it is there whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from modcli.errors import Location, OutputError

#: What a trial writes: a disk without room for this has none for a report either.
_TRIAL = b"\0" * (1 << 16)


def check_output_file(path: Path) -> None:
    """Raise OutputError where `write_output_file` would fail: no such folder, no permission, a full disk.

    Leaves nothing behind, and an existing file as it is.
    """
    try:
        if not _is_replaceable(path):
            return
        place = _place(path)
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError
        trial = _beside(place)
        try:
            _create(trial, _TRIAL)
        finally:
            trial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def write_output_file(path: Path, content: bytes) -> None:
    """Replace the file by one with this content: whoever looks sees the old one or the new one, whole.

    Links are followed, and the mode of an existing file is kept. What is no regular file (a device, a named pipe) is
    written to. Raises OutputError, and leaves an existing file as it was.
    """
    try:
        if not _is_replaceable(path):
            with path.open("wb") as stream:
                stream.write(content)
            return
        place = _place(path)
        unfinished = _beside(place)
        try:
            _create(unfinished, content)
            if place.exists():
                unfinished.chmod(stat.S_IMODE(place.stat().st_mode))
            unfinished.replace(place)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise _cannot_write(path, error) from error


def _is_replaceable(path: Path) -> bool:
    """Whether there is a regular file, or nothing. Raises IsADirectoryError for a folder."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    return stat.S_ISREG(mode)


def _place(path: Path) -> Path:
    return path.resolve()


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name[:200]}.{os.getpid()}.tmp")


def _create(path: Path, content: bytes) -> None:
    # Not by `tempfile`, whose files nobody else may read: this one's mode is that of any new file.
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _cannot_write(path: Path, error: Exception) -> OutputError:
    reason, hint = str(error), "write it elsewhere"
    match error:
        case FileNotFoundError() | NotADirectoryError():
            reason, hint = "there is no such folder", f"make it first: mkdir -p {path.parent}"
        case IsADirectoryError():
            reason, hint = "is a folder", f"name a file in it: {path / 'report'}"
        case PermissionError():
            reason, hint = "permission denied", "write to a folder of your own"
        case OSError(strerror=str(strerror)):
            reason = strerror
    return OutputError(f"cannot be written: {reason}", location=Location(str(path)), hint=hint)
