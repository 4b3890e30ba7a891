"""What `modcli check --skill` was asked for: light, so that `check` can load it where no skill is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from modcli.errors import UsageError

Skill = Annotated[
    list[str] | None,
    typer.Option(
        "--skill",
        metavar="PATH",
        help="Judge the agent skills at this path, and at each FILE: folders, files, ZIPs or JSON Lines.",
    ),
]
RulesOnly = Annotated[
    bool,
    typer.Option("--rules-only", help="Of skills: what is hidden or dangerous, by rules; no model is asked."),
]
Adjudicate = Annotated[
    bool,
    typer.Option("--adjudicate", help="Of skills: let the model lower what rules found hidden. Never more."),
]
Suppressions = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Of skills: findings to let stand. Default: .modcli-skills.yaml here."),
]
Baseline = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Of skills: findings that were there before do not count.")
]
WriteBaseline = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Of skills: keep what was found as a baseline.")
]


@dataclass(frozen=True)
class OfSkills:
    """The options that only skills have."""

    rules_only: bool = False
    adjudicate: bool = False
    suppressions: Path | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None

    def refuse(self) -> None:
        """Raise UsageError where one of them is given and no skill is."""
        given = [field.name for field in fields(self) if getattr(self, field.name)]
        if given:
            raise UsageError(f"--{given[0].replace('_', '-')} is for skills", hint="add --skill PATH")


def refuse_texts(given: Mapping[str, object]) -> None:
    """Raise UsageError for what is asked of texts and has no meaning for skills."""
    asked = [name for name, value in given.items() if value]
    if asked:
        raise UsageError(
            f"--{asked[0]} is for texts, and --skill judges skills", hint=f"leave out --{asked[0]}"
        )
