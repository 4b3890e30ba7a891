"""What an evaluation found, as values: the metrics of each category and of all, curves, mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modcli.evaluation.intervals import CONFIDENCE, Interval

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

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "roc": [[round(x, 6), round(y, 6)] for x, y in self.roc],
            "pr": [[round(x, 6), round(y, 6)] for x, y in self.pr],
            "reliability": [
                {
                    "predicted": round(one.predicted, 6),
                    "observed": one.observed.as_record(),
                    "rows": one.rows,
                    "low": round(one.low, 6),
                    "high": round(one.high, 6),
                }
                for one in self.reliability
            ],
        }


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

    def as_record(self, *, curves: bool = False) -> dict[str, Any]:
        """As a JSON object."""
        record: dict[str, Any] = {
            "threshold": _rounded(self.threshold),
            "acts": self.acts,
            "rows": self.rows,
            "positives": self.positives,
            "unknown": self.unknown,
            "confusion": asdict(self.confusion),
            "metrics": _record(self.metrics),
            "bins": self.bins,
            "binning": "equal mass",
            "calibrated_enough": self.calibrated_enough,
            "notes": list(self.notes),
        }
        return record | ({"curves": self.curves.as_record()} if curves else {})


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

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "rows": self.rows,
            "classes": list(self.classes),
            "confusion": [list(found) for found in self.confusion],
            "accuracy": self.accuracy.as_record(),
            "weighted_f1": self.weighted_f1.as_record(),
            "macro_f1": self.macro_f1.as_record(),
        }


@dataclass(frozen=True)
class MultiLabelMeasure:
    """The set of categories of a row taken as a whole, over rows of which all is known. `jaccard`: mean of shared over
    all, 1 where neither truth nor answer names any."""

    rows: int
    subset_accuracy: Interval
    hamming_loss: Interval
    jaccard: Interval

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "rows": self.rows,
            "subset_accuracy": self.subset_accuracy.as_record(),
            "hamming_loss": self.hamming_loss.as_record(),
            "jaccard": self.jaccard.as_record(),
        }


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
        """As a JSON object: categories by name, what is not defined null, figures to six places."""
        return {
            "rows": self.rows,
            "errors": self.errors,
            "categories": {one.name: one.as_record(curves=curves) for one in self.categories},
            "micro": _record(self.micro),
            "macro": _record(self.macro),
            "any_harm": self.any_harm.as_record(curves=curves) if self.any_harm else None,
            "unknown_as_not": self.unknown_as_not,
            "multi_class": self.multi_class.as_record() if self.multi_class else None,
            "multi_label": self.multi_label.as_record() if self.multi_label else None,
            "stages": {stage: round(share, 6) for stage, share in self.stages.items()},
            "seconds": round(self.seconds, 3),
            "items_per_second": _rounded(self.items_per_second),
            "confidence": CONFIDENCE,
            "resamples": self.resamples,
            "seed": self.seed,
            "notes": list(self.notes),
        }


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
        return {
            "id": self.id,
            "category": self.category,
            "truth": self.truth,
            "p": round(self.probability, 6),
            "threshold": _rounded(self.threshold),
            "text": self.text,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _record(metrics: Metrics) -> dict[str, dict[str, float] | None]:
    return {name: one.as_record() if one else None for name, one in metrics.items()}
