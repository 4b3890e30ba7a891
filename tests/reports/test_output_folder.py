"""Several files into one folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modcli.errors import OutputError
from modcli.reports.output_folder import write_output_folder

MINE = re.compile(r"list(_\d+)?\.csv")


def test_files_are_written_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert write_output_folder(folder, {"x.txt": b"1", "list.csv": b"2"}, replaces=MINE) == []
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == {"x.txt": b"1", "list.csv": b"2"}


def test_nothing_is_lost_unasked(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"old")
    (tmp_path / "list_3.csv").write_bytes(b"old")
    (tmp_path / "other.csv").write_bytes(b"somebody's")
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    for files in ({"list.csv": b"new"}, {"new.txt": b"new", "list.csv": b"old"}):
        with pytest.raises(OutputError, match=r"list(_3)?\.csv") as told:
            write_output_folder(tmp_path, files, replaces=MINE)
        assert "--force" in (told.value.hint or "")
        assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before
    assert write_output_folder(tmp_path, {"list.csv": b"new"}, replaces=MINE, force=True) == ["list_3.csv"]
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {
        "list.csv": b"new",
        "other.csv": b"somebody's",
    }


def test_the_same_again_is_in_nobodys_way(tmp_path: Path) -> None:
    files = {"page.txt": b"1", "list.csv": b"2"}
    write_output_folder(tmp_path, files, replaces=MINE)
    times = [(tmp_path / name).stat().st_mtime_ns for name in files]
    write_output_folder(tmp_path, files, replaces=MINE)
    assert [(tmp_path / name).stat().st_mtime_ns for name in files] == times


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(OutputError, match="is no folder"):
        write_output_folder(tmp_path / "f", {"x": b""}, replaces=MINE)
    (tmp_path / "d" / "list.csv").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot be written"):
        write_output_folder(tmp_path / "d", {"list.csv": b""}, replaces=MINE, force=True)
