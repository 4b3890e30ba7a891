"""Front matter: exact lines, every repair noted, and no bomb goes off."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modcli.skills import front_matter
from modcli.skills.front_matter import openclaw_metadata, read_front, read_manifest, specification_notes
from modcli.skills.skill import Front


def notes(front: Front) -> str:
    return " | ".join(f"{line} {note}" for line, note in front.notes)


def test_fields_lines_and_body() -> None:
    front = read_front(
        "---\nname: tidy\ndescription: >\n  Sorts\n  files.\nmetadata:\n  a: '1'\n---\n# Tidy\n"
    )
    assert front.fields == {"name": "tidy", "description": "Sorts files.\n", "metadata": {"a": "1"}}
    assert front.lines == {"name": 2, "description": 3, "metadata": 6}
    assert front.body_line == 9
    assert front.notes == ()


@pytest.mark.parametrize(
    ("text", "fields", "lines", "note"),
    [
        (
            "---\nname: a\ndescription: Use when: asked\n---\nx",
            {"name": "a", "description": "Use when: asked"},
            [2, 3],
            "3 `description`",
        ),
        ("---\nname: a\n\tdescription: b\n---\n", {"name": "a description: b"}, [2], "not YAML"),
        (
            "---\nname:\ta\ndescription: 'b\n---\n",
            {"name": "a", "description": "'b"},
            [2, 3],
            "`description`",
        ),
        ("---\nname: a\nmetadata:\n\tk: v\n---\n", {"name": "a", "metadata": "k: v"}, [2, 3], "`metadata`"),
        (
            "---\r\nname: a\r\ndescription: b\r\n---\r\nbody\r\n",
            {"name": "a", "description": "b"},
            [2, 3],
            "",
        ),
        ("---\nname: a\nname: b\n---\n", {"name": "b"}, [3], "3 `name` stands twice"),
        (
            "---\nname: a\ndescription: b\n\n# Title\n",
            {"name": "a", "description": "b"},
            [2, 3],
            "no closing",
        ),
        ("name: a\ndescription: b\n---\n# Title\n", {"name": "a", "description": "b"}, [1, 2], "no opening"),
        ("\n\n---\nname: a\n---\n", {"name": "a"}, [4], "3 front matter does not begin"),
        ("---\nname: a\n...\nbody", {"name": "a"}, [2], "closing fence"),
        ("---  \nname: a\n--- \nbody", {"name": "a"}, [2], ""),
        (
            "---\ndescription: @here `x` %\nname: a\n---\n",
            {"name": "a", "description": "@here `x` %"},
            [3, 2],
            "2 is not YAML",
        ),
        (
            "---\nname: a\ndescription: first\nsecond line\n---\n",
            {"name": "a", "description": "first second line"},
            [2, 3],
            "not YAML",
        ),
        (
            "---\nallowed-tools: [Bash, Read\nname: a\n---\n",
            {"allowed-tools": "[Bash, Read", "name": "a"},
            [2, 3],
            "`allowed-tools`",
        ),
        ("---\nname: a\ndescription: |\n  one: two\n bad: x\nk: : :\n---\n", {"name": "a"}, [2], "not YAML"),
        (
            "---\nname: a\ntools:\n- x: y: z\n- b\n---\n",
            {"name": "a", "tools": ["x: y: z", "b"]},
            [2, 3],
            "`tools`",
        ),
        ("---\nname: a\x07\n---\n", {"name": "a\ufffd"}, [2], "characters that YAML"),
        (
            "---\nname: a\u2028b\ndescription: c\n---\n",
            {"name": "a\ufffdb", "description": "c"},
            [2, 3],
            "characters",
        ),
        (
            "---\nversion: 1.10\nok: yes\nno: true\nday: 2024-02-31\n---\n",
            {"version": "1.10", "ok": "yes", "no": True, "day": "2024-02-31"},
            [2, 3, 4, 5],
            "",
        ),
        ("<!-- a word -->\n---\nname: a\n---\n", {"name": "a"}, [3], "2 front matter does not begin"),
        (
            "---\n\n## name: a\nk: v\n\n# Title\n",
            {"name": "a", "k": "v"},
            [3, 4],
            "3 front matter is written as a heading",
        ),
        ("---\rname: a\r---\rbody", {"name": "a"}, [2], ""),
    ],
)
def test_what_real_files_have(text: str, fields: dict[str, Any], lines: list[int], note: str) -> None:
    front = read_front(text)
    assert {key: front.fields.get(key) for key in fields} == fields
    assert [front.lines[key] for key in fields] == lines
    assert note in notes(front)
    assert bool(note) == bool(front.notes)


@pytest.mark.parametrize(
    "text", ["", "# Title\n", "---", "---\n---\nbody", "---\n\n# A rule, then a heading\n\n---\nand another"]
)
def test_no_front_matter(text: str) -> None:
    assert read_front(text).fields == {}


def test_the_body_begins_behind_a_fence_that_is_missing() -> None:
    assert read_front("---\nname: a\n\nbody").body_line == 3
    assert read_front("# Title\n").body_line == 1


def test_a_rule_in_the_body_does_not_close_front_matter() -> None:
    front = read_front("---\nname: a\n\n# Title\n\nRun this.\n\n---\n\nMore.\n")
    assert front.fields == {"name": "a"}
    assert front.body_line == 3
    assert "no closing" in notes(front)


def test_aliases_are_followed_within_a_limit() -> None:
    front = read_front("---\nx: &t [Bash, Read]\nallowed-tools: *t\nd: *unknown\n---\n")
    assert front.fields["allowed-tools"] == ["Bash", "Read"]
    assert notes(front) == "4 the alias `*unknown` was not followed"


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(12)
    )
    front = read_front(f"---\nname: n\n{bomb}---\n")
    assert front.fields["name"] == "n"
    assert len(str(front.fields)) < 1_000_000
    assert "was not followed" in notes(front)
    long = "a: &a " + "x" * 5000 + "\n" + "".join(f"k{i}: *a\n" for i in range(1000))
    assert len(str(read_front(f"---\n{long}---\n").fields)) < 500_000
    assert read_front("---\na: &a [*a]\n---\n").fields == {"a": ["*a"]}


def test_a_deep_nest_stays_text() -> None:
    front = read_front(f"---\nname: n\nx: {'[' * 5000}\n---\nbody")
    assert front.fields["name"] == "n"
    assert front.fields["x"] == "[" * 5000
    front = read_front(f"---\nname: n\nx: {'[' * 50}{']' * 50}\n---\nbody")
    assert front.fields["name"] == "n"
    assert "nested too deeply" in notes(front)


def test_tags_build_nothing() -> None:
    front = read_front("---\nname: !!python/object/apply:os.system ['exit 1']\nx: !!int abc\n---\n")
    assert front.fields == {"name": ["exit 1"], "x": "abc"}
    assert "2 the tag `tag:yaml.org,2002:python/object/apply:os.system` was not obeyed" in notes(front)


def test_long_front_matter_is_read_key_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_matter, "MOST_CHARACTERS", 1000)
    monkeypatch.setattr(front_matter, "MOST_KEYS", 5)
    front = read_front("---\nname: n\nlong: " + "x" * 2000 + "\n" + "k: v\n" * 10 + "---\nbody")
    assert front.fields == {"name": "n", "long": "x" * 2000, "k": "v"}
    assert front.body_line == 15
    assert "12 keys: those from here on were not read" in notes(front)


def test_front_matter_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_matter, "MOST_SEARCHED", 1000)
    front = read_front("---\nname: n\n\n" + "k: v\n" * 1000 + "---\n")
    assert front.fields == {"name": "n"}
    assert "no closing" in notes(front)


PLAIN = st.text(st.sampled_from("abcXYZ 09:#-'\"[]{}*&!|>%@`,?\t\\é中"), max_size=30)


@given(st.lists(st.tuples(st.from_regex(r"[a-z][a-z-]{0,8}", fullmatch=True), PLAIN), max_size=8))
def test_every_key_is_found_on_its_line_whatever_its_value(pairs: list[tuple[str, str]]) -> None:
    text = "---\n" + "".join(f"{key}: v{value}\n" for key, value in pairs) + "---\nbody\n"
    front = read_front(text)
    last = {key: i + 2 for i, (key, _) in enumerate(pairs)}
    assert front.lines == last
    assert all(front.text(key).startswith("v") for key in last)
    assert front.body_line == len(pairs) + 3


@given(st.text(max_size=200))
def test_nothing_is_raised(text: str) -> None:
    read_front(text)
    read_front(f"---\n{text}\n---\n")
    read_manifest(text)


VALUES = st.recursive(
    st.booleans()
    | st.none()
    | st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.from_regex("[a-z]{1,8}", fullmatch=True), VALUES, min_size=1, max_size=4))
def test_sound_yaml_comes_back(fields: dict[str, Any]) -> None:
    front = read_front("---\n" + yaml.safe_dump(fields, sort_keys=False) + "---\n")
    assert front.fields == fields
    assert front.notes == ()


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        ("name: tidy\ndescription: d", "tidy", []),
        ("name: tidy\ndescription: d", "other", ["2 `name` is not that of the folder, `other`"]),
        (
            "name: Tidy Up\ndescription: d",
            "",
            ["2 `name` may hold small letters, digits and single hyphens within alone"],
        ),
        ("name: ordnung-für\ndescription: d", "", []),
        (
            "name: a--b\ndescription: d",
            "",
            ["2 `name` may hold small letters, digits and single hyphens within alone"],
        ),
        ("name: tidy", "", ["0 `description` is missing; the specification requires it"]),
        (
            f"name: {'a' * 65}\ndescription: {'d' * 1025}",
            "",
            ["2 `name` is longer than 64 characters", "3 `description` is longer than 1,024 characters"],
        ),
        (
            "name: a\ndescription: d\nmodel: x\nzap: 1",
            "",
            [
                "4 `model` is not in the specification; Claude Code knows it",
                "5 `zap` is not in the specification",
            ],
        ),
        ("name: a\ndescription: d\nallowed-tools: [Read]", "", ["4 `allowed-tools` is not a string"]),
        ("name: a\ndescription: d\nmetadata: x", "", ["4 `metadata` is not a map"]),
        (
            "name: a\ndescription: d\nmetadata:\n  openclaw: {always: true}",
            "",
            ["4 `metadata` holds more than strings"],
        ),
    ],
)
def test_where_it_strays_from_the_specification(text: str, folder: str, expected: list[str]) -> None:
    front = read_front(f"---\n{text}\n---\n")
    assert [f"{line} {note}" for line, note in specification_notes(front, folder)] == expected


def test_manifests_have_lines_too() -> None:
    front = read_manifest('{\n\t"name": "p",\n\t"version": 2,\n\t"author": {"name": "x"}\n}\n')
    assert front.fields == {"name": "p", "version": 2, "author": {"name": "x"}}
    assert front.lines["name"] == 2
    assert read_manifest('{"name": "p",}').fields == {"name": "p"}
    assert "is not JSON" in notes(read_manifest('{"name": "p",}'))
    assert read_manifest("[1]").notes == ((1, "is not a JSON object"),)


@pytest.mark.parametrize("name", front_matter.OPENCLAW)
def test_openclaw_under_all_its_names(name: str) -> None:
    wanted = {"requires": {"bins": ["git"]}}
    assert openclaw_metadata(read_front(f"---\nmetadata: {json.dumps({name: wanted})}\n---\n")) == wanted
    assert openclaw_metadata(Front({"metadata": json.dumps({name: wanted})})) == wanted
    assert openclaw_metadata(Front({"metadata": "x"})) == openclaw_metadata(Front()) == {}
