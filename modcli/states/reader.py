"""The reader: states of texts under the reading prompt, from the store where it has them, else from the model."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.prompts.reading import READING
from modcli.states.store import content_key, normed, rounded

#: Texts read together: enough for full batches of the model.
_AT_ONCE = 128


class Store(Protocol):
    """Where states are kept: `StateStore`, or what stands for one."""

    def get(
        self, keys: Sequence[bytes], taps: Sequence[int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which contents are known at all the taps, and their states."""
        ...

    def put(self, keys: Sequence[bytes], tap: int, states: NDArray[np.float32]) -> None:
        """Keep states at one tap."""
        ...


class Reader:
    """Reads texts once.

    `backend` is called when the model is needed for the first time. Without a store everything is read anew.
    `tell` is given one line when states cannot be kept (a full disk); judging goes on without the store.
    """

    def __init__(
        self,
        backend: Callable[[], Backend],
        store: Store | None,
        *,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._backend = backend
        self._store = store
        self._tell = tell
        self._writable = True
        #: Tokens that the model computed.
        self.tokens = 0

    def states(self, texts: Sequence[str], taps: Sequence[int]) -> NDArray[np.float32]:
        """Normed states, shape (texts, taps, width), in order. Equal texts are read once.

        What the model has just read is returned at the store's precision too, so that a verdict does not depend on
        whether its text was read before.
        """
        if not taps:
            return np.zeros((len(texts), 0, self._backend().facts.width), np.float32)
        keys = [content_key(text) for text in texts]
        known, states = self._kept(keys, taps)
        missing = {keys[i]: i for i in np.flatnonzero(~known)[::-1].tolist()}
        if missing:
            indices = sorted(missing.values())
            parts = []
            # Part by part: who breaks off loses one part.
            for start in range(0, len(indices), _AT_ONCE):
                part = indices[start : start + _AT_ONCE]
                parts.append(self._compute([texts[i] for i in part], taps))
                self._keep([keys[i] for i in part], taps, parts[-1])
            fresh = rounded(np.concatenate(parts))
            position = {keys[i]: row for row, i in enumerate(indices)}
            for i in np.flatnonzero(~known).tolist():
                states[i] = fresh[position[keys[i]]]
        return states

    def missing(self, texts: Sequence[str], taps: Sequence[int]) -> int:
        """How many of the texts the model would have to read."""
        if not taps:
            return 0
        keys = {content_key(text) for text in texts}
        return int((~self._kept(list(keys), taps)[0]).sum())

    def _kept(
        self, keys: Sequence[bytes], taps: Sequence[int]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """As `StateStore.get`; nothing where there is no store, or none that can be read."""
        if self._store is not None:
            try:
                return self._store.get(keys, taps)
            except (OSError, sqlite3.Error) as error:
                self._give_up(f"kept states cannot be read ({error})")
        width = self._backend().facts.width
        return np.zeros(len(keys), bool), np.zeros((len(keys), len(taps), width), np.float32)

    def _compute(self, texts: Sequence[str], taps: Sequence[int]) -> NDArray[np.float32]:
        readouts = self._backend().read(READING, texts, taps=taps)
        self.tokens += sum(readout.tokens for readout in readouts)
        raw = np.stack([np.stack([readout.states[tap] for tap in taps]) for readout in readouts])
        return normed(raw)

    def _keep(self, keys: Sequence[bytes], taps: Sequence[int], states: NDArray[np.float32]) -> None:
        if self._store is None or not self._writable:
            return
        try:
            for i, tap in enumerate(taps):
                self._store.put(keys, tap, states[:, i])
        except (OSError, sqlite3.Error) as error:
            # What is there can still be read.
            self._writable = False
            self._tell(f"states cannot be kept ({error}); judging goes on without")

    def _give_up(self, why: str) -> None:
        self._store = None
        self._tell(f"{why}; judging goes on without")
