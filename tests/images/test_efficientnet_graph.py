"""The graph that is written, against the network worked out by hand."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from modcli.errors import BackendError, MissingExtraError
from modcli.images.efficientnet import network
from modcli.images.efficientnet_graph import Dense, save_graph
from tests.images.tiny_networks import STAGES, efficientnet_by_hand, picture, state_dict

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.mark.parametrize("size", [15, 16, 21])
def test_the_graph_says_what_the_network_says(size: int, tmp_path: Path) -> None:
    """At odd and even sizes, as the padding differs."""
    tensors = state_dict()
    save_graph(network(tensors, STAGES, size), tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    pixels = np.stack([picture(seed, size, size).pixels for seed in range(2)])
    features, classes = session.run(["features", "classes"], {"pixels": pixels})
    for row, image in enumerate(pixels):
        by_hand = efficientnet_by_hand(tensors, image)
        assert by_hand[0].max() > 0.01
        np.testing.assert_allclose(features[row], by_hand[0], atol=2e-5)
        np.testing.assert_allclose(classes[row], by_hand[1], atol=2e-5)


def test_the_same_weights_make_the_same_file(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        save_graph(network(state_dict(), STAGES, 16), tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b"]


def test_shapes_that_do_not_fit(tmp_path: Path) -> None:
    whole = network(state_dict(), STAGES, 16)
    broken = whole._replace(first=whole.first._replace(norm=whole.last.norm))
    with pytest.raises(BackendError, match="do not fit together"):
        save_graph(broken, tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackendError, match="cannot be written") as caught:
        save_graph(network(state_dict(), STAGES, 16), tmp_path / "file" / "net.onnx")
    assert "MODCLI_CACHE_DIR" in str(caught.value.hint)


def test_several_dense_layers(tmp_path: Path) -> None:
    whole, tensors = network(state_dict(), STAGES, 16), state_dict()
    middle = Dense(-np.eye(5, dtype=np.float32), np.zeros(5, np.float32))
    last = Dense(np.ones((5, 2), np.float32) * [1, 0], np.zeros(2, np.float32))
    save_graph(whole._replace(dense=[*whole.dense, middle, last]), tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    pixels = picture(1, 16, 16).pixels
    (classes,) = session.run(["classes"], {"pixels": pixels[None]})
    logits = tensors["_fc.weight"] @ efficientnet_by_hand(tensors, pixels)[0] + tensors["_fc.bias"]
    score = np.maximum(-np.maximum(logits, 0), 0).sum()
    np.testing.assert_allclose(classes[0, 0], np.exp(score) / (np.exp(score) + 1), atol=1e-5)


def test_without_onnx_the_hint_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError) as caught:
        save_graph(network(state_dict(), STAGES, 16), tmp_path / "net.onnx")
    assert caught.value.hint == "pip install 'modcli[images]'"
