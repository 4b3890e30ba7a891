"""`modcli audit certify`: what an audit has missed at most, from a random sample judged in full."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from modcli.audit.certifying import (
    Counts,
    Design,
    Size,
    certificates_of,
    certify,
    counts_of,
    design_of,
    draw,
    judge_acted,
    judge_sample,
    known_stages,
    prevalence_of,
    stage_of,
)
from modcli.audit.run import Done, InProcess
from modcli.audit.store import AuditStore, Judgement
from modcli.audit.totals import totals_of
from modcli.cascade.certificate import Prevalence
from modcli.cascade.moderator import Stage
from modcli.cascade.workbench import Workbench
from modcli.cli import check
from modcli.cli.assemble import build_workbench, method_of, moderator_on, reader_beside
from modcli.cli.audit_options import Audit, Number
from modcli.cli.audit_progress import AuditProgress, Progress
from modcli.cli.audit_rejudge import recorded
from modcli.cli.audit_run import How
from modcli.cli.options import Form
from modcli.cli.stream import interruptible, tell
from modcli.errors import UsageError
from modcli.profile import Action, Profile
from modcli.reports.audit_terminal import print_certificate
from modcli.reports.summary import INTERRUPTED, NOT_JUDGED
from modcli.settings import Settings, load_settings

Sample = Annotated[int | None, typer.Option("--sample", min=1, help="Judge N of them in full. Default: 300.")]
Missed = Annotated[
    int | None,
    typer.Option(
        "--missed", min=0, metavar="U", help="As many as show that at most U are missed, if none is found."
    ),
]
Recall = Annotated[
    float | None,
    typer.Option("--recall", metavar="R", help="As many as show this recall (0 to 1), if none is found."),
]
Acted = Annotated[
    bool,
    typer.Option(
        "--acted",
        help="Judge in full as well what something cheaper acts on: it raises the recall that is shown.",
    ),
]
Full = Annotated[
    Literal["auto", "model"] | None,
    typer.Option(
        "--stage",
        help="The full judge: as without early stages (auto), or one that asks the model of every text (model). "
        "Default: the audit's.",
    ),
]


@dataclass(frozen=True)
class _Wanted:
    """The stage of the full judge, how many are to be drawn, and out of what; `acted`: and what is acted on judged."""

    full: str
    size: Size
    counts: Counts
    acted: bool

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to judge."""
        return not self.counts.dismissed and not (self.acted and self.counts.guessed)


def run_certify(
    file: Audit,
    sample: Sample = None,
    missed: Missed = None,
    recall: Recall = None,
    acted: Acted = False,
    stage: Full = None,
    judgement: Number = None,
    form: Form = None,
    progress: How = Progress.AUTO,
    backend: check.Backend = None,
    model: check.Model = None,
    on_error: check.OnError = None,
    offline: check.Offline = None,
    threads: check.Threads = None,
) -> None:
    """Say how much an audit has missed at most: a random sample of what it let pass is judged in full.

    Drawn from is what an early stage let pass, the reading alone, or the verdict on a near-duplicate. What is found is
    acted on from then on. Given again before it is done, the command goes on with the same sample.

    Exit status: 0 done, 2 wrong usage or a failure, 3 some of the sample could not be judged, 130 interrupted.
    """
    flags: dict[str, object] = {"backend": backend, "model": model, "on_error": on_error}
    settings = load_settings(flags | {"offline": offline, "threads": threads}, os.environ, Path.cwd())
    size = _size(sample, missed, recall)
    told, terminal = AuditProgress(progress), form == "table" or (form is None and sys.stdout.isatty())
    with AuditStore(file, write=True) as store:
        made = store.chosen(judgement)
        full = _full(store, made, stage)
        wanted = _Wanted(full, size, _counts(store, made, full), acted)
        try:
            design = None
            if not wanted.is_nothing:
                with interruptible() as interrupt:
                    design = _judged(store, made, settings, wanted, told, interrupt.check)
        except KeyboardInterrupt:
            told.close()
            tell(f"exit status {INTERRUPTED}: interrupted; the same command goes on with the sample")
            raise typer.Exit(INTERRUPTED) from None
        finally:
            told.close()
        if design is None:
            share = prevalence_of(_counts(store, made, full), 0, 0)
            print_certificate(store, None, share, terminal=terminal)
            return
        record = certify(store, made, design)
        share = Prevalence.from_record(record["prevalence"])
        print_certificate(store, record, share, terminal=terminal)
    if record["failed"]:
        tell(f"exit status {NOT_JUDGED}: {record['failed']:,} of the sample could not be judged")
        raise typer.Exit(NOT_JUDGED)


def _size(sample: int | None, missed: int | None, recall: float | None) -> Size:
    if sum(value is not None for value in (sample, missed, recall)) > 1:
        raise UsageError("--sample, --missed and --recall are three ways to say one thing", hint="give one")
    if recall is not None and not 0 < recall < 1:
        raise UsageError(f"--recall {recall:g}: not between 0 and 1", hint="for example --recall 0.95")
    return Size(sample, missed, recall)


def _full(store: AuditStore, made: Judgement, asked: str | None) -> str:
    """The stage of the full judge. Raises UsageError for another one than that of earlier certificates, or a lesser one
    than the judgement's own."""
    own = stage_of(store, made)
    design, kept = design_of(store, made), certificates_of(store, made)
    before = design.stage if design else kept[0]["stage"] if kept else None
    full = asked or before or (own if own == Stage.MODEL else Stage.AUTO)
    if before not in (None, full):
        raise UsageError(
            f"earlier certificates of judgement {made.id} are by --stage {before}", hint=f"--stage {before}"
        )
    if own == Stage.MODEL and full != own:
        raise UsageError(f"judgement {made.id} asked the model of every text", hint="leave out --stage")
    return str(full)


def _counts(store: AuditStore, made: Judgement, full: str) -> Counts:
    """What is known of the full judge's verdicts; where a sample is being judged, when it was drawn."""
    design = design_of(store, made)
    if design is not None:
        return design.counts
    counts = counts_of(store, made, known_stages(stage_of(store, made), full))
    if not sum((counts.acted, counts.passed, counts.dismissed, counts.guessed)):
        raise UsageError(f"{store.file}: judgement {made.id} has judged nothing yet", hint="modcli audit run")
    if waiting := totals_of(store, made).waiting:
        tell(f"{waiting:,} items are not judged yet, and nothing is said of them")
    return counts


def _judged(
    store: AuditStore,
    made: Judgement,
    settings: Settings,
    wanted: _Wanted,
    told: AuditProgress,
    check_interrupt: Callable[[], None],
) -> Design | None:
    """The sample, drawn where none is, and judged to its end; None where nothing was dismissed."""
    profile = recorded(made)
    bench = build_workbench(settings, tell=tell)
    try:
        _check_same(settings, made, stage_of(store, made), bench, profile)
        moderator = moderator_on(
            bench,
            replace(settings, stage=wanted.full),
            profile,
            on_error=Action.BLOCK if settings.on_error == "block" else Action.WARN,
            reader=reader_beside(bench, store.states_folder),
        )

        def done(state: Done) -> None:
            told.judged(state)
            check_interrupt()

        told.begin()
        if wanted.acted and design_of(store, made) is None:
            known = known_stages(stage_of(store, made), wanted.full)
            judged, passed = judge_acted(store, made, InProcess(moderator), known, done=done)
            if judged:
                tell(
                    f"{passed:,} of {judged:,} texts acted on by something cheaper are let pass in full, and now"
                )
            wanted = replace(wanted, counts=counts_of(store, made, known))
        if not wanted.counts.dismissed:
            return None
        design = _drawn(store, made, wanted)
        judge_sample(store, made, InProcess(moderator), design, done=done)
        return design
    finally:
        bench.close()


def _drawn(store: AuditStore, made: Judgement, wanted: _Wanted) -> Design:
    design = design_of(store, made)
    if design is not None:
        tell(
            f"going on with the sample of {design.size:,} texts drawn on {design.made}: its size was fixed then"
        )
        return design
    counts, size = wanted.counts, wanted.size.of(wanted.counts)
    tell(f"judging {size:,} of {counts.dismissed:,} dismissed texts in full (--stage {wanted.full})")
    known = known_stages(stage_of(store, made), wanted.full)
    return draw(store, made, counts, size, wanted.full, known)


def _check_same(settings: Settings, made: Judgement, stage: str, bench: Workbench, profile: Profile) -> None:
    """Raise UsageError where the full judge is no longer the one that judged."""
    if made.model != bench.model:
        raise UsageError(
            f"the audit was judged by another model ({made.model_name})", hint=f"--model {made.model_name}"
        )
    stages = [stage] if made.depth == "full" else [one.value for one in Stage]
    if made.method not in [method_of(replace(settings, stage=one), profile) for one in stages]:
        raise UsageError(
            f"what judges is no longer what made judgement {made.id}: the profile was tuned since, or modcli is another",
            hint="judge it anew: modcli audit FILE.db -p PROFILE --another",
        )
