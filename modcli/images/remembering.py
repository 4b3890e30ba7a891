"""The cache of picture verdicts: by the digest of a file's bytes and of the text beside it; nothing of the picture itself
is kept, nor of what was read in it."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from modcli.images.decoding import MOST_BYTES
from modcli.images.formats import named_format
from modcli.images.near import GROUP
from modcli.images.quoting import without_words
from modcli.item import Item
from modcli.verdict import Verdict

#: A part of every scope: changes whenever the same models would come to another verdict.
VERSION = "pictures, 1"


class JudgesPictures(Protocol):
    """The part of a moderator of pictures that is used here."""

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...


class Verdicts(Protocol):
    """The part of a verdict cache that is used here."""

    def get(self, digests: Sequence[str]) -> dict[str, Verdict]:
        """The verdicts known, by digest."""
        ...

    def put(self, verdicts: Mapping[str, Verdict]) -> None:
        """Keep verdicts by digest. Raises sqlite3.Error."""
        ...


class Remembered:
    """A moderator of pictures that judges no file twice. What could not be judged is judged again, and so is what is no
    regular file. Where verdicts cannot be kept, that is told once, and judging goes on."""

    def __init__(
        self, moderator: JudgesPictures, cache: Verdicts, tell: Callable[[str], None] = lambda _line: None
    ) -> None:
        self._moderator = moderator
        self._cache: Verdicts | None = cache
        self._tell = tell

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Raises what the moderator raises."""
        digests = [digest_of(item) for item in items]
        known = self._known([digest for digest in digests if digest])
        rest = [i for i, digest in enumerate(digests) if digest not in known]
        judged = self._moderator.judge([items[i] for i in rest]) if rest else []
        found = dict(zip(rest, judged, strict=True))
        self._keep({digests[i]: verdict for i, verdict in found.items() if digests[i]})
        return [
            found[i] if i in found else replace(known[digests[i]], id=item.id) for i, item in enumerate(items)
        ]

    def _known(self, digests: Sequence[str]) -> dict[str, Verdict]:
        if self._cache is None or not digests:
            return {}
        try:
            return self._cache.get(digests)
        except sqlite3.Error as error:
            self._broken(error)
            return {}

    def _keep(self, verdicts: Mapping[str, Verdict]) -> None:
        # One that another picture's verdict was taken for would name that picture.
        kept = {
            digest: storable(one)
            for digest, one in verdicts.items()
            if one.error is None and one.stage != GROUP
        }
        if self._cache is None or not kept:
            return
        try:
            self._cache.put(kept)
        except sqlite3.Error as error:
            self._broken(error)

    def _broken(self, error: sqlite3.Error) -> None:
        self._cache = None
        self._tell(f"verdicts on pictures cannot be kept ({error}); judging goes on without")


def digest_of(item: Item) -> str:
    """Stands for the bytes of an item's picture, for the format that its name says, and for the text beside it; empty
    where there is nothing to read."""
    if item.error is not None:
        return ""
    data = item.metadata.get("data")
    name = item.id if data is not None else str(item.metadata.get("image", ""))
    own = hashlib.sha256(data).hexdigest() if data is not None else _file_digest(Path(name))
    if not own:
        return ""
    told = "\0".join((own, named_format(name), item.text))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def storable(verdict: Verdict) -> Verdict:
    """A verdict without the words that were read in the picture, which stand in the part that decided, in the reason and
    in what was found."""
    picture = {name: value for name, value in (verdict.picture or {}).items() if name != "text"}
    return replace(
        verdict,
        part=without_words(verdict.part),
        reason=without_words(verdict.reason),
        decided_on="",
        picture=picture,
    )


def scope_of(*parts: str) -> str:
    """One text for all that a verdict on a picture depends on but the picture."""
    return hashlib.sha256("\0".join((VERSION, *parts)).encode("utf-8", "replace")).hexdigest()


def _file_digest(path: Path) -> str:
    """SHA-256 of a regular file, hex; empty where it is none, or too long to be judged."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size <= MOST_BYTES:
            return ""
        with path.open("rb") as stream:
            digest: Any = hashlib.file_digest(stream, "sha256")
        return str(digest.hexdigest())
    except (OSError, ValueError, RuntimeError):
        return ""
