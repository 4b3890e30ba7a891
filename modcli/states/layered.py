"""Two state stores as one: what one of them has read need not be read for the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modcli.states.reader import Store


class Layered:
    """States of an `own` store and, where it lacks them, of a `shared` one; what is found there becomes its own.

    Raises as StateStore.
    """

    def __init__(self, own: Store, shared: Store | None) -> None:
        self._own = own
        self._shared = shared

    def get(
        self, keys: Sequence[bytes], taps: Sequence[int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """See `StateStore.get`."""
        known, states = self._own.get(keys, taps)
        missing = np.flatnonzero(~known).tolist()
        if self._shared is None or not missing:
            return known, states
        wanted = [keys[i] for i in missing]
        there, found = self._shared.get(wanted, taps)
        known[missing], states[missing] = there, found
        taken = [key for key, has in zip(wanted, there, strict=True) if has]
        for i, tap in enumerate(taps if taken else ()):
            self._own.put(taken, tap, found[there, i])
        return known, states

    def put(self, keys: Sequence[bytes], tap: int, states: NDArray[np.float32]) -> None:
        """Keep normed states, shape (keys, width), at one tap, in the own store."""
        self._own.put(keys, tap, states)
