from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modcli.errors import Location
from modcli.evaluation.baselines import MAJORITY, Baseline, each_against_rest, majority, truth_of_rows
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
