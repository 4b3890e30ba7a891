"""The record of a verdict on a skill."""

from __future__ import annotations

import io
import json

from modcli.reports.output import Output
from modcli.reports.skills_record import SkillsJsonl, as_record
from tests.reports.skill_verdicts import bad_verdict, fine_verdict


def test_the_three_answers_coverage_and_versions_of_a_fine_skill() -> None:
    record = as_record(fine_verdict())
    assert record["action"] == "allow"
    assert record["purpose"]["answer"] == "fine"
    assert (record["purpose"]["stage"], record["purpose"]["read"]) == ("card", 0.0)
    assert record["hidden"] == record["dangerous"] == {"answer": "no", "findings": []}
    assert record["coverage"]["complete"] is True
    assert record["agreement"] == "neither"
    assert record["versions"] == {
        "modcli": "1.2",
        "rules": "a" * 64,
        "model": "b" * 64,
        "profile": "c" * 64,
        "adjudicated": True,
    }
    assert "error" not in record


def test_what_decided_stands_with_its_lines() -> None:
    purpose = as_record(bad_verdict())["purpose"]
    assert purpose["decided_by"] == ["hacking"]
    assert purpose["categories"]["hacking"]["where"] == [
        {"what": "passage", "path": "SKILL.md", "line": 5, "last_line": 9, "p": 0.9},
        {"what": "card", "path": "SKILL.md", "line": 3, "last_line": 3, "p": 0.4},
    ]
    assert purpose["categories"]["medical"]["one_passage_alone"] == 0.7
    assert purpose["read"] == 0.9999, "what was not read to its end is never told as 1"
    assert purpose["known_by"][0]["rule"] == "purpose/hacking"


def test_findings_that_do_not_count_are_there_with_the_reason() -> None:
    record = as_record(bad_verdict())
    assert record["hidden"]["answer"] == "yes"
    found = {one["excerpt"]: one for one in record["hidden"]["findings"]}
    assert found["a licence note"]["does_not_count"] == "suppressed"
    assert found["a licence note"]["because"] == "read by me"
    assert found["a licence note"]["until"] == "2031-05-20"
    assert found["known before"]["does_not_count"] == "baseline"
    assert (found["lowered"]["level"], found["lowered"]["level_by_rule"]) == ("warning", "problem")
    assert found["expired"]["suppression_expired"] == "2030-01-01"
    assert "does_not_count" not in found["expired"]


def test_coverage_names_every_file_and_why_one_was_not_read() -> None:
    coverage = as_record(bad_verdict())["coverage"]
    assert coverage["complete"] is False
    assert [one["path"] for one in coverage["files"]] == ["SKILL.md", "scripts/a b.py", "big.txt"]
    assert coverage["files"][2] | {"sha256": ""} == {
        "path": "big.txt",
        "role": "document",
        "size": 9,
        "read": "cut",
        "sha256": "",
        "encoding": "utf-8",
        "why": "longer than 1 byte",
    }


def test_dangerous_findings_name_what_is_in_reach() -> None:
    [one] = as_record(bad_verdict())["dangerous"]["findings"]
    assert one["near"] == [{"path": "SKILL.md", "line": 7, "what": "the source"}]
    assert one["last_line"] == 8


def test_a_line_is_one_object_in_which_nothing_acts_on_a_terminal() -> None:
    stream = io.BytesIO()
    report = SkillsJsonl(Output(stream))
    report.write(bad_verdict())
    report.unread("x\x1b[2J.zip", "no ZIP")
    report.close()
    lines = stream.getvalue().decode().splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    assert json.loads(lines[0])["name"] == "bad"
    assert json.loads(lines[1]) == {"version": 1, "id": "x\x1b[2J.zip", "error": "no ZIP"}
