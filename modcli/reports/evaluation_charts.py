"""Curves as SVG paths: what is drawn of a measurement, in the units of a square of 100."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Side of a chart; its origin is at the lower left, as in mathematics, and SVG's at the upper left.
SIDE = 100.0
#: How far a point may lie off the line through its neighbours and still be left out, in the same units.
_SMOOTH = 0.15
#: The height of the bars of a strip.
_FLAT = 2.5


@dataclass(frozen=True, slots=True)
class Path:
    """A line: the `d` attribute of an SVG path, and of which way to judge it is (0 or 1)."""

    d: str
    way: int = 0


@dataclass(frozen=True, slots=True)
class Dot:
    """A point, what is said of it, and of which way to judge it is."""

    x: float
    y: float
    told: str
    way: int = 0
    radius: float = 2.4


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

    `guide` is the `d` attribute of the dashed line that chance or perfection would draw, `area` of a shape behind the
    lines; `ranges` are the intervals of dots. `told` says in words what the chart shows, for those who do not see it.
    """

    title: str
    across: str
    up: str
    told: str
    lines: tuple[Path, ...] = ()
    guide: str = ""
    area: str = ""
    dots: tuple[Dot, ...] = ()
    ranges: tuple[Path, ...] = ()
    bars: tuple[Bar, ...] = ()


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


def dot(x: float, y: float, told: str, way: int = 0) -> Dot:
    """A point with coordinates from 0 to 1."""
    return Dot(round(x * SIDE, 1), round((1 - y) * SIDE, 1), told, way)


def upright(x: float, low: float, high: float, way: int = 0) -> Path:
    """An upright line, with coordinates from 0 to 1."""
    return Path(
        f"M{round(x * SIDE, 1):g} {round((1 - low) * SIDE, 1):g}V{round((1 - high) * SIDE, 1):g}", way
    )


def strip(spans: Sequence[tuple[float, float]], told: Sequence[str]) -> tuple[Bar, ...]:
    """A flat bar over each span (from 0 to 1), with a gap between them; none is too narrow to be seen."""
    return tuple(
        Bar(round(low * SIDE, 2), round(max(0.5, (high - low) * SIDE - 0.5), 2), _FLAT, said)
        for (low, high), said in zip(spans, told, strict=True)
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
