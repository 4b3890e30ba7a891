"""Inputs by name: what cannot be read is told before anything else happens."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from modcli.errors import SourceError
from modcli.sources.inputs import check_inputs, read_inputs, refuse_output
from modcli.sources.text import read_text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"one\ntwo")
    (tmp_path / "b.txt").write_bytes(b"three\n")
    (tmp_path / "wide.txt").write_bytes("hello".encode("utf-16"))
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nosuch.txt", "nosuch.txt: no such file"),
        ("sub", "sub: is a folder"),
        ("wide.txt", "wide.txt: is UTF-16 or UTF-32 text; modcli reads UTF-8"),
        ("a\0b", "a\0b: cannot be opened: embedded null byte"),
        ("a.txt/x", "a.txt/x: cannot be opened: Not a directory"),
    ],
)
def test_what_cannot_be_read(folder: Path, name: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        check_inputs(["a.txt", name])
    assert str(caught.value) == message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(folder: Path) -> None:
    (folder / "b.txt").chmod(0)
    with pytest.raises(SourceError, match="permission denied"):
        check_inputs(["b.txt"])


def test_files_follow_each_other(folder: Path) -> None:
    found = list(read_inputs(["a.txt", "b.txt"], lambda _: read_text))
    assert [(item.id, item.text) for item in found] == [
        ("a.txt:1", "one"),
        ("a.txt:2", "two"),
        ("b.txt:1", "three"),
    ]


def test_a_file_that_vanished_is_told_after_what_came_before(folder: Path) -> None:
    check_inputs(["a.txt", "b.txt"])
    (folder / "b.txt").unlink()
    source = read_inputs(["a.txt", "b.txt"], lambda _: read_text)
    assert [next(source).text, next(source).text] == ["one", "two"]
    with pytest.raises(SourceError, match="no such file"):
        next(source)


def test_a_pipe_is_not_opened_by_the_check(folder: Path) -> None:
    os.mkfifo("pipe")
    check_inputs(["pipe"])  # opening it would wait for a writer for ever


def test_dash_is_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from stdin\n")))
    found = list(read_inputs(["-", "b.txt"], lambda _: read_text))
    assert [(item.id, str(item.location)) for item in found] == [
        ("1", "<stdin>:1"),
        ("b.txt:1", "b.txt:1"),
    ]


def test_an_input_must_not_be_the_output(folder: Path) -> None:
    with Path("a.txt").open("ab") as output:
        refuse_output(["b.txt"], output.fileno())
        with pytest.raises(SourceError, match=r"a\.txt: is the output as well"):
            refuse_output(["b.txt", "sub/../a.txt"], output.fileno())
    with Path("/dev/null").open("ab") as output:
        refuse_output(["/dev/null"], output.fileno())


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match="<stdin>: is closed"):
        check_inputs(["-"])
