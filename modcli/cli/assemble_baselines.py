"""Embedders and baselines, joined from settings. Apart from `assemble`, as scikit-learn is loaded with it."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from modcli.cli.progress import TransferProgress
from modcli.embedders.base import Embedder
from modcli.embedders.sentence_transformers import SentenceTransformers
from modcli.errors import BackendError, UsageError, WeightsError
from modcli.evaluation.baselines import MAJORITY, Baseline
from modcli.evaluation.baselines_outside import detoxify_baseline, setfit_baseline
from modcli.evaluation.baselines_regression import TFIDF, embedding_baseline
from modcli.settings import Settings
from modcli.weights.locate import ModelFile, ensure
from modcli.weights.registry import load_registry

#: The embedder of baselines.
EMBEDDER = "minilm-l6"


def build_embedder(settings: Settings, name: str = EMBEDDER) -> Embedder:
    """A text embedder by its name in the registry, its folder, or its name on the hub (`owner/name`). Fetches weights
    where allowed, and only where there is no copy.

    Raises WeightsError, UsageError for a model that is no such embedder, and what `SentenceTransformers` raises.
    """
    file = _known(settings, name)
    if file is not None:
        return SentenceTransformers(file.path, name=file.name, digest=file.digest, threads=settings.threads)
    place = str(Path(name).expanduser())
    try:
        return SentenceTransformers(place, threads=settings.threads)
    except BackendError:
        if settings.offline or Path(place).exists():
            raise
        return SentenceTransformers(place, threads=settings.threads, offline=False)


def build_baselines(settings: Settings, embedder: str = EMBEDDER) -> list[Baseline]:
    """Every baseline; one that cannot be measured on this machine says why. Fetches the embedder's weights where
    allowed; it is loaded when it is first needed."""
    title, place, missing = embedder, None, ""
    if importlib.util.find_spec("sentence_transformers") is None:
        missing = "sentence-transformers is not installed: pip install 'modcli[prefilter]'"
    else:
        try:
            file = _known(settings, embedder)
            place = str(Path(embedder).expanduser() if file is None else file.path)
        except (WeightsError, UsageError) as error:
            missing = f"{error} ({error.hint})" if error.hint else str(error)
    make = None if missing else lambda: build_embedder(settings, embedder)
    return [
        MAJORITY,
        TFIDF,
        embedding_baseline(title, make, missing=missing),
        setfit_baseline(place, missing=missing),
        detoxify_baseline(os.environ),
    ]


def _known(settings: Settings, name: str) -> ModelFile | None:
    """The registry's model of this name, on this machine; None for a folder or a name of the hub."""
    entry = load_registry().find(name)
    if entry is None and ("/" in name or Path(name).is_dir()):
        return None
    if entry is not None and (entry.task, entry.format) != ("text-embedder", "sentence-transformers"):
        raise UsageError(f"{name} is no embedder of sentence-transformers", hint=f"there is {EMBEDDER}")
    with TransferProgress() as progress:
        return ensure(name, settings.data_dir, offline=settings.offline, progress=progress)
