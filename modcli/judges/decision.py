"""From probabilities to an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from modcli.profile import Action, Category, Profile, Task, strictest
from modcli.verdict import CategoryVerdict

Floats = NDArray[np.float64]


def decide(
    profile: Profile,
    probabilities: Mapping[str, float],
    thresholds: Mapping[str, float],
    shots: Mapping[str, Sequence[str]],
) -> tuple[Action, dict[str, CategoryVerdict], str]:
    """What happens to an item, what was found for each category with a probability, and one line that says why.

    A category fires at its threshold. In a multi-class task only the most probable label may fire (the probability
    that the categories leave over is that of none of them). A category that fired is called off by an allowed
    category that names it in `exempts`, fired too, and is more probable. The strictest action that is left is the
    item's. Whatever is equal is decided for the stricter action.
    """
    judged = [category for category in profile.categories if category.name in probabilities]
    fired = {c.name for c in judged if probabilities[c.name] >= thresholds[c.name]}
    if profile.task is Task.MULTI_CLASS and judged:
        best = max(judged, key=lambda category: (probabilities[category.name], category.action.severity)).name
        left_over = 1 - sum(probabilities[category.name] for category in judged)
        fired = {best} if best in fired and probabilities[best] >= left_over else set()
    found: dict[str, CategoryVerdict] = {}
    for category in judged:
        exempted_by = _exemption(category, judged, probabilities, fired)
        counts = category.name in fired and exempted_by is None
        found[category.name] = CategoryVerdict(
            probability=probabilities[category.name],
            threshold=thresholds[category.name],
            action=category.action if counts else Action.ALLOW,
            exempted_by=exempted_by,
            shots=tuple(shots.get(category.name, ())),
        )
    action = strictest(*(verdict.action for verdict in found.values()))
    return action, found, _reason(action, found, fired)


def severities(
    profile: Profile, probabilities: Mapping[str, Floats], thresholds: Mapping[str, float]
) -> NDArray[np.int8]:
    """`decide` for many items at once: the severity of each item's action, shape (items,)."""
    brought_about = list(severities_by_category(profile, probabilities, thresholds).values())
    if not brought_about:
        return np.zeros(len(next(iter(probabilities.values()), [])), np.int8)
    return np.asarray(np.max(brought_about, axis=0), np.int8)


def severities_by_category(
    profile: Profile, probabilities: Mapping[str, Floats], thresholds: Mapping[str, float]
) -> dict[str, NDArray[np.int8]]:
    """`decide` for many items at once: the severity of what each category with a probability brings about, 0 where it
    does nothing; each of shape (items,)."""
    return {
        name: np.asarray(counts * np.int8(profile.by_name[name].action.severity), np.int8)
        for name, counts in fired_by_category(profile, probabilities, thresholds).items()
    }


def fired_by_category(
    profile: Profile, probabilities: Mapping[str, Floats], thresholds: Mapping[str, float]
) -> dict[str, NDArray[np.bool_]]:
    """Where each category with a probability has fired and was not called off, as `decide` has it; each of shape
    (items,). A probability of NaN fires nothing."""
    # The strictest first, so that of equally probable classes it is the one found.
    judged = sorted(
        (category for category in profile.categories if category.name in probabilities),
        key=lambda category: -category.action.severity,
    )
    if not judged:
        return {}
    found = np.stack([probabilities[category.name] for category in judged])
    fired = found >= np.array([[thresholds[category.name]] for category in judged])
    if profile.task is Task.MULTI_CLASS:
        best = np.arange(len(judged))[:, None] == found.argmax(axis=0)
        fired &= best & (found >= 1 - found.sum(axis=0))
    counts = fired.copy()
    for i, category in enumerate(judged):
        for j, other in enumerate(judged):
            if other.action is Action.ALLOW and category.name in other.exempts:
                counts[i] &= ~(fired[j] & (found[j] > found[i]))
    return {category.name: counts[i] for i, category in enumerate(judged)}


def deciding(profile: Profile, probabilities: Mapping[str, Floats], thresholds: Mapping[str, float]) -> int:
    """Which of the parts of one item decides: one of those with the strictest action, and of these the one that is
    furthest above (or least below) the threshold of a category that acts. An exception in one part calls nothing
    off in another."""
    if len(next(iter(probabilities.values()), ())) == 1:
        return 0
    severity = severities(profile, probabilities, thresholds)
    acting = [c.name for c in profile.categories if c.name in probabilities and c.action is not Action.ALLOW]
    lead = [probabilities[name] - thresholds[name] for name in acting or list(probabilities)]
    if not lead:
        return 0
    return int(np.lexsort((np.max(lead, axis=0), severity))[-1])


def _exemption(
    category: Category, judged: Sequence[Category], probabilities: Mapping[str, float], fired: set[str]
) -> str | None:
    """The most probable allowed category that takes the item out of this one."""
    if category.name not in fired or category.action is Action.ALLOW:
        return None
    exceptions = [
        other.name
        for other in judged
        if other.action is Action.ALLOW
        and other.name in fired
        and category.name in other.exempts
        and probabilities[other.name] > probabilities[category.name]
    ]
    return max(exceptions, key=lambda name: probabilities[name], default=None)


def _reason(action: Action, found: Mapping[str, CategoryVerdict], fired: set[str]) -> str:
    if action is not Action.ALLOW:
        deciding = [(name, v) for name, v in found.items() if v.action is action]
        return ", ".join(f"{name} {v.probability:.2f} (from {v.threshold:.2f})" for name, v in deciding)
    exempted = [(name, v) for name, v in found.items() if v.exempted_by]
    if exempted:
        return ", ".join(
            f"{name} {v.probability:.2f}, but {v.exempted_by}, which is allowed" for name, v in exempted
        )
    if not found:
        return "no category to judge"
    if fired:
        name = max(fired, key=lambda name: (found[name].probability, name))
        return f"{name} {found[name].probability:.2f}, which is allowed"
    name, nearest = max(found.items(), key=lambda entry: entry[1].probability - entry[1].threshold)
    told = f"{name} {nearest.probability:.2f} (from {nearest.threshold:.2f})"
    if nearest.fired:
        return f"{told}, but another label is more probable"
    return f"below every threshold; nearest: {told}"
