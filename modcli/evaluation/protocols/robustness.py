"""Robustness: posts that are blocked, said or written so as to get past the filter, and how many of them do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.base import Cell, Job, Outcome, Setting
from modcli.evaluation.protocols.extension import reworded
from modcli.evaluation.protocols.personalization import BEFORE, Flags, blocked, job, shares, watched
from modcli.evaluation.protocols.sets import PublicSet
from modcli.evaluation.protocols.tasks import BINARY, several
from modcli.evaluation.protocols.variations import Variation, attacks
from modcli.profile import Profile

ROBUSTNESS = "robustness"
#: Rows of each category, and draws at most: every wording is read anew with every row.
ATTACKED, ATTACK_DRAWS = 50, 4
#: What is counted: blocked posts that pass when they are varied, of all categories and of each.
FLIPPED = "flipped"


def robustness(setting: Setting) -> list[Job]:
    """Each way to get past a filter: of the posts that a profile blocks as they are, the share that it lets pass."""
    sets = setting.among(*BINARY)
    # The same for every attack, so that it is found once.
    caught = cache(partial(_caught, setting, sets))
    return [
        job(ROBUSTNESS, sets, variation.name, partial(_attack, setting, caught, variation))
        for variation in (attacks() if sets else ())
    ]


def worst(cells: Sequence[Cell]) -> list[Cell]:
    """Of the cells of this part, for each kind of attack the one of which most flips, under a name that says so."""
    kinds = {variation.name: variation.kind for variation in attacks()}
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.part == ROBUSTNESS and cell.condition in kinds and FLIPPED in cell.metrics:
            groups.setdefault(kinds[cell.condition], []).append(cell)
    found = []
    for kind, group in groups.items():
        most = max(group, key=lambda cell: np.nan_to_num(cell.metrics[FLIPPED].mean, nan=-1.0))
        found.append(replace(most, condition=f"{kind}, the worst of {len(group)}: {most.condition}", key=""))
    return found


@dataclass(frozen=True)
class _Caught:
    """A profile, and the rows of each category that it blocks as they are."""

    profile: Profile
    rows: Mapping[str, tuple[LabelledRow, ...]]


def _caught(setting: Setting, sets: Sequence[PublicSet], seed: int) -> _Caught:
    profile = several(setting, sets, BEFORE, seed)
    rows = {}
    for one in sets:
        given = watched(setting, one, sets, ATTACKED).target
        flags = blocked(setting, profile, given).flags
        rows[one.only.name] = tuple(row for row, flag in zip(given, flags, strict=True) if flag)
    return _Caught(profile, rows)


def _attack(setting: Setting, caught_by: Callable[[int], _Caught], variation: Variation) -> Outcome:
    draws, failed, most = [], 0, 0
    for seed in list(setting.seeds)[:ATTACK_DRAWS]:
        caught = caught_by(seed)
        found: dict[str, Flags] = {}
        for name, rows in caught.rows.items():
            varied = [reworded(row, variation(row.item.text, name, setting.seed)) for row in rows]
            now = blocked(setting, caught.profile, varied)
            found[f"{FLIPPED}, {name}"] = ~now.flags
            failed += now.failed
        every = np.concatenate(list(found.values()))
        most = max(most, len(every))
        draws.append({FLIPPED: every} | found)
    return Outcome(shares(draws, same_rows=False), rows=most, draws=len(draws), failed=failed)
