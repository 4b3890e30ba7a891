"""Plain text: whatever the bytes, one item a line, in order, nothing lost."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modcli.errors import Location, SourceError
from modcli.item import Item
from modcli.sources.lines import LongItem, is_utf16, raw_chunks
from modcli.sources.text import read_arguments, read_text


def items(data: bytes, **options: object) -> list[Item]:
    return list(read_text(io.BytesIO(data), "posts.txt", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        (b"a\n\n\nb\n", ["a", "", "", "b"]),
        ("a\u2028b\x0c\n".encode(), ["a\u2028b\x0c"]),
        ("zero\u200bwidth \x1b[31m\n".encode(), ["zero\u200bwidth \x1b[31m"]),
    ],
)
def test_a_line_is_an_item(data: bytes, texts: list[str]) -> None:
    found = items(data)
    assert [item.text for item in found] == texts
    assert [item.id for item in found] == [f"posts.txt:{n}" for n in range(1, len(texts) + 1)]
    assert not any(item.error for item in found)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"ab\xffcd", "not valid UTF-8: byte 0xff at position 3"),
        (b"\xc3", "not valid UTF-8: byte 0xc3 at position 1"),
        (b"\xed\xa0\x80", "not valid UTF-8: byte 0xed at position 1"),
        (b"a\0b", "not text: a NUL byte at position 2"),
        (b"\x7fELF\x02\x01\x01\0\0", "not text: a NUL byte at position 8"),
    ],
)
def test_a_line_that_is_no_text_keeps_its_place(line: bytes, error: str) -> None:
    found = items(b"good\n" + line + b"\nalso good\n")
    assert [(item.text, item.error) for item in found] == [("good", None), ("", error), ("also good", None)]
    assert found[1].location == Location("posts.txt", 2)
    assert found[1].raw == line + b"\n"


@given(st.lists(st.sampled_from([b"\n", b"\r\n", b"\0", b"\xff", b"a", "é".encode(), b"\xef\xbb\xbf"])))
def test_any_bytes_give_as_many_items_as_lines(parts: list[bytes]) -> None:
    check_any(b"".join(parts))


@given(st.binary(max_size=300))
def test_truly_any_bytes(data: bytes) -> None:
    check_any(data)


def check_any(data: bytes) -> None:
    assume(not is_utf16(data))
    found = items(data)
    assert len(found) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
    assert b"".join(item.raw for item in found) == data
    assert all(item.text == "" for item in found if item.error)


@given(st.lists(st.text(alphabet="aé漢😀", max_size=30), min_size=1), st.integers(1, 12))
def test_what_a_limit_cuts_off_is_counted_and_kept(lines: list[str], limit: int) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    found = items(data, max_characters=limit, keep_rest=True)
    assert [item.text for item in found] == [line[:limit] for line in lines]
    assert b"".join(chunk for item in found for chunk in raw_chunks(item)) == data
    for item, line in zip(found, lines, strict=True):
        missing = item.metadata.get("truncated_bytes", 0)
        # The ending of a line that was cut counts as not read.
        assert missing in (len(line[limit:].encode()), len(line[limit:].encode()) + 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_utf16_is_one_clear_error(encoding: str) -> None:
    with pytest.raises(SourceError, match="UTF-16") as caught:
        items("\ufeffhello\nworld\n".encode(encoding))
    assert "iconv" in (caught.value.hint or "")


def test_a_line_of_50_megabytes_is_read_in_bounded_memory() -> None:
    size = 50 << 20

    class Endless(io.RawIOBase):
        left = size

        def read(self, n: int = -1) -> bytes:
            taken = min(n, self.left)
            self.left -= taken
            return b"x" * taken if taken else b""

    tracemalloc.start()
    try:
        (item,) = read_text(Endless(), "big", keep_rest=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(item.text) == 1_000_000
    assert item.metadata == {"truncated_bytes": size - 1_000_000}
    assert isinstance(item, LongItem)
    assert sum(map(len, raw_chunks(item))) == size
    assert peak < 20 << 20


def test_lines_come_as_they_are_complete() -> None:
    class Slow(io.RawIOBase):
        chunks = iter([b"one\ntw", b"o\n", b""])

        def read(self, n: int = -1) -> bytes:
            return next(self.chunks)

    source = read_text(Slow(), "<stdin>")
    first = next(source)
    assert (first.id, first.text) == ("1", "one")
    assert [item.text for item in source] == ["two"]


def test_a_failing_read_is_told_with_its_line() -> None:
    class Failing(io.RawIOBase):
        chunks = iter([b"one\ntwo"])

        def read(self, n: int = -1) -> bytes:
            for chunk in self.chunks:
                return chunk
            raise OSError(5, "Input/output error")

    source = read_text(Failing(), "disk.txt")
    assert next(source).text == "one"
    with pytest.raises(SourceError, match=r"^disk.txt:2: cannot be read any further: Input/output error"):
        next(source)


def test_arguments() -> None:
    found = list(read_arguments(["two\nlines", "", "bad \udcff byte"]))
    assert [(item.id, item.text) for item in found] == [
        ("text:1", "two\nlines"),
        ("text:2", ""),
        ("text:3", ""),
    ]
    assert found[2].error == "not valid UTF-8: byte 0xff at position 5"
