from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from modcli.reports.evaluation_report import Evaluation
from modcli.reports.evaluation_terminal import evaluation_text
from modcli.reports.evaluation_words import WORDS, conclusion, figure
from tests.reports.evaluation_examples import double, predictions, single


def text(evaluation: Evaluation, width: int = 100, *, colours: bool = False) -> str:
    console = Console(width=width, color_system="standard" if colours else None, force_terminal=colours)
    return evaluation_text(evaluation, console)


@pytest.mark.parametrize("width", [30, 80, 200])
@pytest.mark.parametrize("two", [False, True])
def test_nothing_is_wider_than_the_terminal_or_steers_it(width: int, two: bool) -> None:
    shown = text(double() if two else single(), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert shown.replace("\n", "").isprintable()


def test_every_figure_stands_there_with_its_interval() -> None:
    evaluation = single()
    shown = text(evaluation)
    (way,) = evaluation.ways
    for one in way.measurement.categories:
        assert one.name in shown
        for name, interval in one.metrics.items():
            if name != "specificity":  # what false alarms leave over
                assert figure(interval) in shown
    for name in set(WORDS) - {"specificity"}:
        assert WORDS[name].short in shown
    assert "any harm: Of " in shown
    assert "1 row with a category of which nobody said whether it applies" in shown


def test_a_wide_terminal_has_one_table() -> None:
    assert text(single(), 80).count("mean (macro)") > text(single(), 200).count("mean (macro)") == 1


def test_mistakes_are_listed_when_asked_for() -> None:
    shown = text(single(mistakes=3))
    assert shown.count("missed  ") + shown.count("false alarm ") == 3
    assert "Worst mistakes" not in text(single(mistakes=0))


def test_one_category_has_no_means() -> None:
    shown = text(single(predictions(categories=("rude",))))
    assert "macro" not in shown
    assert "any harm" not in shown
    assert "rude: Of " in shown


def test_one_class_of_many_has_a_matrix() -> None:
    shown = text(single(predictions(multi_class=True)))
    assert "it is, judged as" in shown
    assert "weighted F1" in shown


def test_nothing_measured() -> None:
    assert "0 rows of posts.jsonl" in text(single(predictions(0)))


def test_two_ways_side_by_side() -> None:
    evaluation = double()
    shown = text(evaluation)
    assert shown.startswith("300 rows of posts.jsonl, <stdin>, judged in two ways\n")
    assert "  A  stage=reading (profile default, scripted, stage auto)" in shown
    assert "  B  strict (profile default" in shown
    assert evaluation.comparison is not None
    for one in evaluation.comparison.categories:
        assert conclusion(one)[:40] in shown
    assert "McNemar p" in shown
    assert "only A has sad: not compared" in shown
    assert shown.count("now right") + shown.count("now wrong") == 4
    assert "Greatest changes" not in text(double(wanted=0))


def test_two_ways_to_choose_a_class() -> None:
    assert "class  299 rows\n" in text(double(multi_class=True))


def test_colours_only_where_they_are_wanted() -> None:
    assert "\x1b[" in text(single(), colours=True)
    assert "\x1b[" not in text(single())


def test_a_name_from_outside_is_made_harmless() -> None:
    evaluation = single()
    way = replace(evaluation.ways[0], name="\x1b[2Jx")
    assert "\x1b" not in text(replace(evaluation, ways=(way,), data=("\x1b[31m.jsonl",)))
