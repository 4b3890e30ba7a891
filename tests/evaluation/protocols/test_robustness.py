from __future__ import annotations

from collections.abc import Callable, Sequence

from modcli.evaluation.protocols.base import Cell, Job, Outcome, Setting
from modcli.evaluation.protocols.measures import Measured
from modcli.evaluation.protocols.robustness import FLIPPED, robustness, worst

Make = Callable[..., Setting]


def outcome(jobs: Sequence[Job], condition: str) -> Outcome:
    (job,) = [job for job in jobs if job.condition == condition]
    return job.work()


def test_every_way_is_measured_by_itself(make: Make) -> None:
    jobs = robustness(make("paradetox", "sst2"))
    assert len({job.condition for job in jobs}) == len(jobs) == 40 + 16 + 5 + 1
    assert robustness(make("openai_moderation")) == []


def test_what_nobody_sees_flips_nothing_and_what_replaces_the_words_does(make: Make) -> None:
    jobs = robustness(make("paradetox", "sst2"))
    hidden = outcome(jobs, "zero-width spaces")
    assert hidden.metrics[FLIPPED].mean == 0
    assert hidden.rows > 4
    assert outcome(jobs, "fullwidth letters, all").metrics[FLIPPED].mean == 0
    replaced = outcome(jobs, "small capital letters, all").metrics
    assert replaced[FLIPPED].mean > 0.2
    assert f"{FLIPPED}, toxicity" in replaced
    assert f"{FLIPPED}, negative-sentiment" in replaced


def cell(condition: str, flipped: float, part: str = "robustness") -> Cell:
    return Cell(
        *("personalization", part, "sst2", condition),
        metrics={FLIPPED: Measured((flipped,), 0, 1)},
        rows=5,
        draws=1,
    )


def test_the_worst_is_named() -> None:
    found = worst([cell("a", 0.1), cell("b", 0.3), cell("c", float("nan")), cell("x", 0.9, part="block")])
    assert found is not None
    assert found.condition == "the worst of 3: b"
    assert found.metrics[FLIPPED].mean == 0.3
    assert worst([]) is None
