"""Output: each record at once and whole, and a full disk or a gone reader told apart."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from modcli.errors import OutputError
from modcli.reports.output import Output, ReaderGone, standard_output


class Dripping(io.RawIOBase):
    """Takes three bytes at a time."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.taken += bytes(data)[:3]  # type: ignore[call-overload]
        return min(3, len(data))  # type: ignore[arg-type]


def test_a_record_is_written_whole() -> None:
    stream = Dripping()
    Output(stream).write(b"0123456789")
    assert stream.taken == b"0123456789"


def test_a_full_disk() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OutputError) as caught:
        Output(full).write(b"x")
    assert caught.value.message == "cannot write to standard output: No space left on device"
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_reader_that_is_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.FileIO(writing, "wb") as pipe, pytest.raises(ReaderGone):
        Output(pipe).write(b"x")


def test_closed_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="standard output is closed"):
        standard_output()
