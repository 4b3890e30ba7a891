"""Evaluations for the tests of their reports: measured, of predictions that are made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from modcli.evaluation.comparison import compare
from modcli.evaluation.metrics import measure, worst
from modcli.evaluation.predictions import UNKNOWN, Predictions
from modcli.evaluation.rows import RowFinding
from modcli.reports.evaluation_report import Evaluated, Evaluation
from tests.reports.examples import HOSTILE

CATEGORIES = ("rude", "spam", "sad")


def predictions(
    rows: int = 300,
    *,
    seed: int = 0,
    skill: float = 2.0,
    categories: tuple[str, ...] = CATEGORIES,
    multi_class: bool = False,
) -> Predictions:
    """Answers that are right more often the higher the skill; the truth depends on the rows alone."""
    truth = np.random.default_rng(1).random((rows, len(categories))) < 0.3
    if multi_class:
        truth &= np.cumsum(truth, axis=1) == 1
    noise = np.random.default_rng(seed).normal(size=truth.shape)
    p = 1 / (1 + np.exp(-(skill * (2 * truth - 1) + noise)))
    fired = p >= 0.5
    if multi_class:
        p = p / (1 + p.sum(axis=1, keepdims=True))
        fired = np.arange(len(categories)) == p.argmax(axis=1)[:, None]
    known = truth.astype(np.int8)
    if rows > 10:
        known[3, 0] = UNKNOWN
    return Predictions(
        ids=tuple(f"row {i} {HOSTILE}" if i % 50 == 7 else f"row {i}" for i in range(rows)),
        texts=tuple(f"text {i} {HOSTILE}" if i % 3 else f"text {i}\nsecond line" for i in range(rows)),
        categories=categories,
        truth=known,
        probability=p,
        fired=np.asarray(fired, bool),
        thresholds=np.full(len(categories), 0.5),
        acts=np.array([name != "sad" for name in categories], bool),
        severity=np.full(rows, 2, np.int8),
        stages=tuple("cache" if i % 10 == 0 else "prompt" if i % 3 == 0 else "reading" for i in range(rows)),
        seconds=3.0,
        multi_class=multi_class,
    )


def evaluated(
    found: Predictions, name: str = "default", *, mistakes: int = 0, tokens: int = 5000
) -> Evaluated:
    return Evaluated(
        name=name,
        profile="default",
        profile_digest="ab" * 32,
        model="scripted",
        model_digest="cd" * 32,
        stage="auto",
        shots=8,
        measurement=measure(found, resamples=50),
        mistakes=tuple(worst(found, mistakes)),
        fresh=sum(stage != "cache" for stage in found.stages),
        tokens=tokens,
    )


FINDING = RowFinding(
    "unknown-label", 9, f"labels that nobody knows: {HOSTILE}", ("posts.jsonl:3",), "map them"
)


def single(found: Predictions | None = None, *, mistakes: int = 4) -> Evaluation:
    """One way to judge."""
    way = evaluated(predictions() if found is None else found, mistakes=mistakes)
    return Evaluation(("posts.jsonl",), {}, (FINDING,), (way,), wanted=mistakes, made=date(2026, 1, 31))


def double(*, wanted: int = 4, multi_class: bool = False) -> Evaluation:
    """Two ways, the second better than the first, and (unless each row has one class) with a category less."""
    categories = CATEGORIES[:2]
    first = predictions(
        skill=0.7, categories=categories if multi_class else CATEGORIES, multi_class=multi_class
    )
    second = predictions(seed=5, skill=3.0, categories=categories, multi_class=multi_class)
    second = replace(second, truth=first.truth[:, :2])
    ways = (evaluated(first, "stage=reading"), evaluated(second, "strict"))
    compared = compare(first, second, resamples=50)
    return Evaluation(("posts.jsonl", "-"), {}, (), ways, compared, wanted, date(2026, 1, 31))
