"""What a profile needs before its first item: the states and label scores of its shots, and the judge fitted to them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.errors import ProfileError
from modcli.judges import fitting
from modcli.judges.background import LABELLED_EVERY, Background, bank, bank_digest
from modcli.judges.fitting import LabelScores, Shots, fit_category
from modcli.judges.judge import CategoryJudge, Judge
from modcli.judges.tasks import contrast, is_asked
from modcli.profile import Category, Profile, Shot
from modcli.prompts import profile_prompt
from modcli.prompts.normalization import normalize
from modcli.prompts.profile_prompt import ProfilePrompt, assemble, prompt_shots
from modcli.prompts.reading import READING
from modcli.prompts.windows import windows
from modcli.states.reader import Reader

Floats = NDArray[np.float64]

#: Shots of each category that stand in the profile prompt. More cost more at the first start, and rank no better.
PROMPT_SHOTS = 8


@dataclass(frozen=True)
class Prepared:
    """A fitted judge, and the prompt that it may ask (None where no category has a question)."""

    judge: Judge
    prompt: ProfilePrompt | None


def taps_of(layers: int) -> tuple[int, ...]:
    """Where a model is read: a quarter, four sevenths and five sevenths of its depth, the last layer left out."""
    return tuple(
        sorted(
            {max(layers // 4 - 1, 0), max(round(layers * 4 / 7), 0), min(round(layers * 5 / 7), layers - 1)}
        )
    )


def prepare(
    profile: Profile,
    backend: Backend,
    reader: Reader,
    *,
    folder: Path | None,
    shots: int = PROMPT_SHOTS,
    tell: Callable[[str], None],
) -> Prepared:
    """The judge of a profile for a model, from `folder` where it was fitted before.

    Raises ProfileError for label words that the model cannot tell apart, PrefixTooLong for a profile that does not
    fit, and what the backend raises.
    """
    taps = taps_of(backend.facts.layers)
    asked = [c for c in profile.categories if is_asked(profile, c) and (c.definition or c.examples)]
    prompt = assemble(profile, asked, shots=shots) if asked else None
    file = folder / f"{_key(profile, backend, taps, shots)}.npz" if folder else None
    judge = _load(file)
    if judge is None:
        if prompt is not None:
            _check_words(backend, prompt)
        tell("preparing the profile for this model: done once, then kept")
        judge = _Preparation(profile, backend, reader, taps, prompt, shots).fit()
        _save(judge, file)
    return Prepared(judge, prompt)


class _Preparation:
    """One fit."""

    def __init__(
        self,
        profile: Profile,
        backend: Backend,
        reader: Reader,
        taps: tuple[int, ...],
        prompt: ProfilePrompt | None,
        shots: int,
    ) -> None:
        self._profile = profile
        self._backend = backend
        self._reader = reader
        self._taps = taps
        self._prompt = prompt
        self._limit = shots
        posts = bank()
        self._background = Background(reader.states([shot_text(Shot(post)) for post in posts], taps))
        self._posts = posts[::LABELLED_EVERY]
        self._scores = self._label_scores()

    def fit(self) -> Judge:
        categories = tuple(
            judge for category in self._profile.categories if (judge := self._category(category))
        )
        return Judge(self._taps, self._background.mean, self._background.scale, categories)

    def _category(self, category: Category) -> CategoryJudge | None:
        negatives = contrast(self._profile, category)
        labels = self._labels(category, negatives)
        if not category.examples and labels is None:
            return None  # an allowed category with a definition alone decides nothing
        own = {shot.text for shot in category.examples}
        shots = Shots(
            positives=self._features(category.examples),
            negatives=self._features(negatives),
            ordinary=self._features([shot for shot in self._profile.ordinary if shot.text not in own]),
            texts=tuple(shot.text for shot in category.examples),
        )
        return fit_category(category.name, shots, self._background, labels, category.threshold)

    def _features(self, shots: Sequence[Shot]) -> NDArray[np.float32]:
        if not shots:
            return np.empty((0, *self._background.mean.shape), np.float32)
        states = self._reader.states([shot_text(shot) for shot in shots], self._taps)
        return self._background.features_of(states)

    def _labels(self, category: Category, negatives: Sequence[Shot]) -> LabelScores | None:
        if self._prompt is None or category.name not in self._prompt.asked:
            return None
        shown = {shot.text for side in prompt_shots(category, self._limit) for shot in side}
        column = self._prompt.asked.index(category.name)

        def of(shots: Sequence[Shot]) -> Floats:
            return np.array(
                [np.nan if shot.text in shown else self._scores[shot_text(shot)][column] for shot in shots]
            )

        return LabelScores(of(category.examples), of(negatives), of([Shot(post) for post in self._posts]))

    def _label_scores(self) -> dict[str, Floats]:
        """Text to the label score of each category asked."""
        if self._prompt is None:
            return {}
        texts = {shot_text(Shot(post)) for post in self._posts}
        for category in self._profile.categories:
            if category.name in self._prompt.asked:
                texts |= {
                    shot_text(shot) for shot in (*category.examples, *contrast(self._profile, category))
                }
        ordered = sorted(texts)
        return dict(zip(ordered, label_scores(self._backend, self._prompt, ordered), strict=True))


def label_scores(
    backend: Backend, prompt: ProfilePrompt, texts: Sequence[str], only: Sequence[str] | None = None
) -> Floats:
    """Label scores of texts, shape (texts, categories asked): the log-probability of the category's word minus that
    of the word for none of them. `only` names the categories whose questions are put; the others' columns are NaN."""
    scores = np.full((len(texts), len(prompt.asked)), np.nan)
    if not len(texts):
        return scores
    multi_class = len(prompt.questions[0].labels) > 2
    chosen = [i for i, name in enumerate(prompt.asked) if only is None or name in only]
    questions = prompt.questions if multi_class else tuple(prompt.questions[i] for i in chosen)
    for row, readout in enumerate(backend.read(prompt.prefix, texts, questions=questions)):
        if multi_class:
            scores[row] = readout.log_probabilities[0][:-1] - readout.log_probabilities[0][-1]
        else:
            for i, found in zip(chosen, readout.log_probabilities, strict=True):
                scores[row, i] = found[0] - found[1]
    return scores


def shot_text(shot: Shot) -> str:
    """A shot as it is put to the model: normalized, and of a long one the first window."""
    return windows(normalize(shot.text)).texts[0]


def _check_words(backend: Backend, prompt: ProfilePrompt) -> None:
    for question in prompt.questions:
        first: dict[int, str] = {}
        for label, token in zip(question.labels, backend.first_tokens(question.labels), strict=True):
            if token in first:
                raise ProfileError(
                    f'the model cannot tell the label words "{first[token]}" and "{label}" apart: they begin alike',
                    hint="Give one of the categories another `label`.",
                )
            first[token] = label


def _key(profile: Profile, backend: Backend, taps: Sequence[int], shots: int) -> str:
    parts = (
        profile.digest,
        backend.facts.digest,
        READING.digest,
        bank_digest(bank()),
        *map(str, (*taps, shots, profile_prompt.VERSION, fitting.VERSION)),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _load(file: Path | None) -> Judge | None:
    if file is None:
        return None
    try:
        judge = Judge.load(file)
        file.touch()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return judge


def _save(judge: Judge, file: Path | None) -> None:
    """Kept for the next start; a disk that is full costs time then, no more."""
    if file is None:
        return
    partial = file.with_suffix(".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        judge.save(partial)
        partial.replace(file)
    except OSError:
        partial.unlink(missing_ok=True)


def without_examples(profile: Profile) -> list[str]:
    """The categories that only the profile prompt can judge."""
    return [c.name for c in profile.categories if is_asked(profile, c) and not c.examples]
