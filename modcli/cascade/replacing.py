"""A file that is kept from one run to the next is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
