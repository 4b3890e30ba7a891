"""Which frames of a moving picture are judged: those where it changes, and some of every stretch of time."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modcli.images.picture import Picture, Pixels

#: A frame is summed up as a picture of so many pixels a side.
SIDE = 16
#: A frame that differs from the last one kept by less than this share of full scale shows nothing new.
SAME = 0.008
#: What a second without a frame counts against a change of picture: a stretch of all the time counts as much as a
#: change by this share of full scale.
_TIME = 0.08

Signature = NDArray[np.float32]


@dataclass(eq=False, slots=True)
class Kept:
    """A frame that was chosen so far: its time, its place, a small picture of it, and its pixels."""

    seconds: float
    index: int
    signature: Signature
    pixels: Pixels
    size: tuple[int, int]


def difference(one: Signature, other: Signature) -> float:
    """The mean absolute difference of two small pictures, 0 to 1."""
    return float(np.abs(one - other).mean())


def frame_of(kind: str, name: str, kept: Kept) -> Picture:
    """A chosen frame as a picture."""
    digest = hashlib.sha256(str(kept.pixels.shape).encode() + kept.pixels.tobytes()).hexdigest()
    return Picture(name, digest, kind, *kept.size, kept.pixels, seconds=kept.seconds)


def shrink(pixels: Pixels) -> Signature:
    """`SIDE` pixels a side, whatever the form, shape (SIDE, SIDE, 3)."""
    from PIL import Image

    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(np.asarray(small) / 255, dtype=np.float32)


class Choice:
    """The frames chosen so far, at most `most`, in the order of time, from those offered one by one in any order.

    When there is one too many, the one goes that is missed least: its difference from the frame before it, and the
    stretch of time that it stands for, count. So a single frame unlike the others stays. Takes memory for `most` frames,
    and time for `most` comparisons a frame.
    """

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError("at least one frame is chosen")
        self._most = most
        self.kept: list[Kept] = []

    def offer(
        self,
        seconds: float,
        index: int,
        signature: Signature,
        pixels: Callable[[], tuple[Pixels, tuple[int, int]]],
    ) -> None:
        """One frame; `pixels` is called where it is kept, and gives its pixels and its size in the file."""
        at = bisect_right(self.kept, seconds, key=lambda kept: kept.seconds)
        if any(difference(near.signature, signature) < SAME for near in self.kept[max(at - 1, 0) : at]):
            return
        new = Kept(seconds, index, signature, np.empty((0, 0, 3), np.uint8), (0, 0))
        trial = [*self.kept[:at], new, *self.kept[at:]]
        if len(trial) > self._most:
            del trial[self._least(trial)]
            if not any(kept is new for kept in trial):
                return
        new.pixels, new.size = pixels()
        self.kept = trial

    @staticmethod
    def _least(frames: list[Kept]) -> int:
        """The place of the frame that is missed least; never the first."""
        span = max(frames[-1].seconds - frames[0].seconds, 1e-9)

        def loss(at: int) -> float:
            behind = frames[min(at + 1, len(frames) - 1)].seconds - frames[at - 1].seconds
            return difference(frames[at - 1].signature, frames[at].signature) + _TIME * behind / span

        return min(range(1, len(frames)), key=loss, default=0)
