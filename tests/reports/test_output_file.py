from __future__ import annotations

import os
from pathlib import Path

import pytest

from modcli.errors import OutputError
from modcli.reports import output_file
from modcli.reports.output_file import check_output_file, write_output_file


def test_what_can_be_written_is_checked_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("old")
    for name in ("new.html", "old.html"):
        check_output_file(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["old.html"]
    assert (tmp_path / "old.html").read_text() == "old"


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    usual, path = tmp_path / "usual", tmp_path / "report.html"
    usual.touch()
    write_output_file(path, b"<p>")
    assert path.read_bytes() == b"<p>"
    assert path.stat().st_mode == usual.stat().st_mode


def test_an_existing_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to("real")
    write_output_file(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


def test_a_device_is_written_to() -> None:
    check_output_file(Path("/dev/null"))
    write_output_file(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none/report.html", "there is no such folder"),
        ("file/report.html", "there is no such folder"),
        ("folder", "is a folder"),
        ("x" * 300, "File name too long"),
        ("a\0b", "embedded null"),
    ],
)
def test_what_cannot_be_written_is_told_beforehand(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for attempt in (check_output_file, lambda path: write_output_file(path, b"")):
        with pytest.raises(OutputError, match=reason):
            attempt(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="permission denied"):
        check_output_file(tmp_path / "report.html")
    tmp_path.chmod(0o700)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output_file.os, "fsync", full)
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(OutputError, match="No space left on device"):
        check_output_file(path)
    with pytest.raises(OutputError, match="No space left on device"):
        write_output_file(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
