"""Three answers, kept apart, and what does not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from modcli.errors import Location
from modcli.profile import Action
from modcli.skills.answers import (
    Fail,
    Held,
    SkillVerdict,
    Versions,
    answered,
    purpose_marks,
    rules_digest,
)
from modcli.skills.purpose import Answer, Found, Purpose
from modcli.skills.skill import Axis, Finding, Level
from modcli.skills.suppression import Known, Mark, Suppression
from modcli.verdict import CategoryVerdict
from tests.skills.made import finding, rule, skill

TODAY = date(2031, 5, 20)
VERSIONS = Versions("1", "r" * 64)
FINE = Purpose(Answer.FINE, Action.ALLOW, "")
NOT = Purpose(Answer.NOT, Action.BLOCK, "", {"hacking": Found(CategoryVerdict(0.9, 0.5, Action.BLOCK))})
PERSON = replace(NOT, answer=Answer.PERSON, action=Action.WARN, categories={})
DUAL = Purpose(
    Answer.DUAL_USE,
    Action.ALLOW,
    "",
    {"hacking": Found(CategoryVerdict(0.8, 0.5, Action.ALLOW, "authorized-security"))},
)


def made(
    findings: Sequence[Finding] = (), purpose: Purpose | None = FINE, known: Known | None = None
) -> SkillVerdict:
    return answered(skill(), findings, purpose, VERSIONS, known or Known(today=TODAY))


def suppressed(mark: Mark, expires: date = TODAY) -> Known:
    one = Suppression(mark.rule, mark.path, mark.fingerprint, "read by me", expires, Location("s", 2))
    return Known([one], today=TODAY)


@pytest.mark.parametrize(
    ("levels", "held"),
    [
        ([], Held.NO),
        ([Level.NOTE], Held.NO),
        ([Level.NOTE, Level.WARNING], Held.LOOK),
        ([Level.WARNING, Level.PROBLEM], Held.YES),
    ],
)
@pytest.mark.parametrize("axis", [Axis.HIDDEN, Axis.DANGEROUS])
def test_each_answer_is_what_its_own_findings_are(axis: Axis, levels: list[Level], held: Held) -> None:
    verdict = made([finding(axis, level) for level in levels])
    answers = {Axis.HIDDEN: verdict.hidden, Axis.DANGEROUS: verdict.dangerous}
    assert answers.pop(axis) is held
    assert set(answers.values()) == {Held.NO}


def test_what_was_not_read_may_hold_anything() -> None:
    verdict = made([finding(Axis.COVERAGE, Level.WARNING)])
    assert (verdict.hidden, verdict.dangerous, verdict.is_read) == (Held.LOOK, Held.LOOK, False)
    assert verdict.error is None
    assert verdict.action is Action.WARN
    unread = made([finding(Axis.COVERAGE, Level.PROBLEM)])
    assert unread.error == "SKILL.md: something is there"


def test_the_form_alone_is_nothing_against_a_skill() -> None:
    verdict = made([finding(Axis.FORM, Level.PROBLEM)])
    assert (verdict.action, verdict.agreement) == (Action.ALLOW, "neither")


@pytest.mark.parametrize(
    ("findings", "purpose", "failing", "action", "agreement"),
    [
        ([], FINE, set(), Action.ALLOW, "neither"),
        ([], NOT, {Fail.HARMFUL, Fail.ANY, Fail.WARN}, Action.BLOCK, "judge only"),
        ([], PERSON, {Fail.WARN}, Action.WARN, "neither"),
        ([], DUAL, {Fail.WARN}, Action.WARN, "neither"),
        ([finding()], FINE, {Fail.HIDDEN, Fail.ANY, Fail.WARN}, Action.BLOCK, "rules only"),
        ([finding(Axis.DANGEROUS)], NOT, {*Fail} - {Fail.HIDDEN, Fail.NEVER}, Action.BLOCK, "both"),
        ([finding(Axis.DANGEROUS)], None, {Fail.DANGEROUS, Fail.ANY, Fail.WARN}, Action.BLOCK, "not judged"),
        ([finding(level=Level.WARNING)], FINE, {Fail.WARN}, Action.WARN, "neither"),
    ],
)
def test_what_fails_what_comes_of_it_and_who_objects(
    findings: list[Finding], purpose: Purpose | None, failing: set[Fail], action: Action, agreement: str
) -> None:
    verdict = made(findings, purpose)
    assert {wish for wish in Fail if verdict.fails(wish)} == failing
    assert (verdict.action, verdict.agreement) == (action, agreement)


def test_what_is_let_stand_stays_visible_and_does_not_count() -> None:
    mark = made([finding()]).entries[0].mark
    verdict = made([finding(), finding(excerpt="another")], known=suppressed(mark))
    assert [entry.counts for entry in verdict.entries] == [False, True]
    assert verdict.hidden is Held.YES
    assert [entry.counts for entry in verdict.of(Axis.HIDDEN)] == [True, False]
    assert made([finding()], known=suppressed(mark)).hidden is Held.NO


def test_what_has_expired_counts_and_that_is_told() -> None:
    mark = made([finding()]).entries[0].mark
    verdict = made([finding()], known=suppressed(mark, date(2031, 5, 19)))
    assert verdict.hidden is Held.YES
    assert verdict.entries[0].lapsed is not None


def test_a_purpose_can_be_let_stand_until_anything_in_the_skill_changes() -> None:
    [mark] = purpose_marks(skill(), NOT)
    assert mark.rule == "purpose/hacking"
    verdict = made(purpose=NOT, known=suppressed(mark))
    assert not verdict.fails(Fail.WARN)
    assert verdict.purpose is not None
    assert verdict.purpose.answer is Answer.NOT
    assert purpose_marks(skill(body="one word more"), NOT) != [mark]


def test_a_purpose_without_a_category_is_known_by_saying_nothing() -> None:
    assert [mark.rule for mark in purpose_marks(skill(), PERSON)] == ["purpose/unsaid"]
    assert purpose_marks(skill(), FINE) == []


def test_a_lower_level_is_told_with_the_one_by_the_rule() -> None:
    verdict = answered(
        skill(),
        [finding(level=Level.WARNING)],
        FINE,
        VERSIONS,
        Known(today=TODAY),
        lowered=["no order"],
        by_rule=[Level.PROBLEM],
    )
    entry = verdict.entries[0]
    assert (verdict.hidden, entry.level_by_rule, entry.lowered) == (Held.LOOK, Level.PROBLEM, "no order")


def test_the_digest_of_the_rules_changes_with_any_of_them_and_not_with_their_order() -> None:
    rules = [rule(Axis.HIDDEN), rule(Axis.DANGEROUS)]
    assert rules_digest(rules) == rules_digest(rules[::-1])
    assert rules_digest(rules) != rules_digest(rules[:1])
    assert rules_digest(rules) != rules_digest([replace(rules[0], level=Level.NOTE), rules[1]])


def test_what_could_not_be_judged_is_an_error_of_the_skill() -> None:
    verdict = made(purpose=replace(PERSON, error="the runtime failed"))
    assert verdict.error == "its purpose: the runtime failed"


def test_commands_of_a_plugin_have_ids_of_their_own() -> None:
    whole = skill()
    part = replace(whole, kind="command", main=replace(whole.main, path="commands/go.md"))
    verdict = answered(part, [], None, VERSIONS, Known(today=TODAY))
    assert verdict.id == f"{whole.root}/commands/go.md"
    assert answered(whole, [], None, VERSIONS, Known(today=TODAY)).id == whole.root
