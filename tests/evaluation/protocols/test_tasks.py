from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from modcli.cascade.moderator import Stage
from modcli.evaluation.protocols.base import Job, Outcome, Setting
from modcli.evaluation.protocols.tasks import (
    binary,
    labelled,
    mixed,
    multi_class,
    multi_label,
    multi_task,
    plain,
    reasons,
    several,
    with_reasons,
)
from modcli.profile import Task

Make = Callable[..., Setting]


def outcome(jobs: Sequence[Job], condition: str) -> Outcome:
    (job,) = [job for job in jobs if job.condition == condition]
    return job.work()


def test_binary_conditions(make: Make) -> None:
    jobs = binary(make("sms_spam", "sst2", "openai_moderation"))
    assert [job.condition for job in jobs if job.set == "sst2"] == [
        f"{shots}, {level}"
        for shots in ("0 shots", "1 shot", "2 shots", "4 shots", "8 shots", "32 shots")
        for level in ("definition", "label word")
    ]
    assert {job.set for job in jobs} == {"sms_spam", "sst2"}


def test_shots_help_a_task(make: Make) -> None:
    jobs = binary(make("paradetox"))
    zero, eight = outcome(jobs, "0 shots, definition"), outcome(jobs, "8 shots, definition")
    assert (zero.draws, zero.rows, eight.draws) == (1, 10, 2)
    assert zero.metrics["auroc"].mean == 1  # the label words know the words
    assert eight.metrics["accuracy"].mean > 0.8
    assert len(eight.metrics["f1"].values) == 2


def test_without_a_definition_the_label_word_is_asked_for(make: Make) -> None:
    found = outcome(binary(make("paradetox")), "0 shots, label word")
    assert found.metrics["auroc"].mean == 1


def test_reading_alone_says_nothing_without_a_shot(make: Make) -> None:
    setting = make("paradetox", stage=Stage.READING)
    assert all(not job.condition.startswith("0") for job in binary(setting))
    assert plain(setting) == []
    assert reasons(setting) == []


def test_plain_in_context_learning_reads_label_words_alone(make: Make) -> None:
    setting = make("paradetox")
    found = outcome(plain(setting), "8 shots, definition")
    assert setting.bench.reader.tokens == 0
    assert found.metrics["auroc"].mean == 1
    assert {"accuracy", "accuracy at even odds", "f1 at even odds"} <= found.metrics.keys()
    assert found.draws == 2


def test_reasons_are_those_that_ship(make: Make) -> None:
    category = with_reasons("toxicity")
    assert len(category.examples) >= 4
    assert all(shot.reason for shot in (*category.examples, *category.counterexamples))
    found = [job.work() for job in reasons(make("paradetox"))]
    assert [one.metrics["auroc"].mean for one in found] == [1, 1]


def test_several_tasks_at_once(make: Make) -> None:
    setting = make("sms_spam", "paradetox", "sst2")
    rows = mixed(setting, setting.sets)
    assert len(rows) == 30
    assert mixed(setting, setting.sets) == rows
    assert {label for row in rows for label in row.labels} == {"spam", "toxicity", "negative-sentiment"}
    found = outcome(multi_class(setting), "24 shots, definition")
    assert found.metrics["class weighted f1"].mean > 0.8
    harmful = outcome(multi_task(setting), "24 shots, definition")
    assert harmful.metrics["auroc"].mean > 0.8
    assert harmful.rows == 30


def test_one_set_is_not_several_tasks(make: Make) -> None:
    setting = make("sms_spam", "openai_moderation")
    assert multi_class(setting) == []
    assert multi_task(setting) == []


def test_several_sets_in_one_profile(make: Make) -> None:
    setting = make("sms_spam", "sst2")
    profile = several(setting, setting.sets, 2, seed=5, task=Task.MULTI_CLASS)
    assert [len(category.examples) for category in profile.categories] == [2, 2]
    assert profile == several(setting, setting.sets, 2, seed=5, task=Task.MULTI_CLASS)
    assert profile != several(setting, setting.sets, 2, seed=6, task=Task.MULTI_CLASS)


def test_multi_label_shots_carry_all_of_their_labels(make: Make) -> None:
    setting = make("openai_moderation", rows=0)
    (one,) = setting.sets
    profile = labelled(setting, one, 4, seed=0)
    pool = {row.item.text: row for row in setting.rows_of(one.name).pool}
    for category in profile.categories:
        assert len(category.examples) > 0
        assert all(category.name in pool[shot.text].labels for shot in category.examples)
        for shot in category.counterexamples:
            assert category.name not in pool[shot.text].labels | pool[shot.text].unknown
    (sexual,) = [category for category in profile.categories if category.name == "sexual"]
    (hate,) = [category for category in profile.categories if category.name == "hate"]
    assert len(sexual.counterexamples) < len(hate.counterexamples)  # unknown in some
    reported = {row.item.text for row in setting.rows_of(one.name).reported}
    assert not reported & {shot.text for category in profile.categories for shot in category.examples}


def test_multi_label(make: Make) -> None:
    jobs = multi_label(make("openai_moderation", rows=0))
    zero = outcome(jobs, "0 shots, definitions")
    four = outcome(jobs, "4 of each label and as many of none, definitions")
    assert zero.metrics["auprc"].mean > 0.3
    assert four.metrics["auprc"].mean > zero.metrics["auprc"].mean
    assert four.metrics["any f1"].mean > 0.8
    assert not np.isnan(four.metrics["any f1, labels known"].mean)


@pytest.mark.parametrize("part", [binary, plain, reasons, multi_class, multi_task, multi_label])
def test_no_two_cells_are_called_alike(make: Make, part: Callable[[Setting], list[Job]]) -> None:
    jobs = part(make())
    assert jobs
    assert len({(job.set, job.condition) for job in jobs}) == len(jobs)
