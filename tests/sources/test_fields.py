"""Rows from anywhere, by a mapping of their fields or by what these are called."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import Location, SourceError, UsageError
from modcli.sources.containers import Member
from modcli.sources.fields import CsvInput, Fields, post_of_fields, recognize_rows
from modcli.sources.post import Account, Input, PartName, Post, Problem, Record, RecordKind, Visibility
from modcli.sources.skeleton import Context, skeleton_of
from tests.sources.hostile_json import any_json, any_object, check
from tests.sources.made import check_going_on, member, of_json, of_lines, posts, problems
from tests.sources.test_status_wrappers import mastopy, status
from tests.sources.test_statuses import parts

PLACE = Location("rows.jsonl", 3)
ALL = Fields.of(
    [
        *("text=body", "id=key", "author=user.name", "published=meta.at", "url=link", "visibility=who"),
        *("language=lang", "warning=cw", "alt=pictures", "reply_to=parent"),
    ]
)
ROW: dict[str, Any] = {
    "body": "<p>Hello <b>you</b></p><p>there</p>",
    "key": 17,
    "user": {"name": "Bob@A.example"},
    "meta": {"at": "2024-03-01T10:00:00Z"},
    "link": "https://a.example/17",
    "who": "private",
    "lang": "en",
    "cw": "Tea",
    "pictures": ["A cup.", None, "A pot."],
    "parent": 12,
}


def post(row: object = ROW, fields: Fields = ALL) -> Post:
    found = post_of_fields(row, fields, PLACE, "rows.jsonl")
    assert isinstance(found, Post)
    return found


def found_in(one: Member, fields: Fields | None = None, owner: Account | None = None) -> Input | None:
    return recognize_rows(one, skeleton_of(one), Context(owner), fields)


def read(one: Member, fields: Fields | None = None) -> list[Record]:
    found = found_in(one, fields)
    assert found is not None
    return list(found.read())


def test_all_of_a_row() -> None:
    found = post()
    assert parts(found) == [
        (PartName.WARNING, "Tea"),
        (PartName.TEXT, "Hello you\n\nthere"),
        (PartName.ALT, "A cup."),
        (PartName.ALT, "A pot."),
    ]
    assert found.author == Account("bob@a.example")
    assert found.published == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert (found.key, found.url, found.in_reply_to) == (
        "rows.jsonl#17",
        "https://a.example/17",
        "rows.jsonl#12",
    )
    assert (found.visibility, found.language) == (Visibility.FOLLOWERS, "en")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"key": "https://a.example/x"}, "https://a.example/x"),
        ({"key": None}, "https://a.example/17"),
        ({"key": None, "link": "no address"}, "rows.jsonl:3"),
    ],
)
def test_the_key(changes: dict[str, Any], key: str) -> None:
    assert post(ROW | changes).key == key


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("@Bob@a.example", Account("bob@a.example")),
        ("https://a.example/@bob", Account(url="https://a.example/@bob")),
        ("Bob", Account(name="Bob")),
        (
            {"acct": "bob@a.example", "url": "https://a.example/@bob"},
            Account("bob@a.example", "https://a.example/@bob"),
        ),
        ({"name": "Bob"}, Account(name="Bob")),
        (7, None),
    ],
)
def test_the_author(author: object, expected: Account | None) -> None:
    assert post({"text": "a", "by": author}, Fields("text", author="by")).author == expected


@pytest.mark.parametrize(
    ("text", "html", "seen"),
    [
        ("<p>a &amp; b</p>", None, "a & b"),
        ("<p>a</p>", False, "<p>a</p>"),
        ("a &amp; b", None, "a &amp; b"),
        ("a &amp; b", True, "a & b"),
        ("if a <b and c> d", None, "if a <b and c> d"),
        ("i <3 you", None, "i <3 you"),
        ("a <b", None, "a <b"),
    ],
)
def test_whether_it_is_html(text: str, html: bool | None, seen: str) -> None:
    assert post({"text": text}, Fields("text", html=html)).text == seen


@pytest.mark.parametrize("value", ["1709287200", 1709287200, "2024-03-01T10:00:00Z", 1709287200000])
def test_moments(value: object) -> None:
    found = post({"text": "a", "at": value}, Fields("text", published="at")).published
    assert found == datetime(2024, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": 1}, "field 'text' is missing"),
        ({"text": None}, "field 'text' is null"),
        ({"text": 7}, "field 'text' is not a text"),
        (7, "field 'text' is missing"),
    ],
)
def test_a_row_without_a_text(row: object, message: str) -> None:
    found = post_of_fields(row, Fields("text"), PLACE, "rows.jsonl")
    assert isinstance(found, Problem)
    assert (found.message, found.location) == (message, PLACE)


@pytest.mark.parametrize(
    ("pairs", "message", "hint"),
    [
        (["text"], "no field: 'text'", "ROLE=NAME"),
        (["text="], "no field: 'text='", "ROLE=NAME"),
        (["text=a", "autor=b"], "nothing of a post is called 'autor'", "did you mean author=b?"),
        (["text=a", "html=b"], "nothing of a post is called 'html'", "there are: text, id, author"),
        (["text=a", "text=b"], "two fields for 'text'", "name one"),
        (["author=b"], "no field for the text", "text=NAME"),
        ([], "no field for the text", "text=NAME"),
    ],
)
def test_mappings_that_are_none(pairs: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Fields.of(pairs)
    assert hint in str(caught.value.hint)


def test_a_mapping() -> None:
    assert Fields.of(["text = content", "author=user=name"], html=True) == Fields(
        "content", author="user=name", html=True
    )


CSV = 'id,text,author,published\n1,"one,\nmore",bob@a.example,2024-01-01\n2,two,eve@b.example,2024-01-02\n'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv(delimiter: str) -> None:
    data = CSV.replace(",", delimiter) if delimiter != "," else CSV
    found = posts(read(member("rows.csv", "\ufeff" + data)))
    assert [one.text.replace(delimiter, ",") for one in found] == ["one,\nmore", "two"]
    assert [one.key for one in found] == ["rows.csv#1", "rows.csv#2"]
    assert [str(one.location) for one in found] == ["rows.csv:2", "rows.csv:4"]
    assert [one.author.handle for one in found if one.author] == ["bob@a.example", "eve@b.example"]


def test_csv_with_a_mapping() -> None:
    found = posts(read(member("rows.csv", "a;b\nx;y\n"), Fields("b", id="a")))
    assert [(one.text, one.key) for one in found] == [("y", "rows.csv#x")]


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        ("a,b\nx,y\n", "no column 'text'", "its columns are: 'a', 'b'"),
        ("text,text\nx,y\n", "two columns are called 'text'", "its columns are"),
        ("", "no column 'text'", ""),
    ],
)
def test_csv_without_the_column(data: str, message: str, hint: str) -> None:
    (found,) = problems(read(member("rows.csv", data), Fields("text")))
    assert (found.message, str(found.location)) == (message, "rows.csv:1")
    assert found.hint.startswith(hint)


def test_bad_rows_of_csv() -> None:
    data = b"text,id\na,1\nb\nc,3,4\n\xff,5\n\nd,6\n"
    found = read(member("rows.csv", data))
    assert [one.found.text for one in found if isinstance(one.found, Post)] == ["a", "d"]
    assert [(one.location.line, one.message) for one in problems(found)] == [
        (3, "1 cells, where there are 2 columns"),
        (4, "3 cells, where there are 2 columns"),
        (5, "not valid UTF-8: byte 0xff at position 1"),
    ]


def test_csv_in_utf16() -> None:
    one = member("rows.csv", "text\nä\n".encode("utf-16"))
    assert found_in(one) is None
    with pytest.raises(SourceError, match="UTF-16"):
        found_in(one, Fields("text"))
    with pytest.raises(SourceError, match="UTF-16"):
        list(CsvInput(one, Fields("text")).read())


@pytest.mark.parametrize("name", ["text", "content", "body", "message"])
def test_rows_are_known_by_a_column(name: str) -> None:
    for one in (
        of_lines([{"id": "1", name: "a"}, {"id": "2", name: "b"}]),
        of_json([{"id": "1", name: "a"}, {"id": "2", name: "b"}]),
        member("x.csv", f"id,{name}\n1,a\n2,b\n"),
    ):
        found = posts(read(one))
        assert [(post.text, post.key) for post in found] == [("a", f"{one.name}#1"), ("b", f"{one.name}#2")]


def test_lines_have_their_numbers() -> None:
    found = read(of_lines([{"text": "a"}, {"text": 7}, [1], {"text": "b"}], "x.jsonl"))
    assert [str(one.found.location) for one in found] == ["x.jsonl:1", "x.jsonl:2", "x.jsonl:3", "x.jsonl:4"]
    assert len(problems(found)) == 2


@pytest.mark.parametrize(
    "one",
    [
        of_json([]),
        of_json([{"id": 1}]),
        of_json([{"text": 7}]),
        of_json({"text": "a"}),
        of_json(["a"]),
        member("blocked_accounts.csv", "Account address,Show boosts\na@b.example,true\n"),
    ],
)
def test_what_nobody_knows_the_text_of(one: Member) -> None:
    assert found_in(one) is None


def test_the_only_array_of_an_object() -> None:
    found = posts(read(of_json({"meta": 1, "rows": [{"a": "x"}]}), Fields("a")))
    assert [one.text for one in found] == ["x"]
    assert found_in(of_json({"rows": [{"a": "x"}], "more": [1]}), Fields("a")) is None


def test_statuses_in_a_column() -> None:
    packed = [json.dumps(mastopy(status(i))) for i in (1, 2)]
    rows = "".join('{},"{}"\n'.format(i, one.replace('"', '""')) for i, one in enumerate(packed))
    for name in ("json", "text"):
        found = posts(read(member("x.csv", f"n,{name}\n{rows}")))
        assert [one.text for one in found if one.kind is RecordKind.POST] == ["1", "2"]
        assert sum(one.kind is RecordKind.PROFILE for one in found) == 1


@pytest.mark.parametrize(
    "one",
    [
        member("x.csv", CSV + "bad\n3,three,x,y\n" + '4,"four\n\nlines",,\n'),
        of_lines([{"text": str(i)} for i in range(5)]),
        of_json([{"text": str(i)} for i in range(5)]),
    ],
)
def test_going_on(one: Member) -> None:
    found = found_in(one)
    assert found is not None
    check_going_on(found)


@given(any_object(tuple(ROW)) | any_json((*ROW, "name", "acct", "url")))
def test_any_value(value: object) -> None:
    check(post_of_fields(value, ALL, PLACE, "rows.jsonl"))


@given(st.binary(max_size=200) | st.text(st.sampled_from('",\r\n;text\0é'), max_size=80).map(str.encode))
def test_any_csv(data: bytes) -> None:
    found = recognize_rows(member("x.csv", b"text,id\n" + data), skeleton_of(member("x.csv", b"")), Context())
    assert found is not None
    for record in found.read():
        check(record.found)
