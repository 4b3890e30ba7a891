"""The last run of a profile's tests, kept in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modcli.evaluation.previous_run import (
    KeptRun,
    KeptTest,
    key_of,
    load_run,
    parts_of_category,
    run_file,
    save_run,
)
from modcli.profile import Action, Category, Shot
from modcli.verdict import CategoryVerdict

RUN = KeptRun(
    when=1234.5,
    version="1",
    categories={"rude": {"action": "0a"}},
    shared={"task": "0b"},
    tests={
        key_of("you fool", "rude"): KeptTest(
            Action.BLOCK,
            True,
            {
                "rude": CategoryVerdict(0.875, 0.5, Action.BLOCK),
                "x": CategoryVerdict(0.6, 0.5, Action.ALLOW, "y"),
            },
        )
    },
)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = run_file(tmp_path / "tests", "/home/me/p.yaml", "model", "auto")
    save_run(file, RUN)
    assert load_run(file) == RUN
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_posts_themselves_are_not_kept(tmp_path: Path) -> None:
    save_run(tmp_path / "run.json", RUN)
    assert "you fool" not in (tmp_path / "run.json").read_text()


def test_each_profile_model_and_stage_has_its_own_file(tmp_path: Path) -> None:
    identities = [("p", "m", "auto"), ("p", "m", "model"), ("p", "n", "auto"), ("pm", "", "auto")]
    assert len({run_file(tmp_path, *identity) for identity in identities}) == len(identities)


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"form": 1}',
        json.dumps({"form": 0, "when": 1, "version": "", "categories": {}, "shared": {}, "tests": {}}),
        json.dumps(
            {"form": 1, "when": 1, "version": "", "categories": {}, "shared": {}, "tests": {"a": "b"}}
        ),
        json.dumps({"form": 1, "when": 1, "version": "", "categories": {}, "shared": {}, "tests": []}),
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, damage: str) -> None:
    (tmp_path / "run.json").write_text(damage)
    assert load_run(tmp_path / "run.json") is None
    assert load_run(tmp_path / "missing.json") is None


def test_a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        save_run(tmp_path / "file" / "run.json", RUN)
    (tmp_path / "run.json").mkdir()
    with pytest.raises(OSError, match=r"run\.json"):
        save_run(tmp_path / "run.json", RUN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "run.json"]


def test_parts_of_a_category() -> None:
    one = Category("a", Action.BLOCK, "d", examples=(Shot("x", "r"),), exempts=("b", "c"))
    same = Category("a", Action.BLOCK, "d", examples=(Shot("x"),), exempts=("c", "b"), label="a")
    assert parts_of_category(one) == parts_of_category(same)
    other = Category("a", Action.BLOCK, "d", counterexamples=(Shot("x"),))
    assert {
        name for name, digest in parts_of_category(other).items() if parts_of_category(one)[name] != digest
    } == {
        "exempts",
        "examples",
        "counterexamples",
    }
