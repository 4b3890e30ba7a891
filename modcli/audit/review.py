"""What a person is asked about an audit, in which order, and what each answer means."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from modcli.audit.outcomes import Outcome
from modcli.errors import UsageError
from modcli.profile import Action, Profile, Task, strictest

#: An item that is allowed is asked about where a category's probability is at most so far from its threshold.
WITHIN = 0.15
#: Share of words, of those that either text has, from which on a shot is shown beside an item.
LEAST_SHARED = 0.2
_WORD = re.compile(r"\w+")


class Reply(StrEnum):
    """What a person says of a verdict. `skip` leaves it undecided."""

    RIGHT = "right"
    WRONG = "wrong"
    OTHER = "other"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Asked:
    """An item to ask about: its number, how far its most uncertain category's probability is from the threshold (infinite
    where there is none), which category that is, and whether it was skipped before."""

    item: int
    distance: float
    nearest: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reply comes to: the categories that the item belongs to, and the action that it is to get."""

    labels: tuple[str, ...]
    after: Action


def uncertainty(
    scores: Mapping[str, float], thresholds: Mapping[str, float], deciding: Collection[str]
) -> tuple[float, str]:
    """The smallest distance between a probability and its threshold among the categories that decide something, and which
    one it is; infinite, and no name, where there is none."""
    distances = [
        (abs(p - thresholds[name]), name)
        for name, p in scores.items()
        if name in thresholds and (name in deciding)
    ]
    return min(distances, default=(math.inf, ""))


def to_ask(
    found: Iterable[Outcome],
    thresholds: Mapping[str, float],
    deciding: Collection[str],
    *,
    within: float = WITHIN,
    skipped: Collection[int] = (),
) -> list[Asked]:
    """The items to ask about, the most uncertain first: those without a decision that are warned of or blocked, or
    allowed with a category `within` its threshold, and those with an appeal that nobody decided. What was skipped before
    comes last."""
    asked = []
    for one in found:
        if one.severity is None or (one.decision is not None and one.decision.after):
            continue
        distance, nearest = uncertainty(one.scores, thresholds, deciding)
        if one.severity or distance <= within or one.decision is not None:
            asked.append(Asked(one.id, distance, nearest, one.id in skipped))
    return sorted(asked, key=lambda one: (one.skipped, one.distance, one.item))


def meaning(reply: Reply, labels: Sequence[str], one: Outcome, nearest: str, profile: Profile) -> Meaning:
    """What a reply means.

    `right`: the verdict holds. `wrong`: what was warned of or blocked is allowed, and what was allowed belongs to the
    category nearest to its threshold. `other`: it belongs to `labels`, and to nothing else. The labels are categories of
    `profile`, as a person wrote it; of a binary profile's one verdict nobody knows which category it is of, so there are
    none then. Raises UsageError for an item that was not judged, and for labels that are no categories.
    """
    action = one.action
    if action is None or reply is Reply.SKIP:
        raise UsageError(f"item {one.id} was not judged", hint="`modcli audit` judges it")
    if reply is Reply.OTHER:
        return Meaning(known_labels(labels, profile), action_for(labels, profile))
    flagged = action is not Action.ALLOW
    if (reply is Reply.RIGHT) is not flagged:
        return Meaning((), Action.ALLOW)
    category = one.category if flagged else nearest
    own = (category,) if category in profile.by_name else ()
    if flagged:
        return Meaning(own, action)
    if own:
        return Meaning(own, profile.by_name[category].action)
    return Meaning((), strictest(*(category.action for category in profile.categories)))


def known_labels(labels: Sequence[str], profile: Profile) -> tuple[str, ...]:
    """The labels, each once, in the profile's order. Raises UsageError where one is no category, or there is none."""
    there_are = f"its categories are {', '.join(profile.by_name)}"
    strangers = [name for name in labels if name not in profile.by_name]
    if strangers:
        raise UsageError(f"{', '.join(map(repr, strangers))}: no category of the profile", hint=there_are)
    if not labels:
        raise UsageError("which other category?", hint=f'"labels": [...]; {there_are}')
    if profile.task is Task.MULTI_CLASS and len(set(labels)) > 1:
        raise UsageError("of this profile's categories an item has one", hint="name the one that fits best")
    return tuple(name for name in profile.by_name if name in labels)


def action_for(labels: Sequence[str], profile: Profile) -> Action:
    """The action for an item of exactly these categories: the strictest of those that no exception among them takes it
    out of."""
    own = [profile.by_name[name] for name in labels]
    exempted = {name for category in own if category.action is Action.ALLOW for name in category.exempts}
    return strictest(*(category.action for category in own if category.name not in exempted))


def unknown_of(reply: str, labels: Collection[str], after: str, profile: Profile) -> frozenset[str] | None:
    """Of which categories a decision says nothing; it denies all others but its labels. None where it teaches nothing:
    the item is of some category, and nobody said of which.

    `other` names all. Where a category was confirmed, the rest was not asked about, unless an item can have one alone.
    What is to be allowed is of no category that acts; those that are allowed were not asked about.
    """
    if reply == Reply.OTHER:
        return frozenset()
    if labels:
        others = profile.by_name.keys() - frozenset(labels)
        return frozenset() if profile.task is Task.MULTI_CLASS else frozenset(others)
    if after != Action.ALLOW.value:
        return None
    return frozenset(c.name for c in profile.categories if c.action is Action.ALLOW)


def similar_shots(text: str, profile: Profile, most: int = 2) -> list[tuple[str, str]]:
    """The shots that share most words with a text, each with what it is: (`an example of spam`, its text). Words are all
    that is compared (Jaccard similarity); it is a hint for a person, and not what the judge goes by."""
    words = _words(text)
    kinds: dict[str, str] = {}
    for category in profile.categories:
        for kind, shots in (
            ("an example", category.examples),
            ("a counterexample", category.counterexamples),
        ):
            for shot in shots:
                kinds.setdefault(shot.text, f"{kind} of {category.name}")
    shared = [(_jaccard(words, _words(shot)), shot) for shot in kinds]
    near = sorted((pair for pair in shared if pair[0] >= LEAST_SHARED), key=lambda pair: -pair[0])
    return [(kinds[shot], shot) for _, shot in near[:most]]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 0.0
