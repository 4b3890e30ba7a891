"""What a picture is, once it was decoded, and what was found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A still picture as a person sees it: turned as its EXIF says, on white where it is transparent, 8 bits a channel.

    `pixels` has shape (height, width, 3), RGB, made smaller where it was larger than the decoder keeps; `width` and
    `height` are those of the file. `digest` is the SHA-256 of the file's bytes, hex. `format` is what the content says
    that it is (jpeg, png, gif, ...), whatever its name. `seconds` is the time of a frame in an animation or a video, None
    in a still; `notes` say what is odd about the file (its name says another format, bytes behind its end, cut short).
    `beside` is the text that was posted with it.
    """

    name: str
    digest: str
    format: str
    width: int
    height: int
    pixels: Pixels
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A line of text read in a picture: where it stands (left, top, right, bottom in pixels of the file), and how sure
    the reader is, 0 to 1."""

    text: str
    box: tuple[int, int, int, int]
    sureness: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a detector says of a picture: its name (`nudity`), the probability 0 to 1, from where it counts as found, and
    in what it was found, in words."""

    detector: str
    probability: float
    threshold: float
    told: str = ""

    @property
    def found(self) -> bool:
        """Whether it reaches the threshold."""
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True)
class Known:
    """A picture in a list of hashes that it is near to: the list, the hash found in it, of how many bits they differ, and
    whether it is the mirrored picture."""

    source: str
    hash: str
    distance: int
    mirrored: bool = False


@dataclass(frozen=True)
class Sampled:
    """The frames of an animation or a video that are judged, in order, out of `total` ones in `seconds`; `why` says how
    they were chosen."""

    frames: Sequence[Picture]
    total: int
    seconds: float
    why: str

    def as_record(self) -> dict[str, Any]:
        """Without the pixels, in JSON's terms."""
        times = [round(frame.seconds, 2) for frame in self.frames if frame.seconds is not None]
        return {
            "frames": self.total,
            "seconds": round(self.seconds, 2),
            "judged_at": times,
            "sampled": self.why,
        }
