"""The image embedder on narrow networks of its architecture, and the real one where its weights are on the machine."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modcli.images.efficientnet as module
from modcli.errors import BackendError, MissingExtraError, WeightsError
from modcli.images.efficientnet import EfficientNetLite2, network, read_words
from modcli.images.embedder import Aligned, ImageEmbedder, Labelled
from modcli.images.embedder_runtime import PictureNetwork, central_square, squeezed
from modcli.images.picture import Picture
from tests.images.tiny_networks import (
    FEATURES,
    STAGES,
    efficientnet_by_hand,
    picture,
    state_dict,
    torch_file,
    words_folder,
)

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

NAMES = ("tench", "a cat", "revolver", "tea cup", "barn")
SIZE = 24


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STAGES", STAGES)
    monkeypatch.setattr(module, "SIZE", SIZE)


def opened(folder: Path, threads: int = 2) -> EfficientNetLite2:
    weights = folder / "weights.pth"
    if not weights.exists():
        weights.write_bytes(torch_file(state_dict()))
    words = words_folder(folder / "words", NAMES)
    digest = hashlib.sha256(torch_file(state_dict())).hexdigest()
    return EfficientNetLite2(weights, words, folder / "cache", digest=digest, threads=threads)


def test_features_and_classes_in_order(tmp_path: Path) -> None:
    embedder = opened(tmp_path)
    assert isinstance(embedder, Labelled)
    assert not isinstance(embedder, Aligned)
    protocol: ImageEmbedder = embedder
    pictures = [picture(seed, 30 + seed, 60 - seed) for seed in range(5)]
    features, classes = embedder.look(pictures)
    assert features.shape == (5, protocol.width) == (5, FEATURES)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(classes.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(embedder.embed(pictures), features)
    np.testing.assert_array_equal(embedder.classes(pictures), classes)
    for place, each in enumerate(pictures):
        seen = central_square(each, SIZE, module._SHARE)
        by_hand, chances = efficientnet_by_hand(state_dict(), seen)
        np.testing.assert_allclose(features[place], by_hand / np.linalg.norm(by_hand), atol=2e-5)
        np.testing.assert_allclose(classes[place], chances, atol=2e-5)


def test_no_pictures(tmp_path: Path) -> None:
    features, classes = opened(tmp_path).look([])
    assert features.shape == (0, FEATURES)
    assert classes.shape == (0, len(NAMES))


def test_a_picture_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    embedder, alone = opened(tmp_path), opened(tmp_path, threads=1)
    pictures = [picture(seed) for seed in range(7)]
    together = embedder.embed(pictures)
    for place, each in enumerate(pictures):
        np.testing.assert_array_equal(alone.embed([each])[0], together[place])


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 90), height=st.integers(1, 90))
def test_pictures_of_any_shape(tmp_path_factory: pytest.TempPathFactory, width: int, height: int) -> None:
    for prepared in (
        central_square(picture(1, width, height), SIZE, 0.9),
        squeezed(picture(1, width, height), SIZE),
    ):
        assert prepared.shape == (SIZE, SIZE, 3)
        assert prepared.dtype == np.uint8


def test_the_middle_is_what_is_looked_at() -> None:
    pixels = np.zeros((50, 150, 3), np.uint8)
    pixels[:, 50:100] = 200
    wide = Picture("wide", "", "png", 150, 50, pixels)
    assert central_square(wide, 20, 0.8).min() == 200
    assert squeezed(wide, 20)[10, 0, 0] == 0


def test_the_graph_is_made_once(tmp_path: Path) -> None:
    first = opened(tmp_path)
    (tmp_path / "weights.pth").write_bytes(b"gone")
    again = opened(tmp_path)
    np.testing.assert_array_equal(again.embed([picture(3)]), first.embed([picture(3)]))
    assert again.digest == first.digest


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    before = opened(tmp_path).embed([picture(3)])
    (graph,) = (tmp_path / "cache").iterdir()
    graph.write_bytes(graph.read_bytes()[:200])
    np.testing.assert_array_equal(opened(tmp_path).embed([picture(3)]), before)


def test_the_digest_stands_for_weights_and_words(tmp_path: Path) -> None:
    digests = {opened(tmp_path).digest}
    (tmp_path / "weights.pth").write_bytes(torch_file(state_dict(seed=2)))
    digest = hashlib.sha256(torch_file(state_dict(seed=2))).hexdigest()
    for names in (NAMES, (*NAMES[:4], "stable")):
        words = words_folder(tmp_path / "words", names)
        digests.add(
            EfficientNetLite2(tmp_path / "weights.pth", words, tmp_path / "cache", digest=digest).digest
        )
    assert len(digests) == 3


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(torch_file(state_dict(seed=5)))
    with pytest.raises(BackendError, match="is not the file of weights that it should be"):
        opened(tmp_path)


def test_words_of_each_label(tmp_path: Path) -> None:
    labels, texts = read_words(words_folder(tmp_path, NAMES))
    assert labels == NAMES
    assert texts[:2] == ("tench.", "a cat. it is a a cat")


@pytest.mark.parametrize("content", ["", "{}", "[", "7", "[[[["])
def test_words_that_are_none(content: str, tmp_path: Path) -> None:
    words = words_folder(tmp_path, NAMES)
    (words / "imagenet1k_clean_names.json").write_text(content)
    with pytest.raises(WeightsError, match="holds no list of labels") as caught:
        read_words(words)
    assert "modcli models pull imagenet-words --force" in str(caught.value.hint)


def test_another_number_of_labels(tmp_path: Path) -> None:
    opened(tmp_path)
    words = words_folder(tmp_path / "words", NAMES[:3])
    with pytest.raises(BackendError, match="has 3 labels, the network 5"):
        EfficientNetLite2(tmp_path / "weights.pth", words, tmp_path / "cache", digest=_digest())


def _digest() -> str:
    return hashlib.sha256(torch_file(state_dict())).hexdigest()


def test_weights_of_another_network() -> None:
    with pytest.raises(BackendError, match="with 4 blocks, not 3"):
        network(state_dict(), ((1, 1), (2, 2)), 16)
    lacking = state_dict()
    del lacking["_blocks.2._bn1.bias"]
    with pytest.raises(BackendError, match=r"the weights lack _blocks\.2\._bn1\.bias"):
        network(lacking, STAGES, 16)


def test_what_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(BackendError, match="is no network that can be loaded"):
        PictureNetwork(path, name="x", outputs=("features",), prepare=lambda one: one.pixels)
    embedder = opened(tmp_path)
    (graph,) = (tmp_path / "cache").iterdir()
    with pytest.raises(BackendError, match="is another network"):
        PictureNetwork(graph, name="x", outputs=("nudity",), prepare=lambda one: one.pixels)
    wrong = PictureNetwork(graph, name="net", outputs=("features",), prepare=lambda one: one.pixels)
    with pytest.raises(BackendError, match=r"net failed on 1\.png"):
        wrong.run([picture(1)])
    assert embedder.name == "efficientnet-lite2"


def test_without_onnxruntime_the_hint_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError) as caught:
        opened(tmp_path)
    assert caught.value.hint == "pip install 'modcli[images]'"
