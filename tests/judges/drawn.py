"""Shots whose states are drawn at random: two clouds that overlap a little, in a space of many more dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modcli.judges.background import Background
from modcli.judges.fitting import Shots

TAPS, WIDTH = 2, 48


class Draw:
    """One draw: examples lie around one point, all else around another, posts of the bank around both and beyond."""

    def __init__(self, seed: int, *, apart: float = 7.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.direction = self.rng.normal(size=(TAPS, WIDTH))
        self.direction *= apart / np.linalg.norm(self.direction, axis=1, keepdims=True)
        self.background = Background(
            np.asarray(self.rng.normal(size=(100, TAPS, WIDTH)) - self.direction / 2, np.float32)
        )

    def positives(self, count: int) -> NDArray[np.float32]:
        """States of the category's own kind, as features."""
        return self._around(count, self.direction / 2)

    def negatives(self, count: int) -> NDArray[np.float32]:
        """States of any other kind, as features."""
        return self._around(count, -self.direction / 2)

    def _around(self, count: int, centre: NDArray[np.float64]) -> NDArray[np.float32]:
        drawn = centre + self.rng.normal(size=(count, TAPS, WIDTH))
        return self.background.features_of(np.asarray(drawn, np.float32))

    def near(self, features: NDArray[np.float32], count: int, far: float = 0.2) -> NDArray[np.float32]:
        """States that hardly differ from one."""
        noise = self.rng.normal(size=(count, TAPS, WIDTH)) * far
        return np.asarray(features + noise, np.float32)


def shots(
    positives: NDArray[np.float32],
    negatives: NDArray[np.float32],
    ordinary: NDArray[np.float32] | None = None,
) -> Shots:
    """Shots of these features, and no others."""
    nothing = np.zeros((0, TAPS, WIDTH), np.float32)
    texts = tuple(f"example {i}" for i in range(len(positives)))
    return Shots(positives, negatives, nothing if ordinary is None else ordinary, nothing, texts)
