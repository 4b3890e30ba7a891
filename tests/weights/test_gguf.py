"""What is a GGUF file and what is not."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from modcli.errors import WeightsError
from modcli.weights.gguf import check_gguf
from tests.weights.tiny import gguf

WHOLE = gguf(500)


def test_a_whole_file_passes(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(WHOLE)
    check_gguf(path)


@pytest.mark.parametrize("kept", [len(WHOLE) - 1, len(WHOLE) - 400, 60, 30, 10, 5, 4])
def test_a_file_cut_anywhere_is_told(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(WHOLE[:kept])
    with pytest.raises(WeightsError, match="cut short"):
        check_gguf(path)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not a GGUF file"),
        (b"GG", "not a GGUF file"),
        (b"PK\3\4" + bytes(100), "not a GGUF file"),
        (b"GGUF" + struct.pack("<IQQ", 9, 1, 1) + bytes(100), "damaged"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1) + bytes(100), "damaged"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62) + bytes(100), "damaged"),
        (b"GGUF" + struct.pack("<IQQQI", 3, 0, 1, 0, 77) + bytes(100), "damaged"),
        # Lists within lists, ten thousand deep.
        (
            b"GGUF" + struct.pack("<IQQQI", 3, 0, 1, 0, 9) + struct.pack("<IQ", 9, 1) * 10_000,
            "damaged",
        ),
    ],
)
def test_other_files_are_told(tmp_path: Path, data: bytes, complaint: str) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=complaint) as caught:
        check_gguf(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is a folder"):
        check_gguf(tmp_path)
    with pytest.raises(WeightsError, match="No such file"):
        check_gguf(tmp_path / "none.gguf")
