"""Convolutional networks of inverted bottlenecks (MobileNet, EfficientNet) as ONNX graphs, written out once."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import first_line
from modcli.errors import BackendError, Location, MissingExtraError

#: The versions written: old enough for every ONNX Runtime that modcli allows.
_OPSET, _IR = 17, 8
_EPSILON = 1e-3

Weights = NDArray[np.float32]


class Norm(NamedTuple):
    """The parameters of a batch normalization, each of shape (channels,)."""

    scale: Weights
    shift: Weights
    mean: Weights
    variance: Weights


class Convolution(NamedTuple):
    """A kernel of shape (out, in / groups, height, width), and the normalization behind it."""

    kernel: Weights
    norm: Norm


class Bottleneck(NamedTuple):
    """An inverted bottleneck: widen (left out where it is None), look around channel by channel, narrow (Sandler and
    others: MobileNetV2, 2018, section 3)."""

    widen: Convolution | None
    depthwise: Convolution
    narrow: Convolution
    stride: int


class Dense(NamedTuple):
    """A dense layer: weights (in, out), bias (out,)."""

    weights: Weights
    bias: Weights


class Network(NamedTuple):
    """A whole network: pictures of shape (n, size, size, 3), whole numbers 0 to 255, RGB, from which `mean` is taken, and
    which are divided by `deviation`; a first convolution of stride 2, bottlenecks, a last convolution, the mean over all
    places (the features), dense layers (a ReLU between two), a softmax (the classes)."""

    size: int
    mean: float
    deviation: float
    first: Convolution
    bottlenecks: Sequence[Bottleneck]
    last: Convolution
    dense: Sequence[Dense]


def save_graph(network: Network, path: Path) -> None:
    """Write the network as an ONNX file with the outputs `features` and `classes`; nobody ever sees half of it.

    Raises MissingExtraError without onnx, BackendError where shapes do not fit or the file cannot be written.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError(
            f"the weights are put into ONNX form by the package onnx ({error})",
            hint="pip install 'modcli[images]'",
        ) from error
    try:
        content = _Graph(onnx).model(network).SerializeToString()
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, arriving = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".arriving")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(arriving).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(arriving).unlink()
            raise
    except (ValueError, IndexError, TypeError) as error:
        raise BackendError(f"the weights do not fit together: {first_line(error)}") from error
    except OSError as error:
        raise BackendError(
            f"cannot be written: {error.strerror or error}",
            location=Location(str(path)),
            hint="MODCLI_CACHE_DIR names another folder for it",
        ) from error


class _Graph:
    """Nodes and constants so far. Normalizations are folded into the convolutions before them."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self, network: Network) -> Any:
        """The ModelProto."""
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        size, width = network.size, network.last.kernel.shape[0]
        labels = network.dense[-1].bias.shape[0]
        x = self._node("Cast", ["pixels"], to=kinds.FLOAT)
        x = self._node("Transpose", [x], perm=[0, 3, 1, 2])
        x = self._node("Sub", [x, self._constant(np.float32(network.mean))])
        x = self._node("Div", [x, self._constant(np.float32(network.deviation))])
        x, size = self._convolved(x, network.first, size, stride=2)
        for block in network.bottlenecks:
            x, size = self._block(x, block, size)
        x, size = self._convolved(x, network.last, size)
        x = self._node("GlobalAveragePool", [x])
        features = x = self._node("Flatten", [x], output="features")
        for place, layer in enumerate(network.dense):
            x = self._node("Relu", [x]) if place else x
            x = self._node("Gemm", [x, self._constant(layer.weights), self._constant(layer.bias)])
        classes = self._node("Softmax", [x], output="classes", axis=1)
        pixels = helper.make_tensor_value_info("pixels", kinds.UINT8, ["n", network.size, network.size, 3])
        outputs = [
            helper.make_tensor_value_info(features, kinds.FLOAT, ["n", width]),
            helper.make_tensor_value_info(classes, kinds.FLOAT, ["n", labels]),
        ]
        graph = helper.make_graph(self._nodes, "modcli", [pixels], outputs, self._constants)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR, producer_name="modcli"
        )

    def _block(self, x: str, block: Bottleneck, size: int) -> tuple[str, int]:
        inner, smaller = x, size
        if block.widen is not None:
            inner, _ = self._convolved(inner, block.widen, size)
        channels = block.depthwise.kernel.shape[0]
        inner, smaller = self._convolved(inner, block.depthwise, size, block.stride, groups=channels)
        inner, _ = self._convolved(inner, block.narrow, smaller, clipped=False)
        taken = (block.widen or block.depthwise).kernel
        entering = taken.shape[1] if block.widen is not None else taken.shape[0]
        if block.stride == 1 and entering == block.narrow.kernel.shape[0]:
            inner = self._node("Add", [inner, x])
        return inner, smaller

    def _convolved(
        self,
        x: str,
        convolution: Convolution,
        size: int,
        stride: int = 1,
        *,
        groups: int = 1,
        clipped: bool = True,
    ) -> tuple[str, int]:
        """Padded as TensorFlow does ("SAME"): the odd row and column go to the end. The output, and its size."""
        kernel, norm = convolution
        factor = norm.scale / np.sqrt(norm.variance + np.float32(_EPSILON))
        weights = self._constant(kernel * factor[:, None, None, None])
        bias = self._constant(norm.shift - norm.mean * factor)
        reach, smaller = kernel.shape[2], -(-size // stride)
        padding = max((smaller - 1) * stride + reach - size, 0)
        before, after = padding // 2, padding - padding // 2
        x = self._node(
            "Conv",
            [x, weights, bias],
            group=groups,
            kernel_shape=[reach, reach],
            strides=[stride, stride],
            pads=[before, before, after, after],
        )
        if clipped:
            x = self._node("Clip", [x, self._constant(np.float32(0)), self._constant(np.float32(6))])
        return x, smaller

    def _node(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"x{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _constant(self, values: Any) -> str:
        name = f"c{len(self._constants)}"
        array = (
            np.ascontiguousarray(values, np.float32) if np.ndim(values) else np.asarray(values, np.float32)
        )
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name
