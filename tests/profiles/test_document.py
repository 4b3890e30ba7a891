"""The form of a profile: what is refused, how it is told, and the schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modcli.errors import ProfileError
from modcli.profiles.document import MAX_BYTES, CategoryForm, ProfileForm, read, schema

REFUSED = [
    ("catgories: {}", "1:1", "unknown key 'catgories'", "did you mean categories?"),
    ("categories:\n  t:\n    exampels: [a]", "3:5", "unknown key 'exampels'", "did you mean examples"),
    (
        "categories:\n  t:\n    examples: [{txt: a, text: b}]",
        "3:17",
        "unknown key 'txt'",
        "did you mean text?",
    ),
    (
        "categories:\n  t:\n    examples: {replac: [a]}",
        "3:16",
        "unknown key 'replac'",
        "did you mean replace?",
    ),
    ("categories:\n  t:\n    examples: {shots: [a]}", "3:15", "has to be a list", "- "),
    ("categories:\n  t:\n    action: blok", "3:13", "categories.t.action is 'blok'", "did you mean block?"),
    ("task: multilabel", "1:7", "task is 'multilabel'", "did you mean multi-label"),
    ("categories:\n  t:\n    examples: text", "3:15", "has to be a list", "- "),
    ("categories:\n  t:\n    examples: [a, '  ']", "3:19", "categories.t.examples[2] is empty", "remove"),
    ("categories:\n  t:\n    examples: [{reason: a}]", "3:16", "needs the key 'text'", "text:"),
    ("categories:\n  t:\n    examples: [[a]]", "3:16", "has to be a mapping", "key: value"),
    ("categories:\n  t:\n    threshold: 1.5", "3:16", "a number from 0 to 1", "0.5"),
    ("categories:\n  t:\n    threshold: high", "3:16", "a number from 0 to 1", "0.5"),
    ("categories:\n  t:\n    threshold: .nan", "3:16", "a number from 0 to 1", "0.5"),
    ("categories:\n  t:\n    definition: [a]", "3:17", "has to be a text", "|"),
    ("categories:\n  a/b: {}", "2:3", "'a/b' is no name for a category", "label"),
    ("categories:\n  a@b: {}", "2:3", "'a@b' is no name for a category", "label"),
    ("categories: [t]", "1:13", "has to be a mapping", "key: value"),
    ("shots: [{text: a}]", "1:9", "needs the key 'labels'", "labels:"),
    ("tests: [{text: a, action: block, categry: t}]", "1:34", "unknown key 'categry'", "category"),
    ("tests: [{text: a, action: block, but: ' '}]", "1:39", "tests[1].but is empty", "remove"),
    ("tests: [{text: a, but: b}]", "1:9", "needs the key 'action'", "action:"),
    ("tests: [{text: a, action: blok}]", "1:27", "tests[1].action is 'blok'", "did you mean block?"),
    ("just text", "1:1", "a profile is a mapping", "categories:"),
    ("", "1:1", "the file is empty", "categories:"),
    ("x: 1\ny: 2\nz: 3", "1:1", "unknown key 'x' (and 2 more problems)", "there is extends"),
]


@pytest.mark.parametrize(("text", "place", "message", "hint"), REFUSED)
def test_refusals_name_the_place_and_a_way_out(text: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read(text.encode(), "p.yaml")
    assert message in caught.value.message
    assert str(caught.value.location) == f"p.yaml:{place}"
    assert hint in (caught.value.hint or "")


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    with pytest.raises(ProfileError) as caught:
        read("a: é\nb: ".encode() + b"\xff", "p.yaml")
    assert str(caught.value) == "p.yaml:2:4: the byte 0xFF is not UTF-8"


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(ProfileError, match="more than 1,000,000 bytes"):
        read(b"#" * (MAX_BYTES + 1), "p.yaml")


def test_a_key_without_a_value_counts_as_not_written() -> None:
    form = read(
        b"extends:\nordinary:\ncategories:\n  t:\n    examples:\n    threshold:\n  u:\n", "p.yaml"
    ).form
    assert (form.extends, form.ordinary) == ([], [])
    assert form.categories["t"] is not None
    assert form.categories["t"].model_fields_set == set()
    assert form.categories["u"] is None


def test_json_is_yaml() -> None:
    text = json.dumps(
        {"categories": {"t": {"examples": ["🚀 a: b", {"text": "c", "reason": "d"}]}}}, indent=4
    )
    category = read(text.encode(), "p.json").form.categories["t"]
    assert category is not None
    assert category.examples is not None
    assert [shot.text for shot in category.examples.shots] == ["🚀 a: b", "c"]


def test_the_schema_allows_what_the_form_allows_and_describes_every_key() -> None:
    written = schema()
    assert written["additionalProperties"] is False
    for name in ("", "CategoryForm", "LabelledForm", "TestForm", "ShotForm"):
        form = written["$defs"][name] if name else written
        assert all("description" in key for key in form["properties"].values()), name
    category = written["$defs"]["CategoryForm"]["properties"]
    assert json.dumps(category["examples"]).count("ReplacementForm") == 1
    assert "ExamplesForm" not in written["$defs"]
    assert {"type": "string"} in written["properties"]["extends"]["anyOf"]


def test_the_example_in_the_documentation_is_a_profile() -> None:
    page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text()
    form = read(page.split("```yaml\n")[1].split("```")[0].encode(), "profiles.md").form
    written = [
        *form.model_fields_set,
        *(key for one in form.categories.values() if one for key in one.model_fields_set),
    ]
    assert set(written) == {*ProfileForm.model_fields, *CategoryForm.model_fields}
