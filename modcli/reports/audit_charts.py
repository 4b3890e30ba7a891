"""The charts of an audit's report, as SVG by pygal; their colours are the page's, so that they follow light and dark."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from modcli.audit.risk import Risk
from modcli.audit.summary import NO_DATE, CategorySummary, Group

#: Labels below a time line, about.
_LABELS = 12
_STYLE = dict[str, Any](
    background="transparent",
    plot_background="transparent",
    foreground="var(--soft)",
    foreground_strong="var(--ink)",
    foreground_subtle="var(--line)",
    guide_stroke_color="var(--line)",
    major_guide_stroke_color="var(--line)",
    opacity="1",
    opacity_hover="1",
    transition="none",
    font_family="inherit",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
    no_data_font_size=16,
    colors=("var(--bad)", "var(--warn)"),
)
_NOTHING = Risk(0, 0.0, 0.0, 0.0)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def timeline(months: Sequence[Group]) -> str:
    """What was blocked and warned of in each month."""
    months = filled(months)
    return _drawn(
        "timeline",
        "StackedBar",
        [("blocked", [m.blocked for m in months]), ("warned of", [m.warned for m in months])],
        [m.name for m in months],
        value_formatter=_count,
    )


def risk_timeline(months: Sequence[Group]) -> str:
    """The cumulative log-risk of each month, at its worst end and on the mean."""
    months = filled(months)
    tail = [round(m.risk.tail, 3) if m.judged else None for m in months]
    mean = [round(m.risk.mean, 3) if m.judged else None for m in months]
    series = [("worst 5% (CVaR95)", tail), ("mean", mean)]
    return _drawn("risk", "Line", series, [m.name for m in months], dots_size=2.5, stroke_style={"width": 2})


def category_risks(categories: Sequence[CategorySummary]) -> str:
    """The probability of each category, at its worst end and on the mean."""
    shown = list(reversed(categories))
    series = [
        ("worst 5% (CVaR95)", [round(c.risk.tail, 3) for c in shown]),
        ("mean", [round(c.risk.mean, 3) for c in shown]),
    ]
    height = 80 + 44 * len(shown)
    names = [c.name for c in shown]
    return _drawn("categories", "HorizontalBar", series, names, height=height, range=(0, 1))


def filled(months: Sequence[Group]) -> list[Group]:
    """The months in a row, those without an item too; what has no date, or an impossible one, is left out."""
    known = {m.name: m for m in months if m.name != NO_DATE and re.fullmatch(r"\d{4}-\d\d", m.name)}
    if not known:
        return []
    first, last = min(known), max(known)
    year, month, found = int(first[:4]), int(first[5:]), list[Group]()
    while (name := f"{year:04}-{month:02}") <= last:
        found.append(known.get(name) or Group(name, 0, 0, 0, _NOTHING))
        year, month = (year + 1, 1) if month >= 12 else (year, month + 1)
    return found


def _drawn(
    name: str,
    kind: str,
    series: Sequence[tuple[str, Sequence[float | None]]],
    labels: Sequence[str],
    **options: Any,
) -> str:
    settings = {
        "style": _pygal().style.Style(**_STYLE),
        "js": [],
        "disable_xml_declaration": True,
        "width": 900,
        "height": 260,
        "margin": 4,
        # Else the last label of a time line is cut off.
        "margin_right": 34,
        "legend_at_bottom": False,
        "show_y_guides": True,
        "order_min": 0,
        "include_x_axis": True,
        "print_values": False,
        "truncate_label": -1,
        "truncate_legend": -1,
        "no_data_text": "nothing to show",
        "show_minor_x_labels": kind == "HorizontalBar",
        "x_labels_major_every": max(1, -(-len(labels) // _LABELS)),
    }
    chart = getattr(_pygal(), kind)(**(settings | options))
    # Else it is drawn at random, and the same audit would give another page each time.
    chart.uuid = name
    chart.add_xml_filter(_without_scripts)
    chart.x_labels = labels
    for title, values in series:
        chart.add(title, list(values))
    return _COMMENT.sub("", chart.render(is_unicode=True))


@cache
def _pygal() -> Any:
    """The library, which puts a finder of plug-ins among Python's own, in a form that Python has given up: each import
    after it would warn. There are no plug-ins here."""
    import pygal

    sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ != "pygal"]
    return pygal


def _without_scripts(root: Any) -> Any:
    """Without what would make the chart move: the page allows no script but its own."""
    for parent in list(root.iter()):
        for child in [one for one in parent if isinstance(one.tag, str) and one.tag.endswith("script")]:
            parent.remove(child)
    return root


def _count(value: float | None) -> str:
    return "" if value is None or value != int(value) else f"{int(value):,}"
