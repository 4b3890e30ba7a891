"""All that was ever read, judged under a profile: one matrix product, no model."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.moderator import probabilities
from modcli.cascade.preparation import plea_texts, shot_text
from modcli.errors import ModcliError
from modcli.judges.background import bank
from modcli.judges.decision import severities_by_category
from modcli.judges.judge import Evidence, Judge
from modcli.profile import Profile, Shot
from modcli.states.store import StateStore, content_key

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rejudged:
    """The contents by their keys; the severity of each one's action, each category's probability, and the severity of
    what each category brings about, all of shape (contents,). `blind` names the categories that only the profile prompt
    can judge: they are left out."""

    keys: list[bytes]
    severity: NDArray[np.int8]
    probabilities: dict[str, Floats]
    blind: tuple[str, ...]
    by_category: dict[str, NDArray[np.int8]]


def rejudge(profile: Profile, judge: Judge, store: StateStore) -> Rejudged:
    """Judge every content in the store by what was read of it. The profile prompt is not asked, not even where the
    reading is unsure. A text of several windows is as many contents, and so
    is what was read of one without a plea. Raises ModcliError where the store cannot be
    read."""
    try:
        keys, products = store.products(judge.taps, judge.columns)
    except (OSError, sqlite3.Error) as error:
        raise ModcliError(
            f"kept states cannot be read ({error})", hint="modcli cache clear states"
        ) from error
    blind = tuple(c.name for c in judge.categories if c.evidence is Evidence.DEFINITION)
    log_odds = {name: odds for name, odds in judge.readings(products).items() if name not in blind}
    found = probabilities(log_odds, profile.task)
    thresholds = {category.name: category.threshold for category in judge.categories}
    by_category = severities_by_category(profile, found, thresholds)
    severity = np.max([np.zeros(len(keys), np.int8), *by_category.values()], axis=0)
    return Rejudged(keys, severity, found, blind, by_category)


def fitted_to(*profiles: Profile) -> set[bytes]:
    """The contents that judges of the profiles are fitted to, by their keys: the background bank, what pleas are
    learned from, and all shots. They are in the store whether or not anybody posted them."""
    shots = [Shot(post) for post in bank()]
    for profile in profiles:
        shots += profile.ordinary
        for category in profile.categories:
            shots += (*category.examples, *category.counterexamples)
    own = [text for texts in plea_texts() for text in texts]
    return {content_key(text) for text in (*own, *map(shot_text, shots))}


def moved(
    before: Rejudged, after: Rejudged, *, without: Collection[bytes] = frozenset()
) -> dict[tuple[int, int], int]:
    """How many contents known to both went from one severity to another, by (before, after), unmoved ones included;
    those `without` left out."""
    old = dict(zip(before.keys, before.severity.tolist(), strict=True))
    counts: dict[tuple[int, int], int] = {}
    for key, severity in zip(after.keys, after.severity.tolist(), strict=True):
        if key in old and key not in without:
            pair = (old[key], severity)
            counts[pair] = counts.get(pair, 0) + 1
    return counts
