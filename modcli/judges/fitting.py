"""A judge from a profile's examples. Pure: states and label scores go in.

The numbers below were chosen on the dev rows named in docs/benchmarks.md, which says what each is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from modcli.judges.background import CONTRASTED_EVERY, Background
from modcli.judges.heads import Head, fit, leave_one_out
from modcli.judges.judge import (
    CategoryJudge,
    Evidence,
    LabelFit,
    head_log_odds,
    probability,
    unit,
)
from modcli.judges.ridge import Ridge, fit_ridge
from modcli.judges.selftraining import Student

#: Changes whenever a fit of the same input would come out differently: a part of every cache key.
VERSION = 8

Floats = NDArray[np.float64]
States = NDArray[np.float32]

#: The penalty of a head per entry of a state, as the square of a feature's length grows with the width.
PENALTY = 1 / 16
#: What a head is fitted to: examples, counterexamples, the profile's ordinary posts, the examples of its other
#: categories, and a part of the bank; and what all rows of a kind weigh together, against the counterexamples.
POSITIVE, NEGATIVE, ORDINARY = range(3)
WEIGHTS = np.array([1.0, 1.0, 0.25, 0.25, 0.1])
#: Nats of leave-one-out loss that halve the say of a choice of taps e-fold; soft, as a few shots are weak evidence.
_MIXTURE_TEMPERATURE = 3.0
_LOSS_SHARPNESS = 2.0
#: Log-odds per unit of a fitted head's score: a penalized head is too timid.
_HEAD_SHARPNESS = 1.5
#: A prototype's log-odds: so much per standard deviation of the bank's cosines, zero this far above their mean.
_PROTOTYPE_SLOPE, _PROTOTYPE_ZERO = 2.0, 2.2
#: Label scores of ordinary posts lie below this many standard deviations above their mean, but for a few percent.
_LABEL_DEVIATIONS, _LEAST_DEVIATION = 1.75, 0.5
_LABEL_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: The usual weight of a nat, and how many nats of left-out loss it takes to leave it by 1.
_LABEL_WEIGHT, _LABEL_HOLD = 0.5, 4.0
#: Shots from which on heads are ridge regressions: their left-out predictions cost nothing more. Of so many, left-out
#: predictions also tell how sure a head may be, and where even lies.
_MANY = 48
_RIDGES = (0.25, 1.0, 4.0)
_RIDGE_SHARPNESS = 3.0
#: How firmly the scale of the log-odds is held at what it is, in units of one shot's evidence.
_SCALE_HOLD = 1.0
#: What a nat of a student's (see selftraining) adds to the log-odds of a head.
_STUDENT_WEIGHT = 0.8
#: Shots on each side from which on leave-one-out may choose the label's weight.
_ENOUGH = 4
#: Log-odds around the threshold within which the label words are asked, by how many shots a side there are; and the
#: left-out loss below which the band is narrower, in proportion: what the shots tell apart need not be asked about.
_UNSURE, _UNSURE_LOSS = ((8, 1.5), (4, 2.0), (0, 3.0)), 0.5


@dataclass(frozen=True)
class LabelScores:
    """Label scores (log-probability of the category's word minus that of the ordinary one) under the profile prompt.

    Shots that stand in the prompt themselves have NaN: their scores say nothing of a new post.
    """

    positives: Floats
    negatives: Floats
    background: Floats


@dataclass(frozen=True)
class Shots:
    """Features, each of shape (shots, taps, width): of examples, of what is like them but not of the category, of the
    profile's ordinary posts, and of the examples of its other categories, most of which are not of this one."""

    positives: States
    negatives: States
    ordinary: States
    others: States
    texts: tuple[str, ...]


def fit_category(
    name: str, shots: Shots, background: Background, threshold: float | None, student: Student | None = None
) -> CategoryJudge:
    """The judge of one category by what was read; without an example it leaves everything to the profile prompt.

    A `student` of the label words on unlabelled posts adds to what the shots say.
    """
    weights, bias, left_out = np.zeros(background.mean.shape, np.float32), 0.0, np.empty(0)
    evidence = Evidence.DEFINITION
    if len(shots.positives) and len(shots.negatives):
        many = len(shots.positives) + len(shots.negatives) >= _MANY
        weights, bias, left_out = (_fit_ridges if many else _fit_head)(Rows.of(shots, background))
        evidence = Evidence.HEAD
        if student is not None:
            shown = np.concatenate([shots.positives, shots.negatives])
            own = head_log_odds(shown, student.weights, student.bias)
            say = _student_weight(left_out, own, len(shots.positives))
            weights, bias, left_out = (
                weights + say * student.weights,
                bias + say * student.bias,
                left_out + say * own,
            )
    elif len(shots.positives):
        weights, bias = _fit_prototype(shots.positives, background)
        evidence = Evidence.PROTOTYPE
    return CategoryJudge(
        name=name,
        evidence=evidence,
        threshold=0.5 if threshold is None else threshold,
        unsure=_unsure(evidence, len(shots.positives), left_out),
        weights=weights,
        bias=bias,
        examples=shots.positives,
        example_texts=shots.texts,
        left_out=left_out,
    )


def taught_category(name: str, student: Student, shots: Shots, threshold: float | None) -> CategoryJudge:
    """The judge of a category that has no counterexample, as its student learned it from unlabelled posts. The label
    words are not asked any more, nor is a prototype needed: their student is the better judge."""
    return CategoryJudge(
        name=name,
        evidence=Evidence.SAMPLE,
        threshold=0.5 if threshold is None else threshold,
        unsure=0.0,
        weights=student.weights,
        bias=student.bias,
        examples=shots.positives,
        example_texts=shots.texts,
        left_out=np.empty(0),
    )


def _student_weight(left_out: Floats, own: Floats, positives: int) -> float:
    """What a nat of the student's adds: the usual weight; of many shots, the one with the least left-out loss."""
    if len(left_out) < _MANY:
        return _STUDENT_WEIGHT
    truth = np.arange(len(left_out)) < positives
    return min(
        (0.0, _STUDENT_WEIGHT / 2, _STUDENT_WEIGHT),
        key=lambda weight: log_loss(left_out + weight * own, truth),
    )


def _unsure(evidence: Evidence, positives: int, left_out: Floats) -> float:
    if evidence is Evidence.DEFINITION:
        return 1e9
    smaller = min(positives, max(len(left_out) - positives, 0))
    band = next(width for shots, width in _UNSURE if smaller >= shots)
    if smaller < 2:
        return band
    loss = log_loss(left_out, np.arange(len(left_out)) < positives)
    return band * min(1.0, loss / _UNSURE_LOSS)


def fit_label(category: CategoryJudge, labels: LabelScores) -> LabelFit:
    """How a category's label scores are read, beside what its reading says."""
    offset = label_offset(labels)
    if category.evidence is Evidence.SAMPLE:
        return LabelFit(0.0, offset)
    if category.evidence is Evidence.DEFINITION:
        return LabelFit(1.0, offset)
    return LabelFit(_label_weight(category.left_out, labels, offset), offset)


@dataclass(frozen=True)
class Rows:
    """What a head is fitted to: `features` (rows, taps, width), the `kind` of each row, in order, how many there are of
    each kind (`sizes`), what each kind weighs (`totals`), and what each row does (`importance`): one shot of the larger
    side counts 1."""

    features: States
    kind: NDArray[np.intp]
    sizes: NDArray[np.intp]
    totals: Floats
    importance: Floats

    @classmethod
    def of(cls, shots: Shots, background: Background) -> Rows:
        """The rows of shots, and of a part of the bank."""
        kinds = [shots.positives, shots.negatives, shots.ordinary, shots.others]
        kinds.append(background.features[::CONTRASTED_EVERY])
        sizes = np.array([len(rows) for rows in kinds])
        kind = np.repeat(np.arange(len(kinds)), sizes)
        totals = sizes[: NEGATIVE + 1].max() * WEIGHTS
        return cls(np.concatenate(kinds), kind, sizes, totals, (totals / np.maximum(sizes, 1))[kind])

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Which rows are of the category."""
        return np.asarray(self.kind == POSITIVE, bool)

    @property
    def shown(self) -> NDArray[np.intp]:
        """The examples, then the counterexamples."""
        return np.flatnonzero(self.kind <= NEGATIVE)

    def say(self, losses: Sequence[float]) -> Floats:
        """How much say heads have in a mixture, by their left-out losses; sums to 1."""
        side = int(self.sizes[: NEGATIVE + 1].max())
        if side < 2:
            # One shot a side: leaving it out leaves nothing, and its loss says nothing.
            return np.full(len(losses), 1 / len(losses))
        say = np.exp(-(np.array(losses) - min(losses)) * 2 * side / _MIXTURE_TEMPERATURE)
        return np.asarray(say / say.sum(), np.float64)


def _fit_head(rows: Rows) -> tuple[States, float, Floats]:
    """A mixture of heads over every choice of taps, weighed by leave-one-out; and its left-out log-odds of the
    positives, then the negatives."""
    labels, shown, taps_and_width = rows.labels, rows.shown, rows.features.shape[1:]
    choices = _choices(taps_and_width[0])
    penalty = PENALTY * taps_and_width[1]
    heads: list[Head] = []
    scores: list[Floats] = []
    losses: list[float] = []
    for taps in choices:
        features = flat(rows.features[:, list(taps)])
        heads.append(fit(features, labels, rows.importance, penalty))
        left_out = leave_one_out(features, labels, rows.importance, penalty, shown)
        scores.append(left_out)
        losses.append(log_loss(_LOSS_SHARPNESS * left_out, labels[shown]))
    say = rows.say(losses)
    weights = np.zeros(taps_and_width, np.float64)
    for share, head, taps in zip(say, heads, choices, strict=True):
        weights[list(taps)] += share * head.weights.reshape(len(taps), -1) / np.sqrt(len(taps))
    bias = sum(share * head.bias for share, head in zip(say, heads, strict=True))
    mixed = np.einsum("c,cs->s", say, np.stack(scores))
    sharp = _HEAD_SHARPNESS
    return np.asarray(sharp * weights, np.float32), sharp * float(bias), sharp * mixed


def _fit_ridges(rows: Rows) -> tuple[States, float, Floats]:
    """As `_fit_head` for many shots: a mixture over taps and penalties of ridge regressions to +1 and -1, its log-odds
    scaled and shifted by what it says of shots left out (Platt scaling)."""
    features, labels, shown = rows.features, rows.labels, rows.shown
    width = features.shape[2]
    grams = [
        (tap @ tap.T).astype(np.float64) / width for tap in np.ascontiguousarray(features.transpose(1, 0, 2))
    ]
    fits: list[tuple[tuple[int, ...], Ridge]] = []
    losses: list[float] = []
    for taps in _choices(len(grams)):
        gram = np.sum([grams[tap] for tap in taps], axis=0) / len(taps)
        for penalty in _RIDGES:
            found = fit_ridge(gram, np.where(labels, 1.0, -1.0), rows.importance, penalty)
            fits.append((taps, found))
            losses.append(log_loss(_RIDGE_SHARPNESS * found.left_out[shown], labels[shown]))
    weights = np.zeros(features.shape[1:], np.float64)
    bias, mixed = 0.0, np.zeros(len(shown))
    for share, (taps, found) in zip(rows.say(losses), fits, strict=True):
        for tap in taps:
            weights[tap] += share * (found.coefficients @ features[:, tap]) / (len(taps) * width)
        bias += share * found.bias
        mixed += share * found.left_out[shown]
    scale, shift = _scaling(_RIDGE_SHARPNESS * mixed, labels[shown])
    scale *= _RIDGE_SHARPNESS
    return np.asarray(scale * weights, np.float32), scale * bias + shift, scale * mixed + shift


def _scaling(log_odds: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Scale and shift that make left-out log-odds fit the shots as they are, in number too (Platt 1999). The scale is
    held near 1, so that shots which are told apart without a fault do not make the log-odds grow without bound."""
    scale, shift = 1.0, 0.0
    for _ in range(50):
        p = probability(scale * log_odds + shift)
        miss, spread = p - truth, p * (1 - p)
        gradient = np.array([miss @ log_odds + _SCALE_HOLD * (scale - 1), miss.sum() + 1e-3 * shift])
        mixed = spread @ log_odds
        curvature = np.array([[spread @ log_odds**2 + _SCALE_HOLD, mixed], [mixed, spread.sum() + 1e-3]])
        step = np.linalg.solve(curvature, gradient)
        scale, shift = scale - float(step[0]), shift - float(step[1])
        if np.abs(step).max() < 1e-8:
            break
    return max(scale, 1e-3), shift


def _choices(taps: int) -> list[tuple[int, ...]]:
    """Each tap alone, each two neighbours, and all of them."""
    alone = [(i,) for i in range(taps)]
    pairs = [pair for pair in combinations(range(taps), 2) if pair[1] - pair[0] == 1] if taps > 2 else []
    return [*alone, *pairs, *([tuple(range(taps))] if taps > 1 else [])]


def flat(features: States) -> States:
    """Features (rows, taps, width) with the taps side by side; the square of a row's length is the mean over them."""
    rows, taps, width = features.shape
    return np.asarray(features.reshape(rows, taps * width) / np.sqrt(taps), np.float32)


def _fit_prototype(positives: States, background: Background) -> tuple[States, float]:
    """Cosine to the examples' mean direction at each tap, in standard deviations of the bank's, mean over taps."""
    direction = unit(unit(positives).mean(axis=0))
    cosines = np.einsum("itw,tw->it", unit(background.features), direction)
    mean, deviation = cosines.mean(axis=0), np.maximum(cosines.std(axis=0), 1e-6)
    slopes = _PROTOTYPE_SLOPE / (len(direction) * deviation)
    bias = -float((slopes * mean).sum()) - _PROTOTYPE_SLOPE * _PROTOTYPE_ZERO
    return np.asarray(direction * slopes[:, None], np.float32), bias


def label_offset(labels: LabelScores) -> float:
    """The label score that counts as even: the middle between the clean shots of both sides; where a side has none,
    above nearly all ordinary posts."""
    positives, negatives = _clean(labels.positives), _clean(labels.negatives)
    if len(positives) and len(negatives):
        return float(positives.mean() + negatives.mean()) / 2
    spread = max(float(labels.background.std()), _LEAST_DEVIATION)
    return float(labels.background.mean()) + _LABEL_DEVIATIONS * spread


def _label_weight(left_out: Floats, labels: LabelScores, offset: float) -> float:
    """The weight with the least left-out loss on clean shots, held near the usual one."""
    scores = np.concatenate([labels.positives, labels.negatives])
    truth = np.arange(len(scores)) < len(labels.positives)
    clean = ~np.isnan(scores)
    if len(left_out) != len(scores) or min((truth & clean).sum(), (~truth & clean).sum()) < _ENOUGH:
        return _LABEL_WEIGHT
    losses = [
        log_loss((left_out + weight * (scores - offset))[clean], truth[clean])
        + _LABEL_HOLD * (weight - _LABEL_WEIGHT) ** 2 / clean.sum()
        for weight in _LABEL_WEIGHTS
    ]
    return _LABEL_WEIGHTS[int(np.argmin(losses))]


def _clean(scores: Floats) -> Floats:
    return scores[~np.isnan(scores)]


def log_loss(log_odds: Floats, truth: NDArray[np.bool_]) -> float:
    """Mean negative log-likelihood in nats, both sides weighing the same where there are both."""
    losses = np.logaddexp(0, -np.where(truth, log_odds, -log_odds))
    return float(np.mean([losses[side].mean() for side in (truth, ~truth) if side.any()]))
