"""Whether a text is meant for anything that a profile acts on, by all its examples together; and which of it.

A category of eight examples cannot tell what is harmful from what is not; a hundred and sixty examples of twenty
categories can. So whether a text is of any of them is one question, and which of them is another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from modcli.item import Item
from modcli.judges.decision import decide
from modcli.judges.tasks import HARMFUL
from modcli.profile import Action, Category, Profile, Task
from modcli.skills.purpose import Judging
from modcli.verdict import Verdict

#: With fewer categories that have examples there is nothing to pool.
FEWEST = 2
#: With fewer examples than this, a category is hardly seen among the others, and also counts by itself.
FEW = 4
#: The power of what a category weighs against the most probable one: with 1, half as probable a one would act as well.
_SHARP = 4


def pooled_categories(profile: Profile) -> tuple[Category, ...]:
    """The categories that are judged together: those that act, and have examples; none where they are too few, or where
    the task already holds them against each other."""
    acting = tuple(c for c in profile.categories if c.action is not Action.ALLOW and c.examples)
    return acting if profile.task is Task.MULTI_LABEL and len(acting) >= FEWEST else ()


def whether(profile: Profile) -> Profile:
    """The profile whose one question is whether a text is of any category that acts."""
    return replace(profile, task=Task.BINARY)


def which(profile: Profile) -> Profile:
    """The profile whose one question is of which category a text is."""
    return replace(profile, task=Task.MULTI_CLASS, categories=pooled_categories(profile))


class Pooled:
    """Judges by several readings of the same states: `each` by its categories one by one, `any_of` by them together (a
    judge of `whether`), and `one_of` by them against each other (a judge of `which`; None: by how `each` ranks them).

    A category that acts is as probable as any of them is, times how far its odds are below those of the most probable
    one; with few examples also as it is by itself, where it reaches its threshold. Categories that are allowed, or
    have no example, stay as they are. `done` is called when the readings of some items are needed no more.
    """

    def __init__(
        self,
        profile: Profile,
        each: Judging,
        any_of: Judging,
        one_of: Judging | None = None,
        *,
        done: Callable[[], object] = lambda: None,
    ) -> None:
        self._profile = profile
        self._each = each
        self._any_of = any_of
        self._one_of = one_of
        self._done = done
        self._names = {category.name for category in pooled_categories(profile)}
        self._few = {category.name for category in profile.categories if len(category.examples) < FEW}

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Raises what the judges raise."""
        each, together = self._each.judge(items), self._any_of.judge(items)
        ranked = self._one_of.judge(items) if self._one_of is not None else each
        self._done()
        return [self._joined(*verdicts) for verdicts in zip(each, together, ranked, strict=True)]

    def _joined(self, one: Verdict, whole: Verdict, rank: Verdict) -> Verdict:
        failed = next((v.error for v in (one, whole, rank) if v.error is not None), None)
        names = self._names.intersection(one.categories, rank.categories)
        if failed is not None or HARMFUL not in whole.categories or not names:
            return replace(one, error=failed)
        alone = {name: found.probability for name, found in one.categories.items()}
        weights = {name: _odds(rank, name, self._one_of is not None) for name in names}
        most, together = max(weights.values()), whole.categories[HARMFUL].probability
        for name, weight in weights.items():
            if not (name in self._few and one.categories[name].fired):
                alone[name] = together * (weight / most if most else 0.0) ** _SHARP
        thresholds = {name: found.threshold for name, found in one.categories.items()}
        shots = {name: found.shots for name, found in one.categories.items()}
        action, categories, reason = decide(self._profile, alone, thresholds, shots)
        return replace(one, action=action, categories=categories, reason=reason)


def _odds(verdict: Verdict, name: str, against_each_other: bool) -> float:
    """What a category weighs against the others: its odds; of shares in one whole, its share."""
    p = verdict.categories[name].probability
    return p if against_each_other else p / max(1 - p, 1e-12)
