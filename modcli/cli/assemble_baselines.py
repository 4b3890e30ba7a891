"""Baselines, joined from settings. Apart from `assemble`, as scikit-learn is loaded with it."""

from __future__ import annotations

import os
from pathlib import Path

from modcli.cli.assemble_embedder import build_embedder, embedder_file, why_no_embedder
from modcli.embedders.onnx import MODEL
from modcli.errors import UsageError, WeightsError
from modcli.evaluation.baselines import MAJORITY, Baseline
from modcli.evaluation.baselines_outside import detoxify_baseline, setfit_baseline
from modcli.evaluation.baselines_regression import TFIDF, embedding_baseline
from modcli.settings import Settings

#: The embedder of baselines.
EMBEDDER = "minilm-l6"


def build_baselines(settings: Settings, embedder: str = EMBEDDER) -> list[Baseline]:
    """Every baseline; one that cannot be measured on this machine says why. Fetches the embedder's weights where
    allowed; it is loaded when it is first needed."""
    place, missing = None, why_no_embedder(settings, embedder)
    if not missing:
        try:
            file = embedder_file(settings, embedder)
            place = str(Path(embedder).expanduser() if file is None else file.path)
        except (WeightsError, UsageError) as error:
            missing = f"{error} ({error.hint})" if error.hint else str(error)
    make = None if missing else lambda: build_embedder(settings, embedder)
    return [
        MAJORITY,
        TFIDF,
        embedding_baseline(embedder, make, missing=missing),
        setfit_baseline(place, missing=missing or _no_training(place)),
        detoxify_baseline(os.environ),
    ]


def _no_training(place: str | None) -> str:
    """Why SetFit cannot train the embedder at this place; "" where it can."""
    onnx = place is not None and (Path(place).suffix == ".onnx" or (Path(place) / MODEL).is_file())
    return "a model in ONNX form cannot be trained: choose another --embedder" if onnx else ""
