"""The products that readings are made of, against the plain formula."""

from __future__ import annotations

import numpy as np
import pytest

from modcli.judges.background import Background
from modcli.judges.judge import CategoryJudge, Evidence, Judge, unit
from modcli.states.store import normed

TAPS, WIDTH = 3, 48
RANDOM = np.random.default_rng(3)
STATES = normed(RANDOM.normal(0.2, 1.0, size=(50, TAPS, WIDTH)).astype(np.float32))
BACKGROUND = Background(normed(RANDOM.normal(0.1, 1.0, size=(80, TAPS, WIDTH)).astype(np.float32)))


def category(evidence: Evidence) -> CategoryJudge:
    return CategoryJudge(
        name=evidence.name,
        evidence=evidence,
        threshold=0.5,
        unsure=1.0,
        weights=RANDOM.normal(size=(TAPS, WIDTH)).astype(np.float32),
        bias=-0.7,
        examples=np.empty((0, TAPS, WIDTH), np.float32),
        example_texts=(),
        left_out=np.empty(0),
    )


@pytest.mark.parametrize("evidence", [Evidence.HEAD, Evidence.PROTOTYPE])
def test_readings_are_weights_times_features(evidence: Evidence) -> None:
    one = category(evidence)
    judge = Judge((1, 2, 3), BACKGROUND.mean, BACKGROUND.scale, (category(Evidence.HEAD), one))
    features = judge.features(STATES)
    plain = unit(features) if evidence is Evidence.PROTOTYPE else features
    expected = np.einsum("itw,tw->i", plain, one.weights) + one.bias
    found = judge.readings(judge.products(STATES))[one.name]
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def test_no_taps_give_no_opinion() -> None:
    nothing = np.empty((0, WIDTH), np.float32)
    one = CategoryJudge(
        "c", Evidence.DEFINITION, 0.5, 1e9, nothing, 0.0, np.empty((0, 0, WIDTH), np.float32), (), np.empty(0)
    )
    judge = Judge((), nothing, np.empty(0, np.float32), (one,))
    np.testing.assert_array_equal(
        judge.readings(judge.products(np.empty((4, 0, WIDTH), np.float32)))["c"], np.zeros(4)
    )


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 1.0])
def test_unsure_is_about_the_threshold(threshold: float) -> None:
    one = CategoryJudge(
        "c", Evidence.HEAD, threshold, 1.0, *(np.empty(0),), 0.0, np.empty(0), (), np.empty(0)
    )
    inside = min(max(threshold, 1e-6), 1 - 1e-6)
    middle = np.log(inside / (1 - inside))
    np.testing.assert_array_equal(
        one.is_unsure(middle + np.array([-1.1, -0.9, 0.0, 0.9, 1.1])), [0, 1, 1, 1, 0]
    )
