"""States held in memory until they are fetched: of a reader whose store is on another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from modcli.states.store import rounded

#: By tap, contents and their normed states, shape (contents, width), as `StateStore.put` takes them.
States = Mapping[int, tuple[list[bytes], NDArray[np.float32]]]


class Collected:
    """Stands for a `StateStore` of states of one width. What is not fetched is lost with the process."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._kept: dict[int, dict[bytes, NDArray[np.float32]]] = {}

    def get(
        self, keys: Sequence[bytes], taps: Sequence[int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """See `StateStore.get`: what was put since it was last fetched, at a store's precision."""
        kept = [self._kept.get(tap, {}) for tap in taps]
        known = np.array([all(key in one for one in kept) for key in keys], bool)
        states = np.zeros((len(keys), len(taps), self._width), np.float32)
        for row in np.flatnonzero(known).tolist():
            states[row] = rounded(np.stack([one[keys[row]] for one in kept]))
        return known, states

    def put(self, keys: Sequence[bytes], tap: int, states: NDArray[np.float32]) -> None:
        """See `StateStore.put`."""
        kept = self._kept.setdefault(tap, {})
        for key, state in zip(keys, states, strict=True):
            kept.setdefault(key, state)

    def fetch(self) -> States:
        """What was put since the last time."""
        kept, self._kept = self._kept, {}
        return {tap: (list(found), np.stack(list(found.values()))) for tap, found in kept.items() if found}
