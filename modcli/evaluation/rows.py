"""Items with labels to labelled rows."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modcli.errors import Location, UsageError
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.row_findings import RowFinding, RowFindings, shown
from modcli.item import Item

__all__ = ("LABEL_FIELD", "UNKNOWN_FIELD", "RowFinding", "RowFindings", "read_rows")

LABEL_FIELD, UNKNOWN_FIELD = "labels", "unknown"


class _Unusable(ValueError):
    """Why labels cannot be understood, in words."""


@dataclass
class _Said:
    """Labels as they stand in a row: those that it has, those that nobody knows, and those that it has not."""

    of: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    not_of: set[str] = field(default_factory=set)


def read_rows(
    items: Iterable[Item],
    known: Collection[str],
    *,
    label_field: str = LABEL_FIELD,
    unknown_field: str = UNKNOWN_FIELD,
    mapping: Mapping[str, str] | None = None,
    findings: RowFindings | None = None,
) -> Iterator[LabelledRow]:
    """Rows as they are read, from items with both fields in `metadata["fields"]` (`read_jsonl(keep=...)`).

    The label field holds a label, a list of them, or an object that says 1, true, 0, false or null (unknown) of each;
    null, an empty text or an empty list is none. A label may be a number or a truth value. The unknown field holds a
    label or a list of them. `known` are the categories of the profile, `mapping` goes from a label in the file to one
    of them, or to "" for none; a label that is no category even so is as none, and told to the findings.

    An item that cannot be used is kept out and told to the findings. Raises UsageError at once where the mapping
    names a category that is not known; at the end where there were labels but none of a known category, or items but
    none with the label field.
    """
    mapping = mapping or {}
    _check(mapping, known)
    findings = findings or RowFindings()
    findings.expect(known, mapping)
    return _read(items, frozenset(known), label_field, unknown_field, mapping, findings)


def _read(
    items: Iterable[Item],
    known: frozenset[str],
    label_field: str,
    unknown_field: str,
    mapping: Mapping[str, str],
    findings: RowFindings,
) -> Iterator[LabelledRow]:
    first: Item | None = None
    for item in items:
        if first is None or first.error is not None:
            first = item
        fields = item.metadata.get("fields", {})
        if item.error is not None:
            findings.kept_out_row("unreadable", item, item.error)
        elif label_field not in fields:
            findings.kept_out_row("unlabelled", item, f"no field {shown(label_field)}")
        else:
            try:
                said = _said(fields[label_field], label_field)
                said.unknown |= _names(fields.get(unknown_field), unknown_field)
            except _Unusable as unusable:
                findings.kept_out_row("bad label", item, str(unusable))
                continue
            if item.text.strip():
                yield _row(item, said, known, mapping, findings)
            else:
                findings.empty_row(item)
    _refuse(first, label_field, findings)


def _row(
    item: Item, said: _Said, known: frozenset[str], mapping: Mapping[str, str], findings: RowFindings
) -> LabelledRow:
    ours: dict[str, set[str]] = {"of": set(), "unknown": set()}
    for part, labels in (("of", said.of), ("unknown", said.unknown), ("not_of", said.not_of)):
        for label in labels:
            name = mapping.get(label, label)
            if label in mapping:
                findings.mapped(label)
            if name in known:
                findings.known_label(name)
                ours.get(part, set()).add(name)
            elif name and part != "unknown":
                findings.strange_label(label, item, rows=part == "of")
    # Several labels of theirs may be one of ours: of any is of it.
    unknown = ours["unknown"] - ours["of"]
    findings.row(item, ours["of"], unknown)
    return LabelledRow(item, frozenset(ours["of"]), frozenset(unknown))


def _check(mapping: Mapping[str, str], known: Collection[str]) -> None:
    for theirs, name in mapping.items():
        if name and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            guess = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"--map {theirs}={name}: the profile has no category {shown(name)}",
                hint=f"{guess}there are: {', '.join(known) or 'none'}; nothing after = means none of them",
            )


def _refuse(first: Item | None, label_field: str, findings: RowFindings) -> None:
    """Raise UsageError where the rows cannot be what was meant."""
    if first is None:
        return
    location = Location(first.location.name)
    if findings.unlabelled and findings.unlabelled == findings.readable:
        there_are = ", ".join(shown(key) for key in _fields(first))
        raise UsageError(
            f"no row has a field {shown(label_field)}" + (f" (there are: {there_are})" if there_are else ""),
            location=location,
            hint="name the field that holds the labels: --label-field NAME",
        )
    if findings.labels_seen and not findings.labelled:
        raise UsageError(
            f"none of the labels is a category of the profile: {findings.strange_labels()}",
            location=location,
            hint=findings.how_to_map(),
        )


def _fields(item: Item, most: int = 6) -> list[str]:
    """The fields of the record that an item was read from, for somebody who has to name the right one."""
    try:
        record = json.loads(item.raw)
    except (ValueError, RecursionError):
        return []
    return list(record)[:most] if isinstance(record, dict) else []


def _said(value: Any, name: str) -> _Said:
    if not isinstance(value, dict):
        return _Said(of=_names(value, name))
    said = _Said()
    for label, one in value.items():
        # Not by `in`: a value that is no scalar cannot be looked up.
        if one is None:
            said.unknown.add(label)
        elif isinstance(one, int | float) and one in (0, 1):
            (said.of if one else said.not_of).add(label)
        else:
            raise _Unusable(
                f"field {shown(name)} says {_told(one)} of {shown(label)}: neither 0 nor 1 nor null"
            )
    return said


def _names(value: Any, name: str) -> set[str]:
    """The labels in a value that is one, several or none."""
    values = value if isinstance(value, list) else [value]
    return {word for one in values if (word := _word(one, name))}


def _word(value: Any, name: str) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else str(value)
        case _:
            raise _Unusable(f"field {shown(name)} holds {_told(value)}: no label")


def _told(value: Any) -> str:
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return shown(str(value))
