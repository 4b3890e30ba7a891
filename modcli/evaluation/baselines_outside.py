"""Baselines from packages that train or bring a model of their own: SetFit and Detoxify, each in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.errors import BackendError
from modcli.evaluation.baselines import Baseline, Floats, Truth, each_against_rest
from modcli.evaluation.predictions import LabelledRow

#: Nothing is fetched and nothing is told to anybody.
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "WANDB_MODE": "disabled",
    "PYTHONWARNINGS": "ignore",
}
#: Where torch keeps the checkpoint of Detoxify's model `original`, below its folder.
_CHECKPOINT = Path("hub", "checkpoints", "toxic_original-c1212f89.ckpt")
#: Our category: which of Detoxify's scores means it.
_SCORES = {"toxicity": "toxicity"}


def setfit_baseline(embedder: str | Path | None, *, missing: str = "") -> Baseline:
    """SetFit on a sentence-transformers model (see `SetFit`); only for a few shots, as training on hundreds takes
    hours. Where there is no model `missing` says why."""
    if importlib.util.find_spec("setfit") is None:
        missing = "the package setfit is not installed: pip install 'modcli[setfit]'"
    learn = SetFit(str(embedder)) if embedder is not None and not missing else None
    return Baseline("SetFit", learn, full=False, many=False, missing=missing)


def detoxify_baseline(environment: Mapping[str, str]) -> Baseline:
    """Detoxify as it comes, for toxicity; `environment` says where torch keeps its downloads."""
    cache = Path(
        environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME", "~"), ".cache").expanduser()
    )
    checkpoint = Path(environment.get("TORCH_HOME") or cache / "torch") / _CHECKPOINT
    missing = ""
    if not checkpoint.is_file():
        missing = f"its weights are in no package of the index, and not here: {checkpoint.name}"
    elif importlib.util.find_spec("detoxify") is None:
        missing = "the package detoxify is not installed"
    return Baseline(
        "Detoxify (original)",
        None if missing else _detoxify,
        few=False,
        many=False,
        trained=False,
        categories=frozenset(_SCORES),
        missing=missing,
    )


@dataclass(frozen=True)
class SetFit:
    """SetFit (Tunstall et al. 2022, arXiv 2209.11055) on a sentence-transformers model: a folder, or a name of the hub
    of which there is a copy here. Of several categories each is trained by itself, as some are unknown in some rows."""

    model: str

    def __call__(
        self, train: Sequence[LabelledRow], test: Sequence[LabelledRow], categories: Sequence[str], seed: int
    ) -> Floats:
        """See Learner."""
        if not test:
            return np.empty((0, len(categories)))
        tasks: list[dict[str, Any]] = []

        def collect(known: NDArray[np.intp], labels: Truth) -> Floats:
            tasks.append({"texts": _texts([train[i] for i in known]), "labels": labels.tolist()})
            return np.full(len(test), np.nan)

        found = each_against_rest(train, len(test), categories, collect)
        if tasks:
            given = {"model": self.model, "tasks": tasks, "test": _texts(test), "seed": seed}
            # What was collected stands as NaN, in the order of the tasks.
            found[:, np.isnan(found).any(axis=0)] = np.transpose(run_worker("setfit", given))
        return found


def _detoxify(
    train: Sequence[LabelledRow],  # noqa: ARG001 -- the protocol
    test: Sequence[LabelledRow],
    categories: Sequence[str],
    seed: int,  # noqa: ARG001 -- the protocol
) -> Floats:
    given = {"test": _texts(test), "tasks": [{"score": _SCORES[name]} for name in categories]}
    return np.array(run_worker("detoxify", given), np.float64).T.reshape(len(test), len(categories))


def run_worker(what: str, given: Mapping[str, Any]) -> list[list[float]]:
    """See `baselines_worker`. Raises BackendError with the last line that the process left."""
    with tempfile.TemporaryDirectory(prefix="modcli-baseline-") as name:
        folder = Path(name)
        asked, found = folder / "given.json", folder / "found.json"
        asked.write_text(json.dumps(given), "utf-8")
        command = [
            sys.executable,
            "-P",
            "-m",
            "modcli.evaluation.baselines_worker",
            what,
            str(asked),
            str(found),
        ]
        ran = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **_OFFLINE},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if ran.returncode != 0:
            lines = [line for line in ran.stdout.splitlines() if line.strip()]
            said = lines[-1].strip()[:300] if lines else f"status {ran.returncode}"
            raise BackendError(f"{what} failed: {said}")
        probabilities: list[list[float]] = json.loads(found.read_text("utf-8"))
        return probabilities


def _texts(rows: Sequence[LabelledRow]) -> list[str]:
    """Half a surrogate pair is no text to a tokenizer."""
    return [row.item.text.encode("utf-8", "replace").decode() for row in rows]
