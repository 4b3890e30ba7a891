"""A profile's tests: what passes, and which verdicts moved with or without a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from modcli.errors import Location
from modcli.evaluation.expectations import Edits, Outcome, compare, edits_between, kept_run, run_tests
from modcli.item import Item
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.expectations import Expectation
from modcli.verdict import CategoryVerdict, Verdict

RUDE = Category("rude", Action.BLOCK, "Insults.", examples=(Shot("fool"),))
SPAM = Category("spam", Action.WARN, "Ads.", examples=(Shot("buy"),))
BANTER = Category("banter", Action.ALLOW, "Banter.", examples=(Shot("muppet"),), exempts=("rude",))
PROFILE = Profile("p", (RUDE, SPAM, BANTER))


def expectation(action: Action, category: str = "", text: str = "a post", near: str = "") -> Expectation:
    return Expectation(text, action, "tests[1]", Location("p.yaml", 3, 5), category, near=near)


def found(p: float, action: Action = Action.ALLOW, exempted_by: str | None = None) -> CategoryVerdict:
    return CategoryVerdict(p, 0.5, action, exempted_by)


def verdict(action: Action, error: str | None = None, **categories: CategoryVerdict) -> Verdict:
    return Verdict("tests[1]", action, categories, "reading", "because", error=error)


RUDE_AND_SPAM = verdict(Action.BLOCK, rude=found(0.9, Action.BLOCK), spam=found(0.7, Action.WARN))
FINE = verdict(Action.ALLOW, rude=found(0.1), spam=found(0.4))


@pytest.mark.parametrize(
    ("expected", "got", "why"),
    [
        (expectation(Action.BLOCK), RUDE_AND_SPAM, ""),
        (expectation(Action.BLOCK, "rude"), RUDE_AND_SPAM, ""),
        (
            expectation(Action.BLOCK, "spam"),
            RUDE_AND_SPAM,
            "blocked (because), but not for spam (0.70, from 0.50)",
        ),
        (expectation(Action.WARN, "spam"), RUDE_AND_SPAM, "should be warned of, is blocked: because"),
        (expectation(Action.ALLOW, "rude"), FINE, ""),
        (expectation(Action.ALLOW), RUDE_AND_SPAM, "should be allowed, is blocked: because"),
        (expectation(Action.BLOCK, "rude"), FINE, "should be blocked, is allowed: because"),
        (
            expectation(Action.WARN),
            verdict(Action.WARN, "too long", rude=found(0.1)),
            "could not be judged: too long",
        ),
        (
            expectation(Action.BLOCK, "vague"),
            RUDE_AND_SPAM,
            "blocked (because), but not for vague (not judged)",
        ),
    ],
)
def test_a_test_passes_if_the_action_came_and_for_the_category(
    expected: Expectation, got: Verdict, why: str
) -> None:
    outcome = Outcome(expected, got)
    assert (outcome.passed, outcome.why) == (not why, why)


def test_the_category_told_is_the_one_named_or_else_the_one_that_decided() -> None:
    assert Outcome(expectation(Action.BLOCK), RUDE_AND_SPAM).category == "rude"
    assert Outcome(expectation(Action.ALLOW), FINE).category == "spam"
    assert Outcome(expectation(Action.ALLOW, "rude"), FINE).category == "rude"
    assert Outcome(expectation(Action.ALLOW, "vague"), FINE).category == ""
    assert Outcome(expectation(Action.ALLOW), Verdict("1", Action.ALLOW)).category == ""


def test_several_categories_judged_as_one_stand_for_each() -> None:
    outcome = Outcome(
        expectation(Action.BLOCK, "rude"), verdict(Action.BLOCK, harmful=found(0.8, Action.BLOCK))
    )
    assert (outcome.passed, outcome.category) == (True, "harmful")


def test_posts_are_judged_in_order() -> None:
    class Echo:
        def judge(self, items: Sequence[Item]) -> list[Verdict]:
            return [Verdict(item.id, Action.ALLOW, reason=item.text) for item in items]

    outcomes = run_tests(Echo(), [expectation(Action.ALLOW, text=text) for text in "abc"])
    assert [outcome.verdict.reason for outcome in outcomes] == ["a", "b", "c"]
    assert run_tests(Echo(), []) == []


def moves(
    before: Verdict,
    after: Verdict,
    edited: Profile = PROFILE,
    *,
    category: str = "rude",
    profile: Profile = PROFILE,
) -> list[tuple[str, bool]]:
    """What moved from a run under `profile` to one under `edited`, and whether it followed the edit."""
    old, new = (Outcome(expectation(Action.BLOCK, category), one) for one in (before, after))
    first = kept_run(profile, [old], when=1.0, version="1")
    second = kept_run(edited, [new], when=2.0, version="1")
    comparison = compare(first, second, [new], edited.task)
    return [(move.category, move.followed) for move in comparison.moves.get(new.key, ())]


def edited(category: Category, **changes: object) -> Profile:
    kept = [other for other in PROFILE.categories if other.name != category.name]
    return replace(PROFILE, categories=(replace(category, **changes), *kept))  # type: ignore[arg-type]


CAUGHT = verdict(Action.BLOCK, rude=found(0.9, Action.BLOCK), spam=found(0.4))
MISSED = verdict(Action.ALLOW, rude=found(0.2), spam=found(0.4))


def test_a_verdict_follows_an_edit_of_its_own_category() -> None:
    for changes in (
        {"definition": "Insults, and worse."},
        {"examples": ()},
        {"counterexamples": (Shot("a"),)},
        {"threshold": 0.3},
        {"action": Action.WARN},
        {"note": "A note."},
        {"label": "unkind"},
    ):
        assert moves(CAUGHT, MISSED, edited(RUDE, **changes)) == [("rude", True)], changes


def test_it_moves_without_reason_where_another_category_was_edited_or_none() -> None:
    assert moves(CAUGHT, MISSED, edited(SPAM, definition="Adverts.")) == [("rude", False)]
    assert moves(CAUGHT, MISSED) == [("rude", False)]
    # The reason of an example changes no verdict, so it is no edit.
    assert moves(CAUGHT, MISSED, edited(RUDE, examples=(Shot("fool", "An insult."),))) == [("rude", False)]


def test_what_stays_where_it_was_has_not_moved() -> None:
    assert moves(CAUGHT, CAUGHT, edited(RUDE, threshold=0.3)) == []
    near = verdict(Action.BLOCK, rude=found(0.75, Action.BLOCK), spam=found(0.4))
    assert moves(CAUGHT, near) == []


def test_a_large_shift_towards_the_threshold_is_told_of_the_tested_category() -> None:
    near = verdict(Action.BLOCK, rude=found(0.6, Action.BLOCK), spam=found(0.4))
    assert moves(CAUGHT, near) == [("rude", False)]
    assert moves(CAUGHT, near, category="spam") == []


def test_an_edited_exception_is_a_reason() -> None:
    exempted = verdict(Action.ALLOW, rude=found(0.9, exempted_by="banter"), banter=found(0.95))
    assert moves(CAUGHT, exempted, edited(BANTER, definition="Jokes.")) == [("rude", True)]
    assert moves(exempted, CAUGHT, edited(BANTER, definition="Jokes.")) == [("rude", True)]
    assert moves(CAUGHT, exempted, edited(SPAM, definition="Adverts.")) == [("rude", False)]


def test_what_all_categories_share_is_a_reason_for_all() -> None:
    assert moves(CAUGHT, MISSED, replace(PROFILE, ordinary=(Shot("rain"),))) == [("rude", True)]


def test_classes_of_one_task_compete() -> None:
    profile = replace(PROFILE, task=Task.MULTI_CLASS)
    changed = replace(edited(SPAM, definition="Adverts."), task=Task.MULTI_CLASS)
    lost = verdict(Action.WARN, rude=found(0.3), spam=found(0.6, Action.WARN))
    assert moves(CAUGHT, lost, changed, profile=profile) == [("rude", True), ("spam", True)]
    assert moves(CAUGHT, lost, profile, profile=profile) == [("rude", False), ("spam", False)]


def test_a_new_or_removed_category_is_told_where_it_does_something() -> None:
    coins = Category("coins", Action.BLOCK, "Coins.")
    more = replace(PROFILE, categories=(*PROFILE.categories, coins))
    with_coins = replace(CAUGHT, categories={**CAUGHT.categories, "coins": found(0.8, Action.BLOCK)})
    without = replace(CAUGHT, categories={**CAUGHT.categories, "coins": found(0.1)})
    assert moves(CAUGHT, with_coins, more) == [("coins", True)]
    assert moves(CAUGHT, without, more) == []
    assert moves(with_coins, CAUGHT, PROFILE, profile=more) == [("coins", True)]


def test_several_categories_judged_as_one_follow_an_edit_of_any() -> None:
    before = verdict(Action.BLOCK, harmful=found(0.9, Action.BLOCK))
    after = verdict(Action.ALLOW, harmful=found(0.2))
    assert moves(before, after, edited(SPAM, definition="Adverts.")) == [("harmful", True)]
    assert moves(before, after) == [("harmful", False)]


def test_moves_are_told_in_words() -> None:
    def told(before: Verdict, after: Verdict) -> list[str]:
        old, new = (Outcome(expectation(Action.BLOCK, "rude"), one) for one in (before, after))
        runs = [kept_run(PROFILE, [one], when=1.0, version="1") for one in (old, new)]
        return [
            move.told for move in compare(runs[0], runs[1], [new], Task.MULTI_LABEL).moves.get(new.key, ())
        ]

    near = verdict(Action.BLOCK, rude=found(0.6, Action.BLOCK), spam=found(0.4))
    gone = verdict(Action.ALLOW, spam=found(0.4))
    assert told(CAUGHT, MISSED) == ["rude 0.90 -> 0.20, blocked -> allowed"]
    assert told(CAUGHT, near) == ["rude 0.90 -> 0.60, still blocked, and now near its threshold of 0.50"]
    assert told(CAUGHT, gone) == ["rude is no longer judged"]
    assert told(gone, CAUGHT) == ["rude is new: 0.90, blocked"]


def test_an_edited_test_and_one_that_was_not_judged() -> None:
    old = Outcome(expectation(Action.BLOCK, "rude"), CAUGHT)
    new = Outcome(expectation(Action.ALLOW, "rude"), CAUGHT)
    first = kept_run(PROFILE, [old], when=1.0, version="1")
    comparison = compare(first, kept_run(PROFILE, [new], when=2.0, version="2"), [new], PROFILE.task)
    assert comparison.edited_tests == {new.key}
    assert comparison.passed_before == {new.key: True}
    assert (new.passed, comparison.same_version, comparison.when) == (False, False, 1.0)
    failed = Outcome(expectation(Action.ALLOW, "rude"), verdict(Action.WARN, "too long"))
    assert kept_run(PROFILE, [failed], when=1.0, version="1").tests == {}
    assert compare(first, first, [failed], PROFILE.task).passed_before == {failed.key: True}


def test_edits_name_the_parts() -> None:
    first = kept_run(PROFILE, [], when=1.0, version="1")
    other = Profile(
        "q",
        (replace(RUDE, definition="x", threshold=0.2), Category("coins", Action.BLOCK), BANTER),
        ordinary=(Shot("rain"),),
    )
    assert edits_between(first, kept_run(other, [], when=2.0, version="1")) == Edits(
        {"rude": ("threshold", "definition"), "spam": ("removed",), "coins": ("added",)}, ("ordinary",)
    )
    assert not edits_between(first, first)
