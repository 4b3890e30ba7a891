"""EfficientNet-Lite2, trained on ImageNet: what a picture looks like, and how like the 1,000 labels it is.

Tan, Le: EfficientNet, 2019; the Lite variants (ReLU6, no squeeze and excitation, stem and head as in B0) are Google's,
these weights a conversion of them by ML Illustrated, under Apache-2.0.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import first_line, unit_rows
from modcli.errors import BackendError, Location, WeightsError
from modcli.images.efficientnet_graph import Bottleneck, Convolution, Dense, Network, Norm, save_graph
from modcli.images.efficientnet_weights import Tensors, read_tensors
from modcli.images.embedder import Looks
from modcli.images.embedder_runtime import PictureNetwork, central_square
from modcli.images.picture import Picture

Floats = NDArray[np.float32]

#: The models of the registry that make up this embedder: its weights, and the words for its labels.
WEIGHTS, WORDS = "efficientnet-lite2", "imagenet-words"
NAMES, DESCRIPTIONS = "imagenet1k_clean_names.json", "imagenet1k_gpt_names_descriptions.json"
SIZE = 260
#: How many bottlenecks a stage has, and the stride of its first.
STAGES = ((1, 1), (3, 2), (3, 2), (4, 2), (4, 1), (5, 2), (1, 1))
#: Of the shorter side so much is looked at, as in training and in the published figures: size / (size + 32).
_SHARE = SIZE / (SIZE + 32)
#: A part of every digest and of the file in the cache: changes whenever the same weights would give other vectors.
_VERSION = "efficientnet, 1"
_BLOCK_NAME = re.compile(r"_blocks\.(\d+)\.")


class EfficientNetLite2:
    """The image embedder that needs no hub: features of width 1280 and the probabilities of ImageNet's 1,000 labels.

    `weights` is the file that torch wrote and `digest` its SHA-256, `words` the folder with the labels' names and
    descriptions. The network is put into ONNX form once, in `cache_dir`, and read from there afterwards; torch is not
    needed. It sees the middle of a picture, as a square.

    Raises MissingExtraError, BackendError where a file is not what it should be.
    """

    name = WEIGHTS

    def __init__(self, weights: Path, words: Path, cache_dir: Path, *, digest: str, threads: int = 0) -> None:
        self.labels, self.label_texts = read_words(words)
        key = hashlib.sha256("\0".join((_VERSION, digest, str(SIZE))).encode()).hexdigest()
        graph = cache_dir / f"{WEIGHTS}-{key[:16]}.onnx"

        def opened() -> PictureNetwork:
            return PictureNetwork(
                graph, name=self.name, outputs=("features", "classes"), prepare=_prepare, threads=threads
            )

        if not graph.is_file():
            save_graph(network(read_tensors(weights, digest), STAGES, SIZE), graph)
        try:
            self._network = opened()
        except BackendError:
            # What lies in a cache may have been cut or written over.
            save_graph(network(read_tensors(weights, digest), STAGES, SIZE), graph)
            self._network = opened()
        self.width = int(self._network.widths["features"])
        if self._network.widths["classes"] != len(self.labels):
            raise BackendError(
                f"has {len(self.labels)} labels, the network {self._network.widths['classes']}",
                location=Location(str(words)),
            )
        self.digest = hashlib.sha256("\0".join((key, *self.label_texts)).encode()).hexdigest()

    def embed(self, pictures: Sequence[Picture]) -> Floats:
        """See `ImageEmbedder.embed`."""
        return self.look(pictures).features

    def classes(self, pictures: Sequence[Picture]) -> Floats:
        """See `Labelled.classes`."""
        return self.look(pictures).classes

    def look(self, pictures: Sequence[Picture]) -> Looks:
        """See `Labelled.look`."""
        features, classes = self._network.run(pictures)
        return Looks(unit_rows(features), classes)


def _prepare(picture: Picture) -> NDArray[np.uint8]:
    return central_square(picture, SIZE, _SHARE)


def network(tensors: Tensors, stages: Sequence[tuple[int, int]], size: int) -> Network:
    """The network of a state dict, by the names that efficientnet_lite_pytorch gives its parameters. Raises BackendError
    where one is missing."""
    strides = [stride if not place else 1 for repeats, stride in stages for place in range(repeats)]
    found = {int(match[1]) for name in tensors if (match := _BLOCK_NAME.match(name))}
    if found != set(range(len(strides))):
        raise BackendError(f"the weights are of a network with {len(found)} blocks, not {len(strides)}")
    try:
        return Network(
            size=size,
            mean=127.0,
            deviation=128.0,
            first=_convolution(tensors, "_conv_stem", "_bn0"),
            bottlenecks=[
                _bottleneck(tensors, f"_blocks.{place}.", stride) for place, stride in enumerate(strides)
            ],
            last=_convolution(tensors, "_conv_head", "_bn1"),
            dense=[Dense(tensors["_fc.weight"].T, tensors["_fc.bias"])],
        )
    except KeyError as error:
        raise BackendError(f"the weights lack {error.args[0]}") from error


def _bottleneck(tensors: Tensors, block: str, stride: int) -> Bottleneck:
    widened = f"{block}_expand_conv.weight" in tensors
    return Bottleneck(
        widen=_convolution(tensors, f"{block}_expand_conv", f"{block}_bn0") if widened else None,
        depthwise=_convolution(tensors, f"{block}_depthwise_conv", f"{block}_bn1"),
        narrow=_convolution(tensors, f"{block}_project_conv", f"{block}_bn2"),
        stride=stride,
    )


def _convolution(tensors: Tensors, kernel: str, norm: str) -> Convolution:
    parts = ("weight", "bias", "running_mean", "running_var")
    return Convolution(tensors[f"{kernel}.weight"], Norm(*(tensors[f"{norm}.{part}"] for part in parts)))


def read_words(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The labels in order, and of each a text for a text embedder: its name, and what it looks like where that is told.

    Raises WeightsError where the files are not of the form that they should be.
    """
    try:
        names = _json(folder / NAMES, list)
        told = _json(folder / DESCRIPTIONS, dict)
        labels = tuple(str(name) for name in names)
        texts = (str(told.get(str(place), {}).get("description", "")) for place in range(len(labels)))
        return labels, tuple(
            f"{label}. {text}".removesuffix(" ") for label, text in zip(labels, texts, strict=True)
        )
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise WeightsError(
            f"holds no list of labels: {first_line(error)}",
            location=Location(str(folder)),
            hint=f"modcli models pull {WORDS} --force",
        ) from error


def _json(path: Path, kind: type) -> Any:
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, kind):
        raise ValueError(f"{path.name} is of another form")
    return found
