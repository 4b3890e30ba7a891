"""Labelled rows from JSON Lines: every form of label, and everything that can be wrong with a file of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import UsageError
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.rows import RowFinding, RowFindings, read_rows
from modcli.item import Item
from modcli.sources.jsonl import read_jsonl

KNOWN = ("rude", "spam", "self-harm")


def items(*records: object) -> Iterator[Item]:
    lines = (record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)
    stream = io.BytesIO(b"\n".join(lines))
    return read_jsonl(stream, "x.jsonl", keep=("labels", "unknown", "meta.y"))


def read(*records: object, **options: object) -> tuple[list[LabelledRow], dict[str, RowFinding]]:
    """The rows, and the findings by kind, but for the categories that nobody labelled."""
    findings = RowFindings()
    known = options.pop("known", KNOWN)
    rows = list(read_rows(items(*records), known, findings=findings, **options))  # type: ignore[arg-type]
    assert findings.rows == len(rows)
    assert findings.rows + findings.kept_out == len(records)
    return rows, {one.kind: one for one in findings.summary() if one.kind != "never-labelled"}


def labelled(value: object, **options: object) -> tuple[set[str], set[str]]:
    """The labels and unknown ones of a row with this value, next to a plain row."""
    rows, _ = read({"text": "a", "labels": value}, {"text": "b", "labels": ["rude"]}, **options)
    return set(rows[0].labels), set(rows[0].unknown)


@pytest.mark.parametrize(
    ("value", "labels", "unknown"),
    [
        ([], set(), set()),
        (None, set(), set()),
        ("", set(), set()),
        ("spam", {"spam"}, set()),
        (" spam ", {"spam"}, set()),
        (["spam", "rude", "spam"], {"spam", "rude"}, set()),
        (["spam", None, ""], {"spam"}, set()),
        ({"spam": 1, "rude": 0}, {"spam"}, set()),
        ({"spam": True, "rude": False, "self-harm": None}, {"spam"}, {"self-harm"}),
        ({"spam": 1.0, "rude": 0.0}, {"spam"}, set()),
        ({}, set(), set()),
    ],
)
def test_forms_of_labels(value: object, labels: set[str], unknown: set[str]) -> None:
    assert labelled(value) == (labels, unknown)


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (1, {"spam"}),
        (1.0, {"spam"}),
        (0, set()),
        ("1", {"spam"}),
        (True, {"rude"}),
        (False, set()),
        ([1, "true"], {"spam", "rude"}),
        ({"1": 1, "true": 0}, {"spam"}),
    ],
)
def test_labels_are_mapped(value: object, labels: set[str]) -> None:
    assert labelled(value, mapping={"1": "spam", "true": "rude", "0": "", "false": ""})[0] == labels


def test_several_of_theirs_are_one_of_ours() -> None:
    mapping = {"SH": "self-harm", "S": "self-harm", "V": "", "H": "rude"}
    value = {"SH": 0, "S": 1, "V": 1, "H": None}
    assert labelled(value, mapping=mapping) == ({"self-harm"}, {"rude"})
    assert labelled({"SH": None, "S": 0}, mapping=mapping) == (set(), {"self-harm"})
    assert labelled({"SH": None, "S": 1}, mapping=mapping) == ({"self-harm"}, set())


def test_unknown_labels_of_a_row() -> None:
    rows, findings = read(
        {"text": "a", "labels": ["spam"], "unknown": ["rude", "self-harm", "never heard of"]},
        {"text": "b", "labels": [], "unknown": "rude"},
        {"text": "c", "labels": ["rude"], "unknown": ["rude"]},
        {"text": "d", "labels": [], "unknown": ["r"]},
        mapping={"r": "rude"},
    )
    assert [set(row.unknown) for row in rows] == [{"rude", "self-harm"}, {"rude"}, set(), {"rude"}]
    assert not findings


def test_another_field_holds_the_labels() -> None:
    (row,), _ = read({"text": "a", "meta": {"y": "spam"}}, label_field="meta.y")
    assert row.labels == {"spam"}


def test_labels_that_the_profile_does_not_know_are_told_once() -> None:
    rows, findings = read(
        {"text": "a", "labels": ["Spam"]},
        {"text": "b", "labels": ["spam"]},
        {"text": "c", "labels": ["Spam", "odd"]},
        {"text": "d", "labels": {"Spam": 0}},
    )
    assert [set(row.labels) for row in rows] == [set(), {"spam"}, set(), set()]
    assert findings.keys() == {"unknown-label"}
    told = findings["unknown-label"]
    assert told.count == 2
    assert told.message.endswith("count as none: 'Spam' (2 rows), 'odd' (1 row)")
    assert told.places == ("x.jsonl:1", "x.jsonl:3")
    assert "--map Spam=spam" in (told.hint or "")


@pytest.mark.parametrize(
    ("values", "said", "example"),
    [
        (["Spam", "Spam"], "'Spam' (2 rows)", "--map Spam=spam "),
        (["Self Harm!"], "'Self Harm!' (1 row)", "--map 'Self Harm!'=self-harm "),
        ([1, 0, 0], "'0' (2 rows), '1' (1 row)", "--map 1=rude --map 0= "),
        ([False, True], "'false' (1 row), 'true' (1 row)", "--map true=rude --map false= "),
        (["zzz"], "'zzz' (1 row)", "--map THEIRS=OURS "),
        ([{"zzz": 0}], "'zzz' (0 rows)", "--map THEIRS=OURS "),
    ],
)
def test_none_of_the_labels_is_known(values: list[object], said: str, example: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(*({"text": str(number), "labels": value} for number, value in enumerate(values)))
    assert caught.value.message == f"none of the labels is a category of the profile: {said}"
    assert str(caught.value.location) == "x.jsonl"
    hint = caught.value.hint or ""
    assert hint.startswith("the profile's categories are rude, spam, self-harm; ")
    assert example in hint


def test_a_mapping_to_nothing_that_there_is() -> None:
    with pytest.raises(UsageError, match="--map 1=spma: the profile has no category 'spma'") as caught:
        read_rows(iter([]), KNOWN, mapping={"1": "spma"})  # told before a row is read
    assert (caught.value.hint or "").startswith("did you mean spam? there are: rude, spam, self-harm;")


def test_a_mapping_that_no_row_needs() -> None:
    _, findings = read({"text": "a", "labels": [1]}, mapping={"1": "spam", "2": "rude"})
    assert findings["unused-mapping"].message == "--map was given for labels that no row has: '2'"


def test_rows_without_labels_are_kept_out_and_told() -> None:
    rows, findings = read({"text": "a"}, {"text": "b", "labels": ["spam"]}, {"text": "c"})
    assert [row.item.text for row in rows] == ["b"]
    assert findings["unlabelled"].count == 2
    assert findings["unlabelled"].places == ("x.jsonl:1: no field 'labels'", "x.jsonl:3: no field 'labels'")


def test_no_row_has_labels() -> None:
    with pytest.raises(UsageError) as caught:
        read(b"{", {"text": "a", "tags": ["spam"]}, {"text": "b"})
    assert str(caught.value) == "x.jsonl: no row has a field 'labels' (there are: 'text', 'tags')"
    assert "--label-field" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"spam": 0.7}, "field 'labels' says '0.7' of 'spam': neither 0 nor 1 nor null"),
        ({"spam": "yes"}, "field 'labels' says 'yes' of 'spam': neither 0 nor 1 nor null"),
        ({"spam": []}, "field 'labels' says a list of 'spam': neither 0 nor 1 nor null"),
        ([["spam"]], "field 'labels' holds a list: no label"),
        ([{"name": "spam"}], "field 'labels' holds an object: no label"),
    ],
)
def test_labels_that_cannot_be_understood(value: object, reason: str) -> None:
    rows, findings = read({"text": "a", "labels": value}, {"text": "b", "labels": "spam"})
    assert [row.item.text for row in rows] == ["b"]
    assert findings["bad-label"].places == (f"x.jsonl:1: {reason}",)


def test_unreadable_and_empty_rows() -> None:
    rows, findings = read(
        *({"text": " \n", "labels": ["rude"]}, b"{", {"text": "a", "labels": "spam"}, {"labels": 1})
    )
    assert [row.item.text for row in rows] == ["a"]
    assert findings["empty"].places == ("x.jsonl:1",)
    assert findings["unreadable"].count == 2
    assert findings["unreadable"].places[0].startswith("x.jsonl:2: not valid JSON")


def test_repetition_is_told() -> None:
    rows, findings = read(
        {"id": "p", "text": "one", "labels": "spam"},
        {"id": "q", "text": "two", "labels": "spam"},
        {"id": "p", "text": "three", "labels": "spam"},
        {"id": "p", "text": "four", "labels": "spam"},
        {"id": "r", "text": "two", "labels": ["spam"]},
        {"id": "s", "text": "two", "labels": []},
        {"id": "t", "text": "one", "labels": "spam"},
    )
    assert len(rows) == 7
    assert findings.keys() == {"duplicate-id", "contradiction", "repeated-text"}
    assert findings["duplicate-id"].count == 2
    assert findings["duplicate-id"].places == ("x.jsonl:1 and x.jsonl:3",)
    assert findings["contradiction"].count == 1
    assert findings["contradiction"].places == ("x.jsonl:2 and x.jsonl:5",)
    assert findings["repeated-text"].count == 3
    assert findings["repeated-text"].places == ("x.jsonl:1 and x.jsonl:7", "x.jsonl:2 and x.jsonl:5")


def test_what_is_unknown_contradicts_nothing() -> None:
    _, findings = read(
        {"text": "a", "labels": {"spam": 1, "rude": None}},
        {"text": "a", "labels": {"spam": None, "rude": 1}},
    )
    assert findings.keys() == {"repeated-text"}
    _, findings = read({"text": "a", "labels": "spam"}, {"text": "a", "labels": "rude"})
    assert "contradiction" in findings


def test_categories_that_nobody_labelled() -> None:
    findings = RowFindings()
    list(read_rows(items({"text": "a", "labels": {"spam": 0}}), KNOWN, findings=findings))
    assert findings.labelled == {"spam"}
    (told,) = findings.summary()
    assert told.message == "no row is labelled rude, self-harm: every row counts as not of any of them"
    assert told.as_record()["kind"] == "never-labelled"


def test_nothing_to_read() -> None:
    assert read() == ([], {})
    rows, findings = read(b"{")
    assert rows == []
    assert findings.keys() == {"unreadable"}


def test_one_row() -> None:
    rows, findings = read({"text": "a", "labels": "spam"})
    assert len(rows) == 1
    assert not findings


def test_rows_are_read_as_they_are_asked_for() -> None:
    """Of a stream without end, no more is taken than is wanted; what is strange in every row is not kept."""
    taken = []

    def endless() -> Iterator[Item]:
        number = 0
        while True:
            number += 1
            taken.append(number)
            yield from items({"text": f"text {number}", "labels": [f"tag {number}"]})

    findings = RowFindings()
    rows = read_rows(endless(), KNOWN, findings=findings)
    assert next(rows).item.text == "text 1"
    assert taken == [1]
    for _ in range(2999):
        next(rows)
    assert len(taken) == 3000
    assert findings.rows == 3000
    told = {one.kind: one for one in findings.summary()}["unknown-label"]
    assert told.count == 1000
    assert len(told.places) == 5


def test_content_in_messages_is_cut_and_valid() -> None:
    _, findings = read({"text": "a", "labels": ["\ud800" + "x" * 1000]}, {"text": "b", "labels": "spam"})
    message = findings["unknown-label"].message
    message.encode()
    assert len(message) < 200
    (findings["unknown-label"].hint or "").encode()


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(KNOWN),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_any_label_is_a_row_or_told(values: list[object]) -> None:
    records = [{"text": str(number), "labels": value} for number, value in enumerate(values)]
    rows, _ = read(*records, {"text": "sure", "labels": "spam"})
    assert rows[-1].labels == {"spam"}
    assert all(row.labels <= set(KNOWN) and row.unknown <= set(KNOWN) for row in rows)
