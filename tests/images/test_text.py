"""What is judged of a picture's text, and back to its lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.images.picture import Written
from modcli.images.text import PictureText, quote, text_of


def row(text: str, number: float, left: int = 10, height: int = 20, width: int = 200) -> Written:
    """A line in rows that are 26 pixels apart."""
    top = round(26 * number)
    return Written(text, (left, top, left + width, top + height), 0.9)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], ""),
        ([row("  ", 0)], ""),
        ([row("you will never", 0), row("see it again", 1)], "you will never see it again"),
        ([row("first bubble", 0), row("second bubble", 3)], "first bubble\nsecond bubble"),
        ([row("Title", 0, height=60), row("body", 3)], "Title\nbody"),
        ([row("one", 0, width=50), row("row", 0, left=80)], "one row"),
        ([row("left", 0, width=50), row("right", 0, left=400)], "left\nright"),
        ([row("日本", 0), row("語", 1)], "日本語"),
        # On its side: the second line is to the left of the first.
        ([Written("lying", (60, 0, 80, 200), 0.9), Written("down", (34, 0, 54, 200), 0.9)], "lying down"),
    ],
)
def test_lines_of_a_paragraph_are_joined(lines: list[Written], text: str) -> None:
    assert text_of(lines).text == text


@pytest.mark.parametrize(
    ("lines", "variant"),
    [
        (["go away now"], ""),
        (["k i l l him"], "kill him"),
        (["g.o.a.w.a.y please"], "goaway please"),
        (["a b c"], ""),
        (["SENDMEALLOFYOURMONEY to day"], "SENDMEALLOFYOURMONEYtoday"),
        (["see https://example.org/averyveryverylongpath"], ""),
        (["日本語には単語の間に空白がありません 日本語には"], ""),
        (["#averyveryverylonghashtag for @somebodywithalongname"], ""),
    ],
)
def test_a_variant_takes_out_spaces_that_hide_words(lines: list[str], variant: str) -> None:
    found = text_of([row(text, i) for i, text in enumerate(lines)])
    assert found.variant == variant
    assert found.parts == ((found.text, variant) if variant else (found.text,))


def test_letters_one_below_the_other_are_a_word() -> None:
    assert text_of([row(letter, i, width=14) for i, letter in enumerate("hate")]).variant == "hate"
    assert PictureText("").parts == ()


@pytest.mark.parametrize("padding", ["_" * 20_000, "a_" * 10_000, "a " * 10_000, "a" * 20_000, "@a/" * 7_000])
def test_padding_takes_no_time(padding: str) -> None:
    """Nothing is timed: what takes quadratic time or more would not come back."""
    assert text_of([row(padding + "!b", 0)]).text.endswith("!b")


LINES = [row("You will n3ver see", 0), row("your MONEY, again", 1), row("Reply STOP", 4)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("You will n3ver see your MONEY, again\nReply STOP", [0, 1, 2]),
        ("never see your m0ney", [0, 1]),
        ("reply stop", [2]),
        ("yourmoneyagain", [1]),
        ("mónéy", [1]),
        ("Look at this! reply stop. It came with the post.", [2]),
        ("something else", []),
        ("...", []),
        ("", []),
    ],
)
def test_a_judged_text_leads_back_to_its_lines(text: str, places: list[int]) -> None:
    assert quote(LINES, text) == [LINES[place] for place in places]


def test_every_place_where_it_stands_is_quoted() -> None:
    lines = [row("buy now", 0), row("or never", 2), row("Buy now!", 4)]
    assert quote(lines, "BUY NOW") == [lines[0], lines[2]]


TEXTS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), max_size=6)


@given(TEXTS, st.lists(st.tuples(*[st.integers(0, 500)] * 4), min_size=6, max_size=6))
def test_all_that_is_judged_leads_back_to_all_that_was_read(
    texts: list[str], boxes: list[tuple[int, int, int, int]]
) -> None:
    lines = [Written(text, box, 0.9) for text, box in zip(texts, boxes, strict=False)]
    found = text_of(lines)
    if any(character.isascii() and character.isalnum() for text in texts for character in text):
        telling = [line for line in lines if any(c.isascii() and c.isalnum() for c in line.text)]
        for part in found.parts:
            quoted = quote(lines, part)
            assert all(line in quoted for line in telling)
