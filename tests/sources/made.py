"""Members of an export that are made of bytes or values, and what is read of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

from modcli.sources.containers import Member
from modcli.sources.post import Account, Input, Post, Problem, Record
from modcli.sources.skeleton import Context, Format, skeleton_of


def member(name: str, data: bytes | str) -> Member:
    """A member of bytes."""
    held = data.encode() if isinstance(data, str) else data
    return Member(name, len(held), lambda: io.BytesIO(held))


def of_json(value: object, name: str = "x.json") -> Member:
    """A member that is one JSON value, on several lines."""
    return member(name, json.dumps(value, indent=1))


def of_lines(values: Iterable[object], name: str = "x.jsonl") -> Member:
    """A member of JSON Lines."""
    return member(name, "".join(json.dumps(value) + "\n" for value in values))


def recognized(format: Format, one: Member, owner: Account | None = None) -> Input | None:
    """What a format says of a member."""
    return format(one, skeleton_of(one), Context(owner))


def read(format: Format, one: Member, owner: Account | None = None) -> list[Record]:
    """The records of a member that a format is to know."""
    found = recognized(format, one, owner)
    assert found is not None
    return list(found.read())


def posts(records: Iterable[Record]) -> list[Post]:
    """Those that are posts; there is to be no problem."""
    found = [record.found for record in records]
    assert not [one for one in found if isinstance(one, Problem)]
    return [one for one in found if isinstance(one, Post)]


def problems(records: Iterable[Record]) -> list[Problem]:
    """Those that could not be read."""
    return [record.found for record in records if isinstance(record.found, Problem)]


def check_going_on(found: Input) -> None:
    """Whoever stops behind any record and goes on from its position misses nothing, and places are called the same."""
    whole = list(found.read())
    seen = [record.found for record in whole]
    for i, record in enumerate(whole, start=1):
        rest: list[Any] = [one.found for one in found.read(record.position)]
        assert seen[len(seen) - len(rest) :] == rest or set(seen[i:]) <= set(rest)
        assert len(rest) >= len(seen) - i
        # Of one element, more than its own records are not read again.
        assert len(rest) <= len(seen) - i + 3
