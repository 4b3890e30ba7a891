"""Networks over pictures in ONNX Runtime: one run a picture, several at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import first_line
from modcli.errors import BackendError, Location, MissingExtraError
from modcli.images.picture import Picture

Floats = NDArray[np.float32]
#: What a network is given of a picture: everything of its input's shape but the first axis.
Prepare = Callable[[Picture], NDArray[Any]]
#: Pictures worked on between two looks at what came out.
_BLOCK = 256


class PictureNetwork:
    """A network with one input, and outputs of shape (1, numbers).

    Every picture is a run of its own on one thread, with as many runs at once as `threads` (0: all cores): what is said
    of a picture then does not depend, in any digit, on those beside it, and preparing one overlaps with running another.
    On a processor a batch is no faster (benchmarks/image_heads.py).

    Raises MissingExtraError without ONNX Runtime, BackendError where the file is no such network.
    """

    def __init__(
        self, path: Path, *, name: str, outputs: Sequence[str], prepare: Prepare, threads: int = 0
    ) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError(
                f"pictures are looked at by onnxruntime ({error})", hint="pip install 'modcli[images]'"
            ) from error
        try:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            # A file that was made by another version is worth no warning of the runtime's own on the terminal.
            options.log_severity_level = 3
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors have no base of their own
            raise BackendError(
                f"is no network that can be loaded: {first_line(error)}", location=Location(str(path))
            ) from error
        inputs = self._session.get_inputs()
        there = {each.name for each in self._session.get_outputs()}
        if len(inputs) != 1 or not there >= set(outputs):
            raise BackendError(
                f"is another network: one input and the outputs {', '.join(outputs)} were expected",
                location=Location(str(path)),
            )
        self.name, self._input, self._outputs, self._prepare = name, inputs[0].name, list(outputs), prepare
        #: How many numbers each output has, where the file says so.
        self.widths = {
            each.name: each.shape[-1] for each in self._session.get_outputs() if each.name in outputs
        }
        workers = threads or os.cpu_count() or 1
        self._workers = ThreadPoolExecutor(workers, "pictures") if workers > 1 else None

    def run(self, pictures: Sequence[Picture]) -> list[Floats]:
        """Each output for all pictures, in order: shape (pictures, numbers). Raises BackendError where it fails, or says
        something that is not finite."""
        rows: list[list[Floats]] = []
        for start in range(0, len(pictures), _BLOCK):
            block = pictures[start : start + _BLOCK]
            rows += self._workers.map(self._one, block) if self._workers else map(self._one, block)
        if not rows:
            return [np.empty((0, self.widths[name]), np.float32) for name in self._outputs]
        return [np.concatenate(column) for column in zip(*rows, strict=True)]

    def _one(self, picture: Picture) -> list[Floats]:
        try:
            values = self._prepare(picture)[np.newaxis]
            found = self._session.run(self._outputs, {self._input: values})
        except Exception as error:  # see above
            raise BackendError(f"{self.name} failed on {picture.name}: {first_line(error)}") from error
        rows = [np.asarray(output, np.float32).reshape(1, -1) for output in found]
        if not all(np.isfinite(row).all() for row in rows):
            raise BackendError(f"{self.name} said something that is not finite of {picture.name}")
        return rows


def central_square(picture: Picture, size: int, share: float) -> NDArray[np.uint8]:
    """The middle `share` of the shorter side, as a square of this size: shape (size, size, 3)."""
    from PIL import Image

    height, width = picture.pixels.shape[:2]
    side = min(height, width) * share
    left, top = (width - side) / 2, (height - side) / 2
    image = Image.fromarray(picture.pixels)
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, box=box), np.uint8)


def squeezed(picture: Picture, size: int) -> NDArray[np.uint8]:
    """The whole picture, squeezed into a square of this size: shape (size, size, 3)."""
    from PIL import Image

    image = Image.fromarray(picture.pixels)
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR), np.uint8)
