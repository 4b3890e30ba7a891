from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from modcli.backends.scripted import Scripted
from modcli.prompts.reading import READING
from modcli.states.reader import Reader
from modcli.states.store import StateStore

TEXTS = ["a cat sleeps", "buy coins", "a cat sleeps", "", "buy coins now"]


def store(folder: Path) -> StateStore:
    return StateStore(folder, model="m", prompt=READING.digest, width=Scripted().facts.width)


def test_equal_texts_are_read_once(tmp_path: Path) -> None:
    for kept in (store(tmp_path), None):
        backend = Scripted()
        reader = Reader(lambda backend=backend: backend, kept)  # type: ignore[misc]
        states = reader.states(TEXTS, [1, 5])
        assert states.shape == (5, 2, backend.facts.width)
        assert states.dtype == np.float32
        assert backend.read_count == 4
        np.testing.assert_array_equal(states[0], states[2])


def test_what_was_read_once_needs_no_model(tmp_path: Path) -> None:
    first = Reader(Scripted, store(tmp_path)).states(TEXTS, [1, 5])

    def no_model() -> Scripted:
        raise AssertionError("the model was asked for")

    reader = Reader(no_model, store(tmp_path))
    assert reader.missing(TEXTS, [1, 5]) == 0
    np.testing.assert_array_equal(reader.states(TEXTS, [5, 1]), first[:, ::-1])
    assert reader.tokens == 0


def test_states_are_the_same_computed_or_kept_or_without_a_store(tmp_path: Path) -> None:
    """Bit for bit: a verdict must not depend on whether its text was read before."""
    texts = [f"text number {i}" for i in range(50)]
    computed = Reader(Scripted, store(tmp_path)).states(texts, [0, 3])
    kept = Reader(Scripted, store(tmp_path)).states(texts, [0, 3])
    np.testing.assert_array_equal(computed, kept)
    np.testing.assert_array_equal(computed, Reader(Scripted, None).states(texts, [0, 3]))


def test_only_what_is_missing_is_read(tmp_path: Path) -> None:
    backend = Scripted()
    reader = Reader(lambda: backend, store(tmp_path))
    reader.states(TEXTS[:2], [1])
    assert reader.missing([*TEXTS, TEXTS[4]], [1]) == 2
    both = reader.states(TEXTS, [1])
    assert backend.read_count == 4
    np.testing.assert_array_equal(both, Reader(Scripted, None).states(TEXTS, [1]))
    assert reader.missing(TEXTS, [2]) == 4


@pytest.mark.parametrize("kept", [True, False])
def test_no_texts(tmp_path: Path, kept: bool) -> None:
    backend = Scripted()
    reader = Reader(lambda: backend, store(tmp_path) if kept else None)
    assert reader.states([], [1, 2]).shape == (0, 2, backend.facts.width)
    assert reader.missing([], [1]) == 0
    assert backend.read_count == 0


@pytest.mark.parametrize(
    "trouble", [OSError("disk full"), sqlite3.OperationalError("database or disk is full")]
)
def test_write_that_fails_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    told: list[str] = []
    kept = store(tmp_path)
    Reader(Scripted, kept).states(["known"], [1])

    def put(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(StateStore, "put", put)
    reader = Reader(Scripted, kept, tell=told.append)
    np.testing.assert_array_equal(reader.states(TEXTS, [1]), Reader(Scripted, None).states(TEXTS, [1]))
    assert reader.missing(["another", "known"], [1]) == 1, "what is there is still read"
    reader.states(["another", "known"], [1])
    assert told == [f"states cannot be kept ({trouble}); judging goes on without"]


def test_store_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    """A database that is found damaged only when it is asked, or that another process took away."""
    told: list[str] = []
    kept = store(tmp_path)
    reader = Reader(Scripted, kept, tell=told.append)
    kept.close()
    assert reader.missing(TEXTS, [1]) == 4
    np.testing.assert_array_equal(reader.states(TEXTS, [1]), Reader(Scripted, None).states(TEXTS, [1]))
    assert len(told) == 1
    assert told[0].startswith("kept states cannot be read")
