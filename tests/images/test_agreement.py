"""When the frames of a video agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.images.agreement import Agreement, Rule, clock

RULE = Rule()


def decided_at(flags: list[bool], rule: Rule = RULE) -> int | None:
    agreement = Agreement(len(flags), rule)
    return next((i for i, flag in enumerate(flags) if agreement.take(flag)), None)


@pytest.mark.parametrize(
    ("flags", "at"),
    [
        ("11100", 2),
        ("10101", 4),
        ("0000011100", 7),
        ("1000100010001", None),
        ("1", 0),
        ("0", None),
        ("10", None),
        ("11", 1),
        ("110", 1),
        ("1100", None),
        ("10000011", None),
    ],
)
def test_three_of_five_in_a_row_are_enough(flags: str, at: int | None) -> None:
    assert decided_at([flag == "1" for flag in flags]) == at


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9), st.floats(0.05, 1))
def test_it_is_decided_where_a_window_has_enough(flags: list[bool], eta: int, share: float) -> None:
    rule = Rule(eta, share)
    windows = [sum(flags[max(0, end - eta) : end]) for end in range(1, len(flags) + 1)]
    enough = [end for end, count in enumerate(windows) if count >= rule.needed(len(flags))]
    assert decided_at(flags, rule) == (enough[0] if enough else None)


@given(st.integers(1, 9), st.floats(0.05, 1), st.integers(0, 50))
def test_what_is_needed_can_be_had(eta: int, share: float, total: int) -> None:
    assert 1 <= Rule(eta, share).needed(total) <= max(1, min(eta, total))


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0:00"), (12.9, "0:12"), (62, "1:02"), (3723, "1:02:03"), (-1, "0:00")]
)
def test_times(seconds: float, told: str) -> None:
    assert clock(seconds) == told
