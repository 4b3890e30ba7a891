"""A profile's tests as a table and as JSON."""

from __future__ import annotations

import io
import json

from rich.console import Console

from modcli.errors import Location
from modcli.evaluation.expectations import Comparison, Outcome, compare, kept_run
from modcli.profile import Action, Category, Profile, Task
from modcli.profiles.expectations import Expectation, ProfileTests
from modcli.reports.expectations import print_outcomes, records, told_edits
from modcli.reports.jsonl import json_line
from modcli.verdict import CategoryVerdict, Verdict

PROFILE = Profile("mine", (Category("rude", Action.BLOCK, "Insults."), Category("spam", Action.WARN, "Ads.")))


def outcome(
    text: str, expected: Action, action: Action, p: float, near: str = "", error: str | None = None
) -> Outcome:
    one = Expectation(text, expected, "tests[1]", Location("mine.yaml", 3, 5), "rude", "Names people.", near)
    found = {"rude": CategoryVerdict(p, 0.5, action)}
    return Outcome(one, Verdict("tests[1]", action, found, "reading", f"rude {p}", error=error))


GOOD = outcome("you clown", Action.BLOCK, Action.BLOCK, 0.9)
BAD = outcome("clowning\x1b[2J around", Action.ALLOW, Action.BLOCK, 0.6, near="you clown")
BROKEN = outcome("x" * 2000, Action.BLOCK, Action.WARN, 0.1, error="too long")


def printed(outcomes: list[Outcome], comparison: Comparison | None = None, width: int = 100) -> str:
    stream = io.StringIO()
    tests = ProfileTests(PROFILE, tuple(one.expectation for one in outcomes))
    print_outcomes(Console(file=stream, width=width, highlight=False), tests, outcomes, comparison)
    return stream.getvalue()


def since_last_run(
    before: list[Outcome], after: list[Outcome], edited: Profile = PROFILE, version: str = "1"
) -> Comparison:
    first = kept_run(PROFILE, before, when=0.0, version="1")
    return compare(first, kept_run(edited, after, when=9.0, version=version), after, Task.MULTI_LABEL)


def test_a_table_with_the_failed_ones_explained() -> None:
    text = printed([GOOD, BAD, BROKEN])
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "mine: 3 tests"
    assert lines[2].split() == ["pass", "block", "block", "0.90", "rude", "you", "clown"]
    assert lines[3].split()[:4] == ["FAIL", "allow", "block", "0.60"]
    assert lines[4].split()[:4] == ["FAIL", "block", "not", "judged"]
    assert lines[4].endswith("…")
    assert "    should be allowed, is blocked: rude 0.6" in lines
    assert '    it differs in little from "you clown"' in lines
    assert "    reason given for the pair: Names people." in lines
    assert "    could not be judged: too long" in lines
    assert "since the last run" not in text
    assert "\x1b" not in text
    assert r"\x1b[2J" in text
    assert max(map(len, printed([GOOD, BAD, BROKEN], width=40).splitlines())) <= 40


def test_what_moved_is_told_apart() -> None:
    before = outcome("you clown", Action.BLOCK, Action.ALLOW, 0.3)
    edited = Profile("mine", (PROFILE.categories[0], Category("spam", Action.WARN, "Adverts.")))
    text = printed([GOOD], since_last_run([before], [GOOD], edited))
    assert "* not so at the last run" in text
    assert "you edited spam (definition)" in text
    assert '  moved without reason\n    rude 0.30 -> 0.90, allowed -> blocked: "you clown"' in text
    assert "followed the edit" not in text
    edited = Profile("mine", (Category("rude", Action.BLOCK, "Insults of all kinds."), PROFILE.categories[1]))
    text = printed([GOOD], since_last_run([before], [GOOD], edited))
    assert '  followed the edit\n    rude 0.30 -> 0.90, allowed -> blocked: "you clown"' in text
    assert "moved without reason" not in text


def test_nothing_is_said_where_nothing_happened() -> None:
    assert "since the last run" not in printed([GOOD], since_last_run([GOOD], [GOOD]))
    edited = Profile("mine", (PROFILE.categories[0],))
    assert "you edited spam (removed)\n  no verdict moved" in printed(
        [GOOD], since_last_run([GOOD], [GOOD], edited)
    )


def test_a_failure_that_is_new_says_so() -> None:
    fine = outcome("clowning\x1b[2J around", Action.ALLOW, Action.ALLOW, 0.3)
    text = printed([BAD], since_last_run([fine], [BAD], version="2"))
    assert "it passed at the last run" in text
    assert "the profile was not edited" in text
    assert "modcli itself was changed as well" in text
    other = outcome("clowning\x1b[2J around", Action.BLOCK, Action.BLOCK, 0.6)
    text = printed([BAD], since_last_run([other], [BAD]))
    assert "it passed before the test was edited" in text
    assert "1 test expects another action than before" in text


def test_one_object_a_test() -> None:
    before = outcome("you clown", Action.BLOCK, Action.ALLOW, 0.3)
    found = list(records("mine", [GOOD, BAD, BROKEN], since_last_run([before], [GOOD, BAD])))
    assert json.loads(json_line(found[0])) == {
        "profile": "mine",
        "test": "tests[1]",
        "at": "mine.yaml:3:5",
        "text": "you clown",
        "category": "rude",
        "expected": "block",
        "action": "block",
        "p": 0.9,
        "threshold": 0.5,
        "stage": "reading",
        "passed": True,
        "passed_before": False,
        "test_edited": False,
        "moved": [
            {
                "category": "rude",
                "followed_the_edit": False,
                "before": {"p": 0.3, "action": "allow"},
                "after": {"p": 0.9, "action": "block"},
            }
        ],
    }
    assert (found[1]["near"], found[1]["passed"], found[1]["passed_before"]) == ("you clown", False, None)
    assert found[1]["why"] == "should be allowed, is blocked: rude 0.6"
    assert found[2]["error"] == "too long"
    first = next(records("mine", [GOOD], None))
    assert "moved" not in first
    assert "why" not in first


def test_edits_in_words() -> None:
    edited = Profile(
        "mine",
        (Category("rude", Action.WARN, "Insults.", threshold=0.2), Category("coins", Action.BLOCK)),
        task=Task.BINARY,
    )
    assert told_edits(since_last_run([], [], edited).edits) == (
        "rude (action, threshold), spam (removed), coins (added), task"
    )
