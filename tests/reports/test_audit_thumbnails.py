"""Which pictures a report shows, how many, and which of them blurred."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from modcli.audit.outcomes import Decision, Medium, Outcome
from modcli.errors import SourceError
from modcli.images.quoting import part_kind
from modcli.reports import audit_thumbnails
from modcli.reports.audit_thumbnails import Thumbnail, thumbnails_of
from modcli.sources.media import MediaFile, Wanted

NOBODY: tuple[Any, ...] = ("", "", "", None, None, "", "", "public", False, "", "", "", "", 1, {}, "")


def item(id: int, *media: Medium, severity: int | None = 0) -> Outcome:
    plain = Outcome(id, f"k{id}", "post", *NOBODY)
    return replace(plain, severity=severity, pictures=media)


def medium(path: str, severity: int | None = 0, **more: object) -> Medium:
    return Medium("attachment 1", path, severity=severity, part="picture", reason="r", **more)  # type: ignore[arg-type]


@dataclass
class Files:
    data: dict[str, bytes]
    holds_any: bool = True

    def read(self, wanted: Wanted) -> Iterator[MediaFile]:
        for name in sorted(wanted, reverse=True):
            if name in self.data:
                yield MediaFile(name, self.data[name])


def make(data: bytes, name: str, at: float | None) -> bytes:
    if data == b"odd":
        raise SourceError("no picture")
    return data + str(at).encode()


ITEMS = [
    item(
        1, medium("a"), medium("b", 2, details={"flagged_at": [3.5], "text": [{"text": "bad"}]}), severity=2
    ),
    item(2, medium("odd"), medium("missing", None)),
    item(3, medium("c", 1), medium("song", None, kind="audio"), severity=1),
]
FILES = Files({"a": b"aa", "b": b"bb", "c": b"cc", "odd": b"odd"})


def paths(shown: tuple[Thumbnail, ...]) -> list[str]:
    return [one.medium.path for one in shown]


def test_the_strictest_first() -> None:
    found = thumbnails_of(ITEMS, FILES, make)
    assert paths(found.shown) == ["b", "c", "a"]
    assert (found.listed, found.unmade) == (5, 2)
    assert [one.words for one in found.shown] == [("bad",), (), ()]
    assert thumbnails_of(ITEMS, FILES, make, texts=False).shown[0].words == ()
    assert found.shown[0].source == "data:image/jpeg;base64,YmIzLjU="  # the frame that was flagged


def test_so_many_and_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths(thumbnails_of(ITEMS, FILES, make, most=1).shown) == ["b"]
    monkeypatch.setattr(audit_thumbnails, "MOST_CHARACTERS", 70)
    found = thumbnails_of(ITEMS, FILES, make)
    assert len(found.shown) == 2
    assert found.size <= 70


@pytest.mark.parametrize(
    ("severity", "of_item", "decided", "veiled"),
    [
        *((0, 0, "", False), (1, 1, "", True), (2, 2, "", True), (None, 0, "", True), (0, 2, "", True)),
        *((2, 2, "allow", False), (0, 0, "block", True)),
    ],
)
def test_what_is_blurred(severity: int | None, of_item: int, decided: str, veiled: bool) -> None:
    shown = medium("a", severity)
    one = item(1, shown, severity=of_item)
    if decided:
        one = replace(one, decision=Decision(1, "wrong", (), "", decided, ""))
    assert Thumbnail("data:", one, shown).veiled is veiled


def test_parts_are_few() -> None:
    long = 'attachment 2: frame at 0:12, text in the picture: "a "b" at 0:13" at (3, 44)'
    assert part_kind(long) == "attachment 2: frame, text in the picture"
    assert part_kind("alt text") == "alt text"
