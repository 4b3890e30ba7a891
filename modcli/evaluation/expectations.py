"""A profile's tests: run, and compared with their last run, so that an edit shows what it did and what it must not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modcli.evaluation.previous_run import (
    KeptRun,
    KeptTest,
    differing_parts,
    key_of,
    parts_of_category,
    parts_of_profile,
)
from modcli.evaluation.run import Judging
from modcli.item import Item
from modcli.judges.tasks import HARMFUL
from modcli.profile import Action, Profile, Task
from modcli.profiles.expectations import Expectation
from modcli.verdict import CategoryVerdict, Verdict

#: A probability that changes by more than this, and comes as near as this to its threshold, is worth a line.
SHIFT = 0.2

WHAT_WAS_DONE = {Action.ALLOW: "allowed", Action.WARN: "warned of", Action.BLOCK: "blocked"}


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    expectation: Expectation
    verdict: Verdict

    @property
    def key(self) -> str:
        """What the test is known by from run to run."""
        return key_of(self.expectation.text, self.expectation.category)

    @property
    def category(self) -> str:
        """The category that the test is about, as it is judged; without one the category that decided, or came nearest
        to it; empty where none was judged."""
        found = self.verdict.categories
        if self.expectation.category in found:
            return self.expectation.category
        if self.expectation.category and HARMFUL in found:
            return HARMFUL
        if self.expectation.category or not found:
            return ""
        acting = {name: one for name, one in found.items() if one.action is self.verdict.action}
        return max(acting or found, key=lambda name: _lead(found[name]))

    @property
    def found(self) -> CategoryVerdict | None:
        """What was found for that category."""
        return self.verdict.categories.get(self.category)

    @property
    def passed(self) -> bool:
        """Whether it came out as expected. One that could not be judged did not."""
        if self.verdict.error is not None or self.verdict.action is not self.expectation.action:
            return False
        if self.expectation.action is Action.ALLOW or not self.expectation.category:
            return True
        return self.found is not None and self.found.action is self.expectation.action

    @property
    def why(self) -> str:
        """Why it failed, in words; empty where it passed."""
        if self.passed:
            return ""
        if self.verdict.error is not None:
            return f"could not be judged: {self.verdict.error}"
        reason = self.verdict.reason or "no reason"
        wanted, got = WHAT_WAS_DONE[self.expectation.action], WHAT_WAS_DONE[self.verdict.action]
        if self.expectation.action is self.verdict.action:
            found = "not judged" if self.found is None else told_probability(self.found)
            return f"{got} ({reason}), but not for {self.expectation.category} ({found})"
        return f"should be {wanted}, is {got}: {reason}"


def run_tests(moderator: Judging, expectations: Sequence[Expectation]) -> list[Outcome]:
    """Judge the posts of all tests, in order. Raises what the moderator raises."""
    items = [Item(one.name, one.text, one.location) for one in expectations]
    verdicts = moderator.judge(items) if items else []
    return [Outcome(one, verdict) for one, verdict in zip(expectations, verdicts, strict=True)]


def told_probability(found: CategoryVerdict) -> str:
    """A probability and the one that it is held against."""
    return f"{found.probability:.2f}, from {found.threshold:.2f}"


@dataclass(frozen=True)
class Edits:
    """What was edited since a run: by category, the parts of it ("added" and "removed" for the whole of one); and of
    what all categories share."""

    categories: dict[str, tuple[str, ...]]
    shared: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.categories or self.shared)


@dataclass(frozen=True, slots=True)
class Move:
    """What was found for one category of one test, now and at the last run (None: it was not judged).

    `followed` says that the profile was edited in a way that is to have such an effect; otherwise it moved without
    reason, as where the wording of one category pulls another along.
    """

    category: str
    before: CategoryVerdict | None
    after: CategoryVerdict | None
    followed: bool

    @property
    def told(self) -> str:
        """In words."""
        if self.after is None:
            return f"{self.category} is no longer judged"
        if self.before is None:
            done = WHAT_WAS_DONE[self.after.action]
            return f"{self.category} is new: {self.after.probability:.2f}, {done}"
        moved = f"{self.category} {self.before.probability:.2f} -> {self.after.probability:.2f}"
        if self.before.action is not self.after.action:
            return f"{moved}, {WHAT_WAS_DONE[self.before.action]} -> {WHAT_WAS_DONE[self.after.action]}"
        done = WHAT_WAS_DONE[self.after.action]
        return f"{moved}, still {done}, and now near its threshold of {self.after.threshold:.2f}"


@dataclass(frozen=True)
class Comparison:
    """A run beside the one before it, the tests by their keys.

    `moves` holds the tests of which a verdict moved, `edited_tests` those whose expected action was edited, and
    `passed_before` whether those known to both runs passed. `same_version` is false where modcli itself judges otherwise.
    """

    when: float
    edits: Edits
    moves: Mapping[str, tuple[Move, ...]]
    edited_tests: frozenset[str]
    passed_before: Mapping[str, bool]
    same_version: bool = True


def kept_run(profile: Profile, outcomes: Sequence[Outcome], *, when: float, version: str) -> KeptRun:
    """A run in the form in which it is kept. Tests that could not be judged are not in it."""
    return KeptRun(
        when=when,
        version=version,
        categories={category.name: parts_of_category(category) for category in profile.categories},
        shared=parts_of_profile(profile),
        tests={
            outcome.key: KeptTest(
                outcome.expectation.action,
                outcome.passed,
                # The examples that weighed are texts, and no part of the comparison.
                {name: replace(one, shots=()) for name, one in outcome.verdict.categories.items()},
            )
            for outcome in outcomes
            if outcome.verdict.error is None
        },
    )


def edits_between(before: KeptRun, after: KeptRun) -> Edits:
    """What was edited from one run's profile to the other's."""
    categories: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys((*before.categories, *after.categories)):
        one, other = before.categories.get(name), after.categories.get(name)
        if one is None or other is None:
            categories[name] = ("added" if one is None else "removed",)
        elif parts := differing_parts(one, other):
            categories[name] = parts
    return Edits(categories, differing_parts(before.shared, after.shared))


def compare(before: KeptRun, after: KeptRun, outcomes: Sequence[Outcome], task: Task) -> Comparison:
    """What moved since the last run, and whether an edit is the reason; `outcomes` and the profile's task are those of
    the later one."""
    edits = edits_between(before, after)
    known = [outcome for outcome in outcomes if outcome.key in before.tests and outcome.key in after.tests]
    return Comparison(
        when=before.when,
        edits=edits,
        moves={
            outcome.key: moves
            for outcome in known
            if (moves := _moves(outcome, before.tests[outcome.key], after.tests[outcome.key], edits, task))
        },
        edited_tests=frozenset(
            outcome.key
            for outcome in known
            if before.tests[outcome.key].expected is not outcome.expectation.action
        ),
        passed_before={outcome.key: before.tests[outcome.key].passed for outcome in known},
        same_version=before.version == after.version,
    )


def _moves(outcome: Outcome, old: KeptTest, new: KeptTest, edits: Edits, task: Task) -> tuple[Move, ...]:
    moved = []
    for name in dict.fromkeys((*old.found, *new.found)):
        one, other = old.found.get(name), new.found.get(name)
        if one is None or other is None:
            there = one or other
            # One that is new, or gone, and did nothing here is no news.
            if there is not None and there.action is not Action.ALLOW:
                moved.append(name)
        elif one.action is not other.action or (name == outcome.category and _shifted(one, other)):
            moved.append(name)
    # Classes of one task compete: what one gains another loses.
    rivals = task is Task.MULTI_CLASS and any(_edited(name, old, new, edits) for name in moved)
    return tuple(
        Move(
            category=name,
            before=old.found.get(name),
            after=new.found.get(name),
            followed=bool(edits.shared) or rivals or _edited(name, old, new, edits),
        )
        for name in moved
    )


def _edited(name: str, old: KeptTest, new: KeptTest, edits: Edits) -> bool:
    """Whether a category was edited, or one that takes this post out of it, before or now."""
    found = [test.found[name] for test in (old, new) if name in test.found]
    exemptions = {one.exempted_by for one in found if one.exempted_by}
    # What several categories are judged as was edited with any of them.
    whole = name == HARMFUL and bool(edits.categories)
    return whole or name in edits.categories or bool(exemptions & edits.categories.keys())


def _shifted(one: CategoryVerdict, other: CategoryVerdict) -> bool:
    return abs(one.probability - other.probability) > SHIFT > abs(other.probability - other.threshold)


def _lead(found: CategoryVerdict) -> float:
    return found.probability - found.threshold
