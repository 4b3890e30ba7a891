"""Verdicts as a table for a person, a row at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from modcli.item import Item
from modcli.profile import Action
from modcli.reports.base import leading
from modcli.reports.output import Output
from modcli.reports.terminal_text import one_line
from modcli.verdict import Verdict

STYLES = {Action.BLOCK: "bold red", Action.WARN: "yellow", Action.ALLOW: "green"}
ACTION, PROBABILITY, CATEGORY = 6, 5, 16
#: The id has the room that the first one takes, within these limits.
LEAST_ID, MOST_ID = 4, 14
#: From these widths on, a terminal has room for the text beside the verdict, and for the id.
BESIDE, ROOMY = 50, 72


def standard_console(*, highlight: bool = True) -> Console:
    """A console on standard output. Without a colour system rich leaves out bold and dim as well: NO_COLOR gives plain
    text."""
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=sys.stdout, highlight=highlight, color_system=colours)


class TableReport:
    """Rows of action, probability, category, id and the text's beginning, as wide as the terminal is.

    Below an item that is not allowed stands the reason and, where there is one, the model's rationale; with
    `definitions` (category: definition) also what decided. Colours follow the console (NO_COLOR, TERM).
    """

    def __init__(
        self, output: Output, console: Console, definitions: Mapping[str, str] | None = None
    ) -> None:
        self._output = output
        self._console = console
        self._definitions = definitions
        self._id_width = 0

    def write(self, item: Item, verdict: Verdict) -> None:
        """Add a row."""
        if not self._id_width:
            self._id_width = max(LEAST_ID, min(MOST_ID, cell_len(one_line(verdict.id, MOST_ID)) + 2))
            self._print(self._row("ACTION", "P", "CATEGORY", "ID", "TEXT", style="dim"))
        for line in self._lines(item, verdict):
            self._print(line)

    def close(self) -> None:
        """Nothing comes after the last row."""

    def _lines(self, item: Item, verdict: Verdict) -> list[Text]:
        first = leading(verdict)
        text = one_line(item.text, 4 * self._console.width)
        if verdict.error is not None:
            name, probability, text = "not judged", "", one_line(verdict.error, 4 * self._console.width)
        elif first is None:
            name, probability = "", ""
        else:
            name, probability = first[0], f"{first[1].probability:.2f}"
        row = self._row(verdict.action.value, probability, name, verdict.id, text, STYLES[verdict.action])
        return [row, *(self._note(note) for note in self._notes(verdict))]

    def _row(self, action: str, probability: str, category: str, id: str, text: str, style: str) -> Text:
        width = self._console.width
        plain = style if style == "dim" else ""
        row = Text().append(set_cell_size(action, ACTION + 1), style)
        row.append(set_cell_size(probability, PROBABILITY), plain)
        row.append(_fitted(one_line(category, 80), CATEGORY) + " ", plain)
        if width >= ROOMY:
            row.append(_fitted(one_line(id, 1000), self._id_width, keep_end=True) + " ", "dim")
        return row.append("" if width >= BESIDE else "\n  ").append(text, plain)

    def _notes(self, verdict: Verdict) -> list[str]:
        notes = []
        told = verdict.action is not Action.ALLOW or verdict.untold
        if told and verdict.error is None and verdict.reason:
            notes.append(verdict.reason)
        if verdict.rationale:
            notes.append(verdict.rationale)
        first = leading(verdict)
        if self._definitions is not None and first is not None and first[1].fired:
            definition = self._definitions.get(first[0])
            notes += [f"definition: {definition}"] if definition else []
            notes += [f"example: {shot}" for shot in first[1].shots]
        return notes

    def _note(self, note: str) -> Text:
        width = self._console.width
        indent = ACTION + 1 + PROBABILITY if width >= BESIDE else 2
        lines = Text(one_line(note, 1000), "dim").wrap(self._console, max(10, width - indent))
        return Text("\n").join(Text(" " * indent).append_text(line) for line in lines)

    def _print(self, row: Text) -> None:
        with self._console.capture() as captured:
            for line in row.split("\n"):
                line.rstrip()
                self._console.print(line, no_wrap=True, overflow="ellipsis", highlight=False)
        self._output.write(captured.get().encode(self._console.encoding, "backslashreplace"))


def _fitted(text: str, width: int, *, keep_end: bool = False) -> str:
    """The text in exactly `width` cells, cut with an ellipsis at its end or, to keep the end, at its
    beginning."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    if not keep_end:
        return set_cell_size(text, width - 1) + "…"
    while cell_len(text) > width - 1:
        text = text[1:]
    return set_cell_size("…" + text, width)
