"""`modcli review`: a person answers for what is uncertain or flagged, and the profile may learn from it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from modcli.audit.decisions import (
    LEARNED,
    Alike,
    Entry,
    find_item,
    learned,
    log,
    outcome_of,
    standing,
)
from modcli.audit.outcomes import Decision, Outcome, Selection
from modcli.audit.review import WITHIN, Asked, Reply
from modcli.audit.store import AuditStore, Judgement
from modcli.cli import check
from modcli.cli.audit_options import Acted, Audit, Authors, Category, Number, Since, Until, selection
from modcli.cli.audit_rejudge import recorded
from modcli.cli.options import Form, Which
from modcli.cli.review_learning import Manner, confirmed, learn_decisions, wish_of
from modcli.cli.review_session import Session, asked_of, give
from modcli.cli.stream import tell
from modcli.errors import MissingExtraError, ModcliError, UsageError
from modcli.item import Item
from modcli.profile import Profile
from modcli.reports.audit_terminal import record_of
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.reports.summary import counted
from modcli.reports.terminal_text import one_line, printable
from modcli.settings import Settings, load_settings
from modcli.sources.inputs import check_inputs, read_inputs
from modcli.sources.jsonl import read_jsonl

LEFT_OUT = 3
#: The module that is loaded where there is a screen to draw on, and how it may be left.
_SCREEN, _LEARN = "modcli.cli.review_screen", "learn"

Most = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="The first N of them.")]
Within = Annotated[
    float,
    typer.Option(
        min=0.0, max=1.0, help="Also what is allowed with a probability so near to a category's threshold."
    ),
]
AnswersOf = Annotated[
    str | None,
    typer.Option("--answers", metavar="FILE.jsonl", help="Take answers from a file, - for standard input."),
]
Listed = Annotated[bool, typer.Option("--list", help="Print what would be asked, in order, as JSON Lines.")]
Logged = Annotated[bool, typer.Option("--log", help="Print all decisions in order, undone ones as well.")]
Learning = Annotated[
    bool, typer.Option("--learn", help="Make shots of all answers that the profile has not learned yet.")
]
Overrule = Annotated[
    bool, typer.Option("--overrule", help="With --learn: an answer replaces a shot that contradicts it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --learn: say what changes, write nothing.")]
Unmeasured = Annotated[
    bool, typer.Option("--unmeasured", help="With --learn: do not measure first what it changes.")
]

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def review(
    file: Audit,
    profile: Which = None,
    action: Acted = None,
    category: Category = "",
    author: Authors = None,
    since: Since = "",
    until: Until = "",
    within: Within = WITHIN,
    limit: Most = None,
    judgement: Number = None,
    listed: Listed = False,
    answers: AnswersOf = None,
    learn: Learning = False,
    overrule: Overrule = False,
    unmeasured: Unmeasured = False,
    dry_run: DryRun = False,
    logged: Logged = False,
    form: Form = None,
    backend: check.Backend = None,
    model: check.Model = None,
    offline: check.Offline = None,
) -> None:
    """Answer for what an audit is unsure of, blocked or warned of: the most uncertain first, right or wrong.

    Each answer is kept at once; the same command goes on with what is undecided. Answers become examples of a profile
    only when you say so, after you saw what that changes. `--answers` and `--list` do without a terminal.

    Exit status: 0 done, 2 wrong usage or a failure, 3 some answers could not be used.
    """
    if sum((listed, logged, bool(answers) or learn)) > 1:
        raise UsageError("one at a time: --list, --log, or --answers and --learn")
    settings = load_settings({"backend": backend, "model": model, "offline": offline}, os.environ, Path.cwd())
    wanted = selection(since=since, until=until, authors=author, action=action, category=category)
    screen = None if listed or logged or answers or learn else _screen()
    if answers:
        check_inputs([answers], {"no such file": "name a file of JSON Lines, or - for standard input"})
    bad = 0
    with AuditStore(file, write=not (listed or logged)) as store:
        if logged:
            _print_log(store, form)
            return
        manner = Manner(overrule, not unmeasured, dry_run, confirmed)
        run = _Review(store, store.chosen(judgement), settings, profile, manner)
        if screen is not None:
            run.sit(screen, run.asked(wanted, within, limit))
        elif listed:
            run.print_list(run.asked(wanted, within, limit))
        if answers:
            bad += run.take(answers)
        if learn:
            bad += run.learn()
    if bad:
        tell(f"exit status {LEFT_OUT}: {counted(bad, 'answer')} could not be used, see above")
        raise typer.Exit(LEFT_OUT)


def _screen() -> Any:
    """The screen. Raises MissingExtraError without Textual, UsageError without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        hint = "--list says what would be asked, --answers FILE takes answers"
        raise UsageError("there is no terminal to ask on", hint=hint)
    try:
        return importlib.import_module(_SCREEN).ReviewScreen
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "textual":
            raise
        raise MissingExtraError(
            "modcli review needs Textual for its screen",
            hint="pip install 'modcli[review]'; --list and --answers do without",
        ) from error


@dataclass(frozen=True)
class _Review:
    """What the ways to review have in common. `named` is the profile to teach, where one was named."""

    store: AuditStore
    judgement: Judgement
    settings: Settings
    named: str | None
    manner: Manner

    def asked(self, wanted: Selection, within: float, limit: int | None) -> list[Asked]:
        """What to ask about."""
        return asked_of(self.store, self.judgement, recorded(self.judgement), wanted, within)[:limit]

    def learn(self) -> int:
        """Make shots of the answers; how many were left out."""
        wish = wish_of(self.store, self.judgement, self.named)
        return learn_decisions(self.store, self.judgement, self.settings, wish, self.manner)

    def sit(self, screen: Any, asked: list[Asked]) -> None:
        """Ask until the person leaves; learn when they say so."""
        session = Session(self.store, self.judgement, recorded(self.judgement), asked)
        if not session.total:
            tell("nothing is left to ask about")
        while session.total:
            how = screen(session).run()
            left = session.total - session.done
            tell(f"{session.answered:,} answered in this sitting, {left:,} left; the same command goes on")
            if how == _LEARN:
                self._learn_here()
                if left and typer.confirm("Go on with the review?", default=True, err=True):
                    continue
                return
            break
        self._offer(ended=session.done == session.total)

    def take(self, name: str) -> int:
        """Write the answers of a file; how many could not be used."""
        reader = partial(read_jsonl, field="answer", keep=("id", "labels", "why"))
        profile = recorded(self.judgement)
        taken, known, bad = 0, 0, 0
        for row in read_inputs([name], lambda _: reader):
            try:
                fresh = _answer(self.store, self.judgement, profile, row)
                taken, known = taken + fresh, known + (not fresh)
            except UsageError as error:
                bad += 1
                tell(f"{row.location}: {error}")
                if error.hint:
                    tell(f"hint: {error.hint}")
        tell(f"{counted(taken, 'answer')} taken" + (f", {known:,} given before" if known else ""))
        return bad

    def print_list(self, asked: list[Asked]) -> None:
        """What would be asked."""
        output, alike = standard_output(), Alike(self.store)
        with suppress(ReaderGone):
            for one in asked:
                outcome = outcome_of(self.store, self.judgement, one.item)
                output.write(json_line(_record(outcome, one, self.judgement, alike)))

    def _learn_here(self) -> None:
        """Learn; an error is told, and the review goes on."""
        try:
            self.learn()
        except ModcliError as error:
            tell(f"error: {error}")
            if error.hint:
                tell(f"hint: {error.hint}")

    def _offer(self, *, ended: bool) -> None:
        """Say what has not been learned yet and, at the end, ask whether to learn it."""
        known = {number for place in self.store.fact(LEARNED, {}) for number in learned(self.store, place)}
        fresh = sum(entry.number not in known for entry in standing(self.store))
        if not fresh:
            return
        if ended and typer.confirm(f"Make examples of {counted(fresh, 'answer')}?", default=False, err=True):
            self.learn()
        else:
            tell(
                f"in no profile yet: {counted(fresh, 'answer')}; modcli review {self.store.file} --learn -p PROFILE"
            )


def _answer(store: AuditStore, judgement: Judgement, profile: Profile, row: Item) -> bool:
    """Write the answer of a row; False where it stands already. Raises UsageError for what is none."""
    form = 'an answer is {"id": 7, "answer": "right"}; or "wrong", "skip", or "other" with "labels": [...]'
    if row.error is not None:
        raise UsageError(row.error, hint=form)
    fields: Mapping[str, Any] = row.metadata.get("fields", {})
    labels, why = fields.get("labels", []), fields.get("why", "")
    if row.text not in tuple(Reply):
        raise UsageError(f"no answer: {one_line(row.text, 40)}", hint=form)
    if "id" not in fields or not isinstance(fields["id"], str | int):
        raise UsageError("no id", hint=form)
    labels = [] if labels is None else [labels] if isinstance(labels, str) else labels
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise UsageError("labels are a list of names", hint=form)
    if labels and row.text != Reply.OTHER:
        raise UsageError("labels go with the answer other", hint=form)
    if not isinstance(why, str):
        raise UsageError("why is a text", hint=form)
    one = outcome_of(store, judgement, find_item(store, row.id))
    if one.severity is None:
        raise UsageError(f"item {one.id} was not judged", hint="`modcli audit` judges it")
    if _stands(one.decision, row.text, labels):
        return False
    give(store, judgement, profile, one, Reply(row.text), labels, why)
    return True


def _stands(decision: Decision | None, answer: str, labels: list[str]) -> bool:
    if decision is None or decision.answer != answer:
        return False
    return answer != Reply.OTHER or set(decision.labels) == set(labels)


def _record(one: Outcome, asked: Asked, judgement: Judgement, alike: Alike) -> dict[str, Any]:
    record = record_of(one)
    distance = round(asked.distance, 4) if asked.nearest else None
    record |= {"nearest": asked.nearest or None, "distance": distance, "skipped": asked.skipped}
    return record | {"thresholds": dict(judgement.thresholds), "alike": alike.others(one)}


def _print_log(store: AuditStore, form: str | None) -> None:
    entries = log(store)
    if form == "jsonl" or (form is None and not sys.stdout.isatty()):
        output = standard_output()
        with suppress(ReaderGone):
            for entry in entries:
                output.write(json_line(entry.as_record()))
        return
    table = Table(*("no", "when", "item", "said", "before", "after", "why"), box=None, header_style="bold")
    for entry in entries:
        style = "dim strike" if entry.undone else ""
        table.add_row(*(Text(printable(cell), style) for cell in _cells(entry)))
    if not table.row_count:
        tell("nothing was decided yet")
        return
    Console(highlight=False).print(table)


def _cells(entry: Entry) -> tuple[str, ...]:
    said = f"undoes {entry.undoes}" if entry.undoes else entry.answer
    said += f": {', '.join(entry.labels)}" if entry.labels else ""
    said += " (undone)" if entry.undone else ""
    when = entry.made.replace("T", " ").removesuffix("Z")
    why = one_line(entry.why, 200)
    return str(entry.number), when, str(entry.item), said, entry.before, entry.after, why
