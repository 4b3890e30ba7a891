"""Hashed n-grams of whatever text there is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.cascade.ngrams import NGrams
from modcli.cascade.parts import parts_of
from modcli.errors import Location, MissingExtraError
from modcli.item import Item

NGRAMS = NGrams()


def dense(text: str) -> dict[int, float]:
    row = NGRAMS.features([text]).tocoo()
    return dict(zip(row.coords[1].tolist(), row.data.tolist(), strict=True))


def similarity(one: str, other: str) -> float:
    rows = NGRAMS.features([one, other])
    return float((rows @ rows.T).toarray()[0, 1])


def test_texts_that_share_words_share_features() -> None:
    assert similarity("cheap pills online", "cheap pills") > similarity("cheap pills online", "good morning")
    assert similarity("Cheap PILLS", "cheap pills") == pytest.approx(2.0)


def test_both_halves_have_unit_length_or_none() -> None:
    rows = NGRAMS.features(["one two three", "?!", ""])
    half = rows.shape[1] // 2
    squares = [
        np.asarray(part.multiply(part).sum(axis=1)).ravel() for part in (rows[:, :half], rows[:, half:])
    ]
    np.testing.assert_allclose(squares[0], [1, 0, 0])
    np.testing.assert_allclose(squares[1], [1, 1, 0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=30), max_size=4))
def test_whatever_the_text_a_row_is_finite_and_its_own(texts: list[str]) -> None:
    rows = NGRAMS.features(texts)
    assert rows.shape == (len(texts), 2 << 18)
    assert np.isfinite(rows.data).all()
    for i, text in enumerate(texts):
        # Whoever writes the neighbours does not move it.
        assert (rows[i] != NGRAMS.features([text])).nnz == 0


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\x00", "", " \t\n", "\U0001f600" * 50, "a" * 100_000])
def test_strange_texts(text: str) -> None:
    assert np.isfinite(list(dense(text).values())).all()


def test_half_a_surrogate_pair_is_no_other_word() -> None:
    assert dense("free \ud800 money") == dense("free ? money")


def test_a_long_text_has_bounded_features() -> None:
    long = "buy cheap pills now " * 10_000
    assert similarity(long, "buy cheap pills now buy") == pytest.approx(2.0)


def test_no_texts() -> None:
    assert NGRAMS.features([]).shape == (0, 2 << 18)


def test_what_looks_alike_is_alike_once_normalized() -> None:
    """What writes around a filter is undone before a stage sees it."""

    def seen(text: str) -> dict[int, float]:
        return dense(parts_of(Item("1", text, Location("x"))).texts[0])

    plain = seen("free money now")
    assert seen("ｆｒｅｅ ｍｏｎｅｙ ｎｏｗ") == plain
    assert seen("fr\u200bee mon\u200dey now") == plain


def test_another_process_has_the_same_features() -> None:
    script = (
        "from modcli.cascade.ngrams import NGrams\n"
        "row = NGrams().features(['free money, now!'])\n"
        "print(sorted(row.indices.tolist()))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "1"},  # this process has another
    ).stdout
    assert found.strip() == str(sorted(dense("free money, now!")))


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(MissingExtraError) as found:
        NGrams()
    assert "prefilter" in str(found.value.hint)
