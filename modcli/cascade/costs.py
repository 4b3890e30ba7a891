"""What stages and the model take for a post, measured on a few."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from modcli.backends.base import Backend
from modcli.cascade.early import Features
from modcli.prompts.profile_prompt import ProfilePrompt
from modcli.prompts.reading import READING
from modcli.states.asker import Asker

_TIMED, _WARMING = 24, 4


class Costs(NamedTuple):
    """Seconds that the model takes for a post it has not read before: to read it to the shallow tap, to the deepest, and
    to be asked about it."""

    shallow: float
    reading: float
    asking: float


def seconds_of(make: Features, texts: Sequence[str]) -> float:
    """What a text takes, the median of three runs over a few."""
    few = texts[:_TIMED]
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        make.features(few)
        taken.append((time.perf_counter() - start) / max(len(few), 1))
    return float(np.median(taken))


def costs_of(
    backend: Backend,
    prompt: ProfilePrompt | None,
    shallow_tap: int,
    taps: Sequence[int],
    texts: Sequence[str],
) -> Costs:
    """What the model takes for a post, measured on a few: nothing is looked up or kept."""
    few = list(texts[:_TIMED])
    asker = Asker(lambda: backend, None)
    reads = partial(_read, backend)
    return Costs(
        shallow=_timed(partial(reads, (shallow_tap,)), few),
        reading=_timed(partial(reads, tuple(taps)), few) if taps else 0.0,
        asking=_timed(partial(asker.scores, prompt), few) if prompt is not None else 0.0,
    )


def _read(backend: Backend, taps: Sequence[int], texts: Sequence[str]) -> None:
    backend.read(READING, texts, taps=taps)


def _timed(work: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Seconds for each text, without what a first run takes beside."""
    if not texts:
        return 0.0
    work(texts[:_WARMING])
    start = time.perf_counter()
    work(texts)
    return (time.perf_counter() - start) / len(texts)
