"""Heads over a picture's features: from a few pictures of a category, or from its words.

Pure: features and text embeddings go in. The numbers below were chosen on drawings and photographs of 22 kinds
(benchmarks/image_heads.py, which says how much each way is worth); none of these kinds is harmful.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import unit_rows
from modcli.judges.ridge import fit_ridge

#: Changes whenever the same input would give another head: a part of every key under which one is kept.
VERSION = 1

Floats = NDArray[np.float64]
Features = NDArray[np.float32]

#: The penalty of a head, per unit vector; what all drawings weigh together, against all examples.
_PENALTY, _BANK_WEIGHT = 1.0, 0.25
#: A picture counts from so many standard deviations above the mean of those that are not of the category, each left out
#: of the fit: on the benchmark about 2 of 100 others then count. Drawings alone are easier to tell apart than pictures.
_DEVIATIONS, _DEVIATIONS_DRAWN = 3.0, 4.0
_LEAST_DEVIATION = 0.02
#: Log-odds per standard deviation.
_SLOPE = 1.0


class ImageShots(NamedTuple):
    """Features (pictures, width): of a category's examples, of its counterexamples, and of what is known to be something
    else (examples of other categories, ordinary pictures)."""

    positives: Features
    negatives: Features
    others: Features


class Nearest(NamedTuple):
    """The example that is most like a picture, by its place in the profile, and the cosine of the two, centred."""

    place: int
    cosine: float


@dataclass(frozen=True)
class ImageHead:
    """A category as a direction in feature space: log-odds = centred unit features @ weights + bias; from 0 on it counts.

    `centre` (width,) is taken from features before they are made units again. `recognised` says how many of the examples
    a head fitted to the others finds: few of them mean that the examples have little in common that the embedder sees.
    It is None of a single example, and where it was not asked for.
    """

    name: str
    weights: Floats
    bias: float
    centre: Features
    examples: Features
    recognised: int | None

    def log_odds(self, features: Features) -> Floats:
        """Features of shape (pictures, width) to shape (pictures,)."""
        return np.asarray(_centred(features, self.centre) @ self.weights + self.bias, np.float64)

    def probability(self, features: Features) -> Floats:
        """As `log_odds`, as probabilities; 0.5 is where it counts. They rank, and are no frequencies."""
        return _logistic(self.log_odds(features))

    def nearest(self, features: Features) -> list[Nearest]:
        """The example that is most like each picture."""
        cosines = _centred(features, self.centre) @ self.examples.T
        return [Nearest(int(row.argmax()), float(row.max())) for row in cosines]


def fit_image_head(name: str, shots: ImageShots, bank: Features, *, recount: bool = True) -> ImageHead:
    """The head of a category with at least one example: ridge regression to +1 and -1, of which every left-out prediction
    is known in closed form. `bank` holds the features of drawings (heads_drawings.py), at least two.

    The bank's mean is the centre. The threshold is that of `_DEVIATIONS`, and never above the mean of the examples
    themselves. Raises ValueError without an example or without a bank.
    """
    if not len(shots.positives) or len(bank) < 2:
        raise ValueError("a head takes an example and a bank")
    centre = np.asarray(bank.mean(axis=0), np.float32)
    kinds = [_centred(rows, centre) for rows in (*shots, bank)]
    sizes = [len(rows) for rows in kinds]
    rows = np.concatenate(kinds).astype(np.float64)
    of_category = np.arange(len(rows)) < sizes[0]
    side = float(sizes[0])
    totals = (side, side, side, _BANK_WEIGHT * side)
    importance = np.repeat([total / max(size, 1) for total, size in zip(totals, sizes, strict=True)], sizes)
    fit = fit_ridge(rows @ rows.T, np.where(of_category, 1.0, -1.0), importance, _PENALTY)
    others = fit.left_out[sizes[0] + sizes[1] :]
    spread = max(float(others.std()), _LEAST_DEVIATION)
    border = float(others.mean()) + (_DEVIATIONS if sizes[2] else _DEVIATIONS_DRAWN) * spread
    shown = rows[: sizes[0]] @ (rows.T @ fit.coefficients) + fit.bias
    # A little below: rounding is not to decide whether a single example is like itself.
    border = min(border, float(shown.mean()) - 1e-3 * spread)
    scale = _SLOPE / spread
    return ImageHead(
        name=name,
        weights=scale * (rows.T @ fit.coefficients),
        bias=scale * (fit.bias - border),
        centre=centre,
        examples=kinds[0],
        recognised=None if sizes[0] < 2 or not recount else _recognised(name, shots, bank),
    )


def _recognised(name: str, shots: ImageShots, bank: Features) -> int:
    """How many of the examples are found by a head that is fitted to the others."""
    found = 0
    for place in range(len(shots.positives)):
        kept = shots._replace(positives=np.delete(shots.positives, place, axis=0))
        head = fit_image_head(name, kept, bank, recount=False)
        found += int(head.log_odds(shots.positives[place : place + 1])[0] >= 0)
    return found


#: Words of which the 1,000 labels have many kinds, and words of which they have none: what a text embedder says of these
#: tells how near a word has to be to the labels. Chosen before anything was measured with them, but for the examples.
EXPRESSIBLE = (
    "bird",
    "fruit",
    "vehicle",
    "dog",
    "musical instrument",
    "gun",
    "insect",
    "computer",
    "swimwear",
    "snake",
)
INEXPRESSIBLE = (
    *("sadness", "politics", "harassment", "misinformation", "gossip", "a hate symbol", "an insult", "spam"),
    *("gore", "a celebrity", "self-harm", "a scam"),
)
#: How far from the second to the first a word has to be, to be told at all; and a label, to be counted as its kind.
_TELLABLE, _KIND = 0.6, 0.5
#: The labels of which a word needs some; how much nearer a single one has to be.
_SEVERAL, _SINGLE = 5, 0.65
#: A category counts where its labels have so many times what they have if all labels are equally likely, and so much at
#: least: on the benchmark about 2 of 100 others then count.
_TIMES, _LEAST_MASS = 4.0, 0.05
#: How sharply near and far labels are told apart, over the distance between the two lists.
_SHARPNESS = 4.6


class Reach(NamedTuple):
    """How near words are to the labels: `low` those that no label is a kind of, `high` those that many are; `centre` of
    the label texts, which lies in every embedding."""

    labels: Features
    centre: Features
    low: float
    high: float

    def similarities(self, words: Features) -> Floats:
        """Cosines (words, labels), centred."""
        return np.asarray(_centred(words, self.centre) @ self.labels.T, np.float64)

    def nearness(self, similarities: Floats) -> Floats:
        """Cosines (words, labels) to how near each word is to the labels: 0 for the second list, 1 for the first."""
        return np.asarray(
            (_best(similarities, self.high - self.low) - self.low) / (self.high - self.low), np.float64
        )


def measure_reach(labels: Features, expressible: Features, inexpressible: Features) -> Reach | None:
    """Embeddings, as unit rows, of the label texts and of the two lists; None where the text embedder does not tell the
    lists apart, so that nothing can be said of any word."""
    centre = np.asarray(labels.mean(axis=0), np.float32)
    centred = _centred(labels, centre)
    high, low = (
        float(np.sort(_centred(rows, centre) @ centred.T, axis=1)[:, -_SEVERAL:].mean())
        for rows in (expressible, inexpressible)
    )
    return Reach(centred, centre, low, high) if high - low > 0.05 else None


class Label(NamedTuple):
    """A label, and the embedder's probability of it."""

    name: str
    probability: float


@dataclass(frozen=True)
class WordHead:
    """A category as a share of each of the embedder's labels (labels,): it is told by what the labels that are its
    kinds have together (after ConSE: Norouzi and others, 2014, with the mass of near labels in place of the cosine to
    their mean, which ranks better on the benchmark)."""

    name: str
    shares: Floats
    labels: tuple[str, ...]

    def probability(self, classes: Features) -> Floats:
        """The labels' probabilities, of shape (pictures, labels), to shape (pictures,); 0.5 is where it counts."""
        mass = np.clip(classes.astype(np.float64) @ self.shares, 0, 1)
        # As if the category were as frequent as anything else: its odds, over those of where it counts.
        border = float(np.clip(_TIMES * self.shares.mean(), _LEAST_MASS, 0.5))
        return np.asarray(mass * (1 - border) / (mass * (1 - border) + (1 - mass) * border), np.float64)

    def told(self, classes: Features) -> list[Label]:
        """Of each picture the label that adds most."""
        added = classes * self.shares
        return [
            Label(self.labels[place], float(row[place]))
            for row, place in zip(classes, added.argmax(1), strict=True)
        ]

    def kinds(self, most: int = 5) -> list[str]:
        """The labels that are most a kind of it: for a person to see what the word was taken for."""
        return [self.labels[place] for place in np.argsort(-self.shares)[:most] if self.shares[place] >= 0.5]


def word_head(name: str, queries: Features, reach: Reach, labels: Sequence[str]) -> WordHead | None:
    """The head of a category by the embeddings of its words (its name, its definition), as unit rows; None where the
    labels cannot express it, so that no model can tell."""
    similarities = reach.similarities(queries).mean(axis=0, keepdims=True)
    if not len(queries) or float(reach.nearness(similarities)[0]) < _TELLABLE:
        return None
    distance = reach.high - reach.low
    border = reach.low + _KIND * distance
    shares = _logistic(_SHARPNESS / distance * (similarities[0] - border))
    return WordHead(name, shares, tuple(labels))


@dataclass(frozen=True)
class TextDirection:
    """A category by texts in the pictures' own space (CLIP): how much nearer a picture is to them than to plain words.

    Log-odds are that difference of cosines times `scale`, as CLIP was trained. Not measured by us: no such weights.
    """

    name: str
    texts: Features
    plain: Features
    scale: float = 100.0

    def probability(self, features: Features) -> Floats:
        """Features (pictures, width) to shape (pictures,); 0.5 is where it counts."""
        own = unit_rows(np.asarray(self.texts.mean(axis=0, keepdims=True), np.float32))
        near = (features @ own.T)[:, 0] - (features @ self.plain.T).max(axis=1)
        return _logistic(self.scale * near.astype(np.float64))


def _best(similarities: Floats, distance: float) -> Floats:
    """Several labels that are near, or a single one that is much nearer: (words, labels) to (words,)."""
    ordered = np.sort(similarities, axis=1)
    several, single = ordered[:, -_SEVERAL:].mean(axis=1), ordered[:, -1]
    return np.asarray(np.maximum(several, single - _SINGLE * distance), np.float64)


def _centred(rows: Features, centre: Features) -> Features:
    return unit_rows(np.asarray(rows - centre, np.float32))


def _logistic(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -500, 500))), np.float64)
