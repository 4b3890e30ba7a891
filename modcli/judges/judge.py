"""The judge: states and label scores in, a probability per category out. Fitted once for a profile and a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.judges.background import features_of

Floats = NDArray[np.float64]

#: Shots named in a verdict, and how similar (cosine) they must be to be named.
_NAMED, _SIMILAR = 2, 0.25


class Evidence(StrEnum):
    """What a category's judgement rests on."""

    HEAD = "examples and counterexamples"
    PROTOTYPE = "examples alone"
    SAMPLE = "what the label words taught on unlabelled posts"
    DEFINITION = "the definition alone"


@dataclass(frozen=True)
class LabelFit:
    """How the label scores of one category (log-probability of its word minus that of the ordinary one) are read:
    `offset` is the score that counts as even, `weight` what a nat above it adds to the log-odds; 0: no say."""

    weight: float
    offset: float

    def added(self, reading: Floats, scores: Floats) -> Floats:
        """Log-odds of reading and label score together, each of shape (items,)."""
        return reading + self.weight * (scores - self.offset)


@dataclass(frozen=True)
class CategoryJudge:
    """How one category is judged by what was read.

    `weights` (taps, width) and `bias` give the log-odds; with a PROTOTYPE the features are brought to unit length at
    each tap first. Where the log-odds lie within `unsure` of the threshold's, the profile prompt should be asked.
    `examples` are features of shape (shots, taps, width), for naming those that an item resembles. `left_out` are
    the log-odds of the examples, then of what was held against them, each without itself (empty but for a HEAD).
    """

    name: str
    evidence: Evidence
    threshold: float
    unsure: float
    weights: NDArray[np.float32]
    bias: float
    examples: NDArray[np.float32]
    example_texts: tuple[str, ...]
    left_out: Floats

    @property
    def border(self) -> float:
        """The log-odds of the threshold."""
        return float(logit(np.float64(self.threshold)))

    def is_unsure(self, reading: Floats) -> NDArray[np.bool_]:
        """Where the reading leaves it to the profile prompt, shape (items,)."""
        return np.asarray(np.abs(reading - self.border) < self.unsure, bool)

    def resembled(self, features: NDArray[np.float32]) -> tuple[str, ...]:
        """The examples most similar to one item, features (taps, width), the nearest first."""
        if not len(self.examples):
            return ()
        cosines = np.einsum("stw,tw->st", unit(self.examples), unit(features)).mean(axis=1)
        best = np.argsort(-cosines)[:_NAMED]
        return tuple(self.example_texts[i] for i in best if cosines[i] >= _SIMILAR)


@dataclass(frozen=True)
class Judge:
    """All categories of a profile. `mean` (taps, width) and `scale` (taps,) turn normed states into features."""

    taps: tuple[int, ...]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    categories: tuple[CategoryJudge, ...]

    def features(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normed states (items, taps, width) to features of the same shape."""
        return features_of(states, self.mean, self.scale)

    @cached_property
    def columns(self) -> NDArray[np.float32]:
        """What a normed state has to be multiplied with, shape (taps, width, 1 + categories): the background's mean,
        then each category's weights. `readings` needs no more of a state than these few products."""
        weights = [category.weights / self.scale[:, None] for category in self.categories]
        return np.asarray(np.stack([self.mean, *weights], axis=-1), np.float32)

    def products(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normed states (items, taps, width) times the columns: (items, taps, 1 + categories)."""
        return np.asarray(np.matmul(states.transpose(1, 0, 2), self.columns).transpose(1, 0, 2), np.float32)

    def readings(self, products: NDArray[np.float32]) -> dict[str, Floats]:
        """Log-odds of each category by what was read, shape (items,), from `products`. Zero for a definition alone."""
        exact = products.astype(np.float64)
        # |feature| at each tap; the square of a normed state is its width.
        square = self.mean.shape[1] - 2 * exact[:, :, 0] + np.square(self.mean, dtype=np.float64).sum(axis=1)
        lengths = np.sqrt(np.maximum(square, 1e-12)) / self.scale
        found = {}
        for i, category in enumerate(self.categories, 1):
            at_mean = np.einsum("tw,tw->t", self.mean, self.columns[:, :, i], dtype=np.float64)
            at_taps = exact[:, :, i] - at_mean
            if category.evidence is Evidence.PROTOTYPE:
                at_taps /= lengths
            found[category.name] = at_taps.sum(axis=1) + category.bias
        return found

    def save(self, file: Path) -> None:
        """Write to a file. Raises OSError."""
        arrays: dict[str, Any] = {"mean": self.mean, "scale": self.scale}
        meta: dict[str, Any] = {"taps": self.taps, "categories": []}
        for i, category in enumerate(self.categories):
            arrays[f"weights{i}"] = category.weights
            arrays[f"examples{i}"] = category.examples.astype(np.float16)
            arrays[f"left_out{i}"] = category.left_out
            meta["categories"].append(
                {
                    "name": category.name,
                    "evidence": category.evidence,
                    "threshold": category.threshold,
                    "unsure": category.unsure,
                    "bias": category.bias,
                    "example_texts": category.example_texts,
                }
            )
        arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        with file.open("wb") as stream:
            np.savez(stream, **arrays)

    @classmethod
    def load(cls, file: Path) -> Judge:
        """Read what `save` wrote. Raises OSError, EOFError, ValueError, KeyError or BadZipFile otherwise."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            meta = json.loads(arrays["meta"].tobytes())
            categories = tuple(
                CategoryJudge(
                    **{
                        **entry,
                        "evidence": Evidence(entry["evidence"]),
                        "example_texts": tuple(entry["example_texts"]),
                    },
                    weights=arrays[f"weights{i}"],
                    examples=arrays[f"examples{i}"].astype(np.float32),
                    left_out=arrays[f"left_out{i}"],
                )
                for i, entry in enumerate(meta["categories"])
            )
            return cls(tuple(meta["taps"]), arrays["mean"], arrays["scale"], categories)


def head_log_odds(features: NDArray[np.float32], weights: NDArray[np.float32], bias: float) -> Floats:
    """What a head, weights (taps, width), makes of features (items, taps, width), shape (items,)."""
    return np.asarray(np.einsum("itw,tw->i", features, weights, dtype=np.float64) + bias, np.float64)


def unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brought to unit length along the last axis; zeros stay zeros."""
    lengths = np.linalg.norm(features, axis=-1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)


def logit(p: Floats | np.float64) -> Floats:
    """Log-odds of probabilities; those of 0 and 1 stay finite."""
    inside = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside) - np.log1p(-inside), np.float64)


def probability(log_odds: Floats) -> Floats:
    """The logistic function, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -log_odds)), np.float64)


def shares(log_odds: Sequence[Floats]) -> list[Floats]:
    """Multi-class: each category's probability against the others and against none of them (log-odds 0)."""
    if not log_odds:
        return []
    stacked = np.stack([*log_odds, np.zeros_like(log_odds[0])])
    normalised = np.exp(stacked - np.logaddexp.reduce(stacked, axis=0))
    return list(normalised[:-1])
