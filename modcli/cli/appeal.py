"""`modcli appeal`: somebody objects to a verdict; the item is judged again, and what comes of it is recorded."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from modcli.audit.decisions import APPEAL, Fresh, find_item, outcome_of, write
from modcli.audit.outcomes import Outcome
from modcli.audit.store import AuditStore, Judgement
from modcli.cascade.moderator import Stage
from modcli.cli import check
from modcli.cli.assemble import build_workbench, moderator_on, reader_beside
from modcli.cli.audit_options import Audit, Number
from modcli.cli.audit_rejudge import recorded
from modcli.cli.options import Form, Which
from modcli.cli.review_learning import Manner, confirmed, learn_decisions, wish_of
from modcli.cli.stream import tell
from modcli.errors import Location, ModcliError, UsageError
from modcli.item import NO_METADATA, Item
from modcli.profile import Action, Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.reports.jsonl import json_line
from modcli.reports.output import standard_output
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings
from modcli.verdict import Verdict

LEFT_OUT = 3

Named = Annotated[str, typer.Argument(metavar="ITEM", help="Number, key or address of an item.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="What is objected. Kept in the log.")]
Accept = Annotated[bool, typer.Option("--accept", help="The item is allowed: a person decides it.")]
Rejudged = Annotated[
    bool, typer.Option("--rejudged", help="Where it is judged otherwise now, that holds from now on.")
]
Shot = Annotated[
    bool, typer.Option("--shot", help="Where it is allowed, make it a counterexample of the profile.")
]
Unmeasured = Annotated[
    bool, typer.Option("--unmeasured", help="With --shot: do not measure first what it changes.")
]

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class Again:
    """What an item comes to now: the strictest verdict on its parts, and which part that is; or why nobody can say."""

    verdict: Verdict | None
    part: str = ""
    problem: str = ""

    @property
    def action(self) -> Action | None:
        """The action; None where it could not be judged."""
        return self.verdict.action if self.verdict else None

    def as_record(self) -> dict[str, Any] | None:
        """In JSON's terms."""
        if self.verdict is None:
            return None
        kept = self.verdict.as_record()
        return {"part": self.part or None} | {
            name: kept[name] for name in ("action", "categories", "stage", "reason", "profile")
        }


@app.command()
def appeal(
    file: Audit,
    item: Named,
    why: Why,
    profile: Which = None,
    accept: Accept = False,
    rejudged: Rejudged = False,
    shot: Shot = False,
    unmeasured: Unmeasured = False,
    judgement: Number = None,
    form: Form = None,
    backend: check.Backend = None,
    model: check.Model = None,
    offline: check.Offline = None,
) -> None:
    """Object to a verdict of an audit: the item is judged again, in full, and the appeal is recorded with its reason.

    It is judged by the profile that the audit was made with; -p judges by that profile as it is now. Nothing changes
    unless somebody says so: --accept allows it, --rejudged lets the new verdict hold.

    Exit status: 0 recorded, 2 wrong usage or a failure, 3 recorded, but it could not be judged again.
    """
    if not why.strip():
        raise UsageError("an appeal has a reason", hint='--why "..."')
    if shot and not (accept or rejudged):
        raise UsageError("what becomes a counterexample is to be allowed", hint="add --accept")
    settings = load_settings({"backend": backend, "model": model, "offline": offline}, os.environ, Path.cwd())
    shelf = Shelf(settings.config_dir / "profiles")
    named = load(profile, shelf) if profile else None
    with AuditStore(file, write=True) as store:
        chosen = store.chosen(judgement)
        wish = wish_of(store, chosen, profile) if shot else ""
        one = outcome_of(store, chosen, find_item(store, item))
        if not one.pieces and not one.pictures:
            raise UsageError(
                f"item {one.id} is an address alone ({one.kind})", hint="there is nothing to judge"
            )
        again = _judge(store, settings, named or recorded(chosen), one)
        after = _after(one, again, accept=accept, rejudged=rejudged)
        fresh = Fresh(APPEAL, APPEAL, one.settled, (), why, after, one.text_id or None)
        number = write(store, chosen, one.id, fresh)
        _print(store, chosen, one, again, number, why, after, form)
        if shot and after is Action.ALLOW:
            # Somebody decided about this very text: what an earlier answer made of it gives way.
            manner = Manner(overrule=True, measured=not unmeasured, agree=confirmed)
            learn_decisions(store, chosen, settings, wish, manner, only=[number])
        elif shot:
            tell("it is not allowed, so it becomes no counterexample")
    if again.problem:
        tell(f"exit status {LEFT_OUT}: it could not be judged again: {again.problem}")
        raise typer.Exit(LEFT_OUT)


def _judge(store: AuditStore, settings: Settings, profile: Profile, one: Outcome) -> Again:
    """Judge all parts of an item in full, whatever is known of them."""
    if one.by_picture:
        return Again(None, problem="a picture decided, and here texts are judged; --accept allows it")
    items = [
        Item(
            str(i), piece.text, Location(store.file.name, piece.text_id), metadata=_cut(store, piece.text_id)
        )
        for i, piece in enumerate(one.pieces)
    ]
    try:
        in_full = replace(settings, stage=Stage.MODEL.value)
        bench = build_workbench(in_full, tell=tell)
        moderator = moderator_on(
            bench,
            in_full,
            profile,
            on_error=Action.WARN,
            verdicts=False,
            reader=reader_beside(bench, store.states_folder),
        )
        try:
            verdicts = moderator.judge(items)
        finally:
            moderator.close()
    except ModcliError as error:
        return Again(None, problem=str(error))
    failed = next((verdict.error for verdict in verdicts if verdict.error is not None), None)
    if failed is not None:
        return Again(None, problem=failed)
    lead = max(range(len(verdicts)), key=lambda i: (verdicts[i].action.severity, _margin(verdicts[i])))
    return Again(verdicts[lead], one.pieces[lead].name)


def _margin(verdict: Verdict) -> float:
    """How far its leading category is above the threshold."""
    return max((found.probability - found.threshold for found in verdict.categories.values()), default=-1.0)


def _cut(store: AuditStore, text: int) -> Any:
    row = store.connection.execute("SELECT cut FROM texts WHERE id = ?", (text,)).fetchone()
    return {"truncated_bytes": row[0]} if row and row[0] else NO_METADATA


def _after(one: Outcome, again: Again, *, accept: bool, rejudged: bool) -> Action | None:
    """The action that holds from now on; None where nothing changes."""
    if accept:
        return Action.ALLOW
    if again.action is None or again.action is one.settled:
        return None
    if rejudged:
        return again.action
    if sys.stdin.isatty() and sys.stdout.isatty():
        was = one.settled.value if one.settled else "not judged"
        question = f"It was {was} and is judged {again.action.value} now. Is that to hold?"
        return again.action if typer.confirm(question, err=True) else None
    return None


def _print(
    store: AuditStore,
    judgement: Judgement,
    one: Outcome,
    again: Again,
    number: int,
    why: str,
    after: Action | None,
    form: str | None,
) -> None:
    before: dict[str, Any] = {"action": one.settled.value if one.settled else None, "part": one.part or None}
    before |= {"category": one.category or None, "p": one.p, "stage": one.stage or None}
    before |= {"reason": one.reason or None, "decision": one.decision.answer if one.decision else None}
    if form != "table" and not (form is None and sys.stdout.isatty()):
        record: dict[str, Any] = {"what": "appeal", "audit": str(store.file), "judgement": judgement.id}
        record |= {"id": one.id, "key": one.key, "url": one.url or None, "decision": number, "why": why}
        record |= {"before": before, "again": again.as_record(), "problem": again.problem or None}
        standard_output().write(json_line(record | {"after": after.value if after else None}))
        return
    lines = [
        f"item {one.id} ({one.url or one.key})",
        f"before: {before['action']}; {one.reason or 'not judged'}",
    ]
    if one.decision is not None:
        lines.append(f"decided already: {one.decision.answer} {json.dumps(one.decision.why)}")
    if again.verdict is not None:
        lines.append(
            f"again:  {again.verdict.action.value}; {again.verdict.reason} (by {again.verdict.stage})"
        )
    else:
        lines.append(f"again:  it could not be judged: {again.problem}")
    lines.append(f"now:    {after.value}" if after else "now:    as it was; --accept allows it")
    lines.append(f"recorded as decision {number}")
    console = Console(highlight=False)
    for line in lines:
        console.print(Text(printable(line)), soft_wrap=True)
