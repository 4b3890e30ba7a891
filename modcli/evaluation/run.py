"""Labelled rows through a moderator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modcli.evaluation.predictions import LabelledRow, Predictions
from modcli.item import Item
from modcli.judges.decision import fired_by_category
from modcli.judges.tasks import HARMFUL, as_judged
from modcli.profile import Action, Profile, Task
from modcli.verdict import Verdict

Floats = NDArray[np.float64]

#: Rows judged together: enough for full batches of the model, few enough for a progress bar to move.
_AT_ONCE = 64


class Judging(Protocol):
    """What is needed of a moderator."""

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """See `Moderator.judge`."""
        ...


def predict(
    moderator: Judging,
    profile: Profile,
    rows: Iterable[LabelledRow],
    *,
    progress: Callable[[int], None] = lambda _count: None,
) -> Predictions:
    """Judge the rows by a profile (the user's own, as the moderator was built from). `progress` is told after each
    batch how many rows were judged in it. Raises what the moderator raises."""
    judged = as_judged(profile)
    names = [category.name for category in judged.categories]
    ids: list[str] = []
    texts: list[str] = []
    stages: list[str] = []
    severity: list[int] = []
    truth: list[list[int]] = []
    probability: list[list[float]] = []
    thresholds = np.full(len(names), np.nan)
    seconds = 0.0
    waiting = iter(rows)
    while batch := list(islice(waiting, _AT_ONCE)):
        start = time.perf_counter()
        verdicts = moderator.judge([row.item for row in batch])
        seconds += time.perf_counter() - start
        for row, verdict in zip(batch, verdicts, strict=True):
            found = [verdict.categories.get(name) for name in names]
            ids.append(row.item.id)
            texts.append(row.item.text)
            stages.append("cache" if verdict.cached else verdict.stage)
            severity.append(verdict.action.severity)
            truth.append(truth_of(row, profile, judged))
            # An item in which there is nothing to read passes: it was judged, and is of no category.
            unread = 0.0 if verdict.stage == "empty" and verdict.error is None else np.nan
            probability.append([unread if one is None else one.probability for one in found])
            for column, one in enumerate(found):
                if one is not None:
                    thresholds[column] = one.threshold
        progress(len(batch))
    # What is allowed and has nothing but a definition is never judged: there is nothing to measure of it.
    kept = ~np.isnan(thresholds)
    kept_names = tuple(name for name, judged_at_all in zip(names, kept, strict=True) if judged_at_all)
    shape = (len(ids), len(names))
    p = np.array(probability, np.float64).reshape(shape)[:, kept]
    return Predictions(
        ids=tuple(ids),
        texts=tuple(texts),
        categories=kept_names,
        truth=np.array(truth, np.int8).reshape(shape)[:, kept],
        probability=p,
        fired=_fired(judged, kept_names, p, thresholds[kept]),
        thresholds=thresholds[kept],
        acts=np.array([category.action is not Action.ALLOW for category in judged.categories], bool)[kept],
        severity=np.array(severity, np.int8),
        stages=tuple(stages),
        seconds=seconds,
        multi_class=judged.task is Task.MULTI_CLASS,
    )


def truth_of(row: LabelledRow, profile: Profile, judged: Profile) -> list[int]:
    """What a row is, by the categories judged: 1, 0 or UNKNOWN each.

    Where several categories of a profile are judged as one, the row is of that one if it is of any that acts.
    """
    if (
        len(judged.categories) == 1
        and judged.categories[0].name == HARMFUL
        and HARMFUL not in profile.by_name
    ):
        acting = (category.name for category in profile.categories if category.action is not Action.ALLOW)
        return [row.truth_of(*acting)]
    return [row.truth_of(category.name) for category in judged.categories]


def _fired(
    profile: Profile, names: Sequence[str], probability: Floats, thresholds: Floats
) -> NDArray[np.bool_]:
    """What counts as found in each row, shape (rows, categories)."""
    fired = fired_by_category(
        profile,
        dict(zip(names, probability.T, strict=True)),
        dict(zip(names, thresholds.tolist(), strict=True)),
    )
    return (
        np.stack([fired[name] for name in names], axis=1) if names else np.zeros((len(probability), 0), bool)
    )
