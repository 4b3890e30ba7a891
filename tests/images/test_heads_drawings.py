"""The drawings: always the same, and different from each other."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from modcli.errors import MissingExtraError
from modcli.images.heads_drawings import SIZE, drawings

pytest.importorskip("PIL")


def test_drawings_are_pictures_of_many_kinds() -> None:
    made = drawings()
    assert len(made) == 64
    assert len({each.digest for each in made}) == len({each.name for each in made}) == 64
    for each in made:
        assert each.pixels.shape == (SIZE, SIZE, 3)
        assert each.pixels.dtype == np.uint8
        assert np.ptp(each.pixels) > 30, f"{each.name} is empty"


def test_they_are_always_the_same() -> None:
    first = drawings()
    drawings.cache_clear()
    assert [each.digest for each in drawings()] == [each.digest for each in first]


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings.cache_clear()
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingExtraError) as caught:
        drawings()
    assert caught.value.hint == "pip install 'modcli[images]'"
