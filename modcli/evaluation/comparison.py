"""Two ways to judge the same rows: what became better, what worse, and what may be noise.

Whether answers became better is McNemar's exact test of the rows that one side alone has right, held against 5% after
allowing for the number of categories (Holm 1979). Intervals (95%) of differences: of accuracy and recall, which are
shares of the same rows, Tango's; of all else the bootstrap, which draws the same rows for both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

import numpy as np

from modcli.evaluation.columns import Column, column_of, harm_of, judged_rows, taken
from modcli.evaluation.intervals import (
    CONFIDENCE,
    Interval,
    mcnemar,
    notes_of_resampling,
    paired_share_difference,
    percentile_interval,
    resamples_for,
)
from modcli.evaluation.pairs import COMPARED, Pair, matched_rows, pair_of, resampled_differences
from modcli.evaluation.predictions import Predictions
from modcli.evaluation.weighted import Floats, mean_of_defined
from modcli.evaluation.whole_rows import class_numbers, classified

__all__ = ["COMPARED", "CategoryComparison", "Change", "Comparison", "Difference", "Outcome", "compare"]

#: What the class of each row, as one answer, is called.
CLASS = "class"


class Outcome(StrEnum):
    """What the rows show of the second against the first."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference"


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of the first and the second, and the second less the first; None where one is not defined."""

    first: float | None
    second: float | None
    difference: Interval | None

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "first": None if self.first is None else round(self.first, 6),
            "second": None if self.second is None else round(self.second, 6),
            "difference": self.difference.as_record() if self.difference else None,
        }


@dataclass(frozen=True)
class CategoryComparison:
    """One category. `became_right` rows are judged rightly by the second alone, `became_wrong` by the first alone;
    `p_value` is McNemar's exact one, `adjusted_p` allows for the number of categories compared (Holm). `conclusion`
    says in a sentence what these rows show."""

    name: str
    rows: int
    positives: int
    metrics: Mapping[str, Difference]
    became_right: int
    became_wrong: int
    p_value: float
    adjusted_p: float
    outcome: Outcome
    conclusion: str

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "rows": self.rows,
            "positives": self.positives,
            "metrics": {name: one.as_record() for name, one in self.metrics.items()},
            "became_right": self.became_right,
            "became_wrong": self.became_wrong,
            "p_value": float(f"{self.p_value:.6g}"),
            "adjusted_p": float(f"{self.adjusted_p:.6g}"),
            "outcome": self.outcome.value,
            "conclusion": self.conclusion,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose answer for a category became right, or wrong, and the probabilities before and after."""

    id: str
    text: str
    category: str
    truth: bool
    first: float
    second: float
    became_right: bool

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self) | {"first": round(self.first, 6), "second": round(self.second, 6)}


@dataclass(frozen=True)
class Comparison:
    """The first and the second on `rows` rows; `errors` more could not be judged by one or both and are left out.

    `only_first` and `only_second` are categories that the other does not have. `any_harm` takes the categories that
    act on each side as one. `one_class` compares the classes of rows, where both sides choose one of the same. `macro`
    are means over the categories. `changes`: the greatest first.
    """

    rows: int
    errors: int
    categories: tuple[CategoryComparison, ...]
    any_harm: CategoryComparison | None
    macro: Mapping[str, Difference]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    changes: tuple[Change, ...]
    resamples: int
    seed: int
    notes: tuple[str, ...] = ()
    one_class: CategoryComparison | None = None

    def as_record(self, *, changes: bool = True) -> dict[str, Any]:
        """As a JSON object: categories by name, what is not defined null, figures to six places."""
        record: dict[str, Any] = {
            "rows": self.rows,
            "errors": self.errors,
            "categories": {one.name: one.as_record() for one in self.categories},
            "any_harm": self.any_harm.as_record() if self.any_harm else None,
            "one_class": self.one_class.as_record() if self.one_class else None,
            "macro": {name: one.as_record() for name, one in self.macro.items()},
            "only_first": list(self.only_first),
            "only_second": list(self.only_second),
            "confidence": CONFIDENCE,
            "resamples": self.resamples,
            "seed": self.seed,
            "notes": list(self.notes),
        }
        return record | ({"changes": [one.as_record() for one in self.changes]} if changes else {})


def compare(
    first: Predictions, second: Predictions, *, resamples: int = 1000, seed: int = 0, most_changes: int = 1000
) -> Comparison:
    """Compare. Rows go together by id and text, in whatever order; of rows that repeat, by their order. Of a category
    those rows count of which both sides know the same. At most `most_changes` changes are kept. Raises UsageError where
    the rows are not the same."""
    second = taken(second, matched_rows(first, second))
    both = np.flatnonzero(judged_rows(first) & judged_rows(second))
    errors = len(first) - len(both)
    first, second = taken(first, both), taken(second, both)
    shared = [name for name in first.categories if name in second.categories]
    pairs = [
        pair_of(name, *(column_of(each, each.categories.index(name)) for each in (first, second)))
        for name in shared
    ]
    harms = (harm_of(first, first.acts), harm_of(second, second.acts))
    harm = pair_of(harms[0].name, harms[0], harms[1]) if harms[0] and harms[1] else None
    drawn = resamples_for(len(both), resamples)
    differences = resampled_differences([*pairs, *([harm] if harm else [])], len(both), drawn, seed)
    adjusted = _holm([mcnemar(*pair.discordant()) for pair in pairs])
    compared = [
        _compared(pair, _metrics(pair, resampled), p, len(pairs))
        for pair, resampled, p in zip(pairs, differences, adjusted, strict=False)
    ]
    return Comparison(
        rows=len(both),
        errors=errors,
        categories=tuple(compared),
        any_harm=_compared(harm, _metrics(harm, differences[-1])) if harm else None,
        macro=_macro(compared, differences[: len(pairs)]),
        only_first=tuple(name for name in first.categories if name not in second.categories),
        only_second=tuple(name for name in second.categories if name not in first.categories),
        changes=tuple(islice(_changes(first, pairs), most_changes)),
        resamples=drawn,
        seed=seed,
        notes=tuple(_notes(first, harms, pairs, errors, drawn, resamples)),
        one_class=_one_class(first, second),
    )


def _metrics(pair: Pair, resampled: Mapping[str, Floats]) -> dict[str, Difference]:
    before, after = pair.values()
    return {
        name: Difference(
            before.get(name),
            after.get(name),
            pair.interval(name, after[name] - before[name], resampled[name])
            if name in before and name in after
            else None,
        )
        for name in COMPARED
    }


def _holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that all of them together are wrongly significant no more often than one alone would be (Holm 1979,
    Scandinavian Journal of Statistics 6:65)."""
    adjusted, least = [0.0] * len(p_values), 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        least = max(least, min(1.0, (len(p_values) - place) * p_values[number]))
        adjusted[number] = least
    return adjusted


def _compared(
    pair: Pair, metrics: Mapping[str, Difference], adjusted: float | None = None, compared: int = 1
) -> CategoryComparison:
    wrong, right = pair.discordant()
    p = mcnemar(wrong, right)
    adjusted = p if adjusted is None else adjusted
    outcome = Outcome.NO_DIFFERENCE
    if adjusted < 1 - CONFIDENCE:
        outcome = Outcome.BETTER if right > wrong else Outcome.WORSE
    rows = int(pair.known.sum())
    return CategoryComparison(
        name=pair.name,
        rows=rows,
        positives=int((pair.first.truth & pair.known).sum()),
        metrics=metrics,
        became_right=right,
        became_wrong=wrong,
        p_value=p,
        adjusted_p=adjusted,
        outcome=outcome,
        conclusion=_conclusion(outcome, rows, right, wrong, adjusted, compared)
        + _ranking(metrics.get("auroc")),
    )


def _conclusion(outcome: Outcome, rows: int, right: int, wrong: int, p: float, compared: int) -> str:
    if not rows:
        return "nothing to compare: there is no row of which both know the same"
    if not right and not wrong:
        return f"no difference: every one of {_rows(rows)} is answered alike"
    told = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    allowing = f", allowing for {compared} categories" if compared > 1 else ""
    counted = f"{_rows(right)} became right, {wrong:,} wrong ({told}{allowing})"
    if outcome is Outcome.NO_DIFFERENCE:
        return f"no difference that {_rows(rows)} can show: {counted}"
    return f"{outcome.value}: {counted}"


def _ranking(auroc: Difference | None) -> str:
    """What answers at one threshold do not show."""
    if auroc is None or auroc.difference is None or not auroc.difference.excludes_zero:
        return ""
    found = auroc.difference
    better = "better" if found.value > 0 else "worse"
    return f"; probabilities rank {better} (AUROC {found.value:+.3f}, {found.low:+.3f} to {found.high:+.3f})"


def _macro(
    compared: Sequence[CategoryComparison], resampled: Sequence[Mapping[str, Floats]]
) -> Mapping[str, Difference]:
    if len(compared) == 1:
        return compared[0].metrics
    macro = {}
    for name in COMPARED:
        both = [
            (found.first, found.second, draws[name])
            for one, draws in zip(compared, resampled, strict=True)
            if (found := one.metrics[name]).first is not None and found.second is not None
        ]
        if not both:
            macro[name] = Difference(None, None, None)
            continue
        first, second = (float(np.mean([one[side] for one in both])) for side in (0, 1))
        draws = mean_of_defined([one[2] for one in both])
        macro[name] = Difference(first, second, percentile_interval(second - first, draws))
    return macro


def _changes(first: Predictions, pairs: Sequence[Pair]) -> Iterator[Change]:
    """The answers that became right or wrong, those before others whose probability moved more."""
    found: list[tuple[float, int, int]] = []
    for number, pair in enumerate(pairs):
        before, after = pair.right()
        rows = np.flatnonzero(before != after)
        moved = np.abs(pair.second.probability - pair.first.probability)[rows]
        found += [(-far, row, number) for far, row in zip(moved.tolist(), rows.tolist(), strict=True)]
    for _, row, number in sorted(found):
        pair = pairs[number]
        yield Change(
            id=first.ids[row],
            text=first.texts[row],
            category=pair.name,
            truth=bool(pair.first.truth[row]),
            first=float(pair.first.probability[row]),
            second=float(pair.second.probability[row]),
            became_right=bool(pair.second.fired[row] == pair.second.truth[row]),
        )


def _one_class(first: Predictions, second: Predictions) -> CategoryComparison | None:
    """The class of each row as one answer, right or wrong."""
    same = bool(first.categories) and set(first.categories) == set(second.categories)
    if not (same and first.multi_class and second.multi_class):
        return None
    order = [second.categories.index(name) for name in first.categories]
    truth = class_numbers(first.truth == 1)
    known = classified(first) & (first.truth == second.truth[:, order]).all(axis=1)
    rights = [class_numbers(fired) == truth for fired in (first.fired, second.fired[:, order])]
    # As a category that every row is of, and that is found where the class is the right one.
    sides = [
        Column(CLASS, None, True, np.ones(len(first), bool), known, right.astype(np.float64), right)
        for right in rights
    ]
    pair = Pair(CLASS, sides[0], sides[1])
    rows = int(known.sum())
    if not rows:
        return _compared(pair, {"accuracy": Difference(None, None, None)})
    shares = [float(right[known].mean()) for right in rights]
    difference = paired_share_difference(*pair.discordant(), rows)
    return _compared(pair, {"accuracy": Difference(shares[0], shares[1], difference)})


def _notes(
    first: Predictions,
    harms: tuple[Column | None, Column | None],
    pairs: Sequence[Pair],
    errors: int,
    drawn: int,
    wanted: int,
) -> Iterator[str]:
    if not len(first) and not errors:
        yield "no rows: nothing is compared"
    if errors:
        yield f"{_rows(errors)} could not be judged by one or both and {_are(errors)} left out"
    if not pairs and len(first):
        yield "the two have no category in common"
    if harms[0] and harms[1]:
        apart = int((harms[0].known & harms[1].known & (harms[0].truth != harms[1].truth)).sum())
        if apart:
            yield f"{_rows(apart)} {_are(apart)} harm by the categories of one alone, and left out of any harm"
    if len(first):
        yield from notes_of_resampling(drawn, wanted)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
