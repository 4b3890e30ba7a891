"""A made-up stream with a cascade of two noisy proxies before a full judge, for many calibrations at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.drift import DriftWatch, bets_after, wealth

#: How much of a price each stage may spend, on dismissing and on acting: the later one knows more.
SPENDS = (0.3, 1.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stream:
    """A share `prevalence` of items is acted on by the full judge. Each proxy's score is normal with variance 1, and
    higher by its `separation` for those; scores are cut to steps of `step` where one is given, so that many are equal."""

    prevalence: float = 0.03
    separations: tuple[float, float] = (2.0, 3.0)
    step: float = 0.0

    def drawn(self, items: int, generator: np.random.Generator, *, acted: bool | None = None) -> Items:
        """Random items, all of them acted on or none of them if asked for."""
        verdicts = generator.random(items) < self.prevalence if acted is None else np.full(items, acted)
        scores = generator.standard_normal((2, items)) + np.outer(self.separations, verdicts)
        if self.step:
            scores = np.floor(scores / self.step) * self.step
        odds = self.prevalence / (1 - self.prevalence)
        middle = np.array(self.separations)[:, None]
        logits = np.log(odds) + middle * scores - middle**2 / 2
        return Items(verdicts, 1 / (1 + np.exp(-logits)))


@dataclass(frozen=True)
class Items:
    """What the full judge says (shape (items,)), and each proxy's probability (shape (2, items))."""

    acted: NDArray[np.bool_]
    probabilities: Floats

    @property
    def dismissed_from(self) -> Floats:
        """The least price at which some stage would dismiss each item."""
        return np.asarray((self.probabilities / np.array(SPENDS)[:, None]).min(axis=0))

    @property
    def acted_on_from(self) -> Floats:
        """The least price at which some stage would act on each item."""
        return np.asarray(((1 - self.probabilities) / np.array(SPENDS)[:, None]).min(axis=0))

    @property
    def recall_points(self) -> Floats:
        """The loss points of a recall: where an item that is acted on is dismissed."""
        return np.where(self.acted, self.dismissed_from, np.inf)

    @property
    def risk_points(self) -> Floats:
        """The loss points of a risk: where the action differs."""
        return np.where(self.acted, self.dismissed_from, self.acted_on_from)

    def decided(self, price: float) -> NDArray[np.int8]:
        """What the cascade does at a price: -1 dismiss, 1 act, 0 ask the full judge. The first that is sure decides."""
        decisions = np.zeros(len(self.acted), np.int8)
        for probability, spend in zip(self.probabilities, SPENDS, strict=True):
            open_ = decisions == 0
            decisions[open_ & (probability <= price * spend)] = -1
            decisions[open_ & (probability > price * spend) & (1 - probability <= price * spend)] = 1
        return decisions


@dataclass(frozen=True)
class Population:
    """Many items: samples are drawn from it, so that the shares lost in it are known exactly."""

    acted: NDArray[np.bool_]
    recall_points: Floats
    risk_points: Floats

    @classmethod
    @cache
    def of(cls, stream: Stream, size: int = 400_000) -> Population:
        """The same for the same stream."""
        items = stream.drawn(size, np.random.default_rng(99))
        return cls(items.acted, items.recall_points, items.risk_points)

    def samples(self, runs: int, size: int, seed: int) -> Iterator[NDArray[np.int64]]:
        """The places of uniform random samples, each of shape (size,)."""
        generator = np.random.default_rng(seed)
        return (generator.integers(len(self.acted), size=size) for _ in range(runs))

    def recall_lost(self, prices: Floats, among: NDArray[np.bool_] | None = None) -> Floats:
        """For each price, the share lost of the items acted on, or of those named."""
        return _lost(self.recall_points[self.acted if among is None else among], prices)

    def risk_lost(self, prices: Floats) -> Floats:
        """For each price, the share of all items on which the action differs."""
        return _lost(self.risk_points, prices)


def _lost(points: Floats, prices: Floats) -> Floats:
    return np.searchsorted(np.sort(points), prices, side="right") / len(points)


def allowed_breaks(runs: int, share: float = 0.05) -> float:
    """The largest share of broken promises that chance explains: three standard deviations above what is allowed."""
    return float(share + 3 * np.sqrt(share * (1 - share) / runs))


def items_until_alarm(streams: NDArray[np.bool_], limit: float, alpha: float = 0.05) -> NDArray[np.int64]:
    """After how many audited items each of many streams (shape (items, streams)) raises a drift alarm; 0 for never."""
    bets = np.zeros((streams.shape[1], len(DriftWatch(limit).bets)))
    first = np.zeros(streams.shape[1], np.int64)
    for at, disagreed in enumerate(streams, start=1):
        bets = bets_after(bets, at, limit, disagreed)
        first[(first == 0) & (wealth(bets, at) >= 1 / alpha)] = at
        # Those go on no further: their wealth would outgrow a float.
        bets[first > 0] = 0
    return first
