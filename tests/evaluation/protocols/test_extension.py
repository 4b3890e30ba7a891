from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from modcli.evaluation.protocols.base import Job, Outcome, Setting
from modcli.evaluation.protocols.extension import by_language, by_rule, extend, with_extended
from modcli.evaluation.protocols.tasks import several
from modcli.evaluation.protocols.variations import Variation, extensions

Make = Callable[..., Setting]


def outcome(jobs: Sequence[Job], condition: str) -> Outcome:
    (job,) = [job for job in jobs if job.condition == condition]
    return job.work()


def test_conditions(make: Make) -> None:
    jobs = extend(make("sms_spam", "paradetox"))
    assert len({job.condition for job in jobs}) == len(jobs) == 2 * 8 * 3
    assert "spam: leetspeak, before" in {job.condition for job in jobs}
    assert "toxicity: French, 4 varied examples" in {job.condition for job in jobs}


@pytest.mark.parametrize("variation", extensions(), ids=lambda one: one.name)
def test_shots_and_tests_have_no_text_in_common(make: Make, variation: Variation) -> None:
    setting = make("paradetox", rows=0)
    (one,) = setting.sets
    varied = by_rule(setting, [one], variation, one)
    assert varied.of
    assert all(row.labels == {"toxicity"} for row in varied.of)
    assert not any(row.labels for row in varied.beside)
    reported = {row.item.text for row in setting.rows_of(one.name).reported}
    for seed in (0, 1):
        shots = varied.shots(seed)
        assert 0 < len(shots) <= 4
        assert not set(shots) & {row.item.text for row in (*varied.of, *varied.beside)}
        assert not set(shots) & reported
        # Nor are they variations of what the profile has.
        had = {shot.text for shot in several(setting, [one], 4, seed).categories[0].examples}
        assert not set(shots) & {variation(text, "toxicity", seed) for text in had}


def test_what_a_variation_leaves_alone_is_no_test_of_it(make: Make) -> None:
    setting = make("paradetox")
    (one,) = setting.sets
    nothing = Variation("nothing", lambda text, _category, _seed: text)
    varied = by_rule(setting, [one], nothing, one)
    assert (varied.of, varied.beside, list(varied.shots(0))) == ((), (), [])


def test_another_language_begins_with_another_example_in_each_draw(make: Make) -> None:
    (one,) = make("sst2").sets
    varied = by_language("Spanish", one)
    assert len({varied.shots(seed)[0] for seed in range(4)}) == 4
    assert len(varied.of) == 8
    assert {row.item.location.name for row in varied.of} == {"Spanish"}


def test_examples_of_a_variation_teach_it(make: Make) -> None:
    jobs = extend(make("sms_spam", "paradetox"))
    before = outcome(jobs, "toxicity: code words, before")
    after = outcome(jobs, "toxicity: code words, 4 varied examples")
    assert after.metrics["recall, varied"].mean > before.metrics["recall, varied"].mean
    assert after.metrics["recall, as it was"].mean > 0.6
    assert after.metrics["false blocks, other sets"].mean < 0.3
    assert after.draws == 2


def test_the_edit_is_that_of_the_product(make: Make) -> None:
    setting = make("paradetox")
    before = several(setting, setting.sets, 2, seed=0)
    after = with_extended(before, "toxicity", ["y0u f00l"])
    assert [shot.text for shot in after.by_name["toxicity"].examples] == [
        *(shot.text for shot in before.by_name["toxicity"].examples),
        "y0u f00l",
    ]
