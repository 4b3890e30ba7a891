"""Cells as tables: one for each part and set, published figures below what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from modcli.evaluation.protocols.base import Cell
from modcli.evaluation.protocols.measures import Measured
from modcli.evaluation.protocols.published import published
from modcli.evaluation.protocols.robustness import worst


@dataclass(frozen=True)
class Table:
    """The cells of one part on one set. `metrics` are the columns, in the order in which they first occur."""

    protocol: str
    part: str
    set: str
    cells: tuple[Cell, ...]
    metrics: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """What stands above it."""
        own = [self.part] if self.part == self.protocol else [self.protocol, self.part]
        return ", ".join([*own, self.set.replace("+", " + ")])

    @property
    def sources(self) -> str:
        """Where the figures come from that are not ours, as a line below it; empty where all are."""
        named = dict.fromkeys(cell.source for cell in self.cells if cell.source)
        return (
            f"Published figures are of other splits, shots and models: {'; '.join(named)}." if named else ""
        )


def tables(cells: Sequence[Cell]) -> list[Table]:
    """Tables of measured cells, in the order in which their parts and sets first occur; with published figures and, of
    a part that has one, the worst."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.protocol, cell.part, cell.set), []).append(cell)
    found = []
    for (protocol, part, of_set), measured in groups.items():
        rows = [*measured, *worst(measured), *published(protocol, part, of_set)]
        metrics = tuple(dict.fromkeys(name for cell in rows for name in cell.metrics))
        found.append(Table(protocol, part, of_set, tuple(rows), metrics))
    return found


def value(measured: Measured | None) -> tuple[str, str]:
    """A figure, and its interval: `.912` and `.880-.934`; empty where there is none."""
    if measured is None or math.isnan(measured.mean):
        return ("" if measured is None else "-", "")
    figure = _figure(measured.mean)
    if math.isnan(measured.low) or math.isnan(measured.high):
        return figure, ""
    return figure, f"{_figure(measured.low)}-{_figure(measured.high)}"


def as_markdown(found: Sequence[Table]) -> str:
    """The tables in Markdown, each with what its figures are."""
    return "\n\n".join(_markdown(table) for table in found) + ("\n" if found else "")


def _markdown(table: Table) -> str:
    lines = [f"### {_cell(table.title)}", ""]
    lines.append(_line(["condition", *table.metrics, "draws", "rows"]))
    lines.append(_line(["---"] * (len(table.metrics) + 3)))
    for cell in table.cells:
        figures = [" ".join(part for part in value(cell.metrics.get(name)) if part) for name in table.metrics]
        counts = [str(cell.draws), str(cell.rows)] if not cell.source else ["", ""]
        lines.append(_line([told(cell), *figures, *counts]))
    if table.sources:
        lines += ["", table.sources]
    return "\n".join(lines)


def told(cell: Cell) -> str:
    """The condition, with what could not be judged."""
    return f"{cell.condition} ({cell.failed} not judged)" if cell.failed else cell.condition


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(text) for text in cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _figure(number: float) -> str:
    return f"{number:.3f}".replace("0.", ".", 1) if 0 <= number < 0.9995 else f"{number:.3f}"
