"""States that are held until they are fetched are those that a store would have given back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modcli.states.collected import Collected
from modcli.states.store import StateStore, content_key, normed

KEYS = [content_key(text) for text in "abc"]
STATES = normed(np.random.default_rng(1).normal(size=(3, 2, 8)).astype(np.float32))


def test_as_a_store_gives_them_back(tmp_path: Path) -> None:
    store, collected = StateStore(tmp_path, model="m", prompt="p", width=8), Collected(8)
    for i, tap in enumerate((2, 5)):
        for one in (store, collected):
            one.put(KEYS[: 2 + i], tap, STATES[: 2 + i, i])
    for taps in ((2, 5), (5,), (3,)):
        for kept, held in zip(store.get(KEYS, taps), collected.get(KEYS, taps), strict=True):
            np.testing.assert_array_equal(kept, held)
    store.close()


def test_each_is_fetched_once_and_as_it_was_put(tmp_path: Path) -> None:
    collected = Collected(8)
    assert collected.fetch() == {}
    collected.put(KEYS[:2], 2, STATES[:2, 0])
    collected.put(KEYS, 2, STATES[:, 1])
    found = collected.fetch()
    assert list(found) == [2]
    keys, states = found[2]
    assert keys == KEYS
    np.testing.assert_array_equal(states, np.concatenate([STATES[:2, 0], STATES[2:, 1]]))
    assert collected.fetch() == {}
    assert not collected.get(KEYS, (2,))[0].any()
