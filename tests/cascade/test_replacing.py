"""A file is replaced whole, or stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.cascade.replacing import replacing


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    file.write_text("old", "utf-8")
    with replacing(file) as unfinished:
        unfinished.write_text("ne", "utf-8")
        assert file.read_text("utf-8") == "old"
        assert unfinished.name.startswith(".")
        unfinished.write_text("new", "utf-8")
    assert file.read_text("utf-8") == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_where_it_fails_nothing_is_left_of_it(tmp_path: Path, error: BaseException) -> None:
    file = tmp_path / "kept.json"
    file.write_text("old", "utf-8")

    def write() -> None:
        with replacing(file) as unfinished:
            unfinished.write_text("half", "utf-8")
            raise error

    with pytest.raises(type(error)):
        write()
    assert file.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_where_nothing_was_written_that_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError), replacing(tmp_path / "kept.json"):  # noqa: PT011
        pass
