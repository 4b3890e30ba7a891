"""Guards with categories of their own."""

from __future__ import annotations

import pytest

from modcli.errors import ProfileError
from modcli.profile import Action, Category
from modcli.prompts.guards.fixed import FIXED_GUARDS, QWEN3GUARD, theirs

(QWEN,) = FIXED_GUARDS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("violence", "Violent"),
        ("hate-speech", "Unethical Acts"),
        ("NSFW", "Sexual Content or Sexual Acts"),
        ("self-harm", "Suicide & Self-Harm"),
        ("doxxing", "PII"),
        ("prompt_injection", "Jailbreak"),
        ("spam", None),
        ("crypto-shilling", None),
        ("violent-porn", None),  # two of them: which one is not for modcli to say
        ("unviolent", None),
    ],
)
def test_categories_are_mapped_by_name_or_not_at_all(name: str, expected: str | None) -> None:
    assert theirs(Category(name, Action.BLOCK)) == expected


def test_qwen3guard_is_asked_how_unsafe_and_then_of_which_kind() -> None:
    safety, kind = QWEN.asks(Category("harassment", Action.BLOCK))
    assert safety.prefix.answer == "Safety:"
    assert [safety.labels[i] for i in safety.violating] == [" Unsafe", " Controversial"]
    assert kind.prefix.answer == "Safety: Unsafe\nCategories:"
    assert [kind.labels[i] for i in kind.violating] == [" Unethical Acts"]
    assert len(kind.labels) == len(QWEN3GUARD) == 9


def test_a_category_that_it_does_not_know_is_refused_with_a_reason() -> None:
    with pytest.raises(
        ProfileError, match=r"spam: Qwen3Guard judges by categories of its own \(Violent, "
    ) as caught:
        QWEN.question(Category("spam", Action.BLOCK, definition="Advertising."))
    assert "reads a policy" in str(caught.value.hint)


def test_no_word_names_two_of_its_categories() -> None:
    words = [word for called in QWEN3GUARD.values() for word in called]
    assert len(words) == len(set(words))
