"""The cascade's part of `modcli tune`: early stages are taught and kept, and what they promise is asked anew."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

import typer

from modcli.backends.scripted import Scripted
from modcli.cascade.costs import Costs, costs_of
from modcli.cascade.early import Embedded, Features
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.moderator import Stage
from modcli.cascade.preparation import taps_of
from modcli.cascade.teaching import LEAST, CannotTeach, Lesson, acting, teach
from modcli.cascade.tuned import EMBEDDING, TunedCascade, Wish, load_cascade
from modcli.cascade.workbench import Workbench
from modcli.cli.assemble import moderator_on
from modcli.cli.assemble_cascade import (
    EMBEDDER,
    cascade_file,
    cascade_key,
    changes,
    drift_file,
    stage_features,
)
from modcli.cli.assemble_embedder import why_no_embedder
from modcli.cli.eval_progress import RowProgress
from modcli.cli.stream import tell
from modcli.errors import ModcliError, OutputError, UsageError
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.reports.summary import spoken
from modcli.settings import Settings
from modcli.weights.locate import ensure

BUDGET = 500
#: What is promised where nothing else is asked for. A recall alone says nothing of harmless posts that are acted on, and
#: a risk alone is kept by dismissing everything.
DEFAULTS = {PromiseKind.RECALL: 0.95, PromiseKind.RISK: 0.05}
NONE = "none"
#: Posts to choose those from that teach most.
_CANDIDATES, _PER_JUDGED = 5000, 20
_MISSING_EXTRA = "pip install 'modcli[prefilter]'"

Budget = Annotated[
    int,
    typer.Option(
        "--budget",
        min=0,
        help="Judge so many posts in full, to teach the early stages and for what is promised; 0: no early stages.",
    ),
]
Recall = Annotated[
    list[str] | None,
    typer.Option(
        "--recall",
        metavar="[CATEGORY=]NUMBER",
        help="Of what the full judge acts on, at least this share is acted on or passed on to it. Several may be given. "
        f"Default: {DEFAULTS[PromiseKind.RECALL]}; none: no such promise for all categories together.",
    ),
]
Risk = Annotated[
    list[str] | None,
    typer.Option(
        "--risk",
        metavar="[CATEGORY=]NUMBER",
        help="The action differs from the full judge's on at most this share of all posts. Several may be given. "
        f"Default: {DEFAULTS[PromiseKind.RISK]}; none: no such promise for all categories together.",
    ),
]


def wishes_of(recall: Sequence[str], risk: Sequence[str], profile: Profile) -> list[Wish]:
    """What is to be promised, with the defaults for what was not said. Raises UsageError."""
    known = acting(as_judged(profile))
    found: dict[tuple[PromiseKind, str | None], float | None] = {}
    for kind, written in ((PromiseKind.RECALL, recall), (PromiseKind.RISK, risk)):
        for text in written:
            category, target = _parsed(kind, text, known, profile)
            if found.setdefault((kind, category), target) != target:
                raise UsageError(f"--{kind.value} {text}: it is {found[kind, category] or NONE} already")
        found.setdefault((kind, None), DEFAULTS[kind])
    wishes = [
        Wish(kind, target, category) for (kind, category), target in found.items() if target is not None
    ]
    if not wishes:
        raise UsageError("nothing is to be promised", hint="leave out --recall or --risk")
    return wishes


def _parsed(
    kind: PromiseKind, text: str, known: Sequence[str], profile: Profile
) -> tuple[str | None, float | None]:
    name, equals, number = text.rpartition("=")
    category = name.strip() if equals else None
    if category is not None and category not in known:
        if category in profile.by_name:
            raise UsageError(
                f"--{kind.value} {text}: nothing follows from {category}, so nothing can be promised of it",
                hint=f"there is {', '.join(known)}" if known else None,
            )
        raise UsageError(
            f"--{kind.value} {text}: {profile.name} has no category {category or 'without a name'}",
            hint=f"there is {', '.join(known)}" if known else None,
        )
    if category is None and number.strip() == NONE:
        return None, None
    try:
        target = float(number)
    except ValueError:
        target = float("nan")
    if not 0 < target < 1:
        example = DEFAULTS[kind]
        raise UsageError(
            f"--{kind.value} {text}: a number between 0 and 1 is needed",
            hint=f"for example --{kind.value} {example}"
            + (f", or --{kind.value} {known[0]}={example}" if known else ""),
        )
    return category, target


def pool_size(budget: int) -> int:
    """How many posts are wanted beside those that teach the judge itself."""
    return max(_PER_JUDGED * budget, _CANDIDATES) if budget else 0


def teach_cascade(
    settings: Settings,
    bench: Workbench,
    profile: Profile,
    sample: Sequence[str],
    texts: Sequence[str],
    budget: int,
    wishes: Sequence[Wish],
    check: Callable[[], None] = lambda: None,
) -> TunedCascade | None:
    """Let the full judge, which `sample` taught, teach early stages with these posts, and keep them; None, and the reason
    is told, where that cannot be. What was kept before for this profile stays then if it still holds. `check` raises
    KeyboardInterrupt where one is due that a runtime swallowed.

    Raises OutputError where it cannot be kept, and what the judge raises."""
    file = cascade_file(settings, profile)
    judged = as_judged(profile)
    try:
        if importlib.util.find_spec("sklearn") is None:
            raise CannotTeach("they need scikit-learn", hint=_MISSING_EXTRA)
        if not acting(judged):
            raise CannotTeach("no category has an action")
        if len(texts) < LEAST:
            raise CannotTeach(
                f"{len(texts)} posts are left for them, which is too few",
                hint=f"{LEAST} are the least: give more posts, or fewer --posts",
            )
        if budget < LEAST:
            raise CannotTeach(f"a budget of {budget} is too small", hint=f"--budget {LEAST} is the least")
        taught = _taught(
            replace(settings, stage=Stage.AUTO), bench, profile, sample, texts, budget, wishes, check
        )
        taught.save(file)
    except CannotTeach as error:
        tell(f"no early stages: {error}" + (f" ({error.hint})" if error.hint else ""))
        kept = load_cascade(file)
        if kept is not None and not changes(kept.key, cascade_key(bench.model, profile, sample)):
            tell("those of before still hold, and stay as they are")
        else:
            with suppress(OSError):
                forget_cascade(settings, profile)
        return None
    except OSError as error:
        raise OutputError(
            f"the early stages cannot be kept in {file.parent} ({error})",
            hint="make room and run it again: what was judged is in the cache",
        ) from error
    return taught


def _taught(
    settings: Settings,
    bench: Workbench,
    profile: Profile,
    sample: Sequence[str],
    texts: Sequence[str],
    budget: int,
    wishes: Sequence[Wish],
    check: Callable[[], None],
) -> TunedCascade:
    moderator = moderator_on(bench, settings, profile, on_error=Action.WARN)
    tell("measuring what a post costs the model")
    costs = _costs(bench, profile, sample, texts)
    count = min(budget, len(texts))
    seconds = count * (costs.reading + costs.asking)
    tell(f"judging {count:,} posts in full: {spoken(seconds)} at most")
    features, key = _keyed(settings, bench, profile, sample)
    with RowProgress("judging", count) as progress:
        lesson = Lesson(
            profile=as_judged(profile),
            judge=moderator.judge,
            features=features,
            costs=costs,
            budget=budget,
            wishes=wishes,
            key=key,
            progress=_advancing(progress, check),
            tell=tell,
        )
        taught = teach(lesson, texts)
    if not any(stage.name == EMBEDDING for stage in taught.stages):
        key.pop(EMBEDDER, None)
    return replace(taught, key=dict(key))


def _costs(bench: Workbench, profile: Profile, sample: Sequence[str], texts: Sequence[str]) -> Costs:
    preparation = bench.preparation(as_judged(profile), sample=sample)
    shallow = taps_of(bench.backend.facts.layers)[0]
    return costs_of(bench.backend, preparation.prompt, shallow, preparation.judge.taps, texts)


def _keyed(
    settings: Settings, bench: Workbench, profile: Profile, sample: Sequence[str]
) -> tuple[dict[str, Callable[[], Features]], dict[str, str]]:
    """How the features of the stages are made, and what the cascade will hold for: also the embedder, once it is made."""
    key = cascade_key(bench.model, profile, sample)
    features = stage_features(settings, bench)
    if why_not := why_no_embedder(settings):
        tell(f"the early stage {EMBEDDING} is left out ({why_not})")
    if EMBEDDING in features:
        make = features[EMBEDDING]

        def made() -> Features:
            stage = make()
            if isinstance(stage, Embedded):
                key[EMBEDDER] = stage.embedder.facts.digest
            return stage

        features[EMBEDDING] = made
    return features, key


def _advancing(progress: RowProgress, check: Callable[[], None]) -> Callable[[int, int], None]:
    before = 0

    def advance(done: int, _all: int) -> None:
        nonlocal before
        check()
        progress.advance(done - before)
        before = done

    return advance


def kept_cascade(settings: Settings, profile: Profile) -> TunedCascade | None:
    """The cascade that is kept for a profile as it is, whether it holds or not; one that cannot be read is told."""
    file = cascade_file(settings, profile)
    tuned = load_cascade(file)
    if tuned is None and file.exists():
        tell(f"the early stages in {file} cannot be read: `modcli tune` again")
    return tuned


def problems_of(
    settings: Settings, profile: Profile, sample: Sequence[str], tuned: TunedCascade
) -> tuple[str, ...]:
    """Why a kept cascade no longer holds, as far as that can be told without loading anything; empty where it does."""
    model = model_here(settings) or tuned.key.get("model", "")
    found = changes(tuned.key, cascade_key(model, profile, sample))
    if any(stage.name == EMBEDDING for stage in tuned.stages) and (why_not := why_no_embedder(settings)):
        found.append(f"its embedder is not at hand ({why_not})")
    return tuple(found)


def model_here(settings: Settings) -> str | None:
    """The digest of the model's weights where they are on this machine; nothing is loaded or fetched."""
    if settings.backend == "scripted":
        return Scripted().facts.digest
    with suppress(ModcliError, OSError):
        return ensure(settings.model, settings.data_dir, offline=True).digest
    return None


def promise_anew(
    settings: Settings, profile: Profile, sample: Sequence[str], wishes: Sequence[Wish]
) -> TunedCascade:
    """The kept cascade with other promises, from the posts that were judged when it was taught, and kept. Raises
    UsageError where there is none that holds, and OutputError where it cannot be kept."""
    tuned = kept_cascade(settings, profile)
    hint = "modcli tune -p PROFILE SAMPLE, a file of your own posts, makes them"
    if tuned is None:
        raise UsageError(
            f"{profile.name} as it is has no early stages that could promise anything", hint=hint
        )
    if problems := problems_of(settings, profile, sample, tuned):
        raise UsageError(
            f"the early stages of {profile.name} no longer hold: {', '.join(problems)}", hint=hint
        )
    file = cascade_file(settings, profile)
    promised = tuned.promised(wishes)
    try:
        promised.save(file)
    except OSError as error:
        raise OutputError(f"the promises cannot be kept in {file.parent} ({error})") from error
    return promised


def forget_cascade(settings: Settings, profile: Profile) -> bool:
    """Delete the cascade of a profile as it is, and what is known of its drift; whether there was one. Raises OSError."""
    file = cascade_file(settings, profile)
    found = file.is_file()
    file.unlink(missing_ok=True)
    drift_file(settings, profile).unlink(missing_ok=True)
    return found
