"""Greedy CTC decoding with the spaces that lost against the blank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.images.ocr_decoding import SPACE, SpacedDecoder

CHARACTERS = ["blank", "a", "b", "1", "!", "日", "本", " "]


def steps(classes: str, space: dict[int, float] | None = None) -> np.ndarray:
    """Probabilities in which each step says one character (`_`: the blank) at 0.9, a space at some steps a little."""
    places = [0 if each == "_" else CHARACTERS.index(each) for each in classes]
    told = np.zeros((1, len(places), len(CHARACTERS)), np.float32)
    told[0, np.arange(len(places)), places] = 0.9
    for step, probability in (space or {}).items():
        told[0, step, -1] = probability
    return told


@pytest.mark.parametrize(
    ("classes", "space", "text"),
    [
        ("_aa_a_b", {}, "aab"),
        ("a b", {}, "a b"),
        ("a_b", {1: SPACE}, "a b"),
        ("a_b", {1: SPACE / 2}, "ab"),
        ("ab", {0: 0.5, 1: 0.5}, "ab"),
        ("a__1", {2: 0.3}, "a 1"),
        ("a_!", {1: 0.5}, "a!"),
        ("日_本", {1: 0.5}, "日本"),
        ("a_ _b", {1: 0.5, 3: 0.5}, "a b"),
        ("____", {1: 0.5}, ""),
        ("", {}, ""),
    ],
)
def test_a_space_is_put_where_one_was_nearly_seen(classes: str, space: dict[int, float], text: str) -> None:
    lines, words = SpacedDecoder(CHARACTERS)(steps(classes, space), False, wh_ratio_list=[1.0])
    assert lines[0][0] == text
    assert words == []


@given(st.text(alphabet="_ab1!日本 ", max_size=30))
def test_without_probable_spaces_it_is_plain_decoding(classes: str) -> None:
    plain = "".join(
        each for i, each in enumerate(classes) if each != "_" and (i == 0 or classes[i - 1] != each)
    )
    ((text, sure),), _ = SpacedDecoder(CHARACTERS)(steps(classes))
    assert text == plain
    assert sure == pytest.approx(0.9 if plain else 0.0)
