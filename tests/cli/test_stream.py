"""The loop of `check`, in this process and, where it is about pipes and signals, in one of its own."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from modcli.cli.stream import Options, run_check
from modcli.errors import SourceError
from modcli.item import Item
from modcli.profile import Action
from modcli.reports.jsonl import JsonlReport
from modcli.reports.output import Output
from modcli.sources.text import read_text
from modcli.verdict import Verdict
from tests.cli.fake import FakeModerator

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.cli.fake"]


def run(
    data: bytes, options: Options | None = None, on_error: Action = Action.WARN
) -> tuple[int, list[dict[str, object]]]:
    sink = io.BytesIO()
    items = read_text(io.BytesIO(data), "<stdin>")
    status = run_check(items, FakeModerator(on_error), JsonlReport(Output(sink)), options or Options())
    return status, [json.loads(line) for line in sink.getvalue().splitlines()]


class Counting(FakeModerator):
    """Wants three items at once."""

    batch = 3

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        self.sizes.append(len(items))
        return super().judge(items)


def test_the_moderator_says_how_many_items_it_wants_at_once() -> None:
    moderator = Counting()
    items = read_text(io.BytesIO(b"fine\n" * 30), "<stdin>")
    assert run_check(items, moderator, JsonlReport(Output(io.BytesIO())), Options()) == 0
    assert sum(moderator.sizes) == 30
    assert max(moderator.sizes) == 3


@pytest.mark.parametrize(
    ("data", "options", "status", "said"),
    [
        (b"", Options(), 0, ""),
        (b"fine\niffy\n", Options(), 0, ""),
        (b"fine\nbad\n", Options(), 1, "exit status 1: 1 of 2 items blocked\n"),
        (b"iffy\n", Options(fail_on=Action.WARN), 1, "exit status 1: 1 of 1 item warned\n"),
        (b"bad\n", Options(fail_on=None), 0, ""),
        (
            b"bad\n\xff\nfine\n",
            Options(),
            3,
            "exit status 3: 1 of 3 items could not be judged (1 blocked); "
            "the first: <stdin>:2: not valid UTF-8: byte 0xff at position 1\n",
        ),
        (
            b"bad\n",
            Options(observe=True),
            0,
            "observing only, so exit status 0, not 1: 1 of 1 item blocked\n",
        ),
        (b"fine\n", Options(summary=True), 0, "1 item: 1 allowed, 0 warned, 0 blocked"),
        (b"fine\n", Options(stats=True), 0, "1 item: 1 allowed, 0 warned, 0 blocked"),
    ],
)
def test_status_and_what_is_said(
    data: bytes, options: Options, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, options)[0] == status
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert bool(told) == bool(said)


def test_verdicts_correspond_to_lines() -> None:
    data = b"".join(b"%s %d\n" % (word, n) for n, word in enumerate([b"bad", b"", b"\xff", b"iffy"] * 50))
    _, records = run(data)
    assert [record["id"] for record in records] == [str(n) for n in range(1, 201)]
    assert [record["action"] for record in records] == ["block", "allow", "warn", "warn"] * 50
    assert sum("error" in record for record in records) == 50


def test_stopping_at_the_first_error(capsys: pytest.CaptureFixture[str]) -> None:
    status, records = run(b"fine\n\xff\nbad\n", Options(stop_at_error=True), Action.BLOCK)
    assert (status, [record["action"] for record in records]) == (3, ["allow", "block"])
    assert capsys.readouterr().err.endswith("; stopped there\n")


def test_only_what_is_blocked_is_explained() -> None:
    _, records = run(b"bad\niffy\n\xff\n", Options(explain=True), Action.BLOCK)
    assert [record.get("rationale") for record in records] == ["It says 'bad'.", None, None]


def test_an_input_that_fails_half_way(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> Iterator[Item]:
        yield from read_text(io.BytesIO(b"bad\n"), "<stdin>")
        raise SourceError("is gone")

    sink = io.BytesIO()
    with pytest.raises(SourceError, match="is gone"):
        run_check(failing(), FakeModerator(), JsonlReport(Output(sink)), Options())
    assert json.loads(sink.getvalue())["action"] == "block"
    assert capsys.readouterr().err == "exit status 2: stopped with 1 item done\n"


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Where the tests are run in the background, Ctrl-C is ignored, and so it would be in what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [*COMMAND, *arguments],
        cwd=ROOT,
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def test_a_live_pipe_is_answered_line_by_line() -> None:
    with start() as process:
        assert process.stdin
        assert process.stdout
        for word, action in (("fine", "allow"), ("bad", "block"), ("iffy", "warn")):
            process.stdin.write(word.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["action"] == action
        process.stdin.close()
        assert process.wait(10) == 1


@pytest.mark.parametrize("word", ["hang", "swallow"])
def test_ctrl_c_keeps_what_is_done(word: str) -> None:
    with start() as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"bad\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == "1"
        process.stdin.write(word.encode() + b"\n")
        process.stdin.flush()
        time.sleep(0.4)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        said = process.stderr.read().decode()
    done = "1 item" if word == "hang" else "2 items"
    assert said.splitlines()[-1] == f"exit status 130: interrupted with {done} done"
    if word == "hang":
        assert said.count("\n") == 1


def test_ctrl_c_while_waiting_for_input() -> None:
    with start() as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"fine\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


@pytest.mark.parametrize(
    ("first", "status", "said"),
    [
        ("fine", 0, ""),
        ("bad", 1, r"exit status 1: 1 of [\d,]+ items? blocked\n"),
        ("\0", 3, r"exit status 3: 1 of [\d,]+ items? could not be judged; the first: \S+:1: not text: .*\n"),
    ],
)
def test_head_ends_it_and_only_a_status_other_than_0_is_told(
    first: str, status: int, said: str, tmp_path: Path
) -> None:
    posts = tmp_path / "posts.txt"
    posts.write_text(f"{first}\n" + "fine\n" * 20_000)
    command = f"{sys.executable} -m tests.cli.fake {posts} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=30)
    verdict, code = done.stdout.splitlines()
    assert json.loads(verdict)["id"].endswith(":1")
    assert int(code) == status
    assert re.fullmatch(said, done.stderr)


def test_without_a_reader_observing_and_figures(capsys: pytest.CaptureFixture[str]) -> None:
    class Closed(io.BytesIO):
        def write(self, data: object) -> int:
            if self.tell():
                raise BrokenPipeError
            return super().write(data)  # type: ignore[arg-type]

    items = read_text(io.BytesIO(b"bad\n" * 9), "<stdin>")
    options = Options(observe=True, stats=True, summary=True)
    assert run_check(items, FakeModerator(), JsonlReport(Output(Closed())), options) == 0
    told = capsys.readouterr().err
    assert told == "observing only, so exit status 0, not 1: 1 of 1 item blocked\n"


def test_a_full_disk_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full, start(stdout=full) as process:
        _, said = process.communicate(b"fine\n" * 3, timeout=10)
    assert process.returncode == 2
    assert said.decode().splitlines() == [
        "exit status 2: stopped with 0 items done",
        "error: cannot write to standard output: No space left on device",
        "hint: make room or write elsewhere, then run again; what was judged is in the cache",
    ]
