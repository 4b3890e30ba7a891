"""What the page's table is made of: packed so that it can be unpacked, and never more than asked for."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.audit.outcomes import Decision, Medium, Piece
from modcli.reports.audit_items import MOST_CHARACTERS, Packed, excerpt, pack, web_address
from tests.audit.test_summary import outcome

ROOM = 1_000_000


def unpacked(packed: Packed) -> tuple[dict[str, Any], list[str]]:
    columns, texts = (
        zlib.decompress(base64.b64decode(block)).decode() for block in (packed.columns, packed.texts)
    )
    return json.loads(columns), [json.loads(line) for line in texts.splitlines()]


def test_an_item_is_there_as_it_was() -> None:
    spared = Decision(1, "wrong", (), "", "allow", "")
    items = [
        outcome(7, 2, reason="r", stage="reading", spread=True),
        outcome(8, None),
        outcome(9, 2, decision=spared),
    ]
    columns, texts = unpacked(pack(items, ["toxicity", "spam"], most_bytes=ROOM))
    assert columns["id"] == [7, 8, 9]
    assert columns["severity"] == [2, -1, 0]
    assert columns["person"] == [0, 0, 1]
    assert columns["p"] == [100, -1, 100]
    assert columns["scores"] == [[100, -1, 100], [-1, -1, -1]]
    assert columns["names"]["stage"][columns["stage"][0]] == "reading, near-duplicate"
    assert texts == ["text 7", "text 8", "text 9"]


def test_what_a_picture_decided_is_no_matter_of_thresholds() -> None:
    part = 'attachment 1: text in the picture: "you clown" at (3, 4)'
    shown = Medium("attachment 1", "a.png", severity=2, part="picture")
    items = [outcome(1, 2, part=part, reason=f"{part}: rude 0.9", pictures=(shown,)), outcome(2, 2)]
    packed = pack(items, ["toxicity"], most_bytes=ROOM)
    columns, _ = unpacked(packed)
    assert columns["floor"] == [2, 0]
    assert columns["names"]["part"][columns["part"][0]] == "attachment 1: text in the picture"
    # What was read in it is not shown in passing.
    assert "clown" not in json.dumps(columns)


def test_without_texts() -> None:
    packed = pack([outcome(1)], [], most_bytes=ROOM, texts=False)
    assert (unpacked(packed)[1], packed.with_text) == ([], 0)


@pytest.mark.parametrize("room", [2_000, 8_000, 20_000, 60_000])
def test_the_least_important_texts_are_left_out(room: int) -> None:
    from random import Random

    chance = Random(1)
    items = [outcome(i, pieces=(Piece("text", i, chance.randbytes(60).hex()),)) for i in range(500)]
    packed = pack(items, [], most_bytes=room)
    _, texts = unpacked(packed)
    assert packed.items == 500
    assert len(texts) == packed.with_text
    assert texts == [one.text for one in items[: packed.with_text]]
    assert len(packed.texts) + len(packed.columns) <= max(room, len(packed.columns) + 100)
    assert (packed.with_text < 500) == (room < 60_000)


@given(st.lists(st.text(max_size=50), max_size=130))
def test_any_text_comes_back(texts: list[str]) -> None:
    packed = pack(
        [outcome(i, pieces=(Piece("text", i, text),)) for i, text in enumerate(texts)], [], most_bytes=ROOM
    )
    assert unpacked(packed)[1] == [excerpt(text) for text in texts]


def test_a_text_is_not_endless_and_shows_nothing_invisible() -> None:
    assert len(excerpt("a" * 5_000)) == MOST_CHARACTERS + 2
    assert excerpt("a\u202eb") == "a\\u202eb"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/1", True),
        ("http://a.example", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//a.example", False),
        ("https://", False),
        ("https://[", False),
        ("https://a.example/\u202e", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_are_links(url: str, safe: bool) -> None:
    assert web_address(url) == (url if safe else "")
