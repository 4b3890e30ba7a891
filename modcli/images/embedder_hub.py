"""Image embedders of the hub through sentence-transformers: CLIP, SigLIP and their kin, with texts in the same space.

Not run by us on real weights, which no package index has: what is tested is what is asked of the library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import first_line, unit_rows
from modcli.errors import BackendError, MissingExtraError
from modcli.images.picture import Picture

Floats = NDArray[np.float32]
_BATCH = 16


class HubImageEmbedder:
    """A model of sentence-transformers that embeds pictures and texts into one space.

    `model` is a folder, or a repository of the hub (`sentence-transformers/clip-ViT-B-32`), which is asked only where
    `offline` is False. Code that a model brings along is never run.

    Raises MissingExtraError where the package is not installed, BackendError where the model cannot be loaded, or embeds
    no pictures.
    """

    def __init__(
        self, model: str | Path, *, offline: bool = True, threads: int = 0, device: str = "cpu"
    ) -> None:
        try:
            import sentence_transformers
        except ImportError as error:
            raise MissingExtraError(
                f"this image embedder needs sentence-transformers ({error})",
                hint="pip install 'modcli[images,sentence-transformers]'",
            ) from error
        self.name = str(model)
        try:
            if threads:
                import torch

                torch.set_num_threads(threads)
            self._model: Any = sentence_transformers.SentenceTransformer(
                str(model), device=device, local_files_only=offline, trust_remote_code=False
            )
            blank = np.full((32, 32, 3), 255, np.uint8)
            probe = self._encoded([_image(blank), _image(255 - blank)])
            words = self._encoded(["a photo"])
        except (OSError, ValueError, RuntimeError, ImportError, KeyError, TypeError, AttributeError) as error:
            raise BackendError(
                f"{model} is no image embedder that can be loaded: {first_line(error)}",
                hint="It must be a model of sentence-transformers that embeds pictures, as clip-ViT-B-32 does.",
            ) from error
        if probe.shape[1:] != words.shape[1:]:
            raise BackendError(f"{model} has another space for texts than for pictures")
        self.width = int(probe.shape[1])
        # The vectors of fixed pictures and words stand for the weights: nothing else tells two revisions apart.
        total = hashlib.sha256(repr(self._model).encode())
        total.update(np.round(np.concatenate([probe, words]), 4).tobytes())
        self.digest = total.hexdigest()

    def embed(self, pictures: Sequence[Picture]) -> Floats:
        """See `ImageEmbedder.embed`; with the library's batches, equal but for rounding."""
        return self._checked([_image(picture.pixels) for picture in pictures])

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """See `Aligned.embed_texts`."""
        # Half a surrogate pair is no text to the tokenizer.
        return self._checked([text.encode("utf-8", "replace").decode() for text in texts])

    def _checked(self, inputs: Sequence[Any]) -> Floats:
        if not inputs:
            return np.empty((0, self.width), np.float32)
        try:
            return self._encoded(inputs)
        except (RuntimeError, ValueError, TypeError) as error:
            raise BackendError(f"{self.name} failed: {first_line(error)}") from error

    def _encoded(self, inputs: Sequence[Any]) -> Floats:
        found = self._model.encode(
            list(inputs), batch_size=_BATCH, convert_to_numpy=True, show_progress_bar=False
        )
        return unit_rows(np.asarray(found, np.float32))


def _image(pixels: NDArray[np.uint8]) -> Any:
    from PIL import Image

    return Image.fromarray(pixels)
