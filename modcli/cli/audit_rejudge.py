"""`modcli audit rejudge|compare`: what another profile, or another model, makes of the same items."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from modcli.audit.rejudging import Reread, Texts, in_common, keep, reread_each
from modcli.audit.store import AuditStore, Judgement
from modcli.cascade.workbench import Workbench
from modcli.cli import check
from modcli.cli.assemble import build_workbench, method_of
from modcli.cli.audit_options import Audit
from modcli.cli.options import Form
from modcli.cli.stream import tell
from modcli.errors import Location, UsageError
from modcli.evaluation.backtest import Backtest, Side, acting
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Profile
from modcli.profiles.export import as_json, from_json
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.prompts.reading import READING
from modcli.reports.backtest import Circumstances, print_backtest, records
from modcli.reports.jsonl import json_line
from modcli.reports.output import ReaderGone, standard_output
from modcli.settings import Settings, load_settings
from modcli.states.store import StateStore

Edited = Annotated[str, typer.Option("--profile", "-p", metavar="NAME|PATH", help="The profile to judge by.")]
Pair = Annotated[
    list[str] | None,
    typer.Option(
        "--profile", "-p", metavar="NAME|PATH", help="One: against the audit's own. Two: old and new."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what changes, and keep nothing.")]
Show = Annotated[int, typer.Option("--show", min=0, help="Show so many of the changed texts, the surest.")]
Other = Annotated[Path | None, typer.Argument(metavar="[OTHER.db]", help="Another audit of the same posts.")]
Numbers = Annotated[
    list[int] | None,
    typer.Option("--judgement", metavar="N", help="Two judgements of the audit, old and new."),
]


@dataclass(frozen=True)
class Compared:
    """Two verdicts on the same texts: what each is called, and what differs."""

    names: tuple[str, str]
    backtest: Backtest
    unread: int = 0
    blind: tuple[str, ...] = ()


def run_rejudge(
    file: Audit,
    profile: Edited,
    dry_run: DryRun = False,
    show: Show = 10,
    form: Form = None,
    backend: check.Backend = None,
    model: check.Model = None,
    offline: check.Offline = None,
) -> None:
    """Judge an audit by another profile, by what was read: at once, without the model.

    Says what changes against the profile that the audit was made with, judged by what was read as well, and keeps the
    verdicts as a judgement of their own. Examples that are new are read with the model.
    """
    settings = _settings(backend, model, offline)
    wanted = load(profile, Shelf(settings.config_dir / "profiles"))
    with AuditStore(file, write=not dry_run) as store:
        bench = build_workbench(settings, tell=tell)
        try:
            made = store.chosen()
            check_model(made, bench)
            before, after = reread_by(store, bench, recorded(made), wanted)
            if not dry_run:
                with store.transaction():
                    kept = store.judgement(
                        name=wanted.name,
                        profile=as_json(wanted),
                        digest=wanted.digest,
                        model=bench.model,
                        model_name=settings.model,
                        method=method_of(settings, wanted),
                        depth="reading",
                    )
                    keep(store, kept.id, after)
                tell(f"kept as judgement {kept.id}: `modcli audit query {file} --judgement {kept.id}`")
            compared = _of_readings(store, (made.name, wanted.name), before, after, show)
        finally:
            bench.close()
    _tell(compared, form)


def run_compare(
    file: Audit,
    other: Other = None,
    profile: Pair = None,
    judgement: Numbers = None,
    show: Show = 10,
    form: Form = None,
    backend: check.Backend = None,
    model: check.Model = None,
    offline: check.Offline = None,
) -> None:
    """Say what changes between two profiles, two judgements or two audits, over the same texts. Nothing is kept.

    Profiles are compared by what was read of the texts, without the model; judgements and audits by their verdicts.
    """
    asked = sum((other is not None, bool(profile), bool(judgement)))
    if asked != 1:
        raise UsageError(
            "compare by one of: another audit, -p, or --judgement", hint="modcli audit compare A.db -p mine"
        )
    with AuditStore(file) as store:
        if profile:
            compared = _by_profiles(store, profile, _settings(backend, model, offline), show)
        elif other is not None:
            with AuditStore(other) as second:
                pair = (store, store.chosen()), (second, second.chosen())
                compared = _by_verdicts(pair, (str(file), str(other)), show)
        else:
            if len(judgement or []) != 2:
                raise UsageError("two judgements are compared", hint="--judgement 1 --judgement 2")
            old, new = (store.chosen(number) for number in judgement or [])
            names = f"{old.id} ({old.name})", f"{new.id} ({new.name})"
            compared = _by_verdicts(((store, old), (store, new)), names, show)
    _tell(compared, form)


def recorded(judgement: Judgement) -> Profile:
    """The profile that a judgement was made by. Raises ProfileError where this modcli cannot read it any more."""
    return from_json(judgement.profile, judgement.name)


def _by_profiles(store: AuditStore, profiles: Sequence[str], settings: Settings, show: int) -> Compared:
    shelf = Shelf(settings.config_dir / "profiles")
    if len(profiles) > 2:
        raise UsageError(f"{len(profiles)} profiles are too many", hint="one, or old and new")
    bench = build_workbench(settings, tell=tell)
    try:
        made = store.chosen()
        check_model(made, bench)
        loaded = [load(name, shelf) for name in profiles]
        old = recorded(made) if len(loaded) == 1 else loaded[0]
        names = (made.name if len(loaded) == 1 else profiles[0], profiles[-1])
        before, after = reread_by(store, bench, old, loaded[-1])
        return _of_readings(store, names, before, after, show)
    finally:
        bench.close()


def reread_by(store: AuditStore, bench: Workbench, *profiles: Profile) -> list[Reread]:
    """What was read of the texts, judged by several profiles."""
    states = StateStore(
        store.states_folder, model=bench.model, prompt=READING.digest, width=bench.backend.facts.width
    )
    judged = [as_judged(profile) for profile in profiles]
    try:
        return reread_each(store, states, [(one, bench.preparation(one).judge) for one in judged])
    finally:
        states.close()


def _of_readings(
    store: AuditStore, names: tuple[str, str], before: Reread, after: Reread, show: int
) -> Compared:
    one, other = in_common(before, after)
    backtest = Backtest(list(dict.fromkeys((*one.by_category, *other.by_category))), show=show)
    backtest.add(_side(one), _side(other), Texts(store, one.texts))
    blind = dict.fromkeys((*before.blind, *after.blind))
    return Compared(names, backtest, max(before.unread, after.unread), tuple(blind))


def _side(found: Reread) -> Side:
    margins = {name: p - found.thresholds[name] for name, p in found.probability.items()}
    return Side(found.severity, found.by_category, found.probability, margins)


def _by_verdicts(
    pair: tuple[tuple[AuditStore, Judgement], tuple[AuditStore, Judgement]], names: tuple[str, str], show: int
) -> Compared:
    """By the verdicts that are kept, of the texts that both have."""
    found = [_verdicts(store, judgement) for store, judgement in pair]
    common = [digest for digest in found[0] if digest in found[1]]
    sides, categories = [], dict[str, None]()
    for (_, judgement), verdicts in zip(pair, found, strict=True):
        categories |= dict.fromkeys(acting(as_judged(recorded(judgement))))
        sides.append(_side_of_rows([verdicts[digest] for digest in common], judgement, categories))
    rows = [found[0][digest] for digest in common]
    backtest = Backtest(list(categories), show=show)
    backtest.add(sides[0], sides[1], [Item(str(row[5]), row[4], Location("audit", row[5])) for row in rows])
    return Compared(names, backtest)


def _verdicts(store: AuditStore, judgement: Judgement) -> dict[bytes, tuple[Any, ...]]:
    rows = store.connection.execute(
        "SELECT t.digest, v.severity, v.category, v.p, v.scores, t.text,"
        " (SELECT min(p.item) FROM parts p WHERE p.text = t.id)"
        " FROM verdicts v JOIN texts t ON t.id = v.text WHERE v.judgement = ?",
        (judgement.id,),
    )
    return {row[0]: row[1:] for row in rows}


def _side_of_rows(rows: Sequence[tuple[Any, ...]], judgement: Judgement, categories: dict[str, None]) -> Side:
    severity = np.array([row[0] for row in rows], np.int8)
    by_category, probability, margin = {}, {}, {}
    for name in categories:
        own = np.array([row[1] == name for row in rows], bool)
        by_category[name] = np.where(own, severity, 0).astype(np.int8)
        p = np.array(
            [row[2] if row[1] == name and row[2] is not None else np.nan for row in rows], np.float64
        )
        probability[name], margin[name] = p, p - judgement.thresholds.get(name, 0.5)
    return Side(severity, by_category, probability, margin)


def _tell(compared: Compared, form: str | None) -> None:
    if compared.unread:
        tell(
            f"{compared.unread:,} texts were not read by the model (decided by an early stage, or not judged yet), "
            "and are left out"
        )
    what = Circumstances(*compared.names, "reading", left_out=compared.blind, unit="text")
    with suppress(ReaderGone):
        if form == "table" or (form is None and sys.stdout.isatty()):
            print_backtest(Console(highlight=False), compared.backtest, what)
        else:
            output = standard_output()
            for record in records(compared.backtest, what):
                output.write(json_line(record))


def check_model(made: Judgement, bench: Workbench) -> None:
    """Raise UsageError where an audit was read by another model."""
    if made.model != bench.model:
        raise UsageError(
            f"the audit was read by another model ({made.model_name})", hint=f"--model {made.model_name}"
        )


def _settings(backend: str | None, model: str | None, offline: bool | None) -> Settings:
    return load_settings({"backend": backend, "model": model, "offline": offline}, os.environ, Path.cwd())
