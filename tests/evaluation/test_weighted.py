"""What is computed for the bootstrap is what scikit-learn computes, whatever the rows and their weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from modcli.evaluation import weighted
from modcli.evaluation.scoring import answer_values, calibration_error, score_values
from modcli.evaluation.weighted import (
    Flags,
    Floats,
    Numbers,
    cells_of,
    counts_of,
    equal_mass_bins,
    metrics_of_counts,
    metrics_of_scores,
    pooled,
)

Rows = tuple[Flags, Floats, Flags, Flags, Numbers]


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Truth, probability, answer, whether a row is used, and its weight."""
    # Few different probabilities make ties, many make none.
    probabilities = draw(st.sampled_from([st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.floats(0, 1, width=32)]))
    drawn = draw(
        st.lists(
            st.tuples(st.booleans(), probabilities, st.booleans(), st.booleans(), st.integers(0, 3)),
            min_size=1,
            max_size=60,
        )
    )
    truth, p, fired, used, weights = zip(*drawn, strict=True)
    flags = (np.array(each, bool) for each in (truth, fired, used))
    truth_, fired_, used_ = flags
    return truth_, np.array(p, np.float64), fired_, used_, np.array(weights)


def found(truth: Flags, p: Floats, fired: Flags, used: Flags, weights: Floats) -> dict[str, float]:
    cells = cells_of(truth, p, fired, used)
    weighed = cells.weigh(weights[None, :])
    values = metrics_of_counts(counts_of(cells, weighed)) | metrics_of_scores(cells, weighed)
    return {name: float(one[0]) for name, one in values.items() if not np.isnan(one[0])}


@given(rows())
def test_with_weights_of_one_they_are_scikit_learns(drawn: Rows) -> None:
    truth, p, fired, used, _ = drawn
    expected = answer_values(truth[used], p[used], fired[used]) | score_values(truth[used], p[used])
    assert found(truth, p, fired, used, np.ones(len(p))) == pytest.approx(expected)


@given(rows())
def test_a_weight_is_a_row_so_many_times(drawn: Rows) -> None:
    truth, p, fired, used, weights = drawn
    repeated = np.repeat(np.arange(len(p)), weights * used)
    expected = answer_values(truth[repeated], p[repeated], fired[repeated])
    expected |= score_values(truth[repeated], p[repeated])
    # The bins are those of the rows as they are, not of the resample.
    expected.pop("calibration_error", None)
    values = found(truth, p, fired, used, weights.astype(np.float64))
    values.pop("calibration_error", None)
    assert values == pytest.approx(expected)


@given(rows())
def test_weights_as_scikit_learn_takes_them(drawn: Rows) -> None:
    truth, p, fired, used, counted = drawn
    weights = counted + 0.5
    values = found(truth, p, fired, used, weights)
    truth, p, fired, weights = truth[used], p[used], fired[used], weights[used]
    if not len(truth):
        assert not values
        return
    assert values["accuracy"] == pytest.approx(metrics.accuracy_score(truth, fired, sample_weight=weights))
    assert values["brier"] == pytest.approx(
        metrics.brier_score_loss(truth, p, sample_weight=weights, pos_label=True)
    )
    if truth.any() and not truth.all():
        assert values["auroc"] == pytest.approx(metrics.roc_auc_score(truth, p, sample_weight=weights))
        assert values["auprc"] == pytest.approx(
            metrics.average_precision_score(truth, p, sample_weight=weights)
        )


def test_scores_taken_together_hardly_change_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    truth = generator.random(5000) < 0.2
    p = 1 / (1 + np.exp(-generator.normal(size=5000) - 2 * truth))
    used, ones = np.ones(5000, bool), np.ones(5000)
    exact = found(truth, p, p > 0.6, used, ones)
    monkeypatch.setattr(weighted, "_LEVELS", 400)
    together = cells_of(truth, p, p > 0.6, used)
    assert len(together.levels) <= 400
    assert len(together) <= 2000
    rough = found(truth, p, p > 0.6, used, ones)
    for name in ("accuracy", "f1", "brier", "calibration_error"):
        assert rough[name] == pytest.approx(exact[name])
    for name in ("auroc", "auprc", "recall_at_1_percent_fpr"):
        assert rough[name] == pytest.approx(exact[name], abs=0.01)


def test_no_row_is_used() -> None:
    cells = cells_of(np.array([True]), np.array([0.5]), np.array([True]), np.array([False]))
    weighed = cells.weigh(np.ones((3, 1)))
    values = metrics_of_counts(counts_of(cells, weighed)) | metrics_of_scores(cells, weighed)
    assert all(one.shape == (3,) and np.isnan(one).all() for one in values.values())


def test_counts_are_pooled() -> None:
    one = cells_of(np.array([True, False]), np.array([0.9, 0.8]), np.array([True, True]), np.ones(2, bool))
    other = cells_of(np.array([True, False]), np.array([0.1, 0.2]), np.array([False] * 2), np.ones(2, bool))
    both = pooled([counts_of(cells, cells.weigh(np.array([[1.0, 3.0]]))) for cells in (one, other)])
    assert [float(each[0]) for each in (both.tp, both.fp, both.fn, both.tn)] == [1, 3, 1, 3]
    assert float(both.squared[0]) == pytest.approx(0.01 + 3 * 0.64 + 0.81 + 3 * 0.04)


@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=300), st.randoms())
def test_bins_do_not_depend_on_the_order_and_keep_ties(values: list[float], random: object) -> None:
    p = np.array(values)
    bins = equal_mass_bins(p)
    shuffled = np.random.default_rng(random.randrange(2**32)).permutation(len(p))  # type: ignore[attr-defined]
    assert np.array_equal(equal_mass_bins(p[shuffled]), bins[shuffled])
    assert all(len(set(bins[p == value])) == 1 for value in values)
    assert (np.diff(bins[np.argsort(p)]) >= 0).all()
    assert bins.max() < max(1, min(10, len(p) // 10))


def test_bins_hold_equally_many_rows() -> None:
    p = np.random.default_rng(0).permutation(1000) / 1000
    assert np.bincount(equal_mass_bins(p)).tolist() == [100] * 10
    assert np.bincount(equal_mass_bins(p[:37])).tolist() == [12, 13, 12]


def test_the_calibration_error_of_known_rows() -> None:
    """Two bins of ten rows: .1 said and 2 of 10 true, .9 said and 7 of 10 true."""
    p = np.array([0.1] * 10 + [0.9] * 10)
    truth = np.array([True] * 2 + [False] * 8 + [True] * 7 + [False] * 3)
    assert calibration_error(truth, p) == pytest.approx((0.1 + 0.2) / 2)
