"""A status becomes what a reader sees of it; whatever it is, a Post or a Problem comes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from modcli.errors import Location
from modcli.sources.post import Account, PartName, Post, Problem, RecordKind, Visibility
from modcli.sources.statuses import (
    account_of,
    handle_of,
    post_of_status,
    profile_of,
    reference_of_status,
)
from tests.sources.hostile_json import any_json, any_object, check

PLACE = Location("statuses.json#3")
BOB: dict[str, Any] = {
    "id": "9",
    "username": "bob",
    "acct": "bob",
    "display_name": "Bob :cat:",
    "url": "https://a.example/@bob",
    "uri": "https://a.example/users/bob",
    "note": "<p>I like tea.<br>And you?</p>",
    "fields": [{"name": "Home", "value": '<a href="https://b.example">b.example</a>', "verified_at": None}],
    "created_at": "2020-05-06T00:00:00.000Z",
}
STATUS: dict[str, Any] = {
    "id": "17",
    "created_at": "2024-03-01T10:00:00.000Z",
    "edited_at": "2024-03-01T11:00:00.000Z",
    "in_reply_to_id": None,
    "in_reply_to_account_id": None,
    "sensitive": True,
    "spoiler_text": "Tea & more",
    "visibility": "private",
    "language": "en",
    "uri": "https://a.example/users/bob/statuses/17",
    "url": "https://a.example/@bob/17",
    "content": "<p>Hello</p><p>there</p>",
    "reblog": None,
    "account": BOB,
    "media_attachments": [
        {"id": "1", "type": "image", "description": "A cup.\nBlue."},
        {"id": "2", "type": "image", "description": None},
    ],
    "mentions": [
        {"id": "2", "username": "eve", "acct": "eve@E.example", "url": "https://e.example/@eve"},
        {"id": "3", "username": "al", "acct": "al", "url": "https://a.example/@al"},
        {"id": "4", "username": "moved", "acct": "moved", "url": "https://a.example/@other"},
    ],
    "tags": [{"name": "tea", "url": "https://a.example/tags/tea"}],
    "emojis": [],
    "card": {"title": "Tea shop", "description": "All of it.", "html": "<b>no</b>", "author_name": "X"},
    "poll": {"options": [{"title": "green", "votes_count": 3}, {"title": "black"}], "voters_count": 3},
    "quote": {"state": "accepted", "quoted_status": {"content": "<p>Quoted words</p>", "spoiler_text": "!"}},
}
KEYS = (
    *STATUS,
    *BOB,
    "text",
    "content_text",
    "pleroma",
    "state",
    "quoted_status",
    "options",
    "title",
    "name",
    "fqn",
)


def post(**changes: Any) -> Post:
    found = post_of_status(STATUS | changes, PLACE)
    assert isinstance(found, Post)
    return found


def parts(found: Post | None) -> list[tuple[PartName, str]]:
    assert found is not None
    return [(part.name, part.text) for part in found.parts]


def test_all_of_a_status() -> None:
    found = post()
    assert parts(found) == [
        (PartName.WARNING, "Tea & more"),
        (PartName.TEXT, "Hello\n\nthere"),
        (PartName.POLL, "green"),
        (PartName.POLL, "black"),
        (PartName.ALT, "A cup.\nBlue."),
        (PartName.CARD, "Tea shop\nAll of it."),
        (PartName.QUOTE, "!\n\nQuoted words"),
    ]
    assert found.text == "Tea & more\n\nHello\n\nthere\n\ngreen\n\nblack\n\nA cup.\nBlue."
    assert found.key == found.uri == STATUS["uri"]
    assert found.url == STATUS["url"]
    assert found.author == Account("bob@a.example", BOB["url"], "Bob :cat:")
    assert found.published == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert found.edited == datetime(2024, 3, 1, 11, tzinfo=UTC)
    assert found.visibility is Visibility.FOLLOWERS
    assert (found.sensitive, found.language, found.media) == (True, "en", 2)
    # The domain of one whose page has another name is not certain.
    assert found.mentions == ("eve@e.example", "al@a.example")
    assert found.tags == ("tea",)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"content": "1 < 2 & so on\nnext"}, "1 < 2 & so on\nnext"),
        ({"content": "", "text": "The <b>source</b>"}, "The <b>source</b>"),
        ({"content": None, "content_text": "of Pixelfed"}, "of Pixelfed"),
        ({"content": "", "pleroma": {"content": {"text/plain": "of Pleroma"}}}, "of Pleroma"),
        ({"content": "<p>first</p>", "pleroma": {"content": {"text/plain": "second"}}}, "first"),
    ],
)
def test_where_the_text_is(changes: dict[str, Any], text: str) -> None:
    assert [one for name, one in parts(post(**changes)) if name is PartName.TEXT] == [text]


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ({"state": "pending", "quoted_status": {"content": "<p>a</p>"}}, []),
        ({"state": "accepted", "quoted_status": None}, []),
        ({"state": "accepted", "quoted_status_id": "4"}, []),
        ({"content": "<p>bare</p>", "account": BOB}, ["bare"]),
        ("https://a.example/1", []),
    ],
)
def test_what_is_quoted(quote: object, text: list[str]) -> None:
    assert [part.text for part in post(quote=quote).parts if part.name is PartName.QUOTE] == text
    assert "bare" not in post(quote=quote).text


def test_a_warning_of_pleroma_is_html() -> None:
    assert parts(post(spoiler_text="k<b></b>ill", pleroma={}))[0] == (PartName.WARNING, "kill")
    assert parts(post(spoiler_text="a <b> c"))[0] == (PartName.WARNING, "a <b> c")


def test_a_boost_has_no_words_of_its_own() -> None:
    boosted = {
        "content": "<p>another's</p>",
        "url": "https://c.example/@x/1",
        "account": {"acct": "x@c.example"},
    }
    found = post(reblog=boosted, content="<p>another's</p>")
    assert (found.kind, found.target, found.parts) == (RecordKind.BOOST, "https://c.example/@x/1", ())
    assert found.author is not None
    assert found.author.handle == "bob@a.example"


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        ("public", Visibility.PUBLIC),
        ("unlisted", Visibility.UNLISTED),
        ("private", Visibility.FOLLOWERS),
        ("mutuals_only", Visibility.FOLLOWERS),
        ("local", Visibility.FOLLOWERS),
        ("direct", Visibility.DIRECT),
        ("else", Visibility.UNKNOWN),
        (None, Visibility.UNKNOWN),
        (["public"], Visibility.UNKNOWN),
    ],
)
def test_visibility(visibility: object, expected: Visibility) -> None:
    assert post(visibility=visibility).visibility is expected


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"uri": None}, "https://a.example/@bob/17"),
        ({"uri": None, "url": None}, "https://a.example/@bob#17"),
        ({"uri": None, "url": None, "id": None}, "statuses.json#3"),
        ({"uri": "tag:a.example,2016-11-25:objectId=17"}, "tag:a.example,2016-11-25:objectId=17"),
    ],
)
def test_the_key(changes: dict[str, Any], key: str) -> None:
    assert post(**changes).key == key


def test_only_content_and_date_and_address() -> None:
    found = post_of_status(
        {"content": "<p>a</p>", "created_at": "2025-01-07 21:03:09", "url": "https://a.example/@bob/1"}, PLACE
    )
    assert isinstance(found, Post)
    assert (found.key, found.text, found.author) == ("https://a.example/@bob/1", "a", None)
    assert found.published == datetime(2025, 1, 7, 21, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"in_reply_to_id": "12", "in_reply_to_account_id": "9"}, "https://a.example/users/bob/statuses/12"),
        ({"in_reply_to_id": "12", "in_reply_to_account_id": "8"}, ""),
        ({"in_reply_to_id": "../12", "in_reply_to_account_id": "9"}, ""),
        # A remote status: its number here is not the one of its address.
        ({"in_reply_to_id": "12", "in_reply_to_account_id": "9", "uri": "https://c.example/notes/x"}, ""),
    ],
)
def test_a_reply_to_oneself_is_a_thread(changes: dict[str, Any], address: str) -> None:
    assert post(**changes).in_reply_to == address


@pytest.mark.parametrize(
    ("acct", "url", "handle"),
    [
        ("bob", "https://a.example/@bob", "bob@a.example"),
        ("Bob", "https://a.example/users/bob/", "bob@a.example"),
        ("bob", "https://a.example:8443/bob", "bob@a.example:8443"),
        ("bob@C.example", "https://a.example/@bob", "bob@c.example"),
        ("bob", "https://a.example/ap/users/17", ""),
        ("bob", "", ""),
        ("bob", "https://[", ""),
        ("b b", "https://a.example/@b b", ""),
        (None, "https://a.example/@bob", ""),
    ],
)
def test_handle(acct: object, url: str, handle: str) -> None:
    assert handle_of(acct, url) == handle


def test_the_owner_tells_the_domain_of_a_server_elsewhere() -> None:
    owner = Account("me@a.example", "https://social.a.example/@me")
    assert handle_of("bob", "https://social.a.example/@bob", owner) == "bob@a.example"
    assert handle_of("bob", "https://other.example/@bob", owner) == "bob@other.example"


def test_the_owner_is_the_author_of_what_names_none() -> None:
    owner = Account("me@a.example", "https://a.example/@me")
    found = post_of_status({"content": "a", "id": 4}, PLACE, owner)
    assert isinstance(found, Post)
    assert (found.author, found.key) == (owner, "https://a.example/@me#4")


def test_a_profile() -> None:
    found = profile_of(
        BOB | {"email": "bob@mail.example", "ip": "192.0.2.1", "ips": [{"ip": "192.0.2.2"}]}, PLACE
    )
    assert parts(found) == [
        (PartName.NAME, "Bob :cat:"),
        (PartName.BIO, "I like tea.\nAnd you?"),
        (PartName.FIELD, "Home: b.example"),
    ]
    assert found is not None
    assert (found.kind, found.key) == (RecordKind.PROFILE, BOB["uri"])
    assert "192.0.2" not in repr(found)
    assert "mail.example" not in repr(found)


def test_no_profile_without_words_or_name() -> None:
    assert profile_of({"acct": "bob@a.example", "display_name": "", "note": ""}, PLACE) is None
    assert profile_of({"display_name": "Bob"}, PLACE) is None
    assert account_of({"username": "bob"}) == Account(name="bob")
    assert account_of({}) is None


def test_a_like_is_an_address() -> None:
    owner = Account("me@a.example")
    found = reference_of_status(STATUS, RecordKind.LIKE, PLACE, owner)
    assert isinstance(found, Post)
    assert (found.kind, found.target, found.parts, found.author) == (
        RecordKind.LIKE,
        STATUS["url"],
        (),
        owner,
    )
    assert isinstance(reference_of_status({"content": "a"}, RecordKind.BOOKMARK, PLACE), Problem)


@pytest.mark.parametrize("value", [None, [], "a", 7, {}, {"id": "1"}, {"content": 7}, {"reblog": {}}])
def test_what_is_no_status(value: object) -> None:
    found = post_of_status(value, PLACE)
    assert isinstance(found, Problem)
    assert found.location == PLACE


@given(any_object(KEYS) | any_json(KEYS))
def test_any_value(value: object) -> None:
    for owner in (None, Account("me@a.example", "https://a.example/@me")):
        check(post_of_status(value, PLACE, owner))
        check(reference_of_status(value, RecordKind.LIKE, PLACE, owner))
        profile = profile_of(value, PLACE, owner)
        if profile is not None:
            check(profile)
