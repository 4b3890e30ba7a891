from __future__ import annotations

import pytest

from modcli.profile import Action, Category, Shot
from modcli.prompts.explanation import explained, first_sentence


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("It insults a person directly. And more.", "It insults a person directly."),
        ("\n  It insults.\nSecond line.", "It insults."),
        ("It costs 3.50 dollars to be fooled here", "It costs 3.50 dollars to be fooled here"),
        ("Is it? Yes. It asks for money at once! Now.", "Is it? Yes. It asks for money at once!"),
        ("", ""),
        ("  \n ", ""),
    ],
)
def test_first_sentence(written: str, sentence: str) -> None:
    assert first_sentence(written) == sentence


def test_definition_is_told_or_else_examples() -> None:
    defined = Category("rude-words", Action.BLOCK, definition=" Insults. ", examples=(Shot("you fool"),))
    assert explained(defined, "the post") == 'Label: "rude words"\nMeaning: Insults.\n\nPost:\nthe post'
    shown = explained(
        Category("rude", Action.BLOCK, examples=tuple(Shot(f"you fool {i}") for i in range(5))), "x"
    )
    assert "Example: you fool 2" in shown
    assert "you fool 3" not in shown


def test_long_definition_leaves_room_for_the_post() -> None:
    category = Category("rude", Action.BLOCK, definition="Insults. " * 1_000)
    told = explained(category, "the post")
    assert len(told) < 1_500
    assert told.endswith("\nthe post")
