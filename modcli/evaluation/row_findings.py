"""What is wrong with a file of labels: collected while its rows are read, told once they are."""

from __future__ import annotations

import difflib
import shlex
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.errors import Location
from modcli.item import Item

#: Places, and labels, that are told by name; the rest is counted.
_TOLD = 5
#: Different labels that are counted one by one: a field that is no label may hold another value in every row.
_MOST_LABELS = 1000
#: Categories in which two rows can be seen to contradict each other: one bit each.
_BITS = 64
#: Characters of a label that are shown.
_WIDTH = 40


@dataclass(frozen=True, slots=True)
class RowFinding:
    """Something to tell of the rows: a stable word for what it is, how many rows (or labels) it concerns, a sentence
    (content in it is not made safe for a terminal), where, the first few, and what can be done."""

    kind: str
    count: int
    message: str
    places: tuple[str, ...] = ()
    hint: str | None = None

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        record: dict[str, Any] = {"kind": self.kind, "count": self.count, "message": self.message}
        if self.places:
            record["places"] = list(self.places)
        if self.hint:
            record["hint"] = self.hint
        return record


class RowFindings:
    """Collects what is wrong with the rows while they are read. `rows` is how many were read and can be judged.

    Memory: 36 bytes a row, whatever is in it.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._kept_out = {"unreadable": _Tally(), "unlabelled": _Tally(), "bad label": _Tally()}
        self._empty = _Tally()
        self._known: dict[str, int] = {}
        self._labelled: set[str] = set()
        self._strange: Counter[str] = Counter()
        self._strange_places: dict[str, Location] = {}
        self._unused: set[str] = set()
        self._files: dict[str, int] = {}
        # Of each row: digests of id and text, the categories that it is of and those unknown as bits, and its place.
        self._ids, self._texts, self._of, self._open = (array("Q") for _ in range(4))
        self._file, self._line = array("H"), array("I")

    @property
    def kept_out(self) -> int:
        """How many rows could not be used, for whatever reason."""
        return self._empty.count + sum(tally.count for tally in self._kept_out.values())

    @property
    def readable(self) -> int:
        """How many rows could be read, whatever they lacked."""
        return self.rows + self.kept_out - self._kept_out["unreadable"].count

    @property
    def labelled(self) -> frozenset[str]:
        """The known categories that some row was said to be of, not to be of, or not to be judged for, by name."""
        return frozenset(self._labelled)

    @property
    def labels_seen(self) -> bool:
        """Whether any row named any label."""
        return bool(self._labelled or self._strange)

    @property
    def unlabelled(self) -> int:
        """How many rows had no label field."""
        return self._kept_out["unlabelled"].count

    def expect(self, known: Collection[str], mapping: Collection[str]) -> None:
        """These are the categories, and the labels for which there is a mapping."""
        self._known = {name: number for number, name in enumerate(known)}
        self._unused = set(mapping)

    def kept_out_row(self, kind: str, item: Item, reason: str) -> None:
        """A row that cannot be used: `unreadable`, `unlabelled` or `bad label`."""
        self._kept_out[kind].add(item.location, reason)

    def empty_row(self, item: Item) -> None:
        """A row without a text."""
        self._empty.add(item.location)

    def mapped(self, label: str) -> None:
        """A label was met for which there is a mapping."""
        self._unused.discard(label)

    def known_label(self, name: str) -> None:
        """A known category was named."""
        self._labelled.add(name)

    def strange_label(self, label: str, item: Item, rows: int) -> None:
        """A label was met that is no known category, in so many rows (0: named, but not said of the row)."""
        if label in self._strange or len(self._strange) < _MOST_LABELS:
            self._strange[label] += rows
            self._strange_places.setdefault(label, item.location)

    def row(self, item: Item, labels: Iterable[str], unknown: Iterable[str]) -> None:
        """A row that is used."""
        self.rows += 1
        mask = (1 << _BITS) - 1
        self._ids.append(hash(item.id) & mask)
        self._texts.append(hash(item.text) & mask)
        self._of.append(self._bits(labels))
        self._open.append(self._bits(unknown))
        self._file.append(min(self._files.setdefault(item.location.name, len(self._files)), 0xFFFF))
        self._line.append(item.location.line or 0)

    def _bits(self, names: Iterable[str]) -> int:
        return sum(1 << self._known[name] for name in names if self._known[name] < _BITS)

    def strange_labels(self) -> str:
        """The labels that are no known categories, the most frequent first, with the rows that have them."""
        told = [f"{shown(label)} ({_rows(count)})" for label, count in self._strange.most_common(_TOLD)]
        more = len(self._strange) - _TOLD
        return ", ".join(told) + (f", and {more:,} more" if more > 0 else "")

    def how_to_map(self) -> str:
        """What to write so that such labels are understood."""
        return _how_to_map(self._strange, self._known)

    def summary(self) -> tuple[RowFinding, ...]:
        """What there is to tell of the rows read so far, the gravest first."""
        found = [
            RowFinding(
                kind.replace(" ", "-"), tally.count, _KEPT_OUT[kind].format(_rows(tally.count)), tally.told
            )
            for kind, tally in self._kept_out.items()
            if tally.count
        ]
        if self._empty.count:
            count = self._empty.count
            found.append(
                RowFinding("empty", count, f"{_rows(count)} without text left out", self._empty.told)
            )
        return (*found, *self._of_labels(), *self._of_repetition())

    def _of_labels(self) -> list[RowFinding]:
        found = []
        if self._strange:
            places = tuple(str(self._strange_places[label]) for label, _ in self._strange.most_common(_TOLD))
            message = f"labels that are no category of the profile count as none: {self.strange_labels()}"
            found.append(RowFinding("unknown-label", len(self._strange), message, places, self.how_to_map()))
        if self._unused:
            names = ", ".join(shown(label) for label in sorted(self._unused))
            message = f"--map was given for labels that no row has: {names}"
            found.append(RowFinding("unused-mapping", len(self._unused), message))
        never = [name for name in self._known if name not in self._labelled]
        if self.rows and never:
            message = f"no row is labelled {', '.join(never)}: every row counts as not of {_it(never)}"
            hint = f"where nobody looked for {_it(never)}, say so in the rows' field of unknown labels"
            found.append(RowFinding("never-labelled", len(never), message, hint=hint))
        return found

    def _of_repetition(self) -> list[RowFinding]:
        found = []
        ids = _Groups(self._ids)
        if ids.repeats:
            message = f"{_rows(ids.repeats)} with the id of an earlier row: each counts as a row of its own"
            places = self._pairs(ids, ids.several)
            found.append(RowFinding("duplicate-id", ids.repeats, message, places))
        texts = _Groups(self._texts)
        against = texts.several & self._contradictory(texts)
        if count := int(against.sum()):
            said = "one text has" if count == 1 else f"{count:,} texts have"
            message = f"{said} contradicting labels: at least one of them is a mistake"
            found.append(RowFinding("contradiction", count, message, self._pairs(texts, against)))
        if texts.repeats > ids.repeats:
            message = (
                f"{_rows(texts.repeats)} with the text of an earlier row: intervals are too narrow for it"
            )
            places = self._pairs(texts, texts.several)
            found.append(RowFinding("repeated-text", texts.repeats, message, places))
        return found

    def _contradictory(self, groups: _Groups) -> NDArray[np.bool_]:
        """In which groups one row is of a category that another is known not to be of."""
        if not self.rows:
            return np.zeros(0, bool)
        of, unknown = _numbers(self._of)[groups.order], _numbers(self._open)[groups.order]
        ever = np.bitwise_or.reduceat(of, groups.starts)
        never = np.bitwise_or.reduceat(~(of | unknown), groups.starts)
        # Bits beyond the categories are in `never` alone.
        return np.asarray((ever & never) != 0, bool)

    def _pairs(self, groups: _Groups, which: NDArray[np.bool_]) -> tuple[str, ...]:
        """Of the first of some groups, where the first row and the next are."""
        firsts = sorted(
            (int(groups.order[start]), int(groups.order[start + 1])) for start in groups.starts[which]
        )
        return tuple(f"{self._place(one)} and {self._place(other)}" for one, other in firsts[:_TOLD])

    def _place(self, row: int) -> Location:
        names = list(self._files)
        return Location(names[min(self._file[row], len(names) - 1)], self._line[row] or None)


_KEPT_OUT = {
    "unreadable": "{} that cannot be read left out",
    "unlabelled": "{} without labels left out",
    "bad label": "{} with labels that cannot be understood left out",
}


class _Tally:
    """How many, and the first few places with the reason."""

    def __init__(self) -> None:
        self.count = 0
        self._places: list[str] = []

    def add(self, location: Location, reason: str = "") -> None:
        self.count += 1
        if len(self._places) < _TOLD:
            self._places.append(f"{location}: {reason}" if reason else str(location))

    @property
    def told(self) -> tuple[str, ...]:
        return tuple(self._places)


class _Groups:
    """Rows with equal digests: `order` puts them together, earlier rows first; `starts` is where each group begins
    in it; `several` which groups have more than one row; `repeats` counts the rows that are not their group's first."""

    def __init__(self, digests: array[int]) -> None:
        numbers = _numbers(digests)
        self.order = np.argsort(numbers, kind="stable")
        ordered = numbers[self.order]
        self.starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])
        self.several = np.diff(np.append(self.starts, len(ordered))) > 1
        self.repeats = len(ordered) - len(self.starts)


def _numbers(digests: array[int]) -> NDArray[np.uint64]:
    return np.array(digests, np.uint64)


def shown(label: str) -> str:
    """A label in quotes, cut where it is long, and valid text whatever it holds."""
    return repr(_valid(label if len(label) <= _WIDTH else label[:_WIDTH] + "..."))


def _valid(label: str) -> str:
    return label.encode("utf-8", "backslashreplace").decode()


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _it(names: Collection[str]) -> str:
    return "it" if len(names) == 1 else "any of them"


def _how_to_map(labels: Mapping[str, int], known: Collection[str]) -> str:
    """`--map` for the labels, as far as it can be guessed what they stand for."""
    names = list(known)
    there_are = f"the profile's categories are {', '.join(names)}" if names else "the profile has no category"
    examples = []
    for label in sorted(labels, key=lambda label: -labels[label])[:_TOLD]:
        plain = "-".join(label.casefold().replace("_", " ").replace("/", " ").split())
        if len(label) <= _WIDTH and (near := difflib.get_close_matches(plain, names, 1, cutoff=0.8)):
            examples.append(f"--map {shlex.quote(_valid(label))}={near[0]}")
    if not examples and names:
        # Which of the two stands for the category cannot be known: in some public sets it is 0.
        pairs = [pair for pair in (("1", "0"), ("true", "false")) if labels.keys() & set(pair)]
        examples = [f"--map {one}={names[0]} --map {other}=" for one, other in pairs]
    example = " ".join(examples) or "--map THEIRS=OURS"
    return f"{there_are}; say what a label stands for: {example} (nothing after = for none)"
