"""Verdicts as JSON Lines: the form that scripts rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modcli.item import Item
from modcli.reports.output import Output
from modcli.verdict import Verdict


class JsonlReport:
    """One object a line, as `Verdict.as_record` has it.

    With `definitions` (category: definition) each category that fired also has its definition, and each
    category the examples that weighed most.
    """

    def __init__(self, output: Output, definitions: Mapping[str, str] | None = None) -> None:
        self._output = output
        self._definitions = definitions

    def write(self, item: Item, verdict: Verdict) -> None:
        """Add a line."""
        record = verdict.as_record()
        if "truncated_bytes" in item.metadata:
            record["truncated_bytes"] = item.metadata["truncated_bytes"]
        if self._definitions is not None:
            _explain(record, verdict, self._definitions)
        self._output.write(json_line(record))

    def close(self) -> None:
        """Nothing comes after the last line."""


def json_line(record: Mapping[str, Any]) -> bytes:
    """The record as one line of UTF-8, with all that is invisible or acts on a terminal escaped."""
    line = json.dumps(record, ensure_ascii=False)
    if not line.isprintable():
        # Outside its strings JSON is printable, so each such character may be written as an escape.
        line = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
    return line.encode() + b"\n"


def _explain(record: dict[str, Any], verdict: Verdict, definitions: Mapping[str, str]) -> None:
    for name, found in verdict.categories.items():
        entry = record["categories"][name]
        if found.shots:
            entry["shots"] = list(found.shots)
        if found.fired and definitions.get(name):
            entry["definition"] = definitions[name]
