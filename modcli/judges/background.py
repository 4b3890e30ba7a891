"""The background: what ordinary posts look like to the model, against which everything else is held."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

#: Of the bank's posts, every so manieth is also put to the profile prompt: its label words cost a full pass each.
LABELLED_EVERY = 16
#: And every so manieth is a weak negative of a head: more of them say the same, and make fitting slow.
CONTRASTED_EVERY = 5


def bank() -> tuple[str, ...]:
    """The background bank that ships: ordinary posts, in a fixed order."""
    return tuple(files("modcli.judges").joinpath("background.txt").read_text("utf-8").splitlines())


def bank_digest(posts: Sequence[str]) -> str:
    """SHA-256 of the bank, hex."""
    return hashlib.sha256("\n".join(posts).encode()).hexdigest()


def features_of(
    states: NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Normed states (..., taps, width) as features of the same shape: centred on a background's mean (taps, width) and
    brought to the same scale (taps,) at every tap, so that none outweighs the others."""
    return np.asarray((states - mean) / scale[:, None], np.float32)


@dataclass(frozen=True)
class Background:
    """Normed states of the bank, shape (posts, taps, width), and what follows from them."""

    states: NDArray[np.float32]

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """Shape (taps, width)."""
        return np.asarray(self.states.mean(axis=0), np.float32)

    @cached_property
    def scale(self) -> NDArray[np.float32]:
        """How far a post lies from the mean at each tap, root mean square over posts and entries. Shape (taps,)."""
        if not self.states.size:
            return np.zeros(self.states.shape[1], np.float32)  # nothing is read
        return np.asarray(np.sqrt(np.square(self.states - self.mean).mean(axis=(0, 2))), np.float32)

    @cached_property
    def features(self) -> NDArray[np.float32]:
        """The bank's own features."""
        return self.features_of(self.states)

    def features_of(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normed states as features; same shape."""
        return features_of(states, self.mean, self.scale)
