from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modcli.backends.scripted import Scripted
from modcli.cascade.workbench import Workbench
from modcli.errors import OutputError, PrefixTooLong, SourceError
from modcli.evaluation.protocols.base import Cell, Job, Log, Outcome, Setting, run_jobs
from modcli.evaluation.protocols.measures import Measured
from modcli.states.asker import Asker
from modcli.states.reader import Reader


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    for split in ("train", "dev"):
        rows = [{"text": f"{split} {i}", "labels": ["spam"] if i % 2 else []} for i in range(6)]
        file = tmp_path / f"sms_spam.{split}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    backend = Scripted()
    bench = Workbench(
        backend, Reader(lambda: backend, None), Asker(lambda: backend, None), store=None, model="m"
    )
    return Setting(bench, tmp_path)


class Working:
    """Jobs that count how often they were done."""

    def __init__(self, count: int = 2, fail_at: int = -1) -> None:
        self.done: list[int] = []
        self.fail_at = fail_at
        self.jobs = [Job("tasks", "binary", ("sms_spam",), f"{i} shots", self._work(i)) for i in range(count)]

    def _work(self, i: int):  # type: ignore[no-untyped-def]
        def work() -> Outcome:
            if i == self.fail_at:
                raise KeyboardInterrupt
            self.done.append(i)
            return Outcome({"f1": Measured((0.5, 0.7), 0.4, float("nan"))}, rows=6, draws=2)

        return work


def test_what_was_finished_is_not_done_again(setting: Setting, tmp_path: Path) -> None:
    file = tmp_path / "out" / "cells.jsonl"
    broken = Working(fail_at=1)
    with pytest.raises(KeyboardInterrupt):
        list(run_jobs(broken.jobs, setting, Log(file)))
    assert broken.done == [0]
    again, told = Working(), list[str]()
    cells = list(run_jobs(again.jobs, setting, Log(file), progress=told.append))
    assert again.done == [1]
    assert told == ["[1/2] binary, sms_spam: 0 shots (known)", "[2/2] binary, sms_spam: 1 shots"]
    assert [cell.condition for cell in cells] == ["0 shots", "1 shots"]
    assert cells[0].metrics["f1"].mean == pytest.approx(0.6)
    assert len(file.read_text().splitlines()) == 2


@pytest.mark.parametrize("change", [{"draws": 3}, {"split": "test"}, {"seed": 1}])
def test_other_parameters_are_other_cells(
    setting: Setting, tmp_path: Path, change: dict[str, object]
) -> None:
    (tmp_path / "sms_spam.test.jsonl").write_text('{"text": "x", "labels": ["spam"]}\n')
    log = Log(None)
    list(run_jobs(Working().jobs, setting, log))
    other = Working()
    list(run_jobs(other.jobs, replace(setting, **change, _loaded={}), log))
    assert other.done == [0, 1]


def test_other_rows_are_other_cells(setting: Setting, tmp_path: Path) -> None:
    log = Log(None)
    list(run_jobs(Working().jobs, setting, log))
    with (tmp_path / "sms_spam.train.jsonl").open("a") as file:
        file.write('{"text": "one more", "labels": []}\n')
    other = Working()
    list(run_jobs(other.jobs, replace(setting, _loaded={}), log))
    assert other.done == [0, 1]


def test_a_line_that_was_cut_off_is_measured_again(setting: Setting, tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    list(run_jobs(Working().jobs, setting, Log(file)))
    file.write_text(file.read_text()[:-20])
    again = Working()
    list(run_jobs(again.jobs, setting, Log(file)))
    assert again.done == [1]
    assert [json.loads(line)["condition"] for line in file.read_text().splitlines()] == ["0 shots", "1 shots"]


@pytest.mark.parametrize("content", ["not json\n", "[]\n", '{"text": "a row"}\n'])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(content)
    with pytest.raises(SourceError, match=r"rows\.jsonl:1: is no line of a protocol's cells"):
        Log(file)
    assert file.read_text() == content


def test_a_file_that_cannot_be_written(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        list(run_jobs(Working().jobs, setting, Log(tmp_path / "file" / "cells.jsonl")))


def test_what_cannot_be_measured_is_left_out_and_told(setting: Setting) -> None:
    def too_long() -> Outcome:
        raise PrefixTooLong("too long")

    jobs = [Job("tasks", "binary", ("sms_spam",), "64 shots", too_long), *Working().jobs]
    with pytest.raises(PrefixTooLong):
        list(run_jobs(jobs, setting, Log(None)))
    told: list[str] = []
    cells = list(
        run_jobs(jobs, setting, Log(None), left_out=lambda job, why: told.append(f"{job.condition}: {why}"))
    )
    assert told == ["64 shots: too long"]
    assert len(cells) == 2


def test_a_cell_comes_back_as_it_was() -> None:
    cell = Cell(
        *("tasks", "binary", "sms_spam", "8 shots"),
        metrics={"f1": Measured((0.25, float("nan")), 0.1, 0.9)},
        rows=3,
        draws=2,
        key="k",
        source="somewhere",
    )
    record = json.loads(json.dumps(cell.as_record()))
    assert record["metrics"]["f1"] == {"mean": None, "low": 0.1, "high": 0.9, "values": [0.25, None]}
    back = Cell.from_record(record)
    assert back.as_record() == record
    assert back.place == cell.place
