"""`modcli eval` from outside, on the scripted backend: what it prints and writes, and what it says of bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

import modcli.cli.app
import modcli.cli.eval
from modcli.backends.scripted import Scripted
from modcli.cli.app import app
from modcli.cli.eval import DEFAULT, EvalGroup
from modcli.cli.options import parse_mapping
from modcli.errors import OutputError, UsageError, WeightsError
from modcli.evaluation.run import predict

PROFILE = """
categories:
  rude:
    action: block
    label: moron
    definition: Insults.
    examples: [you moron, you complete idiot, idiot and moron]
    counterexamples: [a lovely lake, a calm morning]
  spam:
    action: warn
    label: prize
    definition: Adverts.
    examples: [free prize, click and win a prize, cash prize]
    counterexamples: [my new bike, a long train]
"""
ROWS = [
    {"id": "a", "text": "you moron idiot", "labels": ["rude"]},
    {"id": "b", "text": "a lovely calm lake", "labels": []},
    {"id": "c", "text": "click for a free prize", "labels": ["spam"]},
    {"id": "d", "text": "my bike and a long train", "labels": [], "unknown": ["rude"]},
    {"id": "e", "text": "a lake of morons", "labels": ["rude"]},
]

Run = Callable[..., Result]


def lines(rows: list[Any]) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `modcli eval` in a folder with a profile and rows."""
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(PROFILE)
    Path("rows.jsonl").write_text(lines(ROWS))
    monkeypatch.setenv("MODCLI_PROFILE", str(tmp_path / "mine.yaml"))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")

    def run(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, ["eval", "--resamples", "20", *arguments], input=stdin)

    return run


def measured(result: Result) -> dict[str, Any]:
    (one,) = json.loads(result.stdout)["evaluations"]
    found: dict[str, Any] = one["measurement"]
    return found


def test_one_object_on_a_pipe(run: Run) -> None:
    result = run("rows.jsonl")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    found = measured(result)
    assert (found["rows"], found["errors"], found["resamples"]) == (5, 0, 20)
    assert list(found["categories"]) == ["rude", "spam"]
    rude = found["categories"]["rude"]
    assert (rude["rows"], rude["positives"], rude["unknown"]) == (4, 2, 1)
    assert rude["confusion"]["tp"] >= 1


def test_several_files_and_a_pipe_one_after_the_other(run: Run) -> None:
    Path("more.jsonl").write_text(lines(ROWS[:2]))
    result = run("more.jsonl", "-", "rows.jsonl", stdin=lines(ROWS[2:3]))
    assert measured(result)["rows"] == 8
    assert json.loads(result.stdout)["data"] == ["more.jsonl", "-", "rows.jsonl"]


def test_the_same_again_comes_from_the_cache_and_has_no_speed(run: Run) -> None:
    first, again = (json.loads(run("rows.jsonl").stdout)["evaluations"][0] for _ in range(2))
    assert (first["judged_now"], first["from_cache"]) == (5, 0)
    assert first["measurement"]["items_per_second"] > 0
    assert (again["judged_now"], again["from_cache"]) == (0, 5)
    assert again["measurement"]["items_per_second"] is None
    assert again["measurement"]["stages"] == {"cache": 1.0}
    assert again["measurement"]["categories"] == first["measurement"]["categories"]
    anew = json.loads(run("rows.jsonl", "--no-cache").stdout)["evaluations"][0]
    assert anew["judged_now"] == 5


def test_a_table_where_it_is_asked_for(run: Run) -> None:
    result = run("rows.jsonl", "--format", "table", "--worst", "2", "-p", "./mine.yaml")
    assert result.stdout.startswith("5 rows of rows.jsonl, judged by ")
    assert "0." in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stdout.count("(from 0.50)") <= 2
    assert run("rows.jsonl", "--format", "json").stdout.startswith('{\n  "modcli"')


def test_files_are_written_whole(run: Run) -> None:
    Path("report.html").write_text("old")
    result = run("rows.jsonl", "--out", "found.json", "--html", "report.html", "--worst", "1")
    written = json.loads(Path("found.json").read_text())
    assert written["evaluations"][0]["measurement"]["categories"]["rude"]["curves"]["roc"]
    assert "curves" not in measured(result)["categories"]["rude"]
    assert Path("report.html").read_text().startswith("<!doctype html>")
    assert result.stderr.splitlines()[-2:] == ["written: found.json", "written: report.html"]
    assert sorted(path.name for path in Path().iterdir()) == [
        *("found.json", "mine.yaml", "report.html", "rows.jsonl")
    ]


def test_labels_of_theirs(run: Run) -> None:
    Path("theirs.jsonl").write_text(
        lines([{"body": {"t": "you moron"}, "y": "toxic"}, {"body": {"t": "hi"}, "y": "ok"}])
    )
    fields = ("--text-field", "body.t", "--label-field", "y")
    found = measured(run("theirs.jsonl", *fields, "--map", "toxic=rude", "--map", "ok="))
    assert found["categories"]["rude"]["positives"] == 1
    refused = run("theirs.jsonl", *fields)
    assert refused.exit_code == 2
    assert "none of the labels is a category of the profile" in refused.stderr
    assert "--map" in refused.stderr


@pytest.mark.parametrize(
    ("rows", "status", "told"),
    [
        ([], 2, "error: odd.jsonl: there is no row that could be judged"),
        (["not json"], 2, "note: 1 row that cannot be read left out (odd.jsonl:1: not valid JSON"),
        ([*ROWS, "not json"], 3, "exit status 3: of the rows, 1 could not be read; the others were measured"),
        ([*ROWS, {"text": "x"}], 3, "note: 1 row without labels left out (odd.jsonl:6: no field 'labels')"),
        ([*ROWS, {"text": " ", "labels": []}], 0, "note: 1 row without text left out (odd.jsonl:6)"),
        (
            [*ROWS, {"text": "x", "labels": ["insult"]}],
            0,
            "labels that are no category of the profile count as none",
        ),
        ([*ROWS, ROWS[0]], 0, "the id of an earlier row"),
        ([ROWS[0]], 0, "note: no row is labelled spam"),
        ([{"text": "x"}], 2, "error: odd.jsonl: no row has a field 'labels' (there are: 'text')"),
    ],
)
def test_rows_that_are_wrong_are_told(run: Run, rows: list[Any], status: int, told: str) -> None:
    Path("odd.jsonl").write_text(lines(rows))
    result = run("odd.jsonl")
    assert told in result.stderr
    assert result.exit_code == status
    assert bool(result.stdout) == (status != 2)


@pytest.mark.parametrize("format", ["table", "json"])
def test_one_row_and_a_single_class_can_be_measured(run: Run, format: str) -> None:
    result = run("-", "--format", format, "--html", "r.html", stdin=lines(ROWS[:1]))
    assert result.exit_code == 0
    assert "nan" not in result.stdout.lower()
    assert "not defined" in result.stdout


def test_no_more_than_the_limit_is_read(run: Run) -> None:
    assert measured(run("rows.jsonl", "--limit", "2"))["rows"] == 2
    Path("endless").symlink_to("/dev/zero")
    assert measured(run("rows.jsonl", "endless", "--limit", "5"))["rows"] == 5


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["nosuch.jsonl"], "error: nosuch.jsonl: no such file\nhint: name a file of JSON Lines"),
        (["."], "error: .: is a folder\nhint: name the files in it, for example FOLDER/*.jsonl"),
        (["rows.jsonl", "-p", "nosuch"], "error: there is no profile 'nosuch'"),
        (
            ["rows.jsonl", "--stage", "fast"],
            "error: flag --stage: stage must be one of auto, prefilter, reading, model",
        ),
        (["rows.jsonl", "--map", "x"], "error: --map x: write it as theirs=ours"),
        (["rows.jsonl", "--map", "x=nosuch"], "error: --map x=nosuch: the profile has no category 'nosuch'"),
        (
            ["rows.jsonl", "--out", "no/x.json"],
            "error: no/x.json: cannot be written: there is no such folder",
        ),
        (["rows.jsonl", "--html", "rows.jsonl"], "error: rows.jsonl is one of the inputs"),
        (["rows.jsonl", "--html", "x", "--out", "./x"], "error: --out and --html name the same file"),
        (
            ["rows.jsonl", "--compare", "default", "stage=auto"],
            "error: --compare default stage=auto: both judge",
        ),
        (["rows.jsonl", "--compare", "family", "stages=model"], "error: --compare stages=model: unknown key"),
        (["rows.jsonl", "--compare", "family"], "Error: Option '--compare' requires 2 arguments"),
        (["rows.jsonl", "--format", "csv"], "Usage:"),
        ([], "Usage: "),
    ],
)
def test_what_is_refused_before_anything_is_judged(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: str
) -> None:
    def build(*_: object, **__: object) -> None:
        raise AssertionError("a model was asked for")

    monkeypatch.setenv("MODCLI_PROFILE", "default")
    monkeypatch.setattr("modcli.cli.eval_run.build_workbench", build)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(error)
    assert result.stdout == ""
    assert Path("rows.jsonl").read_text() == lines(ROWS)


def test_two_mappings_of_one_label() -> None:
    assert parse_mapping(["a=b", "a=b", "x=y=z", "c="]) == {"a": "b", "x=y": "z", "c": ""}
    with pytest.raises(UsageError, match="a is mapped to b already"):
        parse_mapping(["a=b", "a=c"])


def test_a_disk_that_is_full_at_the_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OutputError("cannot be written: No space left on device")

    monkeypatch.setattr("modcli.cli.eval.write_output_file", full)
    result = run("rows.jsonl", "--out", "x.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No space left on device" in result.stderr


def test_settings_of_the_folder_one_stands_in_are_told(run: Run, tmp_path: Path) -> None:
    Path(".modcli.toml").write_text("stage = 'model'\nfail_on = 'never'\nformat = 'table'")
    result = run("rows.jsonl")
    assert result.stderr.startswith(f"settings from {tmp_path / '.modcli.toml'}: stage\n")
    assert result.stdout.startswith("5 rows of ")


@pytest.mark.parametrize(
    "changes", [("stage=reading", "stage=model"), ("shots=0", "definitions=off"), ("family", "strict")]
)
def test_a_comparison(run: Run, changes: tuple[str, str]) -> None:
    rows = [{**row, "labels": [one.replace("rude", "toxicity") for one in row["labels"]]} for row in ROWS]  # type: ignore[attr-defined]
    Path("both.jsonl").write_text(lines(rows) if "family" in changes else lines(ROWS))
    result = run("both.jsonl", "--compare", *changes, "--worst", "3", "--html", "r.html")
    assert result.exit_code == 0, result.stderr
    record = json.loads(result.stdout)
    assert [one["name"] for one in record["evaluations"]] == list(changes)
    assert record["comparison"]["rows"] == 5
    assert "against" in Path("r.html").read_text()
    table = run("both.jsonl", "--compare", *changes, "--format", "table")
    assert "B − A" in table.stdout
    assert "McNemar p" in table.stdout


def test_a_model_is_freed_before_another_is_loaded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []

    class Watched(Scripted):
        def __init__(self) -> None:
            super().__init__()
            happened.append("load")

        def close(self) -> None:
            happened.append("free")

    monkeypatch.setattr("modcli.cli.assemble.Scripted", Watched)
    # The digest of the backend is asked for without loading it as a model.
    run("rows.jsonl", "--no-cache", "--compare", "model=a", "model=b")
    loads = [happened[i : i + 2] for i, what in enumerate(happened) if what == "load"]
    assert loads[-2:] == [["load", "free"], ["load", "free"]]
    happened.clear()
    run("rows.jsonl", "--no-cache", "--compare", "stage=reading", "stage=model")
    assert happened.count("free") == 1


def test_what_the_second_way_lacks_is_found_before_the_first_begins(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("rows were judged")

    def building(settings: Any, **_: object) -> None:
        if settings.model == "b":
            raise WeightsError("b is not here")

    monkeypatch.setattr("modcli.cli.eval_run.predict", never)
    monkeypatch.setattr("modcli.cli.eval_run.build_workbench", building)
    monkeypatch.setattr("modcli.cli.eval_run.close", lambda _: None)
    result = run("rows.jsonl", "--compare", "model=a", "model=b")
    assert (result.exit_code, result.stderr) == (2, "error: b is not here\n")


def test_rows_that_could_not_be_judged_are_counted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: Any, **more: Any) -> Any:
        found = predict(*arguments, **more)
        found.probability[1] = np.nan
        return found

    monkeypatch.setattr("modcli.cli.eval_run.predict", failing)
    result = run("rows.jsonl")
    assert result.exit_code == 3
    assert measured(result)["errors"] == 1
    assert result.stderr.endswith("of the rows, 1 could not be judged; the others were measured\n")


def test_the_evaluation_is_what_is_meant_where_no_subcommand_is_named() -> None:
    toy = typer.Typer(cls=EvalGroup, rich_markup_mode=None)
    toy.command(DEFAULT)(lambda data: typer.echo(f"data {data}"))
    toy.command("protocol")(lambda name: typer.echo(f"protocol {name}"))

    def said(*arguments: str) -> str:
        return CliRunner().invoke(toy, arguments, prog_name="eval").output

    assert said("x.jsonl") == "data x.jsonl\n"
    assert said("protocol", "paper") == "protocol paper\n"
    assert said("./protocol") == "data ./protocol\n"
    assert "Usage: eval [OPTIONS] {data}" in said("--help")
    assert "Missing argument" in said()


def test_help_shows_the_options_and_tells_of_protocols(run: Run) -> None:
    shown = CliRunner().invoke(app, ["eval", "--help"]).output
    assert "Usage: modcli eval [OPTIONS] {DATA}..." in shown
    assert "--compare" in shown
    assert "modcli eval protocol" in shown


def test_a_missing_extra_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'sklearn.metrics'", name="sklearn.metrics")

    monkeypatch.setattr(modcli.cli.app.importlib, "import_module", missing)
    result = CliRunner().invoke(app, ["eval", "x.jsonl"])
    assert result.exit_code == 2
    assert result.stderr == "error: modcli eval needs scikit-learn\nhint: pip install 'modcli[eval]'\n"


def test_what_is_missing_otherwise_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'rich'", name="rich")

    monkeypatch.setattr(modcli.cli.app.importlib, "import_module", missing)
    result = CliRunner().invoke(app, ["eval", "x.jsonl"])
    assert isinstance(result.exception, ModuleNotFoundError)


def test_ctrl_c_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    """On a fresh interpreter: a signal handler belongs to a main thread."""
    rows, ready = [], tmp_path / "ready"
    for i in range(200):
        rows.append({"id": str(i), "text": f"you moron {i}", "labels": ["rude"]})
    Path("many.jsonl").write_text(lines(rows))
    script = (
        "import sys, time, pathlib, modcli.evaluation.run as r, modcli.cli.eval_run as e\n"
        "from modcli.cli.app import main\n"
        "predict = e.predict\n"
        "def slow(moderator, profile, rows, progress):\n"
        "    def told(count):\n"
        "        progress(count)\n"
        f"        pathlib.Path({str(ready)!r}).touch()\n"
        "        time.sleep(20)\n"
        "    return predict(moderator, profile, rows, progress=told)\n"
        "e.predict = slow\n"
        "main(['eval', 'many.jsonl'])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        # A suite that runs in the background is started with Ctrl-C ignored, and passes that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        for _ in range(600):
            if ready.exists():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed, told = process.communicate(timeout=30)
    assert (process.returncode, printed) == (130, "")
    assert told.splitlines()[-1].endswith("all of it is kept, and the same command goes on from there")
    again = json.loads(run("many.jsonl").stdout)["evaluations"][0]
    assert again["from_cache"] == 64


def keys(record: Any) -> set[str]:
    """Every name in a record, but those of categories, labels and stages."""
    if isinstance(record, list):
        return set().union(*map(keys, record))
    if not isinstance(record, dict):
        return set()
    found: set[str] = set()
    for name, value in record.items():
        below = list(value.values()) if name in ("categories", "map", "stages") else value
        found |= {name} | keys(below)
    return found


def test_every_name_of_the_object_is_documented(run: Run) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text("utf-8")
    Path("odd.jsonl").write_text(lines([*ROWS, "not json", {"text": "x", "labels": ["insult"]}]))
    single = run("odd.jsonl", "--worst", "3", "--out", "one.json", "--map", "insult=")
    double = run("odd.jsonl", "--worst", "3", "--compare", "stage=reading", "stage=model")
    names = keys(json.loads(Path("one.json").read_text())) | keys(json.loads(double.stdout))
    assert single.exit_code == double.exit_code == 3
    assert {name for name in names if not re.search(rf"\b{name}\b", page)} == set()
