"""From probabilities to an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modcli.profile import Action, Category, Profile, Task, strictest
from modcli.verdict import CategoryVerdict


def decide(
    profile: Profile,
    probabilities: Mapping[str, float],
    thresholds: Mapping[str, float],
    shots: Mapping[str, Sequence[str]],
) -> tuple[Action, dict[str, CategoryVerdict], str]:
    """What happens to an item, what was found for each category with a probability, and one line that says why.

    A category fires at its threshold. In a multi-class task only the most probable label may fire (the probability
    that the categories leave over is that of none of them). A category that fired is called off by an allowed
    category that names it in `exempts`, fired too, and is at least as probable. The strictest action that is left
    is the item's.
    """
    judged = [category for category in profile.categories if category.name in probabilities]
    fired = {c.name for c in judged if probabilities[c.name] >= thresholds[c.name]}
    if profile.task is Task.MULTI_CLASS and judged:
        best = max(judged, key=lambda category: (probabilities[category.name], category.action.severity)).name
        left_over = 1 - sum(probabilities[category.name] for category in judged)
        fired = {best} if best in fired and probabilities[best] > left_over else set()
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
    return action, found, _reason(action, found)


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
        and probabilities[other.name] >= probabilities[category.name]
    ]
    return max(exceptions, key=lambda name: probabilities[name], default=None)


def _reason(action: Action, found: Mapping[str, CategoryVerdict]) -> str:
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
    name, highest = max(found.items(), key=lambda entry: entry[1].probability - entry[1].threshold)
    if highest.fired and highest.action is Action.ALLOW:
        return f"{name} {highest.probability:.2f}, which is allowed"
    return f"below every threshold; nearest: {name} {highest.probability:.2f} (from {highest.threshold:.2f})"
