"""`modcli eval protocol`, with the scripted backend on tiny sets."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

import modcli.cli.assemble
import modcli.cli.eval_protocol
from modcli.cli.eval_protocol import once, print_table, protocol
from modcli.errors import ModcliError, OutputError, SourceError, UsageError
from modcli.evaluation.protocols.base import Cell, Setting
from modcli.evaluation.protocols.measures import Measured
from modcli.evaluation.protocols.tables import Table
from tests.evaluation.protocols.conftest import write_sets

Run = Callable[..., Result]

app = typer.Typer(rich_markup_mode=None, add_completion=False)
app.command()(protocol)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a folder with the sets."""
    monkeypatch.chdir(tmp_path)
    write_sets(Path("sets"))

    def run(name: str, *arguments: str, **options: str) -> Result:
        given = {"data": "sets", "backend": "scripted", "draws": "1", "rows": "8", "choices": "1"} | options
        flags = [part for key, value in given.items() for part in (f"--{key}", value)]
        return CliRunner().invoke(app, [name, *flags, *arguments])

    return run


def told(result: Result, kind: type[ModcliError]) -> ModcliError:
    assert isinstance(result.exception, kind), result.output
    return result.exception


def test_a_pipe_gets_a_line_as_soon_as_it_is_measured(run: Run) -> None:
    result = run("tasks", "--only", "plain in-context", "--sets", "paradetox", "--no-cache")
    assert result.exit_code == 0, result.output
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["condition"] for record in records[:2]] == ["0 shots, definition", "0 shots, label word"]
    assert records[0]["metrics"]["auroc"].keys() == {"mean", "low", "high", "values"}
    assert "source" not in records[0]
    assert records[-1]["source"]
    assert "[8/8] plain in-context, paradetox: 32 shots, label word" in result.stderr


def test_what_is_kept_is_not_measured_again(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "cells.jsonl"
    arguments = ("tasks", "--only", "reasons", "--sets", "paradetox,sst2", "--no-cache", "--out", str(out))
    first = run(*arguments)
    kept = out.read_text().splitlines()
    assert len(kept) == 4
    second = run(*arguments)
    assert second.stderr.count("(known)") == 4
    assert second.stdout == first.stdout
    assert out.read_text().splitlines() == kept
    listed = run(*arguments, "--list")
    assert [line.split("\t")[-1] for line in listed.stdout.splitlines()] == ["known"] * 4
    other = run(*arguments, rows="4")
    assert "(known)" not in other.stderr


def test_markdown_and_table(run: Run) -> None:
    arguments = ("tasks", "--only", "reasons", "--no-cache", "--sets", "paradetox")
    written = run(*arguments, "--format", "markdown").stdout
    assert written.startswith("### tasks, reasons, paradetox\n\n| condition | accuracy |")
    shown = run(*arguments, "--format", "table").stdout
    assert "tasks, reasons, paradetox" in shown
    assert "shots of the default" in shown


def test_a_list_measures_nothing(run: Run) -> None:
    result = run("personalization", "--list", "--out", "nothing.jsonl")
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    assert ["personalization", "block", "sms_spam+paradetox+sst2", "spam: before", "open"] in lines
    assert len(lines) == 12 + 12 + 3 * 8 * 3 + 62
    assert not Path("nothing.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "kind", "message", "hint"),
    [
        (("leather",), UsageError, "no protocol 'leather'", "there is tasks"),
        (("task",), UsageError, "no protocol 'task'", "did you mean tasks?"),
        (("tasks", "--only", "block"), UsageError, "tasks has no part 'block'", "there is binary"),
        (("tasks", "--sets", "imdb"), UsageError, "no set 'imdb'", "there is sms_spam"),
        (("tasks", "--data", "none"), SourceError, "none: no such folder", "--data DIR"),
        (
            ("tasks", "--split", "test"),
            SourceError,
            "sets/sms_spam.test.jsonl: no such file",
            "--sets paradetox,sst2,openai_moderation",
        ),
        (("tasks", "--sets", "sms_spam", "--split", "train"), UsageError, "shots come from", "--split dev"),
        (
            ("tasks", "--sets", "sms_spam", "--only", "multi-class"),
            UsageError,
            "nothing to measure",
            "--sets",
        ),
        (
            ("tasks", "--out", "sets/sst2.dev.jsonl"),
            SourceError,
            "sst2.dev.jsonl:1: is no line",
            "another file",
        ),
        (("tasks", "--out", "sets"), SourceError, "sets: cannot be read", "another file"),
        (
            ("tasks", "--out", "sets/sst2.dev.jsonl/x"),
            OutputError,
            "cannot write sets/sst2.dev.jsonl/x",
            "another file",
        ),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_measured(
    run: Run, arguments: tuple[str, ...], kind: type[ModcliError], message: str, hint: str
) -> None:
    error = told(run(*arguments), kind)
    assert message in str(error)
    assert hint in str(error.hint)


def test_a_condition_that_cannot_be_measured_is_left_out(run: Run) -> None:
    rows = Path("sets/paradetox.train.jsonl").read_text().splitlines(keepends=True)
    Path("sets/paradetox.train.jsonl").write_text("".join(rows[:8]))
    result = run("tasks", "--only", "binary", "--sets", "paradetox", "--no-cache")
    assert result.exit_code == 3
    assert "cannot be measured: 16 rows of toxicity are wanted, and the pool has 4" in result.stderr
    assert result.stderr.endswith(
        "exit status 3: 2 conditions could not be measured; all else was measured\n"
    )
    assert len([line for line in result.stdout.splitlines() if '"source"' not in line]) == 10


def test_settings_choose_stage_and_format(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_STAGE", "reading")
    monkeypatch.setenv("MODCLI_FORMAT", "table")
    result = run("tasks", "--only", "binary", "--sets", "sst2", "--no-cache")
    assert "tasks, binary, sst2" in result.stdout
    assert "0 shots" not in result.stdout


def test_ctrl_c_keeps_what_is_finished(run: Run) -> None:
    """In a process of its own, as a signal needs one."""
    script = (
        "import sys, typer, time\n"
        "import modcli.cli.eval_protocol as command\n"
        "from modcli.evaluation.protocols.base import Job, Outcome\n"
        "def wait():\n"
        "    print('waiting', file=sys.stderr, flush=True)\n"
        "    time.sleep(20)\n"
        "    return Outcome({}, 1, 1)\n"
        "jobs = [Job('tasks', 'binary', ('sst2',), name, work) for name, work in\n"
        "        (('quick', lambda: Outcome({}, 1, 1)), ('slow', wait))]\n"
        "command.parts_of = lambda name: {'binary': lambda setting: jobs}\n"
        "app = typer.Typer()\n"
        "app.command()(command.protocol)\n"
        "app(['tasks', '--data', 'sets', '--backend', 'scripted', '--no-cache', '--out', 'cells.jsonl'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        # A suite that runs in the background is started with Ctrl-C ignored, and passes that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line == "waiting\n":
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=15)
    assert process.returncode == 130, err
    assert "exit status 130: interrupted with 1 of 2 measured" in err
    assert [json.loads(line)["condition"] for line in out.splitlines()] == ["quick"]
    assert [json.loads(line)["condition"] for line in Path("cells.jsonl").read_text().splitlines()] == [
        "quick"
    ]


def test_the_baselines_are_made_when_they_are_wanted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def build(settings: object, embedder: str) -> list[object]:
        made.append(embedder)
        return []

    def jobs(setting: Setting) -> list[object]:
        assert not made
        return list(setting.baselines())

    monkeypatch.setattr(modcli.cli.eval_protocol, "build_baselines", build)
    monkeypatch.setattr(modcli.cli.eval_protocol, "parts_of", lambda name: {"learning": jobs})
    told(run("learning", "--embedder", "mine", "--no-cache"), UsageError)
    assert made == ["mine"]


def test_what_profiles_leave_behind_is_bounded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_CACHE_DIR", str(Path("cache").resolve()))
    monkeypatch.setitem(modcli.cli.assemble.KEEP, "judges", 0)
    result = run("tasks", "--only", "binary", "--sets", "sst2")
    assert result.exit_code == 0, result.output
    judges = [file for file in Path("cache/judges").iterdir() if file.suffix in (".npz", ".json")]
    assert len(judges) == 1  # the newest stays whatever its size


def test_a_line_is_told_once() -> None:
    lines: list[str] = []
    say = once(lines.append)
    for line in ("a", "b", "a"):
        say(line)
    assert lines == ["a", "b"]


@pytest.mark.parametrize("width", [50, 80, 200])
def test_a_table_is_as_wide_as_the_terminal(width: int) -> None:
    metrics = {f"metric {i}": Measured((0.5 + i / 100,), 0.1, 0.9) for i in range(9)}
    cells = (
        Cell("tasks", "binary", "sst2", "a condition [red]in words[/red]\x1b[31m", metrics, 10, 2),
        Cell(
            "tasks", "binary", "sst2", "published: x", {"metric 0": metrics["metric 0"]}, 0, 0, source="arXiv"
        ),
    )
    table = Table("tasks", "binary", "sst2", cells, tuple(metrics))
    console = Console(width=width, file=io.StringIO(), record=True)
    print_table(table, console)
    text = console.export_text()
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    assert "\x1b" not in text
    for i in range(9):
        assert f".5{i}0" in text
    assert "[red]" in text
    # Pieces that say nothing of a row leave it out.
    assert text.count("published") == 1
