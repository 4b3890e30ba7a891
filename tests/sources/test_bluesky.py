"""Posts of Bluesky: the exported repository, and what the API gives."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from modcli.errors import Location, MissingExtraError
from modcli.sources.bluesky import (
    LIKE,
    POST,
    PROFILE,
    REPOST,
    post_of_record,
    post_of_view,
    recognize_bluesky,
)
from modcli.sources.post import Account, PartName, Post, Problem, RecordKind
from tests.sources.hostile_json import any_json, any_object, check
from tests.sources.made import check_going_on, member, of_json, of_lines, posts, problems, read, recognized
from tests.sources.test_car import car, frame, repository
from tests.sources.test_statuses import parts

PLACE = Location("feed.json#3")
URI = "at://did:plc:bob/app.bsky.feed.post/3kabc"
TEXT = "Grüße @al.example see bank.example and tea.example/long… #tea"


def facet(shown: str, **feature: str) -> dict[str, Any]:
    start = TEXT.encode().index(shown.encode())
    return {"index": {"byteStart": start, "byteEnd": start + len(shown.encode())}, "features": [feature]}


RECORD: dict[str, Any] = {
    "$type": POST,
    "text": TEXT,
    "createdAt": "2024-03-01T10:00:00.000Z",
    "langs": ["de", "en"],
    "facets": [
        facet("tea.example/long…", uri="https://tea.example/longer"),
        facet("bank.example", uri="https://evil.example/x"),
        facet("@al.example", did="did:plc:al"),
        facet("#tea", tag="tea"),
    ],
    "tags": ["more"],
    "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "porn"}]},
    "reply": {"root": {"uri": "at://did:plc:al/x/1"}, "parent": {"uri": "at://did:plc:al/x/2"}},
    "embed": {
        "$type": "app.bsky.embed.recordWithMedia",
        "media": {"images": [{"alt": "A cup.", "image": {}}, {"alt": "", "image": {}}]},
        "record": {"record": {"uri": "at://did:plc:al/app.bsky.feed.post/9"}},
    },
}
AUTHOR = {"did": "did:plc:bob", "handle": "Bob.example", "displayName": "Bob"}
SHOWN = {
    "record": {"record": {"uri": "at://did:plc:al/app.bsky.feed.post/9", "value": {"text": "quoted"}}},
    "media": {},
}
VIEW = {"post": {"uri": URI, "cid": "b", "author": AUTHOR, "record": RECORD, "embed": SHOWN}}
KEYS = (
    *RECORD,
    "post",
    "record",
    "value",
    "uri",
    "author",
    "did",
    "handle",
    "reason",
    "by",
    "index",
    "byteStart",
    "byteEnd",
)
KEYS = (*KEYS, "features", "images", "alt", "external", "title", "subject", "values", "val", "video", "media")


def post(value: object = VIEW) -> Post:
    found = post_of_view(value, PLACE)
    assert isinstance(found, Post)
    return found


def test_all_of_a_post() -> None:
    found = post()
    (_, text), *others = parts(found)
    assert text.startswith("Grüße @al.example see bank.example")
    assert text.endswith(" and tea.example/long… #tea")
    assert others == [(PartName.ALT, "A cup."), (PartName.QUOTE, "quoted")]
    assert [(link.shown, link.target) for link in found.disguised] == [
        ("bank.example", "https://evil.example/x")
    ]
    assert found.key == found.uri == URI
    assert found.url == "https://bsky.app/profile/did:plc:bob/post/3kabc"
    assert found.author == Account("bob.example", "https://bsky.app/profile/did:plc:bob", "Bob")
    assert found.published == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert (found.mentions, found.tags, found.media) == (("al.example",), ("more", "tea"), 2)
    assert (found.language, found.sensitive) == ("de", True)
    assert (found.in_reply_to, found.conversation) == ("at://did:plc:al/x/2", "at://did:plc:al/x/1")


def test_a_card_and_a_film() -> None:
    card = {"external": {"uri": "https://t.example", "title": "Tea", "description": "All"}}
    found = post({"post": {"uri": URI, "record": {"$type": POST, "text": "a", "embed": card}}})
    assert parts(found) == [(PartName.TEXT, "a"), (PartName.CARD, "Tea\nAll")]
    assert found.author == Account(url="https://bsky.app/profile/did:plc:bob")
    film = {"$type": "app.bsky.embed.video", "video": {}, "alt": "A cat"}
    found = post({"uri": URI, "value": {"$type": POST, "text": "a", "embed": film}})
    assert (parts(found)[1], found.media) == ((PartName.ALT, "A cat"), 1)


def test_a_repost_in_a_feed_is_another_s_post() -> None:
    found = post(
        VIEW | {"reason": {"by": {"did": "did:plc:me", "handle": "me.example"}, "indexedAt": "2024-03-02"}}
    )
    assert (found.kind, found.parts) == (RecordKind.BOOST, ())
    assert found.target == "https://bsky.app/profile/did:plc:bob/post/3kabc"
    assert found.author is not None
    assert found.author.handle == "me.example"
    assert found.key == f"{URI}#repost-did:plc:me"


@pytest.mark.parametrize(
    "index",
    [
        {},
        {"byteStart": 5, "byteEnd": 2},
        {"byteStart": 0, "byteEnd": 10**9},
        {"byteStart": True, "byteEnd": "x"},
    ],
)
def test_facets_that_cannot_be(index: object) -> None:
    record = {
        "$type": POST,
        "text": "abc",
        "facets": [{"index": index, "features": [{"uri": "https://x.example"}]}],
    }
    assert parts(post({"uri": URI, "value": record})) == [(PartName.TEXT, "abc")]


def test_facets_in_one_another() -> None:
    facets = [
        {"index": {"byteStart": a, "byteEnd": b}, "features": [{"uri": f"https://{a}.example"}]}
        for a, b in ((1, 4), (0, 3), (0, 2))
    ]
    found = post({"uri": URI, "value": {"$type": POST, "text": "äbcde", "facets": facets}})
    assert "cde" in found.text


SUBJECT = {"subject": {"uri": "at://did:plc:al/app.bsky.feed.post/7", "cid": "c"}, "createdAt": "2024-01-01"}
RECORDS: list[tuple[str, Any]] = [
    (f"{POST}/3k1", {"$type": POST, "text": "one", "createdAt": "2024-01-01T00:00:00Z"}),
    (f"{POST}/3k2", {"$type": POST, "text": "two", "createdAt": "2024-01-02T00:00:00Z"}),
    (f"{LIKE}/3k3", {"$type": LIKE} | SUBJECT),
    (f"{REPOST}/3k4", {"$type": REPOST} | SUBJECT),
    (f"{PROFILE}/self", {"$type": PROFILE, "displayName": "Bob", "description": "I like\ntea."}),
    ("app.bsky.graph.follow/3k5", {"$type": "app.bsky.graph.follow", "subject": "did:plc:al"}),
]


def test_a_repository() -> None:
    found = posts(read(recognize_bluesky, member("repo.car", repository(RECORDS, "did:plc:bob"))))
    seen = [(one.kind.value, one.text or one.target) for one in found]
    liked = "https://bsky.app/profile/did:plc:al/post/7"
    assert seen == [
        *(("post", "one"), ("post", "two"), ("like", liked), ("boost", liked)),
        ("profile", "Bob\n\nI like\ntea."),
    ]
    assert {one.author for one in found} == {Account(url="https://bsky.app/profile/did:plc:bob", name="Bob")}
    assert found[0].key == "at://did:plc:bob/app.bsky.feed.post/3k1"
    assert found[0].url == "https://bsky.app/profile/did:plc:bob/post/3k1"
    assert str(found[0].location) == "repo.car#app.bsky.feed.post/3k1"


def test_a_repository_whose_owner_is_known() -> None:
    owner = Account("bob.example", "https://bsky.app/profile/did:plc:bob")
    found = posts(read(recognize_bluesky, member("repo.car", repository(RECORDS)), owner))
    assert {one.author for one in found} == {owner}


def test_going_on_in_a_repository() -> None:
    found = recognized(recognize_bluesky, member("repo.car", repository(RECORDS)))
    assert found is not None
    check_going_on(found)


def test_records_without_a_tree() -> None:
    found = read(
        recognize_bluesky,
        member("repo.car", car(RECORDS[0][1]) + frame(b"\x01\x71\x12\x20" + bytes(32), b"x")),
    )
    assert isinstance(found[0].found, Post)
    assert found[0].found.text == "one"
    assert found[0].found.key.startswith("repo.car#app.bsky.feed.post/")
    (problem,) = problems(found)
    assert problem.location.name.startswith("repo.car@")


def test_without_libipld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libipld", None)
    with pytest.raises(MissingExtraError):
        recognized(recognize_bluesky, member("repo.car", repository(RECORDS)))


@pytest.mark.parametrize(
    "one",
    [
        of_json([VIEW]),
        of_lines([VIEW]),
        of_json({"feed": [VIEW], "cursor": "x"}),
        of_json({"posts": [VIEW["post"]]}),
        of_json({"records": [{"uri": URI, "cid": "b", "value": RECORD}], "cursor": "x"}),
    ],
)
def test_files(one: Any) -> None:
    (found,) = posts(read(recognize_bluesky, one))
    assert (found.key, found.text) == (URI, post().text)


@pytest.mark.parametrize(
    "value", [[], [{"text": "a"}], [{"$type": LIKE}], {"feed": []}, {"posts": [{"text": "a"}]}]
)
def test_what_is_not_of_bluesky(value: object) -> None:
    assert recognized(recognize_bluesky, of_json(value)) is None


def test_problems() -> None:
    for value in (None, 7, {}, {"post": 7}, {"uri": URI, "value": {"$type": "x"}}):
        assert isinstance(post_of_view(value, PLACE), Problem)


@given(any_object(KEYS) | any_json(KEYS))
def test_any_value(value: object) -> None:
    check(post_of_view(value, PLACE))
    check(post_of_view({"post": {"uri": URI, "record": value, "embed": value}, "reason": value}, PLACE))
    for kind in (POST, LIKE, REPOST, PROFILE):
        record = value | {"$type": kind} if isinstance(value, dict) else value
        check(post_of_record(record, URI, PLACE, None, {"record": value}))
