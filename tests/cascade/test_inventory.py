"""What is kept on disk: counted, cleared and pruned by name, and nothing else touched."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from modcli.cascade.cache import VerdictCache
from modcli.cascade.inventory import ABANDONED, KINDS, clear, prune, take_stock
from modcli.profile import Action
from modcli.states.store import StateStore
from modcli.verdict import Verdict


def named(number: int, suffix: str) -> str:
    return f"{number:064x}{suffix}"


def write(file: Path, size: int, *, age: float = 0.0) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    then = time.time() - age
    os.utime(file, (then, then))
    return file


def test_verdicts_are_counted_and_cleared(tmp_path: Path) -> None:
    file = tmp_path / "verdicts.db"
    cache = VerdictCache(file, "scope")
    cache.put({"a": Verdict("", Action.ALLOW), "b": Verdict("", Action.BLOCK)})
    stock = take_stock("verdicts", file)
    assert (stock.entries, stock.bytes) == (2, sum(f.stat().st_size for f in tmp_path.iterdir()))
    cache.close()
    assert clear("verdicts", file) > 0
    assert list(tmp_path.iterdir()) == []


def test_states_are_counted_by_text_and_tap(tmp_path: Path) -> None:
    store = StateStore(tmp_path, model="m", prompt="p", width=4)
    for tap in (1, 2):
        store.put([b"a" * 16, b"b" * 16], tap, np.ones((2, 4), np.float32))
    store.close()
    assert take_stock("states", tmp_path).entries == 4
    clear("states", tmp_path)
    assert take_stock("states", tmp_path).bytes == 0


def test_a_judge_is_two_files(tmp_path: Path) -> None:
    for suffix in (".npz", ".json"):
        write(tmp_path / named(1, suffix), 10)
    write(tmp_path / f".{named(2, '.npz')}.77", 10)
    assert (take_stock("judges", tmp_path).entries, take_stock("judges", tmp_path).bytes) == (1, 30)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "none"
    assert (take_stock(kind, path).entries, take_stock(kind, path).bytes) == (0, 0)
    assert clear(kind, path) == 0
    assert prune(kind, path, 0) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_of_others_stay(tmp_path: Path, kind: str) -> None:
    others = [
        write(tmp_path / name, 5, age=2 * ABANDONED)
        for name in ("notes.txt", "model.json", "photo.npz", "states-mine.i8", "verdicts.db.bak", ".hidden")
    ]
    (tmp_path / named(9, ".kv")).mkdir()
    (tmp_path / named(8, ".json")).symlink_to(others[0])
    clear(kind, tmp_path)
    prune(kind, tmp_path, 0)
    assert all(file.exists() for file in others)
    assert (tmp_path / named(9, ".kv")).is_dir()
    assert (tmp_path / named(8, ".json")).is_symlink()


def test_pruning_takes_the_least_recently_used(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / named(number, ".kv"), 100, age=60.0 * number)
    assert prune("prefixes", tmp_path, 250) == 300
    assert sorted(file.name for file in tmp_path.iterdir()) == [named(0, ".kv"), named(1, ".kv")]
    assert prune("prefixes", tmp_path, 250) == 0


def test_pruning_keeps_the_newest_whatever_its_size(tmp_path: Path) -> None:
    write(tmp_path / named(1, ".kv"), 1000)
    assert prune("prefixes", tmp_path, 10) == 0


def test_pruning_takes_what_a_crash_left_but_not_what_is_being_written(tmp_path: Path) -> None:
    left = write(tmp_path / f".{named(1, '.kv')}.4711", 10, age=ABANDONED + 60)
    written = write(tmp_path / f".{named(2, '.kv')}.4712", 10)
    assert prune("prefixes", tmp_path, 0) == 10
    assert (left.exists(), written.exists()) == (False, True)
