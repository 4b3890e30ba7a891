from __future__ import annotations

import pytest

from modcli.profile import Action, Category, Shot
from modcli.prompts.explanation import explanation_prefix, first_sentence


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


def test_prefix_tells_the_definition_or_else_examples() -> None:
    defined = Category("rude-words", Action.BLOCK, definition=" Insults. ", examples=(Shot("you fool"),))
    assert '"rude words", which means:\nInsults.\n' in explanation_prefix(defined).messages[0].content
    shown = Category("rude", Action.BLOCK, examples=tuple(Shot(f"you fool {i}") for i in range(5)))
    content = explanation_prefix(shown).messages[0].content
    assert "Example: you fool 2" in content
    assert "you fool 3" not in content
