"""What a skill is for: the card first, the passages where needed, and how pieces are combined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.profile import Action, Category, Profile, Shot
from modcli.skills.card import Passage
from modcli.skills.purpose import Answer, PurposeJudge, combine
from modcli.verdict import Verdict
from tests.skills.made import PROFILE, Judge, skill, verdict

LOUD, MEDIUM, QUIET = verdict(hacking=0.9), verdict(hacking=0.3), verdict(hacking=0.1)
BARELY = verdict(hacking=0.6)


def pieces(count: int) -> list[Passage]:
    return [Passage("SKILL.md", i + 1, i + 1, f"piece {i}") for i in range(count)]


@pytest.mark.parametrize(
    ("said", "action", "p"),
    [
        ([LOUD], Action.BLOCK, 0.9),
        ([QUIET], Action.ALLOW, 0.1),
        ([QUIET, LOUD], Action.BLOCK, 0.9),
        # The mean of the odds of the loudest quarter: of one passage in four, of two in eight (1/9 and 9), of three in
        # twelve (twice 1/9 and 1.5; twice 9 and 1/9).
        ([QUIET, QUIET, QUIET, QUIET, BARELY], Action.BLOCK, 0.6),
        ([QUIET] * 8 + [LOUD], Action.BLOCK, 0.82),
        ([QUIET] * 12 + [BARELY], Action.ALLOW, 0.3647),
        ([QUIET] * 11 + [LOUD, LOUD], Action.BLOCK, 0.8579),
        ([MEDIUM, QUIET, BARELY], Action.BLOCK, 0.6),
        ([LOUD, QUIET, QUIET], Action.BLOCK, 0.9),
        ([MEDIUM, MEDIUM], Action.ALLOW, 0.3),
    ],
)
def test_the_card_counts_and_passages_by_the_mean_of_their_odds_or_where_the_card_supports_them(
    said: list[Verdict], action: Action, p: float
) -> None:
    found_action, found, _ = combine(PROFILE, pieces(len(said)), said)
    assert (found_action, round(found["hacking"].verdict.probability, 4)) == (action, p)


def test_what_one_passage_alone_says_is_told_and_does_not_count() -> None:
    action, found, reason = combine(PROFILE, pieces(9), [QUIET, BARELY, *[QUIET] * 7])
    assert action is Action.ALLOW
    assert found["hacking"].alone == 0.6
    assert "a passage speaks of hacking 0.60, and the others do not" in reason


def test_witnesses_are_the_pieces_that_speak_for_it_the_loudest_first() -> None:
    _, found, _ = combine(PROFILE, pieces(4), [MEDIUM, QUIET, LOUD, QUIET])
    assert [(w.what, w.line, w.probability) for w in found["hacking"].witnesses] == [
        ("passage", 3, 0.9),
        ("card", 1, 0.3),
    ]


def test_an_exception_needs_no_support_and_calls_off_only_what_is_less_probable() -> None:
    said = [verdict(hacking=0.8, authorized=0.95), verdict(hacking=0.7, authorized=0.0)]
    action, found, _ = combine(PROFILE, pieces(2), said)
    assert action is Action.ALLOW
    assert found["hacking"].verdict.exempted_by == "authorized-security"
    weaker = [verdict(hacking=0.8, authorized=0.7), verdict(hacking=0.7, authorized=0.0)]
    assert combine(PROFILE, pieces(2), weaker)[0] is Action.BLOCK


@given(st.lists(st.floats(0, 0.99), min_size=2, max_size=12))
def test_the_skill_is_between_its_least_and_its_most_probable_piece(values: list[float]) -> None:
    _, found, _ = combine(PROFILE, pieces(len(values)), [verdict(hacking=p) for p in values])
    p = found["hacking"].verdict.probability
    assert max(values[0], min(values)) - 1e-9 <= p <= max(values) + 1e-9


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.integers(1, 11), st.floats(0, 1))
def test_a_louder_passage_makes_no_skill_less_probable(values: list[float], i: int, louder: float) -> None:
    raised = [max(p, louder) if place == i else p for place, p in enumerate(values)]
    before, after = (
        combine(PROFILE, pieces(len(values)), [verdict(hacking=p) for p in some])[1]["hacking"].verdict
        for some in (values, raised)
    )
    assert after.probability >= before.probability


def test_a_card_that_rules_all_out_settles_it() -> None:
    judge = Judge({"payload": LOUD})
    purposes = PurposeJudge(judge, PROFILE)
    [purpose] = purposes.judge([skill(body="payload\n")])
    assert (purpose.answer, purpose.stage, purpose.read, purpose.pieces) == (Answer.FINE, "card", 0.0, 1)
    assert len(judge.texts) == 1
    assert purposes.shares.skills == {"card": 1}


def test_a_brief_card_settles_nothing() -> None:
    judge = Judge({"payload": LOUD})
    [purpose] = PurposeJudge(judge, PROFILE).judge([skill("Keeps notes on parcels.", "payload\n")])
    assert (purpose.answer, purpose.stage, purpose.says_purpose) == (Answer.NOT, "passages", True)


def test_a_card_that_nothing_calls_off_is_enough() -> None:
    plain = Profile(
        name="p", description="", categories=(Category("hacking", Action.BLOCK, examples=(Shot("x"),)),)
    )
    [purpose] = PurposeJudge(Judge({"toc:": LOUD}), plain).judge([skill(body="harmless\n")])
    assert (purpose.answer, purpose.stage, purpose.pieces) == (Answer.NOT, "card", 1)


def test_no_more_passages_are_read_than_asked_for() -> None:
    long = skill("Keeps notes.", "".join(f"## Part {i}\n{'word ' * 80}\n" for i in range(20)))
    [purpose] = PurposeJudge(Judge({}), PROFILE, most=4).judge([long])
    assert purpose.pieces == 5
    assert 0 < purpose.read < 0.5


def test_an_unsure_card_is_not_enough() -> None:
    judge = Judge({"toc:": MEDIUM, "payload": LOUD})
    [purpose] = PurposeJudge(judge, PROFILE).judge([skill(body="payload\n")])
    assert (purpose.answer, purpose.stage, purpose.read) == (Answer.NOT, "passages", 1.0)
    assert purpose.decided_by == ["hacking"]


def test_a_loud_card_counts_by_itself_and_the_body_is_read_for_what_calls_it_off() -> None:
    [purpose] = PurposeJudge(Judge({"toc:": LOUD}), PROFILE).judge([skill(body="harmless\n")])
    assert (purpose.answer, purpose.stage) == (Answer.NOT, "passages")
    stated = Judge({"toc:": LOUD, "agreed": verdict(hacking=0.2, authorized=0.95)})
    [purpose] = PurposeJudge(stated, PROFILE).judge([skill(body="agreed in writing\n")])
    assert purpose.answer is Answer.DUAL_USE


def test_a_skill_that_never_says_what_it_is_for_is_judged_by_its_text_and_that_is_said() -> None:
    vague = skill("Helps you.", "payload\n\n", {"more.md": "payload as well\n"})
    [purpose] = PurposeJudge(Judge({"payload": LOUD}), PROFILE).judge([vague])
    assert purpose.answer is Answer.NOT
    assert not purpose.says_purpose
    assert purpose.reason.startswith("it never says what it is for; ")


def test_a_skill_that_says_nothing_and_holds_nothing_needs_a_person() -> None:
    [purpose] = PurposeJudge(Judge({}), PROFILE).judge([skill("Helps you.", "")])
    assert (purpose.answer, purpose.action) == (Answer.PERSON, Action.WARN)
    [purpose] = PurposeJudge(Judge({}), PROFILE).judge([skill("Helps you.", "Formats tables.\n")])
    assert purpose.answer is Answer.FINE


def test_a_high_risk_field_needs_a_person() -> None:
    judge = Judge({}, verdict(hacking=0.1, medical=0.8))
    [purpose] = PurposeJudge(judge, PROFILE).judge([skill(body="text\n")])
    assert (purpose.answer, purpose.decided_by) == (Answer.PERSON, ["medical"])
    assert purpose.answer.told == "needs a person"


def test_security_work_that_states_its_authorization_is_an_answer_of_its_own() -> None:
    judge = Judge({}, verdict(hacking=0.8, authorized=0.9))
    [purpose] = PurposeJudge(judge, PROFILE).judge([skill(body="text\n")])
    assert (purpose.answer, purpose.action) == (Answer.DUAL_USE, Action.ALLOW)
    assert purpose.answer.told == "dual-use, states authorization"
    assert purpose.decided_by == ["hacking"]


def test_everything_is_read_where_that_is_asked_for() -> None:
    plain = skill(body="payload\n", others={"more.md": "payload as well\n"})
    judge = Judge({"payload": LOUD})
    assert PurposeJudge(judge, PROFILE, everything=True).judge([plain])[0].answer is Answer.NOT
    found = PurposeJudge(judge, PROFILE).judge([plain, plain], [True, False])
    assert [purpose.stage for purpose in found] == ["passages", "card"]


def test_what_cannot_be_judged_is_never_fine() -> None:
    failed = Verdict("", Action.WARN, error="the runtime failed")
    [purpose] = PurposeJudge(Judge({"toc:": failed}), PROFILE).judge([skill(body="text\n")])
    assert (purpose.answer, purpose.error) == (Answer.PERSON, "the runtime failed")


def test_answers_are_in_the_order_of_the_skills() -> None:
    judge = Judge({"two:": verdict(hacking=0.3), "payload": LOUD, "four:": verdict(hacking=0.3)})
    skills = [
        skill(name="one"),
        skill(name="two", body="payload\n"),
        skill(name="three"),
        skill(name="four", body="clean\n"),
    ]
    found = PurposeJudge(judge, PROFILE).judge(skills)
    assert [p.answer for p in found] == [Answer.FINE, Answer.NOT, Answer.FINE, Answer.FINE]
    assert PurposeJudge(judge, PROFILE).judge([]) == []


def test_the_judge_sees_texts_and_nothing_of_rules() -> None:
    judge = Judge({})
    PurposeJudge(judge, PROFILE).judge([skill(body="text\n")], [True])
    assert judge.texts == [
        "toc: Adds a table of contents to long Markdown files, with links to each heading.",
        "text",
    ]
