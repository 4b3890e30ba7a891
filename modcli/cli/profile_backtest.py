"""`modcli profile backtest`: what flips between two versions of a profile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from modcli.cascade.moderator import Stage
from modcli.cascade.parts import parts_of
from modcli.cascade.preparation import without_examples
from modcli.cascade.rejudging import fitted_to, rejudge
from modcli.cascade.workbench import Workbench
from modcli.cli import check
from modcli.cli.assemble import build_workbench, moderator_on
from modcli.cli.eval_progress import RowProgress
from modcli.cli.options import Form, Labels, Map, parse_mapping
from modcli.cli.stream import tell
from modcli.errors import UsageError
from modcli.evaluation.backtest import Backtest, acting, side_of, sides_of_stored, truth_of_rows
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.row_findings import RowFindings
from modcli.evaluation.rows import LABEL_FIELD, UNKNOWN_FIELD, read_rows
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.reports.backtest import Circumstances, print_backtest, records
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.reports.summary import INTERRUPTED
from modcli.settings import Settings, load_settings
from modcli.sources.inputs import DASH, Reader, check_inputs, read_inputs
from modcli.verdict import Verdict

DONE, TOO_MANY, NOT_JUDGED = 0, 1, 3
#: Items judged together: enough for full batches of the model, few enough for a progress bar to move.
_AT_ONCE = 64
#: What is wrong with labels and worth telling here.
_TOLD = {"bad-label", "unknown-label", "unused-mapping", "contradiction"}

Old = Annotated[str, typer.Argument(metavar="OLD", help="A profile's name or path: what was used.")]
New = Annotated[str, typer.Argument(metavar="NEW", help="Another one: what is to be used.")]
Data = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATA]...", help="Files as for check, - for standard input. Default: all that was ever read."
    ),
]
Depth = Annotated[
    str | None,
    typer.Option(
        "--stage", metavar="auto|reading|model", help="How deep to judge DATA. Default: reading, at once."
    ),
]
Show = Annotated[int, typer.Option("--show", min=0, help="Show so many of the flipped items, the surest.")]
MaxFlips = Annotated[
    float | None,
    typer.Option(
        "--max-flips", min=0, max=1, metavar="SHARE", help="Exit with 1 if more of the items are flipped."
    ),
]


def run_backtest(
    old: Old,
    new: New,
    data: Data = None,
    input_format: check.Input = None,
    text_field: check.Field = None,
    label_field: Labels = LABEL_FIELD,
    label_map: Map = None,
    show: Show = 10,
    max_flips: MaxFlips = None,
    form: Form = None,
    backend: check.Backend = None,
    model: check.Model = None,
    stage: Depth = None,
    offline: check.Offline = None,
    threads: check.Threads = None,
) -> None:
    """Judge the same posts by two versions of a profile, and say what flips.

    By category: how much is flagged before and after, what is newly flagged and what no longer, and the change, each
    with its 95% interval; then the flipped posts of which both versions are surest. Of labelled posts also how many of
    the flips were right. Without DATA it counts all that was ever read on this machine (texts are not kept, so none is
    shown).

    Exit status: 0 done, 1 more flips than --max-flips, 2 wrong usage or a failure, 3 some items could not be judged.
    """
    flags: dict[str, object] = {"backend": backend, "model": model, "offline": offline, "threads": threads}
    settings = load_settings(flags | {"stage": stage or Stage.READING.value}, os.environ, Path.cwd())
    if not data and settings.stage != Stage.READING:
        raise UsageError(
            f"--stage {settings.stage} has to see the texts, and they are not kept", hint="name files as DATA"
        )
    pair = _load_pair(old, new, settings)
    source = Source(tuple(data or ()), input_format, text_field, label_field, parse_mapping(label_map or []))
    _check(source)
    if pair.old.digest == pair.new.digest:
        tell(f"{old} and {new} say the same: nothing can flip")
        return
    output = standard_output()
    backtest, what = _run(settings, pair, source, show)
    with suppress(ReaderGone):
        if form == "table" or (form is None and sys.stdout.isatty()):
            print_backtest(Console(highlight=False), backtest, what)
        else:
            for record in records(backtest, what):
                output.write(json_line(record))
    raise typer.Exit(_finish(backtest, what, max_flips))


def _check(source: Source) -> None:
    """Raise SourceError or UsageError for data that cannot be read."""
    _ = source.reader_of
    check_inputs(source.names, {"no such file": "DATA are files of posts, one a line"})


@dataclass(frozen=True)
class Pair:
    """The two profiles, by the names that the user gave them. Of categories that cannot be judged at the stage asked
    for, `left_out` are the names; the profiles are without them."""

    old_name: str
    new_name: str
    old: Profile
    new: Profile
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """The data: names of files, how they are written, and where their labels are."""

    names: tuple[str, ...]
    input_format: check.InputFormat | None = None
    text_field: str | None = None
    label_field: str = LABEL_FIELD
    mapping: Mapping[str, str] | None = None

    @property
    def reader_of(self) -> Callable[[str], Reader]:
        """How to read an input, by its name. Raises UsageError where that was asked for in two ways."""
        return check.choose_readers(
            self.input_format, self.text_field, keep=(self.label_field, UNKNOWN_FIELD)
        )

    def items(self) -> Callable[[], Iterable[Item]]:
        """The items, as often as they are asked for; what comes from standard input is held."""
        reader_of = self.reader_of
        if DASH not in self.names:
            return lambda: read_inputs(self.names, reader_of)
        if sys.stdin.isatty():
            tell("reading from the terminal: one text a line, Ctrl-D ends")
        held = [replace(item, raw=b"") for item in read_inputs(self.names, reader_of)]
        return lambda: held


def _load_pair(old: str, new: str, settings: Settings) -> Pair:
    """Both profiles. Raises ProfileError, and UsageError where nothing in them can be judged at the stage."""
    shelf = Shelf(settings.config_dir / "profiles")
    profiles = load(old, shelf), load(new, shelf)
    if settings.stage != Stage.READING:
        return Pair(old, new, *profiles)
    blind = {name: None for profile in profiles for name in without_examples(as_judged(profile))}
    # Several categories may be judged as one, which then is the one without an example.
    before, after = (_without(profile, blind) if blind else profile for profile in profiles)
    if not acting(before, after):
        raise UsageError(
            f"{', '.join(blind) or 'nothing'}: nothing but a definition, and what was read is judged by examples",
            hint="name files as DATA, with --stage auto",
        )
    return Pair(old, new, before, after, tuple(blind))


def _without(profile: Profile, names: Iterable[str]) -> Profile:
    judged = as_judged(profile)
    return replace(judged, categories=tuple(one for one in judged.categories if one.name not in names))


def _run(settings: Settings, pair: Pair, source: Source, show: int) -> tuple[Backtest, Circumstances]:
    """Judge and count. Ctrl-C ends it; what was read until then is kept."""
    backtest = Backtest(acting(as_judged(pair.old), as_judged(pair.new)), show=show)
    what = Circumstances(pair.old_name, pair.new_name, settings.stage, left_out=pair.left_out)
    bench = build_workbench(settings, tell=tell)
    try:
        if not source.names:
            _count_stored(bench, pair, backtest)
            return backtest, replace(what, unit="window")
        failed, first = _Judging(bench, settings, pair, source, backtest).run()
        return backtest, replace(what, not_judged=failed, first_error=first)
    except KeyboardInterrupt as error:
        tell(f"exit status {INTERRUPTED}: interrupted; what was read is kept for the next time")
        raise typer.Exit(INTERRUPTED) from error
    finally:
        bench.close()


def _count_stored(bench: Workbench, pair: Pair, backtest: Backtest) -> None:
    """All that was ever read, but for what judges are fitted to: nobody posted that."""
    if bench.store is None:
        raise UsageError("no states are kept, so nothing can be judged again", hint="modcli config show")
    judged = as_judged(pair.old), as_judged(pair.new)
    before, after = (rejudge(one, bench.preparation(one).judge, bench.store) for one in judged)
    backtest.add(*sides_of_stored(before, after, without=fitted_to(pair.old, pair.new)))


class _Judging:
    """Both profiles on one model, over data that is looked through once before."""

    def __init__(
        self, bench: Workbench, settings: Settings, pair: Pair, source: Source, backtest: Backtest
    ) -> None:
        self._bench, self._settings, self._pair, self._source = bench, settings, pair, source
        self._backtest = backtest
        self._known = [*dict.fromkeys((*pair.old.by_name, *pair.new.by_name))]

    def run(self) -> tuple[int, str]:
        """Judge and count everything; how many items could not be judged, and why the first of them."""
        items = self._source.items()
        total = self._look_through(items())
        before, after = (
            moderator_on(self._bench, self._settings, one, on_error=Action.WARN, verdicts=False)
            for one in (self._pair.old, self._pair.new)
        )
        failed, first = 0, ""
        with RowProgress("judging", total) as progress:
            for batch in _batches(items()):
                verdicts = before.judge(batch), after.judge(batch)
                done = [i for i in range(len(batch)) if all(found[i].error is None for found in verdicts)]
                if len(done) < len(batch):
                    failed += len(batch) - len(done)
                    i = next(i for i in range(len(batch)) if i not in done)
                    first = first or f"{batch[i].location}: {verdicts[0][i].error or verdicts[1][i].error}"
                self._count([batch[i] for i in done], *([found[i] for i in done] for found in verdicts))
                progress.advance(len(batch))
        return failed, first

    def _count(self, items: Sequence[Item], before: Sequence[Verdict], after: Sequence[Verdict]) -> None:
        if not items:
            return
        old, new = as_judged(self._pair.old), as_judged(self._pair.new)
        rows = self._rows(items)
        truth = truth_of_rows(rows, self._pair.old, self._pair.new) if any(rows) else None
        self._backtest.add(side_of(before, old), side_of(after, new), items, truth)

    def _rows(self, items: Sequence[Item]) -> list[LabelledRow | None]:
        """What is known of each item."""
        found: dict[int, LabelledRow] = {}
        # What is wrong with the labels was told when they were looked through.
        with suppress(UsageError):
            for row in self._read(items, RowFindings()):
                found[id(row.item)] = row
        return [found.get(id(item)) for item in items]

    def _read(self, items: Iterable[Item], findings: RowFindings) -> Iterator[LabelledRow]:
        labelled = (
            item
            for item in items
            if item.error is None and self._source.label_field in item.metadata.get("fields", ())
        )
        return read_rows(
            labelled,
            self._known,
            label_field=self._source.label_field,
            mapping=self._source.mapping,
            findings=findings,
        )

    def _look_through(self, items: Iterable[Item]) -> int:
        """How many items there are. What is wrong with their labels, and how many have to be read, is told. Raises
        UsageError for labels of which none is a category."""
        total = missing = 0
        judged = (as_judged(self._pair.old), as_judged(self._pair.new))
        taps = sorted({tap for one in judged for tap in self._bench.preparation(one).judge.taps})

        def watched() -> Iterator[Item]:
            nonlocal total, missing
            for batch in _batches(items):
                total += len(batch)
                texts = [text for item in batch if item.error is None for text in parts_of(item).texts]
                missing += self._bench.reader.missing(texts, taps)
                yield from batch

        findings = RowFindings()
        for _ in self._read(watched(), findings):
            pass
        for finding in findings.summary():
            if finding.kind in _TOLD:
                tell(finding.message + (f" ({finding.hint})" if finding.hint else ""))
        if missing:
            tell(f"the model has to read {missing:,} text{'s' * (missing != 1)} first, once")
        return total


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    waiting = iter(items)
    while batch := list(islice(waiting, _AT_ONCE)):
        yield batch


def _finish(backtest: Backtest, what: Circumstances, max_flips: float | None) -> int:
    """Say what there is to say; the exit status."""
    rate = backtest.flip_rate
    if rate is None:
        tell("no item was judged, so there is nothing to compare")
    if what.not_judged:
        whole = f"{what.not_judged:,} of {backtest.items + what.not_judged:,} items"
        tell(f"exit status {NOT_JUDGED}: {whole} could not be judged; the first: {what.first_error}")
        return NOT_JUDGED
    if rate is None and max_flips is not None:
        tell(
            f"exit status {NOT_JUDGED}: nothing was judged, so nothing says that at most {max_flips:.2%} flip"
        )
        return NOT_JUDGED
    if rate is not None and max_flips is not None and rate.value > max_flips:
        tell(f"exit status {TOO_MANY}: {rate.value:.2%} of the items flip, more than {max_flips:.2%}")
        return TOO_MANY
    return DONE
