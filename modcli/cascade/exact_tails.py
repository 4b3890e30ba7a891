"""Exact lower tails of the binomial and the hypergeometric distribution, for counts up to many millions.

A probability at one count comes from its deviance and Stirling's error (Loader 2000, "Fast and accurate computation of
binomial probabilities"): logarithms of factorials alone would lose eight digits at a count of millions. The other terms
of a tail follow from their ratios, as far as they matter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

#: Below this, Stirling's error is taken from the factorial itself; from here on its series is exact to a float.
_SMALL = 16


def binomial_tail(most: int, count: int, share: float) -> float:
    """P(X <= most) of a binomial X: how many of `count` have a property that each has with probability `share`. Raises
    ValueError where `count` is negative or `share` outside of [0, 1]."""
    if count < 0 or not 0 <= share <= 1:
        raise ValueError(f"no binomial distribution: count {count}, share {share}")
    if most < 0:
        return 0.0
    if most >= count or share == 0:
        return 1.0
    if share == 1:
        return 0.0
    odds = share / (1 - share)
    span = _span(count * share * (1 - share))
    if most <= count * share:
        j = np.arange(most, max(most - span, 0), -1, dtype=np.float64)
        return math.exp(_binomial_log(most, count, share)) * _series(j / ((count - j + 1) * odds))
    first = most + 1
    j = np.arange(first, min(first + span, count), dtype=np.float64)
    return 1 - math.exp(_binomial_log(first, count, share)) * _series((count - j) * odds / (j + 1))


def hypergeometric_tail(most: int, population: int, marked: int, drawn: int) -> float:
    """P(X <= most) of a hypergeometric X: how many of `drawn`, taken without replacement from a `population`, are among
    its `marked` ones. Raises ValueError where `marked` or `drawn` are no part of the population."""
    if not (0 <= marked <= population and 0 <= drawn <= population):
        raise ValueError(f"no hypergeometric distribution: {marked} and {drawn} of {population}")
    least, largest = max(0, drawn + marked - population), min(marked, drawn)
    if most < least:
        return 0.0
    if most >= largest:
        return 1.0
    mean = drawn * marked / population
    span = _span(mean * (1 - marked / population))
    rest = population - marked - drawn
    if most <= mean:
        j = np.arange(most, max(most - span, least), -1, dtype=np.float64)
        terms = _series(j * (rest + j) / ((marked - j + 1) * (drawn - j + 1)))
        return math.exp(_hypergeometric_log(most, population, marked, drawn)) * terms
    first = most + 1
    j = np.arange(first, min(first + span, largest), dtype=np.float64)
    terms = _series((marked - j) * (drawn - j) / ((j + 1) * (rest + j + 1)))
    return 1 - math.exp(_hypergeometric_log(first, population, marked, drawn)) * terms


def most_marked(population: int, drawn: int, found: int, confidence: float) -> int:
    """The exact one-sided upper bound on how many of a `population` are marked, where `found` of `drawn` were that were
    taken from it uniformly, without replacement: the largest number under which so few are not less likely than
    1 - confidence. Raises ValueError where counts are no part of each other."""
    if not 0 <= found <= drawn <= population:
        raise ValueError(f"no sample: {found} of {drawn} of {population}")
    low, high = found, population - drawn + found
    while low < high:
        middle = (low + high + 1) // 2
        if hypergeometric_tail(found, population, middle, drawn) > 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return low


def least_marked(population: int, drawn: int, found: int, confidence: float) -> int:
    """The exact one-sided lower bound that belongs to `most_marked`."""
    return population - most_marked(population, drawn, drawn - found, confidence)


def _series(ratios: NDArray[np.float64]) -> float:
    """The sum of a tail's terms, the first of which is 1, from the ratio of each to the one before."""
    return 1.0 + float(np.cumprod(ratios).sum())


def _span(variance: float) -> int:
    """How many terms of a tail matter, beginning at the mean or beyond: the others make less than 1e-20 of it
    (Bernstein's inequality)."""
    return 80 + math.ceil(12 * math.sqrt(variance))


def _binomial_log(found: int, count: int, share: float) -> float:
    """The logarithm of P(X = found), for a share inside of (0, 1)."""
    if found == 0:
        return count * math.log1p(-share)
    if found == count:
        return count * math.log(share)
    left = count - found
    return (
        _stirling_error(count)
        - _stirling_error(found)
        - _stirling_error(left)
        - _deviance(found, count * share)
        - _deviance(left, count * (1 - share))
        + 0.5 * (math.log(count / (2 * math.pi * found)) - math.log(left))
    )


def _hypergeometric_log(found: int, population: int, marked: int, drawn: int) -> float:
    """The logarithm of P(X = found), inside of the support: of three binomial probabilities, whatever their share."""
    share = drawn / population
    return (
        _binomial_log(found, marked, share)
        + _binomial_log(drawn - found, population - marked, share)
        - _binomial_log(drawn, population, share)
    )


def _stirling_error(n: int) -> float:
    """log(n!) less Stirling's approximation of it, for n >= 1."""
    if n < _SMALL:
        return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - 0.5 * math.log(2 * math.pi)
    square = n * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188) / square) / square) / square) / square) / n


def _deviance(found: float, mean: float) -> float:
    """found * log(found / mean) + mean - found, without cancellation where the two are close."""
    difference = found - mean
    if abs(difference) >= 0.1 * (found + mean):
        return found * math.log(found / mean) - difference
    v = difference / (found + mean)
    total, term, order = difference * v, 2 * found * v, 1
    while True:
        term *= v * v
        order += 2
        further = total + term / order
        if further == total:
            return total
        total = further
