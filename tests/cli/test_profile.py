"""`modcli profile`: every command, its output and its exit status."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from typer.testing import CliRunner, Result

from modcli.cli import editor as editor_module
from modcli.cli.app import app

Run = Callable[..., Result]

MINE = "extends: default\n# mine\ncategories:\n  crypto:\n    examples: [to the moon]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's profiles, and an empty folder to work in."""
    monkeypatch.setenv("MODCLI_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    profiles = tmp_path / "config" / "profiles"
    profiles.mkdir(parents=True)
    return profiles


@pytest.fixture
def run(folder: Path) -> Run:
    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, ["profile", *arguments], input=stdin)

    return run


def test_init_writes_a_starter_that_validates(run: Run, folder: Path) -> None:
    result = run("init", "mine")
    assert (result.exit_code, result.stdout) == (0, f"{folder / 'mine.yaml'}\n")
    assert run("validate", "mine").exit_code == 0
    assert run("init", "mine").exit_code == 2
    assert run("init", "Mine!").exit_code == 2
    assert run("init", "./here.yaml", "--extends", "").exit_code == 0
    assert "here" in yaml.safe_load(Path("here.yaml").read_text())["categories"]


def test_list_tells_name_origin_and_size(run: Run, folder: Path) -> None:
    (folder / "default.yaml").write_text(MINE)
    (folder / "broken.yaml").write_text("categories: {")
    rows = [json.loads(line) for line in run("list").stdout.splitlines()]
    by_name = {(row["name"], row["from"]): row for row in rows}
    assert by_name["default", "user"]["categories"] == by_name["default", "shipped"]["categories"] + 1
    assert by_name["default", "shipped"]["hidden"]
    assert "broken.yaml:1:14" in by_name["broken", "user"]["error"]
    table = run("list", "--format", "table").stdout
    assert "yours comes" in table
    assert "spam-only" in table


def test_show_prints_the_resolved_profile(run: Run, folder: Path) -> None:
    (folder / "mine.yaml").write_text(MINE)
    result = run("show", "-p", "mine")
    assert result.stderr == f"mine: {folder / 'mine.yaml'} (user)\n"
    assert yaml.safe_load(result.stdout)["categories"]["crypto"]["examples"] == ["to the moon"]
    assert (
        json.loads(run("show", "mine", "--format", "json").stdout)["categories"]["crypto"]["action"]
        == "block"
    )
    table = run("show", "mine", "--format", "table").stdout
    assert "crypto" in table
    assert "negative-sentiment" in table
    assert "crypto" in yaml.safe_load(run("show", "-p", "spam-only", "-p", "mine").stdout)["categories"]


def test_the_profile_of_the_settings_is_the_default(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mine.yaml").write_text(MINE)
    monkeypatch.setenv("MODCLI_PROFILE", "mine")
    assert run("path").stdout == f"{folder / 'mine.yaml'}\n"
    assert run("block", "crypto", "-e", "hodl").exit_code == 0
    assert "hodl" in (folder / "mine.yaml").read_text()
    monkeypatch.delenv("MODCLI_PROFILE")
    assert run("path").stdout.endswith("profiles/default.yaml\n")


def test_validate_warns_on_stderr_and_exits_as_asked(run: Run, folder: Path) -> None:
    (folder / "weak.yaml").write_text("categories: {t: {definition: Be strict., threshold: 1}}")
    (folder / "broken.yaml").write_text("categories:\n  t: {acton: block}\n")
    weak = run("validate", "weak")
    assert (weak.exit_code, weak.stdout) == (0, "")
    assert "warning: weak: t: a short definition" in weak.stderr
    assert "weak: valid, 3 warnings" in weak.stderr
    assert run("validate", "weak", "--strict").exit_code == 1
    assert run("validate", "default", "--strict").exit_code == 0
    both = run("validate", "broken", "weak", "--strict")
    assert both.exit_code == 2
    assert "broken.yaml:2:7: unknown key 'acton'" in both.stderr
    assert "hint: did you mean action?" in both.stderr
    assert "weak: valid" in both.stderr


def test_an_edit_of_the_default_profile_makes_one_of_the_users(run: Run, folder: Path) -> None:
    first = run("block", "crypto-shilling", "--example", "to the moon")
    assert first.exit_code == 0
    assert "ships with modcli" in first.stderr
    assert first.stdout.startswith(f"--- /dev/null\n+++ {folder / 'default.yaml'}\n")
    assert "+extends: default" in first.stdout
    second = run("unblock", "crypto-shilling", "--from", "spam")
    assert "ships" not in second.stderr
    assert "-    action: block\n+    action: allow\n" in second.stdout
    assert "note: 'crypto-shilling' is recognized much better" in second.stderr


def test_unblock_hints_at_from(run: Run) -> None:
    result = run("unblock", "profanity", "-p", "family")
    (hint,) = (line for line in result.stderr.splitlines() if line.startswith("hint: "))
    assert hint.endswith("--from bullying")
    assert "hint: " not in run("unblock", "profanity", "-p", "family", "--from", "bullying").stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["block", "t", "--definition", "d"], '+    definition: "d'),
        (["warn", "spam"], "+    action: warn"),
        (["unblock", "spam"], "+    action: allow"),
        (["extend", "spam", "-e", "fr33", "--note", "n"], '+      - "fr33'),
        (["add-shot", "a b", "-l", "spam", "-l", "toxicity", "--reason", "r"], "+  - {text:"),
        (["add-shot", "a b", "--counter", "spam"], "+    counterexamples:"),
        (["add-shot", "a b", "--ordinary"], "+ordinary:"),
    ],
)
def test_every_edit_prints_what_changed(run: Run, folder: Path, arguments: list[str], expected: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert expected.replace('"d', "d").replace('"fr33', "fr33") in result.stdout
    assert (folder / "default.yaml").is_file()
    again = run(*arguments) if arguments[0] != "extend" else run("extend", "spam", "-e", "fr33")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "nothing changed" in again.stderr


def test_a_picture_as_a_shot(run: Run, folder: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    (folder / "mine.yaml").write_text(MINE)
    image.new("RGB", (40, 30), "red").save(tmp_path / "work" / "coin.png")
    added = run("add-shot", "--image", "coin.png", "-l", "crypto", "--reason", "A coin.", "-p", "mine")
    assert added.exit_code == 0, added.stderr
    assert '{image: "../../work/coin.png", reason: "A coin."}' in added.stdout
    assert run("validate", "mine").exit_code == 0
    again = run("add-shot", "--image", "coin.png", "-l", "crypto", "-p", "mine")
    assert "nothing changed" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "gone.png", "-l", "crypto"], "gone.png: it cannot be read: No such file"),
        (["--image", ".", "-l", "crypto"], "it is a folder"),
        (["--image", "words.png", "-l", "crypto"], "words.png: it is no picture, but text"),
        (["--image", "cut.png", "-l", "crypto"], "cut.png: it begins as png, and no picture can be read"),
        (["a post", "--image", "words.png", "-l", "crypto"], "a picture is added alone"),
        (["--image", "words.png", "--ordinary"], "a picture is added alone"),
        (["-l", "crypto"], "there is no post"),
    ],
)
def test_what_is_no_shot(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    pytest.importorskip("PIL")
    (folder / "mine.yaml").write_text(MINE)
    Path("words.png").write_text("words")
    Path("cut.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    result = run("add-shot", *arguments, "-p", "mine")
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert (folder / "mine.yaml").read_text() == MINE


def test_remove_shot(run: Run, folder: Path) -> None:
    (folder / "mine.yaml").write_text(MINE)
    result = run("remove-shot", "moon", "-p", "mine")
    assert "-    examples: [to the moon]\n+    examples: []\n" in result.stdout
    missing = run("remove-shot", "moon", "-p", "mine")
    assert missing.exit_code == 2
    assert missing.stderr.startswith("error: no shot contains 'moon'\nhint: ")


WRONG = [
    (["block", "new"], "needs a definition or an example"),
    (["show", "-p", "nothing"], "there is no profile 'nothing'"),
    (["path", "-p", "./nothing.yaml"], "is not there"),
    (["extend", "spam"], "nothing to extend"),
    (["add-shot", "a"], "in one way"),
    (["add-shot", "a", "-l", "nothing"], "there is no category 'nothing'"),
    (["path", "default", "-p", "strict"], "2 are named"),
    (["diff", "default", "nothing"], "there is no profile"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_what_goes_wrong_is_one_line_and_a_hint(
    run: Run, folder: Path, arguments: list[str], message: str
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    error, hint = result.stderr.splitlines()[-2:]
    assert error.startswith("error: ")
    assert message in error
    assert hint.startswith("hint: ")
    assert list(folder.glob("*.yaml")) == []


def test_diff_tells_what_differs(run: Run, folder: Path) -> None:
    (folder / "mine.yaml").write_text(MINE + "  spam: {action: warn, definition: Ads.}\n  toxicity:\n")
    text = run("diff", "default", "mine", "--format", "text").stdout
    assert "~ spam: action block -> warn\n" in text
    assert "    + Ads.\n" in text
    assert "+ crypto (block)\n" in text
    assert "- toxicity (block)\n" in text
    rows = [json.loads(line) for line in run("diff", "default", "mine").stdout.splitlines()]
    assert {"category": "crypto", "what": "category", "old": None, "new": "block"} in rows
    same = run("diff", "default", "default")
    assert (same.stdout, same.stderr) == ("", "no difference\n")


def test_diff_counts_stored_texts(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were checked, a long one by its windows; neither the bank nor the examples."""
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.setenv("MODCLI_CACHE_DIR", str(tmp_path / "cache"))
    (folder / "mine.yaml").write_text(
        "categories:\n  crypto: {definition: Coins., examples: [to the moon, wen lambo], counterexamples: [a cat]}\n"
        "  vague: {definition: Something.}\n"
    )
    (folder / "milder.yaml").write_text("extends: mine\ncategories: {crypto: {action: warn}}\n")
    posts = f"to the moon we go\na cat and a dog\n{'a long story of a cat ' * 70}\n"
    CliRunner().invoke(app, ["check", "-p", "mine"], input=posts)
    result = run("diff", "mine", "milder", "--stored", "--format", "text")
    assert result.exit_code == 0, result.stderr
    assert (
        "4 stored texts (a long one counts by its windows), judged by what was read of them alone; "
        "the profile prompt was not asked\n1 would be treated otherwise\n    block to warn: 1\n"
        "left out, as they have no examples: vague\n"
    ) in result.stdout
    told = json.loads(run("diff", "mine", "milder", "--stored", "--format", "jsonl").stdout.splitlines()[-1])
    assert told == {
        "what": "stored",
        "unit": "window",
        "stage": "reading",
        "texts": 4,
        "moved": {"block to warn": 1},
        "left_out": ["vague"],
    }


def test_the_schema_is_json(run: Run) -> None:
    assert json.loads(run("schema").stdout)["title"] == "modcli profile"


def test_content_cannot_steer_the_terminal(run: Run, folder: Path) -> None:
    (folder / "odd.yaml").write_text(
        'categories: {t: {definition: "a\\e[31mb\\u202e", examples: ["\\e]0;x\\a"]}}'
    )
    for arguments in (["show", "odd", "--format", "table"], ["diff", "default", "odd", "--format", "text"]):
        result = run(*arguments)
        assert "\x1b" not in result.stdout.replace("\x1b[1m", "")
        assert "\x07" not in result.stdout
    assert "\x1b" not in run("show", "odd").stdout


def editor(folder: Path, script: str) -> str:
    """An editor that runs a script over the file."""
    path = folder.parent / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_edit_replaces_the_file_if_it_is_valid(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mine.yaml").write_text(MINE)
    monkeypatch.setenv("EDITOR", editor(folder, "sed -i s/moon/stars/ $1"))
    result = run("edit", "mine")
    assert result.exit_code == 0
    assert "+    examples: [to the stars]\n" in result.stdout
    assert (folder / "mine.yaml").read_text() == MINE.replace("moon", "stars")
    assert run("edit", "mine").stderr == "nothing changed\n"


def test_edit_of_a_shipped_profile_begins_with_one_that_extends_it(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", editor(folder, "echo 'description: mine' >> $1"))
    assert run("edit").exit_code == 0
    assert yaml.safe_load((folder / "default.yaml").read_text()) == {
        "extends": "default",
        "description": "mine",
    }


def test_edit_keeps_what_is_invalid_beside_the_file(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mine.yaml").write_text(MINE)
    monkeypatch.setenv("EDITOR", editor(folder, "echo 'acton: block' >> $1"))
    result = run("edit", "mine")
    assert result.exit_code == 2
    assert "mine.yaml:6:1: unknown key 'acton'" in result.stderr
    kept = Path(result.stderr.rsplit(" ", 1)[1].strip())
    assert kept.read_text() == MINE + "acton: block\n"
    assert (folder / "mine.yaml").read_text() == MINE
    monkeypatch.setenv("EDITOR", editor(folder, "exit 3"))
    assert "ended with status 3" in run("edit", "mine").stderr
    monkeypatch.setenv("EDITOR", str(folder / "no-such-editor"))
    assert "cannot be started" in run("edit", "mine").stderr


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("", 2)])
def test_edit_offers_to_go_on(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    (folder / "mine.yaml").write_text(MINE)
    script = (
        "grep -q descripton $1 && sed -i s/descripton/description/ $1 || sed -i 's/^# mine/descripton: x/' $1"
    )
    monkeypatch.setenv("EDITOR", editor(folder, script))
    monkeypatch.setattr(editor_module, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    result = run("edit", "mine", stdin=answer)
    assert result.exit_code == status
    assert "unknown key 'descripton'" in result.stderr
    assert "Edit again?" in result.stderr
    assert ("description: x" in (folder / "mine.yaml").read_text()) is (status == 0)
    assert ("is kept in" in result.stderr) is (status == 2)
