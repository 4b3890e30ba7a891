"""A profile's tests as a table for a person, or as one JSON object a test."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from modcli.evaluation.expectations import Comparison, Edits, Move, Outcome
from modcli.profiles.expectations import ProfileTests
from modcli.reports.terminal import STYLES
from modcli.reports.terminal_text import one_line, printable
from modcli.verdict import CategoryVerdict

#: Characters of a post that are shown.
_WIDTH = 200
#: Cells that a post has at least.
_LEAST_POST = 16


def records(
    profile: str, outcomes: Sequence[Outcome], comparison: Comparison | None
) -> Iterator[dict[str, Any]]:
    """One object a test."""
    for outcome in outcomes:
        one, found = outcome.expectation, outcome.found
        record: dict[str, Any] = {
            "profile": profile,
            "test": one.name,
            "at": str(one.location),
            "text": one.text,
            "category": outcome.category or None,
            "expected": one.action.value,
            "action": outcome.verdict.action.value,
            "p": None if found is None else round(found.probability, 4),
            "threshold": None if found is None else round(found.threshold, 4),
            "stage": outcome.verdict.stage,
            "passed": outcome.passed,
        }
        record |= {"near": one.near} if one.near else {}
        record |= {} if outcome.passed else {"why": outcome.why}
        record |= {"error": outcome.verdict.error} if outcome.verdict.error is not None else {}
        if comparison is not None:
            record |= _since(outcome, comparison)
        yield record


def print_outcomes(
    console: Console, tests: ProfileTests, outcomes: Sequence[Outcome], comparison: Comparison | None
) -> None:
    """All tests in a table, then the failed ones with the reason, then what moved since the last run."""
    console.print(Text(printable(f"{tests.profile.name}: {_count(len(outcomes))}"), "bold"))
    _print_table(console, [_row(outcome, comparison) for outcome in outcomes])
    if comparison is not None and any(_turned(outcome, comparison) for outcome in outcomes):
        _line(console, "* not so at the last run", 0, "dim")
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if failed:
        _heading(console, "failed")
    for outcome in failed:
        one = outcome.expectation
        _line(console, f"{one.location} {one.name}", 2, "dim")
        for line in (_quoted(one.text), outcome.why, *_asides(outcome, comparison)):
            _line(console, line, 4)
    if comparison is not None:
        _print_comparison(console, outcomes, comparison)


def told_edits(edits: Edits) -> str:
    """What was edited, in words; empty where nothing was."""
    told = [f"{name} ({', '.join(parts)})" for name, parts in edits.categories.items()]
    return ", ".join([*told, *edits.shared])


def since(when: float) -> str:
    """A moment, as the clock on the wall had it."""
    return time.strftime("%d %b %H:%M", time.localtime(when))


def _print_table(console: Console, rows: Sequence[Sequence[Text]]) -> None:
    """Only the post is cut; where it would have no room, the columns before it go, but for the first."""
    *titles, last = (Text(title, "dim") for title in ("TEST", "EXPECTED", "GOT", "P", "CATEGORY", "POST"))
    table = [[*titles, last], *rows]
    widths = [max(row[i].cell_len for row in table) for i in range(len(titles))]
    while len(widths) > 1 and sum(widths) + 2 * len(widths) + _LEAST_POST > console.width:
        widths.pop()
    for row in table:
        line = Text()
        for cell, width in zip(row, widths, strict=False):
            line.append_text(cell).append(" " * (width - cell.cell_len + 2))
        console.print(line.append_text(row[-1]), no_wrap=True, overflow="ellipsis", highlight=False)


def _row(outcome: Outcome, comparison: Comparison | None) -> list[Text]:
    one, verdict, found = outcome.expectation, outcome.verdict, outcome.found
    changed = " *" if comparison is not None and _turned(outcome, comparison) else ""
    result = Text("pass" + changed, "green") if outcome.passed else Text("FAIL" + changed, "bold red")
    got = "not judged" if verdict.error is not None else verdict.action.value
    return [
        result,
        Text(one.action.value),
        Text(got, STYLES[verdict.action]),
        Text("" if found is None else f"{found.probability:.2f}"),
        Text(one_line(outcome.category, 40)),
        Text(("but " if one.near else "") + one_line(one.text, _WIDTH)),
    ]


def _turned(outcome: Outcome, comparison: Comparison) -> bool:
    """Whether it passed, and now fails, or the other way around."""
    return comparison.passed_before.get(outcome.key, outcome.passed) is not outcome.passed


def _asides(outcome: Outcome, comparison: Comparison | None) -> Iterator[str]:
    one = outcome.expectation
    if one.near:
        yield f"it differs in little from {_quoted(one.near)}"
    if one.reason:
        yield f"reason given{' for the pair' * bool(one.near)}: {one.reason}"
    if comparison is not None and comparison.passed_before.get(outcome.key):
        by_edit = outcome.key in comparison.edited_tests
        yield "it passed before the test was edited" if by_edit else "it passed at the last run"


def _print_comparison(console: Console, outcomes: Sequence[Outcome], comparison: Comparison) -> None:
    moved = [(outcome, move) for outcome in outcomes for move in comparison.moves.get(outcome.key, ())]
    edits = told_edits(comparison.edits)
    if not edits and not moved and not comparison.edited_tests:
        return
    told = f"you edited {edits}" if edits else "the profile was not edited"
    _heading(console, f"since the last run ({since(comparison.when)}) {told}")
    if not comparison.same_version:
        _line(console, "modcli itself was changed as well, so any verdict may have moved", 2)
    for followed, title in ((True, "followed the edit"), (False, "moved without reason")):
        these = [(outcome, move) for outcome, move in moved if move.followed is followed]
        if these:
            _line(console, title, 2, "" if followed else "bold yellow")
        for outcome, move in these:
            _line(console, f"{move.told}: {_quoted(outcome.expectation.text)}", 4)
    if not moved:
        _line(console, "no verdict moved", 2)
    if comparison.edited_tests:
        number = len(comparison.edited_tests)
        _line(
            console,
            f"{_count(number)} {'expects' if number == 1 else 'expect'} another action than before",
            2,
        )


def _since(outcome: Outcome, comparison: Comparison) -> dict[str, Any]:
    before = comparison.passed_before.get(outcome.key)
    told: dict[str, Any] = {"passed_before": before}
    if before is not None:
        told["test_edited"] = outcome.key in comparison.edited_tests
    told["moved"] = [_moved(move) for move in comparison.moves.get(outcome.key, ())]
    return told


def _moved(move: Move) -> dict[str, Any]:
    return {
        "category": move.category,
        "followed_the_edit": move.followed,
        "before": _side(move.before),
        "after": _side(move.after),
    }


def _side(found: CategoryVerdict | None) -> dict[str, Any] | None:
    return None if found is None else {"p": round(found.probability, 4), "action": found.action.value}


def _heading(console: Console, text: str) -> None:
    console.print()
    _line(console, text, 0, "bold")


def _line(console: Console, text: str, indent: int, style: str = "") -> None:
    console.print(Padding(Text(printable(text), style), (0, 0, 0, indent), expand=False))


def _quoted(text: str) -> str:
    line = one_line(text, _WIDTH)
    return f'"{line}{"…" if len(text) > _WIDTH else ""}"'


def _count(tests: int) -> str:
    return f"{tests:,} test{'s' * (tests != 1)}"
