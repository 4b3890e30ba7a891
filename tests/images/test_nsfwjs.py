"""The JavaScript files of nsfwjs, read as text; and what is anything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.errors import BackendError
from modcli.images.efficientnet_graph import save_graph
from modcli.images.nsfwjs import MODEL, NUMBERS, network, parse_weights, read_weights
from tests.images.tiny_networks import MOBILE, nsfwjs_files, nsfwjs_weights, picture

STRIDES = [stride for _, _, stride in MOBILE]


def test_whole_numbers_become_weights(tmp_path: Path) -> None:
    whole = nsfwjs_weights()
    model, numbers = nsfwjs_files(whole)
    (tmp_path / MODEL).write_text(model)
    (tmp_path / NUMBERS).write_text(numbers)
    found = read_weights(tmp_path)
    assert found.keys() == whole.keys()
    for name, array in whole.items():
        least = 0 if "variance" in name else -0.5
        np.testing.assert_allclose(found[name], array / 128 + least, atol=1e-6)


def test_numbers_as_javascript_writes_them() -> None:
    whole = {"Conv1/kernel": np.array([[0, 255]], np.uint8)}
    found = parse_weights(*nsfwjs_files(whole, scale="1963169733975448e-20", least="-.0023754353781102917"))
    expected = [-0.0023754353781102917, -0.0023754353781102917 + 255 * 1963169733975448e-20]
    np.testing.assert_allclose(found["Conv1/kernel"], [expected], rtol=1e-5)


def test_the_network_runs_and_its_kernels_lie_right(tmp_path: Path) -> None:
    """A dot in the first kernel goes where Keras puts it: height, width, in, out."""
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    weights = {name: array / np.float32(128) - 0.5 for name, array in nsfwjs_weights().items()}
    weights = {name: abs(array) if "variance" in name else array for name, array in weights.items()}
    made = network(weights, STRIDES, 16)
    assert made.first.kernel[2, 1, 0, 2] == weights["Conv1/kernel"][0, 2, 1, 2]
    assert (
        made.bottlenecks[1].depthwise.kernel[3, 0, 1, 2]
        == (weights["block_1_depthwise/depthwise_kernel"][1, 2, 3, 0])
    )
    assert [block.widen is None for block in made.bottlenecks] == [True, False, False]
    save_graph(made, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    (classes,) = session.run(["classes"], {"pixels": picture(1, 16, 16).pixels[None]})
    assert classes.shape == (1, 5)
    np.testing.assert_allclose(classes.sum(), 1, rtol=1e-5)


def test_what_is_cut_or_longer() -> None:
    model, _ = nsfwjs_files(nsfwjs_weights())
    less = dict(list(nsfwjs_weights().items())[:-1])
    with pytest.raises(BackendError, match="is cut: it ends before"):
        parse_weights(model, nsfwjs_files(less)[1])
    more = {**nsfwjs_weights(), "zz": np.zeros(9, np.uint8)}
    with pytest.raises(BackendError, match="is not of the form"):
        parse_weights(model, nsfwjs_files(more)[1])


def test_a_weight_that_lacks() -> None:
    weights = {name: array.astype(np.float32) for name, array in nsfwjs_weights().items()}
    del weights["block_1_project/kernel"]
    with pytest.raises(BackendError, match="the weights lack block_1_project/kernel"):
        network(weights, STRIDES, 16)


@settings(max_examples=100, deadline=None)
@given(model=st.text() | st.just(nsfwjs_files(nsfwjs_weights())[0]), numbers=st.text())
def test_any_other_text_is_an_error(model: str, numbers: str) -> None:
    with pytest.raises(BackendError):
        parse_weights(model, numbers)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="cannot be read"):
        read_weights(tmp_path)
