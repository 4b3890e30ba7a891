"""Every test runs with a home of its own, no settings from outside, and no network."""

from __future__ import annotations

import copy
import os
import pickle
import socket
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from modcli.errors import WeightsError
from modcli.settings import default_folders
from modcli.weights.locate import ModelFile, locate

#: Where model files may be, from the environment as it is outside of the tests.
WEIGHTS = Path(
    os.environ.get("MODCLI_TEST_WEIGHTS")
    or os.environ.get("MODCLI_DATA_DIR")
    or default_folders(os.environ).data
)


@pytest.fixture(scope="session")
def small_model() -> ModelFile:
    """SmolLM2-135M as the registry pins it, from MODCLI_TEST_WEIGHTS (a data folder) or the user's own data folder."""
    return _on_this_machine("smollm2-135m")


@pytest.fixture(scope="session")
def small_embedder() -> ModelFile:
    """The default text embedder, from where `small_model` is."""
    return _on_this_machine("bge-small-en-int8")


def _on_this_machine(name: str) -> ModelFile:
    try:
        return locate(name, WEIGHTS)
    except WeightsError as error:
        pytest.skip(f"{error} (in {WEIGHTS}): `modcli models pull {name}` fetches it")


# As the command itself does, before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs in a process for each core; a part of it, in this one: it is sooner done than others have
    started."""
    tests = Path(__file__).parent
    if not all(Path(argument).resolve() in (tests, tests.parent) for argument in config.args):
        return 0
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New folders, one after the other. (A numbered `mktemp` looks through all that were made before.)"""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def isolated(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """HOME and the XDG folders are empty, no MODCLI_* is set, and a connection is refused."""
    home = next(homes)
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("MODCLI_", "XDG_")) or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(socket.socket, "connect", _refuse)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(sqlite3, "connect", _connect)
    return home


def _refuse(*_: object) -> None:
    raise AssertionError("a test tried to reach the network")


@pytest.fixture(scope="session", autouse=True)
def _fitted_once() -> Iterator[None]:
    """Heads of the same rows are fitted once: most tests judge by the same few profiles. What is fitted depends on its
    arguments alone, and each test gets a copy."""
    from modcli.cascade import preparation
    from modcli.judges import fitting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "_fit_head", _remembered(fitting._fit_head))
        patch.setattr(preparation, "fit_pleas", _remembered(preparation.fit_pleas))
        yield


def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[bytes, Any] = {}

    def answer(*arguments: Any) -> Any:
        key = pickle.dumps(arguments)
        if key not in known:
            known[key] = function(*arguments)
        return copy.deepcopy(known[key])

    return answer


class _Unsynchronized(sqlite3.Connection):
    """What a test writes need not outlive a power cut: waiting for the disk took most of the time of many tests."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA journal_mode"):
            super().execute("PRAGMA synchronous = OFF")
        elif sql.startswith("PRAGMA synchronous"):
            sql = "PRAGMA synchronous = OFF"
        return super().execute(sql, parameters)


_sqlite_connect = sqlite3.connect


def _connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _sqlite_connect(*arguments, **{"factory": _Unsynchronized, **options})
    return connection
