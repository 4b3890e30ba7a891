"""CSV: one row a verdict, and no cell that a spreadsheet would execute."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from modcli.reports.csv import CsvReport, inert
from tests.reports.examples import ALLOWED, BLOCKED, ERROR, HOSTILE, item, sink_and_output, written


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_a_verdict() -> None:
    sink, output = sink_and_output()
    report = CsvReport(output, ["toxicity", "spam"])
    found = rows(written(report, sink, [(item(), BLOCKED), (item(text="a, b"), ALLOWED), (item(), ERROR)]))
    assert [row["action"] for row in found] == ["block", "allow", "warn"]
    assert (found[0]["category"], found[0]["p"], found[0]["p:spam"]) == ("toxicity", "0.9123", "0.99")
    assert (found[1]["text"], found[1]["p:toxicity"], found[1]["p:spam"]) == ("a, b", "0.02", "")
    assert (found[2]["category"], found[2]["error"]) == ("", ERROR.error)
    assert len(sink.records) == 4


def test_what_was_not_read_to_its_end_is_never_read_in_full() -> None:
    sink, output = sink_and_output()
    both = [(item(), BLOCKED), (item(), replace(BLOCKED, read=0.99999))]
    assert [row["read"] for row in rows(written(CsvReport(output, []), sink, both))] == ["1.0", "0.9999"]


def test_no_verdict_still_a_header() -> None:
    sink, output = sink_and_output()
    assert written(CsvReport(output, ["x"]), sink, []).startswith("id,action,category,p,")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1+1", "'＝1+1"),
        ("a=1", "a=1"),
        ("", ""),
        ("'=1", "'=1"),
    ],
)
def test_formulas(cell: str, shown: str) -> None:
    assert inert(cell) == shown


def test_hostile_cells_everywhere() -> None:
    sink, output = sink_and_output()
    verdict = replace(ERROR, id="=cmd|' /C calc'!A0", reason=HOSTILE, error='@x,"\n=1', rationale="-2")
    (row,) = rows(written(CsvReport(output, ["=bad"]), sink, [(item(text="+" + HOSTILE), verdict)]))
    assert row["id"] == "'=cmd|' /C calc'!A0"
    assert row["error"] == "'@x,\"\n=1"
    assert row["text"].startswith("'+")
    assert "p:=bad" in row
    assert b"\x1b" not in sink.getvalue()
    assert "\u202e" not in sink.getvalue().decode()
