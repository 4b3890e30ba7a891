"""Which way lines are read, in which order, and how long pictures are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.images.ocr_lines import Line, covered, in_reading_order, pieces
from modcli.images.picture import Picture

CROP = np.zeros((20, 100, 3), np.uint8)


def line(
    text: str, left: float, top: float, width: float = 100, height: float = 20, angle: float = 0
) -> Line:
    """A line on a page that is turned by some degrees around its middle; corners as RapidOCR names them."""
    corners = np.array([(left, top), (left + width, top), (left + width, top + height), (left, top + height)])
    way = np.deg2rad(angle)
    turn = np.array([[np.cos(way), np.sin(way)], [-np.sin(way), np.cos(way)]])
    turned = (corners - 300) @ turn + 300
    # The first corner is the one that is left and up on the turned page.
    first = int(np.argmin(turned.sum(axis=1).round(6)))
    return Line(np.roll(turned, -first, axis=0), (-first) % 4, CROP, text, 0.9)


@given(
    st.permutations(range(6)),
    st.integers(0, 359),
    st.lists(st.floats(-3, 3), min_size=6, max_size=6),
)
def test_rows_of_two_are_read_as_on_a_page(order: list[int], angle: int, jitter: list[float]) -> None:
    page = [
        line(str(i) * 8, 100 + 220 * (i % 2), 100 + 50 * (i // 2) + jitter[i], width=150, angle=angle)
        for i in range(6)
    ]
    found = in_reading_order([page[i] for i in order])
    assert [each.text[0] for each in found] == list("012345")


def test_what_most_letters_say_comes_first() -> None:
    found = in_reading_order(
        [line("side", 10, 10, angle=90), line("a long line of prose", 100, 200), line("up", 100, 100)]
    )
    assert [each.text for each in found] == ["up", "a long line of prose", "side"]


def test_a_line_without_length_has_a_direction() -> None:
    point = Line(np.zeros((4, 2)), 0, CROP, "x", 0.9)
    assert point.direction.tolist() == [1.0, 0.0]
    assert in_reading_order([point, point]) == [point, point]


def test_a_box_stays_in_the_picture() -> None:
    picture = Picture("a", "", "png", 200, 100, np.zeros((50, 100, 3), np.uint8))
    found = line("text", -5, 40, width=300, height=20).written(picture)
    assert found.box == (0, 80, 200, 100)


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_every_place_is_owned_once_and_seen_whole(height: int, width: int) -> None:
    pixels = np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
    parts = list(pieces(pixels))
    axis = parts[0].axis
    long, short = pixels.shape[axis], pixels.shape[1 - axis]
    assert len(parts) == 1 or long > 2.5 * short
    for place in {0, long // 3, long // 2, long - 1}:
        here = line("x", place, 0, 1, 1) if axis == 1 else line("x", 0, place, 1, 1)
        owners = [part for part in parts if part.owns(here)]
        assert len(owners) == 1
        (part,) = owners
        # With room for half of the overlap on either side, unless the picture ends there.
        end = part.start + part.pixels.shape[axis]
        assert part.start == 0 or place - part.start >= part.overlap // 2 - 1
        assert end == long or end - place >= part.overlap // 2 - 1


@pytest.mark.parametrize(("shape", "place"), [((4000, 600), (0, 3400)), ((600, 4000), (3400, 0))])
def test_a_line_of_a_piece_is_placed_in_the_whole(shape: tuple[int, int], place: tuple[int, int]) -> None:
    last = list(pieces(np.zeros((*shape, 3), np.uint8)))[-1]
    assert last.start + last.pixels.shape[last.axis] == 4000
    moved = last.place(line("x", 0, 0))
    assert moved.quad[0].tolist() == [last.start * (last.axis == 1), last.start * (last.axis == 0)]
    assert max(place) >= last.start


def test_a_line_inside_of_another_is_covered() -> None:
    assert covered(line("x", 40, 5, 20, 10), [line("whole", 0, 0)])
    assert not covered(line("x", 40, 50, 20, 10), [line("whole", 0, 0)])
