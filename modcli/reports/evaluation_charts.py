"""Curves as SVG paths: what is drawn of a measurement, in the units of a square of 100."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Side of a chart; its origin is at the lower left, as in mathematics, and SVG's at the upper left.
SIDE = 100.0
#: How far a point may lie off the line through its neighbours and still be left out, in the same units.
_SMOOTH = 0.15


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, how big it is, and what is said of it."""

    x: float
    y: float
    radius: float
    told: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that stands on the lower side, and what is said of it."""

    x: float
    width: float
    height: float
    told: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A square chart with both axes from 0 to 1.

    `paths` are `d` attributes of lines, `areas` of closed shapes behind them, `guide` of the dashed line that chance
    or perfection would draw. `told` says in words what the chart shows, for those who do not see it.
    """

    title: str
    across: str
    up: str
    told: str
    paths: tuple[str, ...] = ()
    guide: str = ""
    dots: tuple[Dot, ...] = ()
    bars: tuple[Bar, ...] = ()
    area: str = ""


def line(x: ArrayLike, y: ArrayLike) -> str:
    """The path through points with coordinates from 0 to 1. Points that add nothing to see are left out."""
    points = _placed(x, y)
    if not len(points):
        return ""
    kept = points[_needed(points)]
    return "M" + "L".join(f"{px:g} {py:g}" for px, py in np.round(kept, 1).tolist())


def area_under(path: str, start: float, end: float) -> str:
    """The shape between a path and the lower side; `start` and `end` are where it begins and ends, from 0 to 1."""
    return f"{path}L{end * SIDE:g} {SIDE:g}L{start * SIDE:g} {SIDE:g}Z" if path else ""


def dot(x: float, y: float, told: str, radius: float = 2.4) -> Dot:
    """A point with coordinates from 0 to 1."""
    return Dot(round(x * SIDE, 1), round((1 - y) * SIDE, 1), radius, told)


def bars(
    edges: Sequence[float], counts: Sequence[int], told: Sequence[str], *, most: float = 0.3
) -> tuple[Bar, ...]:
    """Bars between `edges` (one more than counts, from 0 to 1), the highest of them `most` high. Empty ones are left
    out; the others are never too low to be seen."""
    highest = max(counts, default=0)
    return tuple(
        Bar(
            x=round(left * SIDE + 0.4, 2),
            width=round(max(0.2, (right - left) * SIDE - 0.8), 2),
            height=round(max(0.8, count / highest * most * SIDE), 2),
            told=said,
        )
        for (left, right), count, said in zip(pairwise(edges), counts, told, strict=True)
        if count
    )


def _placed(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    points = np.stack([np.asarray(x, np.float64), 1 - np.asarray(y, np.float64)], axis=1) * SIDE
    return np.asarray(points[np.isfinite(points).all(axis=1)], np.float64)


def _needed(points: NDArray[np.float64]) -> list[int]:
    """Indices of the points that make the line (Ramer 1972; Douglas and Peucker 1973): between two that are kept,
    every other lies within `_SMOOTH` of the line that joins them."""
    kept = {0, len(points) - 1}
    waiting = [(0, len(points) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        between = points[first + 1 : last]
        start, along = points[first], points[last] - points[first]
        offset = between - start
        # To the stretch between both ends, not to the endless line through them: a path may turn back.
        share = np.clip(offset @ along / max(float(along @ along), 1e-12), 0, 1)
        distances = np.hypot(*(offset - share[:, None] * along).T)
        furthest = int(distances.argmax())
        if distances[furthest] > _SMOOTH:
            middle = first + 1 + furthest
            kept.add(middle)
            waiting += [(first, middle), (middle, last)]
    return sorted(kept)
