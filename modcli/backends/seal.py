"""A file that tells whether it is whole: its SHA-256 stands at its end."""

from __future__ import annotations

import hashlib
from pathlib import Path

_LENGTH = hashlib.sha256().digest_size


def seal(file: Path) -> None:
    """Write the digest of a file's content behind it. Raises OSError."""
    digest = hashlib.sha256(file.read_bytes()).digest()
    with file.open("ab") as stream:
        stream.write(digest)


def is_whole(file: Path) -> bool:
    """Whether the file is as it was when it was sealed. Raises OSError where it cannot be read."""
    content = memoryview(file.read_bytes())
    return hashlib.sha256(content[:-_LENGTH]).digest() == content[-_LENGTH:]
