"""What is known to weaken a profile, found without a model: pure.

The limits come from published comparisons of custom policies: definitions of 5 to 20 clauses beat a line and
beat a page, and words such as "be strict" move the rate of flags the wrong way, which a threshold does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from modcli.profile import Action, Category, Profile, Task

FEWEST_CLAUSES = 5
MOST_CLAUSES = 20
MOST_CHARACTERS = 1_500
#: The share of content words from which on two definitions speak of the same.
OVERLAP = 0.5
#: An unblock with fewer examples loses to what the model believes anyway.
FEWEST_ALLOWED_EXAMPLES = 2

_CLAUSE_ENDS = re.compile(r"[.;!?]\s|\n")
_PARTS = re.compile(r"[.;:!?]\s|,\s|\n")
_HOW_HARD = re.compile(
    r"\b(?:(?:be|being|very|extremely|more|less) (?:strict|lenient|careful|cautious|harsh|tolerant|sensitive"
    r"|liberal|conservative)|strictest|leniently|aggressively|harshly|zero[- ]tolerance|err on the side"
    r"|when in doubt|at all costs|better safe than sorry|no matter what)\b",
    re.IGNORECASE,
)
# fmt: off
_ASIDES = frozenset({
    "the", "and", "for", "that", "this", "with", "from", "are", "was", "not", "but", "has", "have", "had",
    "its", "their", "they", "them", "who", "whom", "what", "which", "when", "where", "than", "then",
    "other", "others", "such", "one", "any", "all", "some", "into", "about", "over", "only", "also", "does",
    "even", "post", "posts", "content", "text", "message", "messages", "person", "people", "somebody",
    "someone", "user", "users"
})
# fmt: on


class Severity(StrEnum):
    """A warning is known to cost accuracy; an info is worth knowing."""

    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One weak spot: in a category, or in the profile as a whole (empty)."""

    severity: Severity
    category: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.category}: {self.message}" if self.category else self.message


def lint(profile: Profile) -> list[Finding]:
    """All weak spots, the categories in their order, then the pairs of categories."""
    found = [finding for category in profile.categories for check in _CHECKS for finding in check(category)]
    for first, second in combinations(profile.categories, 2):
        found += _overlap(first, second, profile.task)
    return found


def clauses(definition: str) -> int:
    """How many clauses a definition has: what ends in a full stop, a semicolon or a line."""
    return sum(1 for clause in _CLAUSE_ENDS.split(definition) if clause.strip())


def _warning(category: Category, message: str, hint: str) -> Finding:
    return Finding(Severity.WARNING, category.name, message, hint)


def _info(category: Category, message: str, hint: str) -> Finding:
    return Finding(Severity.INFO, category.name, message, hint)


def _of_definition(category: Category) -> Iterator[Finding]:
    text = category.definition
    parts = sum(1 for part in _PARTS.split(text) if part.strip())
    if text and parts < FEWEST_CLAUSES:
        yield _warning(
            category,
            f"a short definition ({parts} clause{'s' * (parts > 1)})",
            "5 to 20 clauses do better: what belongs to it, and what looks like it and does not",
        )
    if clauses(text) > MOST_CLAUSES or len(text) > MOST_CHARACTERS:
        yield _warning(
            category,
            f"a long definition ({clauses(text)} clauses, {len(text):,} characters)",
            "keep the 20 clauses that decide most cases; turn the others into examples",
        )


def _of_wording(category: Category) -> Iterator[Finding]:
    for found in sorted(
        {match[0].lower() for match in _HOW_HARD.finditer(f"{category.definition}\n{category.note}")}
    ):
        yield _warning(
            category,
            f"'{found}' tells how hard to judge",
            "such words move flags the wrong way: set `threshold` instead (lower is stricter)",
        )


def _of_content(category: Category) -> Iterator[Finding]:
    if not category.definition and not category.examples and (category.images or category.detectors):
        yield _info(
            category,
            "nothing but pictures tells what it is",
            "for texts, its name is all the model knows: add a definition, or examples",
        )
    elif not category.definition and not category.examples:
        yield _warning(
            category,
            "neither a definition nor an example",
            "its name is all the model knows: add one or the other",
        )
    if category.examples and not category.counterexamples:
        yield _info(
            category,
            "examples, but no counterexample",
            f"add what looks like it and is fine: `modcli profile add-shot --counter {category.name} TEXT`",
        )
    few = len(category.examples) < FEWEST_ALLOWED_EXAMPLES
    if category.action is Action.ALLOW and category.note and few:
        yield _info(
            category,
            f"unblocked with {len(category.examples)} example(s)",
            "2 to 4 examples make an unblock reliable",
        )


def _of_values(category: Category) -> Iterator[Finding]:
    if category.word.strip().lower() in ("yes", "no"):
        yield _warning(
            category,
            f"the label word '{category.word}' carries a sentiment of its own",
            "set `label` to a word that names the category",
        )
    if category.threshold in (0, 1):
        fires = "always" if category.threshold == 0 else "hardly ever"
        yield _warning(
            category,
            f"with the threshold {category.threshold:g} it fires {fires}",
            "choose one between, such as 0.5",
        )
    if category.exempts and category.action is not Action.ALLOW:
        yield _warning(
            category,
            "`exempts` has no effect, for only an allowed category is an exception",
            f"remove it, or `modcli profile unblock {category.name}`",
        )


_CHECKS: tuple[Callable[[Category], Iterator[Finding]], ...] = (
    _of_definition,
    _of_wording,
    _of_content,
    _of_values,
)


def _overlap(first: Category, second: Category, task: Task) -> Iterator[Finding]:
    pair = f"'{first.name}' and '{second.name}'"
    own, other = _words(first.definition), _words(second.definition)
    common = len(own & other) / len(own | other) if len(own | other) >= 4 else 0.0
    if common >= OVERLAP:
        yield Finding(
            Severity.WARNING,
            "",
            f"{pair} have {common:.0%} of the words of their definitions in common",
            "join them, or let each definition say what belongs to the other",
        )
    shared = {shot.text for shot in first.examples} & {shot.text for shot in second.examples}
    smaller = min(len(first.examples), len(second.examples))
    if shared and (task is not Task.MULTI_LABEL or 2 * len(shared) >= smaller > 1):
        yield Finding(
            Severity.WARNING,
            "",
            f"{pair} share {len(shared)} of their examples",
            "give each category examples that belong to it alone",
        )
    if first.word.lower() == second.word.lower():
        yield Finding(
            Severity.WARNING, "", f"{pair} have the same label word '{first.word}'", "set another `label`"
        )
    elif first.word.lower().split()[0] == second.word.lower().split()[0]:
        yield Finding(
            Severity.WARNING,
            "",
            f"the label words '{first.word}' and '{second.word}' begin alike",
            "the model tells labels apart best by their first word: set another `label`",
        )


def _words(definition: str) -> set[str]:
    """The content words of a definition."""
    return {word for word in re.findall(r"[^\W\d_]{3,}", definition.lower()) if word not in _ASIDES}
