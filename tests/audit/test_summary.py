"""Counts and risks by month, author, thread and category."""

from __future__ import annotations

from typing import Any

import pytest

from modcli.audit.outcomes import Decision, Outcome, Piece
from modcli.audit.summary import NO_DATE, Summary, summarize
from modcli.profile import Action

ACTIONS = {"toxicity": Action.BLOCK, "rudeness": Action.WARN, "sadness": Action.ALLOW}
THRESHOLDS = {"toxicity": 0.5, "rudeness": 0.4, "sadness": 0.5}


def outcome(number: int, severity: int | None = 0, **fields: Any) -> Outcome:
    told: dict[str, Any] = {
        "key": f"key{number}",
        "kind": "post",
        "handle": "ada@a.example",
        "author_url": "",
        "author_name": "",
        "published": "2026-01-05T10:00:00Z",
        "edited": None,
        "url": f"https://a.example/{number}",
        "uri": "",
        "visibility": "public",
        "sensitive": False,
        "language": "en",
        "in_reply_to": "",
        "conversation": "",
        "target": "",
        "media": 0,
        "details": {},
        "place": f"x:{number}",
        "pieces": (Piece("text", number, f"text {number}"),),
    }
    if severity is not None:
        told |= {
            "severity": severity,
            "category": "toxicity",
            "p": 0.1,
            "scores": {"toxicity": 0.1},
            "part": "text",
        }
    return Outcome(number, **(told | fields))


def summary(*items: Outcome) -> Summary:
    return summarize(items, ACTIONS, THRESHOLDS)


def test_what_is_not_judged_is_not_allowed() -> None:
    found = summary(outcome(1), outcome(2, None), outcome(3, None, pieces=()), outcome(4, 2), outcome(5, 1))
    assert (found.items, found.judged, found.waiting) == (5, 3, 1)
    assert (found.allowed, found.warned, found.blocked) == (1, 1, 1)


def test_a_person_decides() -> None:
    spared = Decision(1, "wrong", (), "", "allow", "")
    found = summary(outcome(1, 2, decision=spared), outcome(2, 2))
    assert (found.blocked, found.allowed, found.decided) == (1, 1, 1)


def test_months_and_authors() -> None:
    found = summary(
        outcome(1, 2),
        outcome(2, published="2026-02-01T00:00:00Z"),
        outcome(3, published=None, handle="", author_url="https://b.example/@ben"),
    )
    assert [(m.name, m.judged, m.blocked) for m in found.months] == [
        ("2026-01", 1, 1),
        ("2026-02", 1, 0),
        (NO_DATE, 1, 0),
    ]
    assert [(a.name, a.blocked) for a in found.authors] == [
        ("ada@a.example", 1),
        ("https://b.example/@ben", 0),
    ]


def test_replies_are_of_the_thread_of_what_they_reply_to() -> None:
    found = summary(
        outcome(1),
        outcome(2, in_reply_to="https://a.example/1"),
        outcome(3, 2, in_reply_to="https://a.example/2"),
        outcome(4, conversation="c"),
        outcome(5),
    )
    assert [(t.name, t.judged, t.blocked) for t in found.threads] == [("key1", 3, 1)]


def test_only_what_acts_is_a_risk() -> None:
    found = summary(outcome(1, scores={"toxicity": 0.5, "rudeness": 0.5, "sadness": 0.99}))
    assert found.risk.mean == pytest.approx(1.3863, abs=1e-4)
    by_name = {one.name: one for one in found.categories}
    assert by_name["sadness"].risk.mean == pytest.approx(0.99)
    assert by_name["rudeness"].threshold == 0.4


def test_a_category_that_was_not_judged_has_no_items() -> None:
    found = summary(outcome(1), outcome(2))
    assert {one.name: one.risk.items for one in found.categories} == {
        "toxicity": 2,
        "rudeness": 0,
        "sadness": 0,
    }


def test_the_strictest_and_surest_come_first() -> None:
    found = summary(
        outcome(1), outcome(2, 2, p=0.6), outcome(3, 1, p=0.99), outcome(4, 2, p=0.9), outcome(5, None)
    )
    assert found.ranked.tolist() == [4, 2, 3, 1, 5]


def test_nothing() -> None:
    found = summary()
    assert found.as_record()["items"] == 0
    assert found.months == ()
