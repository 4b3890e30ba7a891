"""What flips between two profiles: counts, intervals, and which flips are shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.cascade.rejudging import Rejudged
from modcli.errors import Location
from modcli.evaluation.backtest import (
    Backtest,
    Side,
    acting,
    side_of,
    sides_of_stored,
    truth_of_rows,
)
from modcli.evaluation.intervals import paired_share_difference, wilson
from modcli.evaluation.predictions import UNKNOWN, LabelledRow
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Category, Profile, Task
from modcli.verdict import CategoryVerdict, Verdict

RUDE, SPAM = Category("rude", Action.BLOCK), Category("spam", Action.WARN)
FINE = Category("fine", Action.ALLOW)
OLD = Profile("old", (RUDE, FINE))
NEW = Profile("new", (replace(RUDE, action=Action.WARN), SPAM))


def item(number: int, text: str = "a post") -> Item:
    return Item(f"i{number}", text, Location("x", number))


def verdict(profile: Profile, **p: float) -> Verdict:
    """What follows from probabilities with a threshold of 0.5."""
    found = {
        name: CategoryVerdict(value, 0.5, profile.by_name[name].action if value >= 0.5 else Action.ALLOW)
        for name, value in p.items()
    }
    return Verdict("", max((one.action for one in found.values()), key=lambda one: one.severity), found)


BEFORE = [verdict(OLD, rude=p, fine=0.6) for p in (0.9, 0.1, 0.2, 0.8, 0.55)]
AFTER = [
    verdict(NEW, rude=p, spam=q) for p, q in ((0.95, 0.1), (0.1, 0.9), (0.3, 0.4), (0.2, 0.1), (0.4, 0.7))
]


def backtest(show: int = 10, truth: bool = False) -> Backtest:
    found = Backtest(acting(OLD, NEW), show=show)
    rows = [LabelledRow(item(i), frozenset(labels)) for i, labels in enumerate(["r", "s", "", "r", "s"])]
    names = {"r": "rude", "s": "spam"}
    rows = [replace(row, labels=frozenset(names[label] for label in row.labels)) for row in rows]
    found.add(
        side_of(BEFORE, OLD),
        side_of(AFTER, NEW),
        [item(i) for i in range(5)],
        truth_of_rows([*rows[:4], None], OLD, NEW) if truth else None,
    )
    return found


def test_categories_that_can_act_under_either() -> None:
    assert acting(OLD, NEW) == ["rude", "spam"]


def test_counts_and_intervals() -> None:
    found = backtest()
    whole, rude, spam = found.overall, found.by_category["rude"], found.by_category["spam"]
    assert (whole.items, whole.before, whole.after, whole.newly, whole.no_longer) == (5, 3, 3, 1, 1)
    assert (rude.before, rude.after, rude.newly, rude.no_longer) == (3, 1, 0, 2)
    assert (spam.before, spam.after, spam.newly, spam.no_longer) == (0, 2, 2, 0)
    assert whole.rate_before == wilson(3, 5)
    assert rude.rate_after == wilson(1, 5)
    assert rude.difference == paired_share_difference(2, 0, 5)
    assert rude.difference is not None
    assert rude.difference.value == pytest.approx(-0.4)
    assert found.actions == Counter(
        {
            (Action.BLOCK, Action.WARN): 2,
            (Action.ALLOW, Action.WARN): 1,
            (Action.ALLOW, Action.ALLOW): 1,
            (Action.BLOCK, Action.ALLOW): 1,
        }
    )
    assert (found.items, found.flipped, found.flip_rate) == (5, 4, wilson(4, 5))


def test_flips_are_told_by_what_brought_them_about_the_surest_first() -> None:
    flips = backtest().flips
    assert [(flip.id, flip.before, flip.after, flip.category) for flip in flips] == [
        ("i0", Action.BLOCK, Action.WARN, "rude"),
        ("i1", Action.ALLOW, Action.WARN, "spam"),
        ("i3", Action.BLOCK, Action.ALLOW, "rude"),
        ("i4", Action.BLOCK, Action.WARN, "spam"),
    ]
    assert (flips[1].p_before, flips[1].p_after) == (None, 0.9)
    assert [round(flip.sureness, 6) for flip in flips] == [0.4, 0.4, 0.3, 0.2]
    assert [flip.id for flip in backtest(show=2).flips] == ["i0", "i1"]
    assert backtest(show=0).flips == []


def test_flips_of_labelled_items_are_right_or_wrong() -> None:
    found = backtest(truth=True)
    # i1 is newly flagged and spam; i3 is no longer flagged, and rude: wrong; nothing is known of i4.
    assert (found.overall.right, found.overall.labelled) == (1, 2)
    assert (found.by_category["rude"].right, found.by_category["rude"].labelled) == (0, 1)
    assert (found.by_category["spam"].right, found.by_category["spam"].labelled) == (1, 1)
    assert {flip.id: flip.right for flip in found.flips} == {"i0": None, "i1": True, "i3": False, "i4": None}


def test_truth_of_what_nobody_looked_for_is_unknown() -> None:
    rows = [
        LabelledRow(item(1), frozenset(), frozenset({"spam"})),
        LabelledRow(item(2), frozenset({"fine"})),
        LabelledRow(item(3), frozenset({"rude"}), frozenset({"spam"})),
    ]
    found = truth_of_rows(rows, OLD, NEW)
    assert found["spam"].tolist() == [UNKNOWN, 0, UNKNOWN]
    assert found["rude"].tolist() == [0, 0, 1]
    assert found[""].tolist() == [UNKNOWN, 0, 1]


def test_several_categories_judged_as_one() -> None:
    old = replace(OLD, task=Task.BINARY)
    new = replace(NEW, task=Task.BINARY)
    judged = [as_judged(profile) for profile in (old, new)]
    assert acting(*judged) == ["harmful"]
    found = truth_of_rows([LabelledRow(item(1), frozenset({"spam"}))], old, new)
    assert found["harmful"].tolist() == [1]


def test_no_items() -> None:
    found = Backtest(["rude"])
    assert (found.items, found.flipped, found.flip_rate, found.flips) == (0, 0, None, [])
    assert (found.overall.rate_before, found.overall.difference) == (None, None)


def test_an_item_that_flips_for_no_category() -> None:
    """One that was not read to its end may be warned of although nothing fired."""
    found = Backtest(["rude"], show=1)
    quiet = {"rude": np.array([0], np.int8)}
    found.add(Side(np.array([0], np.int8), quiet), Side(np.array([1], np.int8), quiet), [item(1)])
    assert (found.flips[0].category, found.flips[0].sureness) == ("", 0.0)
    assert found.flips[0].p_before is None


def test_long_texts_are_not_kept_whole() -> None:
    found = Backtest(["rude"], show=1)
    found.add(side_of(BEFORE[:1], OLD), side_of(AFTER[3:4], NEW), [item(1, "long " * 1000)])
    assert len(found.flips[0].text) == 400


def stored(keys: bytes, severity: list[int]) -> Rejudged:
    found = np.array(severity, np.int8)
    return Rejudged([bytes([key]) for key in keys], found, {}, (), {"rude": found})


def test_what_is_stored_is_matched_by_its_key() -> None:
    before, after = sides_of_stored(
        stored(b"abcd", [2, 0, 1, 2]), stored(b"xcbd", [2, 0, 2, 2]), without={b"d"}
    )
    assert before.severity.tolist() == [1, 0]
    assert after.severity.tolist() == [0, 2]
    assert after.by_category["rude"].tolist() == [0, 2]
    nothing = sides_of_stored(stored(b"", []), stored(b"ab", [1, 2]))
    assert [side.severity.tolist() for side in nothing] == [[], []]


severities = st.lists(st.tuples(*[st.integers(0, 2)] * 4), max_size=40)


@given(severities, st.integers(1, 7), st.integers(0, 5))
def test_batches_add_up(rows: list[tuple[int, int, int, int]], size: int, show: int) -> None:
    """However the items are cut into batches, the counts are the same, and they fit together."""

    def run(at_once: int) -> Backtest:
        found = Backtest(["a", "b"], show=show)
        for start in range(0, len(rows), at_once):
            part = np.array(rows[start : start + at_once], np.int8).reshape(-1, 2, 2)
            sides = [
                Side(
                    part[:, i].max(axis=1),
                    {"a": part[:, i, 0], "b": part[:, i, 1]},
                    margin={"a": part[:, i, 0] / 4 + 0.1},
                )
                for i in (0, 1)
            ]
            items = [item(start + i) for i in range(len(part))]
            found.add(sides[0], sides[1], items)
        return found

    whole, parts = run(max(len(rows), 1)), run(size)
    assert whole.overall == parts.overall
    assert whole.by_category == parts.by_category
    assert whole.actions == parts.actions
    assert whole.flips == parts.flips
    assert whole.items == len(rows) == whole.actions.total()
    assert len(whole.flips) == min(show, whole.flipped)
    for change in (whole.overall, *whole.by_category.values()):
        assert change.before + change.newly - change.no_longer == change.after
    assert [flip.sureness for flip in whole.flips] == sorted(
        (flip.sureness for flip in whole.flips), reverse=True
    )
