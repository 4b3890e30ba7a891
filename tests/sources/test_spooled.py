"""Items that come back from disk as they were."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from modcli.errors import Location, OutputError
from modcli.item import Item
from modcli.sources.spooled import Spooled

ITEMS = [
    Item("1", "a post", Location("<stdin>", 1), b"a post\r\n"),
    Item(
        "2",
        "\ud800 half a pair",
        Location("x.jsonl", 2, 7),
        b"\xff\x00",
        metadata={"author": ["a", None, 1.5]},
    ),
    Item("3", "", Location("x.jsonl"), error="not valid JSON"),
]


def test_they_are_the_same_in_order_and_more_than_once() -> None:
    with closing(Spooled()) as spooled:
        assert list(spooled.through(ITEMS)) == ITEMS
        assert list(spooled.again()) == ITEMS
        assert list(spooled.again()) == ITEMS


def test_they_are_handed_on_one_by_one() -> None:
    with closing(Spooled()) as spooled:
        assert next(spooled.through(iter([ITEMS[0]] * 2))) == ITEMS[0]


def test_nothing() -> None:
    with closing(Spooled()) as spooled:
        assert list(spooled.through([])) == list(spooled.again()) == []


def test_no_room_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(OutputError, match="cannot be kept") as caught:
        Spooled()
    assert caught.value.hint == "TMPDIR names another folder"
