"""YAML with positions, and the limits within which it is read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.errors import ProfileError
from modcli.profiles import marked
from modcli.profiles.marked import Mapping, Scalar, Sequence, parse

BROKEN = [
    ("a: [b", "2:1|1:6", "broken YAML"),
    ("a: b: c", "1:5", "mapping values"),
    ("a: 'b", "1:6", "end of stream"),
    ('a: "\\q"', "1:5", "escape"),
    ("a:\n\tb: c", "2:1", "broken YAML"),
    ("a: 1\nb: 2\na: 3", "3:1", "the key 'a' stands here a second time"),
    ("a: *b", "1:4", "the alias *b"),
    ("a: &b [*b]", "1:8", "the alias *b"),
    ("a: !!python/object:os.system x", "1:4", "the tag"),
    ("? [a]\n: b", "1:3", "cannot be a key"),
    ("a: b\n---\nc: d", "2:1", "a second YAML document"),
    ("a: b\nc: \x07", "2:4", "U+0007"),
    ("a: b\nc: \x85\x9b", "2:5", "U+009B"),
]


@pytest.mark.parametrize(("text", "places", "message"), BROKEN)
def test_what_is_broken_is_named_with_its_place(text: str, places: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse(text, "p.yaml")
    assert message in caught.value.message
    assert str(caught.value.location) in [f"p.yaml:{place}" for place in places.split("|")]
    assert caught.value.hint


@pytest.mark.parametrize("text", ["a:\n\tb: c", "\ta: b", "a:\n  - b\n\t- c"])
def test_a_tab_gets_its_own_hint(text: str) -> None:
    with pytest.raises(ProfileError) as caught:
        parse(text, "p.yaml")
    assert caught.value.hint == "YAML indents with spaces; replace the tab"


BOMBS = {
    "laughs": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    ),
    "brackets": "[" * 500_000,
    "braces": "{a: " * 100_000,
    "dashes": "- " * 400_000,
    "keys": "? " * 400_000,
    "items": "a: [" + "b," * 400_000 + "]",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(name: str) -> None:
    start = time.process_time()
    with pytest.raises(ProfileError):
        parse(BOMBS[name], "p.yaml")
    assert time.process_time() - start < 5


def test_an_alias_within_the_limits_is_what_it_stands_for() -> None:
    tree = parse("a: &x [b, {c: d}]\ne: *x", "p.yaml")
    assert tree.data == {"a": ["b", {"c": "d"}], "e": ["b", {"c": "d"}]}


PLAIN = [
    ("a: no", {"a": "no"}),
    ("a: 1984", {"a": "1984"}),
    ("a: 2026-01-01", {"a": "2026-01-01"}),
    ("a: 12:30", {"a": "12:30"}),
    ("a: ~", {"a": None}),
    ("a:", {"a": None}),
    ("a: 'null'", {"a": "null"}),
    ("a: !!str null", {"a": "null"}),
    ("no: yes", {"no": "yes"}),
    ("~: a", {"~": "a"}),
    ("a: |\n  b\n\n  c\n", {"a": "b\n\nc\n"}),
    ('{"a": "\\ud83d\\ude80", "b": "\\/"}', {"a": "🚀", "b": "/"}),
    ("\ufeffa: b", {"a": "b"}),
    ("---\na: b\n...\n", {"a": "b"}),
    ("", None),
    ("# nothing\n", None),
]


@pytest.mark.parametrize(("text", "data"), PLAIN)
def test_scalars_are_text(text: str, data: object) -> None:
    assert parse(text, "p.yaml").data == data


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ProfileError):
        parse('{"a": "\\ud83d"}', "p.yaml")


def _scalars(node: marked.Node) -> list[Scalar]:
    match node:
        case Scalar():
            return [node]
        case Sequence():
            return [scalar for item in node.items for scalar in _scalars(item)]
        case Mapping():
            values = [scalar for value in node.values.values() for scalar in _scalars(value)]
            return [*node.keys.values(), *values]


WORDS = st.text(st.sampled_from("aé🚀漢z"), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(WORDS, WORDS), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_offsets_point_at_the_text(pairs: list[tuple[str, str]], eol: str, mark: str) -> None:
    text = mark + "root:" + eol + "".join(f"  - '{a}': \"{b}\"  # é{eol}" for a, b in pairs)
    root = parse(text, "p.yaml").root
    for scalar in _scalars(root):
        if scalar.text is not None:
            assert text[scalar.start : scalar.end].strip("'\"") == scalar.text


def test_without_libyaml_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x [b, 'c']\ne: |\n  f\n\n# g\nh: *x\n"
    fast = parse(text, "p.yaml")
    monkeypatch.setattr(marked, "LOADER", marked.yaml.SafeLoader)
    assert parse(text, "p.yaml") == fast


def test_the_nearest_part_has_the_place() -> None:
    tree = parse("a:\n  b: [c]\n", "p.yaml")
    assert str(tree.location(("a", "b", 0))) == "p.yaml:2:7"
    assert str(tree.location(("a", "b"), key=True)) == "p.yaml:2:3"
    assert str(tree.location(("a", "x", 3))) == "p.yaml:2:3"
