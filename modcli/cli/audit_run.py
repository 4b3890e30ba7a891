"""`modcli audit SOURCE` and `modcli audit plan`: take an export in, and judge it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from modcli.audit.ingest import Taken, fingerprint_of, ingest
from modcli.audit.media import MediaDone
from modcli.audit.ray_engine import Cluster, RayEngine, ray_module
from modcli.audit.run import JUDGED, Done, Engine, InProcess, Wish, judge_pending, pending, spread_of
from modcli.audit.store import AuditStore, Judgement
from modcli.cli import check
from modcli.cli.assemble import (
    build_workbench,
    method_of,
    moderator_on,
    reader_beside,
    refuse_blind,
    states_in,
)
from modcli.cli.assemble_worker import keeping, worker_of
from modcli.cli.audit_media import Media, Shown, judge_shown
from modcli.cli.audit_options import Authors, Since, Until, selection
from modcli.cli.audit_progress import AuditProgress, Progress
from modcli.cli.audit_skills import for_skills, skills_in
from modcli.cli.stream import interruptible, tell
from modcli.errors import UsageError
from modcli.profile import Action, Profile
from modcli.profiles.export import as_json
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.reports.audit_terminal import print_plan, print_run
from modcli.reports.summary import INTERRUPTED
from modcli.settings import Settings, load_settings
from modcli.sources.exports import open_export
from modcli.sources.fields import Fields
from modcli.sources.post import Export, Input

DONE, FOUND, NOT_JUDGED = 0, 1, 3

Source = Annotated[
    Path,
    typer.Argument(
        metavar="SOURCE", help="An export: an archive, a folder, a file; or an audit to go on with."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE.db", help="The audit. Default: SOURCE's name with .audit.db."),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="ROLE=FIELD", help="For rows: which field is text, author, published, url, ..."
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Judge the first N items.")]
Sample = Annotated[
    int | None,
    typer.Option("--sample", min=1, help="Judge N items drawn at random; a larger sample holds a smaller."),
]
Retry = Annotated[bool, typer.Option("--retry-errors", help="Judge again what could not be judged.")]
Another = Annotated[
    bool,
    typer.Option("--another", help="Judge an audit by another profile or model as well; nothing is mixed."),
]
Where = Annotated[
    Literal["local", "ray"],
    typer.Option("--engine", help="Where to judge: in this process, or by the workers of a Ray cluster."),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--ray-address", metavar="ADDR", help="The cluster. Default: one on this machine, for this run."
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="So many on the cluster. Default: one a machine.")
]
How = Annotated[Progress, typer.Option("--progress", help="How to tell how far it is, on stderr.")]


@dataclass(frozen=True)
class Places:
    """What is read (None to go on with what was taken in), and the audit."""

    source: Path | None
    out: Path


def run_audit(
    source: Source,
    profile: check.Profiles = None,
    out: Out = None,
    map: Roles = None,
    limit: Limit = None,
    sample: Sample = None,
    since: Since = "",
    until: Until = "",
    author: Authors = None,
    retry_errors: Retry = False,
    another: Another = False,
    engine: Where = "local",
    ray_address: Address = None,
    workers: Workers = None,
    progress: How = Progress.AUTO,
    media: Media = None,
    backend: check.Backend = None,
    model: check.Model = None,
    stage: check.Stage = None,
    fail_on: check.FailOn = None,
    on_error: check.OnError = None,
    offline: check.Offline = None,
    threads: check.Threads = None,
) -> None:
    """Judge an export. Given again, the same command goes on where it was; nothing is judged twice.

    Exit status: 0 nothing blocked, 1 something blocked, 2 wrong usage or a failure, 3 some items could not be judged, 130
    interrupted.
    """
    flags: dict[str, object] = {"profile": profile, "backend": backend, "model": model, "stage": stage}
    flags |= {"fail_on": fail_on, "on_error": on_error, "offline": offline, "threads": threads}
    settings = for_skills(load_settings(flags, os.environ, Path.cwd()), source)
    wish = Wish(selection(since=since, until=until, authors=author), sample, limit, retry_errors)
    places = _places(source, out)
    wanted = load_stacked(settings.profile, Shelf(settings.config_dir / "profiles"))
    refuse_blind(settings, wanted)
    cluster = _cluster(settings, engine, ray_address, workers)
    told, export = AuditProgress(progress), _export(places, map or [])
    with AuditStore(places.out, write=True) as store:
        try:
            with interruptible() as interrupt:
                _take_in(store, places, export, told)
                judging = _Judging(settings, wanted, wish, another, cluster, media)
                done, judgement = _judge(store, judging, told, interrupt.check)
        except KeyboardInterrupt:
            told.close()
            tell(f"exit status {INTERRUPTED}: interrupted; the same command goes on from there")
            raise typer.Exit(INTERRUPTED) from None
        finally:
            told.close()
        print_run(store, judgement, done, spread_of(store, judgement), terminal=sys.stdout.isatty())
        status = _status(store, judgement, settings)
    raise typer.Exit(status)


@dataclass(frozen=True)
class _Judging:
    """What is judged, by what and where; `another`: also by this, if it was by something else; `cluster` is None for this
    process; `media`: whether pictures and videos are judged, None where nobody says."""

    settings: Settings
    profile: Profile
    wish: Wish
    another: bool
    cluster: Cluster | None
    media: bool | None


def run_plan(source: Source, out: Out = None, map: Roles = None, progress: How = Progress.AUTO) -> None:
    """Say what is in an export, and about how long judging it will take. Nothing is judged; what was read is kept."""
    places = _places(source, out)
    told, export = AuditProgress(progress), _export(places, map or [])
    with AuditStore(places.out, write=True) as store:
        try:
            _take_in(store, places, export, told)
        finally:
            told.close()
        texts = len(pending(store, _nobody(), Wish()))
        print_plan(store, texts, JUDGED, terminal=sys.stdout.isatty())


def _places(source: Path, out: Path | None) -> Places:
    if AuditStore.is_audit(source):
        if out is not None and out.resolve() != source.resolve():
            raise UsageError(f"{source} is an audit already", hint="leave out --out to go on with it")
        return Places(None, source)
    name = source.resolve().name
    for ending in (".zip", ".tar.gz", ".tgz", ".tar", ".json", ".jsonl", ".ndjson", ".csv", ".car"):
        name = name.removesuffix(ending)
    return Places(source, out or Path(f"{name or 'audit'}.audit.db"))


def _export(places: Places, roles: list[str]) -> Export | None:
    """The export, looked at before a file is made for it."""
    if places.source is None:
        return None
    skills = skills_in(places.source)
    return skills or open_export(places.source, fields=Fields.of(roles) if roles else None)


def _take_in(store: AuditStore, places: Places, export: Export | None, told: AuditProgress) -> None:
    if places.source is None or export is None:
        if not store.fact("taken_in"):
            raise UsageError(
                f"{places.out}: its export was not read to its end",
                hint=f"modcli audit {store.fact('source')}",
            )
        return
    known, mark = store.fact("source_path"), str(places.source.resolve())
    if known not in (None, mark):
        raise UsageError(
            f"{places.out} is an audit of {known}, not of {mark}", hint="name another file with --out"
        )
    with store.transaction():
        store.set_fact("source_path", mark)
    known_notes = store.fact("notes", [])
    for note in export.notes:
        if note not in known_notes:
            tell(f"{export.name}: {note}")

    def done(source: Input, taken: Taken, _position: int) -> None:
        told.taken(source.name, taken.records)

    taken = ingest(store, export, fingerprint=fingerprint_of(places.source), done=done)
    told.close()
    if taken.records:
        problems = f", {taken.problems:,} could not be read (`modcli audit errors`)" if taken.problems else ""
        tell(f"{export.kind}: {taken.records:,} records read, {taken.new:,} new{problems}")


def _cluster(settings: Settings, engine: str, address: str | None, workers: int | None) -> Cluster | None:
    """Where is judged. Raises UsageError for what is about a cluster without one, MissingExtraError without Ray."""
    if engine == "ray":
        ray_module()
        return Cluster(address, workers, settings.threads)
    if address is not None or workers is not None:
        raise UsageError("--ray-address and --workers are about a Ray cluster", hint="add --engine ray")
    return None


def _judge(
    store: AuditStore, judging: _Judging, told: AuditProgress, check_interrupt: Callable[[], None]
) -> tuple[Done, Judgement]:
    settings, wish = judging.settings, judging.wish
    bench = build_workbench(settings, tell=tell)
    judgement = _judgement(store, settings, judging.profile, bench.model, judging.another)
    on_error = Action.BLOCK if settings.on_error == "block" else Action.WARN
    moderator = moderator_on(
        bench,
        settings,
        judging.profile,
        on_error=on_error,
        # A verdict that is known leaves nothing in the audit that it could be judged anew by.
        verdicts=False,
        cascade=True,
        reader=reader_beside(bench, store.states_folder),
    )
    engine: Engine = InProcess(moderator)
    if judging.cluster is not None:
        make = worker_of(settings, judgement, judging.profile, on_error)
        keep = keeping(states_in(bench, store.states_folder), tell)
        engine = RayEngine(make, judging.cluster, batch=moderator.batch, keep=keep, tell=tell)
    try:
        told.begin()

        def done(state: Done) -> None:
            told.judged(state)
            check_interrupt()

        options: dict[str, Any] = {
            "profile": list(settings.profile),
            "stage": settings.stage,
            "model": settings.model,
        }
        options |= {"limit": wish.limit, "sample": wish.sample, "since": wish.selection.since}
        options |= {"until": wish.selection.until, "authors": list(wish.selection.authors)}
        options |= {"engine": "local" if judging.cluster is None else "ray"}
        state = judge_pending(store, judgement, engine, wish, options=options, done=done)
        shown = Shown(
            *(
                judging.media,
                Path(str(store.fact("source_path"))),
                settings,
                judging.profile,
                moderator,
                wish,
            ),
            on_error,
            options,
        )

        def seen(state: MediaDone) -> None:
            told.seen(state)
            check_interrupt()

        told.begin()
        judge_shown(store, judgement, shown, seen)
        return state, judgement
    finally:
        moderator.close()


def _judgement(
    store: AuditStore, settings: Settings, profile: Profile, model: str, another: bool
) -> Judgement:
    """The judgement that the run belongs to. Raises UsageError where the audit was made by another and nobody says that
    it is to be judged by this one as well."""
    made = store.fact("judgement")
    with store.transaction():
        found = store.judgement(
            name=profile.name,
            profile=as_json(profile),
            digest=profile.digest,
            model=model,
            model_name=settings.model,
            method=method_of(settings, profile),
            depth="full",
        )
        if made is None:
            store.set_fact("judgement", found.id)
    if made in (None, found.id) or another:
        return found
    if any(row[0] for row in store.connection.execute("SELECT 1 FROM runs WHERE judgement = ?", (found.id,))):
        return found
    first = store.chosen()
    what = "profile" if first.profile_digest != found.profile_digest else "model or method"
    if sys.stdin.isatty() and typer.confirm(
        f"{store.file} was judged by {first.name}; judge it by this {what} as well?", err=True
    ):
        return found
    with store.transaction() as connection:
        connection.execute("DELETE FROM judgements WHERE id = ?", (found.id,))
    raise UsageError(
        f"{store.file} was judged by another {what} ({first.name}, {first.profile_digest[:8]})",
        hint="`modcli audit rejudge` tries a profile without the model; --another judges by it as well",
    )


def _status(store: AuditStore, judgement: Judgement, settings: Settings) -> int:
    row = store.connection.execute(
        "SELECT COALESCE(max(severity), 0), count(error) FROM verdicts WHERE judgement = ?", (judgement.id,)
    ).fetchone()
    media = store.connection.execute(
        "SELECT COALESCE(max(severity), 0), count(error) FROM media_verdicts WHERE judgement = ?",
        (judgement.id,),
    ).fetchone()
    failed = [f"{row[1]:,} texts"] if row[1] else []
    failed += [f"{media[1]:,} pictures or videos"] if media[1] else []
    if failed:
        what = " and ".join(failed)
        tell(f"exit status {NOT_JUDGED}: {what} could not be judged; --retry-errors tries again")
        return NOT_JUDGED
    worst = max(row[0], media[0])
    if settings.fail_on != "never" and worst >= Action(settings.fail_on).severity:
        tell(f"exit status {FOUND}: some items are {'blocked' if worst == 2 else 'warned of'}")
        return FOUND
    return DONE


def _nobody() -> Judgement:
    """A judgement that has judged nothing."""
    return replace(Judgement(0, "", "", "", "", "", "", "", {}, ""), id=-1)
