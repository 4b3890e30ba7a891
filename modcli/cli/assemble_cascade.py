"""A tuned cascade, joined from settings: where it is kept, and what it was tuned with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from modcli.cascade import distillation, ngrams
from modcli.cascade.early import Features, features_of
from modcli.cascade.preparation import judging, taps_of
from modcli.cascade.workbench import Workbench
from modcli.cli.assemble import TUNING
from modcli.cli.assemble_embedder import build_embedder, why_no_embedder
from modcli.profile import Profile
from modcli.settings import Settings


def cascade_file(settings: Settings, profile: Profile) -> Path:
    """Where the cascade of a profile as it is is kept."""
    return settings.data_dir / TUNING / f"{profile.digest}.cascade.npz"


def cascade_key(bench: Workbench, profile: Profile, sample: Sequence[str]) -> dict[str, str]:
    """What a cascade holds for: the profile, the model, how is judged, and the sample that taught the judge itself. (Of an
    embedder its stage keeps the digest.)"""
    return {
        "profile": profile.digest,
        "model": bench.model,
        "judging": judging(),
        "sample": hashlib.sha256("\0".join(sample).encode("utf-8", "replace")).hexdigest(),
        "stages": f"{distillation.VERSION}/{ngrams.VERSION}",
    }


def stage_features(settings: Settings, bench: Workbench) -> dict[str, Callable[[], Features]]:
    """How the features of each stage that is at hand are made, the cheapest first."""
    embedder = None if why_no_embedder(settings) else lambda: build_embedder(settings)
    return features_of(embedder, bench.reader, taps_of(bench.backend.facts.layers)[0])
