"""Certificates of finished runs, and prevalence: against brute force and ppi-python, and over thousands of runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.cascade.certificate import (
    FEWEST_FOR_NORMAL,
    Certificate,
    Prevalence,
    Stratum,
    counted,
    prediction_powered,
    prevalence,
    sample_for_recall,
    sample_needed,
)
from tests.cascade.simulated_cascade import allowed_breaks

RUNS = 3000


def test_a_certificate_in_words() -> None:
    made = Certificate.of_sample(9412, sampled=1000, found=2, acted=420)
    assert (made.dismissed, made.sampled, made.found, made.missed) == (9412, 1000, 2, 56)
    assert made.recall == 420 / 476
    assert made.recall_corrected == 422 / 476
    assert made.words() == (
        "At most 56 missed of 9,412 dismissed, 95% confidence (2 were found among 1,000 judged in full); recall of "
        "what the full judge acts on is at least 88.23%, and 88.65% with those found."
    )


@pytest.mark.parametrize(
    ("strata", "missed"),
    [
        ((), 0),
        ((Stratum(0, 0, 0),), 0),
        ((Stratum(300, 0, 0),), 300),
        ((Stratum(300, 300, 4),), 4),
        # A border judged as a whole costs no confidence.
        ((Stratum(300, 300, 4), Stratum(9000, 900, 0)), 4 + Certificate.of_sample(9000, 900, 0, 1).missed),
        # Two samples do.
        (
            (Stratum(500, 100, 1), Stratum(500, 100, 0)),
            Certificate.of_sample(500, 100, 1, 1, 0.975).missed
            + Certificate.of_sample(500, 100, 0, 1, 0.975).missed,
        ),
    ],
)
def test_strata(strata: tuple[Stratum, ...], missed: int) -> None:
    assert Certificate(strata, acted=10).missed == missed


def test_recall_where_nothing_is_acted_on() -> None:
    assert Certificate.of_sample(100, 100, 0, acted=0).recall == 1.0
    assert Certificate.of_sample(100, 10, 0, acted=0).recall == 0.0


@settings(deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 300)] * 3), max_size=3),
    st.integers(0, 99),
    st.sampled_from([0.8, 0.95]),
)
def test_certificates_survive_json(counts: list[tuple[int, int, int]], acted: int, confidence: float) -> None:
    strata = tuple(
        Stratum(large, middle, small) for small, middle, large in (sorted(three) for three in counts)
    )
    made = Certificate(strata, acted, confidence)
    assert Certificate.from_record(json.loads(json.dumps(made.as_record(), allow_nan=False))) == made
    assert made.found <= made.missed <= made.dismissed
    assert made.recall <= made.recall_corrected <= 1


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"strata": 3, "acted": 1, "confidence": 0.9},
        {"strata": [[1]], "acted": 1, "confidence": 0.9},
        {"strata": [[1, 2, 3]], "acted": 1, "confidence": 0.9},
        {"strata": [], "acted": -1, "confidence": 0.9},
        {"strata": [], "acted": 1, "confidence": float("nan")},
    ],
)
def test_what_is_no_certificate_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no (certificate|sample)"):
        Certificate.from_record(wrong)


@settings(deadline=None)
@given(st.integers(0, 150), st.integers(0, 20), st.integers(0, 3))
def test_the_smallest_sample_is_that_of_a_search(dismissed: int, missed: int, found: int) -> None:
    found = min(found, missed)
    needed = sample_needed(dismissed, missed, found=found)
    if missed >= dismissed:
        assert needed == found
        return
    sizes = range(found, dismissed + 1)
    assert needed == next(
        size for size in sizes if Certificate.of_sample(dismissed, size, found, 0).missed <= missed
    )


def test_the_smallest_sample_for_a_recall() -> None:
    size = sample_for_recall(10_000, acted=190, recall=0.95)
    assert Certificate.of_sample(10_000, size, 0, 190).recall >= 0.95
    assert Certificate.of_sample(10_000, size - 1, 0, 190).recall < 0.95
    assert sample_for_recall(10_000, acted=0, recall=0.95) == 9500
    with pytest.raises(ValueError, match="recall"):
        sample_for_recall(10, 1, 1.0)
    with pytest.raises(ValueError, match="turn up"):
        sample_for_recall(10_000, acted=19, recall=0.95, found=2)


@pytest.mark.parametrize(
    ("dismissed", "missed", "sampled"), [(20_000, 60, 1000), (3000, 40, 400), (50, 3, 30), (900, 450, 9)]
)
def test_a_certificate_is_right_often_enough(dismissed: int, missed: int, sampled: int) -> None:
    found = np.random.default_rng(1).hypergeometric(missed, dismissed - missed, sampled, RUNS)
    bounds = {x: Certificate.of_sample(dismissed, sampled, x, 0).missed for x in set(found.tolist())}
    assert np.mean([bounds[x] < missed for x in found.tolist()]) <= allowed_breaks(RUNS)


def test_a_certificate_of_strata_is_right_often_enough() -> None:
    """The border as a whole, and two samples; a sum of two bounds."""
    sizes, missed, sampled = (400, 2000, 8000), (25, 30, 20), (400, 300, 400)
    generator = np.random.default_rng(2)
    found = np.stack(
        [
            generator.hypergeometric(bad, size - bad, drawn, RUNS)
            for size, bad, drawn in zip(sizes, missed, sampled, strict=True)
        ]
    )
    wrong = sum(
        Certificate(
            tuple(Stratum(*counts) for counts in zip(sizes, sampled, run.tolist(), strict=True)), 1
        ).missed
        < sum(missed)
        for run in found[:, :500].T
    )
    assert wrong / 500 <= allowed_breaks(500)


# Prevalence


def made_up(seed: int, sampled: int, others: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    verdicts = generator.random(sampled + others) < 0.1
    logits = generator.standard_normal(sampled + others) + 4 * verdicts - 3
    predicted = 1 / (1 + np.exp(-logits))
    return predicted[:sampled], verdicts[:sampled], predicted[sampled:]


def test_prediction_powered_inference_is_that_of_ppi_python() -> None:
    oracle = pytest.importorskip("ppi_py")
    for seed, sampled, others in ((0, 300, 4000), (1, 80, 60), (2, 1000, 100_000)):
        predicted, verdicts, rest = made_up(seed, sampled, others)
        value, low, high = prediction_powered(predicted, verdicts, rest, 0.9)
        theirs = oracle.ppi_mean_ci(verdicts.astype(float), predicted, rest, alpha=0.1)
        assert (low, high) == pytest.approx((theirs[0].item(), theirs[1].item()), abs=1e-12)
        assert value == pytest.approx(
            oracle.ppi_mean_pointestimate(verdicts.astype(float), predicted, rest).item(), abs=1e-12
        )


def test_prediction_powered_inference_by_hand() -> None:
    """The figures are ppi-python's (0.2.3), for where it is not installed."""
    predicted, rest = np.array([0.9, 0.8, 0.3, 0.2, 0.1, 0.6]), np.array([0.1, 0.2, 0.7, 0.05])
    verdicts = np.array([True, True, False, False, False, False])
    figures = (0.22910521140609635, -0.08027717299243164, 0.5384875958046244)
    assert prediction_powered(predicted, verdicts, rest) == pytest.approx(figures, abs=1e-12)


def test_predictions_that_say_nothing_are_not_trusted() -> None:
    predicted, verdicts, rest = made_up(3, 400, 1000)
    flat = prediction_powered(np.full(400, 0.5), verdicts, np.full(1000, 0.5))
    assert flat[0] == pytest.approx(verdicts.mean())
    value, low, high = prediction_powered(predicted, verdicts, rest)
    assert low < value < high
    assert high - low < flat[2] - flat[1]


def test_a_sample_without_a_disagreement_gives_an_exact_interval() -> None:
    predicted = np.repeat([0.0, 1.0], [290, 10])
    made = prevalence(predicted, predicted > 0.5, np.repeat([0.0, 1.0], [9400, 300]))
    assert made.exact
    # As Clopper and Pearson's, of a finite population. The normal approximation sees no error of the predictions.
    assert made.words() == (
        "The full judge acts on 3.33% of 10,000 items (1.64% to 6.00%, 95% confidence, exact; 300 judged in full)."
    )


def test_what_was_acted_on_and_judged_in_full_leaves_only_the_dismissed_open() -> None:
    value, low, high = counted([Stratum(100, 100, 90), Stratum(9900, 900, 1)])
    assert value == (90 + 11) / 10_000
    certificate = Certificate.of_sample(9900, 900, 1, 90, confidence=0.975)
    assert high == (90 + certificate.missed) / 10_000
    assert low == 91 / 10_000


def test_many_disagreements_give_a_prediction_powered_interval() -> None:
    predicted, verdicts, rest = made_up(4, 2000, 20_000)
    assert (verdicts != (predicted >= 0.5)).sum() >= FEWEST_FOR_NORMAL
    made = prevalence(predicted, verdicts, rest)
    assert not made.exact
    assert (made.items, made.sampled) == (22_000, 2000)
    assert (made.value, made.low, made.high) == prediction_powered(predicted, verdicts, rest)
    assert Prevalence.from_record(json.loads(json.dumps(made.as_record(), allow_nan=False))) == made


def test_a_whole_run_judged_in_full_leaves_no_interval() -> None:
    predicted, verdicts, _ = made_up(5, 200, 0)
    made = prevalence(predicted, verdicts, np.zeros(0))
    assert made.low == made.value == made.high == verdicts.mean()


@pytest.mark.parametrize(
    ("predicted", "verdicts", "others"),
    [([], [], [0.5]), ([0.5], [True, False], [0.5]), ([np.nan], [True], [0.5]), ([0.5], [True], [1.5])],
)
def test_no_sample_has_no_prevalence(
    predicted: list[float], verdicts: list[bool], others: list[float]
) -> None:
    with pytest.raises(ValueError, match=r"no sample|predictions"):
        prevalence(np.array(predicted, float), np.array(verdicts, bool), np.array(others, float))
    with pytest.raises(ValueError, match="no items"):
        counted([])
    with pytest.raises(ValueError, match="no prevalence"):
        Prevalence.from_record({"value": None})


@pytest.mark.parametrize(
    ("share", "shift", "sampled", "exact"),
    [
        pytest.param(0.02, 5.0, 300, True, id="rare, good predictions"),
        pytest.param(0.01, 2.0, 100, True, id="rare, poor predictions"),
        pytest.param(0.1, 3.0, 800, False, id="frequent"),
    ],
)
def test_an_interval_of_prevalence_is_right_often_enough(
    share: float, shift: float, sampled: int, exact: bool
) -> None:
    runs, items = 600, 5000
    generator = np.random.default_rng(7)
    verdicts = generator.random(items) < share
    predicted = 1 / (1 + np.exp(-(generator.standard_normal(items) + shift * verdicts - shift / 2)))
    wrong, kinds = 0, 0
    for _ in range(runs):
        order = generator.permutation(items)
        drawn, others = order[:sampled], order[sampled:]
        made = prevalence(predicted[drawn], verdicts[drawn], predicted[others])
        wrong += not made.low - 1e-12 <= verdicts.mean() <= made.high + 1e-12
        kinds += made.exact
    assert wrong / runs <= allowed_breaks(runs)
    assert (kinds > runs / 2) == exact
