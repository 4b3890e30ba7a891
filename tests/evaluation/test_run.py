from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from modcli.errors import Location
from modcli.evaluation.predictions import UNKNOWN, LabelledRow
from modcli.evaluation.run import predict, truth_of
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Category, Profile, Task
from modcli.verdict import CategoryVerdict, Verdict

PROFILE = Profile(
    "p", (Category("rude", Action.BLOCK), Category("spam", Action.WARN), Category("sad", Action.ALLOW))
)
EXEMPTING = replace(
    PROFILE, categories=(*PROFILE.categories[:2], Category("banter", Action.ALLOW, exempts=("rude",)))
)


def row(text: str, *labels: str, unknown: Sequence[str] = ()) -> LabelledRow:
    return LabelledRow(Item(text, text, Location("x", 1)), frozenset(labels), frozenset(unknown))


class Saying:
    """Says of an item what its text says: `rude=.9 spam=.2`."""

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        return [self.one(item) for item in items]

    def one(self, item: Item) -> Verdict:
        if "fail" in item.text:
            return Verdict(item.id, Action.WARN, error="failed")
        if not item.text:
            return Verdict(item.id, Action.ALLOW, stage="empty")
        words = dict(word.split("=") for word in item.text.split())
        threshold = self.threshold or 0.5
        found = {
            name: CategoryVerdict(
                float(p), threshold, Action.BLOCK if float(p) >= threshold else Action.ALLOW
            )
            for name, p in words.items()
        }
        return Verdict(item.id, Action.BLOCK, found, "reading")


def test_arrays_in_the_order_of_rows_and_categories() -> None:
    rows = [row("rude=.9 spam=.2", "rude"), row("spam=.7 rude=.4", "spam", unknown=["rude"]), row("fail")]
    told: list[int] = []
    found = predict(Saying(), PROFILE, iter(rows), progress=told.append)
    assert found.categories == ("rude", "spam")  # nothing was ever said of the allowed one
    assert found.truth.tolist() == [[1, 0], [UNKNOWN, 1], [0, 0]]
    assert found.probability[:2].tolist() == [[0.9, 0.2], [0.4, 0.7]]
    assert found.fired.tolist() == [[True, False], [False, True], [False, False]]
    assert found.judged.tolist() == [True, True, False]
    assert found.acts.tolist() == [True, True]
    assert found.stages == ("reading", "reading", "none")
    assert told == [3]


def test_a_binary_task_of_several_categories_has_one_truth() -> None:
    profile = replace(PROFILE, task=Task.BINARY)
    judged = as_judged(profile)
    assert truth_of(row("a", "spam"), profile, judged) == [1]
    assert truth_of(row("a", "sad"), profile, judged) == [0]
    assert truth_of(row("a", unknown=["rude"]), profile, judged) == [UNKNOWN]
    assert truth_of(row("a", "rude", unknown=["spam"]), profile, judged) == [1]


def test_one_class_of_many() -> None:
    profile = replace(PROFILE, task=Task.MULTI_CLASS)
    rows = [
        row("rude=.5 spam=.3 sad=.1", "rude"),
        row("rude=.2 spam=.1 sad=.1"),
        row("rude=.3 spam=.3 sad=.4", "sad"),
    ]
    found = predict(Saying(threshold=1e-9), profile, rows)
    assert found.fired.tolist() == [[True, False, False], [False] * 3, [False, False, True]]


def test_what_an_exception_calls_off_has_not_fired() -> None:
    rows = [row("rude=.8 spam=.1 banter=.9", "banter"), row("rude=.8 spam=.1 banter=.6", "rude")]
    found = predict(Saying(), EXEMPTING, rows)
    assert found.fired.tolist() == [[False, False, True], [True, False, True]]


def test_a_class_below_its_threshold_has_not_fired() -> None:
    high = replace(PROFILE, task=Task.MULTI_CLASS)
    found = predict(
        Saying(threshold=0.9), high, [row("rude=.8 spam=.1 sad=.1"), row("rude=.95 spam=0 sad=0")]
    )
    assert found.fired.tolist() == [[False] * 3, [True, False, False]]


def test_nothing_to_read_is_an_answer() -> None:
    found = predict(Saying(), PROFILE, [row("rude=.9 spam=.2"), row("", "spam")])
    assert found.judged.all()
    assert found.fired[1].tolist() == [False, False]
    assert found.truth[1].tolist() == [0, 1]


def test_no_rows() -> None:
    found = predict(Saying(), PROFILE, [])
    assert len(found) == 0
    assert found.probability.shape[0] == 0
    assert np.array_equal(found.severity, [])
