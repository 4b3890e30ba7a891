"""A profile in the user's own editor."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import typer

from modcli.cli.app import tell_error
from modcli.errors import ProfileError, UsageError
from modcli.profiles.create import replace_text
from modcli.profiles.document import decoded
from modcli.profiles.find import Shelf
from modcli.profiles.load import read_bytes
from modcli.profiles.plan import Change, Editable


def edited_by_hand(target: Editable, shelf: Shelf, environment: Mapping[str, str]) -> Change | None:
    """Open a copy in $VISUAL or $EDITOR until it is valid or given up, then put it into the file's place.

    None where nothing was changed. A text that is given up is kept, and the ProfileError says where.
    """
    before = target.seed if target.is_new else decoded(read_bytes(target.found), str(target.found.path))
    folder = Path(tempfile.mkdtemp(prefix="modcli-"))
    copy = folder / target.found.path.name
    copy.write_bytes(before.encode())
    while True:
        _run_editor(copy, environment)
        after = decoded(copy.read_bytes(), str(copy))
        if after == before:
            shutil.rmtree(folder)
            return None
        try:
            change = replace_text(target, shelf, before, after)
        except ProfileError as error:
            if not sys.stdin.isatty():
                raise _kept(error, copy) from error
            tell_error(error)
            if not _again():
                raise _kept(error, copy) from error
        else:
            shutil.rmtree(folder)
            return change


def _again() -> bool:
    try:
        return typer.confirm("Edit again?", default=True, err=True)
    except typer.Abort:
        return False


def _kept(error: ProfileError, copy: Path) -> ProfileError:
    hint = f"{error.hint}. " if error.hint else ""
    return ProfileError(
        error.message, location=error.location, hint=f"{hint}What you wrote is kept in {copy}"
    )


def _run_editor(copy: Path, environment: Mapping[str, str]) -> None:
    chosen = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    try:
        done = subprocess.run([*shlex.split(chosen), str(copy)], check=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"the editor '{chosen}' cannot be started", hint="set VISUAL or EDITOR") from error
    if done.returncode:
        raise UsageError(
            f"the editor '{chosen}' ended with status {done.returncode}", hint="nothing was changed"
        )
