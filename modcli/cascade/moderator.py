"""The moderator: items in, verdicts out, each by the cheapest stage that is sure of it."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.cascade.cache import VerdictCache
from modcli.cascade.preparation import Preparation, label_scores
from modcli.errors import BackendError, PrefixTooLong
from modcli.item import Item
from modcli.judges.decision import decide
from modcli.judges.judge import CategoryJudge, probability, shares
from modcli.profile import Action, Profile, Task
from modcli.prompts.explanation import LIMIT, QUESTION, explanation_prefix, first_sentence
from modcli.prompts.normalization import normalize
from modcli.prompts.windows import windows
from modcli.states.reader import Reader
from modcli.verdict import CategoryVerdict, Verdict

Floats = NDArray[np.float64]


class Stage(StrEnum):
    """How deep to go: until sure, the reading alone, or the full judge for every item."""

    AUTO = "auto"
    READING = "reading"
    MODEL = "model"


@dataclass
class Statistics:
    """What has been counted. `stages`: items by the stage that decided; `seconds`: time by what it went to."""

    stages: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    tokens: int = 0

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the time spent within."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] += time.perf_counter() - start


def _content(item: Item) -> str:
    """What stands for an item's content in the cache: of a cut one, also how much was cut."""
    cut = item.metadata.get("truncated_bytes", 0)
    return f"{item.digest}+{cut}" if cut else item.digest


@dataclass(frozen=True)
class _Task:
    """An item to be judged: its windows, and the share of it that they cover."""

    item: Item
    texts: tuple[str, ...]
    read: float


class Moderator:
    """Judges items by one profile.

    `profile` is the one whose categories are judged (`judges.tasks.as_judged`), `digest` that of the user's own.
    What cannot be judged gets `on_error`.
    """

    def __init__(
        self,
        profile: Profile,
        backend: Backend,
        reader: Reader,
        preparation: Preparation,
        *,
        digest: str,
        model: str,
        cache: VerdictCache | None = None,
        stage: Stage = Stage.AUTO,
        on_error: Action = Action.WARN,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._profile = profile
        self._backend = backend
        self._reader = reader
        self._preparation = preparation
        self._digest = digest
        self._model = model
        self._cache = cache
        self._stage = stage
        self._on_error = on_error
        self._tell = tell
        self.statistics = Statistics()

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Raises what concerns all items alike (PrefixTooLong, ProfileError)."""
        answered = self._from_cache(items)
        open_tasks: dict[str, _Task] = {}
        for item in items:
            if item.error is None and _content(item) not in answered and _content(item) not in open_tasks:
                task = _task(item)
                if task.texts:
                    open_tasks[_content(item)] = task
                else:
                    answered[_content(item)] = self._verdict(
                        Action.ALLOW, stage="empty", reason="nothing to read"
                    )
        if open_tasks:
            fresh = dict(zip(open_tasks, self._judge_all(list(open_tasks.values())), strict=True))
            self._keep({digest: verdict for digest, verdict in fresh.items() if verdict.error is None})
            answered |= fresh
        verdicts = [
            self._failed(item.error) if item.error is not None else answered[_content(item)] for item in items
        ]
        self.statistics.stages.update("cache" if verdict.cached else verdict.stage for verdict in verdicts)
        return [replace(verdict, id=item.id) for item, verdict in zip(items, verdicts, strict=True)]

    def explain(self, item: Item, verdict: Verdict) -> Verdict:
        """The verdict with one sentence, written by the model, on the category that decided."""
        deciding = [
            (v.probability, name) for name, v in verdict.categories.items() if v.action is verdict.action
        ]
        task = _task(item)
        if not deciding or verdict.action is Action.ALLOW or not task.texts:
            return verdict
        category = self._profile.by_name[max(deciding)[1]]
        with self.statistics.timed("explaining"):
            written = self._backend.write(
                explanation_prefix(category), task.texts[0], question=QUESTION, limit=LIMIT
            )
        return replace(verdict, rationale=first_sentence(written))

    def close(self) -> None:
        """Free the model."""
        self._backend.close()

    def _from_cache(self, items: Sequence[Item]) -> dict[str, Verdict]:
        if self._cache is None:
            return {}
        with self.statistics.timed("cache"):
            return self._cache.get([_content(item) for item in items if item.error is None])

    def _keep(self, verdicts: Mapping[str, Verdict]) -> None:
        if self._cache is None or not verdicts:
            return
        try:
            with self.statistics.timed("cache"):
                self._cache.put(verdicts)
        except (sqlite3.Error, OSError) as error:
            self._tell(f"verdicts cannot be kept ({error}); judging goes on without")
            self._cache = None

    def _judge_all(self, tasks: Sequence[_Task]) -> list[Verdict]:
        """Together; where the runtime fails at that, one by one, so that only those it fails at are lost."""
        try:
            return self._judge_together(tasks)
        except PrefixTooLong:
            raise
        except BackendError as error:
            if len(tasks) == 1:
                return [self._failed(str(error))]
            return [verdict for task in tasks for verdict in self._judge_all([task])]

    def _judge_together(self, tasks: Sequence[_Task]) -> list[Verdict]:
        with self.statistics.timed("preparing"):
            judge = self._preparation.judge
        texts = [text for task in tasks for text in task.texts]
        owner = np.repeat(np.arange(len(tasks)), [len(task.texts) for task in tasks])
        with self.statistics.timed("reading"):
            before = self._reader.tokens
            states = self._reader.states(texts, judge.taps)
            self.statistics.tokens += self._reader.tokens - before
            readings = judge.readings(judge.products(states))
        log_odds, asked = self._ask(texts, readings)
        # A long item is what its worst window is.
        worst = {
            name: np.maximum.reduceat(odds, np.searchsorted(owner, range(len(tasks))))
            for name, odds in log_odds.items()
        }
        found_at = probabilities(worst, self._profile.task)
        thresholds = {category.name: category.threshold for category in judge.categories}
        verdicts = []
        for i, task in enumerate(tasks):
            shots = {
                category.name: self._resembled(
                    category, states[owner == i], log_odds[category.name][owner == i]
                )
                for category in judge.categories
            }
            action, found, reason = decide(
                self._profile, {name: float(p[i]) for name, p in found_at.items()}, thresholds, shots
            )
            verdict = self._verdict(
                action,
                stage="prompt" if asked[owner == i].any() else "reading",
                reason=reason,
                categories=found,
                read=task.read,
            )
            verdicts.append(self._read_in_part(verdict) if task.read < 1 else verdict)
        return verdicts

    def _ask(
        self, texts: Sequence[str], readings: Mapping[str, Floats]
    ) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
        """The log-odds of each text, with the profile prompt's answer where it is asked, and which were asked."""
        log_odds = {name: reading.copy() for name, reading in readings.items()}
        asked = np.zeros(len(texts), bool)
        groups = self._unclear(readings)
        if not groups:
            return log_odds, asked
        with self.statistics.timed("preparing"):
            labels = self._preparation.labels
        for names, indices in groups.items():
            having_say = [name for name in names if labels[name].weight]
            if self._preparation.prompt is None or not having_say:
                continue
            with self.statistics.timed("asking"):
                scores = label_scores(
                    self._backend, self._preparation.prompt, [texts[i] for i in indices], having_say
                )
            asked[indices] = True
            for name in having_say:
                column = scores[:, self._preparation.prompt.asked.index(name)]
                log_odds[name][indices] = labels[name].added(readings[name][indices], column)
        return log_odds, asked

    def _unclear(self, readings: Mapping[str, Floats]) -> dict[tuple[str, ...], list[int]]:
        """The texts to put to the profile prompt, by the categories to ask about."""
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        if self._preparation.prompt is None or self._stage is Stage.READING:
            return groups
        wanted = {
            category.name: np.ones(len(reading), bool)
            if self._stage is Stage.MODEL
            else category.is_unsure(reading)
            for category in self._preparation.judge.categories
            if category.name in self._preparation.prompt.asked
            for reading in (readings[category.name],)
        }
        for i in range(len(next(iter(readings.values()), []))):
            names = tuple(name for name, mask in wanted.items() if mask[i])
            if names:
                groups[names].append(i)
        return groups

    def _resembled(
        self, category: CategoryJudge, states: NDArray[np.float32], log_odds: Floats
    ) -> tuple[str, ...]:
        """The shots that the worst window resembles, where that window fires."""
        worst = int(np.argmax(log_odds))
        if probability(log_odds[worst : worst + 1])[0] < category.threshold:
            return ()
        return category.resembled(self._preparation.judge.features(states[worst]))

    def _verdict(
        self,
        action: Action,
        *,
        stage: str,
        reason: str,
        categories: Mapping[str, CategoryVerdict] | None = None,
        read: float = 1.0,
    ) -> Verdict:
        return Verdict(
            id="",
            action=action,
            categories=categories or {},
            stage=stage,
            reason=reason,
            model=self._model,
            profile=self._digest,
            read=read,
        )

    def _failed(self, error: str) -> Verdict:
        return replace(self._verdict(self._on_error, stage="none", reason="could not be judged"), error=error)

    def _read_in_part(self, verdict: Verdict) -> Verdict:
        """What was not read to the end is not allowed in silence."""
        seen = f"only {verdict.read:.1%} of it was read"
        if verdict.action is not Action.ALLOW:
            return replace(verdict, reason=f"{verdict.reason}; {seen}")
        return replace(verdict, action=self._on_error, error=f"{seen}: it is too long")


def _task(item: Item) -> _Task:
    text = normalize(item.text)
    if not text:
        return _Task(item, (), 1.0)
    cut = windows(text)
    size = len(item.text.encode("utf-8", "replace"))
    whole = size + int(item.metadata.get("truncated_bytes", 0))
    return _Task(item, cut.texts, cut.read * size / whole)


def probabilities(log_odds: Mapping[str, Floats], task: Task) -> dict[str, Floats]:
    """Each category's probability by itself; in a multi-class task, against each other."""
    if task is Task.MULTI_CLASS:
        return dict(zip(log_odds, shares(list(log_odds.values())), strict=True))
    return {name: probability(odds) for name, odds in log_odds.items()}
