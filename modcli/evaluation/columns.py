"""Categories of judged rows, each as a column of truths and answers; and all that act as one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from modcli.evaluation.measurement import ANY_HARM
from modcli.evaluation.predictions import UNKNOWN, Predictions
from modcli.evaluation.weighted import Cells, Flags, Floats, Numbers, cells_of


@dataclass(frozen=True)
class Column:
    """One category, or any harm, in rows that could all be judged. Arrays have shape (rows,): whether a row is of it,
    whether that is known, how probable it was said to be, and whether it was found."""

    name: str
    threshold: float | None
    acts: bool
    truth: Flags
    known: Flags
    probability: Floats
    fired: Flags

    @property
    def cells(self) -> Cells:
        """The rows of which it is known, to be weighted."""
        return cells_of(self.truth, self.probability, self.fired, self.known)


def taken(predictions: Predictions, rows: Numbers) -> Predictions:
    """These rows, by number, in this order."""
    if np.array_equal(rows, np.arange(len(predictions))):
        return predictions
    numbers = rows.tolist()
    return replace(
        predictions,
        ids=tuple(predictions.ids[row] for row in numbers),
        texts=tuple(predictions.texts[row] for row in numbers),
        stages=tuple(predictions.stages[row] for row in numbers),
        truth=predictions.truth[rows],
        probability=predictions.probability[rows],
        fired=predictions.fired[rows],
        severity=predictions.severity[rows],
    )


def judged_rows(predictions: Predictions) -> Flags:
    """Which rows could be judged, shape (rows,); none where no category ever was."""
    return predictions.judged if predictions.categories else np.zeros(len(predictions), bool)


def column_of(judged: Predictions, number: int) -> Column:
    """The category of this number."""
    threshold = float(judged.thresholds[number])
    return Column(
        name=judged.categories[number],
        threshold=None if np.isnan(threshold) else threshold,
        acts=bool(judged.acts[number]),
        truth=judged.truth[:, number] == 1,
        known=judged.truth[:, number] != UNKNOWN,
        probability=judged.probability[:, number],
        fired=judged.fired[:, number],
    )


def harm_of(judged: Predictions, which: Flags) -> Column | None:
    """Some categories (those with a true flag, of shape (categories,)) as one; None where there are none.

    The probability is the highest of theirs. A row is of it where one of them is known to apply. It is known not to be
    where none is known to apply and one is known not to: what is unknown besides counts as not.
    """
    if not which.any():
        return None
    truth = judged.truth[:, which]
    return Column(
        name=ANY_HARM,
        threshold=None,
        acts=True,
        truth=np.asarray((truth == 1).any(axis=1), bool),
        known=np.asarray((truth != UNKNOWN).any(axis=1), bool),
        probability=judged.probability[:, which].max(axis=1),
        fired=np.asarray(judged.fired[:, which].any(axis=1), bool),
    )


def unknown_as_not(judged: Predictions, which: Flags) -> int:
    """In how many rows that count as not of any of some categories one of them is unknown."""
    truth = judged.truth[:, which]
    open_ones, known = (truth == UNKNOWN).any(axis=1), (truth != UNKNOWN).any(axis=1)
    return int((open_ones & known & ~(truth == 1).any(axis=1)).sum())
