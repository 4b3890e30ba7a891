"""ONNX Runtime itself on a model of a few numbers, and the default embedder where it is on the machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.embedders.base import Embedder
from modcli.embedders.onnx import OnnxRuntime
from modcli.errors import BackendError, MissingExtraError
from modcli.weights.locate import ModelFile
from tests.embedders.tiny_onnx import BOOL, DIM, SPECIAL, STRING, WORDS, make_tiny_onnx, table

TEXTS = ["good morning", "", "buy coins now", "\ud800 cat", "zero\x00byte", "cat " * 500, "a cat sleeps " * 9]
CLS, SEP, UNK = SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]"), SPECIAL.index("[UNK]")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> OnnxRuntime:
    pytest.importorskip("onnxruntime")
    return OnnxRuntime(make_tiny_onnx(tmp_path_factory.mktemp("embedder") / "tiny"), threads=2)


def opened(folder: Path, **how: object) -> OnnxRuntime:
    pytest.importorskip("onnxruntime")
    return OnnxRuntime(make_tiny_onnx(folder / "tiny", **how))  # type: ignore[arg-type]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def expected(*tokens: int, pooling: str = "cls") -> np.ndarray:
    """What the model gives for these tokens, framed by the special ones."""
    states = table()[[CLS, *tokens, SEP]]
    states = states + states.mean(axis=0)
    return unit(states[0] if pooling == "cls" else states.mean(axis=0))


def word(text: str) -> int:
    return len(SPECIAL) + WORDS.index(text)


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_without_a_package_the_hint_names_the_extra(
    package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match="onnxruntime and tokenizers") as caught:
        OnnxRuntime(tmp_path)
    assert caught.value.hint == "pip install 'modcli[prefilter]'"


def test_unit_vectors_in_order(tiny: OnnxRuntime) -> None:
    embedder: Embedder = tiny
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.facts.dim) == (len(TEXTS), DIM)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(vectors[0], expected(word("good"), word("morning")), atol=1e-6)
    np.testing.assert_allclose(vectors[1], expected(), atol=1e-6)
    np.testing.assert_allclose(vectors[3], expected(word("?"), word("cat")), atol=1e-6)
    assert embedder.embed([]).shape == (0, DIM)


@settings(max_examples=50)
@given(st.lists(st.text() | st.sampled_from(TEXTS), max_size=8))
def test_a_vector_does_not_depend_on_its_neighbours(tiny: OnnxRuntime, texts: list[str]) -> None:
    """Of any text there is a vector."""
    alone = [tiny.embed([text])[0] for text in texts]
    np.testing.assert_array_equal(tiny.embed(texts), np.array(alone).reshape(len(texts), DIM))


def test_more_texts_than_are_worked_on_at_once(tiny: OnnxRuntime) -> None:
    vectors = tiny.embed(["cat", "good morning"] * 1100)
    np.testing.assert_array_equal(vectors, np.tile(vectors[:2], (1100, 1)))
    assert not np.allclose(vectors[0], vectors[1])


def test_what_looks_like_a_special_token_is_text(tiny: OnnxRuntime) -> None:
    plain = expected(*(word(part) for part in ("cat", "[", "sep", "]", "[", "cls", "]", "good")))
    np.testing.assert_allclose(tiny.embed(["cat [SEP][CLS] good"])[0], plain, atol=1e-6)


def test_what_lies_behind_the_last_token_is_not_read(tiny: OnnxRuntime) -> None:
    assert tiny.facts.tokens == 256
    within, behind = tiny.embed(["cat " * 253 + "good", "cat " * 254])
    assert not np.array_equal(within, behind)
    np.testing.assert_array_equal(tiny.embed(["cat " * 254 + "good " * 2_000_000])[0], behind)


def test_the_folder_may_ask_for_fewer_tokens(tmp_path: Path) -> None:
    folder = make_tiny_onnx(tmp_path / "tiny")
    (folder / "config.json").write_text('{"max_position_embeddings": 5}')
    embedder = OnnxRuntime(folder)
    assert embedder.facts.tokens == 5
    np.testing.assert_array_equal(*embedder.embed(["cat cat cat", "cat cat cat good"]))
    (folder / "config.json").write_text("{}")
    saved = json.loads((folder / "tokenizer.json").read_text())
    saved["truncation"] = {"direction": "Right", "max_length": 7, "strategy": "LongestFirst", "stride": 0}
    (folder / "tokenizer.json").write_text(json.dumps(saved))
    assert OnnxRuntime(folder).facts.tokens == 7
    assert OnnxRuntime(folder, tokens=4).facts.tokens == 4


@pytest.mark.parametrize(
    "pooling",
    [{"pooling_mode": "mean"}, {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}],
)
def test_mean_pooling(tmp_path: Path, pooling: object) -> None:
    embedder = opened(tmp_path, pooling=pooling)
    np.testing.assert_allclose(embedder.embed(["cat"])[0], expected(word("cat"), pooling="mean"), atol=1e-6)


@pytest.mark.parametrize(
    "pooling",
    [{"pooling_mode": "max"}, {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, {}, [], 3],
)
def test_another_pooling_is_refused(tmp_path: Path, pooling: object) -> None:
    with pytest.raises(BackendError, match=r"1_Pooling.config\.json"):
        opened(tmp_path, pooling=pooling)


def test_a_part_behind_the_pooling_is_refused(tmp_path: Path) -> None:
    folder = make_tiny_onnx(tmp_path / "tiny")
    parts = [{"type": f"sentence_transformers.models.{kind}"} for kind in ("Transformer", "Pooling")]
    (folder / "modules.json").write_text(json.dumps(parts))
    assert OnnxRuntime(folder).facts.dim == DIM
    (folder / "modules.json").write_text(json.dumps([*parts, {"type": "sentence_transformers.models.Dense"}]))
    with pytest.raises(BackendError, match="only sentence-transformers can run: Dense"):
        OnnxRuntime(folder)
    (folder / "modules.json").write_text("[1")
    with pytest.raises(BackendError, match=r"modules\.json: cannot be read"):
        OnnxRuntime(folder)


def test_a_model_is_given_what_it_asks_for(tmp_path: Path) -> None:
    found = opened(tmp_path, inputs=["input_ids"], kind=6).embed(["cat"])[0]
    np.testing.assert_allclose(found, expected(word("cat")), atol=1e-6)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"inputs": ["input_ids", "pixel_values"]}, "asks for pixel_values"),
        ({"kind": STRING}, "is no text embedder"),
        ({"kind": BOOL}, "is no text embedder"),
        ({"rank": 2}, r"the shape \(1, 8\)"),
        ({"vectors": table()[:3]}, "failed"),
        ({"vectors": np.full_like(table(), np.nan)}, "not finite"),
        ({"vectors": np.full_like(table(), np.inf)}, "not finite"),
    ],
)
def test_a_model_that_is_no_embedder(tmp_path: Path, how: dict[str, object], told: str) -> None:
    with pytest.raises(BackendError, match=told):
        opened(tmp_path, **how)


def test_a_vector_that_is_not_finite_later(tmp_path: Path) -> None:
    vectors = table()
    vectors[word("cat"), 3] = np.nan
    embedder = opened(tmp_path, vectors=vectors)
    assert np.isfinite(embedder.embed(["good"])).all()
    with pytest.raises(BackendError, match="tiny gave a vector that is not finite"):
        embedder.embed(["good", "a cat"])


def test_large_and_absent_vectors_are_unit_vectors(tmp_path: Path) -> None:
    for scale in (3e37, 1e30, 0):
        made = opened(tmp_path, vectors=table() * np.float32(scale)).embed(["cat"])
        np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_file_that_is_missing(tmp_path: Path, missing: str) -> None:
    folder = make_tiny_onnx(tmp_path / "tiny")
    (folder / missing).unlink()
    with pytest.raises(BackendError, match=missing):
        OnnxRuntime(folder)
    with pytest.raises(BackendError, match="no such folder"):
        OnnxRuntime(tmp_path / "none")


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\x08\xff\xff", b"[" * 100_000])
def test_a_file_that_is_broken(tmp_path: Path, broken: str, content: bytes) -> None:
    folder = make_tiny_onnx(tmp_path / "tiny")
    (folder / broken).write_bytes(content)
    with pytest.raises(BackendError, match="tiny"):
        OnnxRuntime(folder)


def test_the_digest_is_of_all_that_decides(tmp_path: Path, tiny: OnnxRuntime) -> None:
    again = opened(tmp_path / "again")
    assert again.facts == tiny.facts
    folder = tmp_path / "again" / "tiny"
    others = [
        opened(tmp_path / "vectors", vectors=table(1)),
        opened(tmp_path / "pooling", pooling={"pooling_mode": "mean"}),
        OnnxRuntime(folder, tokens=9),
        OnnxRuntime(folder, digest="ab"),
    ]
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text().replace("sleeps", "slept"))
    others.append(OnnxRuntime(folder, name="mine"))
    assert others[-1].facts.name == "mine"
    assert len({tiny.facts.digest, *(other.facts.digest for other in others)}) == 6


@pytest.mark.small_model
def test_the_default_embedder(small_embedder: ModelFile) -> None:
    """What means the same lies near; the same vectors whatever the threads and the neighbours."""
    pytest.importorskip("onnxruntime")
    folder = small_embedder.path.parent
    embedder = OnnxRuntime(folder, name=small_embedder.name, digest=small_embedder.digest, threads=2)
    assert (embedder.facts.dim, embedder.facts.tokens) == (384, 256)
    assert embedder.facts.digest == OnnxRuntime(folder).facts.digest
    texts = [
        "Win a free cruise, call now!",
        "You won a prize trip, phone us today",
        "The cat is asleep",
        *TEXTS,
    ]
    vectors = embedder.embed(texts)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    prize, trip, cat = vectors[:3]
    assert prize @ trip > prize @ cat + 0.1
    np.testing.assert_array_equal(OnnxRuntime(folder, threads=1).embed(texts[::-1])[::-1], vectors)
