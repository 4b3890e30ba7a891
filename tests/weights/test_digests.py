"""Digests that are remembered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modcli.errors import WeightsError
from modcli.weights.digests import DigestRecords
from tests.weights.tiny import sha


@pytest.fixture
def records(tmp_path: Path) -> DigestRecords:
    return DigestRecords(tmp_path / "data" / "verified.json")


def test_a_digest_is_remembered_until_the_file_changes(records: DigestRecords, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    assert records.known(file) is None
    assert records.digest(file) == sha(b"one")
    assert records.known(file) == sha(b"one")
    file.write_bytes(b"two")
    assert records.known(file) is None
    assert records.digest(file) == sha(b"two")


def test_a_change_is_seen_behind_an_old_time(records: DigestRecords, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    before = file.stat()
    records.digest(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert records.digest(file) == sha(b"two")


def test_afresh_does_not_believe_the_record(records: DigestRecords, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    records.keep(file, "0" * 64)
    assert records.digest(file) == "0" * 64
    assert records.digest(file, afresh=True) == sha(b"one")
    assert records.known(file) == sha(b"one")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"x": 1}'])
def test_damaged_records_are_made_anew(tmp_path: Path, damage: str) -> None:
    path, file = tmp_path / "verified.json", tmp_path / "file"
    path.write_text(damage)
    file.write_bytes(b"one")
    assert DigestRecords(path).digest(file) == sha(b"one")
    assert DigestRecords(path).known(file) == sha(b"one")


def test_forget_drops_a_folder_and_no_more(records: DigestRecords, tmp_path: Path) -> None:
    for name in ("a/file", "ab/file"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"one")
        records.digest(tmp_path / name)
    records.forget(tmp_path / "a")
    assert records.known(tmp_path / "a" / "file") is None
    assert records.known(tmp_path / "ab" / "file")


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    file = tmp_path / "file"
    file.write_bytes(b"one")
    assert DigestRecords(tmp_path / "taken" / "verified.json").digest(file) == sha(b"one")


def test_a_missing_file_is_told(records: DigestRecords, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        records.digest(tmp_path / "none")
