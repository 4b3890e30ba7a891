"""The MobileNet v2 of nsfwjs: weights out of its JavaScript files, which are read as text and never run."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modcli.errors import BackendError, Location
from modcli.images.efficientnet_graph import Bottleneck, Convolution, Dense, Network, Norm

Weights = NDArray[np.float32]

#: Its files in the registry: the layers and how each was made whole numbers, and the numbers.
MODEL, NUMBERS = "model.min.js", "group1-shard1of1.min.js"
#: What it tells apart, in order.
CLASSES = ("drawing", "hentai", "neutral", "porn", "sexy")
SIZE = 224
#: The strides of MobileNet v2's bottlenecks (Sandler and others, 2018, table 2), the first with no number in its name.
STRIDES = (1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)
_MOST_CHARACTERS = 32 << 20
_TENSOR = re.compile(
    r'\{name:"(?P<name>[\w/]{1,80})",shape:\[(?P<shape>\d[\d,]{0,40})\],dtype:"float32",'
    r'quantization:\{min:(?P<min>[-\d.e]{1,40}),scale:(?P<scale>[-\d.e]{1,40}),dtype:"uint8"\}\}'
)
_BASE64 = re.compile(r'exports="([A-Za-z0-9+/]*={0,2})"')


def read_weights(folder: Path) -> Mapping[str, Weights]:
    """The tensors by name: each whole number times its tensor's scale, plus its least value. Raises BackendError."""
    where = Location(str(folder))
    try:
        texts = [(folder / name).read_text("utf-8") for name in (MODEL, NUMBERS)]
    except (OSError, ValueError) as error:
        raise BackendError(f"cannot be read: {error}", location=where) from error
    if max(map(len, texts)) > _MOST_CHARACTERS:
        raise BackendError("is too large for this model", location=where)
    return parse_weights(*texts, where=where)


def parse_weights(model: str, numbers: str, *, where: Location | None = None) -> Mapping[str, Weights]:
    """As `read_weights`, from the two files' text."""
    held = _BASE64.search(numbers)
    try:
        content = base64.b64decode(held[1], validate=True) if held else b""
    except binascii.Error as error:
        raise BackendError(f"its numbers are no base64: {error}", location=where) from error
    found: dict[str, Weights] = {}
    place = 0
    _, manifest, listed = model.partition("weightsManifest:")
    for match in _TENSOR.finditer(listed if manifest else ""):
        try:
            shape = tuple(json.loads(f"[{match['shape']}]"))
            least, scale = float(match["min"]), float(match["scale"])
        except ValueError as error:
            raise BackendError(f"{match['name']} has no numbers: {error}", location=where) from error
        count = math.prod(shape)
        if count < 1 or place + count > len(content):
            raise BackendError(f"is cut: it ends before {match['name']} does", location=where)
        whole = np.frombuffer(content, np.uint8, count, place).astype(np.float32)
        found[match["name"]] = (whole * np.float32(scale) + np.float32(least)).reshape(shape)
        place += count
    if not found or place != len(content):
        raise BackendError("is not of the form that nsfwjs 4 has", location=where)
    return found


def network(weights: Mapping[str, Weights], strides: Sequence[int] = STRIDES, size: int = SIZE) -> Network:
    """The network of the weights, by the names that Keras gives. Raises BackendError where one is missing."""
    try:
        return Network(
            size=size,
            mean=0.0,
            deviation=255.0,
            first=_convolution(weights, "Conv1", "bn_Conv1"),
            bottlenecks=[
                _bottleneck(weights, f"block_{place}" if place else "expanded_conv", stride)
                for place, stride in enumerate(strides)
            ],
            last=_convolution(weights, "Conv_1", "Conv_1_bn"),
            dense=[
                Dense(weights[f"dense_{place}/kernel"], weights[f"dense_{place}/bias"]) for place in (1, 2, 3)
            ],
        )
    except KeyError as error:
        raise BackendError(f"the weights lack {error.args[0]}") from error


def _bottleneck(weights: Mapping[str, Weights], block: str, stride: int) -> Bottleneck:
    widened = f"{block}_expand/kernel" in weights
    kernel = weights[f"{block}_depthwise/depthwise_kernel"]
    return Bottleneck(
        widen=_convolution(weights, f"{block}_expand", f"{block}_expand_BN") if widened else None,
        depthwise=Convolution(kernel.transpose(2, 3, 0, 1), _norm(weights, f"{block}_depthwise_BN")),
        narrow=_convolution(weights, f"{block}_project", f"{block}_project_BN"),
        stride=stride,
    )


def _convolution(weights: Mapping[str, Weights], kernel: str, norm: str) -> Convolution:
    return Convolution(weights[f"{kernel}/kernel"].transpose(3, 2, 0, 1), _norm(weights, norm))


def _norm(weights: Mapping[str, Weights], name: str) -> Norm:
    return Norm(*(weights[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")))
