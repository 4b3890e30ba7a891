"""The same rows, and the same category, judged in two ways: what is put beside what, and how sure a difference is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from modcli.errors import UsageError
from modcli.evaluation.columns import Column
from modcli.evaluation.intervals import (
    Interval,
    paired_share_difference,
    percentile_interval,
    resampled_weights,
)
from modcli.evaluation.predictions import Predictions
from modcli.evaluation.row_findings import shown
from modcli.evaluation.scoring import answer_values, score_values
from modcli.evaluation.weighted import (
    Cells,
    Flags,
    Floats,
    Numbers,
    counts_of,
    metrics_of_counts,
    metrics_of_scores,
)

#: The metrics that are compared, by the names of `metrics.METRICS`.
COMPARED = ("accuracy", "f1", "precision", "recall", "auroc", "auprc", "brier", "calibration_error")


@dataclass(frozen=True)
class Pair:
    """A category on both sides, in the rows of which both know the same."""

    name: str
    first: Column
    second: Column

    @property
    def known(self) -> Flags:
        """Those rows, shape (rows,)."""
        return self.first.known

    def right(self) -> tuple[Flags, Flags]:
        """Which of those rows each side has right."""
        truth = self.first.truth
        return (self.first.fired == truth) & self.known, (self.second.fired == truth) & self.known

    def discordant(self) -> tuple[int, int]:
        """Rows that only the first has right, and only the second."""
        first, second = self.right()
        return int((first & ~second).sum()), int((second & ~first).sum())

    def values(self) -> tuple[dict[str, float], dict[str, float]]:
        """The metrics of each side, by name, left out those that are not defined."""
        return _values(self.first), _values(self.second)

    def interval(self, name: str, value: float, resampled: Floats) -> Interval:
        """Of a difference of a metric, that resamples give so."""
        match name:
            case "accuracy":
                return paired_share_difference(*self.discordant(), int(self.known.sum()))
            case "recall":
                of = self.first.truth & self.known
                first, second = self.first.fired & of, self.second.fired & of
                only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
                return paired_share_difference(only_first, only_second, int(of.sum()))
            case _:
                return percentile_interval(value, resampled)


def matched_rows(first: Predictions, second: Predictions) -> Numbers:
    """For each row of the first, the number of the same row of the second: by id and text and, of rows that repeat, by
    their order. Raises UsageError where the rows are not the same."""
    waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number in reversed(range(len(second))):
        waiting[second.ids[number], second.texts[number]].append(number)
    matched, alone = [], []
    for number, key in enumerate(zip(first.ids, first.texts, strict=True)):
        if found := waiting.get(key):
            matched.append(found.pop())
        else:
            alone.append(number)
    left = len(second) - len(matched)
    if alone or left:
        example = f", first {shown(first.ids[alone[0]])}" if alone else ""
        raise UsageError(
            f"the two were not judged on the same rows: {len(alone):,} only by the first{example}; "
            f"{left:,} only by the second",
            hint="judge the same file with both",
        )
    return np.array(matched, np.int64)


def pair_of(name: str, first: Column, second: Column) -> Pair:
    """A category of both sides."""
    known = first.known & second.known & (first.truth == second.truth)
    return Pair(name, replace(first, known=known), replace(second, known=known))


def resampled_differences(
    pairs: Sequence[Pair], rows: int, resamples: int, seed: int
) -> list[dict[str, Floats]]:
    """Of each pair, by metric, the second less the first in each resample, NaN where one is not defined."""
    cells = [(pair.first.cells, pair.second.cells) for pair in pairs]
    found: list[dict[str, list[Floats]]] = [{name: [] for name in COMPARED} for _ in pairs]
    for weights in resampled_weights(rows, resamples, seed):
        for one, (first, second) in zip(found, cells, strict=True):
            before, after = _weighted(first, weights), _weighted(second, weights)
            for name in COMPARED:
                one[name].append(after[name] - before[name])
    return [
        {name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in one.items()}
        for one in found
    ]


def _weighted(cells: Cells, weights: Floats) -> dict[str, Floats]:
    weighed = cells.weigh(weights)
    return metrics_of_counts(counts_of(cells, weighed)) | metrics_of_scores(cells, weighed)


def _values(column: Column) -> dict[str, float]:
    truth, p = column.truth[column.known], column.probability[column.known]
    return answer_values(truth, p, column.fired[column.known]) | score_values(truth, p)
