"""Shots are taken out of the places where they do harm, and out of no other.

Where the profile's own file says it, there it is unsaid: an entry of a list goes; of a shot with labels that one
category becomes unknown. What is inherited stays where it is written, and is made to have no say here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from modcli.profile import Profile
from modcli.profiles import document
from modcli.profiles.find import Shelf
from modcli.profiles.inherit import ALL_OTHERS, COUNTEREXAMPLE, EXAMPLE, ORDINARY, Claim, claims_of
from modcli.profiles.origins import Role
from modcli.profiles.plan import Change, Editable, Plan, run
from modcli.profiles.shots import drop_item


def drop_shots(target: Editable, shelf: Shelf, roles: Sequence[Role], *, rehearsal: bool = False) -> Change:
    """Take texts out of the places named, all in one edit. A place where the text is not is passed over.

    In a `rehearsal` nothing is written. Raises ProfileError where an edit is not possible without damage.
    """

    def plan_it(plan: Plan) -> None:
        drop_roles(plan, roles)
        left = plan.reload()
        for name in [name for name in plan.profile.by_name if name not in left.by_name]:
            plan.notes.append(f"nothing is left of '{name}', and it is gone")

    return run(target, shelf, plan_it, rehearsal=rehearsal)


def drop_roles(plan: Plan, roles: Iterable[Role]) -> None:
    """As `drop_shots`, within an edit under way."""
    wanted = dict.fromkeys(roles)
    names = list(plan.profile.by_name)
    # From the last to the first, so that what is dropped does not move what is still to be dropped.
    for claim in reversed(_written(plan, names)):
        if Role(claim.category, claim.kind, claim.shot.text) in wanted and claim.path[0] != "shots":
            drop_item(plan, claim.path)
    entries: dict[int, set[str | None]] = {}
    for claim in _written(plan, names):
        if Role(claim.category, claim.kind, claim.shot.text) in wanted:
            entries.setdefault(int(claim.path[1]), set()).add(claim.category)
    for index in sorted(entries, reverse=True):
        _unsay(plan, index, entries[index], names)
    _overrule(plan, wanted)


def roles_of(profile: Profile) -> set[Role]:
    """What every text of a profile is."""
    found = {Role(None, ORDINARY, shot.text) for shot in profile.ordinary}
    for category in profile.categories:
        found |= {Role(category.name, EXAMPLE, shot.text) for shot in category.examples}
        found |= {Role(category.name, COUNTEREXAMPLE, shot.text) for shot in category.counterexamples}
    return found


def _written(plan: Plan, names: Sequence[str]) -> list[Claim]:
    """What the file says now, in the order of the text within each of its lists."""
    return claims_of(document.read(plan.draft.text.encode(), plan.draft.tree.name), names)


def _unsay(plan: Plan, index: int, categories: set[str | None], names: Sequence[str]) -> None:
    """Say of a shot with labels that its categories are not known, with which it is no longer ordinary either; drop it
    if nothing else was said."""
    entry: dict[str, Any] = plan.draft.data["shots"][index]
    labels = [name for name in entry["labels"] or () if name not in categories]
    before = entry.get("unknown") or []
    unknown = [before] if isinstance(before, str) else list(before)
    if ALL_OTHERS not in unknown:
        unknown += [name for name in names if name in categories and name not in unknown]
    nothing = ALL_OTHERS in unknown or set(unknown) >= set(names)
    if categories == {None} or (not labels and nothing):
        drop_item(plan, ("shots", index))
        return
    if labels != (entry["labels"] or []):
        plan.draft.put(("shots", index, "labels"), labels)
    plan.draft.put(("shots", index, "unknown"), unknown, after=("text", "labels"))


def _overrule(plan: Plan, wanted: Iterable[Role]) -> None:
    """Say of what is still there, because it is inherited, that nobody knows."""
    now = roles_of(plan.reload())
    still = [role for role in wanted if role in now]
    for text in dict.fromkeys(role.text for role in still):
        kept = {role for role in now if role.text == text} - set(still)
        labels = _categories(kept, EXAMPLE, plan)
        against = _categories(kept, COUNTEREXAMPLE, plan)
        others = [name for name in plan.profile.by_name if name not in labels and name not in against]
        # Where nothing else is said of it, neither is anything of a category yet to come. A text that is of no category
        # is ordinary, so that it cannot be dropped as ordinary alone.
        unknown = others if against and others else ALL_OTHERS
        plan.draft.append(("shots",), {"text": text, "labels": labels, "unknown": unknown})
        if any(role.kind == ORDINARY for role in kept):
            plan.draft.append(("ordinary",), text)


def _categories(roles: Iterable[Role], kind: str, plan: Plan) -> list[str]:
    named = {role.category for role in roles if role.kind == kind}
    return [name for name in plan.profile.by_name if name in named]
