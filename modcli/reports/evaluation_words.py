"""What an evaluation's figures are called, what they mean in plain words, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

from modcli.cascade.preparation import PROMPT_SHOTS
from modcli.evaluation.comparison import CLASS, CategoryComparison, Comparison, Outcome
from modcli.evaluation.intervals import Interval
from modcli.evaluation.measurement import ANY_HARM, CategoryMeasure, Measurement
from modcli.reports.evaluation_report import Evaluated
from modcli.reports.summary import counted


@dataclass(frozen=True, slots=True)
class Word:
    """A metric's name in full, its name above a narrow column, and what it tells."""

    title: str
    short: str
    meaning: str


#: By the stable names of `metrics.METRICS`.
WORDS = {
    "accuracy": Word("Accuracy", "accuracy", "Share of rows that were judged rightly, either way."),
    "balanced_accuracy": Word(
        "Balanced accuracy", "balanced", "Mean of the shares judged rightly among those of it and the others."
    ),
    "precision": Word("Precision", "precision", "Of the rows that were flagged, the share that is of it."),
    "recall": Word("Recall", "recall", "Of the rows that are of it, the share that was flagged."),
    "specificity": Word(
        "Specificity", "specificity", "Of the rows that are not of it, the share that was let pass."
    ),
    "false_positive_rate": Word(
        "False alarms", "false al.", "Of the rows that are not of it, the share that was flagged."
    ),
    "f1": Word("F1", "F1", "Harmonic mean of precision and recall: high only where both are."),
    "auroc": Word(
        "AUROC",
        "AUROC",
        "How often a row of it has a higher probability than one that is not; 0.5 is chance.",
    ),
    "auprc": Word(
        "AUPRC", "AUPRC", "Mean precision over all recalls; chance is the share of rows that are of it."
    ),
    "recall_at_1_percent_fpr": Word(
        "Recall at 1% false alarms",
        "rec. @1%",
        "How much could be found if one in a hundred of the other rows may be flagged.",
    ),
    "brier": Word(
        "Brier score", "Brier", "Mean squared error of the probabilities: 0 is perfect, lower is better."
    ),
    "calibration_error": Word(
        "Calibration error",
        "calib. err.",
        "How far the probabilities are from the shares that they promise, on average.",
    ),
}
#: Of these, less is better.
LESS_IS_BETTER = frozenset({"false_positive_rate", "brier", "calibration_error"})

#: Wider than this, and two places are all that a figure has to say.
_SURE = 0.05


def figure(interval: Interval | None) -> str:
    """The value, with as many places as its interval supports; a dash where it is not defined."""
    return "–" if interval is None else _places(interval.value, interval)


def span(interval: Interval | None) -> str:
    """The ends of the interval, `0.88–0.95`; empty where there is none."""
    if interval is None:
        return ""
    return f"{_places(interval.low, interval)}–{_places(interval.high, interval)}"


def change(interval: Interval | None) -> str:
    """A difference with its sign."""
    return "–" if interval is None else _signed(interval.value)


def change_span(interval: Interval | None) -> str:
    """The ends of a difference's interval, with their signs."""
    return "" if interval is None else f"{_signed(interval.low)} to {_signed(interval.high)}"


def percent(share: float) -> str:
    """A share as a percentage that never hides the last exception: 99.97% is not 100%."""
    if 0.995 <= share < 1 or 0 < share < 0.005:
        return f"{min(max(share * 100, 0.1), 99.9):.1f}%"
    return f"{share:.0%}"


def leading(way: Evaluated) -> CategoryMeasure | None:
    """What to tell first: of any harm, else of the only category."""
    measured = way.measurement
    if len(measured.categories) == 1:
        return measured.categories[0]
    return measured.any_harm


def in_a_sentence(measure: CategoryMeasure) -> str:
    """What was found, missed and wrongly flagged, in counts."""
    table, others = measure.confusion, measure.rows - measure.positives
    one, more = ("harmful row", "harmful rows") if measure.name == ANY_HARM else ("row of it", "rows of it")
    if not measure.rows:
        return "No row could be measured."
    found = f"There are no {more}."
    if measure.positives:
        found = (
            f"Of {counted(measure.positives, one, more)}, {_were(table.tp)} flagged and {table.fn:,} missed."
        )
    alarms = (
        f" Of {counted(others, 'other')}, {_were(table.fp)} flagged wrongly."
        if others
        else " There are no others."
    )
    return found + alarms


def notes(measurement: Measurement) -> list[str]:
    """What is to be said of the figures."""
    told = list(measurement.notes)
    if measurement.unknown_as_not:
        rows = counted(measurement.unknown_as_not, "row")
        told.append(
            f"{rows} with a category of which nobody said whether it applies: taken for harmless in any harm"
        )
    return told


def _were(number: int) -> str:
    return "none was" if not number else "1 was" if number == 1 else f"{number:,} were"


def method(way: Evaluated) -> str:
    """By what the rows were judged."""
    told = [way.model, f"stage {way.stage}"] + (
        [f"{way.shots} shots in the prompt"] if way.shots != PROMPT_SHOTS else []
    )
    same = way.name in (way.profile, f"./{way.profile}")
    return f"{way.name} ({', '.join(told if same else [f'profile {way.profile}', *told])})"


def decided(way: Evaluated) -> str:
    """Which stages decided."""
    stages = [f"{name} {percent(share)}" for name, share in way.measurement.stages.items() if share]
    return f"decided by: {', '.join(stages)}" if stages else "nothing was decided"


def speed(way: Evaluated) -> str:
    """How fast that was, of the rows that were not answered from the verdict cache."""
    rate = way.measurement.items_per_second
    if rate is None or not way.fresh:
        return "speed: not measured, as the model had nothing to compute"
    told = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
    tokens = f"{way.tokens / way.fresh:,.1f} tokens a row"
    rows = "all rows" if way.fresh == way.measurement.rows else f"the {counted(way.fresh, 'row')} not cached"
    return f"speed: {told} rows a second over {rows}, {tokens}"


def compared(comparison: Comparison) -> tuple[CategoryComparison, ...]:
    """What to tell the differences of: each category, then those of all that say more than it."""
    several = len(comparison.categories) != 1
    found = [*comparison.categories, comparison.one_class, comparison.any_harm if several else None]
    return tuple(one for one in found if one is not None)


def leading_comparison(comparison: Comparison) -> CategoryComparison | None:
    """What to tell first: of the class of a row, else of any harm, else of the only category."""
    if comparison.one_class is not None:
        return comparison.one_class
    return comparison.categories[0] if len(comparison.categories) == 1 else comparison.any_harm


def basis(found: CategoryComparison) -> str:
    """Of which rows it is."""
    rows = counted(found.rows, "row")
    return rows if found.name == CLASS else f"{rows}, {found.positives:,} of it"


def conclusion(found: CategoryComparison) -> str:
    """What the rows show of the second way, as a sentence."""
    told = found.conclusion
    return told[:1].upper() + told[1:] if found.outcome is Outcome.NO_DIFFERENCE else f"B is {told}"


def tested(found: CategoryComparison, categories: int) -> str:
    """McNemar's p, and what it comes to where several categories were compared."""
    told = f"McNemar {p_value(found.p_value)}"
    if found.adjusted_p != found.p_value:
        told += f"; allowing for {categories} categories, {p_value(found.adjusted_p)}"
    return told


def p_value(p: float) -> str:
    """`p = 0.04`, and never 0."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def _places(value: float, interval: Interval) -> str:
    return f"{value:.3f}" if interval.high - interval.low < _SURE else f"{value:.2f}"


def _signed(value: float) -> str:
    rounded = f"{value:+.3f}"
    return "0.000" if float(rounded) == 0 else rounded.replace("-", "−")
