"""The reader: states of texts under the reading prompt, from the store where it has them, else from the model."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.prompts.reading import READING
from modcli.states.store import StateStore, content_key, normed


class Reader:
    """Reads texts once.

    `backend` is called when the model is needed for the first time. Without a store everything is read anew.
    `tell` is given one line when states cannot be kept (a full disk); judging goes on without the store.
    """

    def __init__(
        self,
        backend: Callable[[], Backend],
        store: StateStore | None,
        *,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._backend = backend
        self._store = store
        self._tell = tell
        self._writable = True
        #: Texts computed by the model, texts answered by the store, tokens computed.
        self.computed = 0
        self.stored = 0
        self.tokens = 0

    def states(self, texts: Sequence[str], taps: Sequence[int]) -> NDArray[np.float32]:
        """Normed states, shape (texts, taps, width), in order. Equal texts are read once.

        What the model has just read is returned at the store's precision too, so that a verdict does not depend on
        whether its text was read before.
        """
        if not texts:
            return np.zeros((0, len(taps), self._backend().facts.width), np.float32)
        keys = [content_key(text) for text in texts]
        if self._store is None:
            return self._compute(texts, taps)
        known, states = self._store.get(keys, taps)
        self.stored += int(known.sum())
        missing = {keys[i]: i for i in np.flatnonzero(~known)[::-1].tolist()}
        if missing:
            indices = sorted(missing.values())
            fresh = self._compute([texts[i] for i in indices], taps)
            self._keep([keys[i] for i in indices], taps, fresh)
            position = {keys[i]: row for row, i in enumerate(indices)}
            for i in np.flatnonzero(~known).tolist():
                states[i] = fresh[position[keys[i]]]
        return states

    def missing(self, texts: Sequence[str], taps: Sequence[int]) -> int:
        """How many of the texts the model would have to read."""
        if self._store is None:
            return len(texts)
        return int((~self._store.known([content_key(text) for text in texts], taps)).sum())

    def _compute(self, texts: Sequence[str], taps: Sequence[int]) -> NDArray[np.float32]:
        readouts = self._backend().read(READING, texts, taps=taps)
        self.computed += len(texts)
        self.tokens += sum(readout.tokens for readout in readouts)
        raw = np.stack([np.stack([readout.states[tap] for tap in taps]) for readout in readouts])
        return rounded(normed(raw))

    def _keep(self, keys: Sequence[bytes], taps: Sequence[int], states: NDArray[np.float32]) -> None:
        if self._store is None or not self._writable:
            return
        try:
            for i, tap in enumerate(taps):
                self._store.put(keys, tap, states[:, i])
        except (OSError, sqlite3.Error) as error:
            self._writable = False
            self._tell(f"states cannot be kept ({error}); judging goes on without")


def rounded(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """The states as the store gives them back: 8 bits an entry, one scale a state. Shape (..., width)."""
    scale = np.abs(states).max(axis=-1, keepdims=True) / np.float32(127)
    scale = np.maximum(scale, np.float32(1e-12))
    return np.asarray(np.rint(states / scale).astype(np.int8) * scale, np.float32)
