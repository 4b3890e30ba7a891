"""Elements of JSON arrays and lines: the same in whatever style, gone on with anywhere, and lost one at a time."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.sources import json_stream, sliding_text
from modcli.sources.json_stream import Element, elements

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
CUT_OFF = "not valid JSON: Unterminated string starting at byte {} (the file ends within it)"
DIGITS = "not usable JSON: Exceeds the limit (4300 digits) for integer string conversion"
#: What one element of an outbox is like: the same keys in each, and other objects within.
ACTIVITIES = st.fixed_dictionaries(
    {
        "id": st.text("ab1/", min_size=1, max_size=6),
        "type": st.sampled_from(["Create", "Announce"]),
        "to": st.lists(st.text("abc", max_size=3), max_size=2),
        "object": st.fixed_dictionaries(
            {
                "content": st.text('<p>"\\{}[],: x', max_size=12),
                "tag": st.lists(
                    st.fixed_dictionaries({"id": st.integers(0, 9), "name": st.just("#a")}), max_size=2
                ),
            }
        ),
    }
)
STYLES = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "indent": st.sampled_from([None, 0, 1, "\t"]),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", "\r\n:\t")]),
    }
)
#: Bytes that are read at once: small windows, so that everything is cut through somewhere.
WINDOWS = st.sampled_from([1, 2, 3, 7, 20, 64, 1 << 18])


class Chunky(io.BytesIO):
    """A stream that gives less than what is asked for."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._most if size is None or size < 0 else min(size, self._most))


def read(data: bytes, path: tuple[str, ...] = (), *, window: int = 1 << 18, **start: int) -> list[Element]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sliding_text, "CHUNK", window)
        return list(elements(Chunky(data, window), path, **start))


def sound(found: list[Element]) -> list[Any]:
    return [element.value for element in found if not element.error]


def errors(found: list[Element]) -> list[tuple[int, str]]:
    return [(element.number, element.error) for element in found if element.error]


def encoded(value: Any, style: dict[str, Any] | None = None) -> bytes:
    return json.dumps(value, **(style or {})).encode("utf-8", "surrogatepass")


@given(
    values=st.lists(VALUES, max_size=6),
    style=STYLES,
    window=WINDOWS,
    where=st.sampled_from(["list", "outbox", "deep"]),
)
def test_elements_are_those_of_the_list(
    values: list[Any], style: dict[str, Any], window: int, where: str
) -> None:
    document, path = {
        "list": (values, ()),
        "outbox": ({"@context": [{"a": [1]}], "id": None, "items": values, "totalItems": -1}, ("items",)),
        "deep": ({"items": [0], "x": {"items": values}, "y": {"items": [0]}}, ("x", "items")),
    }[where]
    data = encoded(document, style)
    found = read(data, path, window=window)
    assert [element.value for element in found] == values
    assert [element.number for element in found] == list(range(1, len(values) + 1))
    for element in found:
        assert json.loads(data[element.start : element.position]) == element.value


@given(
    values=st.lists(VALUES, min_size=1, max_size=5),
    style=STYLES,
    window=WINDOWS,
    path=st.sampled_from([(), ("a",)]),
)
def test_reading_goes_on_behind_every_element(
    values: list[Any], style: dict[str, Any], window: int, path: tuple[str, ...]
) -> None:
    data = encoded({"a": values} if path else values, style)
    found = read(data, path)
    for i, element in enumerate(found):
        rest = read(data, path, window=window, position=element.position, number=element.number)
        assert rest == found[i + 1 :]


@given(
    values=st.lists(VALUES, min_size=1, max_size=5),
    blank=st.lists(st.integers(1, 3), min_size=5, max_size=5),
    window=WINDOWS,
    damaged=st.booleans(),
)
def test_lines_are_numbered_as_in_the_file(
    values: list[Any], blank: list[int], window: int, damaged: bool
) -> None:
    lines = [encoded({"v": value}) for value in values]
    if damaged:
        lines[len(lines) // 2] = b'{"v": nonsense'
    data = b"".join(line + b"\n" * more for line, more in zip(lines, blank, strict=False))
    found = read(data, window=window)
    numbers = [i for i, line in enumerate(data.split(b"\n"), start=1) if line]
    assert [element.number for element in found] == numbers
    assert len(errors(found)) == damaged
    for i, element in enumerate(found):
        assert read(data, position=element.position, number=element.number) == found[i + 1 :]


@given(
    values=st.lists(ACTIVITIES, min_size=2, max_size=5),
    data=st.data(),
    style=st.sampled_from([{"separators": (",", ":")}, {}, {"indent": 1}]),
    window=WINDOWS,
)
def test_damage_to_one_element_loses_no_other(
    values: list[Any], data: st.DataObject, style: dict[str, Any], window: int
) -> None:
    values = [{**value, "id": f"{value['id']}{i}"} for i, value in enumerate(values)]
    document = encoded({"@context": "x", "items": values, "totalItems": 1}, style)
    hit = data.draw(st.sampled_from(read(document, ("items",))))
    # Not its own brackets: between elements damage is the list's.
    at = data.draw(st.integers(hit.start + 1, hit.position - 2))
    what = data.draw(st.sampled_from([b"", b"?", b'"', b"\xff", b"\x00", b"nul", b"\\"]))
    broken = document[:at] + what + document[at + data.draw(st.integers(0, 1)) :]
    found = read(broken, ("items",), window=window)
    others = [value for i, value in enumerate(values, start=1) if i != hit.number]
    left = [value for value in sound(found) if value in others]
    assert left == others
    assert len(errors(found)) <= 1 + len(found) - len(values)


@pytest.mark.parametrize(
    ("text", "path", "values", "said"),
    [
        ("", (), [], []),
        (" \n", (), [], []),
        ("[]", (), [], []),
        ("{}", ("a",), [], []),
        ('{"a": null}', ("a",), [], []),
        ('{"a": []}', ("b",), [], []),
        ("[1]", ("a",), [], []),
        ('{\n  "id": 1\n}\n', (), [{"id": 1}], []),
        ('{"id": 1}\n{"id": 2}', (), [{"id": 1}, {"id": 2}], []),
        ('{"id": 1}{"id": 2}', (), [{"id": 1}, {"id": 2}], []),
        ('{\n"id": 1\n}\n{\n"id": 2\n}', (), [{"id": 1}, {"id": 2}], []),
        ("\ufeff[1, 2]", (), [1, 2], []),
        ("[NaN, Infinity]", (), [pytest.approx(float("nan"), nan_ok=True), float("inf")], []),
        ("[1, 2,, 3,]", (), [1, 2, 3], []),
        ('[{"a": "b\nc"}]', (), [{"a": "b\nc"}], []),
        # One where a list may stand.
        ('{"a": {"id": 1}, "b": [2]}', ("a",), [{"id": 1}], []),
        # The last of two keys, as seen in archives.
        ('{"a": [], "a": [1, 2]}', ("a",), [1, 2], []),
        ('{"a": [7, {"a": [8]}], "b": 1, "a": [1, 2], "b": 2}', ("a",), [1, 2], []),
        ('{"a": [1], "a": null}', ("a",), [], []),
        ('{"b": {"a": [9]}, "a": [1]}', ("a",), [1], []),
        ('{"b": "\\"a\\":[9]", "a": [1]}', ("a",), [1], []),
        ('{"\\u0061": [1]}', ("a",), [1], []),
        # Pages that were saved one by one.
        ("[1]\n[2, 3]\n", (), [1, 2, 3], []),
        ("[1, 2", (), [1, 2], [(3, "the file ends in the middle of the list")]),
        ('["a", "b', (), ["a"], [(2, CUT_OFF.format(6))]),
        ("[1] x", (), [1], [(2, "something follows the end of the list")]),
        ('[1],{"a": 2}]', (), [1, {"a": 2}], [(2, "not valid JSON: the list ends before it")]),
        ('{"a": [1],{"b": 2}]}', ("a",), [1, {"b": 2}], [(2, "not valid JSON: the list ends before it")]),
        ("[1, nul, 2]", (), [1, 2], [(2, "not valid JSON: Expecting value at byte 4")]),
        ('["a", "b, "c", "d"]', (), ["a", "d"], [(2, "not valid JSON: no comma at byte 11")]),
        ("[[1], [2, x], [3]]", (), [[1], [3]], [(2, "not valid JSON: Expecting value at byte 10")]),
        ("1\nhello world\n2", (), [1, 2], [(2, "not valid JSON: Expecting value at byte 2")]),
        ('{"a": {x}, "b": [1]}', ("b",), [1], []),
        ('{"a": [1, x, 3], "b": [1]}', ("b",), [1], []),
        ('{"b": [1]', ("b",), [1], []),
        ("[" + "9" * 5000 + ", 1]", (), [1], [(1, DIGITS)]),
        ("[" + "[" * 50_000 + "]" * 50_000 + ", 1]", (), [1], [(1, "JSON nested too deeply")]),
    ],
)  # fmt: skip
def test_files_as_they_are(text: str, path: tuple[str, ...], values: list[Any], said: list[object]) -> None:
    found = read(text.encode(), path)
    assert (sound(found), errors(found)) == (values, said)


@pytest.mark.parametrize(
    ("data", "values", "said"),
    [
        (b'["a", "\xff\xfe", "b"]', ["a", "b"], [(2, "byte 0xff at byte 7 is not UTF-8")]),
        (b'["\xc3\xa4", "\xc3", "b"]', ["\xe4", "b"], [(2, "byte 0xc3 at byte 8 is not UTF-8")]),
        (b'["\xed\xa0\x80", "b"]', ["b"], [(1, "byte 0xed at byte 2 is not UTF-8")]),
        ('["a"]'.encode("utf-16"), [], [(1, "is UTF-16 or UTF-32 text; modcli reads UTF-8")]),
    ],
)
def test_wrong_encodings(data: bytes, values: list[Any], said: list[object]) -> None:
    found = read(data, window=3)
    assert (sound(found), errors(found)) == (values, said)


def test_one_missing_quote_loses_one_element_though_all_behind_it_is_turned_inside_out() -> None:
    items = [
        {"id": i, "type": "Create", "tag": [{"id": 1}, {"id": 2}], "text": f"number {i}"} for i in range(50)
    ]
    data = encoded(items, {"separators": (",", ":")}).replace(b'"number 20"', b'"number 20')
    found = read(data)
    assert sound(found) == items[:20] + items[21:]
    noticed = data.index(b'id":21')
    assert errors(found) == [(21, f"not valid JSON: Expecting ',' delimiter at byte {noticed:,}")]


def test_a_missing_bracket_loses_one_element_though_it_swallows_all_others() -> None:
    items = [{"id": i, "object": {"content": "x"}, "cc": [1, 2]} for i in range(50)]
    for whole, broken in ((b'"x"},', b'"x",'), (b"2]}, ", b"2, "), (b"[1, 2]}", b"[1, 2}")):
        parts = encoded(items).split(whole)
        data = whole.join(parts[:21]) + broken + whole.join(parts[21:])
        assert sound(read(data)) == items[:20] + items[21:], broken


def test_what_cannot_be_read_ends_the_elements_and_is_not_said_twice() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 8:
                raise OSError(5, "Input/output error")
            return super().read(min(size or 0, 4))

    found = list(elements(Failing(b"[1, 2, 3, 4, 5]")))
    assert sound(found) == [1, 2, 3]
    assert errors(found) == [(4, "cannot be read any further: Input/output error")]


def test_a_cut_off_file_is_said_to_be_once() -> None:
    data = b'{"items": [{"id": 1}, {"id": 2, "te'
    found = read(data, ("items",))
    assert errors(found) == [(2, CUT_OFF.format(32))]
    assert read(data, ("items",), position=found[-1].position, number=2) == []
    assert read(data, ("items",), position=found[0].position, number=1) == found[1:]


@pytest.mark.parametrize("inside", ["string", "objects"])
def test_an_element_too_long_for_memory_is_skipped(inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LONGEST", 1000)
    long = {"id": 2, "text": "x\\" * 9000} if inside == "string" else {"id": 2, "tag": [{"name": "#a"}] * 900}
    items = [{"id": 1, "text": "a"}, long, {"id": 3, "text": "b"}]
    found = read(encoded(items), window=64)
    assert sound(found) == [items[0], items[2]]
    assert errors(found) == [(2, f"longer than {16 << 20:,} bytes")]
    assert found[2].start == len(encoded(items[:2])) + 1


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held of the text is never more than a few windows, damaged or not."""
    longest = 0
    fill = sliding_text.SlidingText.fill

    def watched(text: sliding_text.SlidingText) -> bool:
        nonlocal longest
        more = fill(text)
        longest = max(longest, len(text.text))
        return more

    monkeypatch.setattr(sliding_text.SlidingText, "fill", watched)
    monkeypatch.setattr(sliding_text, "CHUNK", 1000)
    items = b",".join(encoded({"id": i, "text": "x" * 50}) for i in range(2000))
    damaged = items.replace(b'"id": 7,', b'"id": {7,').replace(b'"id": 19,', b'"id: 19,')
    for body in (items, damaged, items.replace(b",", b" " * 50 + b","), b'"' + b"x" * 200_000 + b'"'):
        found = list(elements(io.BytesIO(b'{"a": [' + body + b'], "a": [1]}'), ("a",)))
        assert sound(found) == [1]
    assert longest <= 600_000  # two strings of 200,000 while they are read


def test_a_stream_that_cannot_go_back_is_read_too() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation("seek")

    data = b'{"a": [1], "a": [2, 3]}'
    assert sound(list(elements(Pipe(data), ("a",)))) == [2, 3]
    assert sound(list(elements(Pipe(data), ("a",), position=18, number=1))) == [3]
