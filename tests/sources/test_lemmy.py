"""Rows of Lemmy: of its export, of lists, and within the views of its API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from modcli.errors import Location
from modcli.sources.lemmy import post_of_row, recognize_lemmy
from modcli.sources.post import Account, PartName, Post, Visibility
from tests.sources.hostile_json import any_json, any_object, check
from tests.sources.made import check_going_on, of_json, of_lines, posts, problems, read, recognized
from tests.sources.test_statuses import parts

OWNER = Account("me@l.example", "https://l.example/u/me")
POST: dict[str, Any] = {
    "id": 1,
    "name": "Tea for all",
    "url": "https://tea.example/all",
    "body": "It is **good**.",
    "creator_id": 5,
    "community_id": 6,
    "nsfw": True,
    "embed_title": "Tea",
    "embed_description": "All of it",
    "alt_text": "A cup",
    "ap_id": "https://l.example/post/1",
    "local": True,
    "language_id": 0,
    "published_at": "2024-03-01T10:00:00.123456Z",
    "updated_at": None,
}
COMMENT: dict[str, Any] = {
    "id": 2,
    "creator_id": 5,
    "post_id": 1,
    "content": "I *agree*",
    "published": "2024-03-01T11:00:00Z",
    "ap_id": "https://l.example/comment/2",
    "path": "0.2",
}
MESSAGE = {
    "id": 3,
    "creator_id": 5,
    "recipient_id": 7,
    "content": "psst",
    "ap_id": "https://l.example/private_message/3",
}
CREATOR = {"name": "Bob", "display_name": "Bob B.", "ap_id": "https://l.example/u/Bob"}
KEYS = (*POST, *COMMENT, "recipient_id", "post", "comment", "creator", "Post", "display_name", "actor_id")
PLACE = Location("export.json#3")


def post(value: object, owner: Account | None = None) -> Post:
    found = post_of_row(value, PLACE, owner)
    assert isinstance(found, Post)
    return found


def test_a_post() -> None:
    found = post(POST, OWNER)
    assert parts(found) == [
        (PartName.TITLE, "Tea for all"),
        (PartName.TEXT, "https://tea.example/all\n\nIt is good."),
        (PartName.ALT, "A cup"),
        (PartName.CARD, "Tea\nAll of it"),
    ]
    assert found.key == found.url == found.uri == "https://l.example/post/1"
    assert (found.author, found.sensitive, found.visibility) == (OWNER, True, Visibility.PUBLIC)
    assert found.published == datetime(2024, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [POST, {"Post": POST}, {"type_": "post"} | POST, {"post": POST, "creator": CREATOR, "counts": {}}],
)
def test_every_wrapper(value: object) -> None:
    assert post(value).parts == post(POST).parts


def test_a_comment_and_a_message() -> None:
    found = post({"comment": COMMENT, "post": POST, "creator": CREATOR})
    assert found.text == "I agree"
    assert found.author == Account("bob@l.example", "https://l.example/u/Bob", "Bob B.")
    assert found.in_reply_to == found.conversation == POST["ap_id"]
    assert post({"comment": COMMENT | {"path": "0.1.2"}, "post": POST}).in_reply_to == ""
    assert post(MESSAGE).visibility is Visibility.DIRECT


def test_an_export() -> None:
    export = {
        "inbox": [{"type_": "private_message"} | MESSAGE],
        "content": [{"type_": "post"} | POST, 7, {"type_": "comment"} | COMMENT],
        "read_posts": ["https://l.example/post/8"],
        "liked": ["https://l.example/post/9", None],
        "moderates": [],
        "settings": {"bio": "x"},
    }
    one = of_json(export, "lemmy.json")
    found = read(recognize_lemmy, one, OWNER)
    kinds = [(one.found.kind.value, one.found.author) for one in found if isinstance(one.found, Post)]
    assert kinds == [("post", OWNER), ("post", OWNER), ("post", None), ("like", OWNER)]
    assert [str(problem.location) for problem in problems(found)] == [
        "lemmy.json#content/2",
        "lemmy.json#liked/2",
    ]
    whole = recognized(recognize_lemmy, one, OWNER)
    assert whole is not None
    check_going_on(whole)


@pytest.mark.parametrize(
    "one",
    [
        of_json([POST, COMMENT]),
        of_lines([{"Post": POST}, {"Comment": COMMENT}]),
        of_json(
            {"person_view": {}, "posts": [{"post": POST}], "comments": [{"comment": COMMENT, "post": POST}]}
        ),
    ],
)
def test_files(one: Any) -> None:
    assert [found.key for found in posts(read(recognize_lemmy, one))] == [POST["ap_id"], COMMENT["ap_id"]]


@pytest.mark.parametrize(
    "value", [[], [{"content": "a"}], {"content": [POST]}, {"posts": [{"text": "a"}]}, {"id": 1}]
)
def test_what_is_not_of_lemmy(value: object) -> None:
    assert recognized(recognize_lemmy, of_json(value)) is None


@given(any_object(KEYS) | any_json(KEYS))
def test_any_value(value: object) -> None:
    check(post_of_row(value, PLACE, OWNER))
    check(post_of_row({"comment": value, "creator": value, "post": value}, PLACE))
