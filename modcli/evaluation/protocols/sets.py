"""The public labelled sets, by name: what they are, their rows, and draws of shots from them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from modcli.errors import Location, SourceError, UsageError
from modcli.evaluation.predictions import LabelledRow
from modcli.profile import Action, Category, Shot
from modcli.prompts.normalization import normalize
from modcli.sources.inputs import read_inputs
from modcli.sources.jsonl import read_jsonl

#: Splits that shots may come from, the best first; where a set has neither, half of the file that is reported on.
TRAIN, DEV = "train", "dev"
#: Characters of a text that may be a shot: eight of them still leave a prompt of readable length.
LONGEST_SHOT = 600


@dataclass(frozen=True, slots=True)
class SetCategory:
    """A category of a set: its name in a profile, the set's own word for it, the label word that the model is asked
    for, and a definition (level 2 of arXiv 2511.05532; level 1 is the label word alone)."""

    name: str
    theirs: str
    label: str
    definition: str

    def category(
        self,
        *,
        action: Action = Action.BLOCK,
        defined: bool = True,
        examples: Sequence[Shot] = (),
        counterexamples: Sequence[Shot] = (),
        threshold: float | None = None,
    ) -> Category:
        """As a category of a profile. Not `defined` and without an example its definition is the label word: the
        least that can be asked."""
        told = self.definition if defined else "" if examples else self.label
        return Category(
            name=self.name,
            action=action,
            definition=told,
            label=self.label,
            examples=tuple(examples),
            counterexamples=tuple(counterexamples),
            threshold=threshold,
        )


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A public labelled set. `form` says how its rows are labelled in the files that are read here."""

    name: str
    title: str
    source: str
    licence: str
    form: str
    categories: tuple[SetCategory, ...]

    @property
    def only(self) -> SetCategory:
        """The category of a binary set. Raises ValueError where there are several."""
        (only,) = self.categories
        return only

    @property
    def ours(self) -> Mapping[str, str]:
        """From the set's labels to category names."""
        return {category.theirs: category.name for category in self.categories}


@cache
def public_sets() -> Mapping[str, PublicSet]:
    """All sets by name, in the order of `sets.toml`."""
    written = tomllib.loads(files("modcli.evaluation.protocols").joinpath("sets.toml").read_text("utf-8"))
    return {name: _public_set(name, entry) for name, entry in written.items()}


def _public_set(name: str, entry: dict[str, Any]) -> PublicSet:
    categories = tuple(
        SetCategory(ours, told["theirs"], told["label"], told["definition"].strip())
        for ours, told in entry["categories"].items()
    )
    return PublicSet(name, entry["title"], entry["source"], entry["licence"], entry["form"], categories)


def chosen(names: Iterable[str]) -> tuple[PublicSet, ...]:
    """The sets of these names. Raises UsageError for one that is not known."""
    known = public_sets()
    names = list(dict.fromkeys(names))
    for name in names:
        if name not in known:
            raise UsageError(f"there is no set '{name}'", hint=f"there is {', '.join(known)}")
    return tuple(known[name] for name in names)


def set_file(folder: Path, name: str, split: str) -> Path:
    """Where the rows of a split are expected."""
    return folder / f"{name}.{split}.jsonl"


def check_set(folder: Path, wanted: PublicSet, split: str) -> None:
    """Raise SourceError, with where to get the set, unless the file of a split is there."""
    file = set_file(folder, wanted.name, split)
    if not file.is_file():
        raise SourceError(
            "no such file",
            location=Location(str(file)),
            hint=f"{wanted.title}: get it from {wanted.source} and write its {split} split there as JSON Lines "
            f'{{"text": ..., "labels": [...]}} ({wanted.form})',
        )


def load_set(folder: Path, name: str, split: str) -> list[LabelledRow]:
    """The rows of `FOLDER/NAME.SPLIT.jsonl`, labels as category names, each text once (the first one counts).

    Raises UsageError for an unknown set, SourceError, with the source of the set, where the file is missing, and with
    the line where a row is not as expected: figures on a part of a public set compare with nothing.
    """
    (wanted,) = chosen([name])
    check_set(folder, wanted, split)
    file = set_file(folder, name, split)
    rows: dict[str, LabelledRow] = {}
    for item in read_inputs([str(file)], lambda _: read_jsonl):
        if item.error is not None:
            raise SourceError(item.error, location=item.location)
        record = json.loads(item.raw.decode("utf-8-sig"))
        row = LabelledRow(
            item,
            _labels(record, "labels", wanted, item.location),
            _labels({"unknown": [], **record}, "unknown", wanted, item.location),
        )
        rows.setdefault(normalize(item.text), row)
    if not rows:
        raise SourceError("the file has no rows", location=Location(str(file)))
    return list(rows.values())


def _labels(record: dict[str, Any], key: str, wanted: PublicSet, where: Location) -> frozenset[str]:
    labels = record.get(key)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise SourceError(f"`{key}` has to be a list of labels, [] for none", location=where)
    for label in labels:
        if label not in wanted.ours:
            raise SourceError(
                f"{wanted.name} has no label '{label}'",
                location=where,
                hint=f"there is {', '.join(wanted.ours)}",
            )
    return frozenset(wanted.ours[label] for label in labels)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a set that shots come from and those that are reported on: no text is in both. `came_from` says
    where the first come from."""

    pool: tuple[LabelledRow, ...]
    reported: tuple[LabelledRow, ...]
    came_from: str


def rows_of(folder: Path, name: str, split: str, *, most: int = 0, seed: int = 0) -> Rows:
    """Shots come from the train split, where there is none from dev (if another split is reported), else from half of
    the reported file, which then is not reported on. At most `most` rows are reported (0: all), drawn by the seed.

    Raises what `load_set` raises, and UsageError where train itself is to be reported.
    """
    if split == TRAIN:
        raise UsageError("shots come from the train split, so it is not reported on", hint="--split dev")
    reported = load_set(folder, name, split)
    came_from = next(
        (other for other in (TRAIN, DEV) if other != split and set_file(folder, name, other).is_file()), None
    )
    if came_from is None:
        pool = [row for row in reported if _half(row)]
        reported = [row for row in reported if not _half(row)]
    else:
        known = {normalize(row.item.text) for row in reported}
        pool = [row for row in load_set(folder, name, came_from) if normalize(row.item.text) not in known]
    if most and most < len(reported):
        kept = np.sort(np.random.default_rng([seed, len(reported)]).permutation(len(reported))[:most])
        reported = [reported[i] for i in kept]
    return Rows(tuple(pool), tuple(reported), came_from or f"half of {split}")


def _half(row: LabelledRow) -> bool:
    """Which half of a file a row is in: by its text alone, so that it is the same half wherever the row stands."""
    return hashlib.sha256(normalize(row.item.text).encode()).digest()[0] % 2 == 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """Shots of one category, drawn from a pool."""

    examples: tuple[Shot, ...]
    counterexamples: tuple[Shot, ...]


def draw(
    rows: Sequence[LabelledRow],
    category: str,
    examples: int,
    counterexamples: int,
    seed: int,
    *,
    longest: int = LONGEST_SHOT,
    fewer: bool = False,
) -> Drawn:
    """So many rows of the category and so many that are known not to be of it, the same for the same seed.

    Draws of one seed are nested: a smaller one is the beginning of a larger one, so that two numbers of shots differ
    in nothing else. Texts of more than `longest` characters, and empty ones, are left out. -1 means all. Raises
    UsageError where the pool has fewer than asked for, unless `fewer` do.
    """
    usable = [row for row in rows if 0 < len(normalize(row.item.text)) <= longest]
    positives = [row for row in usable if category in row.labels]
    negatives = [row for row in usable if category not in row.labels | row.unknown]
    return Drawn(
        _some(positives, examples, [seed, 1], "" if fewer else f"rows of {category}"),
        _some(negatives, counterexamples, [seed, 0], "" if fewer else f"rows that are not of {category}"),
    )


def _some(rows: Sequence[LabelledRow], count: int, seed: Sequence[int], needed: str) -> tuple[Shot, ...]:
    if needed and count > len(rows):
        raise UsageError(
            f"{count} {needed} are wanted, and the pool has {len(rows)}",
            hint="give the set a train split with more rows",
        )
    order = np.random.default_rng(seed).permutation(len(rows))
    return tuple(Shot(rows[i].item.text) for i in (order if count < 0 else order[:count]))
