from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import Location
from modcli.item import Item
from modcli.judges.tasks import HARMFUL, as_judged
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.skills.pooled import Pooled, pooled_categories, whether, which
from modcli.verdict import CategoryVerdict, Verdict

SHARES = st.floats(0, 1)
ITEM = Item("a", "text", Location("a"))


def category(name: str, action: Action = Action.BLOCK, **fields: object) -> Category:
    return Category(name=name, action=action, examples=(Shot(f"of {name}"),), **fields)


PROFILE = Profile(
    name="p",
    description="",
    task=Task.MULTI_LABEL,
    categories=(
        category("fraud"),
        category("weapons"),
        category("legal", Action.WARN),
        category("authorized-security", Action.ALLOW, exempts=("weapons",)),
    ),
)


class Says:
    """A judge that always says the same."""

    def __init__(self, error: str | None = None, **probabilities: float) -> None:
        self.error = error
        self.found = {
            name.replace("_", "-"): CategoryVerdict(p, 0.5, Action.ALLOW) for name, p in probabilities.items()
        }

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        return [Verdict(item.id, Action.ALLOW, self.found, error=self.error) for item in items]


def judged(each: Says, together: float, error: str | None = None) -> Verdict:
    return Pooled(PROFILE, each, Says(error, **{HARMFUL: together})).judge([ITEM])[0]


@given(SHARES, SHARES, SHARES, SHARES)
def test_what_speaks_by_itself_stays_and_of_the_rest_none_gets_more_than_all_have_together(
    fraud: float, weapons: float, legal: float, together: float
) -> None:
    alone = {"fraud": fraud, "weapons": weapons, "legal": legal}
    found = judged(Says(**alone), together).categories
    for name, p in alone.items():
        assert found[name].probability == p if p >= 0.5 else found[name].probability <= together
    loudest = max(alone, key=lambda name: alone[name])
    if 0 < alone[loudest] < 0.5:
        assert found[loudest].probability == together


def test_what_no_category_says_alone_all_say_together() -> None:
    verdict = judged(Says(fraud=0.3, weapons=0.1, legal=0.05, authorized_security=0.0), 0.9)
    assert verdict.action is Action.BLOCK
    assert [name for name, found in verdict.categories.items() if found.action.severity] == ["fraud"]


def test_the_loudest_says_which_action() -> None:
    assert (
        judged(Says(fraud=0.05, weapons=0.05, legal=0.3, authorized_security=0.0), 0.9).action is Action.WARN
    )


def test_an_allowed_category_is_as_it_was_and_calls_off() -> None:
    verdict = judged(Says(fraud=0.01, weapons=0.3, legal=0.01, authorized_security=0.8), 0.7)
    assert verdict.categories["authorized-security"].probability == 0.8
    assert verdict.categories["weapons"].exempted_by == "authorized-security"


def test_what_fails_together_is_an_error() -> None:
    assert (
        judged(Says(fraud=0.1, weapons=0.1, legal=0.1, authorized_security=0.1), 0.5, "lost").error == "lost"
    )


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTI_CLASS])
def test_other_tasks_are_not_pooled(task: Task) -> None:
    assert not pooled_categories(Profile(name="p", description="", task=task, categories=PROFILE.categories))


def test_one_category_is_not_pooled() -> None:
    alone = Profile(name="p", description="", task=Task.MULTI_LABEL, categories=PROFILE.categories[2:])
    assert not pooled_categories(alone)


def test_the_pooled_profile_has_one_category_that_acts() -> None:
    found = as_judged(whether(PROFILE))
    assert [one.name for one in found.categories] == [HARMFUL]
    assert {shot.text for shot in found.categories[0].counterexamples} == {"of authorized-security"}


def test_which_holds_those_that_act_against_each_other_and_says_how_they_rank() -> None:
    assert [one.name for one in which(PROFILE).categories] == ["fraud", "weapons", "legal"]
    each = Says(fraud=0.4, weapons=0.1, legal=0.1, authorized_security=0.0)
    ranks = Says(fraud=0.1, weapons=0.2, legal=0.6)
    found = Pooled(PROFILE, each, Says(**{HARMFUL: 0.9}), ranks).judge([ITEM])[0]
    assert found.action is Action.WARN
    assert round(found.categories["weapons"].probability, 6) == round(0.9 * (1 / 3) ** 4, 6)
    assert round(found.categories["fraud"].probability, 6) == round(0.9 * (1 / 6) ** 4, 6)


def test_a_category_of_many_examples_does_not_count_by_itself() -> None:
    many = tuple(replace(c, examples=(Shot("x"),) * 8) for c in PROFILE.categories)
    each = Says(fraud=0.9, weapons=0.8, legal=0.1, authorized_security=0.0)
    found = Pooled(replace(PROFILE, categories=many), each, Says(**{HARMFUL: 0.2})).judge([ITEM])[0]
    assert found.action is Action.ALLOW
    assert round(found.categories["fraud"].probability, 6) == 0.2
