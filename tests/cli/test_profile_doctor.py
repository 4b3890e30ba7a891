"""`modcli profile doctor`: findings, what is dropped, and the exit status."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modcli.cli import profile_doctor
from modcli.cli.app import app
from modcli.cli.keys import Keys

SELLS = ("coin", "moon", "profit", "wallet", "token", "sure", "double", "invest")
TALKS = ("lake", "bread", "train", "garden", "cat", "window", "soup", "bicycle")

Run = Callable[..., Result]


def posts(words: tuple[str, ...], count: int, seed: int) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join((*drawn.sample(words, 5), f"number{seed}{i}")) for i in range(count)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a profile in which three counterexamples are examples: `shared`, and `mine`, which extends
    it and has a fourth."""
    monkeypatch.setenv("MODCLI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MODCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.chdir(tmp_path)
    slipped = posts(SELLS, 1, 3) * 3
    lines = ["# shared", "categories:", "  ads:", "    definition: Sells coins.", "    examples:"]
    lines += [f"      - {text}" for text in posts(SELLS, 10, 1)]
    lines += ["    counterexamples:", *(f"      - {text}" for text in posts(TALKS, 10, 2))]
    lines += [f"      - {text} {i * 'indeed'}" for i, text in enumerate(slipped)]
    Path("shared.yaml").write_text("\n".join(lines) + "\n")
    Path("mine.yaml").write_text("extends: ./shared.yaml   # theirs\n")
    Path("clean.yaml").write_text("\n".join(lines[:-3]) + "\n")
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, ["profile", "doctor", *arguments], input=stdin)

    return run


def test_a_healthy_profile(run: Run) -> None:
    result = run("-p", "./clean.yaml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines()[-1] == "./clean.yaml: nothing found"


def test_what_is_found_is_a_record_a_line(run: Run) -> None:
    result = run("-p", "./mine.yaml")
    assert result.exit_code == 1
    (record,) = map(json.loads, result.stdout.splitlines())
    assert record["kind"] == "blunting"
    assert len(record["shots"]) == 3
    assert {shot["profile"] for shot in record["shots"]} == {"shared"}
    assert all(shot["inherited"] for shot in record["shots"])
    assert record["loss"][1] < record["loss"][0]
    assert not record["dropped"]
    assert result.stderr.splitlines()[-1] == "exit status 1: 1 finding of harm"


def test_a_table_for_a_person(run: Run) -> None:
    table = run("-p", "./shared.yaml", "--format", "table").stdout
    assert table.startswith("BLUNTING  ads\n")
    assert "shared.yaml:28:9" in "".join(table.split())  # a long path is broken at the end of a line
    assert "inherited" not in table


def test_drop_takes_out_what_harms(run: Run, folder: Path) -> None:
    before = Path("shared.yaml").read_text()
    result = run("-p", "./shared.yaml", "--drop")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["dropped"]
    assert Path("shared.yaml").read_text() == "".join(before.splitlines(keepends=True)[:-3])
    assert f"{folder / 'shared.yaml'}: changed" in result.stderr
    again = run("-p", "./shared.yaml", "--drop")
    assert (again.exit_code, again.stdout) == (0, "")


def test_what_is_inherited_is_dropped_in_the_file_at_hand(run: Run) -> None:
    before = Path("shared.yaml").read_text()
    result = run("-p", "./mine.yaml", "--drop", "--format", "table")
    assert result.exit_code == 0
    assert '+  - {text: "' in result.stdout
    assert Path("shared.yaml").read_text() == before
    mine = Path("mine.yaml").read_text()
    assert mine.startswith("extends: ./shared.yaml   # theirs\nshots:\n")
    assert mine.count('labels: [], unknown: "*"}') == 3
    assert run("-p", "./mine.yaml").stderr.endswith("./mine.yaml: nothing found\n")


def test_a_dry_run_writes_nothing(run: Run) -> None:
    before = Path("mine.yaml").read_text()
    result = run("-p", "./mine.yaml", "--dry-run", "--format", "table")
    assert result.exit_code == 1
    assert '+  - {text: "' in result.stdout
    assert "would be changed" in result.stderr
    assert Path("mine.yaml").read_text() == before


def test_a_profile_that_ships_is_left_as_it_is(run: Run, folder: Path) -> None:
    result = run("-p", "default", "--drop")
    assert result.exit_code == 0
    assert not (folder / "config" / "profiles" / "default.yaml").exists()


def test_answers_are_measured_on(run: Run) -> None:
    rows = [{"text": text, "labels": ["ads"]} for text in posts(SELLS, 30, 7)]
    rows += [{"text": text, "labels": []} for text in posts(TALKS, 30, 8)]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "broken\n")
    result = run("-p", "./mine.yaml", "--answers", "answers.jsonl")
    answers = json.loads(result.stdout.splitlines()[0])["answers"]
    assert answers["count"] == 60
    assert answers["loss"][1] < answers["loss"][0]
    assert "1 row that cannot be read left out (answers.jsonl:61" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-p", "./nope.yaml"], "error: nope.yaml is not there"),
        (["-p", "./clean.yaml", "--answers", "nope.jsonl"], "error: nope.jsonl: no such file"),
        (["-p", "./clean.yaml", "--answers", "empty.jsonl"], "error: there is no answer in empty.jsonl"),
        (["-p", "./broken.yaml"], "broken.yaml:1:2: unknown key 'categorie'"),
    ],
)
def test_what_cannot_be_done_is_an_error(run: Run, arguments: list[str], says: str) -> None:
    Path("empty.jsonl").write_text("")
    Path("broken.yaml").write_text("{categorie: {}}")
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_one_profile_at_a_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_PROFILE", os.pathsep.join(("default", "family")))
    result = run()
    assert result.exit_code == 2
    assert "one profile is needed" in result.stderr


@pytest.mark.parametrize(("typed", "status", "lines"), [("y", 0, 5), ("n", 1, 1), ("q", 1, 1), ("", 1, 1)])
def test_a_key_drops_or_keeps(
    run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, status: int, lines: int
) -> None:
    monkeypatch.setattr(profile_doctor, "is_conversation", lambda: True)
    monkeypatch.setattr(Keys, "_next", lambda _keys: typed)
    result = run("-p", "./mine.yaml", "--format", "table")
    assert result.exit_code == status
    assert "Drop them? [y/n/q]" in result.stderr
    assert len(Path("mine.yaml").read_text().splitlines()) == lines
