"""`modcli check`: its options, its two ways to print, and what is refused before a model is loaded."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import modcli.cli.check
from modcli.cli.app import app
from modcli.profile import Action
from tests.cli.fake import FakeModerator

PROFILE = "categories:\n  rude:\n    action: block\n    definition: Insults.\n"

Run = Callable[..., Result]


@pytest.fixture
def built() -> list[FakeModerator]:
    return []


@pytest.fixture
def run(built: list[FakeModerator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `modcli check` with a fake moderator, in a folder with a profile."""

    def build(settings: object, profile: object, *, on_error: Action, **_: object) -> FakeModerator:
        built.append(FakeModerator(on_error))
        return built[-1]

    monkeypatch.setattr(modcli.cli.check, "build_moderator", build)
    monkeypatch.chdir(tmp_path)
    Path("rude.yaml").write_text(PROFILE)
    monkeypatch.setenv("MODCLI_PROFILE", str(tmp_path / "rude.yaml"))

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(app, ["check", *arguments], input=stdin)

    return run


def records(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def actions(result: Result) -> list[object]:
    return [record["action"] for record in records(result)]


def test_a_pipe(run: Run, built: list[FakeModerator]) -> None:
    result = run(stdin=b"fine\nbad\n")
    assert (actions(result), result.exit_code) == (["allow", "block"], 1)
    assert result.stderr == "exit status 1: 1 of 2 items blocked\n"
    assert built[0].closed


def test_arguments_and_files_in_order(run: Run) -> None:
    Path("a.txt").write_text("bad\n")
    Path("b.jsonl").write_text('{"id": 7, "text": "iffy"}\n')
    result = run("a.txt", "b.jsonl", "-", "--text", "first", stdin=b"last\n")
    assert [record["id"] for record in records(result)] == ["text:1", "a.txt:1", "7", "1"]
    assert actions(result) == ["allow", "block", "warn", "allow"]


def test_only_texts_leave_standard_input_alone(run: Run) -> None:
    assert actions(run("--text", "fine", "--text", "bad", stdin=b"bad\n")) == ["allow", "block"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--input-format", "jsonl"], ["b"]),
        (["--text-field", "status.content"], ["a"]),
        (["--input-format", "jsonl", "--text-field", "status.content"], ["a"]),
        (["--input-format", "text"], ['{"text": "b", "status": {"content": "a"}}']),
    ],
)
def test_formats_of_input(run: Run, arguments: list[str], found: list[str]) -> None:
    result = run(
        *arguments, "--explain", "--format", "csv", stdin=b'{"text": "b", "status": {"content": "a"}}\n'
    )
    assert [row["text"] for row in csv.DictReader(io.StringIO(result.stdout))] == found


def test_a_bad_record_among_good_ones(run: Run) -> None:
    result = run("--input-format", "jsonl", stdin=b'{"text": "fine"}\n{"text": \n{"text": "bad"}\n')
    assert actions(result) == ["allow", "warn", "block"]
    assert result.exit_code == 3
    assert (
        "1 of 3 items could not be judged (1 blocked); the first: <stdin>:2: not valid JSON" in result.stderr
    )


LINES = b"\xef\xbb\xbffine\r\n\nbad one\niffy\n\xff\nbad without ending"


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["--print", "allowed"], b"\xef\xbb\xbffine\r\n\niffy\n"),
        (["--print", "blocked"], b"bad one\n\xff\nbad without ending"),
        (["--print", "all"], LINES),
        (["--print", "allowed", "--on-error", "warn"], b"\xef\xbb\xbffine\r\n\niffy\n\xff\n"),
        (["--print", "blocked", "--on-error", "warn"], b"bad one\nbad without ending"),
        (["--print", "allowed", "--on-error", "block"], b"\xef\xbb\xbffine\r\n\niffy\n"),
        (["--print", "blocked", "--on-error", "block"], b"bad one\n\xff\nbad without ending"),
        (["--print", "blocked", "--on-error", "fail"], b"bad one\n\xff\n"),
    ],
)
def test_a_filter_passes_lines_byte_for_byte(run: Run, arguments: list[str], printed: bytes) -> None:
    result = run(*arguments, stdin=LINES)
    assert result.stdout_bytes == printed
    assert result.exit_code == 3
    outcome = "passed on" if b"\xff" in printed else "held back"
    assert result.stderr.startswith(f"<stdin>:5: not judged, {outcome}: not valid UTF-8")


@pytest.mark.parametrize("where", ["environment", "project", "user"])
def test_a_filter_passes_what_was_not_judged_only_where_asked(
    run: Run, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b"you moron\0\n"
    result = run("--print", "allowed", stdin=line)
    assert (result.stdout_bytes, result.exit_code) == (b"", 3)
    assert run("--print", "blocked", stdin=line).stdout_bytes == line
    assert actions(run(stdin=line)) == ["warn"]
    if where == "environment":
        monkeypatch.setenv("MODCLI_ON_ERROR", "warn")
    elif where == "project":
        Path(".modcli.toml").write_text("on-error = 'warn'")
    else:
        monkeypatch.setenv("MODCLI_CONFIG_DIR", str(tmp_path))
        Path("config.toml").write_text("on-error = 'warn'")
    assert run("--print", "allowed", stdin=line).stdout_bytes == line
    assert run("--print", "blocked", stdin=line).stdout_bytes == b""


def test_a_filter_keeps_lines_of_two_files_apart(run: Run) -> None:
    Path("a.txt").write_bytes(b"no ending")
    Path("b.txt").write_bytes(b"next\n")
    assert run("a.txt", "b.txt", "--print", "all").stdout_bytes == b"no ending\nnext\n"
    assert run("a.txt", "--print", "all").stdout_bytes == b"no ending"


def test_a_filter_passes_a_line_longer_than_memory_should_hold(run: Run) -> None:
    line = b"x" * (5 << 20) + b"\n"
    assert run("--print", "all", stdin=line).stdout_bytes == line


def test_a_filter_tells_only_the_first_of_many_errors(run: Run) -> None:
    said = run("--print", "allowed", stdin=b"\xff\n" * 50).stderr.splitlines()
    assert len(said) == 22
    assert said[20] == "30 more could not be judged"


def test_settings_of_the_folder_one_stands_in_are_told(run: Run, tmp_path: Path) -> None:
    Path(".modcli.toml").write_text("profile = 'strict'\nfail_on = 'never'\nstage = 'model'\nthreads = 2")
    # The profile is from the environment.
    result = run("--stage", "auto", stdin=b"bad\n")
    assert (result.exit_code, result.stderr) == (0, f"settings from {tmp_path / '.modcli.toml'}: fail_on\n")
    Path(".modcli.toml").write_text("threads = 2")
    assert run(stdin=b"fine\n").stderr == ""


def test_observing(run: Run) -> None:
    result = run("--observe", stdin=b"bad\n")
    assert (actions(result), result.exit_code) == (["block"], 0)
    assert result.stderr == "observing only, so exit status 0, not 1: 1 of 1 item blocked\n"


@pytest.mark.parametrize(("value", "status"), [("block", 0), ("warn", 1), ("never", 0)])
def test_what_fails(run: Run, value: str, status: int) -> None:
    assert run("--fail-on", value, stdin=b"iffy\n").exit_code == status


def test_an_explanation(run: Run) -> None:
    (record,) = records(run("--explain", stdin=b"bad\n"))
    assert record["rationale"] == "It says 'bad'."
    assert record["categories"]["rude"]["definition"] == "Insults."  # type: ignore[index]


BINARY = """
task: binary
categories:
  rude: {action: block, definition: Insults., examples: [you moron, you complete idiot]}
  spam: {action: warn, definition: Adverts., examples: [buy cheap pills, win cash today]}
"""


def test_a_binary_profile_is_reported_by_what_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("binary.yaml").write_text(BINARY)
    arguments = ["check", "-p", "binary.yaml", "--backend", "scripted", "--no-cache", "--observe"]
    table = CliRunner().invoke(app, [*arguments, "--format", "csv"], input=b"you moron\n")
    (row,) = csv.DictReader(io.StringIO(table.stdout))
    columns = {name: value for name, value in row.items() if "harmful" in name}
    assert columns
    assert all(columns.values())
    assert not [name for name in row if "rude" in name or "spam" in name]
    (record,) = records(CliRunner().invoke(app, [*arguments, "--explain"], input=b"you moron\n"))
    assert record["categories"]["harmful"]["definition"] == "Insults.\nAdverts."  # type: ignore[index]


def test_a_table_in_a_pipe_has_no_colours(run: Run) -> None:
    result = run("--format", "table", stdin=b"bad \x1b[31m\n")
    assert result.stdout.splitlines() == [
        "ACTION P    CATEGORY         ID   TEXT",
        "block  0.90 rude             1    bad \\x1b[31m",
        "            rude 0.9",
    ]


def test_no_input_at_all(run: Run) -> None:
    result = run(stdin=b"")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["nosuch.txt"], "nosuch.txt: no such file"),
        (["."], ".: is a folder"),
        (["--print", "all", "--format", "csv"], "--print passes lines on as they are"),
        (["--print", "all", "--explain"], "--print passes lines on as they are"),
        (["--text-field", "x", "--input-format", "text"], "--text-field is for JSON Lines"),
        (["--format", "xml"], "flag --format: format must be one of auto, table, jsonl, csv, not 'xml'"),
        (
            ["--fail-on", "blok"],
            "flag --fail-on: fail_on must be one of block, warn, never; did you mean block?",
        ),
        (
            ["--backend", "torch"],
            "flag --backend: backend must be one of auto, llama-cpp, transformers, vllm, openai",
        ),
        (["-p", "nosuch"], "there is no profile 'nosuch'"),
    ],
)
def test_what_is_refused_before_a_model_is_loaded(
    run: Run, built: list[FakeModerator], arguments: list[str], error: str
) -> None:
    result = run(*arguments, stdin=b"fine\n")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {error}")
    assert (result.stdout, built) == ("", [])


@pytest.mark.parametrize("arguments", [["--print", "some"], ["--nosuch"], ["--threads", "-1"]])
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_terminal_is_told_that_it_is_read(tmp_path: Path) -> None:
    script = (
        "import sys, modcli.cli.check as check\n"
        "from modcli.cli.app import main\n"
        "from tests.cli.fake import FakeModerator\n"
        "check.build_moderator = lambda settings, profile, on_error, **_: FakeModerator(on_error)\n"
        "main(['check', '-p', sys.argv[1]])\n"
    )
    profile = tmp_path / "rude.yaml"
    profile.write_text(PROFILE)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script, str(profile)],
        cwd=Path(__file__).parents[2],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"},
    ) as process:
        os.close(theirs)
        os.write(ours, b"bad\n\x04")
        shown = b""
        while b"exit status" not in shown:
            shown += os.read(ours, 1000)
        assert process.wait(10) == 1
    os.close(ours)
    text = shown.decode().replace("\r\n", "\n")
    assert "reading from the terminal: one text a line, Ctrl-D ends\n" in text
    assert "block  0.90 rude             1    bad" in text
    assert "1 item: 0 allowed, 0 warned, 1 blocked" in text
    assert "exit status 1: 1 of 1 item blocked" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("throughput", ["50/s", "50", " 50.0 / s "])
def test_a_throughput_is_the_time_that_an_item_may_take(
    throughput: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, object] = {}

    def build(settings: object, profile: object, **more: object) -> FakeModerator:
        given.update(more)
        return FakeModerator()

    monkeypatch.setattr(modcli.cli.check, "build_moderator", build)
    (tmp_path / "rude.yaml").write_text(PROFILE)
    arguments = ["check", "-p", str(tmp_path / "rude.yaml"), "--text", "fine", "--throughput", throughput]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (given["seconds"], given["cascade"], given["audits"]) == (1 / 50, True, True)


def test_checking_with_an_untuned_profile_loads_no_early_stage(tmp_path: Path) -> None:
    (tmp_path / "rude.yaml").write_text(PROFILE)
    script = (
        "import sys\n"
        "from modcli.cli.app import main\n"
        "try:\n    main(['check', '-p', sys.argv[1], '--backend', 'scripted', '--text', 'fine'])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "rude.yaml")],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MODCLI_DATA_DIR": str(tmp_path / "d"), "MODCLI_CACHE_DIR": str(tmp_path / "c")},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.split(".")[0] for name in done.stderr.splitlines()}
    assert "numpy" in loaded
    assert not loaded & {"sklearn", "scipy", "onnxruntime", "tokenizers", "torch"}
