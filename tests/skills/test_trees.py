"""Folders as trees: what is in them, without ever waiting or following."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modcli.skills.trees import FolderTree, Kind, open_regular


def test_children_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("12")
    (tmp_path / "b.py").chmod(0o755)
    (tmp_path / "a" / "c").mkdir(parents=True)
    tree = FolderTree(tmp_path)
    folder, file = tree.children("")
    assert (folder.path, folder.kind, file.path, file.kind) == ("a", Kind.FOLDER, "b.py", Kind.FILE)
    assert (file.size, file.runs) == (2, True)
    (inner,) = tree.children("a")
    assert (inner.path, inner.name) == ("a/c", "c")
    assert tree.entry("nothing").why == "no such file or directory"


def test_what_takes_the_place_of_a_file_is_not_opened(tmp_path: Path) -> None:
    """It may be changed between the look at it and its opening."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    with open_regular(tmp_path / "file") as stream:
        assert stream.read() == b"x"
    for name in ("link", "pipe", "."):
        with pytest.raises(OSError, match=r"symbolic links|no regular file"):
            open_regular(tmp_path / name)
