"""How well categories were found: the metrics of an evaluation, each with its confidence interval.

scikit-learn computes the values. Thresholds are those of the predictions and are never chosen here.

Intervals (95%): of a share of rows (accuracy, precision, recall, specificity, false-positive rate) Wilson's, and of F1
Wilson's of the Jaccard index J, of which it is a function, 2J / (1 + J); of all else the percentile bootstrap over
rows, which draws the categories of a row together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modcli.evaluation.intervals import Interval
from modcli.evaluation.predictions import Predictions

#: The metrics of a category by their stable names, in the order in which they are shown.
METRICS = (
    *("accuracy", "balanced_accuracy", "precision", "recall", "specificity", "false_positive_rate", "f1"),
    *("auroc", "auprc", "recall_at_1_percent_fpr", "brier", "calibration_error"),
)
#: The metrics that are pooled over categories; means over categories are of all of METRICS.
MICRO_METRICS = ("accuracy", "precision", "recall", "specificity", "false_positive_rate", "f1", "brier")
#: The name of the measure of all categories that act, as one.
ANY_HARM = "any harm"
#: With fewer positives a calibration error says little.
ENOUGH_POSITIVES = 50

Metrics = Mapping[str, Interval | None]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by what they are and what was found: true and false, positives and negatives."""

    tp: int
    fp: int
    fn: int
    tn: int


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows of like probability: their mean probability, the share of positives among them, how many they are, and the
    lowest and highest probability."""

    predicted: float
    observed: Interval
    rows: int
    low: float
    high: float


@dataclass(frozen=True)
class Curves:
    """Points to draw, at most some 200 a curve. `roc`: (false-positive rate, recall), rising. `pr`: (recall,
    precision), rising. Empty where they are not defined."""

    roc: tuple[tuple[float, float], ...] = ()
    pr: tuple[tuple[float, float], ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()


@dataclass(frozen=True)
class CategoryMeasure:
    """One category, or any harm. `threshold` is None for any harm, which has several.

    `rows` were used, of which `positives` are of the category; `unknown` were left out because nobody said. `metrics`
    has all names of METRICS, None where a metric is not defined; `notes` say why, and what is to be taken with care.
    `calibrated_enough`: there are enough rows of both kinds for the calibration error to mean something.
    """

    name: str
    threshold: float | None
    acts: bool
    rows: int
    positives: int
    unknown: int
    confusion: Confusion
    metrics: Metrics
    curves: Curves
    bins: int
    calibrated_enough: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MultiClassMeasure:
    """A task in which a row is of one class or of none. `classes` end with "none"; `confusion[truth][found]`. Used are
    the rows with one known class or none; F1 is a mean over the classes, weighted by rows or plain."""

    rows: int
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    accuracy: Interval
    weighted_f1: Interval
    macro_f1: Interval


@dataclass(frozen=True)
class MultiLabelMeasure:
    """The set of categories of a row taken as a whole, over rows of which all is known. `jaccard`: mean of shared over
    all, 1 where neither truth nor answer names any."""

    rows: int
    subset_accuracy: Interval
    hamming_loss: Interval
    jaccard: Interval


@dataclass(frozen=True)
class Measurement:
    """All that was measured. `errors` rows could not be judged and are in no metric. `stages`: the share of rows that
    each stage decided. `any_harm` is None where no category acts; its `unknown_as_not` rows have a category that acts
    of which nobody said, and count as harmless because none of the others is known to apply."""

    rows: int
    errors: int
    categories: tuple[CategoryMeasure, ...]
    micro: Metrics
    macro: Metrics
    any_harm: CategoryMeasure | None
    unknown_as_not: int
    multi_class: MultiClassMeasure | None
    multi_label: MultiLabelMeasure | None
    stages: Mapping[str, float]
    seconds: float
    items_per_second: float | None
    resamples: int
    seed: int
    notes: tuple[str, ...] = ()

    def as_record(self, *, curves: bool = False) -> dict[str, Any]:
        """As a JSON object."""
        raise NotImplementedError


def measure(predictions: Predictions, *, resamples: int = 1000, seed: int = 0) -> Measurement:
    """Measure what was judged. No rows, one row or one class is no error: what is not defined is None."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row and a category of which it was wrongly found to be, or not to be. `truth`: whether it is."""

    id: str
    text: str
    category: str
    probability: float
    threshold: float
    truth: bool

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        raise NotImplementedError


def worst(predictions: Predictions, count: int) -> list[Mistake]:
    """The mistakes that were made with the most confidence, the worst first."""
    raise NotImplementedError
