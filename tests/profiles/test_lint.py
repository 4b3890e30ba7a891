"""What is known to weaken a profile."""

from __future__ import annotations

import pytest

from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.lint import clauses, lint

GOOD = "Insults aimed at a person, threats, slurs, contempt for a group, and calls to drive people out."


def shots(*texts: str) -> tuple[Shot, ...]:
    return tuple(map(Shot, texts))


def category(name: str = "toxicity", **values: object) -> Category:
    kept: dict[str, object] = {"definition": GOOD, "examples": shots(name), "counterexamples": shots("fine")}
    return Category(name, Action.BLOCK, **(kept | values))  # type: ignore[arg-type]


def findings(*categories: Category, task: Task = Task.MULTI_LABEL) -> list[tuple[str, str, str]]:
    found = lint(Profile("p", categories, task=task))
    assert all(one.hint for one in found)
    return [(one.severity.value, one.category, one.message) for one in found]


def test_a_good_profile_has_no_findings() -> None:
    assert (
        findings(category(), category("spam", definition="Ads, offers, prizes, phishing, fake followers."))
        == []
    )


ONE = [
    (category(definition="Rude posts."), "warning", "a short definition (1 clause)"),
    (category(definition="Rude posts, and threats."), "warning", "a short definition (2 clauses)"),
    (category(definition="It is so.\n" * 21), "warning", "a long definition (21 clauses"),
    (category(definition=GOOD + "x" * 1_500), "warning", "a long definition (1 clauses, 1,5"),
    (category(definition=f"{GOOD} Be strict!"), "warning", "'be strict' tells how hard to judge"),
    (category(definition=f"{GOOD} Zero tolerance."), "warning", "'zero tolerance' tells how hard to judge"),
    (category(note="When in doubt, block."), "warning", "'when in doubt' tells how hard to judge"),
    (category(definition=f"{GOOD} Flag aggressively."), "warning", "'aggressively' tells how hard to judge"),
    (category(definition="", examples=()), "warning", "neither a definition nor an example"),
    (category(label="Yes"), "warning", "the label word 'Yes' carries a sentiment"),
    (category("no"), "warning", "the label word 'no' carries a sentiment"),
    (category(threshold=0.0), "warning", "with the threshold 0 it fires always"),
    (category(threshold=1.0), "warning", "with the threshold 1 it fires hardly ever"),
    (category(exempts=("spam",)), "warning", "`exempts` has no effect"),
    (category(counterexamples=()), "info", "examples, but no counterexample"),
]


@pytest.mark.parametrize(("one", "severity", "message"), ONE)
def test_a_weak_spot_of_a_category_is_found(one: Category, severity: str, message: str) -> None:
    found = findings(one)
    assert len(found) == 1
    assert found[0][:2] == (severity, one.name)
    assert message in found[0][2]


def test_an_unblock_with_one_example_is_worth_knowing() -> None:
    unblocked = Category(
        "t", Action.ALLOW, GOOD, note="fine", examples=shots("a"), counterexamples=shots("b")
    )
    assert findings(unblocked) == [("info", "t", "unblocked with 1 example(s)")]


PAIRS = [
    (
        category("a", definition=GOOD),
        category("b", definition=f"{GOOD} Really."),
        "of the words of their definitions",
    ),
    (category("a"), category("b", definition="x, y, z, u, v, w", label="A"), "have the same label word 'a'"),
    (category("hate speech"), category("hate symbols", definition="x, y, z, u, v"), "begin alike"),
    (
        category("a", examples=shots("1", "2", "3")),
        category("b", definition="x, y, z, u, v", examples=shots("2", "1")),
        "share 2 of their examples",
    ),
]


@pytest.mark.parametrize(("first", "second", "message"), PAIRS)
def test_categories_that_overlap_are_found(first: Category, second: Category, message: str) -> None:
    found = findings(first, second)
    assert len(found) == 1
    assert message in found[0][2]


def test_one_shared_example_is_fine_where_a_post_may_have_several_labels() -> None:
    pair = (
        category("a", examples=shots("1", "2", "3")),
        category("b", definition="x, y, z, u, v", examples=shots("1", "4", "5")),
    )
    assert findings(*pair) == []
    assert len(findings(*pair, task=Task.MULTI_CLASS)) == 1


def test_what_is_rude_is_no_word_about_strictness() -> None:
    assert findings(category(definition=f"{GOOD} Aggressive insults; strict parents are no insult.")) == []


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("a", 1), ("a; b. c", 3), ("a\nb\n\nc.\n", 3), ("3.5 apples", 1)]
)
def test_clauses_are_counted(text: str, count: int) -> None:
    assert clauses(text) == count
