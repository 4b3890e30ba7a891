"""The files that settings are in: which one is used, and whether it is to be believed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from modcli.errors import Location, SettingsError

PROJECT_FILES = (".modcli.toml", "modcli.toml")
DISTRUSTED_HINT = (
    "if it is right, make it yours: `chown` it, and `chmod o-w`; else run modcli in another folder"
)

#: The largest configuration file that is read: nobody writes a longer one by hand.
MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A configuration file's path and text."""

    path: Path
    text: str


def find_project_file(cwd: Path, home: Path) -> Path | None:
    """The nearest project file from `cwd` upward. The home folder and what is above it are no project."""
    for folder in (cwd, *cwd.parents):
        if folder == home:
            return None
        for name in PROJECT_FILES:
            if (folder / name).is_file():
                return folder / name
    return None


def distrust(owner: int, mode: int, user: int) -> str:
    """Why a project file is not to be believed, by its owner, its mode and who reads it; empty where it is."""
    if owner not in (user, 0):
        return "belongs to another user"
    return "can be written by every user" if mode & stat.S_IWOTH else ""


def read_settings_file(path: Path, *, trusted_only: bool = False) -> SettingsFile:
    """A configuration file's text. Raises SettingsError where it cannot be read, or is no text, or, with
    `trusted_only`, may be someone else's."""
    where = Location(str(path))
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if trusted_only and os.name == "posix":
                reason = distrust(status.st_uid, status.st_mode, os.geteuid())
                if reason:
                    raise SettingsError(f"{reason}, so it is not used", location=where, hint=DISTRUSTED_HINT)
            raw = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror or error}", location=where) from error
    if len(raw) > MAX_FILE_BYTES:
        raise SettingsError(f"is larger than {MAX_FILE_BYTES} bytes", location=where)
    try:
        return SettingsFile(path, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SettingsError("is not UTF-8 text", location=Location(str(path), line)) from error
