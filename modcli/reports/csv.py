"""Verdicts as CSV, for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from modcli.item import Item
from modcli.reports.base import leading
from modcli.reports.output import Output
from modcli.reports.terminal_text import one_line, printable
from modcli.verdict import Verdict

#: What makes a spreadsheet take a cell for a formula, wide forms and leading white space included.
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")

#: The columns before those of the categories.
FIXED = (
    *("id", "action", "category", "p", "stage", "reason", "error", "rationale", "read", "model", "profile"),
    "text",
)
TEXT_LENGTH = 300


class CsvReport:
    """One row a verdict under a header, with a column `p:NAME` for each category of the profile.

    Columns: id, action, category (the one that decided), p, stage, reason, error, rationale, read, model,
    profile, then the categories. A cell that a spreadsheet would take for a formula begins with an
    apostrophe.
    """

    def __init__(self, output: Output, categories: Sequence[str]) -> None:
        self._output = output
        self._categories = tuple(categories)
        self._started = False

    def write(self, item: Item, verdict: Verdict) -> None:
        """Add a row."""
        self._start()
        first = leading(verdict)
        found = verdict.categories
        self._row(
            [
                verdict.id,
                verdict.action.value,
                first[0] if first else "",
                round(first[1].probability, 4) if first else "",
                verdict.stage,
                verdict.reason,
                verdict.error or "",
                verdict.rationale or "",
                verdict.read_share,
                verdict.model,
                verdict.profile,
                one_line(item.text, TEXT_LENGTH),
                *(round(found[name].probability, 4) if name in found else "" for name in self._categories),
            ]
        )

    def close(self) -> None:
        """A report without verdicts still has its header."""
        self._start()

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._row([*FIXED, *(f"p:{name}" for name in self._categories)])

    def _row(self, cells: Iterable[str | float]) -> None:
        row = io.StringIO()
        csv.writer(row).writerow([inert(cell) if isinstance(cell, str) else cell for cell in cells])
        self._output.write(row.getvalue().encode())


def inert(cell: str) -> str:
    """The cell as text that neither a spreadsheet executes nor a terminal obeys."""
    return printable(f"'{cell}" if _FORMULA.match(cell) else cell)
