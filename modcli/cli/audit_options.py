"""Options that the commands about audits share: which file, which items."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from modcli.audit.outcomes import Selection
from modcli.errors import UsageError

Audit = Annotated[Path, typer.Argument(metavar="FILE.db", help="An audit.")]
Number = Annotated[
    int | None, typer.Option("--judgement", metavar="N", help="By this judgement; `audit show` lists them.")
]
Since = Annotated[
    str, typer.Option("--since", metavar="DATE", help="Only what was published then or later (UTC).")
]
Until = Annotated[str, typer.Option("--until", metavar="DATE", help="Only what was published before (UTC).")]
Authors = Annotated[
    list[str] | None,
    typer.Option("--author", metavar="NAME", help="Only by these; a part of handle or address is enough."),
]
Acted = Annotated[
    Literal["block", "warn"] | None,
    typer.Option("--action", help="Only what is blocked, or at least warned of."),
]
Category = Annotated[
    str, typer.Option("--category", metavar="NAME", help="Only where this category decided.")
]
Private = Annotated[
    bool,
    typer.Option(
        "--include-private",
        help="Also what was meant for followers or for single people: not for passing on.",
    ),
]
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\dZ?)?)?)?)?)?", re.ASCII)


def selection(
    *,
    since: str = "",
    until: str = "",
    authors: list[str] | None = None,
    action: str | None = None,
    category: str = "",
    private: bool = True,
) -> Selection:
    """What was asked for. Raises UsageError for what is no date."""
    for option, value in (("--since", since), ("--until", until)):
        if value and not _DATE.fullmatch(value):
            raise UsageError(
                f"{option} {value}: not a date", hint="write it as 2026-11, 2026-11-25 or 2026-11-25T18:00"
            )
    severity = {"block": 2, "warn": 1, None: 1 if category else 0}[action]
    return Selection(
        authors=tuple(authors or ()),
        since=since,
        until=until,
        severity=severity,
        category=category,
        private=private,
    )
