"""What was judged of labelled rows, beside what they are: everything that is measured is a function of this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modcli.item import Item

#: The truth of a category in a row where nobody said.
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """An item and what it is known to be: `labels` are the categories it belongs to, `unknown` those nobody judged.
    It belongs to none of all others."""

    item: Item
    labels: frozenset[str]
    unknown: frozenset[str] = frozenset()

    def truth_of(self, *categories: str) -> int:
        """1 of any of these categories, 0 of none, UNKNOWN."""
        if not self.labels.isdisjoint(categories):
            return 1
        return 0 if self.unknown.isdisjoint(categories) else UNKNOWN


@dataclass(frozen=True)
class Predictions:
    """Rows and verdicts, as arrays.

    `truth` (rows, categories), int8: 1 of the category, 0 not, UNKNOWN. `probability` (rows, categories): NaN in a row
    that could not be judged. `fired` (rows, categories): whether the category was found, exemptions and (in a
    multi-class task) the choice of one class applied. `thresholds` and `acts` (categories,): from where a category
    fires, and whether anything but allow follows. `severity` (rows,), int8: of the action taken (`Action.severity`).
    `stages` (rows,): the stage that decided, "cache" for one answered from there, "none" for one not judged.
    `seconds`: wall time of judging, without the preparation.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    categories: tuple[str, ...]
    truth: NDArray[np.int8]
    probability: NDArray[np.float64]
    fired: NDArray[np.bool_]
    thresholds: NDArray[np.float64]
    acts: NDArray[np.bool_]
    severity: NDArray[np.int8]
    stages: tuple[str, ...]
    seconds: float = 0.0
    multi_class: bool = False

    def __len__(self) -> int:
        """How many rows."""
        return len(self.ids)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which rows could be judged, shape (rows,)."""
        return np.asarray(~np.isnan(self.probability).any(axis=1), bool)
