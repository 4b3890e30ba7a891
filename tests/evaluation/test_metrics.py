"""What is measured of predictions: known values, what is not defined, and what intervals promise."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from modcli.evaluation.intervals import Interval
from modcli.evaluation.metrics import METRICS, MICRO_METRICS, Confusion, measure, worst
from modcli.evaluation.predictions import UNKNOWN, Predictions

X = UNKNOWN
NAN = math.nan


def predictions(
    truth: Sequence[Sequence[int]],
    probability: Sequence[Sequence[float]],
    *,
    thresholds: Sequence[float] | None = None,
    acts: Sequence[bool] | None = None,
    fired: Sequence[Sequence[bool]] | None = None,
    multi_class: bool = False,
    seconds: float = 0.0,
    stages: Sequence[str] | None = None,
) -> Predictions:
    rows, categories = len(truth), len(truth[0]) if truth else 0
    p = np.array(probability, np.float64).reshape(rows, categories)
    held = np.full(categories, 0.5) if thresholds is None else np.array(thresholds)
    return Predictions(
        ids=tuple(f"r{number}" for number in range(rows)),
        texts=tuple(f"text {number}" for number in range(rows)),
        categories=tuple("abcdefg"[:categories]),
        truth=np.array(truth, np.int8).reshape(rows, categories),
        probability=p,
        fired=p >= held if fired is None else np.array(fired, bool),
        thresholds=held,
        acts=np.ones(categories, bool) if acts is None else np.array(acts),
        severity=np.zeros(rows, np.int8),
        stages=tuple(stages or ["reading"] * rows),
        seconds=seconds,
        multi_class=multi_class,
    )


def one(truth: Sequence[int], probability: Sequence[float], **options: object) -> Predictions:
    return predictions([[t] for t in truth], [[p] for p in probability], **options)  # type: ignore[arg-type]


def random_predictions(rows: int, categories: int, seed: int = 0, **options: object) -> Predictions:
    generator = np.random.default_rng(seed)
    truth = (generator.random((rows, categories)) < 0.3).astype(int)
    p = 1 / (1 + np.exp(1 - generator.normal(size=truth.shape) - 2 * truth))
    truth[generator.random(truth.shape) < 0.1] = UNKNOWN
    return predictions(truth.tolist(), p.tolist(), **options)  # type: ignore[arg-type]


def value(found: Interval | None) -> float:
    assert found is not None
    assert found.low <= found.value <= found.high
    return found.value


def test_a_category_of_known_rows() -> None:
    found = measure(one([1, 1, 1, 0, 0, 0, 0, X], [0.9, 0.8, 0.1, 0.7, 0.2, 0.1, 0.05, 0.99]), resamples=50)
    (category,) = found.categories
    assert (category.name, category.threshold, category.acts) == ("a", 0.5, True)
    assert (category.rows, category.positives, category.unknown) == (7, 3, 1)
    assert category.confusion == Confusion(tp=2, fp=1, fn=1, tn=3)
    expected = {
        "accuracy": 5 / 7,
        "balanced_accuracy": (2 / 3 + 3 / 4) / 2,
        "precision": 2 / 3,
        "recall": 2 / 3,
        "specificity": 3 / 4,
        "false_positive_rate": 1 / 4,
        "f1": 2 / 3,
        "auroc": (4 + 4 + 1.5) / 12,
        "auprc": (1 + 1 + 3 / 6) / 3,
        "recall_at_1_percent_fpr": 2 / 3,
        "brier": (0.01 + 0.04 + 0.81 + 0.49 + 0.04 + 0.01 + 0.0025) / 7,
        "calibration_error": abs(2.85 - 3) / 7,
    }
    assert {name: value(each) for name, each in category.metrics.items()} == pytest.approx(expected)
    assert tuple(category.metrics) == METRICS
    assert category.bins == 1
    assert found.macro == category.metrics
    assert found.micro == {name: category.metrics[name] for name in MICRO_METRICS}


@pytest.mark.parametrize(
    ("truth", "undefined", "note"),
    [
        ([0, 0], {"precision", "recall", "f1"}, "none of 2 rows is of it: recall"),
        ([1, 1], {"specificity", "false_positive_rate", "precision"}, "every one of 2 rows is of it"),
        ([0], {"precision", "recall", "f1"}, "none of 1 row is of it"),
        ([1], {"specificity", "false_positive_rate", "precision"}, "every one of 1 row is of it"),
        ([X], set(METRICS), "it is known of no row whether it is of this category: nothing is measured"),
    ],
)
def test_one_class_alone(truth: list[int], undefined: set[str], note: str) -> None:
    """Nothing was found, and there is nothing to rank."""
    found = measure(one(truth, [0.1] * len(truth)), resamples=20)
    (category,) = found.categories
    ranking = {"balanced_accuracy", "auroc", "auprc", "recall_at_1_percent_fpr"}
    assert {name for name, each in category.metrics.items() if each is None} == undefined | ranking
    assert category.notes[0].startswith(note)
    assert category.curves.roc == category.curves.pr == ()
    assert not category.calibrated_enough
    json.dumps(found.as_record(curves=True), allow_nan=False)


def test_what_was_never_found_has_no_precision() -> None:
    (category,) = measure(one([1, 0], [0.2, 0.1]), resamples=20).categories
    assert category.metrics["precision"] is None
    assert value(category.metrics["f1"]) == 0
    assert "it was never found: precision is not defined" in category.notes


def test_no_rows() -> None:
    found = measure(predictions([], []))
    assert (found.rows, found.errors, found.categories, found.any_harm) == (0, 0, (), None)
    assert set(found.micro.values()) == set(found.macro.values()) == {None}
    assert found.notes == ("no rows: nothing is measured",)
    assert found.items_per_second is None
    json.dumps(found.as_record(curves=True), allow_nan=False)


def test_rows_that_could_not_be_judged_are_counted_and_left_out() -> None:
    truth, p = [[1, 0], [0, 1], [1, 1], [0, 0]], [[0.9, 0.2], [NAN, NAN], [0.8, 0.7], [0.1, 0.2]]
    found = measure(predictions(truth, p, stages=["reading", "none", "cache", "cache"]), resamples=20)
    assert (found.rows, found.errors) == (4, 1)
    assert found.notes == ("1 row could not be judged and is in no metric",)
    assert [category.rows for category in found.categories] == [3, 3]
    assert value(found.macro["accuracy"]) == 1
    assert found.stages == {"reading": 0.25, "none": 0.25, "cache": 0.5}


def test_nothing_could_be_judged() -> None:
    found = measure(one([1, 0], [NAN, NAN]))
    assert (found.rows, found.errors) == (2, 2)
    assert found.categories[0].rows == 0
    without_categories = measure(predictions([[], []], [[], []], stages=["none", "none"]))
    assert (without_categories.rows, without_categories.errors) == (2, 2)


def test_thresholds_are_taken_as_they_are() -> None:
    truth, p = [1, 0, 1, 0], [0.4, 0.3, 0.35, 0.1]
    assert value(measure(one(truth, p), resamples=9).macro["recall"]) == 0
    lower = measure(one(truth, p, thresholds=[0.33]), resamples=9)
    assert value(lower.macro["recall"]) == 1
    assert lower.categories[0].threshold == 0.33


def test_what_was_exempted_was_not_found() -> None:
    found = measure(one([1, 0], [0.9, 0.8], fired=[[True], [False]]), resamples=9)
    assert found.categories[0].confusion == Confusion(tp=1, fp=0, fn=0, tn=1)


def test_over_categories() -> None:
    p = random_predictions(300, 3)
    found = measure(p, resamples=50)
    for name in METRICS:
        values = [value(category.metrics[name]) for category in found.categories]
        assert value(found.macro[name]) == pytest.approx(np.mean(values))
    known = p.truth != UNKNOWN
    truth, fired = p.truth[known] == 1, p.fired[known]
    assert value(found.micro["f1"]) == pytest.approx(metrics.f1_score(truth, fired))
    assert value(found.micro["brier"]) == pytest.approx(np.mean((p.probability[known] - truth) ** 2))
    assert value(found.micro["accuracy"]) == pytest.approx((truth == fired).mean())


def test_macro_is_over_the_categories_that_have_the_metric() -> None:
    found = measure(predictions([[1, 0], [0, 0]], [[0.9, 0.1], [0.8, 0.2]]), resamples=50)
    assert value(found.macro["precision"]) == 0.5
    assert value(found.macro["specificity"]) == 0.5


def test_any_harm_is_of_what_acts() -> None:
    truth = [[1, X, 0], [0, X, 1], [X, X, 1], [0, 0, 1], [0, 1, 0]]
    p = [[0.2, 0.7, 0.9], [0.1, 0.3, 0.9], [0.9, 0.9, 0.9], [0.1, 0.2, 0.9], [0.6, 0.4, 0.1]]
    found = measure(predictions(truth, p, acts=[True, True, False]), resamples=20)
    harm = found.any_harm
    assert harm is not None
    assert (harm.rows, harm.positives, harm.unknown, harm.threshold) == (4, 2, 1, None)
    assert harm.confusion == Confusion(tp=2, fp=0, fn=0, tn=2)
    assert found.unknown_as_not == 1
    assert value(harm.metrics["brier"]) == pytest.approx((0.3**2 + 0.3**2 + 0.2**2 + 0.4**2) / 4)
    assert measure(one([1], [0.9], acts=[False])).any_harm is None


def test_one_class_of_many() -> None:
    truth = [[1, 0], [0, 1], [0, 0], [1, 0], [X, 0], [1, X], [1, 1]]
    fired = [[True, False], [True, False], [False, False], [False, False], [True, False], [True, False]]
    p = [[0.5, 0.2]] * 7
    found = measure(predictions(truth, p, fired=[*fired, [True, False]], multi_class=True), resamples=50)
    classes = found.multi_class
    assert classes is not None
    assert found.multi_label is None
    # Left out: where it is not known whether it is of a class or of none, and where it is of two.
    assert classes.rows == 5
    assert classes.classes == ("a", "b", "none")
    assert classes.confusion == ((2, 0, 1), (1, 0, 0), (0, 0, 1))
    assert value(classes.accuracy) == 3 / 5
    f1 = [2 * 2 / (3 + 3), 0, 2 / (1 + 2)]
    assert value(classes.macro_f1) == pytest.approx(np.mean(f1))
    assert value(classes.weighted_f1) == pytest.approx((3 * f1[0] + f1[2]) / 5)


def test_a_class_that_is_neither_true_nor_found_is_in_no_mean() -> None:
    found = measure(predictions([[1, 0], [0, 0]], [[0.9, 0.1], [0.1, 0.1]], multi_class=True), resamples=20)
    assert found.multi_class is not None
    assert value(found.multi_class.macro_f1) == 1


def test_sets_of_labels() -> None:
    truth = [[1, 1], [1, 0], [0, 0], [0, 0], [X, 1]]
    p = [[0.9, 0.9], [0.9, 0.9], [0.1, 0.1], [0.1, 0.9], [0.9, 0.9]]
    found = measure(predictions(truth, p), resamples=50)
    labels = found.multi_label
    assert labels is not None
    assert found.multi_class is None
    assert labels.rows == 4
    assert value(labels.subset_accuracy) == 2 / 4
    assert value(labels.hamming_loss) == 2 / 8
    assert value(labels.jaccard) == (1 + 1 / 2 + 1 + 0) / 4
    assert measure(one([1], [0.9])).multi_label is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 60), st.integers(1, 3), st.integers(0, 10**6), st.booleans())
def test_every_interval_holds_its_value(rows: int, categories: int, seed: int, multi_class: bool) -> None:
    found = measure(random_predictions(rows, categories, seed, multi_class=multi_class), resamples=20)
    json.dumps(found.as_record(curves=True), allow_nan=False)
    harm = [found.any_harm.metrics] if found.any_harm else []
    for each in (*(category.metrics for category in found.categories), found.micro, found.macro, *harm):
        for interval in each.values():
            assert interval is None or value(interval) >= 0


def test_the_same_rows_and_seed_give_the_same() -> None:
    p = random_predictions(100, 2)
    assert measure(p, resamples=50).as_record() == measure(p, resamples=50).as_record()
    assert measure(p, resamples=50).macro != measure(p, resamples=50, seed=1).macro


def test_more_rows_make_narrower_intervals() -> None:
    few, many = (measure(random_predictions(rows, 1), resamples=100).macro for rows in (200, 4000))
    for name in METRICS:
        wide, narrow = few[name], many[name]
        assert wide is not None
        assert narrow is not None
        assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_perfect_answers_are_not_told_as_certain() -> None:
    (category,) = measure(one([1] * 5 + [0] * 5, [0.9] * 5 + [0.1] * 5), resamples=50).categories
    for name in ("accuracy", "precision", "recall", "f1"):
        found = category.metrics[name]
        assert found is not None
        assert (found.value, found.high) == (1, 1)
        assert found.low < 0.75
    assert any("no resample ranks otherwise" in note for note in category.notes)
    assert any("only 5 rows of it: intervals are rough" in note for note in category.notes)


def test_a_calibration_error_from_few_rows_is_called_so() -> None:
    def told(positives: int, negatives: int) -> tuple[bool, bool]:
        truth = [1] * positives + [0] * negatives
        (category,) = measure(one(truth, [0.5] * len(truth)), resamples=5).categories
        return category.calibrated_enough, any("calibration is" in note for note in category.notes)

    assert told(50, 50) == (True, False)
    assert told(49, 500) == (False, True)
    assert told(500, 49) == (False, True)


def test_the_calibration_error_of_well_calibrated_answers() -> None:
    """It is too high in few rows; its interval reaches down to, or near, what it would be in many."""
    generator = np.random.default_rng(0)
    p = generator.random(400)
    found = measure(one((generator.random(400) < p).astype(int).tolist(), p.tolist()), resamples=200)
    error = found.macro["calibration_error"]
    assert error is not None
    assert error.low < error.value < error.high
    assert error.low < 0.02


def test_curves() -> None:
    p = random_predictions(3000, 1)
    (category,) = measure(p, resamples=5).categories
    roc, pr = np.array(category.curves.roc), np.array(category.curves.pr)
    assert len(roc) <= 200
    assert len(pr) <= 200
    assert (np.diff(roc, axis=0) >= 0).all()
    assert (np.diff(pr[:, 0]) >= 0).all()
    assert (roc[0].tolist(), roc[-1].tolist()) == ([0, 0], [1, 1])
    area = float((np.diff(roc[:, 0]) * (roc[1:, 1] + roc[:-1, 1]) / 2).sum())
    assert area == pytest.approx(value(category.metrics["auroc"]), abs=0.005)
    bins = category.curves.reliability
    assert sum(each.rows for each in bins) == category.rows
    assert len(bins) == category.bins == 10
    assert all(each.low <= each.predicted <= each.high for each in bins)
    gap = sum(each.rows * abs(each.predicted - each.observed.value) for each in bins) / category.rows
    assert gap == pytest.approx(value(category.metrics["calibration_error"]))


def test_fewer_resamples_of_many_rows_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modcli.evaluation.intervals.ROWS_RESAMPLED", 30_000)
    found = measure(random_predictions(100, 1), resamples=1000)
    assert found.resamples == 300
    assert found.notes == ("300 resamples instead of 1,000, because there are so many rows",)


def test_without_resamples_there_are_no_bootstrap_intervals() -> None:
    found = measure(random_predictions(50, 2), resamples=0)
    assert found.notes == ("no resamples were drawn: the intervals that need them have no width",)
    brier, accuracy = found.categories[0].metrics["brier"], found.categories[0].metrics["accuracy"]
    assert brier is not None
    assert accuracy is not None
    assert brier.low == brier.high
    assert accuracy.low < accuracy.high


def test_speed_is_of_all_rows() -> None:
    assert measure(one([1, 0], [0.9, NAN], seconds=4.0), resamples=5).items_per_second == 0.5


def test_names_in_the_record() -> None:
    record = measure(random_predictions(50, 2), resamples=5).as_record(curves=True)
    assert list(record["categories"]) == ["a", "b"]
    category = record["categories"]["a"]
    assert list(category["metrics"]) == list(METRICS)
    assert set(category["metrics"]["f1"]) == {"value", "low", "high"}
    assert set(category["curves"]) == {"roc", "pr", "reliability"}
    assert "curves" not in measure(random_predictions(50, 2), resamples=5).as_record()["any_harm"]


def test_the_worst_mistakes_come_first() -> None:
    truth = [[1, 0], [1, 0], [0, X], [0, 1], [0, 0]]
    p = [[0.3, 0.1], [0.01, 0.1], [0.95, 0.9], [0.1, 0.05], [NAN, NAN]]
    found = worst(predictions(truth, p, thresholds=[0.5, 0.2]), 10)
    assert [(each.id, each.category, each.truth) for each in found] == [
        ("r1", "a", True),  # 0.98 of the way down
        ("r2", "a", False),  # 0.9 of the way up
        ("r3", "b", True),  # 0.75
        ("r0", "a", True),  # 0.4
    ]
    assert found[2].as_record() == {
        "id": "r3",
        "category": "b",
        "truth": True,
        "p": 0.05,
        "threshold": 0.2,
        "text": "text 3",
    }
    assert worst(predictions(truth, p, thresholds=[0.5, 0.2]), 1) == found[:1]
    assert worst(predictions([], []), 3) == []


def test_the_worst_of_one_class_out_of_many() -> None:
    """Where the most probable class is found, the threshold says nothing of how sure it was."""
    fired = [[True, False], [False, True]]
    found = worst(predictions([[0, 1], [1, 0]], [[0.4, 0.3], [0.1, 0.8]], fired=fired, multi_class=True), 9)
    assert [(each.id, each.category) for each in found] == [
        ("r1", "a"),
        ("r1", "b"),
        ("r0", "b"),
        ("r0", "a"),
    ]
