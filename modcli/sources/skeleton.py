"""What the first bytes of a file show of it: enough to tell what it holds."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import Any

from modcli.errors import Location, SourceError
from modcli.sources.containers import Member
from modcli.sources.json_damage import Nesting, Outcome
from modcli.sources.json_stream import elements
from modcli.sources.lines import is_utf16
from modcli.sources.post import Account, Input
from modcli.sources.text import BOM

#: As many bytes of a file are looked at.
HEAD = 1 << 18

_DECODER = json.JSONDecoder(strict=False)
_SPACE = " \t\r\n\x1e\ufeff"
_GAP = re.compile(f"[{_SPACE},]*")
_COLON = re.compile(r"\s*:\s*")
#: What separates columns.
_DELIMITER = re.compile("[,;\t]")
#: The map that a CAR begins with, behind its length: `roots` and `version` in either order.
_CAR = re.compile(rb"[\x10-\xff]{1,9}\xa2(?:e(?:roots)|g(?:version))", re.DOTALL)


@dataclass(frozen=True)
class Skeleton:
    """A file as its first bytes show it. `shape` is "object", "list", "lines" (values one after another), "csv", "car",
    or "other".

    Of an object, `keys` are those on top, `scalars` the values of them that are strings, numbers, booleans, or null, and
    `arrays` the keys whose value is an array, all as far as seen. `first` is the first element of the list, the first
    of the lines, or that of the first array that has one, JSON-LD contexts left out; None where there is none.
    """

    shape: str
    keys: tuple[str, ...] = ()
    scalars: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    first: Any = None
    arrays: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What is known of an export when its files are recognized: whose it is, and the owner's ActivityPub id."""

    owner: Account | None = None
    owner_id: str = ""


#: A kind of file: the Input that reads a member, None where it is not of this kind.
Format = Callable[[Member, Skeleton, Context], Input | None]


def skeleton_of(member: Member) -> Skeleton:
    """What the first bytes of a member show. Raises SourceError where it cannot be opened."""
    head = _head(member)
    if _CAR.match(head[:32]):
        return Skeleton("car")
    if is_utf16(head) or b"\0" in head:
        return Skeleton("other")
    text = head.removeprefix(BOM).decode("utf-8", "replace")
    bare = text.lstrip(_SPACE)
    if bare.startswith("["):
        return Skeleton("list", first=_first(head))
    if bare.startswith("{"):
        return _of_values(head, bare, member.name)
    if (
        bare.startswith('"')
        and isinstance(first := _first(head), str)
        and first.lstrip().startswith(("{", "["))
    ):
        # JSON in a string of JSON, as Mastodon.py's users save it.
        return Skeleton("lines", first=first)
    line = bare.partition("\n")[0]
    if member.name.lower().endswith(".csv") or (bare and line != bare and _DELIMITER.search(line)):
        return Skeleton("csv")
    # Values of no use, one a line, or damaged ones.
    first = _first(head)
    return Skeleton("lines", first=first) if isinstance(first, dict) else Skeleton("other")


def _head(member: Member) -> bytes:
    """The first bytes, as far as they can be read."""
    pieces, wanted = [], HEAD
    try:
        with member.opening() as stream:
            try:
                while wanted and (piece := stream.read(wanted)):
                    pieces.append(piece)
                    wanted -= len(piece)
            except (OSError, EOFError):
                pass  # said again where the file is read
    except OSError as error:
        message = f"cannot be opened: {error.strerror or error}"
        raise SourceError(message, location=Location(member.name)) from error
    return b"".join(pieces)


def _first(head: bytes) -> Any:
    """The first element that is sound, of the few first."""
    return next((one.value for one in islice(elements(io.BytesIO(head)), 9) if not one.error), None)


def _of_values(head: bytes, text: str, name: str) -> Skeleton:
    """One object, or several one after another."""
    found = list(islice(elements(io.BytesIO(head)), 2))
    sound = [one.value for one in found if not one.error]
    if found and found[0].error and (shown := _of_object(text)).arrays:
        # Damage within the first of several records, not a damaged line.
        return shown
    # Of a line that is damaged the next one tells; of an object that is longer than the head nothing follows.
    named = name.lower().endswith((".jsonl", ".ndjson"))
    if (len(found) == 2 and (sound or _first(head) is not None)) or (named and sound):
        return Skeleton("lines", first=sound[0] if sound else _first(head))
    return _of_object(text)


def _of_object(text: str) -> Skeleton:
    """What is on top of an object, which may be cut off anywhere."""
    keys: dict[str, None] = {}
    arrays: dict[str, None] = {}
    scalars: dict[str, Any] = {}
    first: Any = None
    at = 1
    while (key := _decoded(text, at)) is not None and isinstance(key[0], str):
        name, at = key
        colon = _COLON.match(text, at)
        if colon is None:
            break
        at = colon.end()
        keys[name] = None
        value = _decoded(text, at)
        if text.startswith("[", at):
            arrays[name] = None
            if first is None and not name.startswith("@"):
                inner = _decoded(text, at + 1)
                first = inner[0] if inner else _first(text[at:].encode("utf-8", "replace"))
        elif value is not None and not isinstance(value[0], dict):
            scalars[name] = value[0]
        end = value[1] if value else _end(text, at)
        if end is None:
            break
        at = end
    return Skeleton("object", tuple(keys), MappingProxyType(scalars), first, tuple(arrays))


def _decoded(text: str, at: int) -> tuple[Any, int] | None:
    """The value behind an index, and where it ends; None where it is damaged, or not all there."""
    gap = _GAP.match(text, at)
    try:
        value, end = _DECODER.raw_decode(text, gap.end() if gap else at)
    except (ValueError, RecursionError):
        return None
    return value, end


def _end(text: str, at: int) -> int | None:
    """Where a value ends that is damaged."""
    outcome, end = Nesting().follow(text, at, ended=False)
    return end if outcome is Outcome.FOUND else None
