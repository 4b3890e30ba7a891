"""What the first bytes of a file show of it: enough to tell what it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modcli.sources.containers import Member
from modcli.sources.post import Account, Input


@dataclass(frozen=True)
class Skeleton:
    """A file as its first bytes show it. `shape` is "object", "list", "lines" (values one after another), "csv", "car", or
    "other".

    Of an object, `keys` are those on top, `scalars` the values of them that are strings, numbers, booleans, or null, and
    `arrays` the keys whose value is an array, all as far as seen. `first` is the first element of the list, the first
    of the lines, or the first element of the first array that has one; None where there is none.
    """

    shape: str
    keys: tuple[str, ...] = ()
    scalars: Mapping[str, Any] = None  # type: ignore[assignment]
    first: Any = None
    arrays: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What is known of an export when its files are recognized: whose it is, the software that made it ("mastodon",
    "pleroma", empty where it is not known), and the folder within the container in which it lies, with its slash."""

    owner: Account | None = None
    software: str = ""
    prefix: str = ""


#: A kind of file: the Input that reads a member, None where it is not of this kind.
Format = Callable[[Member, Skeleton, Context], Input | None]


def skeleton_of(member: Member) -> Skeleton:
    """What the first bytes of a member show. Raises SourceError where it cannot be opened."""
    raise NotImplementedError
