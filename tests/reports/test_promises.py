from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from modcli.cascade.distillation import DistilledHead
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.tuned import SHALLOW, Judged, TunedCascade, TunedStage, Wish, guarantee_of
from modcli.reports.promises import as_records, duration, lines, print_cascade, speedup


def cascade(*wishes: Wish, acted: int = 100, odds: float = 5.0) -> TunedCascade:
    """One stage that is right of 1,000 posts, of which `acted` are acted on."""
    is_acted = np.arange(1000)[:, None] < acted
    judged = Judged((np.where(is_acted, odds, -odds),), is_acted, np.array([2], np.int8))
    head = DistilledHead(np.zeros((1, 1), np.float32), np.zeros((0, 1), np.float32), np.zeros(1))
    empty = Judged((), np.zeros((0, 1), bool), judged.severities)
    tuned = TunedCascade(
        key={},
        categories=("spam\x1b[2J",),
        stages=(TunedStage(SHALLOW, head, 1.0, 0.01),),
        full_seconds=0.5,
        calibration=judged,
        guarantee=guarantee_of([Wish(PromiseKind.RECALL, 0.9)], empty, [], ("spam\x1b[2J",)),
        budget=2000,
        salt="00",
    )
    return replace(tuned.promised(wishes or [Wish(PromiseKind.RECALL, 0.95)]), asked=1)


def printed(tuned: TunedCascade, *problems: str) -> str:
    stream = io.StringIO()
    print_cascade(Console(file=stream, width=200), tuned, problems)
    return stream.getvalue()


def test_says_what_it_costs_and_promises() -> None:
    told = printed(cascade())
    assert "10 ms instead of 500 ms on average: 50 times as fast" in told
    assert "2,000 posts were judged in full for it, 1,000 of them for the promises" in told
    assert "- Of what the full judge acts on, at least 95% is acted on or passed on" in told
    assert "of 4 times as many" in told
    assert "Agreement with the full judge is promised" in told
    assert "0 of 100 were lost: a recall of about 97.0% at least (a guide" in told
    assert "number" not in told


def test_what_reaches_the_terminal_does_not_steer_it() -> None:
    assert "\x1b" not in printed(cascade())


def test_a_promise_that_cannot_be_made_is_plain() -> None:
    tuned = cascade(Wish(PromiseKind.RECALL, 0.99))
    told = printed(tuned)
    assert "Nothing is decided early: everything goes to the full judge." in told
    assert "recall 99% is not certifiable" in told.replace("Recall", "recall")
    # 199 more that are acted on are 1,990 more posts, and as many to learn from.
    assert "A --budget of about 6,000 may do for recall 0.99." in told
    assert "a guide" not in told
    assert speedup(tuned) == 1


def test_promises_that_were_asked_again_say_what_that_costs() -> None:
    tuned = replace(cascade(), asked=3)
    assert any("number 3 asked of the same posts" in line and "85% only" in line for line in lines(tuned))


def test_what_no_longer_holds_is_told_first() -> None:
    told = lines(cascade(), ("the model is another one",))
    assert told[1] == "It no longer holds, and everything is judged in full: the model is another one."
    records = as_records(cascade(), ("the model is another one",))
    assert records[0]["holds"] is False
    assert records[0]["problems"] == ["the model is another one"]


def test_a_category_that_never_fired_is_named() -> None:
    tuned = cascade(Wish(PromiseKind.RISK, 0.05), acted=0)
    assert any("acted on none of these posts" in line for line in lines(tuned))


def test_no_faster() -> None:
    tuned = cascade()
    slow = replace(tuned, stages=(replace(tuned.stages[0], seconds=0.49),))
    assert "no faster than the full judge" in lines(slow)[0]


def test_records_are_json() -> None:
    records = as_records(cascade())
    assert [record["kind"] for record in records] == ["cascade", "stage", "stage", "promise", "category"]
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert records[1] == {"kind": "stage", "stage": "shallow", "share": 1.0, "seconds": 0.01}


@pytest.mark.parametrize(
    ("seconds", "told"), [(2.5, "2.5 s"), (0.012, "12 ms"), (3.4e-5, "34 µs"), (0.0, "0 µs")]
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told
