from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modcli.evaluation.comparison import Outcome
from modcli.evaluation.intervals import Interval
from modcli.evaluation.measurement import METRICS
from modcli.evaluation.metrics import measure
from modcli.reports import evaluation_words as words
from tests.reports.evaluation_examples import double, evaluated, predictions


def test_every_metric_has_its_words() -> None:
    assert tuple(words.WORDS) == METRICS
    assert set(METRICS) > words.LESS_IS_BETTER
    # They stand above columns of a terminal's table.
    assert max(len(word.short) for word in words.WORDS.values()) <= 11


def test_a_figure_has_as_many_places_as_its_interval_supports() -> None:
    assert words.figure(Interval(0.91234, 0.8, 0.95)) == "0.91"
    assert words.figure(Interval(0.91234, 0.9, 0.93)) == "0.912"
    assert words.span(Interval(0.91234, 0.9, 0.93)) == "0.900–0.930"
    assert (words.figure(None), words.span(None)) == ("–", "")


@pytest.mark.parametrize(
    ("value", "told"), [(0.02, "+0.020"), (-0.02, "−0.020"), (-0.00001, "0.000"), (0.0, "0.000")]
)
def test_a_difference_has_a_sign(value: float, told: str) -> None:
    assert words.change(Interval(value, -1, 1)) == told
    assert words.change_span(Interval(value, -0.5, 0.25)) == "−0.500 to +0.250"
    assert (words.change(None), words.change_span(None)) == ("–", "")


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.5, "50%"),
        (0.9999, "99.9%"),
        (0.996, "99.6%"),
        (0.0001, "0.1%"),
        (0.994, "99%"),
    ],
)
def test_a_percentage_hides_no_exception(share: float, told: str) -> None:
    assert words.percent(share) == told


def test_counts_in_a_sentence() -> None:
    found = predictions(4, categories=("rude",))
    truth = np.array([[1], [1], [0], [0]], np.int8)
    fired = np.array([[True], [False], [True], [False]])
    table = measure(replace(found, truth=truth, fired=fired), resamples=20)
    assert words.in_a_sentence(table.categories[0]) == (
        "Of 2 rows of it, 1 was flagged and 1 missed. Of 2 others, 1 was flagged wrongly."
    )
    assert table.any_harm is not None
    assert words.in_a_sentence(table.any_harm).startswith("Of 2 harmful rows, 1 was flagged")
    none = measure(replace(found, truth=truth * 0, fired=~fired & fired), resamples=20)
    assert words.in_a_sentence(none.categories[0]) == (
        "There are no rows of it. Of 4 others, none was flagged wrongly."
    )
    everything = measure(replace(found, truth=truth * 0 + 1), resamples=20)
    assert words.in_a_sentence(everything.categories[0]).endswith("There are no others.")


def test_what_is_told_first() -> None:
    several, one = evaluated(predictions()), evaluated(predictions(categories=("sad",)))
    assert words.leading(several) is several.measurement.any_harm
    assert words.leading(one) is one.measurement.categories[0]


def test_speed_is_of_what_was_judged_now() -> None:
    way = evaluated(predictions(100))
    told = words.speed(way)
    assert told.startswith("speed: 33 rows a second over the 90 rows not cached, ")
    kept = replace(way, measurement=replace(way.measurement, items_per_second=None))
    assert words.speed(kept) == "speed: not measured, as the model had nothing to compute"
    assert words.decided(way) == "decided by: cache 10%, reading 60%, prompt 30%"


@pytest.mark.parametrize(("p", "told"), [(0.0, "p < 0.001"), (0.0123, "p = 0.012"), (1.0, "p = 1.00")])
def test_a_p_value_is_never_zero(p: float, told: str) -> None:
    assert words.p_value(p) == told


def test_by_what_it_was_judged() -> None:
    way = evaluated(predictions(20))
    assert words.method(way) == "default (scripted, stage auto)"
    other = replace(way, name="shots=2", shots=2)
    assert words.method(other) == "shots=2 (profile default, scripted, stage auto, 2 shots in the prompt)"


def test_a_conclusion_is_a_sentence_about_the_second() -> None:
    comparison = double().comparison
    assert comparison is not None
    rude = replace(
        comparison.categories[0],
        outcome=Outcome.BETTER,
        conclusion="better: 9 rows",
        p_value=0.01,
        adjusted_p=0.02,
    )
    assert words.conclusion(rude) == "B is better: 9 rows"
    assert (
        words.conclusion(replace(rude, outcome=Outcome.NO_DIFFERENCE, conclusion="no difference"))
        == "No difference"
    )
    assert words.tested(rude, 2) == "McNemar p = 0.010; allowing for 2 categories, p = 0.020"
    assert words.tested(replace(rude, adjusted_p=0.01), 2) == "McNemar p = 0.010"


def test_what_is_told_of_a_comparison() -> None:
    comparison = double().comparison
    assert comparison is not None
    names = [found.name for found in words.compared(comparison)]
    assert names == ["rude", "spam", "any harm"]
    assert words.leading_comparison(comparison) is comparison.any_harm
    assert words.basis(comparison.categories[1]).endswith(" of it")
    classes = double(multi_class=True).comparison
    assert classes is not None
    assert [found.name for found in words.compared(classes)] == ["rude", "spam", "class", "any harm"]
    assert words.leading_comparison(classes) is classes.one_class
    assert classes.one_class is not None
    assert words.basis(classes.one_class).endswith(" rows")
