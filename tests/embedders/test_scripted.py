from __future__ import annotations

import numpy as np

from modcli.embedders.base import Embedder
from modcli.embedders.scripted import ScriptedEmbedder

TEXTS = ["buy coins now", "buy coins today", "a cat sleeps", "", "\ud800"]


def test_unit_vectors_in_order() -> None:
    embedder: Embedder = ScriptedEmbedder()
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.facts.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(embedder.embed(TEXTS[1:2])[0], vectors[1])
    assert embedder.embed([]).shape == (0, embedder.facts.dim)


def test_texts_that_share_words_are_near() -> None:
    spam, more, cat = ScriptedEmbedder().embed(TEXTS[:3])
    assert spam @ more > 0.4 > abs(spam @ cat)


def test_the_digest_tells_dimensions_apart() -> None:
    assert ScriptedEmbedder(8).facts.digest != ScriptedEmbedder(16).facts.digest
