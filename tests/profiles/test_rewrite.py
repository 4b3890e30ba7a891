"""A file is replaced whole or not at all, by one writer after another."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from modcli.errors import ProfileError
from modcli.profiles import rewrite as module
from modcli.profiles.edit import block
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.profiles.plan import editable
from modcli.profiles.rewrite import rewrite

from .conftest import Write

TEXT = b"categories: {t: {definition: d}}\n"
WRITER = """
import sys
from pathlib import Path
from modcli.profiles.edit import extend
from modcli.profiles.find import Shelf
from modcli.profiles.plan import editable
shelf = Shelf(Path(sys.argv[1]), Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    extend(editable("mine", shelf), shelf, "t", examples=[f"{sys.argv[2]} {number}"])
"""


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".tmp")


def test_two_writers_at_once_lose_nothing(shelf: Shelf, write: Write) -> None:
    write("mine", TEXT.decode())
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(shelf.user), name, "12"], stderr=subprocess.PIPE)
        for name in ("one", "two", "three")
    ]
    for writer in writers:
        _, told = writer.communicate(timeout=60)
        assert writer.returncode == 0, told.decode()
    texts = {shot.text for shot in load("mine", shelf).by_name["t"].examples}
    assert texts == {f"{name} {number}" for name in ("one", "two", "three") for number in range(12)}
    assert left_behind(shelf.user) == []


@pytest.mark.parametrize("broken", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
def test_a_failure_at_any_moment_leaves_the_file_as_it_was(
    shelf: Shelf, write: Write, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = write("mine", TEXT.decode())

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(broken, fail)
        with pytest.raises(ProfileError, match="cannot be changed: No space left on device"):
            block(editable("mine", shelf), shelf, "t", examples=["a"])
    assert path.read_bytes() == TEXT
    assert left_behind(shelf.user) == []
    block(editable("mine", shelf), shelf, "t", examples=["a"])


def test_an_interruption_leaves_nothing_behind(
    shelf: Shelf, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("mine", TEXT.decode())

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        block(editable("mine", shelf), shelf, "t", examples=["a"])
    assert path.read_bytes() == TEXT
    assert left_behind(shelf.user) == []


def test_the_mode_is_kept_and_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    rewrite(path, lambda _: b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert rewrite(path, lambda old: (old or b"") + b" two") == (b"one", b"one two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "folder" / "link.yaml"
    real.write_bytes(b"one")
    link.parent.mkdir()
    link.symlink_to(real)
    rewrite(link, lambda _: b"two")
    assert link.is_symlink()
    assert real.read_bytes() == b"two"


def test_no_change_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"one")
    before = path.stat()
    rewrite(path, lambda old: old or b"")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    path = tmp_path / "a.yaml"

    def change(_: bytes | None) -> bytes:
        with pytest.raises(ProfileError, match="another process is changing it"):
            rewrite(path, lambda _: b"inner")
        return b"outer"

    rewrite(path, change)
    assert path.read_bytes() == b"outer"
