"""The choice of audits, and the drift test: its false alarms on thousands of streams, and how soon it finds a drift."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modcli.cascade.drift import DriftWatch, bets_after, is_audited, new_salt, wealth
from tests.cascade.simulated_cascade import allowed_breaks, items_until_alarm

DIGESTS = [f"{number:064x}" for number in range(20_000)]


# Audits


@pytest.mark.parametrize("share", [0.0, 0.005, 0.1, 1.0])
def test_a_share_is_audited(share: float) -> None:
    audited = sum(is_audited(digest, b"salt", share) for digest in DIGESTS)
    assert abs(audited - share * len(DIGESTS)) <= 4 * math.sqrt(len(DIGESTS) * share * (1 - share))


def test_the_choice_is_the_same_for_a_salt_and_another_for_another() -> None:
    chosen = [[is_audited(digest, salt, 0.1) for digest in DIGESTS] for salt in (b"a", b"a", b"b")]
    assert chosen[0] == chosen[1]
    both = np.mean(np.array(chosen[0]) & np.array(chosen[2]))
    assert both == pytest.approx(0.01, abs=0.003)


def test_what_is_audited_at_a_share_is_audited_at_a_larger_one() -> None:
    assert all(is_audited(digest, b"s", 0.2) for digest in DIGESTS[:3000] if is_audited(digest, b"s", 0.1))


def test_salts_are_secret() -> None:
    assert new_salt() != new_salt()
    assert len(new_salt()) == 16


# The test


@settings(deadline=None, max_examples=50)
@given(st.floats(0.001, 0.9), st.integers(0, 500), st.lists(st.floats(0, 30), min_size=8, max_size=8))
def test_a_bet_is_fair(limit: float, audited: int, won: list[float]) -> None:
    """At the promised share, the wealth expected after an item is the wealth before it; at a lower one it is less."""
    bets = np.array(won)
    before = wealth(bets, audited)
    after = [wealth(bets_after(bets, audited + 1, limit, np.array(x)), audited + 1) for x in (False, True)]
    assert (1 - limit) * after[0] + limit * after[1] == pytest.approx(before)
    assert after[0] < before < after[1]


def test_a_run_in_parts_is_a_run_in_one() -> None:
    stream = (np.random.default_rng(1).random(600) < 0.02).tolist()
    whole = DriftWatch(0.02)
    whole.update(stream)
    parts = DriftWatch(0.02)
    for start in range(0, 600, 7):
        parts = DriftWatch.from_record(json.loads(json.dumps(parts.as_record(), allow_nan=False)))
        parts.update(stream[start : start + 7])
    assert parts.as_record() == whole.as_record()
    assert parts.wealth == whole.wealth
    assert not whole.alarm


def test_an_alarm_stays_until_it_is_reset() -> None:
    watch = DriftWatch(0.01)
    assert watch.wealth == 1
    watch.update([])
    assert watch.audited == 0
    watch.update([True] * 5)
    assert watch.alarm
    watch.update([False] * 1000)
    assert watch.alarm
    assert watch.wealth >= 20
    assert watch.words() == (
        "The promise no longer holds: 5 of 1,005 audited items were decided otherwise by the full judge, where 1% are "
        "promised (a false alarm has a probability of at most 5%)."
    )
    assert DriftWatch.from_record(json.loads(json.dumps(watch.as_record()))).alarm
    watch.reset()
    assert watch.as_record() == DriftWatch(0.01).as_record()
    assert watch.words().startswith("No sign of drift: 0 of 0 audited items")


def test_it_is_one_test_for_one_stream_and_for_many() -> None:
    streams = np.random.default_rng(2).random((20, 300)) < 0.1
    alone = []
    for stream in streams:
        watch = DriftWatch(0.02)
        for at, disagreed in enumerate(stream.tolist(), start=1):
            watch.update([disagreed])
            if watch.alarm:
                alone.append(at)
                break
        else:
            alone.append(0)
    assert alone == items_until_alarm(streams.T, 0.02).tolist()


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.2])
def test_false_alarms_are_rare_however_long_one_looks(limit: float) -> None:
    """At the very border of what is promised."""
    runs = 3000
    streams = np.random.default_rng(3).random((2000, runs)) < limit
    alarms = (items_until_alarm(streams, limit) > 0).mean()
    assert 0.005 < alarms <= allowed_breaks(runs)


def drifting(before: float, after: float, quiet: int, runs: int = 200) -> NDArray[np.int64]:
    """How many audited items after a drift the alarm came, of shape (runs,); 0 or less where it did not, or before."""
    generator = np.random.default_rng(4)
    streams = np.concatenate(
        [generator.random((quiet, runs)) < before, generator.random((3000, runs)) < after]
    )
    return items_until_alarm(streams, 0.01) - quiet


@pytest.mark.parametrize(
    ("after", "quiet", "most"),
    [(0.02, 0, 1500), (0.05, 0, 150), (0.2, 0, 25), (0.05, 5000, 350), (0.2, 5000, 40)],
)
def test_a_drift_is_found(after: float, quiet: int, most: int) -> None:
    """Also one that comes late, after thousands of items on which the cascade was better than promised."""
    delays = drifting(0.005, after, quiet)
    assert (delays > 0).mean() > 0.9
    assert np.median(delays[delays > 0]) <= most


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0.0},
        {"limit": math.nan},
        {"alpha": 1.0},
        {"disagreed": 4, "audited": 3},
        {"bets": [0.0]},
        {"bets": [math.nan] * 8},
        {"bets": None},
        {"audited": None},
    ],
)
def test_what_is_no_state_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no (state|test)"):
        DriftWatch.from_record({**DriftWatch(0.01).as_record(), **wrong})
    with pytest.raises(ValueError, match="no state"):
        DriftWatch.from_record({})
