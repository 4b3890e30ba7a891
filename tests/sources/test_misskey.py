"""Notes of Misskey, as they are exported and as the API gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from modcli.errors import Location
from modcli.sources.misskey import favourite_of, post_of_note, recognize_misskey
from modcli.sources.post import Account, PartName, Post, Problem, RecordKind, Visibility
from tests.sources.hostile_json import any_json, any_object, check
from tests.sources.made import check_going_on, of_json, posts, read, recognized
from tests.sources.test_statuses import parts

OWNER = Account("me@m.example", "https://m.example/@me", "Me")
NOTE: dict[str, Any] = {
    "id": "9abc",
    "text": "$[x2 Hello] @bob@b.example #tea",
    "createdAt": "2024-03-01T10:00:00.000Z",
    "fileIds": ["f1"],
    "files": [{"id": "f1", "name": "a.png", "comment": "A cup.", "isSensitive": True}],
    "replyId": None,
    "renoteId": None,
    "poll": {"choices": ["green", "black"], "votes": [1, 0], "multiple": False, "expiresAt": None},
    "cw": "Tea",
    "visibility": "home",
    "visibleUserIds": [],
    "localOnly": False,
    "reactionAcceptance": None,
}
KEYS = (
    *NOTE,
    "renote",
    "reply",
    "user",
    "uri",
    "url",
    "username",
    "host",
    "note",
    "tags",
    "choices",
    "comment",
)
PLACE = Location("notes.json#3")


def post(owner: Account | None = OWNER, **changes: Any) -> Post:
    found = post_of_note(NOTE | changes, PLACE, owner)
    assert isinstance(found, Post)
    return found


def test_all_of_a_note() -> None:
    found = post()
    assert parts(found) == [
        (PartName.WARNING, "Tea"),
        (PartName.TEXT, "Hello @bob@b.example #tea"),
        (PartName.POLL, "green"),
        (PartName.POLL, "black"),
        (PartName.ALT, "A cup."),
    ]
    assert found.key == found.url == "https://m.example/notes/9abc"
    assert (found.author, found.published) == (OWNER, datetime(2024, 3, 1, 10, tzinfo=UTC))
    assert (found.mentions, found.tags, found.media, found.sensitive) == (
        ("bob@b.example",),
        ("tea",),
        1,
        True,
    )


def test_without_an_owner_its_number_is_the_key() -> None:
    found = post(owner=None, replyId="8xyz")
    assert (found.key, found.url, found.in_reply_to) == ("misskey:notes/9abc", "", "misskey:notes/8xyz")


@pytest.mark.parametrize(
    ("visibility", "local", "expected"),
    [
        ("public", False, Visibility.PUBLIC),
        ("home", False, Visibility.UNLISTED),
        ("followers", False, Visibility.FOLLOWERS),
        ("specified", False, Visibility.DIRECT),
        ("public", True, Visibility.FOLLOWERS),
        ("specified", True, Visibility.DIRECT),
        (None, False, Visibility.UNKNOWN),
        (7, True, Visibility.UNKNOWN),
    ],
)
def test_visibility(visibility: object, local: bool, expected: Visibility) -> None:
    assert post(visibility=visibility, localOnly=local).visibility is expected


BARE = {"text": None, "cw": None, "poll": None, "files": [], "fileIds": [], "renoteId": "7qrs"}


def test_a_renote_without_words_is_a_boost() -> None:
    found = post(**BARE)
    assert (found.kind, found.target, found.parts) == (RecordKind.BOOST, "https://m.example/notes/7qrs", ())
    found = post(**BARE, renote={"id": "7qrs", "uri": "https://b.example/n/7", "text": "another's"})
    assert (found.kind, found.target, found.parts) == (RecordKind.BOOST, "https://b.example/n/7", ())


def test_a_renote_with_words_quotes() -> None:
    found = post(**BARE | {"text": "Look"}, renote={"id": "7qrs", "text": "another's", "cw": "!"})
    assert found.kind is RecordKind.POST
    assert parts(found) == [(PartName.TEXT, "Look"), (PartName.QUOTE, "!\n\nanother's")]


def test_a_note_from_elsewhere() -> None:
    user = {"username": "bob", "host": "B.example", "name": "Bob", "uri": "https://b.example/users/1"}
    found = post(user=user, uri="https://b.example/notes/1", url=None)
    assert found.author == Account("bob@b.example", "https://b.example/users/1", "Bob")
    assert found.key == found.url == "https://b.example/notes/1"
    found = post(owner=None, user={"username": "al", "host": None})
    assert found.author == Account(name="al")


def test_files() -> None:
    found = recognized(recognize_misskey, of_json([NOTE, 7, NOTE | {"id": "2"}], "notes-2024.json"), OWNER)
    assert found is not None
    assert found.kind == "notes"
    assert [isinstance(record.found, Problem) for record in found.read()] == [False, True, False]
    check_going_on(found)
    assert recognized(recognize_misskey, of_json([{"text": "a", "createdAt": "x"}])) is None
    assert recognized(recognize_misskey, of_json({"notes": [NOTE]})) is None


def test_favourites() -> None:
    rows = [{"id": "1", "createdAt": "2024-01-01", "note": NOTE | {"uri": "https://b.example/n/1"}}]
    (found,) = posts(read(recognize_misskey, of_json(rows, "favorites.json"), OWNER))
    assert (found.kind, found.target, found.parts) == (RecordKind.BOOKMARK, "https://b.example/n/1", ())


@given(any_object(KEYS) | any_json(KEYS))
def test_any_value(value: object) -> None:
    for owner in (None, OWNER):
        check(post_of_note(value, PLACE, owner))
        check(favourite_of(value, PLACE, owner))
