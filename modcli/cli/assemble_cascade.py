"""A tuned cascade, joined from settings: where it is kept, what it was tuned with, and what runs its stages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modcli.cascade import distillation, ngrams
from modcli.cascade.auditing import Auditor
from modcli.cascade.early import Early, EarlyStages, Embedded, Features, features_of
from modcli.cascade.prefilter import UntunedPrefilter
from modcli.cascade.preparation import judging, taps_of
from modcli.cascade.tuned import EMBEDDING, SHALLOW, TunedCascade, kept_key, load_cascade
from modcli.cascade.tuning import load_tuning, outdated
from modcli.cascade.workbench import Workbench
from modcli.cli.assemble_embedder import build_embedder, why_no_embedder
from modcli.embedders.base import Embedder
from modcli.errors import BackendError, UsageError
from modcli.judges.tasks import as_judged
from modcli.profile import Profile
from modcli.reports.summary import rate
from modcli.settings import Settings

#: Within the data folder: what a profile was tuned on is no cache, and cannot be made again.
TUNING = "tuning"
_SUFFIX = ".cascade.npz"
#: The part of a key that only a person needs, and the one that is held against what is loaded.
_NAME, EMBEDDER = "name", "embedder"
#: What each part of a key that differs means.
_CHANGES = {
    "profile": "the profile is another one",
    "model": "the model is another one",
    "judging": "this version of modcli judges otherwise",
    "sample": "the sample that it learned from is another one",
    "stages": "this version of modcli has other early stages",
}


def cascade_file(settings: Settings, profile: Profile) -> Path:
    """Where the cascade of a profile as it is is kept."""
    return settings.data_dir / TUNING / f"{profile.digest}{_SUFFIX}"


def drift_file(settings: Settings, profile: Profile) -> Path:
    """Where what audits of it have shown is kept."""
    return settings.data_dir / TUNING / f"{profile.digest}.drift.json"


def cascade_key(model: str, profile: Profile, sample: Sequence[str]) -> dict[str, str]:
    """What a cascade holds for: the profile, the model (the digest of its weights), how is judged, and the sample that
    taught the judge itself; and the profile's name. (`embedder`, the digest of the embedder of its stage, is for who
    tunes to add.)"""
    return {
        _NAME: profile.name,
        "profile": profile.digest,
        "model": model,
        "judging": judging(),
        "sample": hashlib.sha256("\0".join(sample).encode("utf-8", "replace")).hexdigest(),
        "stages": f"{distillation.VERSION}/{ngrams.VERSION}",
    }


def changes(kept: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """In what a kept cascade's key differs from what would be tuned now, in words; empty where it holds."""
    return [words for part, words in _CHANGES.items() if kept.get(part) != now.get(part)]


def stage_features(settings: Settings, bench: Workbench) -> dict[str, Callable[[], Features]]:
    """How the features of each stage that is at hand are made, the cheapest first."""
    embedder = None if why_no_embedder(settings) else lambda: build_embedder(settings)
    return features_of(embedder, bench.reader, taps_of(bench.backend.facts.layers)[0])


def held_cascade(
    settings: Settings, bench: Workbench, profile: Profile, sample: Sequence[str]
) -> TunedCascade | None:
    """The cascade that a profile was tuned to, where it still holds. Where it does not, what changed is told."""
    file, tell = cascade_file(settings, profile), bench.tell
    in_full = "so everything is judged in full: `modcli tune` again"
    tuned = load_cascade(file)
    if tuned is None:
        if file.exists():
            tell(f"the cascade of {profile.name} in {file} cannot be read, {in_full}")
        elif _was_tuned(file.parent, profile):
            tell(f"{profile.name} is not as it was when its cascade was tuned, {in_full}")
        return None
    changed = changes(tuned.key, cascade_key(bench.model, profile, sample))
    if changed or not _is_whole(tuned, profile):
        tell(f"{profile.name}: {', '.join(changed) or 'its cascade is damaged'}, {in_full}")
        return None
    return tuned


def _was_tuned(folder: Path, profile: Profile) -> bool:
    """Whether there is a cascade for a profile of this name but another content, and that is not told otherwise."""
    if not any(kept_key(file).get(_NAME) == profile.name for file in folder.glob(f"*{_SUFFIX}")):
        return False
    return load_tuning(folder, profile.digest) is not None or not outdated(
        folder, profile.name, profile.digest
    )


def _is_whole(tuned: TunedCascade, profile: Profile) -> bool:
    """Whether a file that could be read also holds what it has to."""
    try:
        salted = 1 <= len(bytes.fromhex(tuned.salt)) <= 64
    except ValueError:
        return False
    columns = len(tuned.categories)
    judged = tuned.calibration
    shapes = [judged.acted.shape == (len(judged.acted), columns), judged.severities.shape == (columns,)]
    shapes += [odds.shape == judged.acted.shape for odds in judged.log_odds]
    shapes += [stage.eagerness > 0 for stage in tuned.stages]
    shapes += [
        stage.head.earlier.shape == (i * columns, columns) or (i == 0 and not len(stage.head.earlier))
        for i, stage in enumerate(tuned.stages)
    ]
    return salted and all(shapes) and set(tuned.categories) <= as_judged(profile).by_name.keys()


def early_stages(
    settings: Settings,
    bench: Workbench,
    profile: Profile,
    sample: Sequence[str],
    *,
    seconds: float | None = None,
) -> EarlyStages | None:
    """The early stages of a tuned profile; None where it is not tuned, or all is judged in full.

    With `seconds` at the lowest price at which an item takes no longer, mean; the bounds that follow are told. Raises
    UsageError where that cannot be.
    """
    tuned = held_cascade(settings, bench, profile, sample)
    if seconds is None:
        return _stages(settings, bench, tuned) if tuned is not None and tuned.stages else None
    if tuned is None or not tuned.stages:
        raise not_tuned(profile, "--throughput")
    price = tuned.price_for(seconds)
    if price is None:
        fastest = 1 / max(sum(stage.seconds for stage in tuned.stages[:1]), 1e-9)
        raise UsageError(
            f"{rate(1 / seconds)} items/s are out of reach: even with nothing judged in full about {rate(fastest)} are",
            hint="ask for fewer, or leave out --throughput",
        )
    share = tuned.cost(price)[1][-1]
    bench.tell(f"for {rate(1 / seconds)} items/s about {share:.0%} is judged in full; {bounds(tuned, price)}")
    return _stages(settings, bench, tuned, price=price)


def bounds(tuned: TunedCascade, price: float) -> str:
    """What the calibration items prove of the recall at a price that was not chosen by them."""
    count, lost, recall = tuned.losses(price)
    kept = f"at least {int(1000 * recall) / 10:g}%" if count else "an unknown share"
    return (
        f"of what the full judge acts on, {kept} is acted on or passed on to it "
        f"(95% confidence; {lost:,} of {count:,} lost in the sample)"
    )


def prefilter(settings: Settings, bench: Workbench, profile: Profile, sample: Sequence[str]) -> Early:
    """What decides every item without the model: the early stages that need none, the last one whatever its doubt; of a
    profile that has none, what it shows and says itself. Raises UsageError where that needs an embedder, and none is at
    hand."""
    tuned = held_cascade(settings, bench, profile, sample)
    if tuned is not None:
        stages = tuple(stage for stage in tuned.stages if stage.name != SHALLOW)
        # The stage that reads with the model comes last, so that no other was taught with its word.
        said = replace(tuned.calibration, log_odds=tuned.calibration.log_odds[: len(stages)])
        tuned = replace(tuned, stages=stages, calibration=said)
    if tuned is not None and tuned.stages:
        return _stages(settings, bench, tuned, decides_all=True)
    if why_not := why_no_embedder(settings):
        raise UsageError(f"--stage prefilter needs a text embedder: {why_not}", hint="or `modcli tune` first")
    return UntunedPrefilter(as_judged(profile), lambda: build_embedder(settings), tell=bench.tell)


def audited(
    settings: Settings, profile: Profile, early: EarlyStages, tell: Callable[[str], None], *, chosen: bool
) -> Auditor:
    """The audits of early stages."""
    return Auditor(early, drift_file(settings, profile), chosen=chosen, tell=tell)


def not_tuned(profile: Profile, option: str) -> UsageError:
    """The error where an option is about early stages, and a profile has none that hold."""
    return UsageError(
        f"{profile.name} has no early stages, which {option} is about",
        hint="`modcli tune -p PROFILE SAMPLE`, a file of your own posts, makes them",
    )


def _stages(
    settings: Settings,
    bench: Workbench,
    tuned: TunedCascade,
    *,
    price: float | None = None,
    decides_all: bool = False,
) -> EarlyStages:
    features = stage_features(settings, bench)
    if any(stage.name == EMBEDDING for stage in tuned.stages):
        digest = tuned.key.get(EMBEDDER, "")
        features[EMBEDDING] = lambda: Embedded(_same_embedder(settings, digest))
    return EarlyStages(tuned, features, price=price, decides_all=decides_all, tell=bench.tell)


def _same_embedder(settings: Settings, digest: str) -> Embedder:
    """The embedder that a cascade was tuned with. Raises BackendError for another one, or none."""
    if why_not := why_no_embedder(settings):
        raise BackendError(why_not)
    embedder = build_embedder(settings)
    if embedder.facts.digest != digest:
        raise BackendError(
            f"{embedder.facts.name} is not the embedder that it was tuned with", hint="`modcli tune` again"
        )
    return embedder
