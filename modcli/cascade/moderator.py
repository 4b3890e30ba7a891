"""The moderator: items in, verdicts out, each by the cheapest stage that is sure of it."""

from __future__ import annotations

import math
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
from modcli.cascade.auditing import Auditor
from modcli.cascade.cache import VerdictCache
from modcli.cascade.early import LEAST_BATCH, Early, found_early
from modcli.cascade.parts import Parts, content_of, parts_of
from modcli.cascade.preparation import Preparation
from modcli.cascade.second_looks import second_looks, stricter
from modcli.errors import BackendError, ModcliError, PrefixTooLong, UsageError
from modcli.item import Item
from modcli.judges.decision import decide, deciding
from modcli.judges.judge import Judge, LabelFit, probability, shares
from modcli.profile import Action, Profile, Task
from modcli.prompts.explanation import EXPLANATION, LIMIT, QUESTION, explained, first_sentence
from modcli.states.reader import Reader
from modcli.verdict import CategoryVerdict, Verdict

Floats = NDArray[np.float64]


class Stage(StrEnum):
    """How deep to go: until sure, the early stages alone, the reading alone, or the full judge for every item."""

    AUTO = "auto"
    PREFILTER = "prefilter"
    READING = "reading"
    MODEL = "model"


@dataclass
class Statistics:
    """What has been counted. `stages`: items by the stage that decided; `seconds`: time by what it went to; `early`: that
    of each early stage, in their order."""

    stages: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    early: Mapping[str, float] = field(default_factory=dict)
    tokens: int = 0

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the time spent within."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] += time.perf_counter() - start


class Moderator:
    """Judges items by one profile.

    `profile` is the one whose categories are judged (`judges.tasks.as_judged`), `digest` that of the user's own.
    What cannot be judged gets `on_error`. `early` decides what it is sure of before the model is asked; `auditor` chooses
    some of that to be judged in full as well. Raises UsageError where only early stages are to judge, and there are none.
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
        early: Early | None = None,
        auditor: Auditor | None = None,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        if stage is Stage.PREFILTER and early is None:
            raise UsageError("--stage prefilter is for `modcli check`", hint="leave out --stage")
        self._profile = profile
        self._backend = backend
        self._reader = reader
        self._preparation = preparation
        self._digest = digest
        self.model = model
        self._cache = cache
        self._stage = stage
        self._on_error = on_error
        self.early = early
        self._auditor = auditor
        self._tell = tell
        self.statistics = Statistics()

    @property
    def batch(self) -> int:
        """How many items it wants at once."""
        return self.early.batch if self.early is not None else LEAST_BATCH

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Raises what concerns all items alike (PrefixTooLong, ProfileError)."""
        answered = self._from_cache(items)
        open_parts: dict[str, Parts] = {}
        for item in items:
            content = content_of(item)
            if item.error is not None or content in answered or content in open_parts:
                continue
            parts = parts_of(item)
            if parts.texts:
                open_parts[content] = parts
            else:
                nothing = self._verdict(
                    Action.ALLOW, stage="empty", reason="nothing to read", read=parts.read
                )
                answered[content] = self._read_in_part(nothing) if parts.read < 1 else nothing
        if open_parts:
            answered |= self._decided(open_parts)
        verdicts = [
            self._failed(item.error) if item.error is not None else answered[content_of(item)]
            for item in items
        ]
        self.statistics.stages.update("cache" if verdict.cached else verdict.stage for verdict in verdicts)
        return [replace(verdict, id=item.id) for item, verdict in zip(items, verdicts, strict=True)]

    def explain(self, item: Item, verdict: Verdict) -> Verdict:
        """The verdict with one sentence, written by the model, on the category that decided; without one where the
        runtime fails at it."""
        acted = [
            (v.probability, name) for name, v in verdict.categories.items() if v.action is verdict.action
        ]
        texts = parts_of(item).texts
        if not acted or verdict.action is Action.ALLOW or not texts:
            return verdict
        name = max(acted)[1]
        try:
            with self.statistics.timed("explaining"):
                written = self._backend.write(
                    EXPLANATION,
                    explained(self._profile.by_name[name], self._telling(texts, name)),
                    question=QUESTION,
                    limit=LIMIT,
                )
        except BackendError as error:
            self._tell(f"{item.location}: no explanation ({error})")
            return verdict
        return replace(verdict, rationale=first_sentence(written))

    def close(self) -> None:
        """Free the model, and keep what audits have shown."""
        if self._auditor is not None:
            self._auditor.save()
        self._backend.close()

    def _decided(self, items: Mapping[str, Parts]) -> dict[str, Verdict]:
        """The verdicts by content: of an early stage where one is sure and the item is not audited, else in full."""
        scope = self._early_scope
        early = self._decided_early(items)
        audited = [c for c in early if self._auditor is not None and self._auditor.chooses(c)]
        rest = {c: parts for c, parts in items.items() if c not in early or c in audited}
        full = dict(zip(rest, self._judge_all(list(rest.values())), strict=True)) if rest else {}
        # An audit that fails is none.
        for content in [c for c in audited if full[c].error is not None]:
            del full[content]
        self._keep({c: verdict for c, verdict in full.items() if verdict.error is None})
        # An early verdict holds for this cascade at this price; one in full holds for any.
        left = {c: verdict for c, verdict in early.items() if c not in full and verdict.error is None}
        self._keep({f"{c}@{scope}": verdict for c, verdict in left.items()})
        if self._auditor is not None:
            self._auditor.take({c: full[c].action is not early[c].action for c in audited if c in full})
        return early | full

    def _decided_early(self, items: Mapping[str, Parts]) -> dict[str, Verdict]:
        """The verdicts of early stages, by content; where no judge stands behind them, one for each."""
        if self.early is None:
            return {}
        answers = self.early.answers(list(items.values()))
        self.statistics.early = self.early.seconds
        self.statistics.seconds["early"] = sum(self.early.seconds.values())
        verdicts: dict[str, Verdict] = {}
        for (content, parts), answer in zip(items.items(), answers, strict=True):
            if answer is not None:
                action, found, reason = found_early(self._profile, self.early.categories, answer)
                verdict = self._verdict(
                    action, stage=answer.stage, reason=reason, categories=found, read=parts.read
                )
                verdicts[content] = self._read_in_part(verdict) if parts.read < 1 else verdict
            elif self.early.decides_all:
                verdicts[content] = self._failed("no early stage could decide")
        return verdicts

    @property
    def _early_scope(self) -> str:
        return self.early.scope if self.early is not None else ""

    def _from_cache(self, items: Sequence[Item]) -> dict[str, Verdict]:
        if self._cache is None:
            return {}
        contents = {content_of(item) for item in items if item.error is None}
        early = {f"{content}@{self._early_scope}": content for content in contents} if self.early else {}
        try:
            with self.statistics.timed("cache"):
                found = self._cache.get([*contents, *early])
                return {early.get(key, key): found[key] for key in sorted(found, key=contents.__contains__)}
        except (sqlite3.Error, OSError) as error:
            self._cache = None
            self._tell(f"kept verdicts cannot be read ({error}); judging goes on without")
            return {}

    def _keep(self, verdicts: Mapping[str, Verdict]) -> None:
        if self._cache is None or not verdicts:
            return
        try:
            with self.statistics.timed("cache"):
                self._cache.put(verdicts)
        except (sqlite3.Error, OSError) as error:
            self._tell(f"verdicts cannot be kept ({error}); judging goes on without")
            self._cache = None

    def _judge_all(self, items: Sequence[Parts]) -> list[Verdict]:
        """Together; where the runtime fails at that, one by one, so that only those it fails at are lost.

        What fails at the preparation concerns all items, and is raised.
        """
        with self.statistics.timed("preparing"):
            judge, _ = self._preparation.judge, self._preparation.pleas
        try:
            return self._judge_together(judge, items)
        except PrefixTooLong:
            raise
        except BackendError as error:
            if len(items) == 1:
                return [self._failed(str(error))]
            return [verdict for parts in items for verdict in self._judge_all([parts])]

    def _judge_together(self, judge: Judge, items: Sequence[Parts]) -> list[Verdict]:
        """What may be dressed up for a filter is judged without that as well, and is what the strictest verdict says."""
        judged = self._judge_windows(judge, items)
        verdicts = [verdict for verdict, _ in judged]
        looks = second_looks(items, judged)
        if looks:
            seconds = self._judge_windows(judge, [look.parts for look in looks])
            for look, (second, _) in zip(looks, seconds, strict=True):
                verdicts[look.item] = stricter(verdicts[look.item], second, look.why)
        return verdicts

    def _judge_windows(self, judge: Judge, items: Sequence[Parts]) -> list[tuple[Verdict, bool]]:
        """Verdicts by the worst windows, and which items may ask to be let through."""
        texts = [text for parts in items for text in parts.texts]
        with self.statistics.timed("reading"):
            before = self._reader.tokens
            states = self._reader.states(texts, judge.taps)
            self.statistics.tokens += self._reader.tokens - before
            readings = judge.readings(judge.products(states))
        features = judge.features(states)
        suspected = self._preparation.pleas.suspects(features)
        log_odds, asked = self._ask(texts, readings)
        found = probabilities(log_odds, self._profile.task)
        thresholds = {category.name: category.threshold for category in judge.categories}
        judged, start = [], 0
        for parts in items:
            own = slice(start, start + len(parts.texts))
            start = own.stop
            # An item is what its worst window is.
            worst = own.start + deciding(
                self._profile, {name: p[own] for name, p in found.items()}, thresholds
            )
            at_worst = {name: float(p[worst]) for name, p in found.items()}
            shots = {
                category.name: category.resembled(features[worst])
                for category in judge.categories
                if at_worst[category.name] >= category.threshold
            }
            action, categories, reason = decide(self._profile, at_worst, thresholds, shots)
            verdict = self._verdict(
                action,
                stage="prompt" if asked[own].any() else "reading",
                reason=reason,
                categories=categories,
                read=parts.read,
            )
            verdict = self._read_in_part(verdict) if parts.read < 1 else verdict
            judged.append((verdict, bool(suspected[own].any())))
        return judged

    def _telling(self, texts: Sequence[str], name: str) -> str:
        """The window of an item that speaks most for a category."""
        if len(texts) == 1:
            return texts[0]
        judge, prompt = self._preparation.judge, self._preparation.prompt
        readings = judge.readings(judge.products(self._reader.states(texts, judge.taps)))[name]
        if prompt is not None and name in prompt.asked and not readings.any():
            readings = self._preparation.asker.scores(prompt, texts, [name])[:, prompt.asked.index(name)]
        return texts[int(np.argmax(readings))]

    def _ask(
        self, texts: Sequence[str], readings: Mapping[str, Floats]
    ) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
        """The log-odds of each text, with the profile prompt's answer where it is asked, and which were asked."""
        log_odds = {name: reading.copy() for name, reading in readings.items()}
        asked = np.zeros(len(texts), bool)
        groups = self._unclear(readings)
        if not groups:
            return log_odds, asked
        labels = self._labels()
        for names, indices in groups.items():
            having_say = [name for name in names if labels[name].weight]
            if self._preparation.prompt is None or not having_say:
                continue
            with self.statistics.timed("asking"):
                asker = self._preparation.asker
                before = asker.tokens
                scores = asker.scores(self._preparation.prompt, [texts[i] for i in indices], having_say)
                self.statistics.tokens += asker.tokens - before
            asked[indices] = True
            for name in having_say:
                column = scores[:, self._preparation.prompt.asked.index(name)]
                log_odds[name][indices] = labels[name].added(readings[name][indices], column)
        return log_odds, asked

    def _labels(self) -> Mapping[str, LabelFit]:
        """The label fits; what fails at them concerns all items, and is no error of one."""
        try:
            with self.statistics.timed("preparing"):
                return self._preparation.labels
        except PrefixTooLong:
            raise
        except BackendError as error:
            raise ModcliError(f"the profile prompt cannot be prepared: {error}", hint=error.hint) from error

    def _unclear(self, readings: Mapping[str, Floats]) -> dict[tuple[str, ...], list[int]]:
        """The texts to put to the profile prompt, by the categories to ask about."""
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        prompt = self._preparation.prompt
        if prompt is None or self._stage is Stage.READING or not readings:
            return groups
        count = len(next(iter(readings.values())))
        judges = [
            category for category in self._preparation.judge.categories if category.name in prompt.asked
        ]
        if self._stage is Stage.MODEL:
            unsure = {category.name: np.ones(count, bool) for category in judges}
        elif self._profile.task is Task.MULTI_CLASS:
            # One question for all classes: asked where the best is not well ahead of the next, or of none of them.
            ranked = np.sort(np.stack([*readings.values(), np.zeros(count)]), axis=0)
            close = ranked[-1] - ranked[-2] < max((category.unsure for category in judges), default=0.0)
            unsure = {category.name: close for category in judges}
        else:
            unsure = {category.name: category.is_unsure(readings[category.name]) for category in judges}
        for i in range(count):
            names = tuple(name for name, mask in unsure.items() if mask[i])
            if names:
                groups[names].append(i)
        return groups

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
            model=self.model,
            profile=self._digest,
            read=read,
        )

    def _failed(self, error: str) -> Verdict:
        return replace(self._verdict(self._on_error, stage="none", reason="could not be judged"), error=error)

    def _read_in_part(self, verdict: Verdict) -> Verdict:
        """What was not read to the end is not allowed in silence."""
        seen = f"only {math.floor(verdict.read * 1000) / 10:.1f}% of it was read"
        if verdict.action is not Action.ALLOW:
            return replace(verdict, reason=f"{verdict.reason}; {seen}")
        return replace(verdict, action=self._on_error, error=f"{seen}: it is too long")


def probabilities(log_odds: Mapping[str, Floats], task: Task) -> dict[str, Floats]:
    """Each category's probability by itself; in a multi-class task, against each other."""
    if task is Task.MULTI_CLASS:
        return dict(zip(log_odds, shares(list(log_odds.values())), strict=True))
    return {name: probability(odds) for name, odds in log_odds.items()}
