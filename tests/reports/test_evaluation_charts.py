from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modcli.reports.evaluation_charts import SIDE, Path, area_under, dot, line, strip, upright

unit = st.floats(0, 1)


def points(path: str) -> np.ndarray:
    return np.array([[float(n) for n in p.split()] for p in re.split("[ML]", path) if p]).reshape(-1, 2)


def test_the_origin_is_at_the_lower_left() -> None:
    assert line([0, 1], [0, 1]) == "M0 100L100 0"
    assert (dot(0.25, 1, "x").x, dot(0.25, 1, "x").y) == (25, 0)


def test_what_cannot_be_drawn_is_left_out() -> None:
    assert line([], []) == ""
    assert line([0, np.nan, 1], [0, 0.5, np.inf]) == "M0 100"
    assert area_under("", 0, 1) == ""
    assert area_under("M0 50L100 0", 0, 1) == "M0 50L100 0L100 100L0 100Z"


def test_a_straight_line_is_two_points_and_a_corner_stays() -> None:
    x = np.linspace(0, 1, 10_000)
    assert line(x, x) == "M0 100L100 0"
    assert line([0, 0, 0, 0.5, 1], [0, 0.5, 1, 1, 1]) == "M0 100L0 0L100 0"


def test_a_closed_loop_keeps_its_far_point() -> None:
    assert len(points(line([0, 1, 0], [0, 1, 0]))) == 3


@given(st.lists(st.tuples(unit, unit), min_size=2, max_size=200))
def test_no_point_is_far_from_the_line_that_is_drawn(where: list[tuple[float, float]]) -> None:
    x, y = zip(*sorted(where), strict=True)
    drawn = points(line(x, y))
    drawn = np.concatenate([drawn, drawn[-1:]])  # where all points are one
    assert ((drawn >= 0) & (drawn <= SIDE)).all()
    ends = np.array([[x[0], 1 - y[0]], [x[-1], 1 - y[-1]]]) * SIDE
    assert np.allclose(drawn[[0, -1]], ends, atol=0.06)
    for px, py in zip(x, y, strict=True):
        at = np.array([px, 1 - py]) * SIDE
        assert min(_distance(at, a, b) for a, b in pairwise(drawn)) < 0.3


def _distance(at: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    along = b - a
    length = float(along @ along)
    share = 0.0 if not length else min(1.0, max(0.0, float((at - a) @ along) / length))
    return float(np.hypot(*(at - (a + share * along))))


def test_a_strip_shows_every_span() -> None:
    found = strip([(0, 0.25), (0.5, 0.5)], ["a", "b"])
    assert [(one.x, one.told) for one in found] == [(0, "a"), (50, "b")]
    assert found[0].width == 24.5
    assert found[1].width > 0


def test_an_interval_stands_upright() -> None:
    assert upright(0.5, 0.25, 1, way=1) == Path("M50 75V0", 1)
