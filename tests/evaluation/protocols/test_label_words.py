from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from modcli.errors import Location, PrefixTooLong
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.base import Setting
from modcli.evaluation.protocols.label_words import ask, label_prompt
from modcli.item import Item
from modcli.profile import Action, Category, Shot
from modcli.prompts.prompt import Role

CATEGORY = Category(
    "rude",
    Action.BLOCK,
    "Insults.",
    examples=tuple(Shot(f"you fool {i}", f"why {i}" if i else "") for i in range(5)),
    counterexamples=tuple(Shot(f"tea {i}") for i in range(3)),
)


def row(text: str, *labels: str) -> LabelledRow:
    return LabelledRow(Item(text, text, Location("x", 1)), frozenset(labels))


def test_every_shot_stands_in_the_prompt_once() -> None:
    messages = label_prompt(CATEGORY).prefix.messages
    shown = [message.content for message in messages if message.role is Role.USER]
    assert sorted(shown) == sorted(shot.text for shot in (*CATEGORY.examples, *CATEGORY.counterexamples))
    answers = {
        user.content: answer.content for user, answer in zip(messages[1::2], messages[2::2], strict=True)
    }
    assert answers["you fool 3"] == "rude"
    assert answers["tea 2"] == "ordinary"


def test_a_reason_stands_behind_the_label_word() -> None:
    given = {shot.text: shot.reason for shot in CATEGORY.examples}
    messages = label_prompt(CATEGORY, reasons=given).prefix.messages
    told = dict(zip([m.content for m in messages[1::2]], [m.content for m in messages[2::2]], strict=True))
    assert told["you fool 2"] == "rude\nwhy 2"
    assert told["you fool 0"] == "rude"
    assert told["tea 1"] == "ordinary"


def test_scores_against_two_thresholds(make: Callable[..., Setting]) -> None:
    bench = make("paradetox").bench
    asked = ask(bench, label_prompt(CATEGORY), [row("rude rude rude", "rude"), row("tea"), row("")])
    assert asked.at_even.truth[:, 0].tolist() == [1, 0, 0]
    assert asked.at_even.fired[:, 0].tolist() == [True, False, False]
    assert asked.at_even.failed == 1  # nothing to read in an empty row
    # Ordinary posts score -2: with the least deviation the offset is a little above that.
    offset = np.log(asked.at_even.score / (1 - asked.at_even.score)) - np.log(
        asked.at_offset.score / (1 - asked.at_offset.score)
    )
    assert offset[:2, 0] == pytest.approx(-2 + 1.75 * 0.5)


def test_of_a_long_row_the_window_that_speaks_most_for_it_counts(make: Callable[..., Setting]) -> None:
    bench = make("paradetox").bench
    long = "word " * 400
    asked = ask(bench, label_prompt(CATEGORY), [row(f"{long} rude rude", "rude"), row(long)])
    assert asked.at_even.score[0, 0] > 0.9 > 0.5 > asked.at_even.score[1, 0]


def test_a_prompt_that_does_not_fit(make: Callable[..., Setting]) -> None:
    with pytest.raises(PrefixTooLong):
        ask(
            make("paradetox").bench,
            label_prompt(Category("rude", Action.BLOCK, "long " * 20_000)),
            [row("tea")],
        )
