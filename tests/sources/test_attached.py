"""Where the files of attachments are in an export."""

from __future__ import annotations

import pytest
from hypothesis import given

from modcli.errors import Location
from modcli.sources.activitypub import owner_of, post_of_object, profile_of_actor
from modcli.sources.attached import attached_at, kind_of
from modcli.sources.fields import Fields, post_of_fields
from modcli.sources.post import Attached, Post
from modcli.sources.statuses import post_of_status
from tests.sources.hostile_json import any_json

PLACE = Location("outbox.json", 1)


@pytest.mark.parametrize(
    ("address", "path", "remote"),
    [
        ("/media_attachments/files/1/a.png", "media_attachments/files/1/a.png", False),
        ("/bucket/media_attachments/files/1/a.png", "media_attachments/files/1/a.png", False),
        ("https://files.a.example/media_attachments/1/a.png?v=2", "media_attachments/1/a.png", True),
        ("avatar.png", "avatar.png", False),
        ("/media_attachments/../../x", "media_attachments/../../x", False),
        ("my_media_attachments/x.png", "my_media_attachments/x.png", False),
    ],
)
def test_where_a_file_is(address: str, path: str, remote: bool) -> None:
    assert attached_at("attachment 1", address, "") == Attached("attachment 1", path, "", remote)


@pytest.mark.parametrize(
    "address",
    [
        "",
        None,
        3,
        "https://a.example/x.png",
        "data:image/png;base64,AA",
        "file:///etc/passwd",
        "/",
        "https://[",
    ],
)
def test_what_no_export_holds(address: object) -> None:
    assert attached_at("attachment 1", address, "") is None


def test_kinds() -> None:
    assert [kind_of(one) for one in ("image/png", "gifv", "audio", "Document", None)] == [
        *("image", "video", "audio", "", "")
    ]


@given(any_json(["url", "href", "mediaType", "type", "name"]))
def test_anything_is_attached(value: object) -> None:
    for found in (
        post_of_object({"type": "Note", "content": "x", "attachment": value}, PLACE),
        post_of_object({"type": "Note", "content": "x", "attachment": [{"url": value}]}, PLACE),
        post_of_status({"content": "x", "media_attachments": value}, PLACE),
        post_of_fields({"text": "x", "image": value}, Fields("text"), PLACE, "rows"),
    ):
        assert isinstance(found, Post)
        assert all(one.path and "\0" not in one.path for one in found.attached)


def attached(found: object) -> list[tuple[str, str, str]]:
    assert isinstance(found, Post)
    return [(one.name, one.path, one.kind) for one in found.attached]


def test_they_are_numbered_as_the_post_has_them() -> None:
    documents = [
        {"type": "Document", "mediaType": "image/png", "url": "/media_attachments/a.png"},
        {"type": "Link", "href": "https://a.example/b"},
        {"type": "Document", "url": [{"href": "/media_attachments/c.mp4", "mediaType": "video/mp4"}]},
    ]
    found = post_of_object({"type": "Note", "content": "x", "attachment": documents}, PLACE)
    assert attached(found) == [
        ("attachment 1", "media_attachments/a.png", "image"),
        ("attachment 3", "media_attachments/c.mp4", "video"),
    ]
    assert isinstance(found, Post)
    assert found.media == 3


def test_portraits_of_a_profile() -> None:
    actor = {"type": "Person", "name": "Ada", "icon": {"url": "avatar.png"}, "image": {"url": "header.jpg"}}
    found = profile_of_actor(actor, PLACE, owner_of(actor))
    assert attached(found) == [("avatar", "avatar.png", "image"), ("header", "header.jpg", "image")]


def test_pictures_of_rows() -> None:
    one = post_of_fields({"image": "shots/1.png"}, Fields("text"), PLACE, "rows")
    assert attached(one) == [("image", "shots/1.png", "")]
    two = post_of_fields({"text": "x", "image": ["1.png", "/etc/x.png"]}, Fields("text"), PLACE, "rows")
    assert attached(two) == [("image 1", "1.png", ""), ("image 2", "/etc/x.png", "")]
