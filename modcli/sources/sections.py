"""A JSON file of which one or more arrays hold records: read in order, and gone on with at any element."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modcli.errors import Location, SourceError
from modcli.sources.containers import Member
from modcli.sources.json_stream import elements
from modcli.sources.json_values import line_of
from modcli.sources.post import Post, Problem, Record

#: What becomes of one element of an array.
Reading = Callable[[Any, Location], Iterable[Post | Problem]]

#: A position tells array, element and byte, so that what is gone on with is called the same: 4, 23 and 36 bits.
_NUMBER_BITS, _OFFSET_BITS = 23, 36
#: An object whose records are not in an array has to be held in memory whole. More bytes of it are not read.
LARGEST_OBJECT = 256 << 20


@dataclass(frozen=True)
class Section:
    """The array under the keys `path` of an object, () for a list or JSON Lines; `begin` makes, for each time that it
    is read, what makes records of its elements."""

    path: tuple[str, ...]
    begin: Callable[[], Reading]


@dataclass(frozen=True)
class SectionsInput:
    """The Input of a member, whose elements are lines where `lines` says so. See `Input`."""

    member: Member
    kind: str
    sections: tuple[Section, ...]
    lines: bool = False

    @property
    def name(self) -> str:
        """See `Input.name`."""
        return self.member.name

    @property
    def size(self) -> int:
        """See `Input.size`."""
        return self.member.size

    def read(self, position: int = 0) -> Iterator[Record]:
        """See `Input.read`. A position is no byte offset: `offset_of` tells it."""
        first, number, offset = _unpacked(position)
        for i, section in enumerate(self.sections):
            if i >= first:
                start = (number, offset) if i == first else (0, 0)
                yield from self._read(i, section, *start)

    def _read(self, index: int, section: Section, number: int, offset: int) -> Iterator[Record]:
        reading, before = section.begin(), _packed(index, number, offset)
        with opened(self.member) as stream:
            for element in elements(stream, section.path, position=offset, number=number):
                behind = _packed(index, element.number, element.position)
                place = self._place(section, element.number)
                if element.error:
                    yield Record(Problem(place, element.error), behind)
                else:
                    yield from records_of(reading(element.value, place), before, behind)
                before = behind

    def _place(self, section: Section, number: int) -> Location:
        if self.lines:
            return Location(self.name, number)
        where = f"{section.path[-1]}/" if len(self.sections) > 1 and section.path else ""
        return Location(f"{self.name}#{where}{number}")


@dataclass(frozen=True)
class WholeInput:
    """The Input of an object whose records are the values of another (`{"toots": {"1": {...}}}`), found by `values`,
    each with its name; `begin` makes of the object what makes records of them. It is held in memory, up to `largest`
    bytes."""

    member: Member
    kind: str
    values: Callable[[Any], Iterable[tuple[str, Any]]]
    begin: Callable[[Any], Reading]
    largest: int = LARGEST_OBJECT

    @property
    def name(self) -> str:
        """See `Input.name`."""
        return self.member.name

    @property
    def size(self) -> int:
        """See `Input.size`."""
        return self.member.size

    def read(self, position: int = 0) -> Iterator[Record]:
        """See `Input.read`. A position is the number of the values that were read."""
        with opened(self.member) as stream:
            data = stream.read(self.largest + 1)
        if len(data) > self.largest:
            message = f"larger than {self.largest:,} bytes: an object of this form has to be held in memory"
            hint = "save its statuses as a list, or as JSON Lines"
            yield Record(Problem(Location(self.name), message, hint), position)
            return
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            yield Record(Problem(Location(self.name), f"not usable JSON: {error}"), position)
            return
        reading = self.begin(found)
        for i, (name, value) in enumerate(self.values(found), start=1):
            if i > position:
                place = Location(f"{self.name}#{line_of(name) or i}")
                yield from records_of(reading(value, place), i - 1, i)


def records_of(found: Iterable[Post | Problem], before: int, behind: int) -> Iterator[Record]:
    """The records of one element. Reading goes on behind it only from the last of them: who stops at another must not
    lose those that follow."""
    waiting: Post | Problem | None = None
    for one in found:
        if waiting is not None:
            yield Record(waiting, before)
        waiting = one
    if waiting is not None:
        yield Record(waiting, behind)


def opened(member: Member) -> Any:
    """A member's stream. Raises SourceError where it cannot be opened."""
    try:
        return member.opening()
    except OSError as error:
        raise SourceError(
            f"cannot be opened any more: {error.strerror or error}", location=Location(member.name)
        ) from error


def offset_of(position: int) -> int:
    """The bytes of its array's file up to a position of a SectionsInput, for showing how far reading is."""
    return _unpacked(position)[2]


def _packed(section: int, number: int, offset: int) -> int:
    number = min(number, (1 << _NUMBER_BITS) - 1)
    return section << _NUMBER_BITS + _OFFSET_BITS | number << _OFFSET_BITS | offset


def _unpacked(position: int) -> tuple[int, int, int]:
    number = position >> _OFFSET_BITS & (1 << _NUMBER_BITS) - 1
    return position >> _NUMBER_BITS + _OFFSET_BITS, number, position & (1 << _OFFSET_BITS) - 1


def of_object(*path: str) -> Callable[[Any], Iterable[tuple[str, Any]]]:
    """The values of the object under keys of another, each with its name."""

    def values(found: Any) -> Iterable[tuple[str, Any]]:
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return list(found.items()) if isinstance(found, Mapping) else []

    return values
