"""Every rule of `decide`, a row each; and `severities`, which is the same for many items."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from modcli.judges.decision import decide, severities
from modcli.profile import Action, Category, Profile, Task

ALLOW, WARN, BLOCK = Action.ALLOW, Action.WARN, Action.BLOCK
LABELS, CLASSES = Task.MULTI_LABEL, Task.MULTI_CLASS

TOXIC = Category("toxic", BLOCK)
SPAM = Category("spam", WARN)
SALTY = Category("salty", ALLOW, exempts=("toxic",))
FRIENDLY = Category("friendly", ALLOW, exempts=("toxic", "spam"))
SPORT = Category("sport", ALLOW)
PROFILES = {
    LABELS: Profile("labels", (TOXIC, SPAM, SALTY, FRIENDLY, SPORT)),
    CLASSES: Profile("classes", (SPORT, SPAM, TOXIC), task=CLASSES),
}


@pytest.mark.parametrize(
    ("task", "probabilities", "action", "reason"),
    [
        # a category fires at its threshold
        (LABELS, {"toxic": 0.5}, BLOCK, "toxic 0.50 (from 0.50)"),
        (LABELS, {"toxic": 0.49}, ALLOW, "below every threshold; nearest: toxic 0.49 (from 0.50)"),
        (LABELS, {"spam": 0.9}, WARN, "spam 0.90 (from 0.50)"),
        (LABELS, {"sport": 0.9}, ALLOW, "sport 0.90, which is allowed"),
        (LABELS, {}, ALLOW, "no category to judge"),
        # the strictest action is the item's, not the most probable category's
        (LABELS, {"toxic": 0.6, "spam": 0.9}, BLOCK, "toxic 0.60 (from 0.50)"),
        (LABELS, {"toxic": 0.6, "sport": 0.99}, BLOCK, "toxic 0.60 (from 0.50)"),
        (
            LABELS,
            {"toxic": 0.4, "spam": 0.2, "sport": 0.1},
            ALLOW,
            "below every threshold; nearest: toxic 0.40 (from 0.50)",
        ),
        # an allowed category that names another takes the item out of it
        (LABELS, {"toxic": 0.7, "salty": 0.8}, ALLOW, "toxic 0.70, but salty, which is allowed"),
        (LABELS, {"toxic": 0.8, "salty": 0.7}, BLOCK, "toxic 0.80 (from 0.50)"),
        (LABELS, {"toxic": 0.3, "salty": 0.8}, ALLOW, "salty 0.80, which is allowed"),
        # where it fired itself
        (LABELS, {"toxic": 0.5, "salty": 0.49}, BLOCK, "toxic 0.50 (from 0.50)"),
        # but not out of another
        (LABELS, {"toxic": 0.7, "spam": 0.6, "salty": 0.8}, WARN, "spam 0.60 (from 0.50)"),
        (LABELS, {"spam": 0.6, "salty": 0.8}, WARN, "spam 0.60 (from 0.50)"),
        (
            LABELS,
            {"toxic": 0.7, "spam": 0.6, "friendly": 0.8},
            ALLOW,
            "toxic 0.70, but friendly, which is allowed, spam 0.60, but friendly, which is allowed",
        ),
        # the most probable of several is named
        (
            LABELS,
            {"toxic": 0.7, "salty": 0.8, "friendly": 0.9},
            ALLOW,
            "toxic 0.70, but friendly, which is allowed",
        ),
        # equal: the stricter
        (LABELS, {"toxic": 0.8, "salty": 0.8}, BLOCK, "toxic 0.80 (from 0.50)"),
        # of classes only the most probable one fires
        (CLASSES, {"toxic": 0.2, "spam": 0.1, "sport": 0.6}, ALLOW, "sport 0.60, which is allowed"),
        (CLASSES, {"toxic": 0.6, "spam": 0.3, "sport": 0.0}, BLOCK, "toxic 0.60 (from 0.50)"),
        (CLASSES, {"toxic": 0.3, "spam": 0.6, "sport": 0.0}, WARN, "spam 0.60 (from 0.50)"),
        (CLASSES, {"toxic": 0.5, "spam": 0.0, "sport": 0.5}, BLOCK, "toxic 0.50 (from 0.50)"),
        (CLASSES, {"toxic": 0.0, "spam": 0.5, "sport": 0.5}, WARN, "spam 0.50 (from 0.50)"),
        (CLASSES, {"toxic": 0.5, "spam": 0.0, "sport": 0.0}, BLOCK, "toxic 0.50 (from 0.50)"),
        (
            CLASSES,
            {"toxic": 0.4, "spam": 0.0, "sport": 0.0},
            ALLOW,
            "below every threshold; nearest: toxic 0.40 (from 0.50)",
        ),
        (CLASSES, {}, ALLOW, "no category to judge"),
    ],
)
def test_rules(task: Task, probabilities: dict[str, float], action: Action, reason: str) -> None:
    thresholds = dict.fromkeys(probabilities, 0.5)
    decided, found, told = decide(PROFILES[task], probabilities, thresholds, {})
    assert (decided, told) == (action, reason)
    assert set(found) == set(probabilities)


@pytest.mark.parametrize(
    ("probabilities", "action", "reason"),
    [
        # over its own threshold, but "none of them" is more probable
        (
            {"toxic": 0.3, "spam": 0.1, "sport": 0.1},
            ALLOW,
            "toxic 0.30 (from 0.20), but another label is more probable",
        ),
        # the most probable is below its own
        (
            {"toxic": 0.3, "spam": 0.1, "sport": 0.5},
            ALLOW,
            "toxic 0.30 (from 0.20), but another label is more probable",
        ),
        ({"toxic": 0.45, "spam": 0.1, "sport": 0.1}, BLOCK, "toxic 0.45 (from 0.20)"),
    ],
)
def test_classes_with_thresholds_of_their_own(
    probabilities: dict[str, float], action: Action, reason: str
) -> None:
    thresholds = {"toxic": 0.2, "spam": 0.9, "sport": 0.9}
    decided, found, told = decide(PROFILES[CLASSES], probabilities, thresholds, {})
    assert (decided, told) == (action, reason)
    assert all(verdict.action is ALLOW for name, verdict in found.items() if name != "toxic")


def test_what_was_found_tells_all() -> None:
    probabilities = {"toxic": 0.7, "spam": 0.6, "salty": 0.8}
    thresholds = {"toxic": 0.6, "spam": 0.5, "salty": 0.4}
    _, found, _ = decide(PROFILES[LABELS], probabilities, thresholds, {"toxic": ["a", "b"]})
    assert list(found) == ["toxic", "spam", "salty"], "in the profile's order"
    toxic = found["toxic"]
    assert (toxic.probability, toxic.threshold, toxic.fired) == (0.7, 0.6, True)
    assert (toxic.action, toxic.exempted_by, toxic.shots) == (ALLOW, "salty", ("a", "b"))
    assert (found["spam"].action, found["spam"].exempted_by, found["spam"].shots) == (WARN, None, ())


@pytest.mark.parametrize("task", [LABELS, CLASSES])
def test_many_at_once_are_decided_as_each_alone(task: Task) -> None:
    """Every combination of a few probabilities, ties among them."""
    profile = PROFILES[task]
    names = [category.name for category in profile.categories]
    levels = (0.0, 0.25, 0.5, 0.75)
    grid = np.array(
        [p for p in itertools.product(levels, repeat=len(names)) if task is LABELS or sum(p) <= 1]
    )
    thresholds = {name: 0.25 + 0.25 * (i % 2) for i, name in enumerate(names)}
    found = severities(profile, dict(zip(names, grid.T, strict=True)), thresholds)
    expected = [
        decide(profile, dict(zip(names, p, strict=True)), thresholds, {})[0].severity for p in grid.tolist()
    ]
    assert found.tolist() == expected
    assert len(set(expected)) == 3


def test_many_at_once_without_a_category() -> None:
    empty = Profile("empty", ())
    assert severities(empty, {"gone": np.zeros(4)}, {}).tolist() == [0] * 4
    assert severities(empty, {}, {}).tolist() == []
