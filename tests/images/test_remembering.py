"""Verdicts on pictures in the cache: by bytes and text beside, and without the words that were read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.cascade.cache import VerdictCache
from modcli.errors import Location
from modcli.images.near import GROUP
from modcli.images.parts import text_name
from modcli.images.remembering import Remembered, digest_of, scope_of, storable
from modcli.item import Item, Kind
from modcli.profile import Action
from modcli.verdict import CategoryVerdict, Verdict

BLOCKED = Verdict(
    "x",
    Action.BLOCK,
    {"scam": CategoryVerdict(0.9, 0.5, Action.BLOCK)},
    "prompt",
    'text in the picture: "free coins" at (3, 4): scam 0.90',
    "m",
    "p",
    part='frame at 0:12, text in the picture: "free coins" at (3, 4)',
    decided_on="free coins",
    untold=("gore",),
    picture={"format": "png", "width": 4, "height": 3, "text": [{"text": "free coins"}]},
)


class Judge:
    def __init__(self, verdict: Verdict = BLOCKED) -> None:
        self.asked: list[str] = []
        self.verdict = verdict

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        self.asked += [item.id for item in items]
        return [replace(self.verdict, id=item.id) for item in items]


def item(data: bytes, id: str = "a.png", text: str = "") -> Item:
    found = MappingProxyType({"data": data})
    return Item(id, text, Location(id), kind=Kind.IMAGE, metadata=found)


def on_disk(path: Path) -> Item:
    found = MappingProxyType({"image": str(path)})
    return Item(str(path), "", Location(str(path)), kind=Kind.IMAGE, metadata=found)


def test_nothing_is_judged_twice(tmp_path: Path) -> None:
    cache, judge = VerdictCache(tmp_path / "v.db", "s"), Judge()
    remembered = Remembered(judge, cache)
    first = remembered.judge([item(b"1", "a.png"), item(b"2", "b.png")])
    again = remembered.judge([item(b"3", "c.png"), item(b"1", "other.png"), item(b"2", "b.png")])
    assert judge.asked == ["a.png", "b.png", "c.png"]
    assert [one.id for one in again] == ["c.png", "other.png", "b.png"]
    assert [one.cached for one in first + again] == [False, False, False, True, True]
    assert again[1] == replace(storable(BLOCKED), id="other.png", cached=True)
    assert again[1].part == "frame at 0:12, text in the picture at (3, 4)"
    assert again[1].reason == "text in the picture at (3, 4): scam 0.90"
    cache.close()
    assert b"coins" not in (tmp_path / "v.db").read_bytes()


def test_what_changes_the_key(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    keys = [
        digest_of(one)
        for one in (
            item(b"1"),
            item(b"2"),
            item(b"1", text="x"),
            item(b"1", "a.gif"),
            on_disk(tmp_path / "a.png"),
        )
    ]
    assert len(set(keys)) == 4
    assert keys[0] == keys[4]
    assert scope_of("a", "b") != scope_of("ab")


def test_what_has_no_key(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "empty.png").touch()
    for name in ("pipe.png", "empty.png", "missing.png", "."):
        assert digest_of(on_disk(tmp_path / name)) == ""
    assert digest_of(replace(item(b"1"), error="too long")) == ""


@pytest.mark.parametrize("change", [{"error": "it broke"}, {"stage": GROUP}])
def test_what_is_not_kept(change: Mapping[str, str], tmp_path: Path) -> None:
    judge = Judge(replace(BLOCKED, **change))  # type: ignore[arg-type]
    remembered = Remembered(judge, VerdictCache(tmp_path / "v.db", "s"))
    for _ in range(2):
        remembered.judge([item(b"1")])
    assert len(judge.asked) == 2


class Broken:
    def get(self, digests: Sequence[str]) -> dict[str, Verdict]:
        return {}

    def put(self, verdicts: Mapping[str, Verdict]) -> None:
        raise sqlite3.OperationalError("disk full")


def test_a_cache_that_fails_holds_nobody_up() -> None:
    told: list[str] = []
    remembered = Remembered(Judge(), Broken(), told.append)
    for _ in range(2):
        assert remembered.judge([item(b"1")])[0].action is Action.BLOCK
    assert told == ["verdicts on pictures cannot be kept (disk full); judging goes on without"]


@given(st.text(min_size=1, max_size=100), st.integers(0, 10**5), st.integers(0, 10**5))
def test_no_word_stays(text: str, left: int, top: int) -> None:
    name = text_name(text, (left, top))
    verdict = Verdict("", Action.WARN, part=name, reason=f"{name}: rude 0.90", picture={})
    assert storable(verdict).part == f"text in the picture at ({left}, {top})"
    assert storable(verdict).reason == f"text in the picture at ({left}, {top}): rude 0.90"
