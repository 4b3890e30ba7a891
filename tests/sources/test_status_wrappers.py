"""Whatever statuses come in, the same posts come out of it; and nothing is taken for statuses that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from modcli.errors import Location
from modcli.sources.containers import Member
from modcli.sources.post import Account, Post, Problem, RecordKind
from modcli.sources.sections import WholeInput
from modcli.sources.status_wrappers import MOST_PROFILES, Profiles, reading, recognize_statuses, unwrapped
from tests.sources.hostile_json import any_json, any_object, check
from tests.sources.made import (
    check_going_on,
    member,
    of_json,
    of_lines,
    posts,
    problems,
    read,
    recognized,
)
from tests.sources.test_statuses import BOB, KEYS

EVE = BOB | {
    "id": "2",
    "acct": "eve@e.example",
    "url": "https://e.example/@eve",
    "uri": "https://e.example/eve",
}


def status(number: int, account: dict[str, Any] | None = BOB, **changes: Any) -> dict[str, Any]:
    address = f"https://a.example/@bob/{number}"
    found = {
        "id": str(number),
        "content": f"<p>{number}</p>",
        "created_at": "2024-01-01",
        "visibility": "public",
    }
    return found | {"uri": address, "url": address, "account": account} | changes


def mastopy(value: object) -> dict[str, Any]:
    return {
        "_mastopy_version": "2.0.1",
        "_mastopy_type": "Status",
        "_mastopy_data": value,
        "_mastopy_extra_data": {},
    }


def texts(found: list[Any]) -> list[str]:
    return [one.text for one in posts(found) if one.kind is RecordKind.POST]


ONE, TWO = status(1), status(2, EVE)
ADMIN = {"id": "2", "username": "eve", "email": "eve@mail.example", "ip": "192.0.2.1", "ips": ["192.0.2.2"]}


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(of_json([ONE, TWO]), id="list"),
        pytest.param(of_lines([ONE, TWO]), id="lines"),
        pytest.param(of_lines([[ONE], [TWO]]), id="lines of pages"),
        pytest.param(of_json({"statuses": [ONE, TWO], "accounts": [], "hashtags": []}), id="search"),
        pytest.param(of_lines([{"statuses": [ONE]}, {"statuses": [TWO]}]), id="lines of searches"),
        pytest.param(of_json({"ancestors": [ONE], "descendants": [TWO]}), id="context"),
        pytest.param(of_json({"ancestors": [ONE], "status": TWO, "descendants": []}), id="thread"),
        pytest.param(
            of_json(
                [
                    {"id": "1", "type": "mention", "account": BOB, "status": ONE},
                    {"id": "2", "type": "mention", "account": EVE, "status": TWO, "created_at": "2024-01-01"},
                ]
            ),
            id="notifications",
        ),
        pytest.param(
            of_json(
                [
                    {"id": "1", "unread": False, "accounts": [BOB], "last_status": ONE},
                    {"id": "2", "accounts": [EVE], "last_status": TWO},
                    {"id": "3", "accounts": [], "last_status": None},
                ]
            ),
            id="conversations",
        ),
        pytest.param(
            of_json(
                [
                    {
                        "id": "1",
                        "target_account": ADMIN | {"account": BOB},
                        "account": ADMIN,
                        "statuses": [ONE, TWO],
                    }
                ]
            ),
            id="reports",
        ),
        pytest.param(of_json({"data": [ONE, TWO]}), id="Pixelfed"),
        pytest.param(of_json(mastopy([ONE, TWO])), id="Mastodon.py, a list"),
        pytest.param(of_lines([mastopy(ONE), mastopy(TWO)]), id="Mastodon.py, lines"),
        pytest.param(
            of_lines([json.dumps(mastopy(ONE)), json.dumps(mastopy(TWO))]), id="Mastodon.py, strings"
        ),
        pytest.param(
            of_lines(
                [{"id": 1, "json": json.dumps(mastopy(ONE))}, {"id": 2, "json": json.dumps(mastopy(TWO))}]
            ),
            id="Mastodon.py, in rows",
        ),
    ],
)
def test_every_wrapper(one: Member) -> None:
    found = posts(read(recognize_statuses, one))
    assert [post.text for post in found if post.kind is RecordKind.POST] == ["1", "2"]
    profiles = [post.key for post in found if post.kind is RecordKind.PROFILE]
    assert sorted(profiles) == sorted({BOB["uri"], EVE["uri"]})
    assert "mail.example" not in repr(found)
    assert "192.0.2" not in repr(found)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(of_json(ONE), id="status"),
        pytest.param(of_json(mastopy(ONE)), id="Mastodon.py"),
        pytest.param(
            of_json({"id": "1", "type": "status", "account": BOB, "status": ONE}), id="notification"
        ),
        pytest.param(of_json({"id": "1", "accounts": [BOB], "last_status": ONE}), id="conversation"),
        pytest.param(of_json({"id": "1", "target_account": BOB, "statuses": [ONE]}), id="report"),
    ],
)
def test_one_alone(one: Member) -> None:
    assert texts(read(recognize_statuses, one)) == ["1"]


def test_edits_of_a_status() -> None:
    edits = [
        {"content": f"<p>{i}</p>", "spoiler_text": "", "account": BOB, "created_at": "2024-01-01"}
        for i in "ab"
    ]
    found = posts(read(recognize_statuses, of_json(edits, "history.json")))
    assert [post.key for post in found if post.kind is RecordKind.POST] == [
        "history.json#1",
        "history.json#2",
    ]


def test_an_archive_of_mastodon_archive() -> None:
    archive = {"account": BOB, "favourites": [TWO], "statuses": [ONE], "bookmarks": [status(3, EVE)]}
    archive |= {
        "mentions": [{"id": "7", "type": "mention", "account": EVE, "status": status(4, EVE)}],
        "followers": [EVE],
    }
    found = posts(read(recognize_statuses, of_json(archive, "a.json")))
    kinds = [(post.kind.value, post.text or post.target, str(post.location)) for post in found]
    assert kinds == [
        ("profile", "Bob :cat:\n\nI like tea.\nAnd you?\n\nHome: b.example", "a.json#statuses/1"),
        ("post", "1", "a.json#statuses/1"),
        ("profile", "Bob :cat:\n\nI like tea.\nAnd you?\n\nHome: b.example", "a.json#mentions/1"),
        ("post", "4", "a.json#mentions/1"),
        ("like", "https://a.example/@bob/2", "a.json#favourites/1"),
        ("bookmark", "https://a.example/@bob/3", "a.json#bookmarks/1"),
    ]
    liked = next(post for post in found if post.kind is RecordKind.LIKE)
    assert liked.parts == ()
    assert liked.author is not None
    assert liked.author.handle == "bob@a.example"


@pytest.mark.parametrize(
    ("user", "handle"), [("bob@a.example", "bob@a.example"), (BOB, "bob@a.example"), ("bob", "me@a.example")]
)
def test_toots_by_number(user: object, handle: str) -> None:
    toots = {str(i): {key: value for key, value in status(i).items() if key != "account"} for i in (1, 2)}
    owner = Account("me@a.example")
    found = posts(read(recognize_statuses, of_json({"user": user, "toots": toots}), owner))
    assert [post.text for post in found] == ["1", "2"]
    assert {post.author.handle for post in found if post.author} == {handle}
    whole = recognized(recognize_statuses, of_json({"user": user, "toots": toots}))
    assert isinstance(whole, WholeInput)
    check_going_on(whole)


def test_bare_notes_of_pixelfed() -> None:
    notes = [{"type": "Note", "id": f"https://p.example/{i}", "content": f"<p>{i}</p>"} for i in (1, 2)]
    owner = Account("me@p.example")
    found = posts(read(recognize_statuses, of_json({"data": notes}), owner))
    assert [(post.text, post.author) for post in found] == [("1", owner), ("2", owner)]


def test_an_account_that_is_met_again_is_one_profile() -> None:
    found = posts(read(recognize_statuses, of_json([status(i, EVE if i % 3 else BOB) for i in range(9)])))
    assert sum(post.kind is RecordKind.PROFILE for post in found) == 2


def test_profiles_are_remembered_within_bounds() -> None:
    profiles = Profiles(None, most=2)
    accounts = [
        {"acct": f"x{i}@a.example", "display_name": "X", "url": f"https://a.example/@x{i}"} for i in range(3)
    ]
    place = Location("x")
    assert [len(list(profiles.of(one, place))) for one in (*accounts, accounts[2], accounts[0])] == [
        1,
        1,
        1,
        0,
        1,
    ]
    assert MOST_PROFILES == 200_000


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(of_json([]), id="nothing"),
        pytest.param(of_json([{"text": "a"}]), id="rows"),
        pytest.param(of_json([{"id": 1, "content": "a"}]), id="content alone"),
        pytest.param(
            of_json([{"@context": "x", "type": "Note", "content": "a", "attributedTo": "b"}]),
            id="ActivityPub",
        ),
        pytest.param(
            of_json([{"createdAt": "x", "text": "a", "fileIds": [], "visibility": "public"}]), id="Misskey"
        ),
        pytest.param(
            of_json([{"creator_id": 1, "content": "a", "ap_id": "b", "visibility": "x"}]), id="Lemmy"
        ),
        pytest.param(of_json({"custom_filters": [], "statuses": []}), id="filters"),
        pytest.param(of_json([{"id": "1", "keywords": [], "statuses": []}]), id="filters of the API"),
        pytest.param(of_json({"type": "Person", "id": "x"}), id="actor"),
        pytest.param(
            of_json({"id": "1", "keywords": [], "statuses": [{"id": "1", "status_id": "2"}]}), id="filter"
        ),
        pytest.param(of_json({"data": [1, 2]}), id="data"),
        pytest.param(of_json(["https://a.example/1"]), id="addresses"),
        pytest.param(member("x.csv", "content,created_at,account\na,b,c\n"), id="CSV"),
    ],
)
def test_what_holds_no_statuses(one: Member) -> None:
    assert recognized(recognize_statuses, one) is None


def test_a_bad_one_among_good_ones() -> None:
    found = read(recognize_statuses, of_json([ONE, 7, {"id": "x"}, None, TWO]))
    assert [problem.location.name for problem in problems(found)] == ["x.json#2", "x.json#3", "x.json#4"]
    assert [
        post.found.text
        for post in found
        if isinstance(post.found, Post) and post.found.kind is RecordKind.POST
    ] == [
        "1",
        "2",
    ]


def test_lists_within_lists_end() -> None:
    value: Any = [status(1)]
    for _ in range(50):
        value = [value]
    (found,) = list(reading(None)(value, Location("x")))
    assert isinstance(found, Problem)


@pytest.mark.parametrize(
    "one",
    [
        of_json([status(i, EVE if i % 2 else BOB) for i in range(6)]),
        of_lines([status(i, EVE if i % 2 else BOB) for i in range(6)]),
        of_json(
            {"account": BOB, "statuses": [ONE, 7, status(5)], "favourites": [TWO], "bookmarks": [status(3)]}
        ),
        of_json([[status(1), status(2, EVE)], [status(3)]]),
    ],
)
def test_going_on(one: Member) -> None:
    found = recognized(recognize_statuses, one)
    assert found is not None
    check_going_on(found)


WRAPPERS = (
    *KEYS,
    "type",
    "status",
    "last_status",
    "target_account",
    "statuses",
    "ancestors",
    "_mastopy_data",
)


@settings(deadline=None)
@given(any_object(WRAPPERS) | any_json(WRAPPERS))
def test_any_value(value: object) -> None:
    unwrapped(value)
    for found in reading(None)(value, Location("x.json", 3)):
        check(found)


@settings(deadline=None)
@given(any_object(("account", "statuses", "favourites", "toots", "user", "data", "ancestors", "descendants")))
def test_any_file(value: object) -> None:
    found = recognized(recognize_statuses, of_json(value))
    for record in found.read() if found else ():
        check(record.found)
