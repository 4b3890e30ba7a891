"""A tuned cascade: early stages, how eager they are, and what is promised of them; and the file it is kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.distillation import DistilledHead
from modcli.cascade.guarantee import Guarantee, Promise, PromiseKind, lower_bound, promise
from modcli.cascade.replacing import replacing
from modcli.cascade.routing import cost_of, doubts, loss_points

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: The early stages, by the names that verdicts have.
NGRAMS, EMBEDDING, SHALLOW = "ngrams", "embedding", "shallow"
_VERSION = 1
#: What reading a file that is missing or damaged may raise.
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, BadZipFile)


@dataclass(frozen=True)
class Wish:
    """What the user wants promised: a share to reach (recall) or not to exceed (risk), of one category or all."""

    kind: PromiseKind
    target: float
    category: str | None = None


@dataclass(frozen=True)
class TunedStage:
    """One early stage. `seconds` is what an item takes there."""

    name: str
    head: DistilledHead
    eagerness: float
    seconds: float


@dataclass(frozen=True)
class Judged:
    """Items that were judged in full: what each early stage says of them, log-odds (items, categories) a stage; which
    categories the full judge acted for, `acted` (items, categories); and how severe each category's action is,
    `severities` (categories,)."""

    log_odds: tuple[Floats, ...]
    acted: Mask
    severities: NDArray[np.int8]

    def of_stage(self, stage: int) -> NDArray[np.int8]:
        """How severe a stage's answer is, shape (items,)."""
        return severity_of(self.log_odds[stage] >= 0, self.severities)

    @cached_property
    def severity(self) -> NDArray[np.int8]:
        """How severe the full judge's answer is, shape (items,)."""
        return severity_of(self.acted, self.severities)

    def wrong(self, stage: int, category: int | None = None) -> Mask:
        """Where a stage's action is another than the full judge's; or, of one category, where only one of them acts for
        it."""
        if category is not None:
            return np.asarray((self.log_odds[stage][:, category] >= 0) != self.acted[:, category], bool)
        return np.asarray(self.of_stage(stage) != self.severity, bool)

    def missed(self, stage: int, category: int | None = None) -> Mask:
        """Where a stage is milder than the full judge; or, of one category, where only the full judge acts for it, and
        the stage lets the item pass."""
        milder = self.of_stage(stage) < self.severity
        return np.asarray(milder if category is None else milder & self.acted[:, category], bool)


def severity_of(acted: Mask, severities: NDArray[np.int8]) -> NDArray[np.int8]:
    """The severest of the actions of the categories that act, (items, categories) to (items,); 0 without one."""
    return np.asarray((acted * severities).max(axis=1, initial=0), np.int8)


@dataclass(frozen=True)
class TunedCascade:
    """`key` stands for all that it was tuned with, in readable parts by name; where one differs it does not hold. `salt`
    decides which items are audited; `budget` is how many items were judged in full for it; `asked` is how many sets of
    promises were asked of its calibration items."""

    key: Mapping[str, str]
    categories: tuple[str, ...]
    stages: tuple[TunedStage, ...]
    full_seconds: float
    calibration: Judged
    guarantee: Guarantee
    budget: int
    salt: str
    asked: int = 1

    @property
    def price(self) -> float:
        """The highest price at which all promises hold."""
        return self.guarantee.price if self.stages else 0.0

    @cached_property
    def doubts(self) -> list[Floats]:
        """Each stage's doubts of the calibration items."""
        return [
            doubts(odds, stage.eagerness)
            for odds, stage in zip(self.calibration.log_odds, self.stages, strict=True)
        ]

    def cost(self, price: float) -> tuple[float, tuple[float, ...]]:
        """Seconds that an item takes at a price, mean, and each stage's share, the full judge's last. At a price of 0 no
        early stage is asked."""
        if price <= 0 or not self.stages:
            return self.full_seconds, (*(0.0 for _ in self.stages), 1.0)
        return cost_of(self.doubts, price, [stage.seconds for stage in self.stages], self.full_seconds)

    def price_for(self, seconds: float) -> float | None:
        """The lowest price at which an item takes no longer, mean; None where even deciding all early does."""
        found = np.concatenate([np.zeros(1), *self.doubts]) if self.stages else np.zeros(1)
        candidates = np.nextafter(np.unique(found[np.isfinite(found)]), np.inf)
        low, high = 0, len(candidates) - 1
        if self.cost(float(candidates[high]))[0] > seconds:
            return None
        if self.cost(0.0)[0] <= seconds:
            return 0.0
        while low < high:
            middle = (low + high) // 2
            if self.cost(float(candidates[middle]))[0] <= seconds:
                high = middle
            else:
                low = middle + 1
        return float(candidates[low])

    def promised(self, wishes: Sequence[Wish]) -> TunedCascade:
        """The same cascade with other promises, from the same calibration items. Raises ValueError for a category that it
        does not have."""
        found = guarantee_of(wishes, self.calibration, self.doubts, self.categories)
        return self if found == self.guarantee else replace(self, guarantee=found, asked=self.asked + 1)

    def losses(self, price: float, category: str | None = None) -> tuple[int, int, float]:
        """Of how many calibration items that the full judge acts on (for one category), how many are let pass at a price
        that was not chosen by them, and the 95% lower bound on the recall that follows (0 where there is none)."""
        index = None if category is None else self.categories.index(category)
        acted = self.calibration.severity > 0 if index is None else self.calibration.acted[:, index]
        missed = [self.calibration.missed(stage, index) for stage in range(len(self.stages))]
        lost = int((loss_points(self.doubts, missed)[acted] < price).sum()) if missed else 0
        count = int(acted.sum())
        return count, lost, lower_bound(count - lost, count) if count else 0.0

    def save(self, file: Path) -> None:
        """Keep it. Raises OSError."""
        arrays: dict[str, Any] = {
            "acted": self.calibration.acted,
            "severities": self.calibration.severities,
        }
        for i, stage in enumerate(self.stages):
            # Of many n-grams few occur.
            used = np.flatnonzero(np.abs(stage.head.weights).max(axis=1))
            arrays |= {f"rows{i}": used.astype(np.int32), f"weights{i}": stage.head.weights[used]}
            arrays |= {f"earlier{i}": stage.head.earlier, f"bias{i}": stage.head.bias}
            arrays[f"log_odds{i}"] = self.calibration.log_odds[i]
        meta = {
            "version": _VERSION,
            "key": dict(self.key),
            "categories": self.categories,
            "stages": [
                [stage.name, stage.eagerness, stage.seconds, len(stage.head.weights)] for stage in self.stages
            ],
            "full_seconds": self.full_seconds,
            "guarantee": self.guarantee.as_record(),
            "budget": self.budget,
            "salt": self.salt,
            "asked": self.asked,
        }
        arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with replacing(file) as unfinished, unfinished.open("wb") as stream:
            np.savez_compressed(stream, **arrays)


def guarantee_of(
    wishes: Sequence[Wish], judged: Judged, stage_doubts: Sequence[Floats], categories: Sequence[str]
) -> Guarantee:
    """What items judged in full say of wishes. Raises ValueError for a category that is not judged."""
    stages = range(len(stage_doubts))
    made: list[Promise] = []
    for wish in wishes:
        index = None if wish.category is None else list(categories).index(wish.category)
        acted = judged.severity > 0 if index is None else judged.acted[:, index]
        is_lost = judged.missed if wish.kind is PromiseKind.RECALL else judged.wrong
        points = np.full(len(judged.acted), np.inf)
        if stage_doubts:
            points = loss_points(stage_doubts, [is_lost(stage, index) for stage in stages])
        made.append(promise(wish.kind, wish.target, points, acted, category=wish.category))
    return Guarantee(tuple(made))


def load_cascade(file: Path) -> TunedCascade | None:
    """What `TunedCascade.save` wrote; None where there is nothing, or nothing that can be read."""
    with suppress(*_UNREADABLE), file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return _loaded(arrays)
    return None


def kept_key(file: Path) -> dict[str, str]:
    """The key of a kept cascade, without the rest of it; empty where it cannot be read."""
    with suppress(*_UNREADABLE), file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return {str(part): str(value) for part, value in _meta(arrays)["key"].items()}
    return {}


def _meta(arrays: Any) -> Any:
    return json.loads(arrays["meta"].tobytes())


def _loaded(arrays: Any) -> TunedCascade:
    meta = _meta(arrays)
    if meta["version"] != _VERSION:
        raise ValueError("of another version")
    stages = []
    for i, (name, eagerness, seconds, size) in enumerate(meta["stages"]):
        weights = np.zeros((size, len(meta["categories"])), np.float32)
        weights[arrays[f"rows{i}"]] = arrays[f"weights{i}"]
        head = DistilledHead(weights, arrays[f"earlier{i}"], arrays[f"bias{i}"])
        stages.append(TunedStage(str(name), head, float(eagerness), float(seconds)))
    log_odds = tuple(arrays[f"log_odds{i}"] for i in range(len(stages)))
    return TunedCascade(
        key=dict(meta["key"]),
        categories=tuple(meta["categories"]),
        stages=tuple(stages),
        full_seconds=float(meta["full_seconds"]),
        calibration=Judged(log_odds, arrays["acted"], arrays["severities"]),
        guarantee=Guarantee.from_record(meta["guarantee"]),
        budget=int(meta["budget"]),
        salt=str(meta["salt"]),
        asked=int(meta.get("asked", 1)),
    )
