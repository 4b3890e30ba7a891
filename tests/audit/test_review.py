"""What is asked, in which order, and what answers mean."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.audit.outcomes import Decision, Outcome
from modcli.audit.review import (
    Asked,
    Meaning,
    Reply,
    action_for,
    known_labels,
    meaning,
    similar_shots,
    to_ask,
    uncertainty,
    unknown_of,
)
from modcli.errors import UsageError
from modcli.profile import Action, Category, Profile, Shot, Task

CATEGORIES = (
    Category("spam", Action.BLOCK),
    Category("rude", Action.WARN),
    Category("sad", Action.ALLOW),
    Category("newsletter", Action.ALLOW, exempts=("spam",)),
)
PROFILE = Profile("p", CATEGORIES)
THRESHOLDS = {"spam": 0.5, "rude": 0.7, "sad": 0.5}
DECIDING = {"spam", "rude"}


def outcome(
    id: int, severity: int | None = 0, *, category: str = "spam", said: str = "", **scores: float
) -> Outcome:
    decision = Decision(1, "right", (), "", said, "") if said else None
    appealed = Decision(2, "appeal", (), "mine", "", "") if said == "appeal" else decision
    told = (id, str(id), "post", "", "", "", None, None, "", "", "public", False, "", "", "", "", 0, {}, "")
    return Outcome(*told, severity=severity, category=category, scores=scores, decision=appealed)


def asked(*found: Outcome, **more: object) -> list[int]:
    return [one.item for one in to_ask(found, THRESHOLDS, DECIDING, **more)]  # type: ignore[arg-type]


def test_the_most_uncertain_comes_first() -> None:
    found = [
        outcome(1, 2, spam=0.99),
        outcome(2, 0, spam=0.45, rude=0.1),
        outcome(3, 1, spam=0.1, rude=0.72),
        outcome(4, 0, spam=0.1, rude=0.1),
        outcome(5, None),
    ]
    assert asked(*found) == [3, 2, 1]
    assert asked(*found, within=0.0) == [3, 1]
    assert asked(*found, within=1.0) == [3, 2, 4, 1]
    assert to_ask(found, THRESHOLDS, DECIDING)[0].nearest == "rude"


def test_what_is_decided_is_not_asked_again_and_what_was_skipped_comes_last() -> None:
    found = [outcome(1, 2, spam=0.6, said="block"), outcome(2, 2, spam=0.51), outcome(3, 2, spam=0.9)]
    assert asked(*found) == [2, 3]
    assert asked(*found, skipped={2}) == [3, 2]


def test_an_appeal_that_nobody_decided_is_asked_about() -> None:
    assert asked(outcome(1, 0, spam=0.01, said="appeal")) == [1]


def test_what_decides_nothing_is_not_uncertain() -> None:
    assert asked(outcome(1, 0, sad=0.5)) == []


def test_what_could_not_be_judged_comes_after_what_is_uncertain() -> None:
    found = [outcome(1, 1, category=""), outcome(2, 2, spam=1.0)]
    assert to_ask(found, THRESHOLDS, DECIDING)[1] == Asked(1, math.inf, "")


@given(st.dictionaries(st.sampled_from(["spam", "rude", "sad", "else"]), st.floats(0, 1)))
def test_no_category_that_decides_is_nearer(scores: dict[str, float]) -> None:
    distance, name = uncertainty(scores, THRESHOLDS, DECIDING)
    known = DECIDING & scores.keys()
    assert (name in known) if known else (distance, name) == (math.inf, "")
    assert all(abs(scores[other] - THRESHOLDS[other]) >= distance for other in known)


@pytest.mark.parametrize(
    ("reply", "severity", "labels", "after"),
    [
        (Reply.RIGHT, 2, ("spam",), Action.BLOCK),
        (Reply.WRONG, 2, (), Action.ALLOW),
        (Reply.RIGHT, 0, (), Action.ALLOW),
        (Reply.WRONG, 0, ("rude",), Action.WARN),
    ],
)
def test_right_and_wrong(reply: Reply, severity: int, labels: tuple[str, ...], after: Action) -> None:
    assert meaning(reply, (), outcome(1, severity), "rude", PROFILE) == Meaning(labels, after)


@pytest.mark.parametrize(
    ("labels", "after"),
    [
        (("spam",), Action.BLOCK),
        (("sad",), Action.ALLOW),
        (("rude", "spam"), Action.BLOCK),
        (("newsletter", "spam"), Action.ALLOW),
        (("newsletter", "spam", "rude"), Action.WARN),
    ],
)
def test_other_categories_bring_about_what_the_profile_says(labels: tuple[str, ...], after: Action) -> None:
    assert action_for(labels, PROFILE) is after
    meant = meaning(Reply.OTHER, labels, outcome(1, 2), "rude", PROFILE)
    assert (set(meant.labels), meant.after) == (set(labels), after)


def test_labels_are_categories_of_the_profile_in_its_order() -> None:
    assert known_labels(["rude", "spam", "rude"], PROFILE) == ("spam", "rude")
    for labels in ([], ["harmful"]):
        with pytest.raises(UsageError):
            known_labels(labels, PROFILE)
    with pytest.raises(UsageError, match="has one"):
        known_labels(["rude", "spam"], Profile("p", CATEGORIES, task=Task.MULTI_CLASS))


def test_of_what_was_not_judged_nothing_can_be_said() -> None:
    with pytest.raises(UsageError, match="not judged"):
        meaning(Reply.RIGHT, (), outcome(1, None), "", PROFILE)


def test_one_verdict_of_several_categories_confirms_none_of_them() -> None:
    binary = Profile("p", CATEGORIES, task=Task.BINARY)
    right = meaning(Reply.RIGHT, (), outcome(1, 2, category="harmful"), "harmful", binary)
    assert right == Meaning((), Action.BLOCK)
    wrong = meaning(Reply.WRONG, (), outcome(1, 0, category="harmful"), "harmful", binary)
    assert wrong == Meaning((), Action.BLOCK)
    assert unknown_of("right", (), "block", binary) is None


@pytest.mark.parametrize(
    ("reply", "labels", "after", "task", "unknown"),
    [
        ("right", ("spam",), "block", Task.MULTI_LABEL, {"rude", "sad", "newsletter"}),
        ("right", ("spam",), "block", Task.MULTI_CLASS, set()),
        ("wrong", (), "allow", Task.MULTI_LABEL, {"sad", "newsletter"}),
        ("right", (), "allow", Task.MULTI_LABEL, {"sad", "newsletter"}),
        ("appeal", (), "allow", Task.MULTI_LABEL, {"sad", "newsletter"}),
        ("other", ("sad",), "allow", Task.MULTI_LABEL, set()),
        ("appeal", (), "", Task.MULTI_LABEL, None),
    ],
)
def test_what_a_decision_leaves_open(
    reply: str, labels: tuple[str, ...], after: str, task: Task, unknown: set[str] | None
) -> None:
    assert unknown_of(reply, labels, after, Profile("p", CATEGORIES, task=task)) == unknown


def test_shots_that_share_words_are_found() -> None:
    spam = Category(
        "spam",
        Action.BLOCK,
        examples=(Shot("Buy cheap watches now"), Shot("win a cruise")),
        counterexamples=(Shot("my watches are cheap"),),
    )
    found = similar_shots("cheap watches, buy them!", Profile("p", (spam,)))
    assert found == [
        ("an example of spam", "Buy cheap watches now"),
        ("a counterexample of spam", "my watches are cheap"),
    ]
    assert similar_shots("", Profile("p", (spam,))) == []
    assert similar_shots("nothing of the kind", Profile("p", (spam,))) == []
