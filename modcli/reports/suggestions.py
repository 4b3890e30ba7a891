"""Posts whose label would help: as a list for a person, or as one JSON object a post."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from modcli.cascade.suggestion import Suggestion
from modcli.reports.examination import print_indented
from modcli.reports.terminal_text import one_line, printable

#: Characters of a post that are shown.
_WIDTH = 2000
#: Bits from which on the judge is in two minds, and does not merely know other posts better.
_TWO_MINDS = 0.8
#: Cosines up to which a post is unlike another, and somewhat like it.
_UNLIKE, _SOMEWHAT = 0.5, 0.75


def as_record(one: Suggestion) -> dict[str, Any]:
    """A suggestion as a JSON object; with a field `labels` added, `modcli profile learn` reads it."""
    return {
        "id": one.item.id,
        "text": one.item.text,
        "categories": {name: round(p, 4) for name, p in one.probabilities.items()},
        "category": one.category,
        "bits": round(one.bits, 3),
        "nearest": None if one.nearest is None else round(one.nearest, 3),
        "stands_for": one.stands_for,
        "why": why(one),
    }


def print_suggestion(console: Console, one: Suggestion, number: int) -> None:
    """The post with its number, its id, what is known of it, and why it was chosen."""
    print_indented(console, one_line(one.item.text, _WIDTH), 5, first=f"{number:>3}  ")
    found = sorted(one.probabilities.items(), key=lambda entry: -entry[1])
    known = ", ".join(f"{name} {p:.2f}" for name, p in found)
    told = "; ".join(part for part in (one.item.id, known, why(one)) if part)
    print_indented(console, printable(told), 5, style="dim")


def why(one: Suggestion) -> str:
    """Why a post was chosen, in plain words."""
    p = one.probabilities.get(one.category)
    told = "in two minds about" if one.bits >= _TWO_MINDS else "less sure than elsewhere of"
    told = "likely the first example of" if one.first else told
    parts = [f"{told} {one.category}" + (f" ({p:.2f})" if p is not None else "")]
    if one.nearest is not None:
        like = (
            "unlike" if one.nearest < _UNLIKE else "somewhat like" if one.nearest < _SOMEWHAT else "much like"
        )
        parts.append(f"{like} the shots")
    others = one.stands_for - 1
    parts += [f"stands for {others:,} more"] if others > 0 else []
    return "; ".join(parts)
