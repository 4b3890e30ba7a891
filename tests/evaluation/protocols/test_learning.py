from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.workbench import Workbench
from modcli.errors import UsageError
from modcli.evaluation.baselines import MAJORITY, Baseline
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.base import Job, Log, Setting, run_jobs
from modcli.evaluation.protocols.learning import (
    ANSWERS,
    BOTH,
    LABELLED,
    SAMPLE,
    SETS,
    SHOTS,
    SIDE,
    TARGETS,
    UNLABELLED,
    answers_of,
    cost,
    learning,
    profile_of,
    sample_of,
    shots_of,
)
from modcli.evaluation.protocols.sets import LONGEST_SHOT, chosen
from modcli.prompts.normalization import normalize
from tests.evaluation.test_baselines import row

Make = Callable[..., Setting]


@dataclass(frozen=True)
class Sampling(Workbench):
    """Keeps the samples that it is given, and judges without them."""

    samples: Any = ()

    def moderator(self, profile: Any, *, sample: Sequence[str] = (), **options: Any) -> Moderator:
        self.samples.append((profile, tuple(sample)))
        return super().moderator(profile, **options)


def sampling(setting: Setting) -> tuple[Setting, list[tuple[Any, tuple[str, ...]]]]:
    samples: list[tuple[Any, tuple[str, ...]]] = []
    b = setting.bench
    bench = Sampling(b.backend, b.reader, b.asker, store=None, model="m", samples=samples)
    return replace(setting, bench=bench), samples


def job_of(setting: Setting, condition: str) -> Job:
    (found,) = [job for job in learning(setting) if job.condition == condition]
    return found


class Known:
    """A baseline that knows the reported rows, but for what it is given as noise, and keeps what it is taught."""

    def __init__(self) -> None:
        self.taught: list[tuple[int, int]] = []

    def __call__(
        self, train: Sequence[LabelledRow], test: Sequence[LabelledRow], names: Sequence[str], seed: int
    ) -> np.ndarray:
        self.taught.append((len(train), seed))
        return np.array([[0.9 if name in row.labels else 0.2 for name in names] for row in test])


def test_a_definition_and_unlabelled_posts(make: Make) -> None:
    setting, samples = sampling(make("sms_spam"))
    found = job_of(setting, UNLABELLED).work()
    pool = {row.item.text for row in setting.rows_of("sms_spam").pool}
    assert len(samples) == found.draws == 2
    for profile, sample in samples:
        (category,) = profile.categories
        assert category.definition
        assert not category.examples
        assert set(sample) <= pool
        assert len(set(sample)) == min(len(pool), SAMPLE)
    assert samples[0][1] != samples[1][1]
    assert found.rows == 10
    assert found.metrics["f1"].mean == 1
    assert found.metrics["f1 (target)"].mean == 0.85
    assert list(found.metrics)[:3] == ["accuracy", "f1", "f1 (target)"]


def test_shots(make: Make) -> None:
    setting = make("sst2")
    (one,) = chosen(["sst2"])
    (category,) = profile_of(one, shots_of(setting, one, 0)).categories
    truth = {row.item.text: row.labels for row in setting.rows_of("sst2").pool}
    assert len(category.examples) == len(category.counterexamples) == SIDE
    assert all(truth[shot.text] for shot in category.examples)
    assert not any(truth[shot.text] for shot in category.counterexamples)
    assert shots_of(setting, one, 0) == shots_of(setting, one, 0)
    assert shots_of(setting, one, 0) != shots_of(setting, one, 1)
    found = job_of(setting, SHOTS).work()
    assert found.metrics["accuracy"].mean > 0.9
    assert found.metrics["calibration error (target)"].mean == 0.06


def test_shots_and_unlabelled_posts(make: Make) -> None:
    setting, samples = sampling(make("sst2"))
    found = job_of(setting, BOTH).work()
    assert found.draws == len(samples) == 2
    for profile, sample in samples:
        assert len(profile.categories[0].examples) == SIDE
        assert len(sample) > SIDE


def test_answers_teach_what_they_are_known_to_be(make: Make) -> None:
    setting = make("openai_moderation")
    (one,) = chosen(["openai_moderation"])
    rows = answers_of(setting, one, 0)
    assert len({row.item.text for row in rows}) == min(len(setting.rows_of(one.name).pool), LABELLED)
    for category in profile_of(one, rows).categories:
        assert {shot.text for shot in category.examples} == {
            row.item.text for row in rows if category.name in row.labels
        }
        assert {shot.text for shot in category.counterexamples} == {
            row.item.text for row in rows if category.name not in row.labels | row.unknown
        }


def test_long_answers_come_last() -> None:
    (one,) = chosen(["sms_spam"])
    long = "word " * LONGEST_SHOT
    (category,) = profile_of(one, [row(long, "spam"), row("b", "spam"), row("a", "spam")]).categories
    assert [shot.text for shot in category.examples] == ["b", "a", long]


def test_several_labels(make: Make) -> None:
    """Of a rare label there are fewer shots than asked for."""
    setting = make("openai_moderation")
    (one,) = chosen(["openai_moderation"])
    profile = profile_of(one, shots_of(setting, one, 0))
    assert all(0 < len(category.examples) <= SIDE for category in profile.categories)
    found = job_of(replace(setting, draws=1), SHOTS).work()
    assert {"auprc", "any f1", "auprc (target)", "any f1 (target)"} <= set(found.metrics)
    assert np.isfinite(found.metrics["calibration error"].mean)


def test_nothing_that_is_learned_from_is_reported(make: Make) -> None:
    for name in SETS:
        setting = make(name, rows=0)
        (one,) = chosen([name])
        reported = {normalize(row.item.text) for row in setting.rows_of(name).reported}
        learned = [row.item.text for row in (*shots_of(setting, one, 0), *answers_of(setting, one, 0))]
        assert not reported & {normalize(text) for text in (*learned, *sample_of(setting, one, 0))}


def test_an_empty_pool_is_told(make: Make, folder: Path) -> None:
    """Where every text of the train split is reported."""
    setting = make("sms_spam")
    (folder / "sms_spam.train.jsonl").write_bytes((folder / "sms_spam.dev.jsonl").read_bytes())
    for draw in (answers_of, sample_of):
        with pytest.raises(UsageError, match="no rows to learn from"):
            draw(setting, chosen(["sms_spam"])[0], 0)


def test_baselines_learn_from_the_same_rows(make: Make) -> None:
    known = Known()
    setting = replace(make("sms_spam"), baselines=lambda: [Baseline("known", known), MAJORITY])
    cells = {cell.condition: cell for cell in run_jobs(learning(setting)[4:], setting, Log(None))}
    assert list(cells) == [
        "known: 8 shots",
        "known: 256 labelled examples",
        "known: all labelled rows",
        "majority class: all labelled rows",
    ]
    pool = len(setting.rows_of("sms_spam").pool)
    assert known.taught == [(8, 0), (8, 1), (pool, 0), (pool, 1), (pool, 0)]
    for name in list(cells)[:3]:
        assert cells[name].metrics["accuracy"].mean == 1
    assert cells["majority class: all labelled rows"].metrics["auroc"].mean == 0.5
    assert cells["known: all labelled rows"].draws == 1


def test_a_baseline_that_is_not_here_has_a_line_that_says_why(make: Make) -> None:
    setting = replace(
        make("sms_spam"), baselines=lambda: [Baseline("SetFit", None, missing="it is not installed")]
    )
    (cell,) = run_jobs(learning(setting)[4:], setting, Log(None))
    assert cell.condition == "SetFit: not measured, it is not installed"
    assert not cell.metrics


def test_what_comes_trained_is_measured_once_where_it_applies(make: Make) -> None:
    known = Known()
    narrow = Baseline("narrow", known, trained=False, categories=frozenset({"toxicity"}))
    setting = replace(make("sms_spam", "paradetox"), baselines=lambda: [narrow])
    (job,) = [job for job in learning(setting) if job.condition == "narrow"]
    assert job.sets == ("paradetox",)
    job.work()
    assert known.taught == [(0, 0)]


def test_the_targets_are_of_metrics_that_are_measured(make: Make) -> None:
    assert TARGETS.keys() == {UNLABELLED, SHOTS, ANSWERS}
    for arm, targets in TARGETS.items():
        assert targets.keys() == set(SETS)
        setting, _ = sampling(make(draws=1))
        for job in learning(setting):
            if job.condition == arm:
                assert targets[job.set].keys() <= job.work().metrics.keys()


def test_the_cost_is_told_for_each_set(make: Make) -> None:
    lines = cost(make("sst2", "openai_moderation", stage=Stage.AUTO))
    assert [line.split(":")[0] for line in lines[:2]] == ["sst2", "openai_moderation"]
    assert "rows 10, draws 2" in lines[0]
    assert "7 questions" in lines[1]
    assert "--rows" in lines[2]
    assert "minutes" in lines[2]
