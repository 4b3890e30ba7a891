"""The machine, looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.diagnosis import machine
from modcli.diagnosis.finding import State


def test_a_runtime_that_cannot_be_loaded() -> None:
    found = machine.runtime("no_such_runtime", "no-such-runtime")
    assert (found.state, found.hint) == (State.PROBLEM, "pip install --force-reinstall no-such-runtime")
    assert machine.runtime("json", "json").state is State.OK


@pytest.mark.parametrize(
    ("threads", "cores", "state"), [(0, 4, State.OK), (4, 4, State.OK), (5, 4, State.WARNING)]
)
def test_threads(threads: int, cores: int, state: State) -> None:
    assert machine.processor(threads, cores).state is state


@pytest.mark.parametrize(
    ("free", "state"), [(None, State.OK), (3_000_000_000, State.OK), (2_000_000_000, State.WARNING)]
)
def test_memory(free: int | None, state: State) -> None:
    assert machine.memory(1_000_000_000, free).state is state


@pytest.mark.parametrize(
    ("meminfo", "limit", "free"),
    [
        ("MemTotal: 9 kB\nMemAvailable:   2000 kB\n", None, 2_048_000),
        ("MemAvailable: 2000 kB\n", "max\n", 2_048_000),
        ("MemAvailable: 2000 kB\n", "1000\n", 1000),
        ("MemTotal: 9 kB\n", None, None),
        (None, None, None),
    ],
)
def test_free_memory(tmp_path: Path, meminfo: str | None, limit: str | None, free: int | None) -> None:
    for name, text in (("proc/meminfo", meminfo), ("sys/fs/cgroup/memory.max", limit)):
        if text is not None:
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text(text)
    assert machine.free_memory(tmp_path) == free


def test_a_folder_is_looked_at_and_not_made(tmp_path: Path) -> None:
    found = machine.folder("cache folder", tmp_path / "a" / "b")
    assert found.state is State.OK
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_room(tmp_path: Path) -> None:
    assert machine.folder("model folder", tmp_path, needed=1 << 60).state is State.PROBLEM


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert machine.folder("cache folder", tmp_path / "file" / "cache").state is State.PROBLEM


@pytest.mark.parametrize(
    ("name", "state"),
    [("utf-8", State.OK), ("UTF8", State.OK), ("latin-1", State.WARNING), (None, State.WARNING)],
)
def test_encoding(name: str | None, state: State) -> None:
    assert machine.encoding(name).state is state
