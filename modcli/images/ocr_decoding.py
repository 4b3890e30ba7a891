"""From a recognizer's probabilities to text, with spaces that it nearly saw."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Between two letters the probability of a space is below 0.002 in drawn text where there is none, and 0.09 to 0.5 where
#: there is one that lost against the blank (benchmarks/ocr.py: capitals in heavy fonts, blurred and packed pictures).
SPACE = 0.08


class SpacedDecoder:
    """Greedy CTC decoding, in the place of RapidOCR's own: the most probable class of each step, repeats joined, blanks
    (class 0) left out; a space is put between two letters or digits where its probability, though not the largest, is
    at least `SPACE` at a step between them. See Graves et al., ICML 2006, for CTC.

    `characters` are the classes' texts; one of them is " ".
    """

    def __init__(self, characters: Sequence[str]) -> None:
        self._characters = list(characters)
        self._space = len(self._characters) - 1 - self._characters[::-1].index(" ")

    def __call__(
        self, probabilities: NDArray[np.float32], *_: object, **__: object
    ) -> tuple[list[tuple[str, float]], list[Any]]:
        """Text and mean probability of each line, and no words; `probabilities` has shape (lines, steps, classes)."""
        return [self._decoded(line) for line in probabilities], []

    def _decoded(self, steps: NDArray[np.float32]) -> tuple[str, float]:
        best = steps.argmax(axis=1)
        kept = best != 0
        kept[1:] &= best[1:] != best[:-1]
        places = np.flatnonzero(kept)
        if not places.size:
            return "", 0.0
        text = self._characters[best[places[0]]]
        for before, place in pairwise(places):
            character = self._characters[best[place]]
            between = steps[before + 1 : place, self._space]
            if between.size and between.max() >= SPACE and _parted(text[-1]) and _parted(character):
                text += " "
            text += character
        return text, float(steps[places, best[places]].mean())


def _parted(character: str) -> bool:
    """Whether it is of words that spaces part: a letter or digit, but no Chinese or Japanese one."""
    return character.isalnum() and unicodedata.east_asian_width(character[0]) not in "WF"
