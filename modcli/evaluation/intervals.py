"""How sure a figure is: intervals of shares and of paired differences, McNemar's test, the bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
#: Rows times resamples that a bootstrap may cost. From 300,000 rows on, fewer than 1,000 resamples are drawn.
ROWS_RESAMPLED = 300_000_000
#: Fewer make the ends of an interval too rough.
FEWEST_RESAMPLES = 200
#: Weights of rows held at once, as a number of values (16 MB).
_HELD = 2_000_000
#: Halvings in which an end of an interval is found: beyond the precision of a float.
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends of its confidence interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero is outside: of a difference, whether there is one."""
        return self.low > 0 or self.high < 0

    def as_record(self) -> dict[str, float]:
        """`value`, `low`, `high`, to six places."""
        return {"value": round(self.value, 6), "low": round(self.low, 6), "high": round(self.high, 6)}


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of a share (Wilson 1927, JASA 22:209); unlike the bootstrap's it is right near 0 and 1.
    Raises ValueError where `n` is 0 or `successes` is no part of it."""
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"no share: {successes} of {n}")
    z, share = _z(confidence), successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At 0 and 1 the end is the share itself; the arithmetic may miss it by a rounding.
    return Interval(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share))


def paired_share_difference(
    only_first: int, only_second: int, n: int, confidence: float = CONFIDENCE
) -> Interval:
    """The second share less the first, of the same `n` rows, of which `only_first` have the property under the first
    alone and `only_second` under the second alone. The score interval of Tango 1998 (Statistics in Medicine 17:891).
    Raises ValueError where the counts are no part of `n`, or `n` is 0."""
    if min(only_first, only_second) < 0 or only_first + only_second > n or n == 0:
        raise ValueError(f"no shares: {only_first} and {only_second} of {n}")
    z, value = _z(confidence), (only_second - only_first) / n

    def score(difference: float) -> float:
        """How far the counts are from what a true difference would give, in standard deviations."""
        # The share of rows of the first kind that is most likely, given the difference: a quadratic's root.
        linear = (2 * n - only_second + only_first) * difference - only_first - only_second
        constant = -only_first * difference * (1 - difference)
        likely = (math.sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
        variance = n * (2 * likely + difference * (1 - difference))
        away = only_second - only_first - n * difference
        return away / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, away)

    low = _first_where(lambda end: score(end) <= z, -1.0, value)
    high = _first_where(lambda end: score(end) < -z, value, 1.0)
    return Interval(value, low, high)


def mcnemar(only_first: int, only_second: int, *, mid_p: bool = False) -> float:
    """The two-sided p-value of the exact McNemar test: whether rows go one way rather than the other (binomial with
    1/2). `mid_p` counts half of the probability of what was seen (Fagerland et al. 2013, BMC Medical Research
    Methodology 13:91), which is less conservative. Raises ValueError for negative counts."""
    if min(only_first, only_second) < 0:
        raise ValueError(f"no counts: {only_first} and {only_second}")
    fewer, n = min(only_first, only_second), only_first + only_second
    # Logarithms of the binomial coefficients, each from the one before.
    steps = np.log(np.arange(n, n - fewer, -1)) - np.log(np.arange(1, fewer + 1))
    logs = np.concatenate([[0.0], np.cumsum(steps)]) - n * math.log(2)
    probability = np.exp(logs)
    p = 2 * float(probability.sum()) - (float(probability[-1]) if mid_p else 0.0)
    return min(1.0, p)


def resamples_for(rows: int, wanted: int) -> int:
    """How many resamples to draw: as many as wanted, fewer where there are very many rows."""
    if not rows:
        return 0
    return min(wanted, max(FEWEST_RESAMPLES, ROWS_RESAMPLED // rows))


def notes_of_resampling(drawn: int, wanted: int) -> Iterator[str]:
    """What has to be told of how many resamples were drawn of some rows."""
    if not drawn:
        yield "no resamples were drawn: the intervals that need them have no width"
    elif drawn < wanted:
        yield f"{drawn:,} resamples instead of {wanted:,}, because there are so many rows"


def resampled_weights(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each row is in each resample with replacement, in pieces of shape (some resamples, rows). The same
    for the same rows and seed, however many resamples are drawn."""
    generator = np.random.default_rng(seed)
    at_once = max(1, _HELD // max(rows, 1))
    for start in range(0, resamples, at_once):
        yield np.stack(
            [
                np.bincount(generator.integers(rows, size=rows), minlength=rows).astype(np.float64)
                for _ in range(min(at_once, resamples - start))
            ]
        )


def percentile_interval(
    value: float, resampled: NDArray[np.float64], confidence: float = CONFIDENCE
) -> Interval:
    """The bootstrap's percentile interval (Efron 1981) of a value: between quantiles of what the resamples gave, of
    which NaN (not defined there) are left out. Without any, it is the value alone."""
    defined = resampled[~np.isnan(resampled)]
    if not len(defined):
        return Interval(value, value, value)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, min(float(low), value), max(float(high), value))


def basic_interval(
    value: float, resampled: NDArray[np.float64], confidence: float = CONFIDENCE, *, least: float = -math.inf
) -> Interval:
    """The basic bootstrap interval (Davison and Hinkley 1997, section 5.2.1): as far below the value as resamples lie
    above it, and the other way round, so that what is too high in few rows is not taken for what is. It is made to hold
    the value, and nothing below `least`."""
    turned = percentile_interval(value, 2 * value - resampled, confidence)
    return Interval(value, max(turned.low, least), turned.high)


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _first_where(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition begins to hold, which fails below and holds from there to `high`."""
    if holds(low):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return high
