"""`modcli eval protocol`: a whole table of measurements on public sets, rerun by one command."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from modcli.cascade.inventory import prune
from modcli.cascade.moderator import Stage
from modcli.cli.assemble import KEEP, build_workbench, cache_folders
from modcli.cli.assemble_baselines import EMBEDDER, build_baselines
from modcli.cli.check import Backend, Model, NoCache, Offline, Threads
from modcli.cli.check import Stage as StageName
from modcli.cli.stream import Interrupt, interruptible, tell
from modcli.errors import Location, ModcliError, SourceError, UsageError
from modcli.evaluation.protocols.base import Cell, Job, Log, Part, Setting, run_jobs
from modcli.evaluation.protocols.catalogue import PAPER, PROTOCOLS, parts_of
from modcli.evaluation.protocols.sets import DEV, PublicSet, check_set, chosen, public_sets
from modcli.evaluation.protocols.tables import Table, as_markdown, tables, told, value
from modcli.reports.jsonl import json_line
from modcli.reports.output import Output, standard_output
from modcli.reports.summary import INTERRUPTED, NOT_JUDGED, OK
from modcli.reports.terminal import standard_console
from modcli.reports.terminal_text import printable
from modcli.settings import Settings, load_settings

#: Columns of a terminal that a figure takes, and that a condition has at least.
FIGURE, CONDITION = 13, 26
#: Metrics that are told of a cell as soon as it is measured.
TOLD = 3

Name = Annotated[
    str, typer.Argument(metavar="|".join((*PROTOCOLS, PAPER)), help="What to rerun; paper is all of them.")
]
Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="The folder with the sets, as NAME.SPLIT.jsonl.")
]
Split = Annotated[str, typer.Option("--split", metavar="NAME", help="The split to report on.")]
Rows = Annotated[int, typer.Option("--rows", min=0, help="At most so many rows of each set; 0 for all.")]
Draws = Annotated[int, typer.Option("--draws", min=1, help="Draw the shots so many times.")]
Choices = Annotated[
    int, typer.Option("--choices", min=1, help="Choose the one example of a new category so many times.")
]
Sets = Annotated[
    str | None, typer.Option("--sets", metavar="A,B", help=f"Of these sets only: {', '.join(public_sets())}.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="PART", help="This part of it only; may be repeated.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the first draw, and of the rows.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Keep each finished line of the table here; what is there is not redone.",
    ),
]
Format = Annotated[
    Literal["table", "markdown", "jsonl"] | None,
    typer.Option("--format", help="Default: table on a terminal, else jsonl."),
]
List = Annotated[bool, typer.Option("--list", help="Say what would be measured, and measure nothing.")]
Embedder = Annotated[
    str, typer.Option("--embedder", metavar="NAME|FOLDER", help="The embedder of the baselines.")
]


def protocol(
    name: Name,
    data: Data,
    split: Split = DEV,
    rows: Rows = 200,
    draws: Draws = 8,
    choices: Choices = 20,
    sets: Sets = None,
    only: Only = None,
    seed: Seed = 0,
    out: Out = None,
    format: Format = None,
    list_only: List = False,
    embedder: Embedder = EMBEDDER,
    backend: Backend = None,
    model: Model = None,
    stage: StageName = None,
    no_cache: NoCache = False,
    offline: Offline = None,
    threads: Threads = None,
) -> None:
    """Rerun a published experiment on public sets: tasks, personalization, learning, or all of them (paper).

    docs/protocols.md says what is measured, where the sets come from, and what it costs: hours, on a CPU. A run that
    was broken off goes on where it was, if the same --out is given.

    Exit status: 0 done, 2 wrong usage or a failure, 3 something could not be measured, 130 interrupted.
    """
    flags: dict[str, object] = {"backend": backend, "model": model, "stage": stage, "offline": offline}
    flags |= {"threads": threads, "cache": False if no_cache else None}
    settings = load_settings(flags, os.environ, Path.cwd())
    if theirs := settings.from_project("stage", "model"):
        tell(f"settings from {settings.project_file}: {', '.join(theirs)}")
    parts = chosen_parts(name, only or [])
    wanted = chosen(sets.split(",")) if sets else tuple(public_sets().values())
    check_data(data, wanted, split)
    log = Log(out)
    if not list_only:
        log.check()
    run = _Run(log, standard_output(), format or usual_format(settings), partial(tidy, settings))
    bench = build_workbench(settings, tell=once(tell))
    try:
        setting = Setting(
            *(bench, data, split, rows, draws, choices, wanted, Stage(settings.stage), seed),
            # What is only listed needs no weights.
            baselines=partial(
                build_baselines, replace(settings, offline=settings.offline or list_only), embedder
            ),
        )
        jobs = [job for part in parts.values() for job in part(setting)]
        if not jobs:
            raise UsageError(
                "with these sets and this stage there is nothing to measure", hint="--sets, --stage"
            )
        status = run.listed(jobs, setting) if list_only else run.measured(jobs, setting)
    finally:
        bench.close()
    raise typer.Exit(status)


def chosen_parts(name: str, only: Sequence[str]) -> dict[str, Part]:
    """The parts of a protocol. Raises UsageError for a protocol or a part that there is not."""
    names = (*PROTOCOLS, PAPER)
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        raise UsageError(
            f"there is no protocol '{name}'",
            hint=f"did you mean {close[0]}?" if close else f"there is {', '.join(names)}",
        )
    parts = parts_of(name)
    for part in only:
        if part not in parts:
            raise UsageError(f"{name} has no part '{part}'", hint=f"there is {', '.join(parts)}")
    return {part: jobs for part, jobs in parts.items() if not only or part in only}


def check_data(folder: Path, sets: Sequence[PublicSet], split: str) -> None:
    """Raise SourceError unless the sets are there."""
    if not folder.is_dir():
        raise SourceError("no such folder", location=Location(str(folder)), hint="--data DIR with the sets")
    for one in sets:
        try:
            check_set(folder, one, split)
        except SourceError as error:
            rest = ",".join(other.name for other in sets if other is not one)
            without = f"; or go without it: --sets {rest}" if rest else ""
            raise SourceError(
                error.message, location=error.location, hint=f"{error.hint}{without}"
            ) from error


def usual_format(settings: Settings) -> str:
    """What the settings say, where that is a form of tables; else by where the output goes."""
    if settings.format in ("table", "jsonl"):
        return settings.format
    return "table" if sys.stdout.isatty() else "jsonl"


def once(tell_it: Callable[[str], None]) -> Callable[[str], None]:
    """Tell each line once: a protocol tries hundreds of profiles, and each has the same to say."""
    said: set[str] = set()

    def say(line: str) -> None:
        if line not in said:
            said.add(line)
            tell_it(line)

    return say


def tidy(settings: Settings) -> None:
    """Bound what is kept on disk: every profile that is tried leaves a prompt of some ten megabytes."""
    if settings.cache:
        folders = cache_folders(settings)
        for kind, most in KEEP.items():
            prune(kind, folders[kind], most)


class _Run:
    """One run of a protocol: what it measures is written as it comes, or as tables at the end."""

    def __init__(self, log: Log, output: Output, format: str, tidy: Callable[[], None]) -> None:
        self._log = log
        self._tidy = tidy
        self._output = output
        self._format = format
        self._left_out = 0

    def listed(self, jobs: Sequence[Job], setting: Setting) -> int:
        """Say what would be measured; the exit status."""
        for job in jobs:
            known = self._log.find(job, setting.key(job.sets)) is not None
            line = f"{job.protocol}\t{job.part}\t{job.set}\t{job.condition}\t{'known' if known else 'open'}\n"
            self._output.write(printable(line).encode())
        return OK

    def measured(self, jobs: Sequence[Job], setting: Setting) -> int:
        """Measure and write; the exit status."""
        cells: list[Cell] = []
        with interruptible() as interrupt:
            try:
                for cell in self._cells(jobs, setting, interrupt):
                    cells.append(cell)
                    if self._format == "jsonl":
                        self._output.write(json_line(cell.as_record()))
            except KeyboardInterrupt:
                tell(f"exit status {INTERRUPTED}: interrupted with {len(cells)} of {len(jobs)} measured")
                return INTERRUPTED
        self._write(cells)
        return self._end(cells)

    def _cells(self, jobs: Sequence[Job], setting: Setting, interrupt: Interrupt) -> Iterator[Cell]:
        for cell in run_jobs(jobs, setting, self._log, progress=tell, left_out=self._leave_out):
            interrupt.check()
            tell(f"    {summary(cell)}")
            self._tidy()
            yield cell

    def _leave_out(self, _: Job, error: ModcliError) -> None:
        self._left_out += 1
        hint = f" ({error.hint})" if error.hint else ""
        tell(f"    cannot be measured: {error}{hint}")

    def _write(self, cells: Sequence[Cell]) -> None:
        found = tables(cells)
        if self._format == "markdown":
            self._output.write(as_markdown(found).encode())
        elif self._format == "table":
            console = standard_console()
            for table in found:
                print_table(table, console)
        else:
            for cell in (cell for table in found for cell in table.cells if cell not in cells):
                self._output.write(json_line(cell.as_record()))

    def _end(self, cells: Sequence[Cell]) -> int:
        failed = sum(cell.failed for cell in cells)
        why = [f"{self._left_out} conditions could not be measured"] if self._left_out else []
        why += [f"{failed:,} judgements of rows failed"] if failed else []
        if not why:
            return OK
        tell(f"exit status {NOT_JUDGED}: {' and '.join(why)}; all else was measured")
        return NOT_JUDGED


def summary(cell: Cell) -> str:
    """The first figures of a cell, on one line."""
    figures = [f"{name} {value(one)[0]}" for name, one in list(cell.metrics.items())[:TOLD]]
    return ", ".join([*figures, f"{cell.seconds:.0f} s, {cell.tokens:,} tokens"])


def print_table(table: Table, console: Console) -> None:
    """A table for a person; with more figures than the terminal is wide, in several pieces."""
    longest = max(len(told(cell)) for cell in table.cells)
    room = max(CONDITION, console.width // 3)
    across = max(1, (console.width - min(longest, room) - 2) // FIGURE)
    for start in range(0, max(len(table.metrics), 1), across):
        names = table.metrics[start : start + across]
        grid = RichTable(
            box=SIMPLE_HEAD,
            title=Text(printable(table.title), "bold") if not start else None,
            title_justify="left",
            pad_edge=False,
        )
        grid.add_column("condition", max_width=room, overflow="fold")
        for name in names:
            grid.add_column(Text(name), justify="right", overflow="fold")
        for cell in table.cells:
            figures = [value(cell.metrics.get(name)) for name in names]
            if start and not any(figure for figure, _ in figures):
                continue
            grid.add_row(
                Text(printable(told(cell)), "dim" if cell.source else ""),
                *(Text.assemble(figure, "\n" if span else "", (span, "dim")) for figure, span in figures),
            )
        console.print(grid)
    if table.sources:
        console.print(Text(table.sources, "dim"))
        console.print()
