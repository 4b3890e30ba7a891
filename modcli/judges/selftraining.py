"""From a definition and unlabelled posts to a head: the label words teach, a head on the states learns.

The label words are a noisy teacher. A head that is penalized so strongly that it can only follow the broad direction
in which the teacher's scores change over a sample averages their noise away, and judges better than its teacher. How
many posts of the sample are of the category it reads off the two groups into which its own scores fall.

No label is used: where to look (which taps, how strong a penalty) is chosen by how well a left-out post's score is
predicted, and by how clearly the posts fall into two groups. The numbers were chosen on the dev rows named in
docs/benchmarks.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modcli.judges.judge import probability
from modcli.judges.ridge import fit_ridge

Floats = NDArray[np.float64]
States = NDArray[np.float32]

#: Changes whenever a student of the same sample would come out differently: a part of every cache key.
VERSION = 2
#: Posts below which nothing is learned.
LEAST = 60
#: Penalties of the first rounds, in units of the mean squared length of a post's feature.
_PENALTIES = (3.0, 10.0, 30.0, 100.0)
_LAST_PENALTY = 10.0
#: The two groups overlap more than the fit of them to a student's own sample says.
_MODESTY = 0.6
#: How sharply taps and penalties are chosen: the log of their say per unit of agreement times separation.
_SHARPNESS = 3.0
#: A student whose scores fall into two groups so far apart (in standard deviations) has found something; where they are
#: closer, it has to find next to nothing of it in ordinary posts. From fewer than some 15 posts of the category in a
#: sample students split it along something else, and that is how it shows.
_PLAIN, _LEAST_SEPARATION, _MOST_ORDINARY = 3.2, 2.6, 0.02
_LEAST_AGREEMENT = 0.4


class Mixture(NamedTuple):
    """Two normal distributions of one variance: the log-odds of the upper are slope * score + bias. `separation` is the
    distance of their means in standard deviations, `share` that of the upper."""

    slope: float
    bias: float
    separation: float
    share: float


class Student(NamedTuple):
    """A head, `weights` (taps, width) and `bias` in log-odds, and what is known of it without a label: `agreement`
    (correlation of left-out predictions with the teacher's scores), `separation`, the `share` of the sample that
    it takes to be of the category, and the share of `ordinary` posts that it does."""

    weights: States
    bias: float
    agreement: float
    separation: float
    share: float
    ordinary: float

    @property
    def is_sound(self) -> bool:
        """Whether it may judge; one that is not is left to its teacher."""
        apart = self.separation >= _PLAIN or (
            self.separation >= _LEAST_SEPARATION and self.ordinary <= _MOST_ORDINARY
        )
        return apart and self.agreement >= _LEAST_AGREEMENT


def self_train(features: States, scores: Floats, ordinary: States) -> Student:
    """A student of label scores (posts,) on features (posts, taps, width), held against the features of ordinary
    posts. Raises ValueError for fewer than LEAST posts or
    scores that are all the same."""
    if len(scores) < LEAST or float(np.ptp(scores)) < 1e-9:
        raise ValueError("too few posts, or one score for all, to learn from")
    centre = features.mean(axis=0)
    grams = [
        (tap @ tap.T).astype(np.float64) / features.shape[2]
        for tap in np.ascontiguousarray((features - centre).transpose(1, 0, 2))
    ]
    first, agreement = _round(grams, scores)
    second, _ = _round(grams, first)
    found = mixture(second)
    belief = probability(found.slope * second + found.bias)
    gram = np.sum(grams, axis=0) / len(grams)
    last = fit_ridge(
        gram, 2 * belief - 1, np.ones(len(scores)), _LAST_PENALTY * float(gram.diagonal().mean())
    )
    own = gram @ last.coefficients
    found = mixture(own)
    slope = _MODESTY * found.slope
    weights = np.einsum("p,ptw->tw", last.coefficients, features - centre, dtype=np.float64)
    weights *= slope / (len(grams) * features.shape[2])
    bias = _MODESTY * found.bias - float((weights * centre).sum())
    taken = np.einsum("ptw,tw->p", ordinary, weights) + bias > 0
    return Student(
        weights=np.asarray(weights, np.float32),
        bias=bias,
        agreement=agreement,
        separation=found.separation,
        share=found.share,
        ordinary=float(taken.mean()) if len(taken) else 0.0,
    )


def mixture(scores: Floats) -> Mixture:
    """Two normal distributions with one variance, the likelier of two fits by expectation maximization: one that starts
    from a small upper group, one from a small lower."""
    spread = max(float(scores.std()), 1e-12)
    x = (scores - scores.mean()) / spread
    _, means, variance, shares = max(
        (_expectation_maximization(x, np.quantile(x, start)) for start in ([0.25, 0.9], [0.1, 0.75])),
        key=lambda fit: fit[0],
    )
    low, high = np.argsort(means)
    slope = float(means[high] - means[low]) / variance
    middle = float(means[high] ** 2 - means[low] ** 2) / (2 * variance)
    bias = float(np.log(shares[high]) - np.log(shares[low])) - middle
    separation = float(means[high] - means[low]) / float(np.sqrt(variance))
    return Mixture(
        slope / spread, bias - slope * float(scores.mean()) / spread, separation, float(shares[high])
    )


def _expectation_maximization(
    x: Floats, means: Floats, most: int = 200
) -> tuple[float, Floats, float, Floats]:
    """Log-likelihood, means, variance and shares."""
    variance, shares, before = 0.5, np.array([0.5, 0.5]), -np.inf
    for _ in range(most):
        log_density = (
            np.log(shares) - np.square(x[:, None] - means) / (2 * variance) - np.log(2 * np.pi * variance) / 2
        )
        each = np.logaddexp.reduce(log_density, axis=1)
        likelihood = float(each.sum())
        belief = np.exp(log_density - each[:, None])
        total = belief.sum(axis=0) + 1e-3
        shares = total / total.sum()
        means = (belief * x[:, None]).sum(axis=0) / total
        # A variance of nothing would be a group of one post.
        variance = max(float((belief * np.square(x[:, None] - means)).sum() / len(x)), 0.05)
        if likelihood - before < 1e-6 * len(x):
            break
        before = likelihood
    return likelihood, means, variance, shares


def _round(grams: list[Floats], scores: Floats) -> tuple[Floats, float]:
    """A student's scores of the sample, mixed over taps and penalties; and how well the best of them agrees with the
    teacher."""
    centred = scores - scores.mean()
    ones = np.ones(len(scores))
    found: list[Floats] = []
    worth: list[float] = []
    agreements: list[float] = []
    for gram in grams:
        for penalty in _PENALTIES:
            fit = fit_ridge(gram, centred, ones, penalty * float(gram.diagonal().mean()))
            own = gram @ fit.coefficients
            own = (own - own.mean()) / max(float(own.std()), 1e-12)
            agreement = float(np.corrcoef(fit.left_out, centred)[0, 1])
            found.append(own)
            agreements.append(agreement)
            worth.append(agreement * mixture(own).separation)
    say = np.exp(_SHARPNESS * (np.array(worth) - max(worth)))
    return np.asarray(say @ np.stack(found) / say.sum(), np.float64), agreements[int(np.argmax(worth))]
