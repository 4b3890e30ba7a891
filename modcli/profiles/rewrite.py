"""A file is read, changed and replaced as one step: whole or not at all, one writer after another."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from modcli.errors import Location, ProfileError

#: Seconds to wait for another writer; an edit holds the lock for milliseconds.
PATIENCE = 20.0

#: What a person blocks is nobody else's business.
NEW_FILE_MODE = 0o600


def rewrite(path: Path, change: Callable[[bytes | None], bytes]) -> tuple[bytes | None, bytes]:
    """Replace the file's content by what `change` makes of it (None: there is no file yet); return both.

    Writers that use this function take turns, by a lock file beside the file. The new content is on the disk
    before it takes the file's name, so that a reader, or a crash at any moment, sees the old or the new one.
    Links are followed and the file's mode is kept. Where `change` raises or changes nothing, the file is left
    alone. Raises ProfileError.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=PATIENCE):
            old = path.read_bytes() if path.exists() else None
            new = change(old)
            if new != old:
                _replace(path, new)
            return old, new
    except Timeout as error:
        raise ProfileError(
            "another process is changing it", location=Location(str(path)), hint="try again when it is done"
        ) from error
    except OSError as error:
        raise ProfileError(
            f"cannot be changed: {error.strerror or error}",
            location=Location(str(path)),
            hint="check the permissions of the file and its folder, and the space on the disk",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else NEW_FILE_MODE
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
