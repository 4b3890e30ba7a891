"""Embedders through sentence-transformers: any model of that kind, from a folder or from the hub."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import EmbedderFacts, first_line, unit_rows
from modcli.errors import BackendError, Location, MissingExtraError

_BATCH = 32
_REPOSITORY = re.compile(r"[A-Za-z0-9_][\w.\-]*/[A-Za-z0-9_][\w.\-]*")


class SentenceTransformers:
    """A sentence-transformers model.

    `model` is a folder, or a repository of the hub (`owner/name`), which is asked only where `offline` is False.
    `digest` stands for the model where the caller has verified its files; otherwise one is computed of parameters,
    vocabulary and structure. Code that a model brings along is never run.

    Raises MissingExtraError where the package is not installed, BackendError where the model cannot be loaded.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        name: str = "",
        digest: str = "",
        offline: bool = True,
        threads: int = 0,
        device: str = "cpu",
    ) -> None:
        try:
            import sentence_transformers
            import torch
            from transformers.utils import logging
        except ImportError as error:
            raise MissingExtraError(
                f"this text embedder needs sentence-transformers and torch ({error})",
                hint="pip install 'modcli[sentence-transformers]'",
            ) from error
        if not Path(model).is_dir() and not _REPOSITORY.fullmatch(str(model)):
            raise BackendError("no such folder", location=Location(str(model)))
        # Its bar for loading weights would be drawn over ours.
        logging.disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        try:
            self._model: Any = sentence_transformers.SentenceTransformer(
                str(model), device=device, local_files_only=offline, trust_remote_code=False
            )
        except (OSError, ValueError, RuntimeError, ImportError, KeyError, TypeError) as error:
            raise _not_loaded(model, offline, error) from error
        self.facts = EmbedderFacts(
            name=name or Path(model).name,
            digest=digest or _digest(self._model),
            dim=len(self._model.encode("", show_progress_bar=False)),
            tokens=self._model.max_seq_length or 0,
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed`."""
        if not len(texts):
            return np.empty((0, self.facts.dim), np.float32)
        # Half a surrogate pair is no text to the tokenizer.
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        try:
            vectors = self._model.encode(
                readable, batch_size=_BATCH, convert_to_numpy=True, show_progress_bar=False
            )
        except (RuntimeError, ValueError, TypeError) as error:
            raise BackendError(f"{self.facts.name} failed: {first_line(error)}") from error
        return unit_rows(np.asarray(vectors, np.float32))


def _not_loaded(model: str | Path, offline: bool, error: Exception) -> BackendError:
    if Path(model).exists():
        return BackendError(
            f"is no text embedder that can be loaded: {first_line(error)}",
            location=Location(str(model)),
            hint="It must be the folder of a sentence-transformers model, with modules.json and config.json.",
        )
    return BackendError(
        f"{model} cannot be loaded: {first_line(error)}",
        hint="modcli is set to stay offline, and no copy of it is on this machine"
        if offline
        else "Is the hub reachable, and the name right (owner/name)?",
    )


def _digest(model: Any) -> str:
    """SHA-256 over the model's structure, its vocabulary, and its parameters in the order of their names, hex."""
    import torch

    total = hashlib.sha256(repr(model).encode())
    total.update(str(model.max_seq_length).encode())
    total.update(json.dumps(model.tokenizer.get_vocab(), sort_keys=True).encode())
    for name, values in sorted(model.state_dict().items()):
        total.update(name.encode())
        total.update(values.cpu().flatten().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
