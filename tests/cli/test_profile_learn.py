"""`modcli profile learn`: rows in, shots out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from modcli.cli.app import app

Run = Callable[..., Result]

MINE = """\
# mine
categories:
  crypto:
    examples: ["to the moon"]   # a classic
    counterexamples: [a coin for the trolley]
  spam: {definition: Sells things.}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MODCLI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(MINE)

    def run(*arguments: str, rows: list[Any] | None = None, stdin: str = "") -> Result:
        if rows is not None:
            lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
            Path("rows.jsonl").write_text("".join(f"{line}\n" for line in lines))
        return CliRunner().invoke(
            app, ["profile", "learn", "rows.jsonl", "-p", "./mine.yaml", *arguments], input=stdin
        )

    return run


def row(text: str, *labels: str, **more: Any) -> Mapping[str, Any]:
    return {"text": text, "labels": list(labels), **more}


def shots() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(Path("mine.yaml").read_text()).get("shots", [])
    return found


def test_each_row_becomes_a_shot(run: Run) -> None:
    result = run(rows=[row("wen lambo", "crypto"), row("buy", "spam", unknown=["crypto"]), row("hello")])
    assert result.exit_code == 0
    assert result.stderr == "3 answers learned\n"
    assert result.stdout.endswith("+  - {text: hello, labels: []}\n")
    assert Path("mine.yaml").read_text().startswith(MINE)
    assert shots() == [
        {"text": "wen lambo", "labels": ["crypto"]},
        {"text": "buy", "labels": ["spam"], "unknown": "*"},
        {"text": "hello", "labels": []},
    ]
    again = run()
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == "0 answers learned (3 known already)\n"


def test_what_no_row_speaks_of_is_unknown(run: Run) -> None:
    result = run(rows=[row("wen lambo", "crypto"), row("hello")])
    assert "no row says anything of spam" in result.stderr
    assert [shot["unknown"] for shot in shots()] == ["*", ["spam"]]


def test_labels_of_other_names_are_mapped_or_left_out(run: Run) -> None:
    rows = [row("a", "btc"), row("b", "crypto"), row("c", "weather"), row("d", "spam")]
    result = run("--map", "btc=crypto", rows=rows)
    assert result.exit_code == 3
    assert "1 row left out for a label that is no category of the profile: 'weather'" in result.stderr
    assert "exit status 3: 1 left out" in result.stderr
    assert [(shot["text"], shot["labels"]) for shot in shots()] == [
        ("a", ["crypto"]),
        ("b", ["crypto"]),
        ("d", ["spam"]),
    ]
    assert run("--map", "btc=crypto", "--map", "weather=").exit_code == 0
    assert shots()[-1] == {"text": "c", "labels": []}


def test_contradictions_are_told_with_both_places(run: Run) -> None:
    rows = [row("x", "spam"), row("a coin for the trolley", "crypto"), row("x"), row("y", "spam")]
    result = run(rows=rows)
    assert result.exit_code == 3
    assert "rows.jsonl:3: 'x' is labelled none, and at rows.jsonl:1 it is spam: left out" in result.stderr
    assert "rows.jsonl:2: 'a coin for the trolley' is labelled crypto, and at " in result.stderr
    assert "mine.yaml:5:23 it is a counterexample of 'crypto': left out" in result.stderr
    assert "1 answer learned (2 left out for a contradiction)" in result.stderr
    assert "hint: --overrule" in result.stderr
    result = run("--overrule")
    assert "the answer counts" in result.stderr
    assert {"text": "a coin for the trolley", "labels": ["crypto"]} in shots()
    assert "trolley" not in Path("mine.yaml").read_text().partition("shots:")[0]


def test_many_rows_are_not_shown_one_by_one_and_limited(run: Run, tmp_path: Path) -> None:
    rows = [row(f"post {number}", "spam" if number % 2 else "crypto") for number in range(300)]
    result = run("--limit", "256", rows=rows)
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'mine.yaml'}\n")
    assert result.stderr == "256 answers learned\n"
    assert len(shots()) == 256
    assert run("--dry-run").stderr == "44 answers would be learned (256 known already)\n"
    assert len(shots()) == 256


def test_a_profile_that_ships_is_extended(run: Run, tmp_path: Path) -> None:
    result = run("-p", "spam-only", rows=[row("buy now", "spam")])
    assert result.exit_code == 0
    assert "ships with modcli" in result.stderr
    assert "extends: spam-only" in (tmp_path / "config" / "profiles" / "spam-only.yaml").read_text()


def test_standard_input_and_other_fields(run: Run) -> None:
    line = json.dumps({"post": {"content": "buy"}, "kind": "spam"}) + "\n"
    result = CliRunner().invoke(
        app,
        [
            "profile",
            "learn",
            "-",
            "-p",
            "./mine.yaml",
            "--text-field",
            "post.content",
            "--label-field",
            "kind",
        ],
        input=line,
    )
    assert result.exit_code == 0, result.stderr
    assert shots()[0]["text"] == "buy"


@pytest.mark.parametrize(
    ("rows", "arguments", "says"),
    [
        ([], [], "error: there is no answer in rows.jsonl"),
        (["", "not json"], [], "error: there is no answer in rows.jsonl"),
        ([{"text": "a", "label": 1}], [], "error: rows.jsonl: no row has a field 'labels'"),
        ([row("a", "1")], [], "error: rows.jsonl: none of the labels is a category"),
        ([row("a", "spam")], ["--map", "spam"], "error: --map spam: write it as theirs=ours"),
        ([row("a", "spam")], ["--map", "a=spma"], "the profile has no category 'spma'"),
        ([row("a", "spam")], ["-p", "nope"], "error: there is no profile 'nope'"),
        ([row("a " * 600_000, "spam")], [], "1 answers do not fit"),
    ],
)
def test_what_cannot_be_learned_changes_nothing(
    run: Run, rows: list[Any], arguments: list[str], says: str
) -> None:
    result = run(*arguments, rows=rows)
    assert result.exit_code == 2
    assert says in result.stderr
    assert Path("mine.yaml").read_text() == MINE


def test_unusable_rows_are_told_and_the_rest_is_learned(run: Run) -> None:
    rows = [
        row("a", "spam"),
        "{",
        row("  "),
        {"text": "b", "labels": {"spam": 0.5}},
        {"text": "c"},
        row("d", "crypto"),
    ]
    result = run(rows=rows)
    assert result.exit_code == 3
    for place in ("rows.jsonl:2", "rows.jsonl:3", "rows.jsonl:4", "rows.jsonl:5"):
        assert place in result.stderr
    assert "exit status 3: 4 left out" in result.stderr
    assert [shot["text"] for shot in shots()] == ["a", "d"]
