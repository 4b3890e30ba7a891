"""Which early stages follow each other: the heads of every chain of stages, and the chain that costs least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.distillation import DistilledHead, distil
from modcli.cascade.early import Features, said_by, usable
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.parts import Parts, worst_windows
from modcli.cascade.routing import Plan, best_plan
from modcli.cascade.tuned import EMBEDDING, NGRAMS, SHALLOW, Judged, Wish

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: The inverse penalties of the heads. Chosen on the dev rows named in docs/benchmarks.md.
_STRENGTHS = {NGRAMS: 30.0, EMBEDDING: 3.0, SHALLOW: 1.0}
#: How much of a promise's allowance a plan counts on: the calibration sample allows less than the promise does.
_ALLOWED = 0.75


class Seen(NamedTuple):
    """What a stage sees of rows: features (rows, features), and in which rows they are no numbers."""

    features: Any
    unusable: Mask


class Chosen(NamedTuple):
    """A chain of stages, the head of each, and how eager they are."""

    names: tuple[str, ...]
    heads: tuple[DistilledHead, ...]
    plan: Plan


def seen_by(stage: Features, texts: Sequence[str]) -> Seen:
    """What a stage sees of texts. Raises what the stage raises."""
    return Seen(*usable(stage.features(texts)))


class Heads:
    """The heads of chains of stages, learned from `targets` (rows, categories), the full judge's probabilities. What
    several chains begin with is learned once."""

    def __init__(self, seen: Mapping[str, Seen], targets: Floats) -> None:
        self._seen, self._targets = seen, targets
        self._known: dict[tuple[str, ...], tuple[DistilledHead, Floats]] = {}

    def of(self, chain: Sequence[str]) -> tuple[DistilledHead, ...]:
        """The head of each stage of a chain."""
        return tuple(self._learned(tuple(chain[: i + 1]))[0] for i in range(len(chain)))

    def left_out(self, chain: Sequence[str]) -> list[Floats]:
        """What each stage of a chain says of the rows by a head that was fitted without them, log-odds (rows,
        categories); NaN from the first stage on that sees no numbers."""
        found: list[Floats] = []
        unusable = np.zeros(len(self._targets), bool)
        for i, name in enumerate(chain):
            unusable = unusable | self._seen[name].unusable
            found.append(np.where(unusable[:, None], np.nan, self._learned(tuple(chain[: i + 1]))[1]))
        return found

    def _learned(self, chain: tuple[str, ...]) -> tuple[DistilledHead, Floats]:
        if chain not in self._known:
            before = [self._learned(chain[: i + 1])[1] for i in range(len(chain) - 1)]
            features, unusable = self._seen[chain[-1]]
            targets = np.where(unusable[:, None], np.nan, self._targets)
            self._known[chain] = distil(features, before, targets, _STRENGTHS[chain[-1]])
        return self._known[chain]


def best_chain(
    heads: Heads,
    names: Sequence[str],
    *,
    uniform: Mask,
    acted: Mask,
    severities: NDArray[np.int8],
    seconds: Mapping[str, float],
    full_seconds: float,
    wishes: Sequence[Wish],
) -> Chosen | None:
    """The chain that costs least, of stages cheaper than the full judge, while the wishes are kept on the rows it was
    taught with: on left-out answers for those of them that are drawn uniformly, `uniform` (rows,). `acted` (rows,
    categories) is what the full judge acts for. None where no stage is cheaper."""
    best: Chosen | None = None
    cheap = [name for name in names if seconds[name] < full_seconds]
    for size in range(1, len(cheap) + 1):
        for chain in combinations(cheap, size):
            said = tuple(own[uniform] for own in heads.left_out(chain))
            shown = Judged(said, acted[uniform], severities)
            plan = best_plan(
                shown.log_odds,
                [shown.wrong(stage) for stage in range(size)],
                [shown.missed(stage) for stage in range(size)],
                [seconds[name] for name in chain],
                full_seconds,
                _price_of(wishes, shown),
            )
            if best is None or plan.cost < best.plan.cost:
                best = Chosen(chain, heads.of(chain), plan)
    return best


def chain_log_odds(
    stages: Sequence[Features], heads: Sequence[DistilledHead], parts: Sequence[Parts]
) -> list[Floats]:
    """What each stage of a chain says of items, log-odds (items, categories) a stage: those of the worst window; NaN for
    an item that no early stage decides, as `EarlyStages` has it: one that was not read to its end, has no text, or
    whose features are no numbers. Raises what the stages raise."""
    readable = np.array([bool(part.texts) and part.read >= 1 for part in parts], bool)
    shown = [part for part, is_readable in zip(parts, readable, strict=True) if is_readable]
    texts = [text for part in shown for text in part.texts]
    found: list[Floats] = []
    said: list[Floats] = []
    for stage, head in zip(stages, heads, strict=True):
        worst = np.full((len(parts), len(head.bias)), np.nan)
        if texts:
            said.append(said_by(head, stage.features(texts), said))
            worst[readable] = worst_windows(said[-1], shown)
        found.append(worst)
    return found


def _price_of(wishes: Sequence[Wish], shown: Judged) -> Callable[[Floats, Floats], float]:
    """The highest price that keeps the wishes on the rows themselves, with something to spare."""
    acted = shown.severity > 0

    def price(wrong: Floats, missed: Floats) -> float:
        found = [np.inf]
        for wish in wishes:
            recall = wish.kind is PromiseKind.RECALL
            points = np.sort(missed[acted] if recall else wrong)
            allowed = int((1 - wish.target if recall else wish.target) * len(points) * _ALLOWED)
            found.append(float(points[min(allowed, len(points) - 1)]) if len(points) else 0.0)
        return min(found)

    return price
