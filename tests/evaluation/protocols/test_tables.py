from __future__ import annotations

import pytest

from modcli.evaluation.protocols.base import Cell
from modcli.evaluation.protocols.measures import Measured
from modcli.evaluation.protocols.tables import as_markdown, tables, value

NAN = float("nan")


def cell(condition: str, part: str = "binary", of: str = "sms_spam", **metrics: float) -> Cell:
    measured = {name.replace("_", " "): Measured((v,), v - 0.1, v + 0.1) for name, v in metrics.items()}
    return Cell("tasks", part, of, condition, metrics=measured, rows=20, draws=2)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (None, ("", "")),
        (Measured((0.9123, 0.9123), 0.8, 1.0), (".912", ".800-1.000")),
        (Measured((1.0,), NAN, NAN), ("1.000", "")),
        (Measured((0.0,), 0.0, 0.0371), (".000", ".000-.037")),
        (Measured((NAN, 0.5), 0.1, 0.2), ("-", "")),
        (Measured((0.99951,), NAN, NAN), ("1.000", "")),
    ],
)
def test_figures(measured: Measured | None, expected: tuple[str, str]) -> None:
    assert value(measured) == expected


def test_a_table_for_each_part_and_set_with_published_figures_below() -> None:
    found = tables(
        [
            cell("0 shots", f1=0.5),
            cell("0 shots", of="sst2", f1=0.6),
            cell("1 shot", f1=0.7, auroc=0.8),
            cell("0 shots", part="multi-class", of="sms_spam+sst2", f1=0.4),
        ]
    )
    assert [(table.part, table.set) for table in found] == [
        ("binary", "sms_spam"),
        ("binary", "sst2"),
        ("multi-class", "sms_spam+sst2"),
    ]
    assert [one.condition for one in found[0].cells[:2]] == ["0 shots", "1 shot"]
    assert all(one.source for one in found[0].cells[2:])
    assert len(found[0].cells) > 2
    assert found[0].metrics == ("f1", "auroc")
    assert found[2].metrics == ("f1", "class weighted f1")
    assert found[2].title == "tasks, multi-class, sms_spam + sst2"


def test_the_worst_of_the_attacks_stands_below_them() -> None:
    (table,) = tables(
        [
            cell(name, part="robustness", flipped=share)
            for name, share in (("soft hyphens", 0.1), ("word joiners", 0.4))
        ]
    )
    assert [one.condition for one in table.cells] == [
        "soft hyphens",
        "word joiners",
        "invisible characters, the worst of 2: word joiners",
    ]


def test_markdown() -> None:
    written = as_markdown(tables([cell("with a | in\nit", part="reasons", f1=0.5)]))
    assert written == (
        "### tasks, reasons, sms_spam\n\n"
        "| condition | f1 | draws | rows |\n"
        "| --- | --- | --- | --- |\n"
        "| with a \\| in it | .500 .400-.600 | 2 | 20 |\n"
    )
    assert as_markdown([]) == ""


def test_sources_stand_below() -> None:
    (table,) = tables([cell("0 shots", part="multi-label", of="openai_moderation", any_f1=0.5)])
    assert table.sources.startswith("Published figures are of other splits, shots and models: OpenAI")
    assert as_markdown([table]).endswith(f"|\n\n{table.sources}\n")


def test_what_could_not_be_judged_is_told() -> None:
    failed = Cell("tasks", "reasons", "sst2", "x", metrics={}, rows=3, draws=1, failed=2)
    assert "| x (2 not judged) |" in as_markdown(tables([failed]))
