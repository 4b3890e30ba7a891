from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import Location
from modcli.evaluation.baselines import (
    MAJORITY,
    Baseline,
    best_f1_threshold,
    each_against_rest,
    majority,
    thresholds,
    truth_of_rows,
)
from modcli.evaluation.predictions import UNKNOWN, LabelledRow
from modcli.item import Item


def row(text: str, *labels: str, unknown: Sequence[str] = ()) -> LabelledRow:
    return LabelledRow(Item(text, text, Location("x")), frozenset(labels), frozenset(unknown))


ROWS = [row("a", "rude"), row("b"), row("c", "sad", unknown=["rude"]), row("d")]
NAMES = ["rude", "sad"]


def test_truth_by_row_and_category() -> None:
    assert truth_of_rows(ROWS, NAMES).tolist() == [[1, 0], [0, 0], [UNKNOWN, 1], [0, 0]]
    assert truth_of_rows([], NAMES).shape == (0, 2)


def test_majority_is_the_share_where_it_is_known() -> None:
    found = majority(ROWS, ROWS[:2], NAMES, 0)
    np.testing.assert_allclose(found, [[1 / 3, 1 / 4]] * 2)
    assert majority([], ROWS, NAMES, 0).tolist() == [[0.5, 0.5]] * 4
    assert majority(ROWS, [], NAMES, 0).shape == (0, 2)


def test_each_category_learns_from_the_rows_in_which_it_is_known() -> None:
    asked = []

    def learn(known: np.ndarray, labels: np.ndarray) -> np.ndarray:
        asked.append((known.tolist(), labels.tolist()))
        return np.full(3, 0.25)

    found = each_against_rest(ROWS, 3, [*NAMES, "absent"], learn)
    assert asked == [([0, 1, 3], [1, 0, 0]), ([0, 1, 2, 3], [0, 0, 1, 0])]
    assert found.tolist() == [[0.25, 0.25, 0.0]] * 3  # of what never was there, there is nothing to learn


def test_a_baseline_may_know_some_categories_only() -> None:
    assert MAJORITY.judges(["anything"])
    narrow = Baseline("narrow", None, categories=frozenset(["rude"]))
    assert narrow.judges(["rude"])
    assert not narrow.judges(["rude", "sad"])


def f1(probability: np.ndarray, truth: np.ndarray, threshold: float) -> float:
    fired = probability >= threshold
    return float(2 * (fired & truth).sum() / (fired.sum() + truth.sum()))


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1).filter(
        lambda rows: any(is_of for _, is_of in rows)
    )
)
def test_no_threshold_has_a_better_f1(rows: list[tuple[int, bool]]) -> None:
    probability = np.array([p / 20 for p, _ in rows])
    truth = np.array([is_of for _, is_of in rows])
    chosen = f1(probability, truth, best_f1_threshold(probability, truth))
    assert chosen >= max(f1(probability, truth, p / 20) for p, _ in rows) - 1e-9


def test_of_equal_thresholds_the_one_nearest_to_even_odds() -> None:
    probability = np.array([0.9, 0.2, 0.1])
    assert best_f1_threshold(probability, np.array([True, False, False])) == pytest.approx(0.55)


def timid(
    train: Sequence[LabelledRow], test: Sequence[LabelledRow], names: Sequence[str], seed: int
) -> np.ndarray:
    """Knows what is what, and never says more than 0.3; fails where it is asked of what it was taught."""
    assert not {row.item.text for row in train} & {row.item.text for row in test}
    return np.array([[0.3 if name in row.labels else 0.1 for name in names] for row in test])


def test_a_rare_category_has_a_threshold_from_rows_that_were_not_learned_from() -> None:
    rows = [
        row(
            f"{i}",
            *(["rare"] if i % 4 == 0 else []),
            *(["common"] if i % 2 else []),
            *(["single"] if i < 3 else []),
        )
        for i in range(40)
    ]
    found = thresholds(timid, rows, ["rare", "common", "single"], 0)
    np.testing.assert_allclose(found, [0.2, 0.5, 0.5])
    assert thresholds(timid, [], ["rare"], 0).tolist() == [0.5]
