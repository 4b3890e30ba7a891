"""The early stages of a tuned cascade: what they say of an item, and whether that is enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.ngrams import NGrams
from modcli.cascade.parts import Parts
from modcli.cascade.routing import doubts
from modcli.cascade.tuned import EMBEDDING, NGRAMS, SHALLOW, TunedCascade
from modcli.embedders.base import Embedder
from modcli.errors import BackendError
from modcli.states.reader import Reader

Floats = NDArray[np.float64]


class Features(Protocol):
    """What a stage sees of texts. Raises BackendError where its runtime fails."""

    def features(self, texts: Sequence[str]) -> Any:
        """An array or a sparse matrix (texts, features)."""
        ...


@dataclass(frozen=True)
class Embedded:
    """The embedding of a text."""

    embedder: Embedder

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Features.features`."""
        return self.embedder.embed(texts)


@dataclass(frozen=True)
class ReadShallow:
    """The state of a text at one shallow tap."""

    reader: Reader
    tap: int

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Features.features`."""
        return self.reader.states(texts, (self.tap,))[:, 0]


def features_of(
    embedder: Callable[[], Embedder] | None, reader: Reader, shallow_tap: int
) -> dict[str, Callable[[], Features]]:
    """How the features of each stage are made, by its name, the cheapest first; without an embedder, not that one."""
    made: dict[str, Callable[[], Features]] = {NGRAMS: NGrams}
    if embedder is not None:
        make = embedder
        made[EMBEDDING] = lambda: Embedded(make())
    made[SHALLOW] = lambda: ReadShallow(reader, shallow_tap)
    return made


@dataclass(frozen=True)
class EarlyAnswer:
    """What an early stage decided: its name, and the log-odds of each category, shape (categories,)."""

    stage: str
    log_odds: Floats


class EarlyStages:
    """Decides items that it is sure enough of, at a price; what makes a stage's features is made when it is first
    needed. Where a stage's runtime fails, its items go on to the next: that is told once."""

    def __init__(
        self,
        tuned: TunedCascade,
        features: Mapping[str, Callable[[], Features]],
        *,
        price: float | None = None,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.tuned = tuned
        self.price = tuned.price if price is None else price
        self._make = features
        self._made: dict[str, Features] = {}
        self._failed: set[str] = set()
        self._tell = tell

    def answers(self, items: Sequence[Parts]) -> list[EarlyAnswer | None]:
        """The answer to each item, None for those to be judged in full: all that no stage is sure of, and those that were
        not read to the end."""
        found: list[EarlyAnswer | None] = [None] * len(items)
        open_items = [i for i, parts in enumerate(items) if parts.texts and parts.read >= 1]
        before: dict[int, list[Floats]] = {i: [] for i in open_items}
        for stage in self.tuned.stages:
            if not open_items or self.price <= 0:
                break
            texts = [text for i in open_items for text in items[i].texts]
            said = [np.concatenate(parts) for parts in zip(*(before[i] for i in open_items), strict=True)]
            features = self._features(stage.name, texts)
            if features is None:
                break  # the stages behind it were taught with its word
            log_odds = stage.head.log_odds(features, said)
            still_open, start = [], 0
            for i in open_items:
                own = log_odds[start : start + len(items[i].texts)]
                start += len(own)
                # An item is what its worst window is.
                worst = own.max(axis=0)
                if doubts(worst[None], stage.eagerness)[0] < self.price:
                    found[i] = EarlyAnswer(stage.name, worst)
                else:
                    before[i].append(own)
                    still_open.append(i)
            open_items = still_open
        return found

    def _features(self, name: str, texts: Sequence[str]) -> Any:
        if name in self._failed:
            return None
        try:
            if name not in self._made:
                self._made[name] = self._make[name]()
            return self._made[name].features(texts)
        except BackendError as error:
            self._failed.add(name)
            self._tell(f"the stage {name} failed ({error}); its items are judged in full")
            return None
