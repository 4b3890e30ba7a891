"""An embedder without a model: texts that share words lie near each other. For tests and dry runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import EmbedderFacts, unit_rows

_WORD = re.compile(r"\w+")
_VECTORS_KEPT = 50_000


class ScriptedEmbedder:
    """The sum of a fixed random vector for each word, as a unit vector."""

    def __init__(self, dim: int = 64) -> None:
        digest = hashlib.sha256(f"scripted embedder, {dim}".encode()).hexdigest()
        self.facts = EmbedderFacts("scripted", digest, dim, tokens=1_000_000)
        self._vector = lru_cache(_VECTORS_KEPT)(self._make_vector)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed`."""
        vectors = np.zeros((len(texts), self.facts.dim), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for word in _WORD.findall(text.lower())[: self.facts.tokens]:
                vector += self._vector(word)
        return unit_rows(vectors)

    def _make_vector(self, word: str) -> NDArray[np.float32]:
        seed = hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8]
        generator = np.random.default_rng(int.from_bytes(seed, "big"))
        return generator.normal(size=self.facts.dim).astype(np.float32)
