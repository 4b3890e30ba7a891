"""`modcli profile learn`: labelled rows become shots of a profile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from modcli.cli import profile_view as view
from modcli.cli.answers import AnswersFile, tell_rows
from modcli.cli.options import Labels, Map, TextField, Which, only, parse_mapping
from modcli.cli.stream import tell
from modcli.evaluation.rows import LABEL_FIELD
from modcli.profiles.answers import Conflict, Learned, learn
from modcli.profiles.document import shortened
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.profiles.origins import origins_of
from modcli.profiles.plan import editable
from modcli.reports.terminal_text import printable
from modcli.settings import load_settings

DONE, LEFT_OUT = 0, 3
#: So many new shots are shown as they are written; of more the number says enough.
_SHOWN = 12
#: Contradictions that are told one by one.
_TOLD = 10

File = Annotated[
    str, typer.Argument(metavar="FILE", help="JSON Lines of texts and labels; - for standard input.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Read the first N rows and no more.")
]
Overrule = Annotated[
    bool,
    typer.Option("--overrule", help="An answer takes the place of a shot of the file that it contradicts."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be learned, and write nothing.")]


def run_learn(
    file: File,
    profile: Which = None,
    text_field: TextField = "text",
    label_field: Labels = LABEL_FIELD,
    label_map: Map = None,
    limit: Limit = None,
    overrule: Overrule = False,
    dry_run: DryRun = False,
) -> None:
    """Learn from labelled rows: each becomes a shot, an example of its labels and a counterexample of all others.

    All are written in one edit, or nothing is. What the profile says already is passed over; what contradicts it, or
    another row, is told with both places and left out.

    Exit status: 0 every row was learned or known, 2 wrong usage or a failure, 3 some rows were left out.
    """
    settings = load_settings({}, os.environ, Path.cwd())
    shelf = Shelf(settings.config_dir / "profiles")
    wish = only([profile] if profile else settings.profile)
    known = load(wish, shelf)
    source = AnswersFile(file, text_field, label_field, parse_mapping(label_map or []))
    source.check()
    answers, findings = source.read(list(known.by_name), limit=limit)
    unusable = tell_rows(findings)
    target = editable(wish, shelf)
    places = origins_of(shelf.find(wish), shelf)
    view.tell_new_file(target)
    learned = learn(
        target,
        shelf,
        answers,
        overrule=overrule,
        rehearsal=dry_run,
        origin=lambda role: places[role].location if role in places else None,
    )
    left_out = tell_learned(learned, dry_run=dry_run)
    if learned.new and learned.new <= _SHOWN:
        view.print_change(learned.change)
    elif learned.new:
        typer.echo(printable(str(learned.change.path)))
    if unusable or left_out:
        tell(f"exit status 3: {unusable + left_out:,} left out, see above")
        raise typer.Exit(LEFT_OUT)


def tell_learned(learned: Learned, *, dry_run: bool) -> int:
    """Say what came of the answers; how many of them were left out."""
    told = 0
    for conflict in learned.conflicts:
        told += 1
        if told <= _TOLD:
            tell(_conflict(conflict))
    if told > _TOLD:
        tell(f"and {told - _TOLD:,} contradictions more")
    left_out = sum(not conflict.settled for conflict in learned.conflicts)
    parts = [f"{learned.known:,} known already"] if learned.known else []
    parts += [f"{learned.repeated:,} said twice"] if learned.repeated else []
    parts += [f"{left_out:,} left out for a contradiction"] if left_out else []
    done = "would be learned" if dry_run else "learned"
    answers = "answer" if learned.new == 1 else "answers"
    tell(f"{learned.new:,} {answers} {done}" + (f" ({', '.join(parts)})" if parts else ""))
    if left_out and any(not one.settled and one.there.name != one.here.name for one in learned.conflicts):
        tell("hint: --overrule puts answers in the place of what the profile says")
    return left_out


def _conflict(conflict: Conflict) -> str:
    done = "the answer counts" if conflict.settled else "left out"
    meant = f"{conflict.here}: {shortened(conflict.text)} is labelled {conflict.meant}"
    return f"{meant}, and at {conflict.there} it is {conflict.said}: {done}"
