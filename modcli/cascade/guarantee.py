"""Promises that a cascade keeps, exactly and in finite samples, of agreement with the full judge.

A cascade is a family with one price, from 0 on: at 0 everything goes to the full judge, and the higher the price, the
more is decided early. The **loss point** of a judged item is the least price at which the cascade's decision for it is
wrong (infinite where it never is). A promise limits the share of items with a loss point at or below the price. Which
prices keep it follows from the order of the loss points in a calibration sample, whatever their distribution: see
`safe_limit`.

All of this presupposes that the items of the sample are drawn uniformly from the stream, and that nothing was fitted or
chosen with their verdicts but the price.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.exact_tails import binomial_tail

CONFIDENCE = 0.95
#: What no promise of this module says.
NOT_PROMISED = (
    "Agreement with the full judge is promised, not that it is right; and for items like those of the calibration "
    "sample: not after the profile or a model has changed, nor once the stream has."
)
#: Beyond the precision of a float.
_HALVINGS = 100


def cut_rank(count: int, share: float, confidence: float = CONFIDENCE) -> int:
    """The largest k with P(Binomial(count, share) <= k - 1) <= 1 - confidence; 0 where there is none. Raises ValueError
    where `share` is not inside of (0, 1), `confidence` not in [0.5, 1) or `count` negative."""
    _check(share, confidence)
    # A median lies next to the mean, so that no k beyond it can do.
    low, high = 0, min(count, math.ceil(count * share) + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if binomial_tail(middle - 1, count, share) <= 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def needed(share: float, confidence: float = CONFIDENCE) -> int:
    """The least count for which `cut_rank` is not 0. Raises ValueError as `cut_rank`."""
    _check(share, confidence)
    count = max(1, math.floor(math.log(1 - confidence) / math.log1p(-share)))
    while binomial_tail(0, count, share) > 1 - confidence:
        count += 1
    return count


def safe_limit(
    loss_points: NDArray[np.float64], share: float, confidence: float = CONFIDENCE
) -> float | None:
    """What the price has to stay strictly below, so that with this confidence at most `share` of all items have a loss
    point at or below it: the k-th smallest of `loss_points` (shape (items,), infinite where there is no loss), k being
    `cut_rank`. None where so few items certify nothing.

    Why: let q be where the share of losses begins to exceed `share`. A price of q or more lies below the k-th smallest
    loss point only if at most k - 1 of the sample's lie at or below q, each of which does with a probability of at least
    `share`. Of loss points that are equal, all count as lost, which is why the price stays strictly below. Raises
    ValueError for NaN and negative loss points, and as `cut_rank`."""
    points = _checked_points(loss_points)
    rank = cut_rank(len(points), share, confidence)
    return float(np.partition(points, rank - 1)[rank - 1]) if rank else None


def share_lost(loss_points: NDArray[np.float64], price: float, confidence: float = CONFIDENCE) -> float:
    """The upper bound on the share of losses at a price that was chosen **without** these loss points, by the throughput
    asked for, say; the one that `safe_limit` chose has its promise. Raises ValueError for NaN and negative points."""
    points = _checked_points(loss_points)
    return upper_bound(int((points <= price).sum()), len(points), confidence) if len(points) else 1.0


def upper_bound(found: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided upper bound on a share of which `found` of `of` were seen (Clopper and Pearson 1934, Biometrika
    26:404): the share under which so few have the probability 1 - confidence. Raises ValueError where `found` is no part
    of `of`, `of` is 0 or `confidence` is not in [0.5, 1)."""
    if not 0 <= found <= of or of == 0:
        raise ValueError(f"no share: {found} of {of}")
    _check(0.5, confidence)
    if found == of:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if binomial_tail(found, of, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(found: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided lower bound that belongs to `upper_bound`. Raises ValueError as that."""
    return 1 - upper_bound(of - found, of, confidence)


class PromiseKind(StrEnum):
    """What a promise limits."""

    #: The share of what the full judge acts on that the cascade acts on, or passes on to it.
    RECALL = "recall"
    #: The share of all items on which the cascade's action is not the full judge's.
    RISK = "risk"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise, and what a calibration sample says of it: `items` were judged in full, `positives` of them acted on
    (for `category`, where one is named), and `at_once` of those that count are lost at any price above 0. `limit` is what
    the price has to stay below, None where the sample is too small. Raises ValueError where these cannot be."""

    kind: PromiseKind
    target: float
    items: int
    positives: int
    limit: float | None
    at_once: int = 0
    confidence: float = CONFIDENCE
    category: str | None = None

    def __post_init__(self) -> None:
        _check(self.share, self.confidence)
        if not 0 <= self.positives <= self.items or not 0 <= self.at_once <= self.count:
            raise ValueError(f"no sample: {self.at_once}, {self.positives} of {self.items}")
        if (self.limit is None) != (self.count < self.needed) or (
            self.limit is not None and not self.limit >= 0
        ):
            raise ValueError(f"no limit of a price: {self.limit}, from {self.count}")

    @property
    def share(self) -> float:
        """The share of losses that is allowed."""
        return 1 - self.target if self.kind is PromiseKind.RECALL else self.target

    @property
    def count(self) -> int:
        """How many of the sample count: for a recall those acted on, for a risk all."""
        return self.positives if self.kind is PromiseKind.RECALL else self.items

    @property
    def certified(self) -> bool:
        """Whether there is a price above 0 that keeps the promise. At 0 it is kept in any case."""
        return self.limit is not None and self.limit > 0

    @property
    def needed(self) -> int:
        """How many have to count before any price above 0 can keep the promise."""
        return needed(self.share, self.confidence)

    @property
    def missing(self) -> int:
        """How many more have to count before anything can be certified; 0 where it is not for lack of them."""
        return max(0, self.needed - self.count)

    @property
    def items_missing(self) -> int | None:
        """About how many more items would have to be judged in full for that; None where the sample does not tell."""
        if self.count == self.items or not self.missing:
            return self.missing
        return math.ceil(self.missing * self.items / self.count) if self.count else None

    @property
    def best(self) -> float:
        """The best figure that this sample proves for a price just above 0: a recall at least, a risk at most."""
        lost = upper_bound(self.at_once, self.count, self.confidence) if self.count else 1.0
        return 1 - lost if self.kind is PromiseKind.RECALL else lost

    def words(self) -> str:
        """One sentence: what is guaranteed, or why nothing is and what would help."""
        if not self.certified:
            return self._why_not()
        rank = cut_rank(self.count, self.share, self.confidence)
        losing = "may lose none" if rank == 1 else f"may lose {rank - 1:,}"
        return (
            f"{self._what()}, with {_percent(self.confidence)} confidence; from {self._sample()}, "
            f"of which the cascade {losing}."
        )

    def worth_of_labels(self, factor: int = 4) -> str:
        """One sentence: what so many times as many items judged in full would buy."""
        now, then = (
            max(cut_rank(count, self.share, self.confidence) - 1, 0) / max(count, 1)
            for count in (self.count, factor * self.count)
        )
        return (
            f"{self._name()}: of {factor} times as many, the cascade may lose {_percent(then)} instead of "
            f"{_percent(now)} (never {_percent(self.share, up=True)}), so that more is decided early."
        )

    def as_record(self) -> dict[str, Any]:
        """The promise in JSON's terms; an infinite limit is the text `inf`."""
        return {
            "kind": self.kind.value,
            "category": self.category,
            "target": self.target,
            "confidence": self.confidence,
            "items": self.items,
            "positives": self.positives,
            "at_once": self.at_once,
            "limit": "inf" if self.limit == math.inf else self.limit,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Promise:
        """What `as_record` made. Raises ValueError for anything else."""
        try:
            limit = record["limit"]
            category = record["category"]
            return cls(
                kind=PromiseKind(record["kind"]),
                target=float(record["target"]),
                items=int(record["items"]),
                positives=int(record["positives"]),
                limit=None if limit is None else float(limit),
                at_once=int(record["at_once"]),
                confidence=float(record["confidence"]),
                category=None if category is None else str(category),
            )
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no promise: {error!r}") from error

    def _name(self) -> str:
        of = f" of {self.category}" if self.category is not None else ""
        return f"{self.kind.value} {_percent(self.target)}{of}"

    def _what(self) -> str:
        target = _percent(self.target)
        what = f" as {self.category}" if self.category is not None else ""
        if self.kind is PromiseKind.RECALL:
            return f"of what the full judge acts on{what}, at least {target} is acted on or passed on to it"
        return f"the action{what} differs from the full judge's on at most {target} of all items"

    def _sample(self) -> str:
        if self.kind is PromiseKind.RISK:
            return f"{self.items:,} judged in full"
        return f"{self.positives:,} acted on among {self.items:,} judged in full"

    def _why_not(self) -> str:
        recall = self.kind is PromiseKind.RECALL
        best = f"{'at least' if recall else 'at most'} {_percent(self.best, up=not recall)}"
        if self.limit is not None:
            return (
                f"{self._name()} is not certifiable: {self.at_once:,} of {self._sample()} are decided wrongly as soon as "
                f"anything is decided early; best provable is {best}."
            )
        verb = "acted on by the full judge" if recall else "judged in full"
        text = (
            f"{self._name()} is not certifiable: {self.count:,} of the sample {'was' if self.count == 1 else 'were'} "
            f"{verb}, {self.needed:,} are needed; best provable is {best}."
        )
        if self.items_missing is None:
            return f"{text} None was, so that it is unknown how many more items judged in full would do."
        about = "About " if recall else ""
        return f"{text} {about}{self.items_missing:,} more items judged in full would do."


def promise(
    kind: PromiseKind,
    target: float,
    loss_points: NDArray[np.float64],
    acted: NDArray[np.bool_],
    *,
    category: str | None = None,
    confidence: float = CONFIDENCE,
    choices: int = 1,
) -> Promise:
    """What a calibration sample says of one promise. `loss_points`, of shape (items,), are those of this kind: for a
    recall the least price at which an item is dismissed (those of items not acted on do not count), for a risk the least
    one at which its action differs. `acted`, of shape (items,), says what the full judge acts on, or acts on for
    `category`. `choices` is how many families of cascades these very rows choose between, fixed beforehand: the
    confidence is split among them (Bonferroni). Raises ValueError for NaN and negative loss points, arrays of
    different shapes, and targets and confidences that are none."""
    points = _checked_points(loss_points)
    if acted.shape != points.shape or choices < 1:
        raise ValueError(f"{acted.shape} verdicts for {points.shape} loss points, {choices} choices")
    if kind is PromiseKind.RECALL:
        points = points[acted]
    each = 1 - (1 - confidence) / choices
    share = 1 - target if kind is PromiseKind.RECALL else target
    return Promise(
        kind=kind,
        target=target,
        items=len(acted),
        positives=int(acted.sum()),
        limit=safe_limit(points, share, each),
        at_once=int((points == 0).sum()),
        confidence=each,
        category=category,
    )


@dataclass(frozen=True, slots=True)
class Guarantee:
    """Several promises that hold jointly, at one price. Raises ValueError without any.

    The price is below the limits of all, and 0 where one cannot be certified. No confidence has to be split among them.
    For the prices that break a promise are all those from some point on; hence the prices that break any of them are the
    prices that break one of them, the most delicate. A price below all limits breaks a promise only if it breaks that
    one, which its own limit excludes with its confidence (an intersection-union test: Berger 1982, Technometrics 24:295).
    The same holds of every price below, whichever way it is chosen."""

    promises: tuple[Promise, ...]

    def __post_init__(self) -> None:
        if not self.promises:
            raise ValueError("a guarantee needs a promise")

    @property
    def certified(self) -> bool:
        """Whether all promises are, so that something can be decided early."""
        return all(promise.certified for promise in self.promises)

    @property
    def confidence(self) -> float:
        """That of all promises jointly: the least of theirs."""
        return min(promise.confidence for promise in self.promises)

    @property
    def price(self) -> float:
        """The highest price at which all hold, finite; 0, so that all goes to the full judge, if one is not certified."""
        if not self.certified:
            return 0.0
        return math.nextafter(min(promise.limit or 0.0 for promise in self.promises), 0.0)

    def words(self) -> tuple[str, ...]:
        """A sentence a promise; what follows where one is not certified; and what none of them says."""
        told = [promise.words() for promise in self.promises]
        if not self.certified:
            told.append("So everything goes to the full judge.")
        return (*told, NOT_PROMISED)

    def as_record(self) -> dict[str, Any]:
        """The promises in JSON's terms."""
        return {"promises": [promise.as_record() for promise in self.promises]}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Guarantee:
        """What `as_record` made. Raises ValueError for anything else."""
        promises = record.get("promises")
        if not isinstance(promises, Sequence) or not all(isinstance(one, Mapping) for one in promises):
            raise ValueError("no guarantee: it has no list of promises")
        return cls(tuple(Promise.from_record(one) for one in promises))


def _check(share: float, confidence: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"a share or target has to be between 0 and 1, not {share}")
    if not 0.5 <= confidence < 1:
        raise ValueError(f"a confidence has to be at least 0.5 and below 1, not {confidence}")


def _checked_points(loss_points: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.asarray(loss_points, np.float64)
    if points.ndim != 1 or not (points >= 0).all():
        raise ValueError("loss points have to be a row of numbers from 0 on")
    return points


def _percent(share: float, *, up: bool = False) -> str:
    """A share in per cent, to two digits behind the point, rounded down or up so that it never says too much."""
    scaled = round(share * 10_000, 6)
    return f"{(math.ceil(scaled) if up else math.floor(scaled)) / 100:g}%"
