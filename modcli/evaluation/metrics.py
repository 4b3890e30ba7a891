"""How well categories were found: the metrics of an evaluation, each with its confidence interval.

scikit-learn computes the values. Thresholds are those of the predictions and are never chosen here.

Intervals (95%): of a share of a category's rows (accuracy, precision, recall, specificity, false-positive rate)
Wilson's, and of F1 Wilson's of the Jaccard index J, of which it is a function, 2J / (1 + J): both are right for few rows
and near 0 and 1, where the bootstrap is not. Of all else the percentile bootstrap over rows, which draws the categories
of a row together. The calibration error of few rows is too high, and of resamples of them as much again: its interval
is the basic bootstrap, which allows for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from modcli.evaluation.columns import Column, column_of, harm_of, judged_rows, taken, unknown_as_not
from modcli.evaluation.intervals import (
    Interval,
    basic_interval,
    notes_of_resampling,
    percentile_interval,
    resampled_weights,
    resamples_for,
    wilson,
)
from modcli.evaluation.measurement import (
    ANY_HARM,
    ENOUGH_POSITIVES,
    METRICS,
    MICRO_METRICS,
    CategoryMeasure,
    Confusion,
    Curves,
    Measurement,
    Metrics,
    Mistake,
    MultiClassMeasure,
    MultiLabelMeasure,
    ReliabilityBin,
)
from modcli.evaluation.predictions import UNKNOWN, Predictions
from modcli.evaluation.scoring import answer_values, confusion_of, curves_of, score_values
from modcli.evaluation.weighted import (
    Cells,
    Floats,
    counts_of,
    equal_mass_bins,
    mean_of_defined,
    metrics_of_counts,
    metrics_of_scores,
    pooled,
)
from modcli.evaluation.whole_rows import ClassTally, LabelSetTally

__all__ = [
    "ANY_HARM",
    "ENOUGH_POSITIVES",
    "METRICS",
    "MICRO_METRICS",
    "CategoryMeasure",
    "Confusion",
    "Curves",
    "Measurement",
    "Metrics",
    "Mistake",
    "MultiClassMeasure",
    "MultiLabelMeasure",
    "ReliabilityBin",
    "measure",
    "worst",
]

#: With fewer positives, or other rows, an interval is itself uncertain.
_FEW = 20
#: Rows that are not positive of which one is a hundredth.
_A_HUNDRED = 100


def measure(predictions: Predictions, *, resamples: int = 1000, seed: int = 0) -> Measurement:
    """Measure what was judged. No rows, one row or one class is no error: what is not defined is None.

    Fewer resamples are drawn where there are very many rows (`intervals.resamples_for`). Memory: some hundred bytes
    for each row and category.
    """
    judged = taken(predictions, np.flatnonzero(judged_rows(predictions)))
    columns = [column_of(judged, number) for number in range(len(judged.categories))]
    harm = harm_of(judged, judged.acts)
    cells = [column.cells for column in (*columns, *([harm] if harm else []))]
    classes = ClassTally(judged) if judged.multi_class and columns else None
    sets = LabelSetTally(judged) if not judged.multi_class and len(columns) > 1 else None
    resampled, drawn = _Resampled(len(columns), len(cells)), resamples_for(len(judged), resamples)
    for weights in resampled_weights(len(judged), drawn, seed):
        resampled.add(cells, weights)
        for tally in (classes, sets):
            if tally is not None:
                tally.add(weights)
    measured = [_measured(column, resampled, number) for number, column in enumerate(columns)]
    return Measurement(
        rows=len(predictions),
        errors=len(predictions) - len(judged),
        categories=tuple(measured),
        micro=_micro(columns, measured, resampled),
        macro=_macro(measured, resampled),
        any_harm=_measured(harm, resampled, len(columns)) if harm else None,
        unknown_as_not=unknown_as_not(judged, judged.acts),
        multi_class=classes.measure() if classes else None,
        multi_label=sets.measure() if sets else None,
        stages=_shares(predictions.stages),
        seconds=predictions.seconds,
        items_per_second=len(predictions) / predictions.seconds if predictions.seconds > 0 else None,
        resamples=drawn,
        seed=seed,
        notes=tuple(_notes(len(predictions), len(judged), drawn, resamples)),
    )


def worst(predictions: Predictions, count: int) -> list[Mistake]:
    """The mistakes that were made with the most confidence, the worst first.

    Confidence is how far the probability lies from its threshold, as a share of what there is on that side of it; in a
    task of one class out of many, how far it is from the truth. Rows before later ones where it is the same.
    """
    known = (predictions.truth != UNKNOWN) & predictions.judged[:, None]
    truth = predictions.truth == 1
    rows, columns = np.nonzero(known & (truth != predictions.fired))
    p, threshold = predictions.probability[rows, columns], predictions.thresholds[columns]
    of = truth[rows, columns]
    if predictions.multi_class:
        confidence = np.abs(p - of)
    else:
        side = np.where(of, threshold, 1 - threshold)
        confidence = np.where(of, threshold - p, p - threshold) / np.maximum(side, 1e-12)
    order = np.argsort(-confidence, kind="stable")[: max(count, 0)]
    return [
        Mistake(
            id=predictions.ids[rows[one]],
            text=predictions.texts[rows[one]],
            category=predictions.categories[columns[one]],
            probability=float(p[one]),
            threshold=float(threshold[one]),
            truth=bool(of[one]),
        )
        for one in order.tolist()
    ]


class _Resampled:
    """What resamples of the rows give for each column, of which the first are the categories, and for all."""

    def __init__(self, categories: int, columns: int) -> None:
        self._categories = categories
        self._columns: list[dict[str, list[Floats]]] = [{} for _ in range(columns)]
        self._micro: dict[str, list[Floats]] = {}

    def add(self, cells: Sequence[Cells], weights: Floats) -> None:
        """Weights of shape (weightings, rows)."""
        counts = []
        for of_column, cell in zip(self._columns, cells, strict=True):
            weighed = cell.weigh(weights)
            counts.append(counts_of(cell, weighed))
            found = metrics_of_counts(counts[-1]) | metrics_of_scores(cell, weighed)
            for name, values in found.items():
                of_column.setdefault(name, []).append(values)
        if self._categories:
            for name, values in metrics_of_counts(pooled(counts[: self._categories])).items():
                self._micro.setdefault(name, []).append(values)

    def of(self, column: int, name: str) -> Floats:
        """A metric of a column, shape (resamples,)."""
        return np.concatenate(self._columns[column].get(name, [np.zeros(0)]))

    def micro(self, name: str) -> Floats:
        """A metric over all pairs of row and category."""
        return np.concatenate(self._micro.get(name, [np.zeros(0)]))

    def macro(self, name: str) -> Floats:
        """The mean of a metric over the categories in which it is defined."""
        return mean_of_defined([self.of(number, name) for number in range(self._categories)])


def _measured(column: Column, resampled: _Resampled, number: int) -> CategoryMeasure:
    truth, fired = column.truth[column.known], column.fired[column.known]
    p = column.probability[column.known]
    rows, positives = len(truth), int(truth.sum())
    table = confusion_of(truth, fired)
    values = answer_values(truth, p, fired) | score_values(truth, p)
    metrics = {
        name: _interval(name, values[name], table, resampled.of(number, name)) if name in values else None
        for name in METRICS
    }
    return CategoryMeasure(
        name=column.name,
        threshold=column.threshold,
        acts=column.acts,
        rows=rows,
        positives=positives,
        unknown=int((~column.known).sum()),
        confusion=table,
        metrics=metrics,
        curves=curves_of(truth, p),
        bins=len(np.unique(equal_mass_bins(p))),
        calibrated_enough=min(positives, rows - positives) >= ENOUGH_POSITIVES,
        notes=tuple(_notes_of(positives, rows - positives, table, metrics)),
    )


def _interval(name: str, value: float, table: Confusion, resampled: Floats) -> Interval:
    tp, fp, fn, tn = table.tp, table.fp, table.fn, table.tn
    match name:
        case "accuracy":
            return wilson(tp + tn, tp + tn + fp + fn)
        case "precision":
            return wilson(tp, tp + fp)
        case "recall":
            return wilson(tp, tp + fn)
        case "specificity":
            return wilson(tn, tn + fp)
        case "false_positive_rate":
            return wilson(fp, tn + fp)
        case "f1":
            jaccard = wilson(tp, tp + fp + fn)
            return Interval(value, *(2 * end / (1 + end) for end in (jaccard.low, jaccard.high)))
        case "calibration_error":
            return basic_interval(value, resampled, least=0.0)
        case _:
            return percentile_interval(value, resampled)


def _micro(columns: Sequence[Column], measured: Sequence[CategoryMeasure], resampled: _Resampled) -> Metrics:
    if len(measured) == 1:
        return {name: measured[0].metrics[name] for name in MICRO_METRICS}
    values: dict[str, float] = {}
    if columns:
        values = answer_values(
            np.concatenate([one.truth[one.known] for one in columns]),
            np.concatenate([one.probability[one.known] for one in columns]),
            np.concatenate([one.fired[one.known] for one in columns]),
        )
    return {
        name: percentile_interval(values[name], resampled.micro(name)) if name in values else None
        for name in MICRO_METRICS
    }


def _macro(measured: Sequence[CategoryMeasure], resampled: _Resampled) -> Metrics:
    if len(measured) == 1:
        return measured[0].metrics
    macro: dict[str, Interval | None] = dict.fromkeys(METRICS)
    for name in METRICS:
        values = [found.value for one in measured if (found := one.metrics[name]) is not None]
        if values:
            mean, resamples = float(np.mean(values)), resampled.macro(name)
            macro[name] = (
                basic_interval(mean, resamples, least=0.0)
                if name == "calibration_error"
                else percentile_interval(mean, resamples)
            )
    return macro


def _shares(stages: Sequence[str]) -> dict[str, float]:
    return {stage: stages.count(stage) / len(stages) for stage in dict.fromkeys(stages)}


def _notes(rows: int, judged: int, drawn: int, wanted: int) -> Iterator[str]:
    if not rows:
        yield "no rows: nothing is measured"
    if errors := rows - judged:
        yield f"{_rows(errors)} could not be judged and {'is' if errors == 1 else 'are'} in no metric"
    if judged:
        yield from notes_of_resampling(drawn, wanted)


def _notes_of(positives: int, negatives: int, table: Confusion, metrics: Metrics) -> Iterator[str]:
    """Why metrics are not defined, and which are to be taken with care."""
    if not positives + negatives:
        yield "it is known of no row whether it is of this category: nothing is measured"
        return
    fewer = min(positives, negatives)
    few = f"{_rows(fewer)} {'not ' if negatives < positives else ''}of it"
    if not positives:
        yield f"none of {_rows(negatives)} is of it: recall, AUROC, AUPRC and balanced accuracy are not defined"
    elif not negatives:
        yield f"every one of {_rows(positives)} is of it: specificity, AUROC, AUPRC and balanced accuracy are not defined"
    if not table.tp + table.fp:
        yield "it was never found: precision is not defined"
    if 0 < fewer < _FEW:
        yield f"only {few}: intervals are rough"
    elif positives + negatives < _FEW:
        yield f"only {_rows(positives + negatives)}: intervals are rough"
    if fewer < ENOUGH_POSITIVES:
        yield f"calibration is measured on {few}: unreliable with fewer than {ENOUGH_POSITIVES}"
    if positives and 0 < negatives < _A_HUNDRED:
        yield f"with {_rows(negatives)} not of it, recall at 1% false positives is recall without any"
    auroc = metrics["auroc"]
    if auroc is not None and auroc.low == auroc.high:
        yield "no resample ranks otherwise: the intervals of AUROC and AUPRC cannot show how far they may be off"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
