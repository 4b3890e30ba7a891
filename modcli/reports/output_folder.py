"""Several files into a folder: nothing that is there is lost unasked, and none is seen half written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from modcli.errors import Location, OutputError
from modcli.reports.output_file import check_output_file, write_output_file

#: Names that are told of files in the way.
_TOLD = 5


def write_output_folder(
    folder: Path, files: Mapping[str, bytes], *, replaces: re.Pattern[str], force: bool = False
) -> list[str]:
    """Write the files in their order, and make the folder where there is none; the names of those that were removed.

    Files in the folder whose whole name `replaces` matches are of an earlier time, and must not stay beside the new ones:
    with `force` they are removed and files of the same names replaced. Without it OutputError is raised for either, and
    nothing is changed; a file that would be the same is in nobody's way. Each file is there whole or not at all.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {path.name: path for path in folder.iterdir()}
        old = sorted(name for name in there if replaces.fullmatch(name) and name not in files)
        changed = [name for name in files if name in there and there[name].read_bytes() != files[name]]
    except (OSError, ValueError) as error:
        raise _cannot_write(folder, error) from error
    in_the_way = [*changed, *old]
    if in_the_way and not force:
        names = ", ".join(in_the_way[:_TOLD]) + (", ..." if len(in_the_way) > _TOLD else "")
        raise OutputError(
            f"there are files of an earlier time: {names}",
            location=Location(str(folder)),
            hint="name another folder, or replace them with --force",
        )
    for name in files:
        check_output_file(folder / name)
    try:
        for name in old:
            there[name].unlink()
    except OSError as error:
        raise _cannot_write(folder, error) from error
    for name, content in files.items():
        if name in changed or name not in there:
            write_output_file(folder / name, content)
    return old


def _cannot_write(folder: Path, error: Exception) -> OutputError:
    reason, hint = str(error), "name another folder"
    match error:
        case FileExistsError() | NotADirectoryError():
            reason = "is no folder"
        case PermissionError():
            reason, hint = "permission denied", "write to a folder of your own"
        case OSError(strerror=str(strerror)):
            reason = strerror
    return OutputError(f"cannot be written: {reason}", location=Location(str(folder)), hint=hint)
