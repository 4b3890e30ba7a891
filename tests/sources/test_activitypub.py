"""ActivityPub's objects: one row for each way to write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given

from modcli.errors import Location
from modcli.sources.activitypub import Owner, owner_of, post_of_activity, profile_of_actor
from modcli.sources.post import Account, PartName, Post, Problem, RecordKind, Visibility
from tests.sources.hostile_json import any_json, check

HERE = Location("outbox.json#1")
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ME = "https://v.example/users/ada"
FOLLOWERS = f"{ME}/followers"
OWNER = Owner(Account("ada@v.example", "https://v.example/@ada", "Ada"), ME)


def note(**more: object) -> dict[str, Any]:
    return {"id": f"{ME}/statuses/1", "type": "Note", "attributedTo": ME, "content": "<p>hi</p>", **more}


def create(**more: object) -> dict[str, Any]:
    return {"id": f"{ME}/statuses/1/activity", "type": "Create", "actor": ME, "object": note(**more)}


def post(value: object) -> Post:
    found = post_of_activity(value, HERE, OWNER)
    assert isinstance(found, Post), found
    return found


def test_a_post_in_full() -> None:
    found = post(
        create(
            summary="rant",
            published="2025-01-07T12:00:00Z",
            updated="2025-01-08T12:00:00Z",
            url="https://v.example/@ada/1",
            to=[PUBLIC],
            cc=[FOLLOWERS],
            inReplyTo=f"{ME}/statuses/0",
            conversation="tag:v.example,2025:1",
            sensitive=True,
            contentMap={"de": "<p>hi</p>"},
            attachment=[
                {"type": "Document", "url": "/x.png", "name": "a cat"},
                {"type": "Link", "href": "y"},
            ],
            tag=[
                {"type": "Mention", "href": "https://v.example/users/eve", "name": "@eve"},
                {"type": "Mention", "href": "https://o.example/bob", "name": "@bob@o.example"},
                {"type": "Hashtag", "href": "x", "name": "#cats"},
            ],
        )
    )
    assert (found.key, found.kind, found.author) == (f"{ME}/statuses/1", RecordKind.POST, OWNER.account)
    assert [(part.name, part.text) for part in found.parts] == [
        (PartName.WARNING, "rant"),
        (PartName.TEXT, "hi"),
        (PartName.ALT, "a cat"),
    ]
    assert found.text == "rant\n\nhi\n\na cat"
    assert found.mentions == ("eve@v.example", "bob@o.example")
    assert (found.tags, found.media, found.language, found.sensitive) == (("cats",), 2, "de", True)
    assert (found.visibility, found.in_reply_to) == (Visibility.PUBLIC, f"{ME}/statuses/0")
    assert found.published is not None
    assert found.edited is not None


@pytest.mark.parametrize(
    ("audience", "visibility"),
    [
        ({"to": [PUBLIC], "cc": [FOLLOWERS]}, Visibility.PUBLIC),
        ({"to": "as:Public"}, Visibility.PUBLIC),
        ({"to": ["Public"]}, Visibility.PUBLIC),
        ({"to": [FOLLOWERS], "cc": [PUBLIC]}, Visibility.UNLISTED),
        ({"to": [FOLLOWERS], "cc": ["https://o.example/bob"]}, Visibility.FOLLOWERS),
        ({"to": FOLLOWERS}, Visibility.FOLLOWERS),
        ({"to": ["https://o.example/bob"]}, Visibility.DIRECT),
        ({"to": "https://o.example/Publicity"}, Visibility.DIRECT),
        ({"to": [PUBLIC], "directMessage": True}, Visibility.DIRECT),
        ({}, Visibility.UNKNOWN),
    ],
)
def test_visibility(audience: dict[str, Any], visibility: Visibility) -> None:
    assert post(create(**audience)).visibility is visibility


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        ({"content": None, "contentMap": {"en": "<p>map</p>"}}, [("text", "map")]),
        ({"summary": None, "summaryMap": {"en": "cw"}}, [("content warning", "cw"), ("text", "hi")]),
        (
            {"type": "Question", "oneOf": [{"name": "yes"}, {"name": "no"}]},
            [("text", "hi"), ("poll option", "yes"), ("poll option", "no")],
        ),
        ({"type": "Question", "anyOf": {"name": "only"}}, [("text", "hi"), ("poll option", "only")]),
        ({"type": "Page", "name": "Title"}, [("title", "Title"), ("text", "hi")]),
        ({"attachment": {"name": "n", "summary": "s"}}, [("text", "hi"), ("alt text", "s")]),
        ({"content": "", "source": {"content": "*md*"}}, [("text", "*md*")]),
        ({"quote": {"content": "<p>theirs</p>"}}, [("text", "hi"), ("quoted text", "theirs")]),
        ({"quote": "https://o.example/1", "name": None, "attachment": None, "tag": None}, [("text", "hi")]),
        ({"content": '<p class="quote-inline">RE: <a href="x">y</a></p><p>mine</p>'}, [("text", "mine")]),
    ],
)
def test_parts(more: dict[str, Any], parts: list[tuple[str, str]]) -> None:
    assert [(part.name.value, part.text) for part in post(create(**more)).parts] == parts


def test_a_boost_has_nothing_to_judge() -> None:
    boost = {
        "id": f"{ME}/b/1",
        "type": "Announce",
        "actor": ME,
        "object": "https://o.example/1",
        "to": [PUBLIC],
    }
    found = post(boost)
    assert (found.kind, found.target, found.parts) == (RecordKind.BOOST, "https://o.example/1", ())
    of_another = post(
        boost
        | {"object": {"id": "https://o.example/1", "attributedTo": "https://o.example/b", "content": "x"}}
    )
    assert (of_another.kind, of_another.target, of_another.parts) == (
        RecordKind.BOOST,
        "https://o.example/1",
        (),
    )


def test_a_boost_of_ones_own_post_for_followers_is_that_post() -> None:
    found = post({"id": f"{ME}/b/1", "type": "Announce", "actor": ME, "object": note(to=[FOLLOWERS])})
    assert (found.kind, found.text, found.visibility) == (RecordKind.POST, "hi", Visibility.FOLLOWERS)


def test_bare_objects_and_other_authors() -> None:
    assert post(note()).author == OWNER.account
    assert post(note(attributedTo="https://o.example/bob")).author == Account(url="https://o.example/bob")


@pytest.mark.parametrize(
    "value",
    [None, [], "x", {}, {"type": "Delete"}, {"type": "Create", "object": "https://v.example/1"}, {"type": "Create"},
     {"type": "Create", "object": {"type": "Tombstone"}}, {"type": "Announce", "object": None}],
)  # fmt: skip
def test_what_is_no_post_is_a_problem(value: object) -> None:
    assert isinstance(post_of_activity(value, HERE), Problem)


@pytest.mark.parametrize(
    ("actor", "handle"),
    [
        ({"id": ME, "preferredUsername": "Ada", "webfinger": "ada@short.example"}, "ada@short.example"),
        ({"id": ME, "preferredUsername": "Ada"}, "ada@v.example"),
        ({"id": "https://v.example/ap/users/17"}, ""),
        ({}, ""),
    ],
)
def test_whose_it_is(actor: dict[str, Any], handle: str) -> None:
    account = owner_of(actor).account
    assert (account.handle if account else "") == handle


def test_a_profile_is_judged_too() -> None:
    actor = {
        "id": ME,
        "name": "Ada",
        "summary": "<p>bio</p>",
        "attachment": [{"name": "web", "value": "<b>x</b>"}],
    }
    found = profile_of_actor(actor, HERE, OWNER)
    assert found is not None
    assert [(part.name.value, part.text) for part in found.parts] == [
        ("display name", "Ada"),
        ("bio", "bio"),
        ("profile field", "web: x"),
    ]
    assert profile_of_actor({"id": ME}, HERE, OWNER) is None


KEYS = [
    "id",
    "type",
    "object",
    "content",
    "contentMap",
    "to",
    "cc",
    "tag",
    "attachment",
    "name",
    "url",
    "oneOf",
    "quote",
]


@example({"content": None, "to": {}})
@given(any_json(KEYS))
def test_whatever_comes_in_a_post_or_a_problem_comes_out(value: object) -> None:
    check(post_of_activity(value, HERE, OWNER))
    found = profile_of_actor(value, HERE, owner_of(value))
    if found is not None:
        check(found)
