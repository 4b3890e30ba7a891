from __future__ import annotations

import pytest

from modcli.judges.tasks import HARMFUL, as_judged, contrast, elsewhere, is_asked
from modcli.profile import Action, Category, Profile, Shot, Task

ALLOW, WARN, BLOCK = Action.ALLOW, Action.WARN, Action.BLOCK


def shots(*texts: str) -> tuple[Shot, ...]:
    return tuple(Shot(text) for text in texts)


RUDE = Category(
    "rude",
    BLOCK,
    "Insults.",
    "Not banter.",
    examples=shots("r1", "r2"),
    counterexamples=shots("c1", "s1"),
    threshold=0.7,
)
SPAM = Category(
    "spam", WARN, "Sells.", examples=shots("s1", "r2"), counterexamples=shots("c1", "c2"), threshold=0.4
)
SALTY = Category("salty", ALLOW, "Swears.", examples=shots("a1"), exempts=("rude",))
PLAIN = Category("plain", ALLOW, examples=shots("p1"))


def texts(found: tuple[Shot, ...]) -> list[str]:
    return [shot.text for shot in found]


@pytest.mark.parametrize(
    "profile",
    [
        Profile("p", (RUDE, SPAM)),
        Profile("p", (RUDE, SPAM), task=Task.MULTI_CLASS),
        Profile("p", (RUDE,), task=Task.BINARY),
    ],
)
def test_other_tasks_are_judged_as_they_are(profile: Profile) -> None:
    assert as_judged(profile) is profile


def test_binary_task_has_one_category() -> None:
    """Everything with an action, against everything allowed."""
    profile = Profile("p", (RUDE, SPAM, SALTY, PLAIN), task=Task.BINARY, ordinary=shots("o"))
    judged = as_judged(profile)
    (only,) = judged.categories
    assert (only.name, only.action, only.threshold) == (HARMFUL, BLOCK, 0.4)
    assert only.definition == "Insults. Not banter.\nSells."
    assert only.note == "Not harmful: Swears."
    assert texts(only.examples) == ["r1", "r2", "s1"]
    assert texts(only.counterexamples) == ["c1", "c2", "a1", "p1"], "s1 is harmful, though it is not rude"
    assert judged.ordinary == profile.ordinary
    assert judged.digest != profile.digest


def test_binary_task_with_an_exception_is_still_one_question() -> None:
    (only,) = as_judged(Profile("p", (SPAM, PLAIN), task=Task.BINARY)).categories
    assert (only.action, only.threshold, texts(only.counterexamples)) == (WARN, 0.4, ["c1", "c2", "p1"])


def test_binary_task_that_allows_everything() -> None:
    assert as_judged(Profile("p", (PLAIN,), task=Task.BINARY)).categories == ()
    assert as_judged(Profile("p", (), task=Task.BINARY)).categories == ()


@pytest.mark.parametrize(
    ("task", "category", "known"),
    [
        (Task.MULTI_LABEL, PLAIN, []),
        (Task.MULTI_LABEL, SPAM, ["c1", "c2"]),
        # an exception's examples are counterexamples of what it is an exception to, and the other way round
        (Task.MULTI_LABEL, RUDE, ["c1", "s1", "a1"]),
        (Task.MULTI_LABEL, SALTY, ["r1", "r2"]),
        # what is of another class is not of this one, but for a text that is of both
        (Task.MULTI_CLASS, RUDE, ["c1", "s1", "a1", "p1"]),
        (Task.MULTI_CLASS, SPAM, ["c1", "c2", "r1", "a1", "p1"]),
    ],
)
def test_contrast(task: Task, category: Category, known: list[str]) -> None:
    profile = Profile("p", (RUDE, SPAM, SALTY, PLAIN), task=task)
    assert texts(contrast(profile, category)) == known


@pytest.mark.parametrize(
    ("task", "category", "others"),
    [
        # neither its own examples (r2) nor its counterexamples (s1, where it is of another category)
        (Task.MULTI_LABEL, RUDE, ["p1"]),
        (Task.MULTI_LABEL, SPAM, ["r1", "a1", "p1"]),
        # what it is an exception to stands against it already
        (Task.MULTI_LABEL, SALTY, ["s1", "p1"]),
        (Task.MULTI_LABEL, PLAIN, ["r1", "r2", "s1", "a1"]),
        # all other classes do
        (Task.MULTI_CLASS, RUDE, []),
        (Task.MULTI_CLASS, PLAIN, []),
    ],
)
def test_elsewhere(task: Task, category: Category, others: list[str]) -> None:
    """Examples of other categories, each once, of which it is not known whether they are of this one."""
    profile = Profile("p", (RUDE, SPAM, SALTY, PLAIN), task=task)
    assert texts(elsewhere(profile, category)) == others


@pytest.mark.parametrize("task", Task)
def test_elsewhere_and_contrast_share_nothing(task: Task) -> None:
    profile = as_judged(Profile("p", (RUDE, SPAM, SALTY, PLAIN), task=task))
    for category in profile.categories:
        groups = [category.examples, contrast(profile, category), elsewhere(profile, category)]
        found = [text for group in groups for text in texts(group)]
        assert len(found) == len(set(found))


def test_nothing_is_elsewhere_of_the_only_category() -> None:
    assert elsewhere(Profile("p", (RUDE,)), RUDE) == ()


@pytest.mark.parametrize(
    ("task", "category", "asked"),
    [
        (Task.MULTI_LABEL, RUDE, True),
        (Task.MULTI_LABEL, SPAM, True),
        (Task.MULTI_LABEL, SALTY, True),
        (Task.MULTI_LABEL, PLAIN, False),
        (Task.MULTI_CLASS, PLAIN, True),
    ],
)
def test_is_asked(task: Task, category: Category, asked: bool) -> None:
    assert is_asked(Profile("p", (RUDE, SPAM, SALTY, PLAIN), task=task), category) is asked
