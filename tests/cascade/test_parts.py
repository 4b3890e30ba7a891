"""What is read of an item."""

from __future__ import annotations

from typing import Any

import pytest

from modcli.cascade.parts import content_of, parts_of
from modcli.errors import Location
from modcli.item import Item


def item(text: str, **metadata: Any) -> Item:
    return Item("1", text, Location("test", 1), metadata=metadata)


@pytest.mark.parametrize(
    ("text", "cut_off", "texts", "read"),
    [
        ("tea", 0, ("tea",), 1.0),
        ("t\u200bea", 0, ("tea",), 1.0),
        ("", 0, (), 1.0),
        (" \n", 0, (), 1.0),
        (" \n", 5, (), 0.0),
        ("tea!", 12, ("tea!",), 0.25),
    ],
)
def test_parts(text: str, cut_off: int, texts: tuple[str, ...], read: float) -> None:
    parts = parts_of(item(text, **({"truncated_bytes": cut_off} if cut_off else {})))
    assert parts.texts == texts
    assert parts.read == pytest.approx(read)


def test_long_text_has_several_windows_that_cover_it() -> None:
    parts = parts_of(item("tea and cake, " * 200))
    assert len(parts.texts) > 2
    assert parts.read == 1.0


def test_content_of_a_cut_item_is_its_own() -> None:
    assert content_of(item("tea")) == item("tea").digest
    assert (
        len({content_of(item("tea")), content_of(item("tea", truncated_bytes=1)), content_of(item("cup"))})
        == 3
    )
