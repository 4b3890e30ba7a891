"""The detectors of nudity: Yahoo's open_nsfw, nsfwjs' MobileNet, and NudeNet where the user has installed it.

None of them was tried on what it is to find: no such picture is used here. What was measured is how seldom they find
something in pictures where there is nothing.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import first_line
from modcli.errors import BackendError, MissingExtraError
from modcli.images.efficientnet_graph import save_graph
from modcli.images.embedder_runtime import PictureNetwork, squeezed
from modcli.images.nsfwjs import CLASSES, SIZE, network, read_weights
from modcli.images.picture import Picture, Seen

_NOTHING_SHOWN = "How much of what it should find it does find was not measured."
#: As open_nsfw was trained: squeezed, cut by so much on each side, blue first, less these means.
_SQUEEZED, _EDGE, _MEANS = 256, 16, np.array([104, 117, 123], np.float32)
#: Parts of every digest: change whenever the same weights would give other answers.
_VERSIONS = {"opennsfw": "open_nsfw, 1", "nsfwjs": "nsfwjs, 1", "nudenet": "nudenet, 1"}


class OpenNsfw:
    """Yahoo's open_nsfw (ResNet-50, thin; BSD-2) in ONNX form: photographs, not drawings.

    Raises MissingExtraError, BackendError where the file is another.
    """

    name = "nudity (opennsfw)"
    measured = f"On 26 harmless photographs at most 0.18; of 624 harmless stamps 2 over 0.5. {_NOTHING_SHOWN}"

    def __init__(self, weights: Path, *, digest: str, threshold: float = 0.5, threads: int = 0) -> None:
        self._network = PictureNetwork(
            weights, name=self.name, outputs=("outputs",), prepare=_as_open_nsfw, threads=threads
        )
        self.digest, self.threshold = _digest("opennsfw", digest), threshold

    def detect(self, pictures: Sequence[Picture]) -> list[Seen]:
        """See `Detector.detect`."""
        (found,) = self._network.run(pictures)
        return [Seen(self.name, float(row[1]), self.threshold) for row in found]


class NsfwJs:
    """The MobileNet v2 of nsfwjs 4 (MIT): photographs and drawings. It counts porn, hentai and sexy together.

    `folder` holds its two JavaScript files, from which a network is written once, in `cache_dir`. Raises as
    `EfficientNetLite2` does.
    """

    name = "nudity (nsfwjs)"
    measured = (
        "Of 26 harmless photographs 2 over 0.5 (both through a microscope or of an eye), of 624 harmless stamps 11:"
        f" tiny pictures and bare letters mislead it. {_NOTHING_SHOWN}"
    )

    def __init__(
        self, folder: Path, cache_dir: Path, *, digest: str, threshold: float = 0.5, threads: int = 0
    ) -> None:
        self.digest, self.threshold = _digest("nsfwjs", digest), threshold
        graph = cache_dir / f"nsfwjs-{self.digest[:16]}.onnx"

        def opened() -> PictureNetwork:
            return PictureNetwork(
                graph, name=self.name, outputs=("classes",), prepare=_as_nsfwjs, threads=threads
            )

        if not graph.is_file():
            save_graph(network(read_weights(folder)), graph)
        try:
            self._network = opened()
        except BackendError:
            # What lies in a cache may have been cut or written over.
            save_graph(network(read_weights(folder)), graph)
            self._network = opened()

    def detect(self, pictures: Sequence[Picture]) -> list[Seen]:
        """See `Detector.detect`."""
        (found,) = self._network.run(pictures)
        return [self._seen(dict(zip(CLASSES, row.tolist(), strict=True))) for row in found]

    def _seen(self, shares: dict[str, float]) -> Seen:
        counted = min(shares["porn"] + shares["hentai"] + shares["sexy"], 1.0)
        likeliest = max(shares, key=lambda name: shares[name])
        return Seen(self.name, counted, self.threshold, f"looks like {likeliest} ({shares[likeliest]:.2f})")


class NudeNet:
    """NudeNet 3 (boxes of body parts), if the user has installed the package nudenet.

    modcli does not bring it: the licence files in its wheel are the AGPL-3.0, whatever its metadata says. Whoever serves
    it to others owes them what that licence asks for.
    """

    name = "nudity (nudenet)"
    measured = f"Of 319 drawings 14 over 0.3 and 4 over 0.5, which were harmless. {_NOTHING_SHOWN}"
    #: What counts as nudity of what it names.
    parts = frozenset(
        {
            "FEMALE_GENITALIA_EXPOSED",
            "MALE_GENITALIA_EXPOSED",
            "FEMALE_BREAST_EXPOSED",
            "ANUS_EXPOSED",
            "BUTTOCKS_EXPOSED",
        }
    )

    def __init__(self, *, threshold: float = 0.5) -> None:
        try:
            import nudenet
        except ImportError as error:
            raise MissingExtraError(
                f"the package nudenet is not installed ({error})",
                hint="pip install nudenet (its weights and code are under the AGPL-3.0)",
            ) from error
        try:
            self._detector: Any = nudenet.NudeDetector()
            version = metadata.version("nudenet")
        except Exception as error:  # of whatever it is that it loads
            raise BackendError(f"nudenet cannot be loaded: {first_line(error)}") from error
        self.digest, self.threshold = _digest("nudenet", version), threshold

    def detect(self, pictures: Sequence[Picture]) -> list[Seen]:
        """See `Detector.detect`."""
        return [self._seen(picture) for picture in pictures]

    def _seen(self, picture: Picture) -> Seen:
        try:
            boxes = self._detector.detect(np.ascontiguousarray(picture.pixels[:, :, ::-1]))
            scores = {
                str(box["class"]): float(box["score"]) for box in sorted(boxes, key=lambda box: box["score"])
            }
        except Exception as error:  # see above
            raise BackendError(f"{self.name} failed on {picture.name}: {first_line(error)}") from error
        found = {part: score for part, score in scores.items() if part in self.parts}
        told = ", ".join(part.removesuffix("_EXPOSED").replace("_", " ").lower() for part in found)
        return Seen(self.name, min(max(found.values(), default=0.0), 1.0), self.threshold, told)


def _as_open_nsfw(picture: Picture) -> NDArray[np.float32]:
    """Also through JPEG, as its reference does: sharp edges that a JPEG never has would be new to it."""
    from PIL import Image

    small = squeezed(picture, _SQUEEZED)[_EDGE:-_EDGE, _EDGE:-_EDGE]
    with io.BytesIO() as stream:
        Image.fromarray(small).save(stream, "JPEG")
        stream.seek(0)
        pixels = np.asarray(Image.open(stream), np.float32)
    return np.asarray(pixels[:, :, ::-1] - _MEANS, np.float32)


def _as_nsfwjs(picture: Picture) -> NDArray[np.uint8]:
    return squeezed(picture, SIZE)


def _digest(model: str, weights: str) -> str:
    return hashlib.sha256("\0".join((_VERSIONS[model], weights)).encode()).hexdigest()
