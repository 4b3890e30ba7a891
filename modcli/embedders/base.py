"""What a text embedder promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class EmbedderFacts:
    """What is known of a loaded embedder. `digest` is the SHA-256 of all that decides its vectors, hex; `dim` is their
    length; `tokens` is how many tokens of a text are read: what comes behind them changes nothing."""

    name: str
    digest: str
    dim: int
    tokens: int


class Embedder(Protocol):
    """A model that places texts of like meaning near each other."""

    @property
    def facts(self) -> EmbedderFacts:
        """What is known of the model."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A unit vector per text, in order: shape (texts, dim). An empty text has one as well.

        Raises BackendError where the runtime fails.
        """
        ...


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row divided by its Euclidean length; a row of zeros becomes the first unit vector, so that it too is one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    fallback = np.eye(1, vectors.shape[1], dtype=np.float32)
    return np.asarray(np.where(lengths > 0, vectors / np.maximum(lengths, 1e-12), fallback), np.float32)


def first_line(error: Exception) -> str:
    """The first line of what a vendor's error says, cut where it is long; its type where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
