from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from modcli.evaluation.predictions import UNKNOWN
from modcli.evaluation.protocols.measures import METRICS, Answers, measure


def answers(seed: int, rows: int, *, columns: int = 1, distinct: int = 12) -> Answers:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 2, (rows, columns)).astype(np.int8)
    score = generator.integers(0, distinct, (rows, columns)) / distinct
    return Answers(truth, score, score > 0.5)


def value(name: str, of: Answers) -> float:
    return float(METRICS[name](of, np.ones((1, len(of))))[0])


def by_sklearn(name: str, of: Answers) -> float:
    truth, score, fired = of.truth[:, 0], of.score[:, 0], of.fired[:, 0]
    match name:
        case "auroc":
            return float(sk.roc_auc_score(truth, score))
        case "auprc":
            return float(sk.average_precision_score(truth, score))
        case "accuracy":
            return float(sk.accuracy_score(truth, fired))
        case "f1":
            return float(sk.f1_score(truth, fired))
        case "precision":
            return float(sk.precision_score(truth, fired))
        case "recall":
            return float(sk.recall_score(truth, fired))
        case "false positives":
            return 1 - float(sk.recall_score(truth == 0, ~fired))
    raise AssertionError(name)


@given(st.integers(0, 10_000), st.integers(20, 60))
def test_the_metrics_are_those_of_scikit_learn(seed: int, rows: int) -> None:
    of = answers(seed, rows)
    of.truth[:2, 0] = (0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # precision of nothing found
        for name in ("auroc", "auprc", "accuracy", "f1", "recall", "false positives"):
            assert value(name, of) == pytest.approx(by_sklearn(name, of)), name
        if of.fired.any():
            assert value("precision", of) == pytest.approx(by_sklearn("precision", of))


@given(st.integers(0, 10_000))
def test_a_weight_is_a_repetition(seed: int) -> None:
    of = answers(seed, 15, columns=2)
    weights = np.random.default_rng(seed).integers(0, 4, 15)
    repeated = Answers(*(np.repeat(part, weights, axis=0) for part in (of.truth, of.score, of.fired)))
    # The bins of the calibration error are those of the rows, whatever their weights.
    for name, metric in METRICS.items() - {("calibration error", METRICS["calibration error"])}:
        found = float(metric(of, weights[None].astype(float))[0])
        assert found == pytest.approx(value(name, repeated), nan_ok=True), name


def test_classes_with_none_of_them_as_one() -> None:
    generator = np.random.default_rng(3)
    truth, found = generator.integers(0, 4, 200), generator.integers(0, 4, 200)
    one_hot = np.eye(4)[:, :3]  # the last class is none of them
    of = Answers(one_hot[truth].astype(np.int8), one_hot[found], one_hot[found] == 1)
    assert value("class weighted f1", of) == pytest.approx(sk.f1_score(truth, found, average="weighted"))
    assert value("class macro f1", of) == pytest.approx(sk.f1_score(truth, found, average="macro"))
    assert value("class accuracy", of) == pytest.approx(sk.accuracy_score(truth, found))


def test_several_categories_are_averaged_and_the_unknown_left_out() -> None:
    truth = np.array([[1, 0], [0, UNKNOWN], [1, 1], [0, 0], [UNKNOWN, UNKNOWN]], np.int8)
    score = np.array([[0.9, 0.1], [0.2, 0.9], [0.4, 0.8], [0.1, 0.3], [0.9, 0.9]])
    of = Answers(truth, score, score > 0.5)
    assert value("recall", of) == pytest.approx((1 / 2 + 1) / 2)
    assert value("false positives", of) == 0
    # Of any: rows 0, 2 (yes) and 3 (no) are known; in rows 1 and 4, both found, nobody knows.
    assert value("any f1, labels known", of) == 1
    assert value("any f1", of) == pytest.approx(2 * 2 / (2 * 2 + 2))
    assert value("auprc", of) == 1


def test_what_could_not_be_judged_is_counted_and_left_out() -> None:
    score = np.array([0.9, np.nan, 0.1])
    of = Answers.binary(np.array([1, 1, 0], np.int8), score, np.array([True, False, False]))
    assert of.failed == 1
    assert value("recall", of) == 1


def test_calibration_error() -> None:
    truth = np.array([1] * 9 + [0] + [0] * 10, np.int8)
    score = np.array([0.95] * 10 + [0.2] * 10)
    of = Answers.binary(truth, score, score > 0.5)
    assert value("calibration error", of) == pytest.approx((0.05 * 10 + 0.2 * 10) / 20)
    found = measure([of], ["calibration error"])["calibration error"]
    assert found.low <= found.mean <= found.high


def test_a_share_of_all_or_nothing_is_not_certain() -> None:
    nothing = Answers.binary(np.ones(50, np.int8), np.zeros(50), np.zeros(50, bool))
    found = measure([nothing] * 3, ["recall", "found"])
    assert (found["recall"].low, found["recall"].mean) == (0, 0)
    assert found["recall"].high == pytest.approx(0.071, abs=0.001)
    assert found["found"].high == found["recall"].high
    everything = Answers.binary(np.ones(50, np.int8), np.ones(50), np.ones(50, bool))
    assert measure([everything], ["recall"])["recall"].low == pytest.approx(1 - 0.071, abs=0.001)


def test_an_undefined_metric_is_no_number() -> None:
    of = Answers.binary(np.zeros(3, np.int8), np.array([0.1, 0.2, 0.3]), np.zeros(3, bool))
    found = measure([of], ["recall", "auroc", "false positives"])
    assert np.isnan([found["recall"].mean, found["recall"].low, found["auroc"].mean]).all()
    assert found["false positives"].mean == 0


def test_the_interval_allows_for_rows_and_draws() -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, 400).astype(np.int8)
    same, various = [], []
    for draw in range(6):
        right = generator.random(400) < 0.8
        same.append(Answers.binary(truth, truth.astype(float), (truth == 1) == right))
        right = generator.random(400) < 0.6 + 0.07 * draw
        various.append(Answers.binary(truth, truth.astype(float), (truth == 1) == right))
    one = measure(same[:1], ["accuracy"])["accuracy"]
    assert one.low < one.mean < one.high
    # A binomial share of 400 rows: about 0.8 +- 0.04.
    assert 0.05 < one.high - one.low < 0.11
    steady, shaky = measure(same, ["accuracy"])["accuracy"], measure(various, ["accuracy"])["accuracy"]
    assert shaky.high - shaky.low > 2 * (steady.high - steady.low)
    assert len(shaky.values) == 6
    assert measure(various, ["accuracy"]) == measure(various, ["accuracy"])


def test_draws_over_other_rows_need_to_be_said() -> None:
    draws = [answers(1, 20), answers(2, 30)]
    with pytest.raises(ValueError, match="length"):
        measure(draws, ["accuracy"])
    assert len(measure(draws, ["accuracy"], same_rows=False)["accuracy"].values) == 2


def test_nothing_drawn() -> None:
    assert np.isnan(measure([], ["f1"])["f1"].mean)
