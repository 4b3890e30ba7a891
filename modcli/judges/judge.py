"""The judge: states and label scores in, a probability per category out. Fitted once for a profile and a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Shots named in a verdict, and how similar (cosine) they must be to be named.
_NAMED, _SIMILAR = 2, 0.25


class Evidence(StrEnum):
    """What a category's judgement rests on."""

    HEAD = "examples and counterexamples"
    PROTOTYPE = "examples alone"
    DEFINITION = "the definition alone"


@dataclass(frozen=True)
class CategoryJudge:
    """How one category is judged.

    `weights` (taps, width) and `bias` give the log-odds of the reading; with a PROTOTYPE the features are brought to
    unit length at each tap first. `label_weight` and `label_offset` turn a label score into log-odds to add.
    Where the reading's log-odds lie within `unsure` of the threshold's, the profile prompt is asked.
    `examples` are features of shape (shots, taps, width), for naming those that an item resembles.
    """

    name: str
    evidence: Evidence
    threshold: float
    label_weight: float
    label_offset: float
    unsure: float
    weights: NDArray[np.float32]
    bias: float
    examples: NDArray[np.float32]
    example_texts: tuple[str, ...]

    @property
    def asks(self) -> bool:
        """Whether the profile prompt has a say in this category."""
        return self.label_weight > 0

    def reading(self, features: NDArray[np.float32]) -> Floats:
        """Log-odds by the states alone: features (items, taps, width) to (items,). Zero for a definition alone."""
        if self.evidence is Evidence.DEFINITION:
            return np.zeros(len(features))
        if self.evidence is Evidence.PROTOTYPE:
            features = unit(features)
        return (
            np.asarray(np.einsum("itw,tw->i", features, self.weights, optimize=True), np.float64) + self.bias
        )

    def with_label(self, reading: Floats, scores: Floats) -> Floats:
        """Log-odds of reading and label score together, each of shape (items,)."""
        return reading + self.label_weight * (scores - self.label_offset)

    def is_unsure(self, reading: Floats) -> NDArray[np.bool_]:
        """Where the reading leaves it to the profile prompt, shape (items,)."""
        if not self.asks:
            return np.zeros(len(reading), bool)
        limit = float(np.log(self.threshold) - np.log1p(-self.threshold)) if 0 < self.threshold < 1 else 0.0
        return np.abs(reading - limit) < self.unsure

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
        return np.asarray((states - self.mean) / self.scale[:, None], np.float32)

    def by_name(self) -> Mapping[str, CategoryJudge]:
        """The category judges by name."""
        return {category.name: category for category in self.categories}

    def save(self, file: Path) -> None:
        """Write to a file. Raises OSError."""
        arrays: dict[str, Any] = {"mean": self.mean, "scale": self.scale}
        meta: dict[str, Any] = {"taps": self.taps, "categories": []}
        for i, category in enumerate(self.categories):
            arrays[f"weights{i}"] = category.weights
            arrays[f"examples{i}"] = category.examples.astype(np.float16)
            meta["categories"].append(
                {
                    key: getattr(category, key)
                    for key in (
                        *("name", "evidence", "threshold", "label_weight"),
                        *("label_offset", "unsure", "bias", "example_texts"),
                    )
                }
            )
        arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        with file.open("wb") as stream:
            np.savez(stream, **arrays)

    @classmethod
    def load(cls, file: Path) -> Judge:
        """Read what `save` wrote. Raises OSError, ValueError or KeyError for anything else."""
        with np.load(file, allow_pickle=False) as arrays:
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
                )
                for i, entry in enumerate(meta["categories"])
            )
            return cls(tuple(meta["taps"]), arrays["mean"], arrays["scale"], categories)


def unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Brought to unit length along the last axis; zeros stay zeros."""
    lengths = np.linalg.norm(features, axis=-1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)


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
