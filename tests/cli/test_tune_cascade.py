"""The cascade's part of `modcli tune`, with a scripted model."""

from __future__ import annotations

import importlib.util
import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from modcli.cascade.costs import Costs
from modcli.cascade.early import Features
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.moderator import Moderator
from modcli.cascade.parts import parts_of
from modcli.cascade.tuned import EMBEDDING, NGRAMS, TunedCascade, Wish, load_cascade
from modcli.cascade.tuning import load_tuning
from modcli.cli import tune_cascade
from modcli.cli.app import app
from modcli.cli.assemble import build_workbench, moderator_on
from modcli.cli.assemble_cascade import cascade_file, drift_file, early_stages, stage_features
from modcli.cli.tune_cascade import pool_size, wishes_of
from modcli.embedders.scripted import ScriptedEmbedder
from modcli.errors import BackendError, Location, UsageError
from modcli.item import Item
from modcli.profile import Action, Category, Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.reports.output import ReaderGone
from modcli.settings import Settings, load_settings
from modcli.verdict import Verdict

WORDS = "swim lake tram bread garden train letter window coffee rain music walk tea sun dog road".split()  # noqa: SIM905
ADVERTS = ["offer", "prize", "winner", "cash", "click"]
PROFILE = """
categories:
  spam:
    definition: Advertising.
  praise:
    definition: Praise.
    action: allow
"""
FULL = {"kind", "holds", "certified", "price", "judged", "calibration", "seconds", "full_seconds", "speedup"}


def made_up(count: int, share: float, seed: int = 0) -> list[str]:
    """Different posts, this share of them adverts, some of which are hard to tell."""
    chance, found = random.Random(seed), dict[str, None]()
    while len(found) < count:
        words = chance.sample(WORDS, 5)
        if chance.random() < share:
            words += ["spam", *chance.sample(ADVERTS, chance.randrange(4))]
        elif chance.random() < 0.1:
            words += chance.sample(ADVERTS, 2)
        chance.shuffle(words)
        found[" ".join(words)] = None
    return list(found)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.chdir(tmp_path)
    # The scripted model is faster than any stage; as slow as a real one it is made here.
    monkeypatch.setattr(tune_cascade, "costs_of", lambda *_: Costs(0.01, 0.1, 1.0))
    usual = stage_features

    def quick(*parts: Any) -> dict[str, Callable[[], Features]]:
        return {name: make for name, make in usual(*parts).items() if name != NGRAMS or with_ngrams}

    with_ngrams = getattr(request, "param", False)
    monkeypatch.setattr(tune_cascade, "stage_features", quick)
    (tmp_path / "mine.yaml").write_text(PROFILE, "utf-8")
    (tmp_path / "posts.txt").write_text("\n".join(made_up(1500, 0.3)), "utf-8")
    return tmp_path


def tune(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    # A small sample teaches the judge itself, so that tests are quick.
    posts = () if {"--status", "--forget"} & set(arguments) else ("--posts", "100")
    result = CliRunner().invoke(
        app, ["tune", "-p", "./mine.yaml", "--backend", "scripted", *posts, *arguments]
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return result.exit_code, rows, result.stderr


def of_kind(rows: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("kind") == kind]


def here() -> tuple[Settings, Profile]:
    settings = load_settings({"profile": ["./mine.yaml"], "backend": "scripted"}, os.environ, Path.cwd())
    return settings, load_stacked(settings.profile, Shelf(settings.config_dir / "profiles"))


def kept() -> TunedCascade:
    found = load_cascade(cascade_file(*here()))
    assert found is not None
    return found


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("home", [True], indirect=True)
def test_teaches_promises_and_tells() -> None:
    status, rows, told = tune("posts.txt", "--budget", "600", "--recall", "0.9", "--recall", "spam=0.9")
    assert status == 0, told
    assert "judging 600 posts in full: about 11 minutes at most" in told
    assert "kind" not in rows[0]
    (whole,) = of_kind(rows, "cascade")
    assert whole.keys() >= FULL
    assert whole["certified"]
    assert whole["holds"]
    assert (whole["judged"], whole["calibration"]) == (600, 300)
    assert whole["speedup"] > 2
    assert sum(row["share"] for row in of_kind(rows, "stage")) == pytest.approx(1, abs=0.01)
    promises = [(row["promise"], row["category"], row["target"]) for row in of_kind(rows, "promise")]
    assert promises == [("recall", None, 0.9), ("recall", "spam", 0.9), ("risk", None, 0.05)]
    assert "with 95% confidence" in of_kind(rows, "promise")[0]["words"]
    assert [row["category"] for row in of_kind(rows, "category")] == ["spam"]
    tuned = kept()
    has_embedding = any(stage.name == EMBEDDING for stage in tuned.stages)
    assert tuned.key.get("embedder") == (ScriptedEmbedder().facts.digest if has_embedding else None)


@pytest.mark.usefixtures("home")
def test_what_was_promised_is_kept_on_other_posts() -> None:
    assert tune("posts.txt", "--budget", "600", "--recall", "0.9", "--risk", "0.05")[0] == 0
    settings, profile = here()
    bench = build_workbench(settings)
    tuning = load_tuning(settings.data_dir / "tuning", profile.digest)
    assert tuning is not None
    early = early_stages(settings, bench, profile, tuning.sample)
    assert early is not None
    items = [Item(str(i), text, Location("x")) for i, text in enumerate(made_up(1500, 0.3, seed=1))]
    full = moderator_on(bench, settings, profile, on_error=Action.WARN, verdicts=False).judge(items)
    answers = early.answers([parts_of(item) for item in items])
    blocks = np.array([verdict.action is Action.BLOCK for verdict in full])
    own = np.array(
        [
            is_blocked if answer is None else bool(answer.log_odds[0] >= 0)
            for answer, is_blocked in zip(answers, blocks, strict=True)
        ]
    )
    assert sum(answer is not None for answer in answers) > 300
    assert own[blocks].mean() >= 0.9
    assert (own != blocks).mean() <= 0.05


@pytest.mark.usefixtures("home")
def test_status_loads_nothing_and_shows_other_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    _, rows, _ = tune("posts.txt", "--budget", "400", "--recall", "0.9")
    monkeypatch.setattr("modcli.cli.tune.build_workbench", lambda *_, **__: pytest.fail("a model is made"))
    before = cascade_file(*here()).read_bytes()
    assert tune("--status")[:2] == (0, rows)
    status, others, told = tune("--status", "--recall", "0.99", "--risk", "0.2")
    assert status == 0
    assert "nothing is changed" in told
    assert [row["target"] for row in of_kind(others, "promise")] == [0.99, 0.2]
    assert "299 are needed" in of_kind(others, "promise")[0]["words"]
    assert cascade_file(*here()).read_bytes() == before


@pytest.mark.usefixtures("home")
def test_other_promises_without_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tune("--recall", "0.8")[0] == 2
    tune("posts.txt", "--budget", "400", "--recall", "0.9")
    taught = kept()
    monkeypatch.setattr("modcli.cli.tune.build_workbench", lambda *_, **__: pytest.fail("a model is made"))
    status, rows, _ = tune("--recall", "0.8", "--risk", "none")
    assert status == 0
    assert [row["target"] for row in of_kind(rows, "promise")] == [0.8]
    assert of_kind(rows, "cascade")[0]["asked"] == 2
    assert kept().salt == taught.salt
    assert kept().price >= taught.price


def test_an_edited_profile_promises_nothing(home: Path) -> None:
    tune("posts.txt", "--budget", "400")
    (home / "mine.yaml").write_text(PROFILE.replace("Advertising", "Adverts"), "utf-8")
    status, rows, told = tune("--status")
    assert (status, rows) == (1, [])
    status, _, told = tune("--recall", "0.9")
    assert status == 2
    assert "has no early stages" in told


@pytest.mark.usefixtures("home")
def test_a_cascade_that_no_longer_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    tune("posts.txt", "--budget", "400")
    file = cascade_file(*here())
    tuned = kept()
    replace(tuned, key=dict(tuned.key) | {"model": "another"}).save(file)
    status, rows, _ = tune("--status")
    assert status == 1
    assert of_kind(rows, "cascade")[0]["problems"] == ["the model is another one"]
    assert tune("--recall", "0.9")[0] == 2
    file.write_bytes(b"damaged")
    status, _, told = tune("--status")
    assert status == 0
    assert "cannot be read" in told
    assert tune("--recall", "0.9")[0] == 2


@pytest.mark.usefixtures("home")
def test_forget_deletes_the_early_stages_and_what_is_known_of_their_drift() -> None:
    tune("posts.txt", "--budget", "400")
    settings, profile = here()
    drift_file(settings, profile).write_text("{}", "utf-8")
    status, _, told = tune("--forget")
    assert status == 0
    assert "deleted: the sample and the early stages" in told
    assert not list((settings.data_dir / "tuning").iterdir())


@pytest.mark.usefixtures("home")
def test_a_reader_that_goes_away_does_not_end_the_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, data: bytes) -> None:
            raise ReaderGone("standard output was closed by its reader")

    monkeypatch.setattr("modcli.cli.tune.standard_output", Closed)
    status, rows, _ = tune("posts.txt", "--budget", "300")
    assert (status, rows) == (0, [])
    assert kept().budget == 300


@pytest.mark.usefixtures("home")
def test_a_budget_of_zero_tunes_as_ever() -> None:
    status, rows, _ = tune("posts.txt", "--budget", "0")
    assert status == 0
    assert [row["category"] for row in rows] == ["spam"]
    assert not cascade_file(*here()).exists()


def test_too_few_posts_are_told_and_what_still_holds_stays(home: Path) -> None:
    tune("posts.txt", "--budget", "400")
    before = cascade_file(*here()).read_bytes()
    status, rows, told = tune("posts.txt", "--budget", "50")
    assert status == 0
    assert not of_kind(rows, "cascade")
    assert "a budget of 50 is too small (--budget 100 is the least)" in told
    assert "those of before still hold" in told
    assert cascade_file(*here()).read_bytes() == before
    # Another sample teaches the judge now: what was kept does not hold.
    few = (home / "posts.txt").read_text("utf-8").split("\n")[:350]
    (home / "few.txt").write_text("\n".join(few), "utf-8")
    status, _, told = tune("few.txt", "--posts", "300")
    assert status == 0
    assert "50 posts are left for them, which is too few" in told
    assert not cascade_file(*here()).exists()


def test_one_class_only(home: Path) -> None:
    (home / "plain.txt").write_text("\n".join(made_up(600, 0.0)), "utf-8")
    status, rows, told = tune("plain.txt", "--budget", "200")
    assert status == 0
    assert not of_kind(rows, "cascade")
    assert "no early stages: the full judge acts on 0 of" in told


@pytest.mark.usefixtures("home")
def test_too_small_for_the_promise_decides_nothing_early_and_says_so() -> None:
    status, rows, _ = tune("posts.txt", "--budget", "300", "--recall", "0.99")
    assert status == 0
    (whole,) = of_kind(rows, "cascade")
    assert (whole["certified"], whole["price"], whole["speedup"]) == (False, 0.0, 1.0)
    promise = of_kind(rows, "promise")[0]
    assert promise["needed"] == 299
    assert "--budget of about" in promise["more"]
    assert of_kind(rows, "stage")[-1]["share"] == 1
    assert kept().price == 0


def test_duplicates_empty_and_unreadable_posts(home: Path) -> None:
    lines = [json.dumps({"text": text}) for text in made_up(700, 0.3)]
    lines += ["{broken", '{"text": ""}', '{"text": "  "}', *lines[:300]]
    (home / "posts.jsonl").write_text("\n".join(lines), "utf-8")
    status, rows, told = tune("posts.jsonl", "--budget", "300")
    assert status == 3
    assert "posts.jsonl:701" in told
    assert of_kind(rows, "cascade")[0]["judged"] == 300


def test_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    status, rows, told = tune("posts.txt", "--budget", "300")
    assert status == 2
    assert "error: the early stages cannot be kept" in told
    assert "No space left" in told
    assert not of_kind(rows, "cascade")
    assert [file.suffix for file in (home / "data" / "tuning").iterdir()] == [".json"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("works", [0, 1, 4])
def test_an_embedder_that_fails_midway(monkeypatch: pytest.MonkeyPatch, works: int) -> None:
    left, usual = [works], ScriptedEmbedder.embed

    def embed(self: ScriptedEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
        left[0] -= 1
        if left[0] < 0:
            raise BackendError("it broke")
        return usual(self, texts)

    monkeypatch.setattr(ScriptedEmbedder, "embed", embed)
    status, rows, told = tune("posts.txt", "--budget", "300")
    assert status == 0
    assert "the early stage embedding is left out (it broke)" in told
    assert "embedding" not in {row["stage"] for row in of_kind(rows, "stage")}
    assert "embedder" not in kept().key


@pytest.mark.usefixtures("home")
def test_embeddings_that_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ScriptedEmbedder, "embed", lambda _self, texts: np.full((len(texts), 64), np.nan, np.float32)
    )
    status, rows, told = tune("posts.txt", "--budget", "300")
    assert status == 0
    assert "features are no numbers" in told
    assert "embedding" not in {row["stage"] for row in of_kind(rows, "stage")}


@pytest.mark.usefixtures("home")
def test_without_scikit_learn_the_judge_is_tuned_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "sklearn" else usual(name, *rest)
    )
    status, rows, told = tune("posts.txt")
    assert status == 0
    assert rows[0]["learned"]
    assert "pip install 'modcli[prefilter]'" in told


def test_an_interrupted_call_keeps_what_was_judged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, cached = Moderator.judge, list[bool]()

    def judge(self: Moderator, items: Sequence[Item]) -> list[Verdict]:
        if len(cached) >= 96 and not any(cached):
            raise KeyboardInterrupt
        verdicts = usual(self, items)
        cached.extend(verdict.cached for verdict in verdicts)
        return verdicts

    monkeypatch.setattr(Moderator, "judge", judge)
    status, rows, told = tune("posts.txt", "--budget", "400")
    assert status == 130
    assert "interrupted; what the model has said is kept" in told
    assert not of_kind(rows, "cascade")
    assert [file.suffix for file in (home / "data" / "tuning").iterdir()] == [".json"]
    cached.clear()
    assert tune("posts.txt", "--budget", "400")[0] == 0
    assert sum(cached) == 96


PROFILE_VALUE = Profile("mine", (Category("spam", Action.BLOCK), Category("praise", Action.ALLOW)))


def test_wishes() -> None:
    recall, risk = Wish(PromiseKind.RECALL, 0.95), Wish(PromiseKind.RISK, 0.05)
    assert wishes_of([], [], PROFILE_VALUE) == [recall, risk]
    assert wishes_of(["0.9"], [], PROFILE_VALUE) == [Wish(PromiseKind.RECALL, 0.9), risk]
    of_spam = Wish(PromiseKind.RECALL, 0.99, "spam")
    assert wishes_of(["spam=0.99"], ["none"], PROFILE_VALUE) == [of_spam, recall]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("1", "between 0 and 1"),
        ("0", "between 0 and 1"),
        ("-0.5", "between 0 and 1"),
        ("nan", "between 0 and 1"),
        ("95%", "between 0 and 1"),
        ("", "between 0 and 1"),
        ("spam=", "between 0 and 1"),
        ("spam=none", "between 0 and 1"),
        ("nope=0.9", "has no category nope"),
        ("=0.9", "has no category without a name"),
        ("praise=0.9", "nothing follows from praise"),
    ],
)
def test_wishes_that_are_none(written: str, says: str) -> None:
    for recall, risk in (([written], []), ([], [written])):
        with pytest.raises(UsageError, match=says) as raised:
            wishes_of(recall, risk, PROFILE_VALUE)
        assert raised.value.hint


def test_wishes_that_contradict_or_promise_nothing() -> None:
    with pytest.raises(UsageError, match=r"it is 0\.9 already"):
        wishes_of(["0.9", "0.8"], [], PROFILE_VALUE)
    with pytest.raises(UsageError, match="nothing is to be promised"):
        wishes_of(["none"], ["none"], PROFILE_VALUE)


def test_sizes() -> None:
    assert (pool_size(0), pool_size(100), pool_size(500)) == (0, 5000, 10_000)
