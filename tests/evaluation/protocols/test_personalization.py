from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from modcli.cascade.moderator import Stage
from modcli.evaluation.protocols.base import Job, Outcome, Setting
from modcli.evaluation.protocols.personalization import (
    BESIDE,
    ELSEWHERE,
    OTHERS,
    RECALL,
    block,
    blocked,
    shares,
    unblock,
    watched,
    with_blocked,
    with_unblocked,
)
from modcli.evaluation.protocols.tasks import several
from modcli.profile import Action
from modcli.profiles.edit import UNBLOCK_NOTE

Make = Callable[..., Setting]


def outcome(jobs: Sequence[Job], condition: str) -> Outcome:
    (job,) = [job for job in jobs if job.condition == condition]
    return job.work()


def test_rows_by_what_they_are_to_a_category(make: Make) -> None:
    setting = make("sms_spam", "paradetox", "sst2", rows=5)
    one = setting.sets[1]
    groups = watched(setting, one, setting.sets)
    assert [len(group) for group in (groups.target, groups.beside, groups.elsewhere, groups.others)] == [
        *(5, 5, 10, 10)
    ]
    assert all(row.labels == {"toxicity"} for row in groups.target)
    assert not any(row.labels for row in (*groups.beside, *groups.elsewhere))
    assert {label for row in groups.others for label in row.labels} == {"spam", "negative-sentiment"}
    numbers = np.arange(30)
    split = groups.split(numbers)  # type: ignore[arg-type]
    assert [part.tolist() for part in split.values()] == [
        list(range(5)),
        list(range(5, 10)),
        list(range(10, 20)),
        list(range(20, 30)),
    ]


def test_all_of_a_kind_are_watched_whatever_the_rows_of_the_tasks(make: Make) -> None:
    setting = make("sms_spam", "paradetox", rows=0)
    assert len(watched(setting, setting.sets[0], setting.sets).target) == 12


def test_shares_of_groups() -> None:
    found = shares([{"a": np.array([True, False]), "b": np.zeros(0, bool)}] * 2)
    assert found.keys() == {"a"}
    assert found["a"].values == (0.5, 0.5)
    assert shares([]) == {}


def test_a_new_category_is_blocked_from_one_example_or_a_definition(make: Make) -> None:
    jobs = block(make("sms_spam", "paradetox", "sst2"))
    assert len(jobs) == 12
    before = outcome(jobs, "toxicity: before")
    assert before.draws == 1
    assert before.metrics[RECALL].mean == 0
    assert before.metrics["new false blocks"].mean == 0
    assert before.metrics[OTHERS].mean > 0.6
    told = outcome(jobs, "toxicity: blocked from a definition")
    assert told.metrics[RECALL].mean > 0.9  # the label word knows the words... of its name
    shown = outcome(jobs, "toxicity: blocked from one example")
    assert shown.draws == 2
    assert shown.metrics[RECALL].mean > 0.2
    both = outcome(jobs, "toxicity: blocked from one example and a definition")
    for name in (BESIDE, ELSEWHERE, "new false blocks"):
        assert both.metrics[name].mean < 0.3


def test_the_edit_is_that_of_the_product(make: Make) -> None:
    setting = make("sms_spam", "paradetox")
    spam, toxic = setting.sets
    before = several(setting, [spam], 2, seed=0)
    after = with_blocked(before, toxic, ["you fool"], defined=True)
    assert after.by_name["spam"] == before.by_name["spam"]
    assert after.by_name["toxicity"].definition == toxic.only.definition
    assert not after.by_name["toxicity"].label  # nobody gives one on the command line
    allowed = with_unblocked(after, "spam").by_name["spam"]
    assert (allowed.action, allowed.note) == (Action.ALLOW, UNBLOCK_NOTE)
    assert allowed.examples == before.by_name["spam"].examples


def test_an_unblocked_category_passes_and_the_others_stay(make: Make) -> None:
    jobs = unblock(make("sms_spam", "paradetox", "sst2"))
    assert len(jobs) == 12
    had = outcome(jobs, "spam: blocked with 4 + 4 shots")
    now = outcome(jobs, "spam: unblocked, had 4 + 4 shots")
    assert had.metrics["blocked"].mean > 0.7
    assert now.metrics["still blocked"].mean < 0.2
    assert now.metrics[OTHERS].mean > 0.6
    assert now.metrics["changed elsewhere"].mean < 0.1
    assert now.draws == 2


def test_nothing_to_personalize_with_one_set(make: Make) -> None:
    setting = make("sms_spam", "openai_moderation")
    assert block(setting) == []
    assert unblock(setting) == []


def test_reading_alone_needs_an_example(make: Make) -> None:
    jobs = block(make("sms_spam", "paradetox", stage=Stage.READING))
    assert not [job for job in jobs if "from a definition" in job.condition]
    assert outcome(jobs, "toxicity: blocked from one example").metrics[RECALL].mean > 0.2


def test_what_cannot_be_judged_is_not_blocked_and_counted(make: Make) -> None:
    setting = make("sms_spam", "paradetox")
    profile = several(setting, setting.sets, 4, seed=0)
    rows = watched(setting, setting.sets[0], setting.sets).target
    known = blocked(setting, profile, rows)
    assert known.flags.any()
    assert known.failed == 0
    broken = [replace(row, item=replace(row.item, error="cut off")) for row in rows]
    found = blocked(setting, profile, broken)
    assert not found.flags.any()
    assert found.failed == len(rows)
