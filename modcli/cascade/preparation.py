"""What a profile needs before its first item: the states and label scores of its shots, and the judge fitted to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.cascade import accents
from modcli.cascade.replacing import keep, loaded
from modcli.errors import BackendError, PrefixTooLong, ProfileError
from modcli.judges import fitting, selftraining
from modcli.judges.background import LABELLED_EVERY, Background, bank, bank_digest
from modcli.judges.fitting import LabelScores, Shots, fit_category, fit_label, taught_category
from modcli.judges.judge import CategoryJudge, Judge, LabelFit
from modcli.judges.pleas import PleaHead, fit_pleas, paired, pleading, pleas, pleas_digest
from modcli.judges.selftraining import LEAST, Student, self_train
from modcli.judges.tasks import contrast, elsewhere, is_asked, ordinary
from modcli.profile import Category, Profile, Shot, Task
from modcli.prompts import normalization, profile_prompt
from modcli.prompts.guards.base import Guard, GuardQuestion
from modcli.prompts.guards.catalogue import find_guard, guard_prompt
from modcli.prompts.normalization import normalize
from modcli.prompts.profile_prompt import ProfilePrompt, assemble, prompt_shots
from modcli.prompts.prompt import Prefix
from modcli.prompts.reading import READING
from modcli.prompts.windows import windows
from modcli.states.asker import Asker
from modcli.states.reader import Reader

Floats = NDArray[np.float64]

#: Shots of each category that stand in the profile prompt. More cost more at the first start, and rank no better.
PROMPT_SHOTS = 8


def taps_of(layers: int) -> tuple[int, ...]:
    """Where a model of so many layers is read: at a quarter, four sevenths and five sevenths of its depth.

    Raises BackendError for a runtime that gives no hidden states, and so counts no layers.
    """
    if layers < 1:
        raise BackendError(
            "what runs the model gives no hidden states, and this needs them",
            hint="--backend llama-cpp or transformers",
        )
    deepest = layers - 1
    wanted = (layers // 4 - 1, round(layers * 4 / 7), round(layers * 5 / 7))
    return tuple(sorted({min(max(tap, 0), deepest) for tap in wanted}))


def judging() -> str:
    """Stands for all that a verdict depends on but the profile, the model and a sample: prompts, bank, versions."""
    parts = (profile_prompt, normalization, fitting, selftraining, accents)
    return "/".join(
        (READING.digest, bank_digest(bank()), pleas_digest(), *(str(part.VERSION) for part in parts))
    )


class Preparation:
    """What is fitted to one profile and one model.

    The judge of what is read is ready in milliseconds once the bank has been read; the profile prompt costs full
    passes, so it is prepared when the first item is unclear. Both are kept in `folder` for the next start.

    Raises ProfileError for label words that the model cannot tell apart, PrefixTooLong for a profile that does not
    fit, and what the backend raises. Without an `asker` label scores are not kept. `taps`
    other than `taps_of` the model are for measurements. `sample` are unlabelled posts of the user's own stream, which
    teach what the label words say of them: all that is known of a category with a definition alone, and more for others.
    """

    def __init__(
        self,
        profile: Profile,
        backend: Backend,
        reader: Reader,
        *,
        asker: Asker | None = None,
        folder: Path | None = None,
        shots: int = PROMPT_SHOTS,
        taps: Sequence[int] = (),
        sample: Sequence[str] = (),
        wary: bool = True,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._wary = wary
        self._given_taps = tuple(taps)
        self._sample = tuple(dict.fromkeys(shot_text(Shot(text)) for text in sample if text.strip()))
        self._profile = profile
        self._backend = backend
        self._reader = reader
        #: Puts the profile prompt's questions.
        self.asker = asker or Asker(lambda: backend, None)
        self._folder = folder
        self._shots = shots
        self._tell = tell

    @cached_property
    def _guard(self) -> Guard | None:
        """The guard that the model is; any other is asked as a chat model."""
        return find_guard(self._backend.facts.name)

    @property
    def _asked(self) -> list[Category]:
        profile = self._profile
        return [c for c in profile.categories if is_asked(profile, c) and (c.definition or c.examples)]

    @cached_property
    def prompt(self) -> ProfilePrompt | None:
        """The profile prompt, or what a guard is asked; None where no category has a question."""
        if not (asked := self._asked):
            return None
        if self._guard is None:
            return assemble(self._profile, asked, shots=self._shots_shown)
        if self._profile.task is Task.MULTI_CLASS:
            raise ProfileError(
                f"{self._guard.name} answers yes or no, and this profile has a post be of one class",
                hint="Use a chat model for it.",
            )
        self._tell(self._guard.note)
        return guard_prompt(self._guard, asked)

    @cached_property
    def _shots_shown(self) -> int:
        """How many shots of a category stand in the prompt: as many as wanted where there is room, else half of them, and
        so on; a guard is shown none."""
        file = self._file(".shots")
        kept = 0 if self._guard is not None else loaded(file, lambda path: int(path.read_text("ascii")))
        if kept is not None:
            return kept
        shots = self._shots
        while shots and not self._has_room(assemble(self._profile, self._asked, shots=shots)):
            shots //= 2
        if shots < self._shots:
            self._tell(
                f"{shots} examples of a category stand in the profile prompt: there is no room for {self._shots}"
            )
        keep(file, lambda path: path.write_text(str(shots), "ascii"))
        return shots

    def _has_room(self, prompt: ProfilePrompt) -> bool:
        try:
            for prefix in _prefixes(prompt):
                self._backend.check(prefix)
        except PrefixTooLong:
            return False
        return True

    @cached_property
    def judge(self) -> Judge:
        """The judge by what is read."""
        file = self._file(".npz")
        kept = loaded(file, Judge.load)
        if kept is not None:
            return kept
        if self.prompt is not None:
            # Not needed yet, but what is wrong with it should be known before the first item is judged.
            _check_words(self._backend, self.prompt)
            for prefix in _prefixes(self.prompt):
                self._backend.check(prefix)
        judge = Judge(
            self._taps,
            self._background.mean,
            self._background.scale,
            tuple(self._fit(category) for category in self._profile.categories if self._is_judged(category)),
        )
        keep(file, judge.save)
        return judge

    @cached_property
    def pleas(self) -> PleaHead:
        """Tells which items ask to be let through; suspects none where nothing is read of them, or the judge is not
        to be `wary`."""
        if not self._taps or not self._wary:
            return PleaHead(np.zeros((0, self._backend.facts.width), np.float32), -np.inf)
        # The same for every profile.
        file = self._named(("pleas", self._backend.facts.digest, judging(), *map(str, self._taps)), ".json")
        kept = loaded(file, PleaHead.load)
        if kept is not None:
            return kept
        asking, harmless = plea_texts()
        missing = self._reader.missing([*asking, *harmless], self._taps)
        if missing > len(asking) // 2:
            self._tell(
                f"reading {missing} posts to know those that ask to be let through: once for this model"
            )
        states = self._reader.states([*asking, *harmless], self._taps)
        features = self._background.features_of(states)
        of_bank = self._background.features
        head = fit_pleas(features[: len(asking)], np.concatenate([features[len(asking) :], of_bank]))
        keep(file, head.save)
        return head

    @cached_property
    def labels(self) -> Mapping[str, LabelFit]:
        """How the profile prompt's answers are read, by the name of each category asked."""
        if self.prompt is None:
            return {}
        file = self._file(".json")
        kept = loaded(file, _read_labels)
        if kept is not None and set(kept) == set(self.prompt.asked):
            return kept
        self._tell("preparing the profile prompt: once for this profile and model")
        scores = self._label_scores(self.prompt)
        fits = {
            category.name: fit_label(category, scores[category.name])
            for category in self.judge.categories
            if category.name in self.prompt.asked
        }
        keep(file, partial(_write_labels, fits))
        return fits

    @cached_property
    def _taps(self) -> tuple[int, ...]:
        if not self._sample and not any(category.examples for category in self._profile.categories):
            return ()  # definitions alone are judged by label words: nothing has to be read beforehand
        if not self._backend.facts.layers or self._guard is not None:
            return ()  # nothing can be read, or not as it is of a chat: label words alone judge
        return self._given_taps or taps_of(self._backend.facts.layers)

    @cached_property
    def _background(self) -> Background:
        posts = bank_texts()
        missing = self._reader.missing(posts, self._taps)
        if missing > len(posts) // 2:
            self._tell(f"reading {missing} ordinary posts to compare with: once for this model")
        return read_background(self._reader, self._taps)

    def _is_judged(self, category: Category) -> bool:
        """An allowed category with a definition alone decides nothing."""
        asked = self.prompt is not None and category.name in self.prompt.asked
        if category.examples and not asked and not self._taps:
            self._tell(
                f"{category.name}: not judged, as {self._backend.facts.name} gives no hidden states and there is no "
                "question to ask of what is merely allowed"
            )
            return False
        return asked or bool(category.examples)

    def _fit(self, category: Category) -> CategoryJudge:
        if not self._taps:
            return _by_label_words(category, self._threshold(category), self._backend.facts.width)
        shots = shots_of(self._profile, category, self._features)
        threshold, student = self._threshold(category), self.students.get(category.name)
        if student is None or not student.is_sound:
            return fit_category(category.name, shots, self._background, threshold)
        if not (len(shots.positives) and len(shots.negatives)):
            return taught_category(category.name, student, shots, threshold)
        return fit_category(category.name, shots, self._background, threshold, student)

    def _threshold(self, category: Category) -> float | None:
        # Of several classes the most probable one is taken: there is no border but that of the others.
        single = self._profile.task is Task.MULTI_CLASS and category.threshold is None
        return 0.0 if single else category.threshold

    @cached_property
    def students(self) -> Mapping[str, Student]:
        """What the sample taught of each category that is asked about, sound or not. Asks about every post of the sample
        where that was not done before."""
        if self.prompt is None or len(self._sample) < LEAST or not self._taps:
            return {}
        names = self.prompt.asked
        if self.asker.missing(self.prompt, self._sample):
            self._tell(
                f"learning {', '.join(names)} from a sample of {len(self._sample)} posts: once for this profile"
            )
        scores = self.asker.scores(self.prompt, self._sample)
        features = self._background.features_of(self._reader.states(self._sample, self._taps))
        found = {}
        for name, own in zip(names, scores.T, strict=True):
            if np.ptp(own) > 0:
                found[name] = self_train(features, own, self._background.features)
        return found

    def _features(self, shots: Sequence[Shot]) -> NDArray[np.float32]:
        states = self._reader.states([shot_text(shot) for shot in shots], self._taps)
        return self._background.features_of(states)

    def _label_scores(self, prompt: ProfilePrompt) -> dict[str, LabelScores]:
        """Of each category asked: the scores of its shots that do not stand in the prompt, and of ordinary posts."""
        posts = bank_texts()[::LABELLED_EVERY]
        of_bank = self.asker.scores(prompt, posts)
        found = {}
        for column, name in enumerate(prompt.asked):
            category = self._profile.by_name[name]
            found[name] = LabelScores(
                self._clean_scores(prompt, category, category.examples),
                self._clean_scores(prompt, category, contrast(self._profile, category)),
                of_bank[:, column],
            )
        return found

    def _clean_scores(self, prompt: ProfilePrompt, category: Category, shots: Sequence[Shot]) -> Floats:
        """A category's label score of each shot, NaN for those that stand in the prompt."""
        shown = {shot.text for side in prompt_shots(category, self._shots_shown) for shot in side}
        scores = np.full(len(shots), np.nan)
        clean = [i for i, shot in enumerate(shots) if shot.text not in shown]
        found = self.asker.scores(prompt, [shot_text(shots[i]) for i in clean], [category.name])
        scores[clean] = found[:, prompt.asked.index(category.name)]
        return scores

    def _file(self, suffix: str) -> Path | None:
        parts = (
            self._profile.digest,
            self._backend.facts.digest,
            judging(),
            *map(str, (*self._taps, self._shots)),
            *self._sample,
        )
        return self._named(parts, suffix)

    def _named(self, parts: Sequence[str], suffix: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / (hashlib.sha256("\0".join(parts).encode()).hexdigest() + suffix)


def shots_of(
    profile: Profile, category: Category, features: Callable[[Sequence[Shot]], NDArray[np.float32]]
) -> Shots:
    """What a category's judge is fitted to; `features` gives those of shots, (shots, taps, width)."""
    return Shots(
        positives=features(category.examples),
        negatives=features(contrast(profile, category)),
        ordinary=features(ordinary(profile, category)),
        others=features(elsewhere(profile, category)),
        texts=tuple(shot.text for shot in category.examples),
    )


def _by_label_words(category: Category, threshold: float | None, width: int) -> CategoryJudge:
    """The judge of a category of which nothing is read."""
    none = np.zeros((0, 0, width), np.float32)
    background = Background(np.zeros((1, 0, width), np.float32))
    return fit_category(category.name, Shots(none, none, none, none, ()), background, threshold)


def shot_text(shot: Shot) -> str:
    """A shot as it is put to the model: normalized, and of a long one the first window."""
    return windows(normalize(shot.text)).texts[0]


@cache
def bank_texts() -> tuple[str, ...]:
    """The background bank as it is put to the model."""
    return tuple(shot_text(Shot(post)) for post in bank())


@cache
def plea_texts() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What pleas are learned from beside the bank, as it is put to the model: posts that plead, and others as long."""
    posts = bank_texts()
    asking = pleading(posts, pleas())
    harmless = paired(posts, len(asking) // 2)
    return tuple(shot_text(Shot(text)) for text in asking), tuple(shot_text(Shot(text)) for text in harmless)


def read_background(reader: Reader, taps: Sequence[int]) -> Background:
    """The bank's states at the taps."""
    return Background(reader.states(bank_texts(), taps))


def _prefixes(prompt: ProfilePrompt) -> list[Prefix]:
    """All that is read before an item."""
    guards = [question for question in prompt.questions if isinstance(question, GuardQuestion)]
    return [ask.prefix for question in guards for ask in question.asks] or [prompt.prefix]


def _check_words(backend: Backend, prompt: ProfilePrompt) -> None:
    for question in prompt.questions:
        if isinstance(question, GuardQuestion):
            continue  # its words are the guard's own
        first: dict[int, str] = {}
        for label, token in zip(question.labels, backend.first_tokens(question.labels), strict=True):
            if token in first:
                raise ProfileError(
                    f'the model cannot tell the label words "{first[token]}" and "{label}" apart: they begin alike',
                    hint="Give one of the categories another `label`.",
                )
            first[token] = label


def _write_labels(fits: Mapping[str, LabelFit], file: Path) -> None:
    file.write_text(json.dumps({name: [fit.weight, fit.offset] for name, fit in fits.items()}), "utf-8")


def _read_labels(file: Path) -> dict[str, LabelFit]:
    return {name: LabelFit(*fit) for name, fit in json.loads(file.read_text("utf-8")).items()}


def without_examples(profile: Profile) -> list[str]:
    """The categories that only the profile prompt can judge."""
    return [c.name for c in profile.categories if is_asked(profile, c) and not c.examples]
