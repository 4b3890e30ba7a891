"""Two ways to judge: the same rows side by side, what the difference is, and whether it may be noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from modcli.errors import UsageError
from modcli.evaluation.columns import taken
from modcli.evaluation.comparison import COMPARED, CategoryComparison, Comparison, Outcome, compare
from modcli.evaluation.intervals import Interval
from modcli.evaluation.metrics import measure
from modcli.evaluation.predictions import Predictions
from tests.evaluation.test_metrics import NAN, X, one, predictions, random_predictions


def only(found: Comparison) -> CategoryComparison:
    (category,) = found.categories
    return category


def difference(found: CategoryComparison, name: str) -> Interval:
    interval = found.metrics[name].difference
    assert interval is not None
    return interval


def test_a_comparison_of_known_rows() -> None:
    truth = [1, 1, 1, 0, 0, 0, X]
    before, after = [0.9, 0.1, 0.2, 0.8, 0.1, 0.1, 0.9], [0.9, 0.7, 0.8, 0.25, 0.1, 0.6, 0.1]
    found = compare(one(truth, before), one(truth, after), resamples=50)
    category = only(found)
    assert (category.rows, category.positives) == (6, 3)
    assert (category.became_right, category.became_wrong) == (3, 1)
    assert category.p_value == category.adjusted_p == pytest.approx(binomtest(1, 4).pvalue)
    assert category.outcome is Outcome.NO_DIFFERENCE
    assert category.conclusion.startswith(
        "no difference that 6 rows can show: 3 rows became right, 1 wrong (p = 0.62)"
    )
    accuracy = category.metrics["accuracy"]
    assert (accuracy.first, accuracy.second) == pytest.approx((3 / 6, 5 / 6))
    assert difference(category, "accuracy").value == pytest.approx(2 / 6)
    assert difference(category, "recall").value == pytest.approx(2 / 3)
    assert difference(category, "auroc").value == pytest.approx(1 - 6 / 9)
    assert found.macro == category.metrics
    assert [(each.id, each.became_right) for each in found.changes] == [
        *(("r2", True), ("r1", True)),  # moved by 0.6
        *(("r3", True), ("r5", False)),
    ]


def test_each_side_is_what_measuring_it_alone_gives() -> None:
    first, second = random_predictions(200, 2), random_predictions(200, 2, seed=1)
    second = replace(second, truth=first.truth)
    found = compare(first, second, resamples=20)
    for side, alone in (("first", first), ("second", second)):
        for category, measured in zip(found.categories, measure(alone, resamples=5).categories, strict=True):
            for name in COMPARED:
                expected = measured.metrics[name]
                assert expected is not None
                assert getattr(category.metrics[name], side) == pytest.approx(expected.value)


def flipped(p: Predictions, rows: Sequence[int]) -> Predictions:
    """The same, but for the answers and probabilities of some rows."""
    probability = p.probability.copy()
    probability[rows] = 1 - probability[rows]
    return replace(p, probability=probability, fired=probability >= p.thresholds)


def many(rows: int = 200) -> Predictions:
    """Right everywhere."""
    return one([1, 0] * (rows // 2), [0.9, 0.1] * (rows // 2))


def test_what_is_clearly_better_or_worse_is_called_so() -> None:
    worse = compare(many(), flipped(many(), range(12)), resamples=50)
    assert only(worse).outcome is Outcome.WORSE
    assert only(worse).conclusion.startswith("worse: 0 rows became right, 12 wrong (p < 0.001)")
    assert "probabilities rank worse (AUROC -0." in only(worse).conclusion
    better = compare(flipped(many(), range(12)), many(), resamples=50)
    assert only(better).outcome is Outcome.BETTER
    assert only(better).conclusion.startswith("better: 12 rows became right, 0 wrong (p < 0.001)")
    assert better.any_harm is not None
    assert better.any_harm.outcome is Outcome.BETTER


def test_what_may_be_noise_is_called_so() -> None:
    found = only(compare(many(), flipped(many(), range(5)), resamples=50))
    assert found.p_value == pytest.approx(0.0625)
    assert found.outcome is Outcome.NO_DIFFERENCE
    alike = only(compare(many(), many(), resamples=50))
    assert alike.p_value == 1
    assert alike.conclusion == "no difference: every one of 200 rows is answered alike"
    assert difference(alike, "f1") == Interval(0, 0, 0)


def test_many_categories_make_a_chance_finding_likelier() -> None:
    """Six rows of one category became wrong: p = .03 alone, .06 as one of two."""
    truth, p = [[1, 0]] * 50 + [[0, 1]] * 50, [[0.9, 0.1]] * 50 + [[0.1, 0.9]] * 50
    after = [[0.2, 0.1]] * 6 + p[6:]
    category, other = compare(predictions(truth, p), predictions(truth, after), resamples=20).categories
    assert category.p_value == pytest.approx(0.03125)
    assert category.adjusted_p == pytest.approx(0.0625)
    assert other.adjusted_p == 1
    assert category.outcome is Outcome.NO_DIFFERENCE
    assert "6 wrong (p = 0.063, allowing for 2 categories)" in category.conclusion
    alone = compare(
        one([t[0] for t in truth], [q[0] for q in p]),
        one([t[0] for t in truth], [q[0] for q in after]),
        resamples=20,
    )
    assert only(alone).outcome is Outcome.WORSE


def test_the_interval_of_a_real_difference_excludes_zero() -> None:
    generator = np.random.default_rng(0)
    truth = (generator.random(600) < 0.4).astype(int)
    noise = generator.normal(size=600)
    sides = [1 / (1 + np.exp(1 - strength * truth - noise)) for strength in (1.0, 3.0)]
    first, second = (one(truth.tolist(), side.tolist()) for side in sides)
    forth, back = only(compare(first, second, resamples=200)), only(compare(second, first, resamples=200))
    for name in ("accuracy", "f1", "recall", "auroc", "auprc"):
        found, turned = difference(forth, name), difference(back, name)
        assert found.low > 0
        assert (found.value, found.low, found.high) == pytest.approx(
            (-turned.value, -turned.high, -turned.low)
        )
    assert difference(forth, "brier").high < 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 40), st.integers(1, 3), st.integers(0, 10**6), st.booleans())
def test_every_interval_holds_its_difference(rows: int, categories: int, seed: int, multi: bool) -> None:
    first = random_predictions(rows, categories, seed, multi_class=multi)
    second = random_predictions(rows, categories, seed + 1, multi_class=multi)
    found = compare(first, second, resamples=20)
    json.dumps(found.as_record(), allow_nan=False)
    each = [*found.categories, *([found.any_harm] if found.any_harm else [])]
    for metrics in (*(category.metrics for category in each), found.macro):
        for name, one_metric in metrics.items():
            if one_metric.difference is None:
                continue
            assert one_metric.first is not None
            assert one_metric.second is not None
            assert one_metric.difference.value == pytest.approx(one_metric.second - one_metric.first), name
            assert one_metric.difference.low <= one_metric.difference.value <= one_metric.difference.high


def test_rows_go_together_by_id_and_text_in_any_order() -> None:
    first = random_predictions(30, 2)
    shuffled = taken(first, np.random.default_rng(0).permutation(30))
    found = compare(first, shuffled, resamples=5)
    assert all(category.became_right == category.became_wrong == 0 for category in found.categories)
    assert found.changes == ()


def test_rows_that_repeat_go_together_by_their_order() -> None:
    first = replace(one([1, 0, 1], [0.9, 0.1, 0.8]), ids=("p", "p", "q"), texts=("same", "same", "other"))
    second = taken(first, np.array([2, 0, 1]))
    assert compare(first, second, resamples=5).changes == ()


def test_other_rows_are_refused() -> None:
    first = one([1, 0, 1], [0.9, 0.1, 0.8])
    for second, told in (
        (one([1, 0], [0.9, 0.1]), "1 only by the first, first 'r2'; 0 only by the second"),
        (replace(first, texts=("text 0", "edited", "text 2")), "1 only by the first, first 'r1'; 1 only by"),
        (one([1, 0, 1, 1], [0.9, 0.1, 0.8, 0.7]), "0 only by the first; 1 only by the second"),
    ):
        with pytest.raises(UsageError) as caught:
            compare(first, second)
        assert told in caught.value.message
        assert caught.value.hint


def test_categories_of_one_side_are_told_and_not_compared() -> None:
    first = predictions([[1, 0], [0, 1]], [[0.9, 0.1], [0.1, 0.9]])
    second = replace(first, categories=("b", "c"), thresholds=np.array([0.05, 0.5]))
    second = replace(
        second, truth=np.array([[0, 0], [1, 0]], np.int8), fired=second.probability >= second.thresholds
    )
    found = compare(first, second, resamples=20)
    assert (found.only_first, found.only_second) == (("a",), ("c",))
    category = only(found)
    assert category.name == "b"
    assert category.rows == 2
    assert (category.became_right, category.became_wrong) == (0, 1)
    # The first row is harm by a category that the second does not have.
    assert found.any_harm is not None
    assert found.any_harm.rows == 1
    assert found.notes == ("1 row is harm by the categories of one alone, and left out of any harm",)


def test_nothing_in_common() -> None:
    first = one([1, 0], [0.9, 0.1])
    found = compare(first, replace(first, categories=("z",)), resamples=5)
    assert found.categories == ()
    assert found.notes == ("the two have no category in common",)
    assert found.any_harm is not None


def test_rows_that_one_side_could_not_judge_are_left_out() -> None:
    found = compare(one([1, 0, 1], [0.9, NAN, 0.8]), one([1, 0, 1], [0.9, 0.1, NAN]), resamples=5)
    assert (found.rows, found.errors) == (1, 2)
    assert found.notes == ("2 rows could not be judged by one or both and are left out",)


def test_no_rows_and_one_row() -> None:
    nothing = compare(predictions([], []), predictions([], []))
    assert (nothing.rows, nothing.categories, nothing.any_harm) == (0, (), None)
    assert nothing.notes == ("no rows: nothing is compared",)
    single = only(compare(one([1], [0.9]), one([1], [0.1]), resamples=5))
    assert single.outcome is Outcome.NO_DIFFERENCE
    assert single.metrics["auroc"].difference is None
    unknown = only(compare(one([X], [0.9]), one([X], [0.1]), resamples=5))
    assert unknown.conclusion == "nothing to compare: there is no row of which both know the same"


def test_one_class_of_many() -> None:
    truth = [[1, 0], [0, 1], [0, 0], [X, 0]]
    p = [[0.5, 0.3]] * 4
    before = [[True, False], [True, False], [True, False], [True, False]]
    after = [[True, False], [False, True], [False, False], [False, False]]
    first = predictions(truth, p, fired=before, multi_class=True)
    second = predictions(truth, p, fired=after, multi_class=True)
    found = compare(first, second, resamples=5).one_class
    assert found is not None
    assert (found.rows, found.became_right, found.became_wrong) == (3, 2, 0)
    assert difference(found, "accuracy").value == pytest.approx(2 / 3)
    turned = replace(
        second,
        categories=("b", "a"),
        truth=second.truth[:, ::-1],
        fired=second.fired[:, ::-1],
        probability=second.probability[:, ::-1],
    )
    assert compare(first, turned, resamples=5).one_class == found
    assert compare(predictions(truth, p), predictions(truth, p), resamples=5).one_class is None


def test_only_so_many_changes_are_kept() -> None:
    found = compare(many(), flipped(many(), range(50)), resamples=1, most_changes=7)
    assert len(found.changes) == 7
    assert only(found).became_wrong == 50
    assert found.as_record()["changes"][0] == {
        "id": "r0",
        "text": "text 0",
        "category": "a",
        "truth": True,
        "first": 0.9,
        "second": 0.1,
        "became_right": False,
    }
    assert "changes" not in found.as_record(changes=False)
