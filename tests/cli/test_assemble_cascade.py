"""A tuned cascade in `modcli check`, with the scripted model and embedder: where it holds, and what is said where not."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import modcli.cli.assemble_cascade as joined
from modcli.cascade.costs import Costs
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.teaching import Lesson, teach
from modcli.cascade.tuned import EMBEDDING, NGRAMS, TunedCascade, Wish
from modcli.cascade.tuning import Tuning, save_tuning
from modcli.cli.app import app
from modcli.cli.assemble import build_workbench
from modcli.cli.assemble_embedder import build_embedder
from modcli.embedders.scripted import ScriptedEmbedder
from modcli.judges.tasks import as_judged
from modcli.profile import Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.settings import Settings, load_settings
from tests.cascade.taught import by_words, posts

WISH = "categories:\n  spam:\n    action: block\n    label: coin\n    definition: Sells coins.\n"
EARLY = {NGRAMS, EMBEDDING}


class Home:
    """A folder with a profile, and a cascade for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile_file = folder / "mine.yaml"
        self.profile_file.write_text(WISH)

    @property
    def settings(self) -> Settings:
        flags = {"profile": [str(self.profile_file)], "backend": "scripted"}
        return load_settings(flags, os.environ, self.folder)

    @property
    def profile(self) -> Profile:
        return load_stacked(self.settings.profile, Shelf(self.settings.config_dir / "profiles"))

    def tune(self, change: Callable[[TunedCascade], TunedCascade] = lambda tuned: tuned) -> TunedCascade:
        """By a full judge that looks for one word, and says that it takes a second."""
        bench = build_workbench(self.settings)
        key = joined.cascade_key(bench.model, self.profile, ())
        lesson = Lesson(
            profile=as_judged(self.profile),
            judge=by_words,
            features={
                name: make
                for name, make in joined.stage_features(self.settings, bench).items()
                if name in EARLY
            },
            costs=Costs(0.5, 0.5, 0.5),
            budget=300,
            wishes=(Wish(PromiseKind.RISK, 0.05),),
            key=key | {joined.EMBEDDER: build_embedder(self.settings).facts.digest},
        )
        tuned = change(teach(lesson, posts(400)))
        tuned.save(joined.cascade_file(self.settings, self.profile))
        return tuned

    def check(self, *arguments: str, stdin: str = "") -> tuple[int, list[dict[str, object]], str]:
        result = CliRunner().invoke(
            app, ["check", "-p", str(self.profile_file), "--backend", "scripted", *arguments], input=stdin
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.chdir(tmp_path)
    return Home(tmp_path)


STREAM = "\n".join(posts(200, seed=9)) + "\n"


def stages(records: list[dict[str, object]]) -> set[object]:
    return {record["stage"] for record in records}


def right(records: list[dict[str, object]], stream: str = STREAM) -> float:
    pairs = zip(records, stream.splitlines(), strict=True)
    return sum((record["action"] == "block") == ("coin" in text) for record, text in pairs) / len(records)


def test_a_tuned_profile_decides_most_early_and_in_order(home: Home) -> None:
    home.tune()
    status, records, told = home.check("--stats", stdin=STREAM)
    assert status == 1
    assert [record["id"] for record in records] == [str(i + 1) for i in range(200)]
    assert sum(record["stage"] in EARLY for record in records) > 150
    assert right(records) > 0.95
    assert "share" in told
    assert "in full" in told
    # Answered from the cache the second time.
    _, again, told = home.check("--stats", stdin=STREAM)
    assert again == records
    assert "cache:  200 (100%)" in told


@pytest.mark.parametrize("stage", ["model", "reading"])
def test_other_stages_ignore_it(home: Home, stage: str) -> None:
    home.profile_file.write_text(
        WISH + "    examples: [buy the coin]\n    counterexamples: [tea and a walk]\n"
    )
    home.tune()
    assert not stages(home.check("--stage", stage, stdin=STREAM)[1]) & EARLY


def test_an_untuned_profile_is_told_nothing(home: Home) -> None:
    _, records, told = home.check(stdin="a swim\n")
    assert stages(records) == {"prompt"}
    assert "tune" not in told


def test_an_edited_profile_is_judged_in_full_and_says_so(home: Home) -> None:
    home.tune()
    home.profile_file.write_text(WISH.replace("Sells coins", "Sells things"))
    _, records, told = home.check(stdin=STREAM)
    assert not stages(records) & EARLY
    assert told.count("mine is not as it was when its cascade was tuned") == 1


def test_an_edited_profile_that_learned_says_it_once(home: Home) -> None:
    home.tune()
    save_tuning(home.settings.data_dir / "tuning", Tuning("mine", home.profile.digest, tuple(posts(60))))
    home.profile_file.write_text(WISH.replace("Sells coins", "Sells things"))
    told = home.check(stdin="a swim\n")[2]
    assert told.count("is not as it was when") == 1


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("model", "the model is another one"),
        ("judging", "this version of modcli judges otherwise"),
        ("sample", "the sample that it learned from is another one"),
        ("stages", "this version of modcli has other early stages"),
    ],
)
def test_what_changed_is_told_and_all_judged_in_full(home: Home, part: str, words: str) -> None:
    home.tune(lambda tuned: replace(tuned, key=dict(tuned.key) | {part: "other"}))
    _, records, told = home.check(stdin=STREAM)
    assert not stages(records) & EARLY
    assert f"mine: {words}, so everything is judged in full: `modcli tune` again" in told


@pytest.mark.parametrize(
    "damage",
    [
        lambda tuned: replace(tuned, salt="xyz"),
        lambda tuned: replace(tuned, salt=""),
        lambda tuned: replace(tuned, categories=("no such",)),
        lambda tuned: replace(tuned, stages=tuple(replace(one, eagerness=0.0) for one in tuned.stages)),
        lambda tuned: replace(
            tuned, calibration=replace(tuned.calibration, acted=tuned.calibration.acted[1:])
        ),
    ],
)
def test_a_cascade_that_lacks_something_is_not_used(
    home: Home, damage: Callable[[TunedCascade], TunedCascade]
) -> None:
    home.tune(damage)
    _, records, told = home.check(stdin=STREAM)
    assert not stages(records) & EARLY
    assert "its cascade is damaged" in told


def test_a_file_that_cannot_be_read_is_told(home: Home) -> None:
    home.tune()
    file = joined.cascade_file(home.settings, home.profile)
    file.write_bytes(file.read_bytes()[:-200])
    _, records, told = home.check(stdin=STREAM)
    assert not stages(records) & EARLY
    assert "cannot be read, so everything is judged in full" in told


def only_embedding(tuned: TunedCascade) -> TunedCascade:
    assert [stage.name for stage in tuned.stages] == [EMBEDDING]
    return tuned


def test_another_embedder_than_it_was_tuned_with_decides_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.tune(only_embedding)
    monkeypatch.setattr(joined, "build_embedder", lambda _settings: ScriptedEmbedder(dim=32))
    _, records, told = home.check(stdin=STREAM)
    assert not stages(records) & EARLY
    assert told.count("scripted is not the embedder that it was tuned with") == 1


def test_an_embedder_that_is_not_at_hand_is_told_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.tune(only_embedding)
    monkeypatch.setattr(joined, "why_no_embedder", lambda _settings: "onnxruntime not installed")
    _, records, told = home.check(stdin=STREAM)
    assert not stages(records) & EARLY
    assert told.count("the stage embedding failed (onnxruntime not installed)") == 1


def test_a_budget_that_a_failing_stage_would_break_ends_the_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.tune(only_embedding)
    monkeypatch.setattr(joined, "why_no_embedder", lambda _settings: "onnxruntime not installed")
    status, records, told = home.check("--budget", "30", stdin=STREAM)
    assert (status, records) == (2, [])
    assert "--budget cannot be kept, as an early stage failed" in told


def test_a_throughput_is_met_and_its_bound_told(home: Home) -> None:
    tuned = home.tune()
    _, records, told = home.check("--throughput", "4/s", "--no-cache", stdin=STREAM)
    assert tuned.price_for(0.25) is not None
    assert "for 4 items/s about " in told
    assert "% is judged in full; of what the full judge acts on, at least " in told
    share = sum(record["stage"] not in EARLY for record in records) / len(records)
    assert 0.05 < share < 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--throughput", "fast"], "is a number of items a second"),
        (["--throughput", "0"], "is a number of items a second"),
        (["--throughput", "1e3"], "is a number of items a second"),
        (["--throughput", "-5/s"], "is a number of items a second"),
        (["--throughput", "٣"], "is a number of items a second"),
        (["--throughput", "5/s", "--budget", "3"], "give one of them"),
        (["--throughput", "5", "--stage", "model"], "--stage model as well"),
        (["--budget", "5", "--stage", "prefilter"], "--stage prefilter as well"),
        (["--throughput", "50/s"], "mine has no early stages, which --throughput is about"),
        (["--budget", "50"], "mine has no early stages, which --budget is about"),
    ],
)
def test_what_cannot_be_is_refused(home: Home, arguments: list[str], message: str) -> None:
    status, records, told = home.check(*arguments, stdin="a swim\n")
    assert (status, records) == (2, [])
    assert message in told
    assert "hint" in told or "give one" in told


def test_a_throughput_out_of_reach(home: Home) -> None:
    home.tune()
    status, records, told = home.check("--throughput", "999999999", stdin="a swim\n")
    assert (status, records) == (2, [])
    assert "are out of reach" in told


def test_a_budget_is_kept_whatever_the_input(home: Home) -> None:
    home.tune()
    half = STREAM.splitlines(keepends=True)
    (home.folder / "first.txt").write_text("".join(half[:100]))
    status, records, told = home.check(
        *("first.txt", "-", "--text", "tea"), "--budget", "30", "--no-cache", stdin="".join(half[100:])
    )
    assert status == 1
    assert [record["id"] for record in records][:3] == ["text:1", "first.txt:1", "first.txt:2"]
    assert len(records) == 201
    in_full = sum(record["stage"] not in EARLY for record in records)
    assert 15 <= in_full <= 30
    assert f"{in_full} of 201 items are judged in full; all together that takes about {in_full} s; of" in told


def test_a_budget_of_nothing_and_of_all(home: Home) -> None:
    home.tune()
    assert stages(home.check("--budget", "0", "--no-cache", stdin=STREAM)[1]) <= EARLY
    assert not stages(home.check("--budget", "200", "--no-cache", stdin=STREAM)[1]) & EARLY


def test_the_prefilter_alone_decides_all_without_the_model(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.tune()

    def no_model(*_: object, **__: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr("modcli.backends.scripted.Scripted.read", no_model)
    status, records, _ = home.check("--stage", "prefilter", "--no-cache", stdin=STREAM)
    assert status == 1
    assert stages(records) <= EARLY
    assert right(records) > 0.9


def test_the_prefilter_of_a_profile_that_was_not_tuned(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_model(*_: object, **__: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr("modcli.backends.scripted.Scripted.read", no_model)
    text = "sells coins\na swim in the lake\n"
    status, records, told = home.check("--stage", "prefilter", "--no-cache", stdin=text)
    assert status == 1
    assert [record["action"] for record in records] == ["block", "allow"]
    assert stages(records) == {"prefilter"}
    assert told.count("nothing is guaranteed") == 1
    monkeypatch.setattr(joined, "why_no_embedder", lambda *_: "no embedder here")
    status, records, told = home.check("--stage", "prefilter", "--no-cache", stdin=text)
    assert (status, records) == (2, [])
    assert "no embedder here" in told


def test_a_drift_is_found_and_lasts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned = home.tune()
    monkeypatch.setattr("modcli.cascade.auditing.is_audited", lambda _content, _salt: True)
    chance = random.Random(4)
    # Now what the stages take for harmless is what the full judge acts on.
    monkeypatch.setattr("modcli.backends.scripted.Scripted._log_probabilities", _upside_down)
    words = "".join(f"tram lake rain post {chance.random()}\n" for _ in range(200))
    _, records, told = home.check("--no-cache", stdin=words)
    assert told.count("warning: The promise no longer holds") >= 1
    assert not stages(records) & EARLY
    kept = json.loads(joined.drift_file(home.settings, home.profile).read_text())
    assert kept["alarms"] >= 1
    assert kept["price"] < tuned.price
    assert "audits have found" in home.check("--no-cache", stdin="a swim\n")[2]


def _upside_down(_self: object, text: str, labels: tuple[str, ...]) -> object:
    import numpy as np

    acts = "post" in text and "." in text
    scores = np.full(len(labels), -5.0)
    scores[0 if acts else -1] = 0.0
    return scores - np.logaddexp.reduce(scores)


def test_near_duplicates_are_judged_once_and_that_is_told(home: Home) -> None:
    posts = [f"you absolute moron, number {i} of many, learn to read" for i in range(30)]
    lines = "\n".join([*posts, "a quiet lake\n"])
    _, records, told = home.check("--no-cache", "--observe", "--group", stdin=lines)
    assert [record["id"] for record in records] == [str(i) for i in range(1, 32)]
    assert {record["action"] for record in records[:30]} == {records[0]["action"]}
    spread = [record for record in records if record["stage"] == "group"]
    assert 15 <= len(spread) <= 29
    assert str(spread[0]["reason"]).startswith("nearly the same as 1: ")
    assert "of 29 verdicts that were spread among near-duplicates" in told
