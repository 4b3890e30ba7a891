"""What is asked of sentence-transformers; no real weights of such a model are at hand."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from modcli.errors import BackendError, MissingExtraError
from modcli.images.embedder import Aligned
from modcli.images.embedder_hub import HubImageEmbedder
from tests.images.tiny_networks import picture


class FakeModel:
    def __init__(self, name: str, **how: Any) -> None:
        assert how["trust_remote_code"] is False
        assert how["local_files_only"] is True
        if name == "broken":
            raise OSError("no such model")

    def __repr__(self) -> str:
        return "FakeModel()"

    def encode(self, inputs: Sequence[Any], **_: Any) -> np.ndarray:
        return np.array(
            [[len(one), 1, 2] if isinstance(one, str) else [*one.size, 3] for one in inputs], float
        )


def test_pictures_and_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("sentence_transformers")
    package.SentenceTransformer = FakeModel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    embedder = HubImageEmbedder("owner/clip")
    assert isinstance(embedder, Aligned)
    assert embedder.width == 3
    np.testing.assert_allclose(np.linalg.norm(embedder.embed([picture(1), picture(2)]), axis=1), 1, rtol=1e-6)
    assert embedder.embed_texts(["a", "\ud800"]).shape == (2, 3)
    assert embedder.embed([]).shape == (0, 3)
    with pytest.raises(BackendError, match="no such model"):
        HubImageEmbedder("broken")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError):
        HubImageEmbedder("owner/clip")
