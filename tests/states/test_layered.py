"""Two stores as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modcli.states.layered import Layered
from modcli.states.store import StateStore, content_key, normed


def store(folder: Path) -> StateStore:
    folder.mkdir()
    return StateStore(folder, model="m", prompt="p", width=4)


def test_what_the_shared_one_knows_becomes_its_own(tmp_path: Path) -> None:
    own, shared = store(tmp_path / "own"), store(tmp_path / "shared")
    keys = [content_key(text) for text in ("a", "b", "c")]
    states = normed(np.arange(1, 13, dtype=np.float32).reshape(3, 4))
    shared.put(keys[:1], 1, states[:1])
    own.put(keys[1:2], 1, states[1:2])
    known, found = Layered(own, shared).get(keys, [1])
    assert known.tolist() == [True, True, False]
    assert np.allclose(found[:2, 0], states[:2], atol=0.02)
    assert own.get(keys, [1])[0].tolist() == [True, True, False]
    assert shared.get(keys, [1])[0].tolist() == [True, False, False]


def test_what_is_put_goes_to_its_own(tmp_path: Path) -> None:
    own, shared = store(tmp_path / "own"), store(tmp_path / "shared")
    for layered in (Layered(own, shared), Layered(own, None)):
        layered.put([content_key("a")], 1, normed(np.ones((1, 4), np.float32)))
    assert own.get([content_key("a")], [1])[0].all()
    assert not shared.get([content_key("a")], [1])[0].any()
