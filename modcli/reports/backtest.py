"""What flips between two profiles, as a table for a person or as JSON objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from modcli.evaluation.backtest import Backtest, Change, Flip
from modcli.evaluation.intervals import Interval
from modcli.profile import Action
from modcli.reports.terminal_text import one_line, printable

#: Cells of a category's name in the table.
_NAME = 24
#: Items from which on a hundredth of a percentage point is worth printing.
_MANY = 10_000


@dataclass(frozen=True)
class Circumstances:
    """What was compared: the names of the two profiles, the stage that judged, what was counted ("item", or "window" of
    what is stored), how many could not be judged and why the first of them, and the categories that had no say."""

    old: str
    new: str
    stage: str
    unit: str = "item"
    not_judged: int = 0
    first_error: str = ""
    left_out: Sequence[str] = ()


def records(backtest: Backtest, circumstances: Circumstances) -> Iterator[dict[str, Any]]:
    """The whole, each category, each pair of actions that differ, and the flips that are shown."""
    yield {
        "what": "overall",
        "old": circumstances.old,
        "new": circumstances.new,
        "stage": circumstances.stage,
        "unit": circumstances.unit,
        "items": backtest.items,
        "not_judged": circumstances.not_judged,
        "left_out": list(circumstances.left_out),
        "flipped": backtest.flipped,
        "flip_rate": _interval(backtest.flip_rate),
        **_change(backtest.overall),
    }
    for change in backtest.by_category.values():
        yield {"what": "category", "category": change.category, **_change(change)}
    for (before, after), count in _flips_by_action(backtest):
        yield {"what": "actions", "from": before.value, "to": after.value, "items": count}
    for flip in backtest.flips:
        yield {
            "what": "flip",
            "id": flip.id,
            "from": flip.before.value,
            "to": flip.after.value,
            "category": flip.category or None,
            "p_before": _rounded(flip.p_before),
            "p_after": _rounded(flip.p_after),
            **({} if flip.right is None else {"right": flip.right}),
            "text": flip.text,
        }


def print_backtest(console: Console, backtest: Backtest, circumstances: Circumstances) -> None:
    """Rates before and after with their intervals, flips by action, and the surest of them."""
    what = circumstances
    units = {"item": "item", "window": "stored text", "text": "text"}[what.unit]
    counted = f"{backtest.items:,} {units}{'s' * (backtest.items != 1)}"
    _line(console, f"{what.old} -> {what.new}: {counted}, --stage {what.stage}", style="bold")
    if what.unit == "window":
        _line(console, "a long text counts by its windows; the profile prompt was not asked", style="dim")
    if what.left_out:
        _line(console, f"left out, as they have no examples: {', '.join(what.left_out)}")
    if not backtest.items:
        return
    _print_changes(console, [backtest.overall, *backtest.by_category.values()])
    rate = backtest.flip_rate
    console.print()
    _line(console, f"treated otherwise: {backtest.flipped:,}, {_share(rate, backtest.items)}", style="bold")
    for (before, after), count in _flips_by_action(backtest):
        _line(console, f"{before} -> {after}: {count:,}", 2)
    if what.unit == "window" and backtest.flipped:
        _line(console, "texts are not kept: to see which they are, name files as DATA", style="dim")
    if backtest.flips:
        some = len(backtest.flips) < backtest.flipped
        console.print()
        _line(console, f"the {len(backtest.flips):,} surest of them" if some else "they are", style="bold")
    for flip in backtest.flips:
        _print_flip(console, flip)


def _print_changes(console: Console, changes: Sequence[Change]) -> None:
    """In columns, where the terminal is wide enough: first without the intervals of the two rates, then without
    columns at all."""
    for intervals in (True, False):
        rows = _rows(changes, intervals=intervals)
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        if sum(widths) + 2 * (len(widths) - 1) <= console.width:
            for number, row in enumerate(rows):
                cells = [row[0].ljust(widths[0])]
                cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
                _line(console, "  ".join(cells), style="" if number else "dim")
            return
    rows = _rows(changes, intervals=True)
    for row in rows[1:]:
        _line(console, row[0])
        for title, cell in zip(rows[0][1:], row[1:], strict=True):
            _line(console, f"{title.lower()}: {cell}", 2)


def _rows(changes: Sequence[Change], *, intervals: bool) -> list[list[str]]:
    """The table's cells, its head first."""
    labelled = any(change.labelled for change in changes)
    rows = [["FLAGGED", "BEFORE", "AFTER", "CHANGE (POINTS)", "NEWLY", "NO LONGER", *["RIGHT"] * labelled]]
    for change in changes:
        cells = [one_line(change.category, _NAME) or "for any reason"]
        cells += [
            _share(rate, change.items, interval=intervals) for rate in (change.rate_before, change.rate_after)
        ]
        cells += [
            _points(change.difference, change.items),
            f"{change.newly:,}",
            f"{change.no_longer:,}",
        ]
        rows.append(cells + [f"{change.right:,} of {change.labelled:,}"] * labelled)
    return rows


def _print_flip(console: Console, flip: Flip) -> None:
    told = [f"{flip.before} -> {flip.after}"]
    if flip.category:
        told.append(f"{flip.category} {_probability(flip.p_before)} -> {_probability(flip.p_after)}")
    told += [] if flip.right is None else ["right" if flip.right else "wrong"]
    _line(console, f"{', '.join(told)}  {one_line(flip.id, 80)}", 2, _style(flip))
    text = Text(f"    {one_line(flip.text, len(flip.text))}")
    console.print(text, no_wrap=True, overflow="ellipsis", highlight=False)


def _style(flip: Flip) -> str:
    return "red" if flip.after.severity > flip.before.severity else "green"


def _flips_by_action(backtest: Backtest) -> list[tuple[tuple[Action, Action], int]]:
    """The most frequent first."""
    return [(pair, count) for pair, count in backtest.actions.most_common() if pair[0] is not pair[1]]


def _change(change: Change) -> dict[str, Any]:
    record: dict[str, Any] = {
        "before": change.before,
        "after": change.after,
        "rate_before": _interval(change.rate_before),
        "rate_after": _interval(change.rate_after),
        "newly": change.newly,
        "no_longer": change.no_longer,
        "change": _interval(change.difference),
    }
    return record | ({"right": change.right, "labelled": change.labelled} if change.labelled else {})


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval.as_record()


def _share(rate: Interval | None, items: int, *, interval: bool = True) -> str:
    """`12.1% (10.4-14.1)`: a share and its 95% interval."""
    if rate is None:
        return "-"
    places = _places(items)
    ends = f" ({100 * rate.low:.{places}f}-{100 * rate.high:.{places}f})" if interval else ""
    return f"{100 * rate.value:.{places}f}%{ends}"


def _points(difference: Interval | None, items: int) -> str:
    """`+0.9 (-0.2 to +2.0)`: a change in percentage points, with its 95% interval."""
    if difference is None:
        return "-"
    places = _places(items)
    return (
        f"{100 * difference.value:+.{places}f} "
        f"({100 * difference.low:+.{places}f} to {100 * difference.high:+.{places}f})"
    )


def _places(items: int) -> int:
    """Decimals of a percentage: more than the data can tell are none."""
    return 2 if items >= _MANY else 1


def _probability(p: float | None) -> str:
    return "-" if p is None else f"{p:.2f}"


def _rounded(p: float | None) -> float | None:
    return None if p is None else round(p, 4)


def _line(console: Console, text: str, indent: int = 0, style: str = "") -> None:
    console.print(Padding(Text(printable(text), style), (0, 0, 0, indent), expand=False))
