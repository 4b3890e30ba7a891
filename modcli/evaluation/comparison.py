"""Two ways to judge the same rows: what became better, what worse, and what may be noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modcli.evaluation.intervals import Interval
from modcli.evaluation.predictions import Predictions

#: The metrics that are compared, by the names of `metrics.METRICS`.
COMPARED = ("accuracy", "f1", "precision", "recall", "auroc", "auprc", "brier", "calibration_error")


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


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose answer for a category became right, or wrong."""

    id: str
    text: str
    category: str
    truth: bool
    first: float
    second: float
    became_right: bool

    def as_record(self) -> dict[str, Any]:
        """As a JSON object."""
        raise NotImplementedError


@dataclass(frozen=True)
class Comparison:
    """The first and the second on `rows` rows; `errors` more could not be judged by one or both and are left out.
    `only_first` and `only_second` are categories that the other does not have. `changes`: the greatest first."""

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

    def as_record(self, *, changes: bool = True) -> dict[str, Any]:
        """As a JSON object."""
        raise NotImplementedError


def compare(
    first: Predictions, second: Predictions, *, resamples: int = 1000, seed: int = 0, most_changes: int = 1000
) -> Comparison:
    """Compare. Rows go together by id and text, in whatever order; of rows that repeat, by their order. At most
    `most_changes` changes are kept. Raises UsageError where the rows, or what is known of them, are not the same."""
    raise NotImplementedError
