"""The detectors on networks that count colours, and the real ones, on harmless pictures, where their weights are on the
machine. No other picture is ever used."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modcli.images.detectors_nudity as module
import modcli.images.nsfwjs as nsfwjs
from modcli.errors import BackendError, MissingExtraError, WeightsError
from modcli.images.detectors import Detector
from modcli.images.detectors_nudity import NsfwJs, NudeNet, OpenNsfw
from modcli.images.heads_drawings import drawings
from modcli.images.picture import Picture
from modcli.weights.locate import locate
from tests.conftest import WEIGHTS
from tests.images.tiny_networks import MOBILE, nsfwjs_files, nsfwjs_weights, picture

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")


def plain(name: str, *colour: int) -> Picture:
    return Picture(name, "", "png", 60, 40, np.full((40, 60, 3), colour, np.uint8))


def mean_network(path: Path) -> Path:
    """In place of open_nsfw: the same input and output; the second number is the mean of the blue channel over 1,000."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = onnx.numpy_helper.from_array(np.array([[0, 0.001], [0, 0], [0, 0]], np.float32), "w")
    nodes = [
        helper.make_node("ReduceMean", ["input:0"], ["m"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["m", "w"], ["outputs"]),
    ]
    given = helper.make_tensor_value_info("input:0", kind, ["n", 224, 224, 3])
    out = helper.make_tensor_value_info("outputs", kind, ["n", 2])
    graph = helper.make_graph(nodes, "t", [given], [out], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_open_nsfw_is_given_what_it_was_trained_on(tmp_path: Path) -> None:
    """Blue first, less the means: 204 - 104 is 100."""
    detector: Detector = OpenNsfw(mean_network(tmp_path / "net.onnx"), digest="d", threshold=0.05)
    blue, red = detector.detect([plain("blue", 10, 20, 204), plain("red", 204, 20, 104)])
    assert blue.probability == pytest.approx(0.1, abs=0.003)
    assert red.probability == pytest.approx(0.0, abs=0.003)
    assert (blue.found, red.found) == (True, False)
    assert blue.detector == "nudity (opennsfw)"
    assert detector.detect([]) == []


@pytest.fixture
def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(nsfwjs, "STRIDES", tuple(stride for *_, stride in MOBILE))
    monkeypatch.setattr(nsfwjs.network, "__defaults__", (nsfwjs.STRIDES, 16))
    monkeypatch.setattr(module, "SIZE", 16)
    model, numbers = nsfwjs_files(nsfwjs_weights())
    folder = tmp_path / "nsfwjs"
    folder.mkdir()
    (folder / nsfwjs.MODEL).write_text(model)
    (folder / nsfwjs.NUMBERS).write_text(numbers)
    return folder


def test_nsfwjs_counts_three_of_its_classes(narrow: Path, tmp_path: Path) -> None:
    detector = NsfwJs(narrow, tmp_path / "cache", digest="d", threads=1)
    seen = detector.detect([picture(1), picture(2)])
    assert len(seen) == 2
    assert all(0 <= one.probability <= 1 for one in seen)
    shares = {"drawing": 0.1, "hentai": 0.2, "neutral": 0.35, "porn": 0.05, "sexy": 0.3}
    one = detector._seen(shares)
    assert one.probability == pytest.approx(0.55)
    assert one.told == "looks like neutral (0.35)"
    (graph,) = (tmp_path / "cache").iterdir()
    graph.write_bytes(b"cut")
    assert NsfwJs(narrow, tmp_path / "cache", digest="d", threads=1).detect([picture(1)]) == seen[:1]


def test_digests_differ_by_model_and_weights(narrow: Path, tmp_path: Path) -> None:
    first, second = (NsfwJs(narrow, tmp_path / "cache", digest=digest).digest for digest in "ab")
    third = OpenNsfw(mean_network(tmp_path / "net.onnx"), digest="a").digest
    assert len({first, second, third}) == 3


class FakeNudeNet:
    def __init__(self) -> None:
        self.given: list[np.ndarray] = []

    def detect(self, pixels: np.ndarray) -> Sequence[dict[str, Any]]:
        self.given.append(pixels)
        if pixels[0, 0, 0] == 0:
            raise RuntimeError("no such picture")
        return [
            {"class": "FACE_FEMALE", "score": 0.95, "box": [0, 0, 1, 1]},
            {"class": "BUTTOCKS_EXPOSED", "score": 0.4, "box": [0, 0, 1, 1]},
            {"class": "BUTTOCKS_EXPOSED", "score": 0.6, "box": [0, 0, 1, 1]},
            {"class": "BELLY_EXPOSED", "score": 0.99, "box": [0, 0, 1, 1]},
        ]


def test_nudenet_if_the_user_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    package = types.ModuleType("nudenet")
    package.NudeDetector = FakeNudeNet  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nudenet", package)
    monkeypatch.setattr(module.metadata, "version", lambda _: "3.4.2")
    detector: Detector = NudeNet()
    (seen,) = detector.detect([plain("a", 1, 2, 3)])
    assert (seen.probability, seen.told, seen.found) == (0.6, "buttocks", True)
    assert detector._detector.given[0][0, 0].tolist() == [3, 2, 1]  # type: ignore[attr-defined]
    with pytest.raises(BackendError, match="failed on b: no such picture"):
        detector.detect([plain("b", 1, 2, 0)])


def test_without_nudenet_its_licence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nudenet", None)
    with pytest.raises(MissingExtraError, match="nudenet is not installed") as caught:
        NudeNet()
    assert "AGPL-3.0" in str(caught.value.hint)


@pytest.mark.small_model
@pytest.mark.parametrize("name", ["opennsfw", "nsfwjs-mobilenet-v2"])
def test_the_real_ones_see_nothing_in_drawings_made_by_code(name: str, tmp_path: Path) -> None:
    try:
        file = locate(name, WEIGHTS)
    except WeightsError as error:
        pytest.skip(f"{error}")
    detector: Detector = (
        OpenNsfw(file.path, digest=file.digest)
        if name == "opennsfw"
        else NsfwJs(file.path, tmp_path, digest=file.digest)
    )
    assert not any(seen.found for seen in detector.detect(drawings()[::4]))
    assert "not measured" in detector.measured
