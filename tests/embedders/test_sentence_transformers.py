from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from modcli.embedders.base import Embedder
from modcli.embedders.sentence_transformers import SentenceTransformers
from modcli.errors import BackendError, MissingExtraError
from tests.embedders.tiny import make_tiny

# The packages that it needs are not ours to keep free of warnings.
pytestmark = pytest.mark.filterwarnings("default")

TEXTS = ["good morning", "", "buy coins now", "\ud800 cat", "zero\x00byte", "cat " * 500]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("embedder"))


def test_without_the_package_the_hint_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match="sentence-transformers") as caught:
        SentenceTransformers(tmp_path)
    assert caught.value.hint == "pip install 'modcli[sentence-transformers]'"


def test_unit_vectors_in_order(tiny: Path) -> None:
    embedder: Embedder = SentenceTransformers(tiny)
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.facts.dim) == (len(TEXTS), 16)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(embedder.embed(TEXTS[2:3])[0], vectors[2], atol=1e-5)
    assert not np.allclose(vectors[0], vectors[2], atol=1e-3)
    assert embedder.embed([]).shape == (0, 16)


def test_facts(tiny: Path) -> None:
    facts = SentenceTransformers(tiny).facts
    assert facts.name == "model"
    assert facts.tokens == 32
    assert facts == SentenceTransformers(tiny).facts
    assert SentenceTransformers(tiny, name="mine", digest="ab").facts.digest == "ab"


def test_another_model_has_another_digest(tiny: Path, tmp_path: Path) -> None:
    other = make_tiny(tmp_path, seed=1)
    assert SentenceTransformers(other).facts.digest != SentenceTransformers(tiny).facts.digest


@pytest.mark.parametrize("name", ["nowhere/at/all", "/no/such/folder", "./none"])
def test_no_such_folder(name: str) -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(BackendError, match="no such folder"):
        SentenceTransformers(name)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    with pytest.raises(BackendError, match="no text embedder") as caught:
        SentenceTransformers(tmp_path)
    assert "modules.json" in (caught.value.hint or "")


def test_a_name_of_the_hub_is_not_asked_for_offline() -> None:
    """A connection is refused in every test."""
    pytest.importorskip("sentence_transformers")
    with pytest.raises(BackendError, match="owner/name") as caught:
        SentenceTransformers("owner/name")
    assert "offline" in (caught.value.hint or "")
