"""What a model runtime that sees promises: a picture may stand before the text of an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import ModelFacts, Readout
from modcli.prompts.prompt import Prefix, Question

#: Pixels of a picture's longer side: what a person posts can be told at that, and no model is given more.
LONGEST = 1024
#: Pixels of a shorter side: below, some models have not one patch to look at.
SHORTEST = 28


@dataclass(frozen=True, eq=False)
class Shown:
    """An item with a picture: `pixels` of shape (height, width, 3), RGB, and the text that stands behind it."""

    pixels: NDArray[np.uint8]
    text: str = ""


class VisionBackend(Protocol):
    """A `Backend` whose items may be pictures with a text; a text alone is read as a `Backend` reads it."""

    @property
    def facts(self) -> ModelFacts:
        """See `Backend.facts`."""
        ...

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str | Shown],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `Backend.read`. A picture is made smaller until it fits; BackendError where it cannot be looked at."""
        ...

    def check(self, prefix: Prefix) -> None:
        """See `Backend.check`."""
        ...

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """See `Backend.first_tokens`."""
        ...

    def write(self, prefix: Prefix, text: str | Shown, *, question: str = "", limit: int = 60) -> str:
        """See `Backend.write`."""
        ...

    def close(self) -> None:
        """See `Backend.close`."""
        ...


def bounded(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """A picture of at most `longest` pixels a side, by whole-number averages, with white beside what is very narrow."""
    step = -(-max(pixels.shape[:2]) // longest)
    if step > 1:
        pixels = averaged(pixels, step)
    height, width = pixels.shape[:2]
    below, right = max(0, SHORTEST - height), max(0, SHORTEST - width)
    if below or right:
        pixels = np.pad(pixels, ((0, below), (0, right), (0, 0)), constant_values=255)
    return np.ascontiguousarray(pixels)


def averaged(pixels: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Each square of `step` by `step` pixels as its mean; the last ones of a side may be narrower."""
    height, width = pixels.shape[:2]
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    sums = np.add.reduceat(np.add.reduceat(pixels.astype(np.uint32), rows, axis=0), columns, axis=1)
    sizes = np.minimum(step, height - rows)[:, None] * np.minimum(step, width - columns)[None]
    return np.asarray(sums / sizes[..., None] + 0.5, np.uint8)
