"""Accents that are there to fool a filter."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.cascade.accents import without_accents
from modcli.cascade.parts import Parts
from modcli.prompts.normalization import normalize


@pytest.mark.parametrize(
    "text",
    [
        "yóú áré áñ ídíót ánd éverýóñe kñows",
        "y\u0308ou are a\u0327n i\u0301d\u0323iot an\u0303d every\u0301one knows",
    ],
)
def test_dense_accents_are_taken_off(text: str) -> None:
    found = without_accents(Parts((normalize(text),), 0.5))
    assert found == Parts(("you are an idiot and everyone knows",), 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "",
        "Beyoncé and Zoë met in a café",
        "Il a été décidé que les élèves de cette école iront à la mer, puis au château, avec leurs parents.",
        "Die Brötchen sind schön warm, und für die Kinder gibt es heute noch süßen Käse dazu.",
        "Mañana el niño irá a la montaña con su compañera",
        "привет, как твои дела, ёлка",
        "สวัสดีครับ วันนี้เป็นอย่างไรบ้าง",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert without_accents(Parts((normalize(text),) if text else (), 1.0)) is None


def test_marks_of_other_scripts_stay() -> None:
    found = without_accents(Parts((normalize("áé íó ýú ñá и\u0306 хлеб"),), 1.0))
    assert found is not None
    assert found.texts == (normalize("ae io yu na и\u0306 хлеб"),)


@given(st.lists(st.text(), max_size=3))
def test_letters_are_kept(texts: list[str]) -> None:
    parts = Parts(tuple(normalize(text) for text in texts), 1.0)
    found = without_accents(parts)
    if found is not None:
        assert len(found.texts) == len(parts.texts)
        for plain, text in zip(found.texts, parts.texts, strict=True):
            bare = [c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)]
            assert [c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c)] == bare
        assert without_accents(found) is None
