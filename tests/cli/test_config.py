"""`modcli config` from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modcli.cli.app import app


def test_show_tells_each_value_and_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".modcli.toml").write_text('profile = ["family"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODCLI_THREADS", "2")
    shown = json.loads(CliRunner().invoke(app, ["config", "show"]).stdout)
    assert shown["profile"] == {"value": ["family"], "origin": f"{tmp_path / '.modcli.toml'}:1"}
    assert shown["threads"] == {"value": 2, "origin": "environment MODCLI_THREADS"}
    assert shown["offline"] == {"value": "auto", "origin": "default"}
    table = CliRunner().invoke(app, ["config", "show", "--format", "table"]).stdout
    assert "environment MODCLI_THREADS" in table
    assert "true" in table


def test_path_is_that_of_the_users_file(isolated: Path) -> None:
    result = CliRunner().invoke(app, ["config", "path"])
    assert result.stdout.strip().startswith(str(isolated))
    assert result.stdout.strip().endswith("config.toml")


def test_a_wrong_file_is_an_error_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modcli.toml").write_text("\nfail-on = 'nevr'\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["config", "show"])
    assert result.exit_code == 2
    assert f"error: {tmp_path / 'modcli.toml'}:2: fail-on must be one of" in result.stderr
