"""Intervals and tests against published examples, against scipy, and by what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from modcli.evaluation.intervals import (
    FEWEST_RESAMPLES,
    Interval,
    basic_interval,
    mcnemar,
    paired_share_difference,
    percentile_interval,
    resampled_weights,
    resamples_for,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857, table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_as_published(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 10**7), st.data())
def test_wilson_holds_its_share(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    found, other = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= found.low <= found.value == successes / n <= found.high <= 1
    assert found.low == pytest.approx(1 - other.high)
    assert found.high - found.low < wilson(successes, n, 0.99).high - wilson(successes, n, 0.99).low


@pytest.mark.parametrize(
    ("calls", "arguments"),
    [
        (wilson, (0, 0)),
        (wilson, (3, 2)),
        (wilson, (-1, 2)),
        (paired_share_difference, (0, 0, 0)),
        (paired_share_difference, (2, 2, 3)),
        (paired_share_difference, (-1, 2, 3)),
        (mcnemar, (-1, 2)),
    ],
)
def test_counts_that_cannot_be(calls: object, arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"no (share|shares|counts): "):
        calls(*arguments)  # type: ignore[operator]


def test_a_paired_difference_as_published() -> None:
    """Airway hyper-responsiveness before and after transplantation: the score interval in Fagerland et al. 2014,
    Statistics in Medicine 33:2850."""
    found = paired_share_difference(1, 7, 21)
    assert (round(found.value, 3), round(found.low, 3), round(found.high, 3)) == (0.286, 0.026, 0.517)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_a_paired_difference_turns_with_its_sides(lost: int, gained: int, rest: int) -> None:
    n = lost + gained + rest
    if not n:
        return
    found, turned = paired_share_difference(lost, gained, n), paired_share_difference(gained, lost, n)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low), abs=1e-9)
    assert found.low < found.high


def test_a_paired_difference_covers_the_truth_as_often_as_it_says() -> None:
    lost, gained, n = 0.1, 0.2, 40
    drawn = np.random.default_rng(0).multinomial(n, [lost, gained, 1 - lost - gained], size=1000)
    intervals = [paired_share_difference(int(b), int(c), n) for b, c, _ in drawn]
    covered = sum(one.low <= gained - lost <= one.high for one in intervals)
    assert 930 <= covered <= 970


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test(first: int, second: int) -> None:
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(first, second) == mcnemar(second, first)
    assert mcnemar(first, second, mid_p=True) <= mcnemar(first, second)


def test_mcnemar_rarely_calls_chance_a_difference() -> None:
    drawn = np.random.default_rng(0).multinomial(200, [0.1, 0.1, 0.8], size=1000)
    called = [mcnemar(int(b), int(c)) < 0.05 for b, c, _ in drawn]
    called_mid = [mcnemar(int(b), int(c), mid_p=True) < 0.05 for b, c, _ in drawn]
    assert 10 <= sum(called) <= sum(called_mid) <= 65


def test_mcnemar_of_very_many_rows() -> None:
    assert mcnemar(250_000, 251_000) == pytest.approx(binomtest(250_000, 501_000).pvalue, rel=1e-6)
    assert mcnemar(0, 1_000_000) == 0.0


def test_fewer_resamples_of_very_many_rows() -> None:
    assert [resamples_for(rows, 1000) for rows in (0, 1, 300_000, 1_000_000, 10**9)] == [
        *(0, 1000, 1000),
        *(300, FEWEST_RESAMPLES),
    ]
    assert resamples_for(10**9, 50) == 50


def test_each_resample_draws_as_many_rows_as_there_are() -> None:
    weights = np.concatenate(list(resampled_weights(300_000, 8, seed=1)))
    assert weights.shape == (8, 300_000)
    assert set(weights.sum(axis=1)) == {300_000.0}
    assert len({tuple(row[:50]) for row in weights}) == 8
    again = np.concatenate(list(resampled_weights(300_000, 3, seed=1)))
    assert np.array_equal(again, weights[:3])
    other = np.concatenate(list(resampled_weights(300_000, 3, seed=2)))
    assert not np.array_equal(other, again)


def test_a_percentile_interval_leaves_out_what_is_not_defined() -> None:
    resampled = np.array([*np.arange(101.0), *[np.nan] * 50])
    found = percentile_interval(50.0, resampled)
    assert (found.value, found.low, found.high) == pytest.approx((50.0, 2.5, 97.5))
    assert percentile_interval(0.0, resampled) == Interval(0.0, 0.0, 97.5)  # the value is always inside
    assert percentile_interval(0.5, np.full(3, np.nan)) == Interval(0.5, 0.5, 0.5)


def test_a_basic_interval_allows_for_what_resampling_adds() -> None:
    resampled = np.arange(101.0)
    found = basic_interval(10.0, resampled)
    assert (found.low, found.high) == pytest.approx((-77.5, 17.5))
    assert basic_interval(10.0, resampled, least=0.0).low == 0
    assert basic_interval(1.0, np.full(3, 5.0)) == Interval(1.0, -3.0, 1.0)
    assert basic_interval(1.0, np.zeros(0)) == Interval(1.0, 1.0, 1.0)


def test_zero_inside_and_outside() -> None:
    assert Interval(1, 0.5, 2).excludes_zero
    assert Interval(-1, -2, -0.5).excludes_zero
    assert not Interval(1, 0.0, 2).excludes_zero
    assert Interval(1 / 3, 0, 1).as_record() == {"value": 0.333333, "low": 0, "high": 1}
