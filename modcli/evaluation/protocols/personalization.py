"""Personalization after the paper (arXiv 2511.05532): a category is blocked that the profile did not have, or unblocked
that it had, by the product's own edits. What is asked for, and what happens to everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.moderator import Stage
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.base import Job, Outcome, Setting
from modcli.evaluation.protocols.editing import edited
from modcli.evaluation.protocols.measures import Answers, Measured, measure
from modcli.evaluation.protocols.sets import PublicSet, draw
from modcli.evaluation.protocols.tasks import BINARY, several
from modcli.profile import Action, Profile
from modcli.profiles import edit
from modcli.profiles.find import Shelf
from modcli.profiles.plan import Change, Editable

Flags = NDArray[np.bool_]

PERSONALIZATION = "personalization"
#: Examples, and as many counterexamples, of each category that the profile has before it is edited.
BEFORE = 4
#: Of a category that is unblocked: so many examples and counterexamples had it blocked.
BLOCKED_WITH = (1, 4)
#: Rows of each kind that are watched: the paper's hundred texts of a category.
WATCHED = 100

#: What the rows of a group are called in a table.
RECALL, BESIDE, ELSEWHERE, OTHERS = (
    "recall",
    "false blocks, same set",
    "false blocks, other sets",
    "recall of the others",
)


@dataclass(frozen=True)
class Watched:
    """Rows by what they are to one category: of it (`target`); of its set, but not of it (`beside`); of the other sets
    and of no category (`elsewhere`); of the other categories (`others`)."""

    target: tuple[LabelledRow, ...]
    beside: tuple[LabelledRow, ...]
    elsewhere: tuple[LabelledRow, ...]
    others: tuple[LabelledRow, ...]

    @property
    def rows(self) -> tuple[LabelledRow, ...]:
        """All of them, in this order."""
        return (*self.target, *self.beside, *self.elsewhere, *self.others)

    def split(self, of_rows: Flags) -> dict[str, Flags]:
        """Flags of all rows, by the name of each group."""
        ends = np.cumsum([len(self.target), len(self.beside), len(self.elsewhere)])
        return dict(zip((RECALL, BESIDE, ELSEWHERE, OTHERS), np.split(of_rows, ends), strict=True))


def watched(setting: Setting, one: PublicSet, sets: Sequence[PublicSet], most: int = WATCHED) -> Watched:
    """At most `most` rows of each kind and set; with `--rows`, no more than that."""
    most = min(most, setting.rows) if setting.rows else most

    def rows(of: PublicSet, labelled: bool) -> list[LabelledRow]:
        reported = setting.all_rows_of(of.name).reported
        kept = [row for row in reported if (of.only.name in row.labels) == labelled]
        order = np.random.default_rng([setting.seed, int(labelled)]).permutation(len(kept))
        return [kept[i] for i in np.sort(order[:most])]

    rest = [other for other in sets if other is not one]
    return Watched(
        target=tuple(rows(one, True)),
        beside=tuple(rows(one, False)),
        elsewhere=tuple(row for other in rest for row in rows(other, False)),
        others=tuple(row for other in rest for row in rows(other, True)),
    )


@dataclass(frozen=True)
class Blocked:
    """Which rows a profile blocks, shape (rows,), and how many it could not judge: those are not blocked."""

    flags: Flags
    failed: int


def blocked(setting: Setting, profile: Profile, rows: Sequence[LabelledRow]) -> Blocked:
    """Judge rows by a profile. Raises what the moderator raises."""
    found = setting.predict(profile, rows)
    # What could not be judged is warned of, unless a moderator is told otherwise.
    return Blocked(np.asarray(found.severity == Action.BLOCK.severity, bool), found.stages.count("none"))


def shares(draws: Sequence[Mapping[str, Flags]], *, same_rows: bool = True) -> dict[str, Measured]:
    """The share of rows that are flagged, by group, with its interval over draws and rows. A draw in which a group has
    no rows does not count for it."""
    found = {}
    for name in draws[0] if draws else ():
        counted = [_flagged(draw[name]) for draw in draws if len(draw[name])]
        if counted:
            found[name] = measure(counted, ["found"], same_rows=same_rows)["found"]
    return found


def _flagged(flags: Flags) -> Answers:
    return Answers.binary(np.zeros(len(flags), np.int8), flags.astype(np.float64), flags)


def named(category: str, condition: str) -> str:
    """A condition of one category as it is called in a table."""
    return f"{category}: {condition}"


def job(part: str, sets: Sequence[PublicSet], condition: str, work: partial[Outcome]) -> Job:
    """A job of this protocol."""
    return Job(PERSONALIZATION, part, tuple(one.name for one in sets), condition, work)


def block(setting: Setting) -> list[Job]:
    """Each category in turn is what the profile does not have: blocked from one example, from its definition, from
    both. Before, the profile has the others; the one example is chosen anew `choices` times, all else stays."""
    sets = setting.among(*BINARY)
    ways = {
        "before": (0, False),
        "blocked from one example": (1, False),
        "blocked from a definition": (0, True),
        "blocked from one example and a definition": (1, True),
    }
    if setting.stage is Stage.READING:
        # By reading alone nothing can be judged without an example.
        del ways["blocked from a definition"]
    return [
        job("block", sets, named(one.only.name, how), partial(_block, setting, one, sets, *way))
        for one in (sets if len(sets) > 1 else ())
        for how, way in ways.items()
    ]


def _block(
    setting: Setting, one: PublicSet, sets: Sequence[PublicSet], examples: int, defined: bool
) -> Outcome:
    groups = watched(setting, one, sets)
    before = several(setting, [other for other in sets if other is not one], BEFORE, setting.seed)
    passed = ~blocked(setting, before, groups.rows).flags
    pool = setting.rows_of(one.name).pool
    profiles = [before]
    if examples or defined:
        choices = range(setting.seed, setting.seed + (setting.choices if examples else 1))
        profiles = [
            with_blocked(
                before,
                one,
                [shot.text for shot in draw(pool, one.only.name, examples, 0, choice).examples],
                defined=defined,
            )
            for choice in choices
        ]
    draws, failed = [], 0
    for profile in profiles:
        now = blocked(setting, profile, groups.rows)
        failed += now.failed
        split = groups.split(now.flags)
        new = groups.split(now.flags & passed)
        draws.append(split | {"new false blocks": np.concatenate([new[BESIDE], new[ELSEWHERE]])})
    return Outcome(shares(draws), rows=len(groups.rows), draws=len(profiles), failed=failed)


def with_blocked(profile: Profile, one: PublicSet, examples: Sequence[str], *, defined: bool) -> Profile:
    """`modcli profile block` of a set's category."""

    def change(target: Editable, shelf: Shelf) -> Change:
        told = one.only.definition if defined else ""
        return edit.block(target, shelf, one.only.name, definition=told, examples=examples)

    return edited(profile, change)


def unblock(setting: Setting) -> list[Job]:
    """Each category in turn is unblocked in a profile that blocks all of them."""
    sets = setting.among(*BINARY)
    return [
        job("unblock", sets, named(one.only.name, how), partial(_unblock, setting, one, sets, each, undone))
        for one in (sets if len(sets) > 1 else ())
        for each in BLOCKED_WITH
        for how, undone in (
            (f"blocked with {each} + {each} shots", False),
            (f"unblocked, had {each} + {each} shots", True),
        )
    ]


def _unblock(setting: Setting, one: PublicSet, sets: Sequence[PublicSet], each: int, undone: bool) -> Outcome:
    groups = watched(setting, one, sets)
    draws, failed = [], 0
    for seed in setting.seeds:
        before = several(setting, sets, each, seed)
        had = blocked(setting, before, groups.rows)
        now = blocked(setting, with_unblocked(before, one.only.name), groups.rows) if undone else had
        failed += now.failed
        split = groups.split(now.flags)
        found = {"still blocked" if undone else "blocked": split.pop(RECALL)} | split
        if undone:
            moved = groups.split(now.flags != had.flags)
            found["changed elsewhere"] = np.concatenate([moved[ELSEWHERE], moved[OTHERS]])
        draws.append(found)
    return Outcome(shares(draws), rows=len(groups.rows), draws=len(draws), failed=failed)


def with_unblocked(profile: Profile, name: str) -> Profile:
    """`modcli profile unblock` of a category."""
    return edited(profile, lambda target, shelf: edit.unblock(target, shelf, name))
