"""An evaluation as one page of HTML: no script, nothing fetched, everything escaped by the template engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from jinja2 import Environment

from modcli import __version__
from modcli.evaluation.comparison import Comparison
from modcli.evaluation.intervals import Interval
from modcli.evaluation.measurement import METRICS, CategoryMeasure
from modcli.reports import evaluation_words
from modcli.reports.evaluation_charts import Chart, Path, area_under, dot, line, strip, upright
from modcli.reports.evaluation_report import Evaluated, Evaluation
from modcli.reports.evaluation_words import (
    LESS_IS_BETTER,
    WORDS,
    compared,
    leading,
    leading_comparison,
    percent,
)
from modcli.reports.page import environment, excerpt
from modcli.reports.summary import counted

#: The columns of the overview.
OVERVIEW = ("precision", "recall", "f1", "auroc", "auprc")
STAGES = {"cache": "answered from the cache", "empty": "nothing to read", "none": "not judged"}
#: A text may be as long as a book.
MOST_CHARACTERS = 2000
#: Bars of differences reach at least so far.
LEAST_SCALE = 0.05


def evaluation_page(evaluation: Evaluation) -> str:
    """The whole page."""
    comparison = evaluation.comparison
    template = _environment().get_template("evaluation.html.j2")
    return template.render(
        title=_title(evaluation),
        version=__version__,
        data=evaluation.sources,
        made=evaluation.made,
        rows=comparison.rows if comparison else evaluation.ways[0].measurement.rows,
        ways=evaluation.ways,
        findings=evaluation.findings,
        leading=leading(evaluation.ways[0]),
        comparison=comparison,
        compared=compared(comparison) if comparison else (),
        lead_found=leading_comparison(comparison) if comparison else None,
        scale=_scale(comparison) if comparison else 1.0,
        changes=comparison.changes[: evaluation.wanted] if comparison else (),
        both_charts=partial(_both_charts, evaluation.ways),
        overview_metrics=OVERVIEW,
        metric_names=METRICS,
        words=WORDS,
        stage_words=STAGES,
    )


def charts(measures: Sequence[CategoryMeasure]) -> list[Chart]:
    """The three charts of a category, by one or two ways to judge; without those that have nothing to show."""
    found = (_roc(measures), _precision_recall(measures), _reliability(measures))
    return [chart for chart in found if chart is not None]


def _roc(measures: Sequence[CategoryMeasure]) -> Chart | None:
    curves = [measure.curves.roc for measure in measures]
    if not all(curves):
        return None
    lines = tuple(Path(_through(points), way) for way, points in enumerate(curves))
    dots = []
    for way, measure in enumerate(measures):
        alarms, recall = measure.metrics["false_positive_rate"], measure.metrics["recall"]
        if alarms is not None and recall is not None:
            told = f"at the threshold: {percent(recall.value)} found, {percent(alarms.value)} false alarms"
            dots.append(dot(alarms.value, recall.value, told, way))
    return Chart(
        title="What it costs to find more (ROC)",
        across="false alarms",
        up="found",
        told=f"ROC curve of {measures[0].name}: {_said(measures, 'auroc')}. "
        + "; ".join(d.told for d in dots),
        lines=lines,
        guide="M0 100L100 0",
        area=area_under(lines[0].d, 0, 1) if len(lines) == 1 else "",
        dots=tuple(dots),
    )


def _precision_recall(measures: Sequence[CategoryMeasure]) -> Chart | None:
    curves = [measure.curves.pr for measure in measures]
    if not all(curves):
        return None
    lines = tuple(Path(_through(points), way) for way, points in enumerate(curves))
    dots = []
    for way, measure in enumerate(measures):
        precision, recall = measure.metrics["precision"], measure.metrics["recall"]
        if precision is not None and recall is not None:
            told = f"at the threshold: {percent(precision.value)} right, {percent(recall.value)} found"
            dots.append(dot(recall.value, precision.value, told, way))
    chance = round(100 - 100 * measures[0].positives / measures[0].rows, 1)
    return Chart(
        title="How sure a flag is (precision and recall)",
        across="found (recall)",
        up="right (precision)",
        told=f"Precision-recall curve of {measures[0].name}: {_said(measures, 'auprc')}",
        lines=lines,
        guide=f"M0 {chance:g}H100",
        dots=tuple(dots),
    )


def _reliability(measures: Sequence[CategoryMeasure]) -> Chart | None:
    if not all(measure.curves.reliability for measure in measures):
        return None
    dots, ranges, lines = [], [], []
    for way, measure in enumerate(measures):
        bins = measure.curves.reliability
        lines.append(Path(line([one.predicted for one in bins], [one.observed.value for one in bins]), way))
        for one in bins:
            kept = f"{percent(one.predicted)} promised, {percent(one.observed.value)} came true"
            told = f"{counted(one.rows, 'row')}: {kept}"
            dots.append(dot(one.predicted, one.observed.value, told, way))
            ranges.append(upright(one.predicted, one.observed.low, one.observed.high, way))
    bins = measures[0].curves.reliability
    return Chart(
        title="Do the probabilities keep their promise?",
        across="probability",
        up="came true",
        told=f"Reliability of {measures[0].name}: {_said(measures, 'calibration_error')}",
        lines=tuple(lines),
        guide="M0 100L100 0",
        dots=tuple(dots),
        ranges=tuple(ranges),
        bars=strip([(one.low, one.high) for one in bins], [counted(one.rows, "row") for one in bins])
        if len(measures) == 1
        else (),
    )


def _through(points: Sequence[tuple[float, float]]) -> str:
    x, y = zip(*points, strict=True)
    return line(x, y)


def _said(measures: Sequence[CategoryMeasure], metric: str) -> str:
    told = [evaluation_words.figure(measure.metrics[metric]) for measure in measures]
    return f"{WORDS[metric].title} {' and '.join(told)}"


def _both_charts(ways: Sequence[Evaluated], name: str) -> list[Chart]:
    measures = [_measure_of(way, name) for way in ways]
    known = [measure for measure in measures if measure is not None]
    return charts(known) if len(known) == len(ways) else []


def _measure_of(way: Evaluated, name: str) -> CategoryMeasure | None:
    measured = way.measurement
    everything = (*measured.categories, *([measured.any_harm] if measured.any_harm else []))
    return next((one for one in everything if one.name == name), None)


def _title(evaluation: Evaluation) -> str:
    names = [way.name for way in evaluation.ways]
    return (
        f"How well the profile {evaluation.ways[0].profile} judges"
        if len(names) == 1
        else f"{names[0]} against {names[1]}"
    )


def _scale(comparison: Comparison) -> float:
    """How far the bars of differences reach to either side: the furthest end of an interval."""
    ends = [
        max(abs(found.difference.low), abs(found.difference.high))
        for one in compared(comparison)
        for found in one.metrics.values()
        if found.difference is not None
    ]
    return max([LEAST_SCALE, *ends])


@cache
def _environment() -> Environment:
    return environment(_FILTERS)


def _scaled(share: float) -> float:
    """From 0 to 1, to 0 to 100."""
    return round(min(max(share, 0.0), 1.0) * 100, 2)


def _diverging(value: float, scale: float) -> float:
    """From -scale to +scale, to 0 to 100."""
    return round(50 + 50 * min(max(value / scale, -1.0), 1.0), 2)


def _side(difference: Interval, name: str) -> str:
    """Whether a difference is for the better, or may be noise."""
    if not difference.excludes_zero:
        return "none"
    return "good" if (difference.value < 0) == (name in LESS_IS_BETTER) else "bad"


def _shade(count: int, row: Sequence[int]) -> int:
    """How much colour a cell of a confusion matrix has, in percent."""
    return round(45 * count / max(1, sum(row)))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


_FILTERS: Mapping[str, Any] = {
    "figure": evaluation_words.figure,
    "span": evaluation_words.span,
    "basis": evaluation_words.basis,
    "change": evaluation_words.change,
    "change_span": evaluation_words.change_span,
    "percent": percent,
    "counted": counted,
    "in_a_sentence": evaluation_words.in_a_sentence,
    "method": evaluation_words.method,
    "notes": evaluation_words.notes,
    "decided": evaluation_words.decided,
    "speed": evaluation_words.speed,
    "conclusion": evaluation_words.conclusion,
    "tested": evaluation_words.tested,
    "charts": lambda measure: charts([measure]),
    "scaled": _scaled,
    "diverging": _diverging,
    "side": _side,
    "shade": _shade,
    "readable": partial(excerpt, most=MOST_CHARACTERS),
    "number": _number,
}
