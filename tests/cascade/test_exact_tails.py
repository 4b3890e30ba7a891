"""Exact tails against scipy's, and against sums of fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modcli.cascade.exact_tails import binomial_tail, hypergeometric_tail, least_marked, most_marked

#: No share of small counts is exactly one of these, so that rounding decides no tie.
CONFIDENCES = [0.5123456789, 0.8123456789, 0.9512345678, 0.9991234567]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.data())
def test_binomial_tail_is_the_sum_of_fractions(count: int, data: st.DataObject) -> None:
    most = data.draw(st.integers(-1, count + 1))
    share = data.draw(st.floats(0, 1))
    exact = Fraction(share)
    total = sum(
        math.comb(count, j) * exact**j * (1 - exact) ** (count - j) for j in range(min(most, count) + 1)
    )
    assert binomial_tail(most, count, share) == pytest.approx(float(total), rel=1e-11, abs=1e-15)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.data())
def test_hypergeometric_tail_is_the_sum_of_fractions(population: int, data: st.DataObject) -> None:
    marked, drawn = (data.draw(st.integers(0, population)) for _ in range(2))
    most = data.draw(st.integers(-1, drawn + 1))
    total = sum(
        math.comb(marked, j) * math.comb(population - marked, drawn - j) for j in range(min(most, drawn) + 1)
    )
    exact = total / math.comb(population, drawn)
    assert hypergeometric_tail(most, population, marked, drawn) == pytest.approx(exact, rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("count", [1000, 123_456, 5_000_000])
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.05, 0.5, 0.97])
@pytest.mark.parametrize("deviations", [-8, -1.7, 0, 3])
def test_binomial_tail_of_large_counts(count: int, share: float, deviations: float) -> None:
    most = round(count * share + deviations * math.sqrt(count * share * (1 - share)))
    # scipy's own precision is what limits the comparison.
    expected = stats.binom.cdf(most, count, share)
    assert binomial_tail(most, count, share) == pytest.approx(expected, rel=1e-8, abs=1e-300)


def test_binomial_tail_loses_no_digits_at_millions() -> None:
    """The figure is a sum of terms of 40 digits."""
    assert binomial_tail(39_500, 4_000_000, 0.01) == pytest.approx(0.005960776773563821, rel=1e-13)


@pytest.mark.parametrize(
    ("population", "marked", "drawn", "most"),
    [
        (10_000, 300, 500, 9),
        (1_000_000, 2_000, 4_000, 3),
        (1_000_000, 900_000, 4_000, 3_650),
        (50, 49, 49, 48),
    ],
)
def test_hypergeometric_tail_of_large_counts(population: int, marked: int, drawn: int, most: int) -> None:
    expected = stats.hypergeom.cdf(most, population, marked, drawn)
    assert hypergeometric_tail(most, population, marked, drawn) == pytest.approx(expected, rel=1e-8)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 50), st.sampled_from(CONFIDENCES), st.data())
def test_bounds_on_marked_ones_are_those_of_a_search(
    population: int, confidence: float, data: st.DataObject
) -> None:
    drawn = data.draw(st.integers(0, population))
    found = data.draw(st.integers(0, drawn))
    possible = range(found, population - drawn + found + 1)
    allowed = [
        marked
        for marked in possible
        if hypergeometric_tail(found, population, marked, drawn) > 1 - confidence
    ]
    assert most_marked(population, drawn, found, confidence) == max(allowed)
    above = [
        marked
        for marked in possible
        if 1 - hypergeometric_tail(found - 1, population, marked, drawn) > 1 - confidence + 1e-12
    ]
    assert least_marked(population, drawn, found, confidence) == min(above)


def test_a_whole_sample_leaves_nothing_open() -> None:
    assert most_marked(500, 500, 7, 0.95) == least_marked(500, 500, 7, 0.95) == 7
    assert most_marked(500, 0, 0, 0.95) == 500
    assert least_marked(500, 0, 0, 0.95) == 0


@pytest.mark.parametrize("wrong", [(-1, 0.5), (3, 1.5), (3, math.nan)])
def test_what_is_no_distribution_is_refused(wrong: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="no binomial"):
        binomial_tail(0, *wrong)
    with pytest.raises(ValueError, match="no hypergeometric"):
        hypergeometric_tail(0, 5, 6, 1)
    with pytest.raises(ValueError, match="no sample"):
        most_marked(5, 2, 3, 0.95)
