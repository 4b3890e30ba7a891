"""How sure a figure is: intervals of shares and of paired differences, McNemar's test, the bootstrap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
#: Rows times resamples that a bootstrap may cost. From 300,000 rows on, fewer resamples are drawn than asked for.
ROWS_RESAMPLED = 300_000_000
#: Fewer make the ends of an interval too rough.
FEWEST_RESAMPLES = 200
#: Weights of rows held at once, as a number of values (16 MB).
_HELD = 2_000_000


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
    # The ends are exact at 0 and 1; the arithmetic is not.
    low = 0.0 if successes == 0 else min(max(centre - half, 0.0), share)
    high = 1.0 if successes == n else max(min(centre + half, 1.0), share)
    return Interval(share, low, high)


def paired_share_difference(
    only_first: int, only_second: int, n: int, confidence: float = CONFIDENCE
) -> Interval:
    """The second share less the first, of the same `n` rows, of which `only_first` have the property under the first
    alone and `only_second` under the second alone. The score interval of Tango 1998 (Statistics in Medicine 17:891).
    Raises ValueError where the counts are no part of `n`, or `n` is 0."""
    raise NotImplementedError


def mcnemar(only_first: int, only_second: int, *, mid_p: bool = False) -> float:
    """The two-sided p-value of the exact McNemar test: whether rows go one way rather than the other (binomial with
    1/2). `mid_p` counts half of the probability of what was seen (Fagerland et al. 2013, BMC Medical Research
    Methodology 13:91), which is less conservative. Raises ValueError for negative counts."""
    raise NotImplementedError


def resamples_for(rows: int, wanted: int) -> int:
    """How many resamples to draw: as many as wanted, fewer where there are very many rows."""
    if not rows:
        return 0
    return min(wanted, max(FEWEST_RESAMPLES, ROWS_RESAMPLED // rows))


def resampled_weights(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each row is in each resample with replacement, in pieces of shape (some resamples, rows)."""
    raise NotImplementedError


def percentile_interval(
    value: float, resampled: NDArray[np.float64], confidence: float = CONFIDENCE
) -> Interval:
    """The bootstrap's percentile interval around a value, of what the resamples gave; NaN are left out."""
    raise NotImplementedError


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
