"""An evaluation as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import set_cell_size
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from modcli.evaluation.comparison import CategoryComparison, Change, Comparison, Difference, Outcome
from modcli.evaluation.intervals import Interval
from modcli.evaluation.measurement import CategoryMeasure, Measurement, Mistake, MultiClassMeasure
from modcli.reports.evaluation_report import Evaluated, Evaluation
from modcli.reports.evaluation_words import (
    WORDS,
    basis,
    change,
    change_span,
    compared,
    conclusion,
    decided,
    figure,
    in_a_sentence,
    leading,
    method,
    notes,
    span,
    speed,
    tested,
)
from modcli.reports.summary import counted
from modcli.reports.terminal_text import one_line, printable

#: The metrics of one table; two tables become one where the terminal is wide enough.
GROUPS = (
    ("precision", "recall", "f1", "false_positive_rate"),
    ("auroc", "auprc", "recall_at_1_percent_fpr"),
    ("accuracy", "balanced_accuracy", "brier", "calibration_error"),
)
#: Widths: of a name, of a figure with its interval, and of the space between columns.
NAME, FIGURE, GAP = 20, 11, 2
STYLES = {Outcome.BETTER: "green", Outcome.WORSE: "red", Outcome.NO_DIFFERENCE: ""}

Row = tuple[str, str, Mapping[str, Interval | None]]


def evaluation_text(evaluation: Evaluation, console: Console) -> str:
    """All of it, as wide as the console is."""
    with console.capture() as captured:
        for part in _parts(evaluation, console.width):
            console.print(part, highlight=False)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def _parts(evaluation: Evaluation, width: int) -> Iterator[RenderableType]:
    data = evaluation.sources
    if evaluation.comparison is not None:
        yield from _compared(evaluation, evaluation.comparison, data)
        return
    for way in evaluation.ways:
        yield _text(f"{counted(way.measurement.rows, 'row')} of {data}, judged by {method(way)}")
        yield ""
        yield from _measured(way, width)
        if way.mistakes:
            yield ""
            yield Text("Worst mistakes", "bold")
            for mistake in way.mistakes:
                yield from _mistake(mistake)


def _measured(way: Evaluated, width: int) -> Iterator[RenderableType]:
    measurement = way.measurement
    first = leading(way)
    if first is not None:
        yield _text(f"{first.name}: {in_a_sentence(first)}")
        yield ""
    rows = _rows(measurement)
    for metrics in _columns(width):
        yield _table(rows, metrics)
        yield ""
    if measurement.multi_class is not None:
        yield from _multi_class(measurement.multi_class)
    if measurement.multi_label is not None:
        whole = measurement.multi_label
        yield _text(
            f"All categories of a row together, over {counted(whole.rows, 'row')}: exactly right "
            f"{_with_span(whole.subset_accuracy)}, Jaccard {_with_span(whole.jaccard)}, Hamming loss "
            f"{_with_span(whole.hamming_loss)}"
        )
    yield _text(decided(way))
    yield _text(speed(way))
    for note in _notes(measurement):
        yield _text(f"note: {note}", "dim")
    yield Text("Below each figure: its 95% interval.", "dim")


def _rows(measurement: Measurement) -> list[Row]:
    """What each row of the tables is of."""
    rows: list[Row] = [(one.name, _count(one), one.metrics) for one in measurement.categories]
    if len(rows) > 1:
        rows += [("mean (macro)", "", measurement.macro), ("pooled (micro)", "", measurement.micro)]
    one = measurement.any_harm
    if one is not None and (len(measurement.categories) > 1 or not measurement.categories):
        rows.append((one.name, _count(one), one.metrics))
    return rows


def _count(measure: CategoryMeasure) -> str:
    return f"{measure.positives:,} of {measure.rows:,}"


def _columns(width: int) -> list[tuple[str, ...]]:
    """The metrics of each table: as many groups in one as fit, and of a group no more than fit."""
    room = max(1, (width - NAME - GAP) // (FIGURE + GAP))
    tables: list[tuple[str, ...]] = []
    for group in GROUPS:
        if tables and len(tables[-1]) + len(group) <= room:
            tables[-1] += group
        else:
            tables += [group[i : i + room] for i in range(0, len(group), room)]
    return tables


def _table(rows: Sequence[Row], metrics: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    table.add_column("category", width=NAME, no_wrap=True)
    for name in metrics:
        table.add_column(WORDS[name].short, width=FIGURE, no_wrap=True)
    for name, count, found in rows:
        table.add_row(
            _text(one_line(name, 80)).append(f"\n{count}", "dim"),
            *(
                Text(figure(found.get(metric))).append(f"\n{span(found.get(metric))}", "dim")
                for metric in metrics
            ),
        )
    return table


def _multi_class(measure: MultiClassMeasure) -> Iterator[RenderableType]:
    yield _text(
        f"One class a row, over {counted(measure.rows, 'row')}: accuracy {_with_span(measure.accuracy)}, "
        f"weighted F1 {_with_span(measure.weighted_f1)}, macro F1 {_with_span(measure.macro_f1)}"
    )
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    table.add_column("it is, judged as", no_wrap=True)
    for name in measure.classes:
        table.add_column(_text(one_line(name, 20)), justify="right")
    for i, (name, found) in enumerate(zip(measure.classes, measure.confusion, strict=True)):
        cells = (Text(f"{count:,}", "bold" if i == j else "") for j, count in enumerate(found))
        table.add_row(_text(one_line(name, 20)), *cells)
    yield table
    yield ""


def _notes(measurement: Measurement) -> Iterator[str]:
    yield from notes(measurement)
    for one in measurement.categories:
        yield from (f"{one.name}: {note}" for note in one.notes)


def _mistake(mistake: Mistake) -> Iterator[RenderableType]:
    what = "missed" if mistake.truth else "false alarm"
    told = f"{mistake.category} {mistake.probability:.2f} (from {mistake.threshold:.2f})"
    yield _entry(what, "yellow" if mistake.truth else "red", told, mistake.id, mistake.text)


def _entry(what: str, style: str, told: str, id: str, text: str) -> Text:
    entry = Text().append(set_cell_size(what, 12), style)
    entry.append(f"{printable(told)}  ").append(f"{one_line(id, 60)}\n", "dim")
    return entry.append(f"  {one_line(text, 400)}")


def _compared(evaluation: Evaluation, comparison: Comparison, data: str) -> Iterator[RenderableType]:
    yield _text(f"{counted(comparison.rows, 'row')} of {data}, judged in two ways")
    for letter, way in zip("AB", evaluation.ways, strict=True):
        yield _text(f"  {letter}  {method(way)}")
        yield Padding(_text(f"{decided(way)}\n{speed(way)}", "dim"), (0, 0, 0, 5))
    yield ""
    for part in compared(comparison):
        yield from _category(part, len(comparison.categories))
    if len(comparison.categories) > 1:
        yield Text("mean of the categories (macro)", "bold")
        yield Padding(_differences(comparison.macro), (0, 0, 1, 2))
    for letter, names in (("A", comparison.only_first), ("B", comparison.only_second)):
        if names:
            yield _text(f"only {letter} has {', '.join(names)}: not compared")
    for note in comparison.notes:
        yield _text(f"note: {note}", "dim")
    changes = comparison.changes[: evaluation.wanted]
    if changes:
        yield Text("Greatest changes", "bold")
        yield from map(_changed, changes)


def _category(found: CategoryComparison, categories: int) -> Iterator[RenderableType]:
    yield Text().append(printable(found.name), "bold").append(f"  {basis(found)}")
    yield Padding(_differences(found.metrics), (0, 0, 0, 2))
    told = _text(conclusion(found), STYLES[found.outcome]).append(f"\n{tested(found, categories)}", "dim")
    yield Padding(told, (0, 0, 1, 2))


def _differences(metrics: Mapping[str, Difference]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, GAP, 0, 0))
    for head in ("", "A", "B", "B − A", "95% interval"):
        table.add_column(head, no_wrap=True)
    for name, found in metrics.items():
        sure = found.difference is not None and found.difference.excludes_zero
        table.add_row(
            WORDS[name].title,
            _number(found.first),
            _number(found.second),
            Text(change(found.difference), "bold" if sure else ""),
            Text(change_span(found.difference), "" if sure else "dim"),
        )
    return table


def _changed(one: Change) -> Text:
    what, style = ("now right", "green") if one.became_right else ("now wrong", "red")
    truth = "is of it" if one.truth else "is not"
    return _entry(
        what, style, f"{one.category} {one.first:.2f} → {one.second:.2f}, {truth}", one.id, one.text
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _with_span(interval: Interval) -> str:
    return f"{figure(interval)} ({span(interval)})"


def _text(content: str, style: str = "") -> Text:
    return Text(printable(content), style)
