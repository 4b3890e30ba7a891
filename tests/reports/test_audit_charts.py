"""Charts: every month has its place, and nothing in them runs."""

from __future__ import annotations

from modcli.audit.risk import Risk
from modcli.audit.summary import NO_DATE, CategorySummary, Group
from modcli.profile import Action
from modcli.reports.audit_charts import category_risks, filled, risk_timeline, timeline

RISK = Risk(3, 0.25, 0.75, 0.9)


def months(*names: str) -> list[Group]:
    return [Group(name, 3, 2, 1, RISK) for name in names]


def test_months_without_an_item_have_their_place() -> None:
    assert [m.name for m in filled(months("2025-11", "2026-02", NO_DATE))] == [
        "2025-11",
        "2025-12",
        "2026-01",
        "2026-02",
    ]
    assert filled(months(NO_DATE, "0000")) == []


def test_the_same_audit_gives_the_same_charts_and_nothing_runs() -> None:
    for chart in (timeline, risk_timeline):
        drawn = chart(months("2025-11", "2026-02"))
        assert drawn == chart(months("2025-11", "2026-02"))
        assert drawn.startswith("<svg")
        assert "<script" not in drawn
        assert "2025-11" in drawn
        assert "var(--bad)" in drawn


def test_a_category_cannot_be_markup() -> None:
    evil = CategorySummary("<img src=x>", Action.BLOCK, 0.5, 1, 0, RISK)
    drawn = category_risks([evil])
    assert "<img" not in drawn
    assert "&lt;img src=x&gt;" in drawn


def test_nothing_is_drawn_as_nothing() -> None:
    assert "nothing to show" in timeline([])
