"""What a guard is asked, and how its answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from modcli.errors import ProfileError
from modcli.profile import Category, Shot
from modcli.prompts.normalization import normalize
from modcli.prompts.profile_prompt import ORDINARY
from modcli.prompts.prompt import Frame, Prefix, Question, Segment

#: Examples quoted in a policy, on each side, and how long a quotation gets.
QUOTED, QUOTED_LENGTH = 6, 200


@dataclass(frozen=True, slots=True)
class Ask:
    """One reading of a guard: words of which its answer may be one, and the indices of those that count as a violation.

    The labels' first tokens are compared, as in any question, so a leading space is part of a label.
    """

    prefix: Prefix
    labels: tuple[str, ...]
    violating: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GuardQuestion(Question):
    """A question to a guard. The probability of a violation is the product of what its `asks` give."""

    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True)
class Guard:
    """A family of guards, known by their names.

    `asks` gives what to ask about a category; it raises ProfileError for one that the guard does not know. `note` is
    told to the user: what is different from other models.
    """

    name: str
    pattern: re.Pattern[str]
    note: str
    asks: Callable[[Category], tuple[Ask, ...]]

    def question(self, category: Category) -> GuardQuestion:
        """What is asked about a category. Raises ProfileError."""
        asks = self.asks(category)
        text = "\n".join((self.name, *(ask.prefix.digest for ask in asks)))
        return GuardQuestion(text, (category.word, ORDINARY), asks)


def marker(text: str) -> Segment:
    """A part of the guard's form."""
    return Segment(text, marker=True)


def plain(text: str) -> Segment:
    """A part that somebody wrote."""
    return Segment(text, marker=False)


def framed(before: tuple[Segment, ...], after: tuple[Segment, ...]) -> Prefix:
    """A prefix in the guard's own form."""
    return Prefix((), framed=Frame(before, after))


def policy_of(category: Category) -> str:
    """A category in words: definition and note, then examples of what it is and of what it is not.

    Raises ProfileError where there is nothing to say.
    """
    parts = [category.definition.strip(), category.note.strip()]
    parts += _quoted("Such as:", category.examples) + _quoted("But not:", category.counterexamples)
    if not any(parts):
        raise ProfileError(f"{category.name} has neither a definition nor an example for a guard to read")
    return "\n".join(part for part in parts if part)


def _quoted(heading: str, shots: tuple[Shot, ...]) -> list[str]:
    texts = (" ".join(normalize(shot.text).split())[:QUOTED_LENGTH] for shot in shots[:QUOTED])
    lines = [f'- "{text}"' for text in texts if text]
    return [heading, *lines] if lines else []
