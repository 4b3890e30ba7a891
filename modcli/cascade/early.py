"""The early stages of a tuned cascade: what they say of an item, and whether that is enough."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.distillation import DistilledHead
from modcli.cascade.ngrams import NGrams
from modcli.cascade.parts import Parts, worst_windows
from modcli.cascade.routing import doubts
from modcli.cascade.tuned import EMBEDDING, NGRAMS, SHALLOW, TunedCascade, TunedStage
from modcli.embedders.base import Embedder
from modcli.errors import ModcliError
from modcli.judges.decision import decide
from modcli.judges.judge import logit, probability
from modcli.profile import Action, Profile, Task
from modcli.states.reader import Reader
from modcli.verdict import CategoryVerdict

Floats = NDArray[np.float64]

#: Items at once: enough to fill the model's batches where nothing is decided early, and as many as are worth it.
LEAST_BATCH, MOST_BATCH = 32, 512


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


class Early(Protocol):
    """What decides some items before the full judge: the stages of a tuned cascade, or a prefilter."""

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that answers are about, in their order."""
        ...

    @property
    def scope(self) -> str:
        """What an answer depends on beside the item, as a digest: kept verdicts hold for it."""
        ...

    @property
    def batch(self) -> int:
        """How many items it wants at once."""
        ...

    @property
    def decides_all(self) -> bool:
        """Whether there is no full judge behind it."""
        ...

    @property
    def seconds(self) -> Mapping[str, float]:
        """The time that each stage took until now."""
        ...

    def answers(self, items: Sequence[Parts]) -> list[EarlyAnswer | None]:
        """The answer to each item, None for those that it does not decide."""
        ...


class EarlyStages:
    """Decides items that it is sure enough of, at a price; what makes a stage's features is made when it is first
    needed. Where a stage's runtime fails, its items are judged in full: that is told once. With `decides_all` the last
    stage decides whatever its doubt, and also what was not read to its end."""

    def __init__(
        self,
        tuned: TunedCascade,
        features: Mapping[str, Callable[[], Features]],
        *,
        price: float | None = None,
        decides_all: bool = False,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.tuned = tuned
        self.price = tuned.price if price is None else price
        self.decides_all = decides_all
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._make = features
        self._made: dict[str, Features] = {}
        self._failed: set[str] = set()
        self._tell = tell

    @property
    def failed(self) -> bool:
        """Whether a stage has failed, so that more is judged in full than its price says."""
        return bool(self._failed)

    @property
    def categories(self) -> tuple[str, ...]:
        """See `Early.categories`."""
        return self.tuned.categories

    @property
    def scope(self) -> str:
        """See `Early.scope`. Each tuning has another salt."""
        return hashlib.sha256(f"{self.tuned.salt}\0{self.price!r}\0{self.decides_all}".encode()).hexdigest()[
            :32
        ]

    @property
    def batch(self) -> int:
        """As many as leave a full batch to the full judge: more would only hold up its verdicts."""
        if self.decides_all:
            return MOST_BATCH
        left = self.tuned.cost(self.price)[1][-1]
        return min(MOST_BATCH, max(LEAST_BATCH, round(LEAST_BATCH / max(left, 1e-9))))

    def answers(self, items: Sequence[Parts]) -> list[EarlyAnswer | None]:
        """The answer to each item, None for those to be judged in full: all that no stage is sure of, and those that were
        not read to the end."""
        found: list[EarlyAnswer | None] = [None] * len(items)
        if self.price <= 0 and not self.decides_all:
            return found
        open_items = self._open(items)
        for stage, indices, worst in self._said(items, open_items):
            sure: NDArray[np.bool_] = doubts(worst, stage.eagerness) < self.price
            if self.decides_all and stage is self.tuned.stages[-1]:
                sure = np.asarray(np.isfinite(worst).all(axis=1), bool)
            for i, is_sure, own in zip(indices, sure, worst, strict=True):
                if is_sure:
                    found[i] = EarlyAnswer(stage.name, own)
                    open_items.discard(i)
        return found

    def least_doubts(self, items: Sequence[Parts]) -> Floats:
        """Above which price each item is decided early, shape (items,); infinite for what no price decides. All stages
        work on all items."""
        found = np.full(len(items), np.inf)
        for stage, indices, worst in self._said(items, self._open(items)):
            found[indices] = np.minimum(found[indices], doubts(worst, stage.eagerness))
        return found

    def _open(self, items: Sequence[Parts]) -> set[int]:
        return {i for i, parts in enumerate(items) if parts.texts and (parts.read >= 1 or self.decides_all)}

    def _said(
        self, items: Sequence[Parts], open_items: set[int]
    ) -> Iterator[tuple[TunedStage, list[int], Floats]]:
        """Each stage, the items still open when it comes, and its log-odds for them (items, categories): of the worst
        window, as an item is what that is. Ends at a stage that fails: those behind it were taught with its word."""
        before: dict[int, list[Floats]] = {i: [] for i in open_items}
        for stage in self.tuned.stages:
            indices = sorted(open_items)
            if not indices:
                return
            start = time.perf_counter()
            texts = [text for i in indices for text in items[i].texts]
            said = [np.concatenate(parts) for parts in zip(*(before[i] for i in indices), strict=True)]
            log_odds = self._log_odds(stage, texts, said)
            if log_odds is None:
                return
            begin = 0
            for i in indices:
                end = begin + len(items[i].texts)
                before[i].append(log_odds[begin:end])
                begin = end
            worst = worst_windows(log_odds, [items[i] for i in indices])
            self.seconds[stage.name] += time.perf_counter() - start
            yield stage, indices, worst

    def _log_odds(self, stage: TunedStage, texts: Sequence[str], said: Sequence[Floats]) -> Floats | None:
        """Log-odds (texts, categories), NaN for texts whose features are no numbers; None where the stage fails."""
        if stage.name in self._failed:
            return None
        if stage.name not in self._make:
            return self._without(stage.name, "it is not at hand")
        try:
            if stage.name not in self._made:
                self._made[stage.name] = self._make[stage.name]()
            features = self._made[stage.name].features(texts)
        except ModcliError as error:
            return self._without(stage.name, str(error) + (f": {error.hint}" if error.hint else ""))
        size = (len(texts), len(stage.head.weights))
        if features.shape != size:
            return self._without(stage.name, f"{features.shape} features instead of {size}")
        return said_by(stage.head, features, said)

    def _without(self, name: str, why: str) -> Floats | None:
        """What there is of a stage that failed: nothing."""
        self._failed.add(name)
        left = "cannot be judged" if self.decides_all else "are judged in full"
        self._tell(f"the stage {name} failed ({why}); its items {left}")
        return None


def usable(features: Any) -> tuple[Any, NDArray[np.bool_]]:
    """The features, and which rows are not finite or too large to be summed up; those of them that are dense are zero
    then. A clipped head would be sure of what is infinite."""
    if not isinstance(features, np.ndarray):
        with np.errstate(all="ignore"):
            return features, ~np.isfinite(np.asarray(abs(features).sum(axis=1)).ravel())
    with np.errstate(all="ignore"):
        unusable = ~np.isfinite(np.square(features).sum(axis=1))
    return np.where(unusable[:, None], 0, features) if unusable.any() else features, unusable


def said_by(head: DistilledHead, features: Any, before: Sequence[Floats]) -> Floats:
    """The log-odds of a head (texts, categories); NaN for texts whose features are no numbers."""
    features, unusable = usable(features)
    with np.errstate(all="ignore"):
        log_odds = head.log_odds(features, before)
    log_odds[unusable] = np.nan
    return log_odds


def found_early(
    profile: Profile, categories: Sequence[str], answer: EarlyAnswer
) -> tuple[Action, dict[str, CategoryVerdict], str]:
    """What `judges.decision.decide` gives, of an early stage's log-odds: a category fires where they are not negative.
    Its probability is brought to where the category's own threshold is the border."""
    single = profile.task is Task.MULTI_CLASS
    chosen = [profile.by_name[name].threshold for name in categories]
    borders = np.array([0.5 if single or one is None else min(max(one, 1e-6), 1 - 1e-6) for one in chosen])
    p = probability(answer.log_odds + logit(borders))
    # Rounding must not move what lies at the border.
    p = np.where(answer.log_odds >= 0, np.maximum(p, borders), np.minimum(p, np.nextafter(borders, 0)))
    # Each category was learned by itself, of several classes as well.
    apart = replace(profile, task=Task.MULTI_LABEL)
    return decide(
        apart,
        dict(zip(categories, map(float, p), strict=True)),
        dict(zip(categories, map(float, borders), strict=True)),
        {},
    )
