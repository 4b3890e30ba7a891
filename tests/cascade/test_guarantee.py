"""Promises: against brute force, against scipy, and over thousands of made-up calibrations."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from modcli.cascade.guarantee import (
    NOT_PROMISED,
    Guarantee,
    Promise,
    PromiseKind,
    cut_rank,
    lower_bound,
    needed,
    promise,
    safe_limit,
    share_lost,
    upper_bound,
)
from tests.cascade.simulated_cascade import Population, Stream, allowed_breaks

RECALL, RISK = PromiseKind.RECALL, PromiseKind.RISK
RUNS = 2000
SHARES = st.sampled_from([0.005, 0.01, 0.05, 0.1, 0.3, 0.9])
CONFIDENCES = st.sampled_from([0.5, 0.8, 0.95, 0.99, 0.9999])
POINTS = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, math.inf]) | st.floats(0, 1), max_size=120)
quick = settings(deadline=None, max_examples=60)


def many(points: NDArray[np.float64] | list[float]) -> NDArray[np.float64]:
    return np.asarray(points, np.float64)


# The rule


@pytest.mark.parametrize(("share", "least"), [(0.1, 29), (0.05, 59), (0.02, 149), (0.01, 299), (0.005, 598)])
def test_how_many_are_needed(share: float, least: int) -> None:
    assert needed(share) == needed(1 - (1 - share)) == least
    assert (cut_rank(least - 1, share), cut_rank(least, share)) == (0, 1)


def test_ranks_of_larger_samples() -> None:
    assert [cut_rank(count, 0.05) for count in (0, 58, 59, 200, 400, 800)] == [0, 0, 1, 5, 13, 30]


@quick
@given(st.integers(0, 400), SHARES, CONFIDENCES)
def test_the_rank_is_the_largest_that_scipy_allows(count: int, share: float, confidence: float) -> None:
    tails = stats.binom.cdf(np.arange(count), count, share)
    assert cut_rank(count, share, confidence) == int((tails <= (1 - confidence) * (1 + 1e-12)).sum())


@pytest.mark.parametrize("count", [100_000, 4_000_000])
def test_the_rank_of_millions(count: int) -> None:
    rank = cut_rank(count, 0.01)
    assert stats.binom.cdf(rank - 1, count, 0.01) <= 0.05 < stats.binom.cdf(rank, count, 0.01)


@quick
@given(st.integers(0, 3000), st.integers(0, 500), SHARES, SHARES, CONFIDENCES, CONFIDENCES)
def test_more_is_allowed_with_more_rows_a_larger_share_or_less_confidence(
    count: int, more: int, share: float, other: float, confidence: float, surer: float
) -> None:
    (share, other), (confidence, surer) = sorted((share, other)), sorted((confidence, surer))
    rank = cut_rank(count, share, confidence)
    assert rank <= cut_rank(count + more, share, confidence)
    assert rank <= cut_rank(count, other, confidence)
    assert rank >= cut_rank(count, share, surer)
    assert needed(other, confidence) <= needed(share, confidence) <= needed(share, surer)
    assert (rank > 0) == (count >= needed(share, confidence))


@quick
@given(POINTS, SHARES, CONFIDENCES)
def test_the_limit_is_the_least_price_at_which_too_many_are_lost(
    points: list[float], share: float, confidence: float
) -> None:
    rank = cut_rank(len(points), share, confidence)
    limit = safe_limit(many(points), share, confidence)
    assert limit == (sorted(points)[rank - 1] if rank else None)
    for price in (price for price in points if limit is not None and price < limit):
        assert sum(point <= price for point in points) < rank


@pytest.mark.parametrize("wrong", [math.nan, -0.1, -math.inf])
def test_loss_points_that_are_none_are_refused(wrong: float) -> None:
    points = many([0.1] * 99 + [wrong])
    for refuses in (
        lambda: safe_limit(points, 0.05),
        lambda: share_lost(points, 0.05),
        lambda: promise(RISK, 0.05, points, points > 0.5),
    ):
        with pytest.raises(ValueError, match="loss points"):
            refuses()


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, math.nan])
def test_shares_that_are_none_are_refused(share: float) -> None:
    for refuses in (lambda: cut_rank(10, share), lambda: needed(share), lambda: safe_limit(many([]), share)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            refuses()


@pytest.mark.parametrize("confidence", [0.0, 0.3, 1.0, math.nan])
def test_confidences_that_are_none_are_refused(confidence: float) -> None:
    for refuses in (
        lambda: cut_rank(10, 0.1, confidence),
        lambda: needed(0.1, confidence),
        lambda: upper_bound(1, 2, confidence),
    ):
        with pytest.raises(ValueError, match="confidence"):
            refuses()


# Bounds on shares


@quick
@given(st.integers(1, 5000), st.data(), CONFIDENCES)
def test_bounds_are_those_of_clopper_and_pearson(of: int, data: st.DataObject, confidence: float) -> None:
    found = data.draw(st.integers(0, of))
    above = stats.beta.ppf(confidence, found + 1, of - found) if found < of else 1.0
    below = stats.beta.ppf(1 - confidence, found, of - found + 1) if found else 0.0
    assert upper_bound(found, of, confidence) == pytest.approx(above, abs=1e-9)
    assert lower_bound(found, of, confidence) == pytest.approx(below, abs=1e-9)


@pytest.mark.parametrize(("found", "of"), [(0, 0), (3, 2), (-1, 2)])
def test_no_share_has_no_bound(found: int, of: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        upper_bound(found, of)


def test_the_share_lost_at_a_price_that_was_given() -> None:
    points = many([0.1, 0.2, 0.2, math.inf] * 50)
    assert share_lost(points, 0.2) == upper_bound(150, 200)
    assert share_lost(points, 0.0) == upper_bound(0, 200)
    assert share_lost(many([]), 0.2) == 1.0


# Promises in words


def of_sample(
    positives: int,
    items: int = 1000,
    target: float = 0.95,
    kind: PromiseKind = RECALL,
    point: float = 0.5,
    **more: object,
) -> Promise:
    return promise(kind, target, np.full(items, point), np.arange(items) < positives, **more)  # type: ignore[arg-type]


def test_a_recall_that_is_certified() -> None:
    made = of_sample(200)
    assert (made.certified, made.limit, made.missing, made.count) == (True, 0.5, 0, 200)
    assert made.words() == (
        "of what the full judge acts on, at least 95% is acted on or passed on to it, with 95% confidence; "
        "from 200 acted on among 1,000 judged in full, of which the cascade may lose 4."
    )
    assert made.worth_of_labels() == (
        "recall 95%: of 4 times as many, the cascade may lose 3.62% instead of 2% (never 5%), so that more is "
        "decided early."
    )


def test_a_recall_of_too_few_positives() -> None:
    made = of_sample(31)
    assert (made.certified, made.limit, made.needed, made.missing) == (False, None, 59, 28)
    assert made.best == pytest.approx(0.05 ** (1 / 31))
    assert made.words() == (
        "recall 95% is not certifiable: 31 of the sample were acted on by the full judge, 59 are needed; "
        "best provable is at least 90.78%. About 904 more items judged in full would do."
    )


def test_a_recall_without_positives_promises_nothing() -> None:
    made = of_sample(0, category="spam")
    assert (made.best, made.items_missing, made.limit) == (0.0, None, None)
    assert made.words().startswith("recall 95% of spam is not certifiable: 0 of the sample were")
    assert made.words().endswith("unknown how many more items judged in full would do.")


def test_a_risk() -> None:
    made = of_sample(0, items=400, target=0.01, kind=RISK)
    assert "differs from the full judge's on at most 1% of all items" in made.words()
    assert "may lose none" in made.words()
    few = of_sample(0, items=200, target=0.01, kind=RISK, category="spam")
    assert (few.missing, few.items_missing) == (99, 99)
    # 1.487%, rounded up.
    assert "best provable is at most 1.49%. 99 more items" in few.words()


def test_what_is_lost_at_any_price_certifies_nothing() -> None:
    made = of_sample(200, point=0.0)
    assert (made.certified, made.limit, made.at_once, made.missing) == (False, 0.0, 200, 0)
    assert "200 of 200 acted on among 1,000 judged in full are decided wrongly as soon as" in made.words()
    assert Guarantee((made,)).price == 0.0


def test_choices_split_the_confidence() -> None:
    assert of_sample(100, choices=5).confidence == pytest.approx(0.99)
    assert of_sample(89, choices=5).limit is None


def test_a_whole_sample_of_one_class_is_no_error() -> None:
    assert of_sample(1000).certified
    assert not of_sample(0).certified


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 1.0},
        {"positives": 1001},
        {"limit": None},
        {"limit": -1.0},
        {"limit": math.nan},
        {"at_once": 201},
        {"confidence": 0.2},
        {"items": 100},
    ],
)
def test_what_cannot_be_a_promise_is_refused(wrong: dict[str, object]) -> None:
    fields = {**of_sample(200).as_record(), **wrong}
    with pytest.raises(ValueError, match=r"."):
        Promise.from_record(fields)


def test_shapes_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="verdicts"):
        promise(RISK, 0.1, np.zeros(4), np.zeros(5, bool))


@quick
@given(
    st.sampled_from([RECALL, RISK]),
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, math.inf]), st.booleans()), max_size=90),
    SHARES,
    CONFIDENCES,
    st.none() | st.text(max_size=5),
)
def test_promises_survive_json(
    kind: PromiseKind, rows: list[tuple[float, bool]], target: float, confidence: float, category: str | None
) -> None:
    points, acted = many([point for point, _ in rows]), np.array([yes for _, yes in rows], bool)
    made = promise(kind, target, points, acted, confidence=confidence, category=category)
    together = Guarantee((made, made))
    assert Guarantee.from_record(json.loads(json.dumps(together.as_record(), allow_nan=False))) == together
    assert made.certified == (made.limit is not None and made.limit > 0)
    # What is provable best is what decides whether anything is.
    enough = made.best >= target if kind is RECALL else made.best <= target
    assert made.certified == enough or abs(made.best - target) < 1e-9


@pytest.mark.parametrize(
    "wrong", [{}, {"promises": 3}, {"promises": []}, {"promises": ["x"]}, {"promises": [{}]}]
)
def test_what_is_no_guarantee_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"guarantee|promise"):
        Guarantee.from_record(wrong)


def test_one_promise_that_is_not_certified_sends_everything_to_the_full_judge() -> None:
    kept, failed = of_sample(200), of_sample(3, category="rare")
    both = Guarantee((kept, failed))
    assert (both.certified, both.price) == (False, 0.0)
    assert both.words() == (
        kept.words(),
        failed.words(),
        "So everything goes to the full judge.",
        NOT_PROMISED,
    )


def test_the_price_stays_below_every_limit() -> None:
    low, high, endless = (of_sample(200, point=point) for point in (0.25, 0.5, math.inf))
    price = Guarantee((high, low, endless)).price
    assert price < 0.25 == math.nextafter(price, 1)
    assert 0 < Guarantee((endless,)).price < math.inf


# Thousands of calibrations


def recall_price(population: Population, rows: NDArray[np.int64], target: float) -> float:
    made = promise(RECALL, target, population.recall_points[rows], population.acted[rows])
    return Guarantee((made,)).price


def risk_price(population: Population, rows: NDArray[np.int64], target: float) -> float:
    made = promise(RISK, target, population.risk_points[rows], population.acted[rows])
    return Guarantee((made,)).price


STREAMS = [
    pytest.param(Stream(0.03), 4000, 0.05, id="3%"),
    pytest.param(Stream(0.05, step=0.5), 2000, 0.05, id="5%, many ties"),
    pytest.param(Stream(0.01, (1.0, 1.5)), 4000, 0.1, id="1%, poor proxies"),
    pytest.param(Stream(0.02), 1500, 0.1, id="often too few"),
]


@pytest.mark.parametrize(("stream", "items", "share"), STREAMS)
def test_a_recall_is_kept(stream: Stream, items: int, share: float) -> None:
    population = Population.of(stream)
    samples = population.samples(RUNS, items, seed=1)
    prices = many([recall_price(population, rows, 1 - share) for rows in samples])
    assert prices.any()
    assert (population.recall_lost(prices) > share).mean() <= allowed_breaks(RUNS)


@pytest.mark.parametrize(("stream", "items", "share"), STREAMS)
def test_a_risk_is_kept(stream: Stream, items: int, share: float) -> None:
    population, share = Population.of(stream), share / 10
    prices = many([risk_price(population, rows, share) for rows in population.samples(RUNS, items, seed=2)])
    assert prices.any()
    assert (population.risk_lost(prices) > share).mean() <= allowed_breaks(RUNS)


def test_the_test_would_find_a_rule_that_breaks_promises() -> None:
    """The share of losses in the sample itself, which is what one would take without a bound."""
    population = Population.of(Stream(0.03))
    naive = [
        np.quantile(population.recall_points[rows][population.acted[rows]], 0.05)
        for rows in population.samples(300, 4000, seed=1)
    ]
    assert (population.recall_lost(many(naive)) > 0.05).mean() > 0.3


def test_one_more_rank_would_be_one_too_many() -> None:
    """The rule is exact, not merely safe: with continuous loss points it is broken as often as its tail says."""
    count, share = 500, 0.05
    generator = np.random.default_rng(5)
    ordered = np.sort(generator.random((20_000, count)), axis=1)
    rank = cut_rank(count, share)
    exact = stats.binom.cdf([rank - 1, rank], count, share)
    assert exact[0] <= 0.05 < exact[1]
    for at, expected in zip((rank - 1, rank), exact, strict=True):
        assert (ordered[:, at] > share).mean() == pytest.approx(expected, abs=0.006)


def test_promises_are_kept_jointly_without_splitting_the_confidence() -> None:
    """A recall, one of a category that is a third of it, and a risk: at one price."""
    population = Population.of(Stream(0.05))
    third = population.acted & (np.random.default_rng(7).random(len(population.acted)) < 1 / 3)
    prices = many(
        [
            Guarantee(
                (
                    promise(RECALL, 0.9, population.recall_points[rows], population.acted[rows]),
                    promise(RECALL, 0.9, population.recall_points[rows], third[rows], category="third"),
                    promise(RISK, 0.006, population.risk_points[rows], population.acted[rows]),
                )
            ).price
            for rows in population.samples(RUNS, 3000, seed=3)
        ]
    )
    broken = (
        (population.recall_lost(prices) > 0.1)
        | (population.recall_lost(prices, among=third) > 0.1)
        | (population.risk_lost(prices) > 0.006)
    )
    assert (prices > 0).mean() > 0.9
    assert broken.mean() <= allowed_breaks(RUNS)


def test_tiny_samples_decide_nothing_early() -> None:
    population = Population.of(Stream(0.03))
    samples = population.samples(RUNS, 200, seed=4)
    assert not any(recall_price(population, rows, 0.95) for rows in samples)


def test_loss_points_are_where_the_cascade_begins_to_be_wrong() -> None:
    """Of the made-up cascade that the tests above rely on, and it leaves the full judge little to do."""
    stream = Stream(0.03)
    items = stream.drawn(50_000, np.random.default_rng(6))
    for price in (0.001, 0.01, 0.05, 0.2):
        decided = items.decided(price)
        assert not ((decided == -1) & items.acted & (items.recall_points > price)).any()
        assert not (((decided == 1) & ~items.acted) & (items.risk_points > price)).any()
    assert (items.decided(0.05) == 0).mean() < 0.1
    assert not items.decided(0.0).any()


def test_a_second_opinion() -> None:
    """MAPIE's learn-then-test on the same rows, testing thresholds from the safest on: both keep the promise, at nearly
    the same price. The exact rule's is somewhat higher, for it needs no grid and has the exact tail."""
    control = pytest.importorskip("mapie.risk_control")
    runs, items, target = 25, 4000, 0.9
    population, grid = Population.of(Stream(0.05)), np.geomspace(0.0005, 0.5, 60)
    ours, theirs = [], []
    for rows in population.samples(runs, items, seed=8):
        # A price is one number, and so is its threshold: below it, an item is dismissed.
        score = np.where(population.acted, population.recall_points, 1.0)[rows].clip(0, 1)
        controller = control.BinaryClassificationController(
            predict_function=lambda column: np.column_stack([1 - column[:, 0], column[:, 0]]),
            risk="recall",
            target_level=target,
            confidence_level=0.95,
            list_predict_params=grid,
            fwer_method="fixed_sequence",
        )
        controller.calibrate(score[:, None], population.acted[rows].astype(int))
        # All that it calls valid are so jointly. It acts at a threshold, which therefore is not lost yet.
        theirs.append(np.nextafter(float(np.max(controller.valid_predict_params)), 0))
        ours.append(recall_price(population, rows, target))
    for prices in (ours, theirs):
        assert (population.recall_lost(many(prices)) > 1 - target).mean() <= allowed_breaks(runs)
    assert 0.8 < np.median(theirs) / np.median(ours) <= 1
