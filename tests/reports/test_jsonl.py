"""JSON Lines: valid whatever the content, and safe to print."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modcli.reports.jsonl import JsonlReport, json_line
from tests.reports.examples import ALLOWED, BLOCKED, ERROR, HOSTILE, item, sink_and_output, written


def test_a_line_a_verdict_each_written_at_once() -> None:
    sink, output = sink_and_output()
    written(JsonlReport(output), sink, [(item(), BLOCKED), (item(), ALLOWED), (item(), ERROR)])
    records = [json.loads(line) for line in sink.records]
    assert records[0] == {
        "id": "posts.txt:7",
        "action": "block",
        "categories": {
            "toxicity": {"p": 0.9123, "action": "block"},
            "spam": {"p": 0.99, "action": "warn"},
            "self-praise": {"p": 0.1, "action": "allow"},
        },
        "stage": "reading",
        "reason": "toxicity 0.91, above 0.50",
        "model": "m1",
        "profile": "p1",
    }
    assert records[2]["error"] == ERROR.error


def test_an_explanation_names_shots_and_definition() -> None:
    sink, output = sink_and_output()
    verdict = replace(BLOCKED, rationale="It insults a person.")
    report = JsonlReport(output, {"toxicity": "Insults.", "self-praise": "Boasting."})
    (record,) = map(json.loads, written(report, sink, [(item(), verdict)]).splitlines())
    assert record["rationale"] == "It insults a person."
    assert record["categories"]["toxicity"] == {
        "p": 0.9123,
        "action": "block",
        "shots": ["you fool"],
        "definition": "Insults.",
    }
    assert record["categories"]["self-praise"] == {"p": 0.1, "action": "allow"}


def test_what_was_not_read_is_said() -> None:
    sink, output = sink_and_output()
    text = written(JsonlReport(output), sink, [(item(metadata={"truncated_bytes": 7}), ALLOWED)])
    assert json.loads(text)["truncated_bytes"] == 7


@given(st.text(st.characters()) | st.just(HOSTILE))
def test_any_text_survives_and_none_acts(text: str) -> None:
    line = json_line({"id": text, text: ["x"]})
    assert json.loads(line) == {"id": text, text: ["x"]}
    assert line.decode().removesuffix("\n").isprintable()
