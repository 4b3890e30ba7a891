"""Changes that leave every other character as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.errors import ProfileError
from modcli.profiles.splice import Draft

APPENDED = [
    ("l:\n  - a\n", "l:\n  - a\n  - new\n"),
    ("l:\n- a\nm: b\n", "l:\n- a\n- new\nm: b\n"),
    ("l:\n    - a   # why\n\n# next\nm: b\n", "l:\n    - a   # why\n    - new\n\n# next\nm: b\n"),
    ("l: [a, b]  # c\n", "l: [a, b, new]  # c\n"),
    ("l: []\n", "l: [new]\n"),
    ("l:\n  [\n    a,\n    b,  # c\n  ]\n", "l:\n  [\n    a,\n    b,\n    new,  # c\n  ]\n"),
    ("l:  # none yet\nm: b\n", "l:  # none yet\n  - new\nm: b\n"),
    ("m: b\n", "m: b\nl:\n  - new\n"),
    ("m: b", "m: b\nl:\n  - new"),
    ("l:\r\n  - a\r\nm: b\r\n", "l:\r\n  - a\r\n  - new\r\nm: b\r\n"),
    (
        "l:\n  - |\n    a\n\n  - >-\n    b\n    c\n\n\nm: b\n",
        "l:\n  - |\n    a\n\n  - >-\n    b\n    c\n  - new\n\n\nm: b\n",
    ),
    ("l:\n  - text: a\n    reason: b\n", "l:\n  - text: a\n    reason: b\n  - new\n"),
    ("l:\n  - a\n  # - b\n", "l:\n  - a\n  - new\n  # - b\n"),
    ("m:\n  n: b\n  # inside\n# outside\n", "m:\n  n: b\n  # inside\nl:\n  - new\n# outside\n"),
    ("\ufeffm: b\n", "\ufeffm: b\nl:\n  - new\n"),
    ("---\nm: b\n...\n", "---\nm: b\nl:\n  - new\n...\n"),
    ('{\n  "l": [\n    "a"\n  ]\n}\n', '{\n  "l": [\n    "a",\n    "new"\n  ]\n}\n'),
    ('{"m": {"n": "b"}}', '{"m": {"n": "b"}, "l": ["new"]}'),
    ('{\n  "m": "b"\n}', '{\n  "m": "b",\n  "l": ["new"]\n}'),
]


@pytest.mark.parametrize(("before", "after"), APPENDED)
def test_a_value_is_appended_and_nothing_else_changes(before: str, after: str) -> None:
    draft = Draft(before, "p.yaml")
    draft.append(("l",), "new")
    assert draft.text == after


@pytest.mark.parametrize(
    ("before", "after"),
    # What was an empty key, or is written in brackets, stays as an empty list.
    [one for one in APPENDED if "none yet" not in one[0] and '"l": ["new"]' not in one[1]],
    ids=lambda text: repr(text)[:20],
)
def test_what_was_appended_can_be_dropped_without_a_trace(before: str, after: str) -> None:
    draft = Draft(after, "p.yaml")
    draft.drop(("l", len(draft.data["l"]) - 1))
    assert draft.text == before


PUT = [
    (
        "c:\n  t:\n    action: block  # why\n",
        ("c", "t", "action"),
        "warn",
        "c:\n  t:\n    action: warn  # why\n",
    ),
    ("c:\n  t:\n    action: 'block'\n", ("c", "t", "action"), "warn", "c:\n  t:\n    action: warn\n"),
    ("c: {t: {action: block}}\n", ("c", "t", "action"), "warn", "c: {t: {action: warn}}\n"),
    ("c:\n  t: {}\n", ("c", "t", "action"), "warn", "c:\n  t: {action: warn}\n"),
    ("c:\n  t:\nd: e\n", ("c", "t", "action"), "warn", "c:\n  t:\n    action: warn\nd: e\n"),
    ("e: f\n", ("c", "t", "action"), "warn", "e: f\nc:\n  t:\n    action: warn\n"),
    (
        "c:\n      t:\n            a: b\n",
        ("c", "u"),
        {"a": "b"},
        "c:\n      t:\n            a: b\n      u:\n            a: b\n",
    ),
    (
        "c:\n  t:\n    definition: |\n      one\n      two\n\n    # next\n    a: b\n",
        ("c", "t", "definition"),
        "one\ntwo\nthree",
        "c:\n  t:\n    definition: |\n      one\n      two\n      three\n\n    # next\n    a: b\n",
    ),
    ("t:\n  definition: a  # c\n", ("t", "definition"), "b\nc", 't:\n  definition: "b\\nc"  # c\n'),
    (
        "t:\n  exempts:\n    - a\n    - b\n  x: y\n",
        ("t", "exempts"),
        ["c"],
        "t:\n  x: y\n  exempts:\n    - c\n",
    ),
    ("t:\n  exempts: [a]\n  x: y\n", ("t", "exempts"), [], "t:\n  exempts: []\n  x: y\n"),
    ("t:\n  x: y\n", ("t", "exempts"), [], "t:\n  x: y\n  exempts: []\n"),
    ("t:\n  note:\n", ("t", "note"), "a: b", 't:\n  note: "a: b"\n'),
    ("t:\n  note: ~\n", ("t", "note"), "", 't:\n  note: ""\n'),
    ('{"t": {"a": "b"}}', ("t", "note"), "no", '{"t": {"a": "b", "note": "no"}}'),
]


@pytest.mark.parametrize(("before", "path", "value", "after"), PUT)
def test_a_value_is_put_and_nothing_else_changes(
    before: str, path: tuple[str, ...], value: str, after: str
) -> None:
    draft = Draft(before, "p.yaml")
    draft.put(path, value)
    assert draft.text == after


DROPPED = [
    ("t:\n  # about a\n  a: b\n  # about c\n  c: d\n", ("t", "a"), "t:\n  # about a\n  # about c\n  c: d\n"),
    ("t:\n  a: |\n    x\n    y\n\n  c: d\n", ("t", "a"), "t:\n\n  c: d\n"),
    ("t: {a: b, c: d}\n", ("t", "a"), "t: {c: d}\n"),
    ("t: {a: b, c: d}\n", ("t", "c"), "t: {a: b}\n"),
    ("e: f\nt:\n  u:\n    l:\n      - a\n", ("t", "u", "l", 0), "e: f\n"),
    (
        "e: f\nt:\n  u:\n    l:\n      # mine\n      - a\n",
        ("t", "u", "l", 0),
        "e: f\nt:\n  u:\n    l:\n      # mine\n",
    ),
    ("l:\n  -\n    text: a\n  - b\n", ("l", 0), "l:\n  - b\n"),
    ("l:\n  - b\n  -\n    text: a\n  - c\n", ("l", 1), "l:\n  - b\n  - c\n"),
    ("l: [ a ]\n", ("l", 0), "l: [  ]\n"),
]


@pytest.mark.parametrize(("before", "path", "after"), DROPPED)
def test_a_part_is_dropped_and_no_comment_with_it(
    before: str, path: tuple[str | int, ...], after: str
) -> None:
    draft = Draft(before, "p.yaml")
    draft.drop(path)
    assert draft.text == after


REFUSED = [
    ("a: &x [b]\nl: *x\n", lambda draft: draft.append(("l",), "c")),
    ("l: &x [b]\na: *x\n", lambda draft: draft.append(("l",), "c")),
    ("l: [\n  a,  # why\n  b]\n", lambda draft: draft.drop(("l", 0))),
    ("t:\n  # mine\n  a: b\n", lambda draft: draft.drop(("t", "a"))),
]


@pytest.mark.parametrize(("text", "change"), REFUSED)
def test_what_would_do_damage_is_refused_and_changes_nothing(text: str, change: object) -> None:
    draft = Draft(text, "p.yaml")
    with pytest.raises(ProfileError, match="without damage") as caught:
        change(draft)  # type: ignore[operator]
    assert draft.text == text
    assert "modcli profile edit" in (caught.value.hint or "")


COMMENT = st.sampled_from(["", "", "", "# one", "#two: - [ { '", "  # - 'x'"])
WORD = st.text(st.sampled_from("ab:#-'\"\\ \téß🚀{[,*&!|>%@`\u200b\u2028"), min_size=1, max_size=8).filter(
    str.strip
)


@st.composite
def layouts(draw: st.DrawFn) -> str:
    """A profile's text in one of many layouts, with comments anywhere."""
    step = draw(st.sampled_from([2, 3, 4]))
    lines = ["# top", "description: x  # d"]

    def comment(indent: int) -> None:
        found = draw(COMMENT)
        if found:
            lines.append(" " * indent + found)

    def items(indent: int, key: str) -> None:
        style = draw(st.sampled_from(["absent", "block", "indentless", "flow", "lines", "empty"]))
        texts = draw(
            st.lists(st.sampled_from(["'a b'", "c", '"d"', "e f g"]), min_size=1, max_size=3, unique=True)
        )
        pad = " " * indent
        if style in ("block", "indentless"):
            lines.append(f"{pad}{key}:")
            comment(indent + step)
            for text in texts:
                lines.append(
                    f"{pad}{' ' * step * (style == 'block')}- {text}{draw(st.sampled_from(['', '   # why']))}"
                )
                comment(indent + step)
        elif style == "flow":
            lines.append(f"{pad}{key}: [{', '.join(texts)}]  # flow")
        elif style == "lines":
            lines.extend([f"{pad}{key}: [", *(f"{pad}  {text}," for text in texts), f"{pad}]"])
        elif style == "empty":
            lines.append(f"{pad}{key}: []")

    items(0, "ordinary")
    lines.append("categories:")
    for name in ("t", "u"):
        comment(step)
        lines.append(" " * step + f"{name}:")
        lines.append(" " * 2 * step + "action: block")
        items(2 * step, "examples")
        comment(2 * step)
        if draw(st.booleans()):
            lines.extend(
                [
                    " " * 2 * step + "definition: |",
                    " " * 3 * step + "# no comment",
                    "",
                    " " * 3 * step + "x",
                    "",
                ]
            )
        comment(0)
    eol = draw(st.sampled_from(["\n", "\r\n"]))
    return eol.join(lines) + draw(st.sampled_from(["", eol, eol * 3]))


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.lstrip().startswith("#")]


@settings(max_examples=250, deadline=None)
@given(
    layouts(),
    WORD,
    st.sampled_from([("ordinary",), ("categories", "t", "examples"), ("categories", "u", "examples")]),
)
def test_appending_and_dropping_restores_the_text_and_keeps_every_comment(
    text: str, word: str, path: tuple[str, ...]
) -> None:
    draft = Draft(text, "p.yaml")
    draft.append(path, word)
    assert comments(draft.text) == comments(text)
    assert len(draft.text.split("\n")) - len(text.split("\n")) <= 2
    around = draft.data
    for step in path:
        around = around[step]
    assert around[-1] == word
    draft.drop((*path, len(around) - 1))
    assert draft.text == text


@settings(max_examples=150, deadline=None)
@given(layouts(), WORD)
def test_any_text_can_be_put_anywhere(text: str, word: str) -> None:
    draft = Draft(text, "p.yaml")
    for path in (
        ("categories", "t", "note"),
        ("categories", "new", "definition"),
        ("categories", "u", "definition"),
    ):
        draft.put(path, f"{word}\n{word}")
    draft.put(("categories", "u", "action"), "warn")
    left = iter(comments(draft.text))
    assert all(one in left for one in comments(text) if one != "# no comment")
    assert draft.data["categories"]["t"]["note"].strip("\n") == f"{word}\n{word}".strip("\n")
