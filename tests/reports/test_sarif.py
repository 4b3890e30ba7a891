"""SARIF 2.1.0: what the specification asks for, and the official schema where it is on the machine."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from modcli.reports.output import Output
from modcli.reports.sarif import SkillsSarif
from modcli.skills.answers import SkillVerdict
from modcli.skills.skill import Axis, Level
from tests.reports.skill_verdicts import VERSIONS, bad_verdict, fine_verdict
from tests.skills.made import PROFILE, rule

RULES = [rule(axis, Level.PROBLEM) for axis in Axis]
#: The file `sarif-schema-2.1.0.json` of OASIS, from the environment as it is outside of the tests.
SCHEMA = os.environ.get("MODCLI_TEST_SARIF_SCHEMA")


def document(*verdicts: SkillVerdict, folder: Path = Path("/here"), baseline: bool = False) -> Any:
    stream = io.BytesIO()
    report = SkillsSarif(Output(stream), RULES, PROFILE, VERSIONS, folder=folder, baseline=baseline)
    for verdict in verdicts:
        report.write(verdict)
    report.unread("broken.zip", "no ZIP")
    report.close()
    return json.loads(stream.getvalue())


@pytest.fixture
def run() -> Any:
    return document(bad_verdict(), fine_verdict())["runs"][0]


def test_the_frame() -> None:
    made = document()
    assert made["version"] == "2.1.0"
    assert made["$schema"].endswith("sarif-schema-2.1.0.json")
    driver = made["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("modcli", "1.2")
    assert driver["properties"]["rulesDigest"] == "a" * 64
    assert driver["properties"]["modelDigest"] == "b" * 64
    assert driver["properties"]["profileDigest"] == "c" * 64


def test_every_result_has_its_rule_and_every_rule_its_help(run: Any) -> None:
    rules = run["tool"]["driver"]["rules"]
    ids = [one["id"] for one in rules]
    assert len(set(ids)) == len(ids)
    assert {"hidden-thing", "purpose/hacking", "purpose/medical", "purpose/unsaid"} <= set(ids)
    assert "purpose/authorized-security" not in ids
    for one in rules:
        assert one["shortDescription"]["text"]
        assert one["fullDescription"]["text"]
        assert "How to fix it" in one["help"]["text"]
        assert one["name"].isalnum()
        assert one["defaultConfiguration"]["level"] in ("error", "warning", "note")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        assert len(result["partialFingerprints"]["modcliSkills/v1"]) == 16


def test_places_are_relative_uris_with_lines(run: Any) -> None:
    [dangerous] = [one for one in run["results"] if one["properties"]["axis"] == "dangerous"]
    place = dangerous["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "skills/bad/scripts/a%20b.py"
    assert (place["region"]["startLine"], place["region"]["endLine"]) == (6, 8)
    assert dangerous["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    [coverage] = [one for one in run["results"] if one["properties"]["axis"] == "coverage"]
    assert "region" not in coverage["locations"][0]["physicalLocation"]


@pytest.mark.parametrize(
    ("root", "uri"),
    [
        ("/here/skills/bad", "skills/bad/SKILL.md"),
        ("/else where/bad", "file:///else%20where/bad/SKILL.md"),
        (".", "SKILL.md"),
        ("skills/SKILL.md", "skills/SKILL.md"),
        ("a?b#c", "a%3Fb%23c/SKILL.md"),
    ],
)
def test_a_uri_is_told_from_the_folder(root: str, uri: str) -> None:
    results = document(bad_verdict(root))["runs"][0]["results"]
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_the_purpose_is_a_result_with_the_pieces_that_decided(run: Any) -> None:
    [purpose] = [one for one in run["results"] if one["properties"]["axis"] == "purpose"]
    assert (purpose["ruleId"], purpose["level"]) == ("purpose/hacking", "error")
    assert purpose["locations"][0]["physicalLocation"]["region"] == {"startLine": 5, "endLine": 9}
    assert purpose["relatedLocations"][0]["message"]["text"] == "card: 0.40"


def test_what_does_not_count_is_suppressed_with_its_reason(run: Any) -> None:
    suppressed = [one["suppressions"] for one in run["results"] if one["suppressions"]]
    assert [one[0]["justification"] for one in suppressed] == [
        "read by me (until 2031-05-20)",
        "in the baseline",
    ]
    assert {one[0]["kind"] for one in suppressed} == {"external"}


def test_with_a_baseline_each_result_is_new_or_unchanged() -> None:
    results = document(bad_verdict(), baseline=True)["runs"][0]["results"]
    assert {one["baselineState"] for one in results} == {"new", "unchanged"}
    assert all("baselineState" not in one for one in document(bad_verdict())["runs"][0]["results"])


def test_hostile_text_holds_neither_links_nor_arguments_nor_escapes() -> None:
    verdict = bad_verdict()
    told = "see [this](http://x.example) {0}\x1b[2J"
    entry = verdict.entries[0]
    object.__setattr__(entry.finding, "told", told)
    text = document(verdict)["runs"][0]["results"][0]["message"]["text"]
    assert text == "see [this] (http://x.example) {{0}}\\x1b[2J"


def test_what_could_not_be_read_is_a_notification(run: Any) -> None:
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "no ZIP"


def test_files_and_answers_are_there(run: Any) -> None:
    assert [one["properties"]["read"] for one in run["artifacts"]] == ["read", "read", "cut", "read"]
    assert run["properties"]["skills"][0]["hidden"] == "yes"
    assert run["properties"]["skills"][0]["complete"] is False
    assert run["properties"]["skills"][1]["purpose"] == "fine"


@pytest.mark.skipif(not SCHEMA, reason="MODCLI_TEST_SARIF_SCHEMA names no sarif-schema-2.1.0.json")
@pytest.mark.parametrize("baseline", [False, True])
def test_the_official_schema_holds(baseline: bool) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(Path(SCHEMA or "").read_text("utf-8"))
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    made = document(bad_verdict(), fine_verdict(), bad_verdict("/else where/bad"), baseline=baseline)
    assert [error.message for error in validator.iter_errors(made)] == []
    broken = made | {"version": "2.0.0"}
    assert list(validator.iter_errors(broken)), "the schema refuses something"
