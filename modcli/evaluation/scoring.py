"""The values of the metrics of one category, computed by scikit-learn, and the points of its curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from modcli.evaluation.intervals import wilson
from modcli.evaluation.measurement import Confusion, Curves, ReliabilityBin
from modcli.evaluation.weighted import FEW_FALSE_POSITIVES, Flags, Floats, equal_mass_bins

#: Points of a curve that are kept.
_MOST_POINTS = 200


def answer_values(truth: Flags, probability: Floats, fired: Flags) -> dict[str, float]:
    """The metrics of answers, and the Brier score, by name; left out are those that are not defined. All arguments have
    shape (rows,)."""
    if not len(truth):
        return {}
    # Told apart from 0: a category that was never found has no precision.
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, fired, labels=[False, True], zero_division=np.nan
    )
    values = {
        "accuracy": metrics.accuracy_score(truth, fired),
        "balanced_accuracy": (recall[0] + recall[1]) / 2,
        "precision": precision[1],
        "recall": recall[1],
        "specificity": recall[0],
        "false_positive_rate": 1 - recall[0],
        "f1": f1[1],
        "brier": metrics.brier_score_loss(truth, probability, pos_label=True),
    }
    return {name: float(value) for name, value in values.items() if not np.isnan(value)}


def score_values(truth: Flags, probability: Floats) -> dict[str, float]:
    """The metrics of probabilities, by name; left out are those that are not defined."""
    if not len(truth):
        return {}
    values = {"calibration_error": calibration_error(truth, probability)}
    if truth.any() and not truth.all():
        wrongly, rightly, _ = metrics.roc_curve(truth, probability, drop_intermediate=False)
        values |= {
            "auroc": float(metrics.roc_auc_score(truth, probability)),
            "auprc": float(metrics.average_precision_score(truth, probability)),
            "recall_at_1_percent_fpr": float(rightly[wrongly <= FEW_FALSE_POSITIVES].max()),
        }
    return values


def confusion_of(truth: Flags, fired: Flags) -> Confusion:
    """Rows by truth and answer."""
    if not len(truth):
        return Confusion(0, 0, 0, 0)
    (tn, fp), (fn, tp) = metrics.confusion_matrix(truth, fired, labels=[False, True]).tolist()
    return Confusion(tp=tp, fp=fp, fn=fn, tn=tn)


def calibration_error(truth: Flags, probability: Floats) -> float:
    """Expected calibration error (Naeini et al. 2015, AAAI): |mean probability - share of positives| in each bin,
    weighted by its rows. Bins hold about equally many rows (Nixon et al. 2019, arXiv 1904.01685)."""
    gaps = np.bincount(equal_mass_bins(probability), probability - truth)
    return float(np.abs(gaps).sum() / len(truth))


def curves_of(truth: Flags, probability: Floats) -> Curves:
    """What there is to draw of rows."""
    reliability = _reliability(truth, probability)
    if truth.all() or not truth.any():
        return Curves(reliability=reliability)
    wrongly, rightly, _ = metrics.roc_curve(truth, probability)
    precision, recall, _ = metrics.precision_recall_curve(truth, probability)
    return Curves(_thinned(wrongly, rightly), _thinned(recall[::-1], precision[::-1]), reliability)


def _reliability(truth: Flags, probability: Floats) -> tuple[ReliabilityBin, ...]:
    bins = equal_mass_bins(probability)
    return tuple(
        ReliabilityBin(
            predicted=float(probability[inside].mean()),
            observed=wilson(int(truth[inside].sum()), int(inside.sum())),
            rows=int(inside.sum()),
            low=float(probability[inside].min()),
            high=float(probability[inside].max()),
        )
        for inside in (bins == one for one in np.unique(bins))
    )


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Points at about equal steps along a curve, its ends among them."""
    if len(x) > _MOST_POINTS:
        way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        steps = np.linspace(0, way[-1], _MOST_POINTS)
        kept = np.unique(np.append(np.searchsorted(way, steps[:-1]), len(x) - 1))
        x, y = x[kept], y[kept]
    return tuple(zip(x.tolist(), y.tolist(), strict=True))
