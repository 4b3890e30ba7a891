"""What flips between two profiles, as a table and as JSON."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from modcli.errors import Location
from modcli.evaluation.backtest import Backtest, Side
from modcli.item import Item
from modcli.reports.backtest import Circumstances, print_backtest, records
from modcli.reports.jsonl import json_line

WHAT = Circumstances("old", "./new.yaml", "reading")


def backtest(items: int = 40, *, labelled: bool = False, show: int = 2) -> Backtest:
    """Of every four items one goes from allow to block, for rude, and one from block to allow."""
    found = Backtest(["rude", "spam"], show=show)
    before, after = np.tile([0, 2, 0, 2], items // 4), np.tile([2, 0, 0, 2], items // 4)

    def side(severity: np.ndarray) -> Side:  # type: ignore[type-arg]
        probability = np.where(severity > 0, 0.9, 0.2)
        return Side(
            severity.astype(np.int8),
            {"rude": severity.astype(np.int8)},
            {"rude": probability},
            {"rude": probability - 0.5},
        )

    texts = [Item(f"p:{i}", f"post\x1b[2J\n{i}", Location("p", i)) for i in range(items)]
    truth = {name: np.ones(items, np.int8) for name in ("", "rude")} if labelled else None
    found.add(side(before), side(after), texts, truth)
    return found


def printed(found: Backtest, what: Circumstances = WHAT, width: int = 120) -> list[str]:
    stream = io.StringIO()
    print_backtest(Console(file=stream, width=width, highlight=False), found, what)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert max(map(len, lines)) <= width
    return lines


def test_a_table() -> None:
    lines = printed(backtest())
    assert lines[0] == "old -> ./new.yaml: 40 items, --stage reading"
    assert lines[1].split() == ["FLAGGED", "BEFORE", "AFTER", "CHANGE", "(POINTS)", "NEWLY", "NO", "LONGER"]
    assert lines[2].startswith("for any reason  50.0% (35.2-64.8)")
    assert lines[3].split()[-2:] == ["10", "10"]
    assert lines[4].split()[:3] == ["spam", "0.0%", "(0.0-8.8)"]
    assert "treated otherwise: 20, 50.0% (35.2-64.8)" in lines
    assert "  allow -> block: 10" in lines
    assert "  block -> allow: 10" in lines
    assert "the 2 surest of them" in lines
    assert "  allow -> block, rude 0.20 -> 0.90  p:0" in lines
    assert r"    post\x1b[2J 0" in lines


def test_narrow_terminals_get_less_and_then_lines() -> None:
    wide, narrow, narrower = (printed(backtest(), width=width) for width in (120, 80, 40))
    assert "(35.2-64.8)" in wide[2]
    assert narrow[2].split()[:5] == ["for", "any", "reason", "50.0%", "50.0%"]
    assert "(-" in narrow[2]
    assert "  before: 50.0% (35.2-64.8)" in narrower
    assert "  no longer: 10" in narrower


def test_labels_add_how_many_were_right() -> None:
    lines = printed(backtest(labelled=True))
    assert lines[1].endswith("RIGHT")
    assert lines[2].endswith("10 of 20")
    assert "  allow -> block, rude 0.20 -> 0.90, right  p:0" in lines
    found = [json.loads(json_line(record)) for record in records(backtest(labelled=True), WHAT)]
    assert (found[0]["right"], found[0]["labelled"], found[-1]["right"]) == (10, 20, False)


def test_many_items_are_worth_more_digits() -> None:
    assert "50.00% (49.02-50.98)" in printed(backtest(10_000))[2]


def test_what_is_stored_has_no_text_to_show() -> None:
    lines = printed(backtest(show=0), Circumstances("a", "b", "reading", unit="window", left_out=("vague",)))
    assert lines[0] == "a -> b: 40 stored texts, --stage reading"
    assert "left out, as they have no examples: vague" in lines
    assert not any("surest" in line for line in lines)


def test_nothing_judged() -> None:
    assert printed(Backtest(["rude"])) == ["old -> ./new.yaml: 0 items, --stage reading"]
    whole = next(records(Backtest(["rude"]), WHAT))
    assert (whole["items"], whole["flip_rate"], whole["rate_before"], whole["change"]) == (
        0,
        None,
        None,
        None,
    )


def test_all_flips_are_not_called_some_of_them() -> None:
    assert "they are" in printed(backtest(4))


def test_records() -> None:
    whole, rude, spam, *rest = (
        json.loads(json_line(record))
        for record in records(backtest(), Circumstances("a", "b", "auto", not_judged=3))
    )
    assert {key: whole[key] for key in ("what", "old", "new", "stage", "unit", "items", "not_judged")} == {
        "what": "overall",
        "old": "a",
        "new": "b",
        "stage": "auto",
        "unit": "item",
        "items": 40,
        "not_judged": 3,
    }
    assert whole["flipped"] == 20
    assert whole["change"]["value"] == 0
    assert whole["change"]["low"] == pytest.approx(-whole["change"]["high"])
    assert (rude["category"], rude["newly"], rude["no_longer"], rude["before"], rude["after"]) == (
        "rude",
        10,
        10,
        20,
        20,
    )
    assert spam["rate_after"]["value"] == 0
    assert rest[0] == {"what": "actions", "from": "allow", "to": "block", "items": 10}
    assert rest[2] == {
        "what": "flip",
        "id": "p:0",
        "from": "allow",
        "to": "block",
        "category": "rude",
        "p_before": 0.2,
        "p_after": 0.9,
        "text": "post\x1b[2J\n0",
    }
    assert len(rest) == 4
