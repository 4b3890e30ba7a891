"""`modcli cache` from outside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

import modcli.cli.cache
from modcli.cli.app import app


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with two prefixes and a fact, and somebody else's file."""
    monkeypatch.setenv("MODCLI_CACHE_DIR", str(tmp_path))
    for name, size in (("prefixes/" + "a" * 64 + ".kv", 2_000_000), ("models/" + "b" * 64 + ".json", 10)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(bytes(size))
    (tmp_path / "prefixes" / "notes.txt").write_text("mine")
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["cache", *arguments], input=stdin)


def test_info(cache: Path) -> None:
    lines = [json.loads(line) for line in run("info").stdout.splitlines()]
    assert {line["kind"]: line["entries"] for line in lines} == {
        "verdicts": 0,
        "states": 0,
        "judges": 0,
        "prefixes": 1,
        "models": 1,
        "tests": 0,
    }
    whole = json.loads(run("info", "--format", "json").stdout)
    assert (whole["bytes"], whole["folder"], whole["enabled"]) == (2_000_010, str(cache), True)
    assert whole["kinds"] == lines
    table = run("info", "--format", "table").stdout
    assert "total 2.0 MB" in table


def test_clear_wants_a_yes_where_nobody_can_be_asked(cache: Path) -> None:
    result = run("clear")
    assert result.exit_code == 2
    assert result.stderr == "error: nobody can be asked whether to delete it\nhint: add --yes\n"
    assert (cache / "prefixes" / ("a" * 64 + ".kv")).exists()


@pytest.mark.parametrize(("answer", "left"), [("y\n", False), ("n\n", True), ("\n", True)])
def test_clear_asks_on_a_terminal(
    cache: Path, monkeypatch: pytest.MonkeyPatch, answer: str, left: bool
) -> None:
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(modcli.cli.cache, "sys", SimpleNamespace(stdin=terminal, stdout=sys.stdout))
    result = run("clear", "prefixes", stdin=answer)
    assert result.exit_code == 0
    assert "Delete prefixes (2.0 MB)? [y/N]" in result.stderr
    assert (cache / "prefixes" / ("a" * 64 + ".kv")).exists() is left


def test_clear_one_kind(cache: Path) -> None:
    result = run("clear", "prefixes", "--yes")
    assert (result.exit_code, result.stderr) == (0, "prefixes: 2.0 MB freed\n")
    assert sorted(path.name for path in (cache / "prefixes").iterdir()) == ["notes.txt"]
    assert list((cache / "models").iterdir())
    assert run("clear", "prefixes").stderr == "nothing is kept\n"


def test_clear_all(cache: Path) -> None:
    assert run("clear", "-y").stderr == "prefixes, models: 2.0 MB freed\n"


def test_an_unknown_kind(cache: Path) -> None:
    result = run("clear", "prefix")
    assert result.exit_code == 2
    assert "hint: the kinds are verdicts, states, judges, prefixes, models, tests" in result.stderr
