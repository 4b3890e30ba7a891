"""`modcli profile doctor`: what each shot of a profile does."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from modcli.cascade.examination import Examination, Finding, examine
from modcli.cli import profile_view as view
from modcli.cli.answers import AnswersFile, tell_rows
from modcli.cli.assemble import build_workbench
from modcli.cli.check import Backend, Model, NoCache, Offline, Threads
from modcli.cli.keys import Keys
from modcli.cli.options import Form, Labels, Map, TextField, Which, only, parse_mapping
from modcli.cli.stream import tell
from modcli.evaluation.rows import LABEL_FIELD
from modcli.profiles.answers import Answer
from modcli.profiles.dropping import drop_shots
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.profiles.origins import origins_of
from modcli.profiles.plan import Change, Editable, editable
from modcli.reports.examination import as_record, asides, print_finding
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.reports.summary import INTERRUPTED
from modcli.reports.terminal import standard_console
from modcli.settings import Settings, load_settings

HEALTHY, HARMED = 0, 1

Answers = Annotated[
    str | None,
    typer.Option(
        "--answers", metavar="FILE", help="Also measure on these labelled posts, as JSON Lines: your answers."
    ),
]
Drop = Annotated[bool, typer.Option("--drop", help="Drop all that is found to do harm, without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --drop: show the change, and write nothing.")]
_KEYS = {"y": "dropped", "n": "kept", "q": "no more questions"}


def run_doctor(
    profile: Which = None,
    answers: Answers = None,
    text_field: TextField = "text",
    label_field: Labels = LABEL_FIELD,
    label_map: Map = None,
    drop: Drop = False,
    dry_run: DryRun = False,
    form: Form = None,
    no_cache: NoCache = False,
    backend: Backend = None,
    model: Model = None,
    offline: Offline = None,
    threads: Threads = None,
) -> None:
    """Find shots that hurt, contradict each other, are said twice, look mislabelled, or blunt a category.

    Each finding tells what leaving it out does to the other shots, and to your answers. On a terminal you are asked of
    each whether to drop it; what is inherited stays in its file, and has no say in yours.

    Exit status: 0 nothing that does harm is left, 1 something is, 2 wrong usage or a failure, 130 interrupted.
    """
    flags: dict[str, object] = {"backend": backend, "model": model, "offline": offline, "threads": threads}
    flags |= {"profile": [profile] if profile else None, "cache": False if no_cache else None}
    settings = load_settings(flags, os.environ, Path.cwd())
    source = (
        AnswersFile(answers, text_field, label_field, parse_mapping(label_map or [])) if answers else None
    )
    as_table = form == "table" or (form is None and sys.stdout.isatty())
    asking = as_table and not drop and not dry_run and is_conversation()
    doctor = _Doctor(settings, as_table=as_table, asking=asking)
    try:
        doctor.examine(source)
        if drop or dry_run:
            doctor.drop_all(rehearsal=dry_run)
        doctor.report()
    except ReaderGone:
        pass  # it saw what it wanted
    except KeyboardInterrupt as error:
        tell(f"exit status {INTERRUPTED}: interrupted; what was dropped until then is dropped")
        raise typer.Exit(INTERRUPTED) from error
    raise typer.Exit(doctor.finish())


def is_conversation() -> bool:
    """Whether a person reads what is printed, and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@dataclass
class _Doctor:
    """One profile, examined; what is found is told, and dropped where somebody says so."""

    settings: Settings
    as_table: bool
    asking: bool
    found: Examination = field(default_factory=lambda: Examination((), ()))
    dropped: set[int] = field(default_factory=set)
    change: Change | None = None
    rehearsed: bool = False
    written: Path | None = None

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.settings.config_dir / "profiles")
        self.wish = only(self.settings.profile)

    def examine(self, source: AnswersFile | None) -> None:
        """Read the profile and the answers, then the shots."""
        profile = load(self.wish, self.shelf)
        origins = origins_of(self.shelf.find(self.wish), self.shelf)
        answers: list[Answer] = []
        if source is not None:
            source.check()
            answers, findings = source.read(list(profile.by_name))
            tell_rows(findings)
        bench = build_workbench(self.settings, tell=tell)
        try:
            self.found = examine(bench, profile, answers=answers, origins=origins)
        finally:
            bench.close()
        for line in asides(self.found):
            tell(line)

    def drop_all(self, *, rehearsal: bool) -> None:
        """Drop all that does harm, in one edit."""
        harmful = [i for i, finding in enumerate(self.found.findings) if finding.kind.harms]
        if not harmful:
            return
        roles = [role for i in harmful for role in self.found.findings[i].roles]
        target = self._target()
        self.change = drop_shots(target, self.shelf, roles, rehearsal=rehearsal)
        self.written, self.rehearsed = self.change.path, rehearsal
        self.dropped = set() if rehearsal else set(harmful)

    def report(self) -> None:
        """Print what was found, and ask."""
        if self.as_table:
            self._print()
            return
        output = standard_output()
        for i, finding in enumerate(self.found.findings):
            output.write(json_line(as_record(finding, dropped=i in self.dropped)))

    def finish(self) -> int:
        """Say what it came to; the exit status."""
        harmful = {i for i, finding in enumerate(self.found.findings) if finding.kind.harms}
        if self.written is not None:
            tell(f"{self.written}: {'would be changed' if self.rehearsed else 'changed'}")
        if not self.found.findings:
            tell(f"{self.wish}: nothing found")
            return HEALTHY
        left = len(harmful - self.dropped)
        if left:
            tell(f"exit status 1: {left} finding{'s' * (left != 1)} of harm")
            return HARMED
        if not harmful:
            tell(f"{self.wish}: nothing that does harm")
        return HEALTHY

    def _print(self) -> None:
        console = standard_console(highlight=False)
        keys = Keys()
        for i, finding in enumerate(self.found.findings):
            if i:
                console.print()
            print_finding(console, finding)
            if self.asking:
                self._ask(keys, i, finding)
        if self.change is not None:
            view.print_change(self.change)

    def _ask(self, keys: Keys, number: int, finding: Finding) -> None:
        """Drop it if somebody says so, at once: what comes later may be interrupted."""
        key = keys.ask("Drop it? [y/n/q]" if len(finding.shots) == 1 else "Drop them? [y/n/q]", _KEYS)
        if key == "y":
            self.written = drop_shots(self._target(), self.shelf, finding.roles).path
            self.dropped.add(number)
        elif key != "n":
            self.asking = False

    def _target(self) -> Editable:
        target = editable(self.wish, self.shelf)
        view.tell_new_file(target)
        return target
