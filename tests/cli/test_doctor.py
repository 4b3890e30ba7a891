"""`modcli doctor` from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modcli.cli.app import app
from modcli.weights.places import Places
from modcli.weights.registry import load_registry


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments])


def found(result: Result) -> dict[str, dict[str, str]]:
    return {finding["what"]: finding for finding in map(json.loads, result.stdout.splitlines())}


def test_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("--backend", "scripted")
    assert result.exit_code == 0, result.output
    findings = found(result)
    assert {finding["state"] for finding in findings.values()} <= {"ok", "warning"}
    assert findings["an example of toxicity"]["detail"].startswith("block, as it should be")
    assert findings["an ordinary post"]["detail"].startswith("allow, as it should be")


def test_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_DATA_DIR", str(tmp_path))
    lines = run("--format", "table").stdout.splitlines()
    assert lines[0].split()[:3] == ["ok", "version", "modcli"]
    assert any(line.startswith("warning  weights") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "status", "state"), [((), 0, "warning"), (("--offline",), 2, "problem")]
)
def test_no_weights(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    state: str,
) -> None:
    monkeypatch.setenv("MODCLI_DATA_DIR", str(tmp_path))
    result = run(*arguments)
    assert result.exit_code == status
    assert found(result)["weights"]["state"] == state
    assert found(result)["end to end"]["detail"] == "not tried, for there is no model"
    assert "hint: weights: " in result.stderr


def test_altered_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_DATA_DIR", str(tmp_path))
    file = Places(tmp_path).handed_out(load_registry().get("smollm2-135m"))
    file.parent.mkdir(parents=True)
    file.write_bytes(b"GGUF")
    result = run("--model", "smollm2-135m")
    assert result.exit_code == 2
    assert found(result)["weights"]["detail"] == "smollm2-135m is altered"


def test_broken_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modcli.toml").write_text("fail-on = 'nevr'\n")
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 2
    assert found(result)["settings"]["state"] == "problem"
    assert "hint: " not in result.stdout


def test_a_broken_profile_among_good_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_CONFIG_DIR", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.yaml").write_text("categories: {rude: {action: blok}}\n")
    result = run("--backend", "scripted")
    assert (result.exit_code, found(result)["profile mine"]["state"]) == (0, "warning")
    result = run("--backend", "scripted", "-p", "mine")
    assert (result.exit_code, found(result)["profile mine"]["state"]) == (2, "problem")
