"""A file that grows by parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.weights.growing import GrowingFile
from tests.weights.tiny import sha


def test_parts_are_joined_and_counted(tmp_path: Path) -> None:
    with GrowingFile(tmp_path / "a" / "file") as growing:
        growing.append([b"one", b"two"])
        growing.append([b"three"])
    assert (growing.parts, growing.size, growing.digest) == (2, 11, sha(b"onetwothree"))
    assert growing.path.read_bytes() == b"onetwothree"


def test_an_interrupted_part_is_cut_off(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half of it"
        raise KeyboardInterrupt

    with GrowingFile(tmp_path / "file") as growing:
        growing.append([b"one"])
        with pytest.raises(KeyboardInterrupt):
            growing.append(broken())
    with GrowingFile(tmp_path / "file") as growing:
        assert (growing.parts, growing.size) == (1, 3)
        growing.append([b"two"])
    assert growing.path.read_bytes() == b"onetwo"
    assert growing.digest == sha(b"onetwo")


@pytest.mark.parametrize("damage", ["not JSON", '{"bytes": 3}', '{"bytes": 99, "sha256": "0"}', ""])
def test_a_damaged_journal_counts_up_to_the_damage(tmp_path: Path, damage: str) -> None:
    with GrowingFile(tmp_path / "file") as growing:
        growing.append([b"one"])
        growing.append([b"two"])
    journal = tmp_path / "file.journal"
    journal.write_text(journal.read_text().splitlines()[0] + "\n" + damage + "\n")
    with GrowingFile(tmp_path / "file") as growing:
        assert (growing.parts, growing.size) == (1, 3)


def test_a_changed_part_is_not_counted(tmp_path: Path) -> None:
    with GrowingFile(tmp_path / "file") as growing:
        growing.append([b"one"])
        growing.append([b"two"])
    growing.path.write_bytes(b"onetwx")
    with GrowingFile(tmp_path / "file") as growing:
        assert (growing.parts, growing.size) == (1, 3)


def test_nothing_leaves_nothing(tmp_path: Path) -> None:
    with GrowingFile(tmp_path / "file"):
        pass
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.binary(max_size=40), max_size=6), cut=st.integers(0, 300))
def test_wherever_it_was_cut_it_ends_whole(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], cut: int
) -> None:
    path = tmp_path_factory.mktemp("grow") / "file"
    with GrowingFile(path) as growing:
        for part in parts:
            growing.append([part])
    if path.exists():
        path.write_bytes(path.read_bytes()[:cut])
    with GrowingFile(path) as growing:
        for part in parts[growing.parts :]:
            growing.append([part])
    assert growing.digest == sha(b"".join(parts))
    assert not growing.size or path.read_bytes() == b"".join(parts)
