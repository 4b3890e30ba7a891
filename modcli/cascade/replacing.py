"""A file that is kept from one run to the next is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from zipfile import BadZipFile

Kept = TypeVar("Kept")


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A place beside a file to write to. What stands there in the end takes the file's place, so that whoever looks
    meanwhile sees one of them whole; where writing fails, nothing is left of it. Raises OSError.

    The name begins with a dot, by which `inventory` knows what a crash has left, and is one of this process alone.
    """
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(file)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def loaded(file: Path | None, load: Callable[[Path], Kept]) -> Kept | None:
    """What was kept in a file; None where there is nothing, or nothing of use."""
    if file is None:
        return None
    try:
        kept = load(file)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile):
        return None
    with suppress(OSError):
        file.touch()  # the least recently used are pruned
    return kept


def keep(file: Path | None, save: Callable[[Path], object]) -> None:
    """Keep something in a file for the next start; a disk that is full costs time then, no more."""
    if file is None:
        return
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as unfinished:
            save(unfinished)
