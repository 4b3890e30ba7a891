"""What pictures become before a model sees them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.backends.vision import SHORTEST, averaged, bounded


@given(st.integers(1, 70), st.integers(1, 70), st.integers(28, 60), st.integers(0, 255))
def test_a_picture_is_bounded_and_keeps_its_colour(height: int, width: int, longest: int, grey: int) -> None:
    found = bounded(np.full((height, width, 3), grey, np.uint8), longest)
    assert min(found.shape[:2]) >= SHORTEST
    assert max(found.shape[:2]) <= max(longest, SHORTEST)
    assert (found[0, 0] == grey).all()
    assert found.flags.c_contiguous


def test_squares_are_averaged_and_what_is_left_over_too() -> None:
    pixels = np.zeros((3, 2, 3), np.uint8)
    pixels[0, 0] = 100
    pixels[2] = 60
    assert averaged(pixels, 2)[..., 0].tolist() == [[25], [60]]


def test_a_thread_of_a_picture_gets_white_beside_it() -> None:
    found = bounded(np.zeros((1, 6000, 3), np.uint8), 1024)
    assert found.shape == (SHORTEST, 1000, 3)
    assert (found[1:] == 255).all()


@pytest.mark.parametrize("size", [(28, 28), (1024, 300)])
def test_what_fits_stays_as_it_is(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    assert (bounded(pixels, 1024) == pixels).all()
