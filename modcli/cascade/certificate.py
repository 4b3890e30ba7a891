"""What a finished run has missed at most, and how much of it is acted on: exact, from random samples judged in full.

Nothing is presupposed of the run, its thresholds or its stream: the items are those of the run, and chance enters only
where the sample is drawn. So its size is fixed before it is looked at, and it is drawn uniformly, without replacement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.exact_tails import hypergeometric_tail, least_marked, most_marked
from modcli.cascade.guarantee import CONFIDENCE

#: From so many of each kind on, a sum is close enough to normal for the interval of `prediction_powered`.
FEWEST_FOR_NORMAL = 20


@dataclass(frozen=True, slots=True)
class Stratum:
    """Some dismissed items, how many of them were drawn and judged in full, and how many of those are acted on."""

    dismissed: int
    sampled: int
    found: int

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.sampled <= self.dismissed:
            raise ValueError(f"no sample: {self.found} of {self.sampled} of {self.dismissed}")

    @property
    def whole(self) -> bool:
        """Whether all were judged in full, so that nothing is left to chance."""
        return self.sampled == self.dismissed


@dataclass(frozen=True, slots=True)
class Certificate:
    """A bound on what a run dismissed although the full judge acts on it. `acted` is how many of the items that were not
    dismissed the full judge acts on, as far as it was asked: each of them raises the recall.

    Strata divide the dismissed items by what was known before the sample was drawn, their scores, say. Those judged as a
    whole count as they are; the confidence is split among the others (Bonferroni), so that the best design is one sample
    of everything, or the border as a whole and one sample of the rest. Raises ValueError where counts cannot be."""

    strata: tuple[Stratum, ...]
    acted: int
    confidence: float = CONFIDENCE

    def __post_init__(self) -> None:
        if self.acted < 0 or not 0.5 <= self.confidence < 1:
            raise ValueError(f"no certificate: {self.acted} acted on, confidence {self.confidence}")

    @classmethod
    def of_sample(
        cls, dismissed: int, sampled: int, found: int, acted: int, confidence: float = CONFIDENCE
    ) -> Certificate:
        """That of one sample from all dismissed items."""
        return cls((Stratum(dismissed, sampled, found),), acted, confidence)

    @property
    def dismissed(self) -> int:
        """How many items were dismissed."""
        return sum(stratum.dismissed for stratum in self.strata)

    @property
    def sampled(self) -> int:
        """How many of them were judged in full."""
        return sum(stratum.sampled for stratum in self.strata)

    @property
    def found(self) -> int:
        """How many of those the full judge acts on."""
        return sum(stratum.found for stratum in self.strata)

    @property
    def missed(self) -> int:
        """How many of the dismissed the full judge acts on at most, those found included."""
        split = sum(not stratum.whole for stratum in self.strata)
        each = 1 - (1 - self.confidence) / max(split, 1)
        return sum(most_marked(one.dismissed, one.sampled, one.found, each) for one in self.strata)

    @property
    def recall(self) -> float:
        """The recall of the run at least; 1 where nothing is acted on."""
        return _part(self.acted, self.acted + self.missed)

    @property
    def recall_corrected(self) -> float:
        """The same, once those found are acted on, too."""
        return _part(self.acted + self.found, self.acted + self.missed)

    def words(self) -> str:
        """One sentence."""
        sure = f"{100 * self.confidence:g}% confidence"
        return (
            f"At most {self.missed:,} missed of {self.dismissed:,} dismissed, {sure} ({self.found:,} were found among "
            f"{self.sampled:,} judged in full); recall of what the full judge acts on is at least "
            f"{_floored(self.recall)}, and {_floored(self.recall_corrected)} with those found."
        )

    def as_record(self) -> dict[str, Any]:
        """The counts, and what follows from them, in JSON's terms."""
        return {
            "strata": [[one.dismissed, one.sampled, one.found] for one in self.strata],
            "acted": self.acted,
            "confidence": self.confidence,
            "missed_at_most": self.missed,
            "recall_at_least": self.recall,
            "recall_corrected_at_least": self.recall_corrected,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Certificate:
        """What `as_record` made. Raises ValueError for anything else."""
        try:
            strata = tuple(Stratum(*(int(count) for count in counts)) for counts in record["strata"])
            return cls(strata, int(record["acted"]), float(record["confidence"]))
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no certificate: {error!r}") from error


def sample_needed(dismissed: int, missed: int, confidence: float = CONFIDENCE, *, found: int = 0) -> int:
    """The size of the smallest sample of the `dismissed` that shows that at most `missed` are, if `found` of them turn up
    in it. Raises ValueError where `found` is more than `missed`, or a count is negative."""
    if not 0 <= found <= missed or dismissed < 0:
        raise ValueError(f"no sample shows at most {missed} of {dismissed} where {found} turn up")
    if missed >= dismissed:
        return found
    low, high = found, dismissed
    while low < high:
        middle = (low + high) // 2
        if hypergeometric_tail(found, dismissed, missed + 1, middle) <= 1 - confidence:
            high = middle
        else:
            low = middle + 1
    return low


def sample_for_recall(
    dismissed: int, acted: int, recall: float, confidence: float = CONFIDENCE, *, found: int = 0
) -> int:
    """The size of the smallest sample of the `dismissed` that shows this recall, where `acted` were acted on, if `found`
    turn up in it. Raises ValueError where no sample can, or `recall` is not inside of (0, 1)."""
    if not 0 < recall < 1:
        raise ValueError(f"a recall has to be between 0 and 1, not {recall}")
    # A rounding must not lose the item that just fits.
    return sample_needed(dismissed, math.floor(acted * (1 - recall) / recall + 1e-9), confidence, found=found)


@dataclass(frozen=True, slots=True)
class Prevalence:
    """The share of `items` that the full judge acts on: an estimate and its confidence interval, from `sampled` of them.
    `exact` says which kind of interval."""

    value: float
    low: float
    high: float
    items: int
    sampled: int
    exact: bool
    confidence: float = CONFIDENCE

    def words(self) -> str:
        """One sentence."""
        how = "exact" if self.exact else "prediction-powered"
        return (
            f"The full judge acts on {100 * self.value:.2f}% of {self.items:,} items ({100 * self.low:.2f}% to "
            f"{100 * self.high:.2f}%, {100 * self.confidence:g}% confidence, {how}; {self.sampled:,} judged in full)."
        )

    def as_record(self) -> dict[str, Any]:
        """The fields in JSON's terms."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "items": self.items,
            "sampled": self.sampled,
            "exact": self.exact,
            "confidence": self.confidence,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Prevalence:
        """What `as_record` made. Raises ValueError for anything else."""
        try:
            value, low, high, confidence = (
                float(record[name]) for name in ("value", "low", "high", "confidence")
            )
            items, sampled = int(record["items"]), int(record["sampled"])
            return cls(value, low, high, items, sampled, bool(record["exact"]), confidence)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no prevalence: {error!r}") from error


def prevalence(
    predicted: NDArray[np.float64],
    verdicts: NDArray[np.bool_],
    predicted_others: NDArray[np.float64],
    confidence: float = CONFIDENCE,
) -> Prevalence:
    """The share of a run's items that the full judge acts on. `predicted` are what a cheap stage says of the items of a
    uniform random sample (0 to 1, shape (sampled,)), `verdicts` what the full judge does (same shape), `predicted_others`
    what the cheap stage says of all other items (shape (others,)).

    By prediction-powered inference where the sample holds enough of each kind, items acted on and items on which the two
    disagree. Else by exact bounds from the verdicts alone: an approximation by the normal distribution makes an interval
    of next to no width out of a sample without a disagreement. Where everything acted on was judged in full and only the
    dismissed were sampled, the sample is not uniform: see `counted`. Raises ValueError for an empty sample, NaN, and what
    is outside of 0 to 1."""
    _check_predictions(predicted, verdicts, predicted_others)
    kinds = (verdicts, ~verdicts, verdicts != (predicted >= 0.5))
    if len(predicted_others) and all(kind.sum() >= FEWEST_FOR_NORMAL for kind in kinds):
        value, low, high = prediction_powered(predicted, verdicts, predicted_others, confidence)
        low, high, exact = max(low, 0.0), min(high, 1.0), False
        value = min(max(value, low), high)
    else:
        everything = Stratum(len(predicted) + len(predicted_others), len(predicted), int(verdicts.sum()))
        value, low, high = counted([everything], confidence)
        exact = True
    sampled = len(predicted)
    return Prevalence(value, low, high, sampled + len(predicted_others), sampled, exact, confidence)


def prediction_powered(
    predicted: NDArray[np.float64],
    verdicts: NDArray[np.bool_],
    predicted_others: NDArray[np.float64],
    confidence: float = CONFIDENCE,
) -> tuple[float, float, float]:
    """The prediction-powered estimate of a mean and its two-sided interval: the mean prediction, corrected by what it is
    off by on the sample (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, Science 382:669, algorithm 1), with
    predictions counted for as much as they are worth (`trust`: Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453,
    example 6.1). Arrays as in `prevalence`. Valid for samples large enough for the central limit theorem alone."""
    truth = verdicts.astype(np.float64)
    sampled, others = len(truth), len(predicted_others)
    spread = float(np.concatenate([predicted, predicted_others]).var(ddof=1))
    shared = float(((truth - truth.mean()) * (predicted - predicted.mean())).mean())
    trust = min(max(shared / ((1 + sampled / others) * spread), 0.0), 1.0) if spread > 0 else 0.0
    off = truth - trust * predicted
    value = trust * float(predicted_others.mean()) + float(off.mean())
    error = math.sqrt(trust**2 * float(predicted_others.var()) / others + float(off.var()) / sampled)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return value, value - half, value + half


def counted(groups: Sequence[Stratum], confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """The share of items acted on in groups of which samples were judged in full, and its exact two-sided interval. The
    confidence is split among both sides and the groups that were not judged as a whole. Raises ValueError where there are
    no items."""
    items = sum(group.dismissed for group in groups)
    if not items:
        raise ValueError("no items, no share")
    split = sum(not group.whole for group in groups)
    each = 1 - (1 - confidence) / (2 * max(split, 1))
    low = sum(least_marked(group.dismissed, group.sampled, group.found, each) for group in groups)
    high = sum(most_marked(group.dismissed, group.sampled, group.found, each) for group in groups)
    value = sum(group.dismissed * _part(group.found, group.sampled) for group in groups if group.sampled)
    return min(max(value, low), high) / items, low / items, high / items


def _check_predictions(
    predicted: NDArray[np.float64], verdicts: NDArray[np.bool_], others: NDArray[np.float64]
) -> None:
    if predicted.shape != verdicts.shape or predicted.ndim != 1 or others.ndim != 1 or not len(predicted):
        raise ValueError(f"no sample: {predicted.shape} predictions for {verdicts.shape} verdicts")
    for values in (predicted, others):
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError("predictions have to be numbers from 0 to 1")


def _part(some: int, of: int) -> float:
    return some / of if of else 1.0


def _floored(share: float) -> str:
    """A share in per cent, rounded down."""
    return f"{math.floor(round(share * 10_000, 6)) / 100:g}%"
