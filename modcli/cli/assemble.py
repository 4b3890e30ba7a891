"""The only place where concrete parts are joined: settings and a profile to a moderator."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from modcli.backends.lazy import LazyBackend
from modcli.backends.scripted import Scripted
from modcli.cascade.cache import VerdictCache
from modcli.cascade.inventory import prune
from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.preparation import PROMPT_SHOTS, judging, without_examples
from modcli.cascade.rejudging import Rejudged, rejudge
from modcli.cascade.tuning import load_tuning, outdated
from modcli.cascade.workbench import Workbench
from modcli.cli.assemble_backend import BLIND, make_backend
from modcli.cli.assemble_cascade import TUNING, audited, early_stages, prefilter
from modcli.errors import UsageError
from modcli.judges.judge import Evidence
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.prompts.reading import READING
from modcli.settings import Settings
from modcli.states.asker import Asker
from modcli.states.layered import Layered
from modcli.states.reader import Reader, Store
from modcli.states.scores import ScoreStore
from modcli.states.store import StateStore

VERDICTS, SCORES = "verdicts.db", "scores.db"
STATES, JUDGES, PREFIXES, FACTS, TESTS = "states", "judges", "prefixes", "models", "tests"
#: Bytes that these kinds may take on disk: beyond that, the least recently used go.
KEEP = {"prefixes": 1 << 30, "judges": 200_000_000, "tests": 20_000_000}
#: Bytes of hidden states from which on the user is told; a post takes about 5 kB.
MANY_STATES = 8_000_000_000


def build_moderator(
    settings: Settings,
    profile: Profile,
    *,
    on_error: Action,
    tell: Callable[[str], None] = lambda _line: None,
    detail: Callable[[str], None] = lambda _line: None,
    verdicts: bool = True,
    cascade: bool = False,
    seconds: float | None = None,
    audits: bool = True,
) -> Moderator:
    """Everything joined; the model itself is loaded when it is first needed. Fetches weights where allowed.

    Without `verdicts` every item is judged anew, whatever the cache knows. `cascade` and what follows as for
    `moderator_on`.
    """
    refuse_blind(settings, profile)
    bench = build_workbench(settings, tell=tell, detail=detail)
    return moderator_on(
        bench,
        settings,
        profile,
        on_error=on_error,
        verdicts=verdicts,
        cascade=cascade,
        seconds=seconds,
        audits=audits,
    )


def refuse_blind(settings: Settings, profile: Profile) -> None:
    """Raise UsageError where only the reading is to judge, and a category has no example and was not tuned, or the
    runtime reads nothing."""
    if settings.stage == Stage.READING and settings.backend in BLIND:
        raise UsageError(
            f"--stage reading judges by hidden states, and {BLIND[settings.backend]} gives no hidden states",
            hint="Leave out --stage, or use another backend.",
        )
    if settings.stage != Stage.READING or load_tuning(settings.data_dir / TUNING, profile.digest):
        return
    _refuse(without_examples(as_judged(profile)))


def _refuse(blind: Sequence[str]) -> None:
    if blind:
        raise UsageError(
            f"{', '.join(blind)}: nothing but a definition, and --stage reading judges by examples",
            hint="Add an example, or `modcli tune` the profile, or leave out --stage.",
        )


def moderator_on(
    bench: Workbench,
    settings: Settings,
    profile: Profile,
    *,
    on_error: Action,
    shots: int = PROMPT_SHOTS,
    verdicts: bool = True,
    cascade: bool = False,
    seconds: float | None = None,
    audits: bool = True,
    reader: Reader | None = None,
    wary: bool = True,
) -> Moderator:
    """A moderator on a model that is at hand, tuned where the profile was. At most `shots` shots of each category stand
    in the profile prompt.

    With `cascade`, what early stages of a tuned profile are sure of is decided by them, and with `audits` a few of these
    items are judged in full as well; `seconds` is what an item may take then, mean. (Who tunes or measures the full judge
    does without.) `reader` reads the items, if not that of the workbench. One that is not `wary` does not look twice
    at what may ask to be let through. Raises UsageError where `seconds` or `--stage prefilter` cannot be.
    """
    sample = _sample(settings, profile, bench.tell)
    if sample and settings.stage == Stage.READING:
        judge = bench.preparation(as_judged(profile), shots=shots, sample=sample).judge
        _refuse([category.name for category in judge.categories if category.evidence is Evidence.DEFINITION])
    kept = settings.cache and verdicts
    more = (shots, *sample) if wary else (shots, *sample, "not wary")
    cache = _verdict_cache(settings, profile, bench, more) if kept else None
    early, auditor = None, None
    if settings.stage == Stage.PREFILTER:
        early = prefilter(settings, bench, profile, sample)
    elif settings.stage == Stage.AUTO and cascade and shots == PROMPT_SHOTS:
        early = early_stages(settings, bench, profile, sample, seconds=seconds)
        if early is not None and audits:
            auditor = audited(settings, profile, early, bench.tell, chosen=seconds is not None)
    return bench.moderator(
        profile,
        stage=Stage(settings.stage),
        shots=shots,
        sample=sample,
        cache=cache,
        on_error=on_error,
        early=early,
        auditor=auditor,
        reader=reader,
        wary=wary,
    )


def _sample(settings: Settings, profile: Profile, tell: Callable[[str], None]) -> tuple[str, ...]:
    """The sample that a profile was tuned on. One that was edited since is judged without, and that is said."""
    folder = settings.data_dir / TUNING
    tuning = load_tuning(folder, profile.digest)
    if tuning is not None:
        return tuning.sample
    if outdated(folder, profile.name, profile.digest) is not None:
        tell(f"{profile.name} is not as it was when it was tuned, and is judged without: `modcli tune` again")
    return ()


def method_of(settings: Settings, profile: Profile) -> str:
    """Stands for all that a full verdict depends on but profile and model."""
    tuning = load_tuning(settings.data_dir / TUNING, profile.digest)
    parts = (judging(), settings.stage, *(tuning.sample if tuning else ()))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def reader_beside(bench: Workbench, folder: Path) -> Reader:
    """A reader that keeps states in a folder of their own, and knows what is kept on this machine as well."""
    return reader_into(bench, states_in(bench, folder))


def states_in(bench: Workbench, folder: Path) -> StateStore:
    """The states of the model that are kept in a folder."""
    return StateStore(folder, model=bench.model, prompt=READING.digest, width=bench.backend.facts.width)


def reader_into(bench: Workbench, own: Store) -> Reader:
    """A reader that puts states into `own`, and knows what is kept on this machine as well."""
    return Reader(lambda: bench.backend, Layered(own, bench.store), tell=bench.tell)


def build_workbench(
    settings: Settings,
    *,
    tell: Callable[[str], None] = lambda _line: None,
    detail: Callable[[str], None] = lambda _line: None,
) -> Workbench:
    """A model with what is kept of its readings, on which any profile can be tried. Fetches weights where allowed.

    `detail` is told what only some want to know: which runtime was taken, and why.
    """
    _tidy(settings, tell)
    backend, digest = _backend(settings, detail)
    reads = settings.backend not in BLIND
    store = _store(settings, digest, backend, tell) if settings.cache and reads else None
    scores = _scores(settings, digest, tell) if settings.cache else None
    return Workbench(
        backend,
        Reader(lambda: backend, store, tell=tell),
        Asker(lambda: backend, scores, tell=tell),
        store=store,
        model=digest,
        folder=settings.cache_dir / JUDGES if settings.cache else None,
        tell=tell,
    )


def rejudge_stored(settings: Settings, profile: Profile, *, tell: Callable[[str], None]) -> Rejudged:
    """Everything read on this machine so far, judged under a profile. Raises UsageError where nothing is kept."""
    bench = build_workbench(settings, tell=tell)
    if bench.store is None:
        raise UsageError("no states are kept, so nothing can be judged again", hint="modcli config show")
    judged = as_judged(profile)
    try:
        sample = _sample(settings, profile, tell)
        return rejudge(judged, bench.preparation(judged, sample=sample).judge, bench.store)
    finally:
        bench.store.close()
        bench.close()


def _tidy(settings: Settings, tell: Callable[[str], None]) -> None:
    """Bound what is kept. States are what took longest to compute, so they are never dropped unasked."""
    if not settings.cache:
        return
    folders = cache_folders(settings)
    for kind, most in KEEP.items():
        prune(kind, folders[kind], most)
    states = sum(file.stat().st_size for file in folders["states"].glob("*.i8"))
    if states > MANY_STATES:
        tell(f"hidden states take {states / 1e9:.0f} GB: `modcli cache clear states` frees them")


def _backend(settings: Settings, detail: Callable[[str], None]) -> tuple[LazyBackend, str]:
    """The backend and the digest of its weights."""
    if settings.backend == "scripted":
        digest = Scripted().facts.digest
        return LazyBackend(Scripted, digest=digest, facts_file=None), digest
    backend = make_backend(
        settings,
        facts_folder=settings.cache_dir / FACTS if settings.cache else None,
        prefix_folder=settings.cache_dir / PREFIXES if settings.cache else None,
        detail=detail,
    )
    return backend, backend.digest


def _store(
    settings: Settings, digest: str, backend: LazyBackend, tell: Callable[[str], None]
) -> StateStore | None:
    try:
        return StateStore(
            settings.cache_dir / STATES, model=digest, prompt=READING.digest, width=backend.facts.width
        )
    except (OSError, sqlite3.Error) as error:
        tell(f"states cannot be kept in {settings.cache_dir} ({error}); judging goes on without")
        return None


def _scores(settings: Settings, digest: str, tell: Callable[[str], None]) -> ScoreStore | None:
    try:
        return ScoreStore(settings.cache_dir / STATES / SCORES, model=digest)
    except (OSError, sqlite3.Error) as error:
        tell(f"label scores cannot be kept in {settings.cache_dir} ({error}); judging goes on without")
        return None


def _verdict_cache(
    settings: Settings, profile: Profile, bench: Workbench, more: Sequence[object]
) -> VerdictCache | None:
    """`more` is what else a verdict depends on."""
    digest, tell = bench.model, bench.tell
    parts = (profile.digest, digest, judging(), settings.stage, *more)
    scope = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()
    try:
        return VerdictCache(settings.cache_dir / VERDICTS, scope)
    except (OSError, sqlite3.Error) as error:
        tell(f"verdicts cannot be kept in {settings.cache_dir} ({error}); judging goes on without")
        return None


def cache_folders(settings: Settings) -> dict[str, Path]:
    """What is kept, by name, and where."""
    names = {"verdicts": VERDICTS, "states": STATES, "judges": JUDGES}
    names |= {"prefixes": PREFIXES, "models": FACTS, "tests": TESTS}
    return {name: settings.cache_dir / path for name, path in names.items()}
