"""Rows of CSV: with their lines and bytes, and one bad row costs no other."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import SourceError
from modcli.sources.csv_rows import header_of, rows


def cells(data: bytes, delimiter: str = ",", most: int = 1 << 20) -> list[tuple[str, ...] | str]:
    return [row.error or row.cells for row in rows(io.BytesIO(data), delimiter, most=most)]


@pytest.mark.parametrize(
    ("data", "columns", "delimiter"),
    [
        (b"a,b,c\n1,2,3\n", ("a", "b", "c"), ","),
        (b"a;b,c;d\n", ("a", "b,c", "d"), ";"),
        (b"a\tb\n", ("a", "b"), "\t"),
        (b"\xef\xbb\xbftext, id \r\n", ("text", "id"), ","),
        (b'"a;b",c\n', ("a;b", "c"), ","),
        (b"\n\na,b\n", ("a", "b"), ","),
        (b"text\nx\n", ("text",), ","),
        (b"", (), ","),
    ],
)
def test_header(data: bytes, columns: tuple[str, ...], delimiter: str) -> None:
    found, character, behind = header_of(io.BytesIO(data), "x.csv")
    assert (found, character) == (columns, delimiter)
    assert data[:behind].strip().endswith(data.strip().split(b"\n")[0].strip())


def test_utf16_is_refused() -> None:
    with pytest.raises(SourceError, match="UTF-16"):
        header_of(io.BytesIO("text\nä\n".encode("utf-16")), "x.csv")


def test_lines_and_bytes() -> None:
    data = b'a,b\r\n"x\ny",2\n\n3,4'
    found = list(rows(io.BytesIO(data), ","))
    assert [(row.cells, row.line) for row in found] == [(("a", "b"), 1), (("x\ny", "2"), 2), (("3", "4"), 5)]
    assert [row.position for row in found] == [5, 13, len(data)]
    for i, row in enumerate(found):
        assert list(rows(io.BytesIO(data), ",", row.position)) == found[i + 1 :]


def test_bad_rows_among_good_ones() -> None:
    assert cells(b"a\n\xff\nb\n") == [("a",), "not valid UTF-8: byte 0xff at position 1", ("b",)]
    bare, good = cells(b"a\rb,c\nd,e\n")
    assert "not valid CSV" in bare
    assert good == ("d", "e")


def test_long_cells_and_nul() -> None:
    text = "x" * 300_000
    assert cells(f"a,{text}\n".encode()) == [("a", text)]
    assert csv.field_size_limit() == 131_072
    assert cells(b"a\0b,c\n") == [("a\0b", "c")]


def test_a_quote_that_is_not_closed_costs_one_line() -> None:
    data = b'a,b\n"c,d\n' + b"e,f\n" * 10
    (first, second, *others) = cells(data, most=20)
    assert first == ("a", "b")
    assert "a quote that is not closed?" in second
    assert others == [("e", "f")] * 10
    found = list(rows(io.BytesIO(data), ",", most=20))
    assert [row.line for row in found] == list(range(1, 13))
    assert found[-1].position == len(data)
    for i, row in enumerate(found):
        assert list(rows(io.BytesIO(data), ",", row.position, most=20)) == found[i + 1 :]


def test_a_line_that_is_too_long() -> None:
    data = b"a,b\n" + b"x" * 100 + b"\nc,d\n"
    found = list(rows(io.BytesIO(data), ",", most=20))
    assert [bool(row.error) for row in found] == [False, True, False]
    assert (found[2].cells, found[2].line, found[2].position) == (("c", "d"), 3, len(data))


def test_quotes_that_are_never_closed_end() -> None:
    data = b'"\n' + b'a""\n' * 5_000
    found = list(rows(io.BytesIO(data), ",", most=50))
    assert found[-1].position == len(data)


@given(st.binary(max_size=200) | st.text(st.sampled_from('",\r\n;a'), max_size=60).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    for most in (8, 1 << 20):
        found = list(rows(io.BytesIO(data), ",", most=most))
        positions = [row.position for row in found]
        assert positions == sorted(set(positions))
        for i, row in enumerate(found):
            assert list(rows(io.BytesIO(data), ",", row.position, most=most)) == found[i + 1 :]


@given(
    st.lists(
        st.lists(st.text(st.sampled_from('ab",\n;\t é'), min_size=1), min_size=2, max_size=4), min_size=1
    )
)
def test_what_was_written_is_read(table: list[list[str]]) -> None:
    held = io.StringIO(newline="")
    csv.writer(held).writerows(table)
    assert cells(held.getvalue().encode()) == [tuple(row) for row in table]
