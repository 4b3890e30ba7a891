"""At most so many judgements in full."""

from __future__ import annotations

from typing import Any

import pytest

from modcli.cascade.budget import Budget
from modcli.cascade.early import EarlyStages
from modcli.cascade.parts import parts_of
from modcli.cascade.tuned import EMBEDDING, NGRAMS
from modcli.errors import Location
from modcli.item import Item
from tests.cascade.taught import Numbers, by_hand


def item(text: str, **more: Any) -> Item:
    return Item("1", text, Location("test", 1), **more)


def early(price: float | None = None) -> EarlyStages:
    return EarlyStages(by_hand(), {NGRAMS: Numbers, EMBEDDING: Numbers}, price=price)


ITEMS = [item(f"a {i / 10} 0") for i in range(-40, 41)]


@pytest.mark.parametrize("most", [0, 1, 2, 7, 80, 81, 1000])
def test_at_most_so_many_are_left_and_the_most_uncertain(most: int) -> None:
    spending = Budget(most).spending(early(), ITEMS)
    answers = early(spending.price).answers([parts_of(one) for one in ITEMS])
    left = [abs(i - 40) for i, answer in enumerate(answers) if answer is None]
    assert len(left) == spending.in_full <= most
    # Two items doubt each as much, so that one place may stay free.
    assert len(left) >= min(most, len(ITEMS)) - 1
    assert left == [] or max(left) <= len(left) // 2
    assert spending.items == len(ITEMS)


def test_the_time_is_that_of_the_tuning() -> None:
    spending = Budget(3).spending(early(), ITEMS)
    assert spending.seconds == pytest.approx(spending.in_full * 1.0 + len(ITEMS) * 0.011)


def test_what_is_never_decided_early_comes_on_top() -> None:
    cut = [item(f"{i} 9 9", metadata={"truncated_bytes": 10}) for i in range(5)]
    spending = Budget(2).spending(early(), [*ITEMS, *cut, item("nan inf")])
    assert spending.in_full == 6
    answers = early(spending.price).answers([parts_of(one) for one in [*ITEMS, *cut]])
    assert sum(answer is None for answer in answers) == 5


def test_what_is_not_judged_at_all_does_not_count() -> None:
    spending = Budget(0).spending(early(), [item("", error="broken"), item(" \n"), item("a 9 9")])
    assert (spending.items, spending.in_full) == (1, 0)
    assert Budget(0).spending(early(), []) == (0.0, 0, 0, 0.0)
