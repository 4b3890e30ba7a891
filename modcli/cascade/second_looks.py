"""An item that may be dressed up for a filter is judged without that as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from modcli.cascade.accents import without_accents
from modcli.cascade.parts import Parts
from modcli.cascade.pleas import without_ends
from modcli.profile import Action
from modcli.verdict import Verdict


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What else is judged of the item at this place, and why."""

    item: int
    parts: Parts
    why: str


def second_looks(items: Sequence[Parts], judged: Sequence[tuple[Verdict, bool]]) -> list[SecondLook]:
    """What else to judge of items by their verdicts, and whether each may ask to be let through: what is blocked is not
    looked at again."""
    looks = []
    for i, (parts, (verdict, pleads)) in enumerate(zip(items, judged, strict=True)):
        if verdict.action is Action.BLOCK:
            continue
        if pleads:
            looks.append(SecondLook(i, without_ends(parts), "asks to be let through"))
        plain = without_accents(parts)
        if plain is not None:
            looks.append(SecondLook(i, plain, "strewn with accents"))
    return looks


def stricter(verdict: Verdict, second: Verdict, why: str) -> Verdict:
    """The verdict on an item, or the one of a second look where that is stricter."""
    if second.action.severity <= verdict.action.severity:
        return verdict
    return replace(second, reason=f"{second.reason}; {why}, judged without that")
