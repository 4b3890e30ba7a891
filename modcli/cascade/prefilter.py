"""A prefilter from the profile alone, for who has no stream yet: how near an item is to what the profile says.

Embeddings are read like the states of a model at one tap: the head or the prototype of a category is the one that
`judges.fitting` makes, against the background bank. Where a category has no example, the clauses of its definition stand
for examples. There is no full judge behind it and nothing is guaranteed: what each kind of profile makes of it is in
benchmarks/prefilter.py.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from modcli.cascade.early import MOST_BATCH, EarlyAnswer
from modcli.cascade.parts import Parts, worst_windows
from modcli.cascade.preparation import bank_texts, shot_text, shots_of
from modcli.embedders.base import Embedder
from modcli.errors import BackendError
from modcli.judges import fitting
from modcli.judges.background import Background, bank, bank_digest
from modcli.judges.fitting import fit_category
from modcli.judges.judge import CategoryJudge, Judge
from modcli.judges.tasks import is_asked
from modcli.profile import Category, Profile, Shot, Task

Floats = NDArray[np.float64]

#: The stage that verdicts name.
PREFILTER = "prefilter"
#: Changes whenever the same profile would give another prefilter.
VERSION = 1
#: What ends a clause, and the words below which one says nothing by itself.
_CLAUSE_END, _LEAST_WORDS = re.compile(r"[.;:!?\n]+|, (?=or |and )"), 3
#: A sentence that says what a category is not.
_EXCEPTION = re.compile(r"(?:^|(?<=[.!?\n]))\s*(?:not|never|except|but not)\b[^.!?]*[.!?]?", re.IGNORECASE)
NO_GUARANTEE = (
    "the prefilter knows this profile alone: its verdicts are similarities to examples and definitions, and nothing is "
    "guaranteed of them. `modcli tune` on your own posts makes a better one"
)


class UntunedPrefilter:
    """Answers every item by its embedding (see `early.Early`). `profile` is the one whose categories are judged.

    The embedder is made, and the judge fitted, when the first item comes; then that nothing is guaranteed is told, once.
    Items with nothing to read, and those whose embeddings are not finite, have no answer, nor those at which the embedder
    fails. Raises BackendError where it fails at the profile.
    """

    decides_all = True
    batch = MOST_BATCH

    def __init__(
        self,
        profile: Profile,
        embedder: Callable[[], Embedder],
        *,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._profile = profile
        self._make = embedder
        self._tell = tell
        self._told = False
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._judged = [c for c in profile.categories if is_asked(profile, c) and (c.examples or clauses(c))]

    @property
    def categories(self) -> tuple[str, ...]:
        """See `early.Early.categories`: those that an example or a definition tells something of."""
        return tuple(category.name for category in self._judged)

    @cached_property
    def scope(self) -> str:
        """See `early.Early.scope`."""
        parts = (self._profile.digest, self._embedder.facts.digest, bank_digest(bank()))
        versions = (str(VERSION), str(fitting.VERSION))
        return hashlib.sha256("\0".join((*parts, *versions)).encode()).hexdigest()[:32]

    @cached_property
    def judge(self) -> Judge:
        """The judge of embeddings. Raises BackendError where the bank's are not finite."""
        background = Background(self._states(bank_texts()))
        if not np.isfinite(background.states).all():
            raise BackendError(f"{self._embedder.facts.name} gives vectors that are not finite")
        fits = tuple(self._fit(category, background) for category in self._judged)
        return Judge((0,), background.mean, background.scale, fits)

    def answers(self, items: Sequence[Parts]) -> list[EarlyAnswer | None]:
        """The answer to each item, of its worst window; log-odds of 0 are the border."""
        found: list[EarlyAnswer | None] = [None] * len(items)
        readable = [i for i, parts in enumerate(items) if parts.texts]
        if not readable:
            return found
        if not self._told:
            self._told = True
            self._tell(NO_GUARANTEE)
        start = time.perf_counter()
        _ = self.judge  # what fails at it concerns all items
        log_odds = self._each([text for i in readable for text in items[i].texts])
        for i, worst in zip(readable, worst_windows(log_odds, [items[i] for i in readable]), strict=True):
            if np.isfinite(worst).all():
                found[i] = EarlyAnswer(PREFILTER, worst)
        self.seconds[PREFILTER] += time.perf_counter() - start
        return found

    def _each(self, texts: Sequence[str]) -> Floats:
        """Log-odds (texts, categories); together, or where the runtime fails at that, one by one, NaN where it fails."""
        try:
            return self.log_odds(texts)
        except BackendError as error:
            if len(texts) > 1:
                return np.concatenate([self._each([text]) for text in texts])
            self._tell(f"an item cannot be embedded ({error})")
            return np.full((1, len(self._judged)), np.nan)

    def log_odds(self, texts: Sequence[str]) -> Floats:
        """Log-odds of each category beyond its border, (texts, categories); NaN where an embedding is not finite."""
        states = self._states(texts)
        usable = np.asarray(np.isfinite(states).all(axis=(1, 2)), bool)
        judge = self.judge
        readings = judge.readings(judge.products(np.where(usable[:, None, None], states, 0)))
        columns = [readings[category.name] for category in judge.categories]
        if self._profile.task is Task.MULTI_CLASS:
            columns = _ahead(columns)
        else:
            columns = [own - category.border for own, category in zip(columns, judge.categories, strict=True)]
        found = np.stack(columns, axis=1) if columns else np.zeros((len(texts), 0))
        found[~usable] = np.nan
        return np.asarray(found, np.float64)

    @cached_property
    def _embedder(self) -> Embedder:
        return self._make()

    def _states(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings as normed states of one tap: the square of one is its width."""
        vectors = self._embedder.embed(texts) if len(texts) else np.empty((0, self._embedder.facts.dim))
        return np.asarray(vectors * np.sqrt(vectors.shape[1]), np.float32)[:, None]

    def _fit(self, category: Category, background: Background) -> CategoryJudge:
        def features(shots: Sequence[Shot]) -> NDArray[np.float32]:
            return background.features_of(self._states([shot_text(shot) for shot in shots]))

        shots = shots_of(self._profile, category, features)
        if not category.examples:
            said = clauses(category)
            shots = replace(shots, positives=features([Shot(clause) for clause in said]), texts=said)
        return fit_category(category.name, shots, background, category.threshold)


def clauses(category: Category) -> tuple[str, ...]:
    """The clauses of a category's definition that say what it is, each once; the whole where none does."""
    whole = category.definition.strip()
    parts = (" ".join(part.split()) for part in _CLAUSE_END.split(_EXCEPTION.sub("", whole)))
    found = tuple(dict.fromkeys(part for part in parts if len(part.split()) >= _LEAST_WORDS))
    return found or ((whole,) if whole else ())


def _ahead(columns: Sequence[Floats]) -> list[Floats]:
    """How far each class is ahead of the best other one, and of none of them (0)."""
    stacked = np.stack([*columns, np.zeros_like(columns[0])]) if columns else np.empty((0, 0))
    return [own - np.delete(stacked, number, axis=0).max(axis=0) for number, own in enumerate(columns)]
