"""Where a damaged value ends: by its brackets, or by what is like the others."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.sources.json_damage import Nesting, Outcome, is_definite, next_alike

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES, indent=st.sampled_from([None, 1]), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_the_end_of_a_valid_value_is_found_however_it_is_cut(
    value: Any, indent: int | None, cuts: list[int]
) -> None:
    whole = json.dumps(value, indent=indent)
    text, index, nesting = whole + ", more", 0, Nesting()
    for cut in sorted(cuts):
        outcome, index = nesting.follow(text[:cut], min(index, cut), ended=False)
        if outcome is not Outcome.OPEN:
            break
    outcome, index = (
        (Outcome.FOUND, index)
        if cuts and outcome is Outcome.FOUND
        else nesting.follow(text, index, ended=True)
    )
    assert (outcome, text[:index]) == (Outcome.FOUND, whole)


@given(value=VALUES.filter(lambda value: isinstance(value, dict)))
def test_the_keys_are_those_of_the_value_itself(value: dict[str, Any]) -> None:
    nesting = Nesting()
    nesting.follow(json.dumps(value, ensure_ascii=False), 0, ended=True)
    assert nesting.keys == {json.dumps(key, ensure_ascii=False)[1:-1] for key in value}


@pytest.mark.parametrize(
    ("text", "outcome", "end"),
    [
        ('{"a": nul}, 1', Outcome.FOUND, 10),
        ('{"a": [1, }, 1', Outcome.LOST, 10),
        ('{"a": "b}, {"c": 1}', Outcome.LOST, 13),
        ('{"a": b", "c": 1}', Outcome.LOST, 7),
        ('{"a": 1 2}', Outcome.LOST, 8),
        ("]", Outcome.LOST, 0),
        ('{"a": "}\\', Outcome.OPEN, 8),
        ('{"a": 1', Outcome.OPEN, 7),
        ("x" * 9000, Outcome.LOST, 0),
    ],
)
def test_damage(text: str, outcome: Outcome, end: int) -> None:
    nesting = Nesting()
    assert nesting.follow(text, 0, ended=True) == (outcome, end)
    assert nesting.lost == (outcome is Outcome.LOST)


@given(value=VALUES, cut=st.integers(0, 100))
def test_no_error_at_the_cut_is_definite(value: Any, cut: int) -> None:
    text = json.dumps(value)[:cut]
    with suppress(json.JSONDecodeError):
        json.JSONDecoder(strict=False).raw_decode(text)
        return
    with pytest.raises(json.JSONDecodeError) as raised:
        json.JSONDecoder(strict=False).raw_decode(text)
    assert not is_definite(raised.value, len(text))


@pytest.mark.parametrize(
    ("text", "keys", "known", "expected"),
    [
        ('"x}, {"id": 1, "to": 2}, {"id": 3, "to": 4}', ("id", "to"), True, '{"id": 1'),
        # Objects within elements have other keys.
        ('"x": [{"id": 1}, {"id": 2}]}, {"to": 3, "id": 3, "cc": 1, "x": 1}', ("id", "to", "cc", "x"), True, '{"to": 3'),
        ('"x": [{"a": 1}, {"id": 2}]}, {"id": 3, "to": 4, "cc": 5}', (), False, '{"id": 3'),
        ('"x": [{"a": 1}, {"id": 2}]}, {"id": 3, "to": {', ("id", "to", "cc"), True, None),
        ("nothing", (), False, None),
    ],
)  # fmt: skip
def test_the_next_that_is_alike(text: str, keys: tuple[str, ...], known: bool, expected: str | None) -> None:
    index, searched = next_alike(text, 0, keys, known=known, ended=True)
    assert searched <= len(text)
    assert index is None if expected is None else text.startswith(expected, index)


def test_one_that_is_not_all_there_is_waited_for() -> None:
    text = 'x}, {"id": 3, "to": "a'
    assert next_alike(text, 0, ("id", "to"), known=True, ended=False) == (None, text.index(", {"))
