"""A vision-language model as judge of pictures: label words of the profile prompt, and heads on its hidden states."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from modcli.backends.vision import LONGEST, Shown, VisionBackend
from modcli.cascade.preparation import taps_of
from modcli.errors import ModcliError, ProfileError
from modcli.images.debate import VERSION as DEBATED
from modcli.images.debate import Debater, is_unsure
from modcli.images.heads import Features, ImageHead, ImageShots, fit_image_head
from modcli.images.heads_drawings import VERSION as DRAWN
from modcli.images.heads_drawings import drawings
from modcli.images.heads_sight import kept
from modcli.images.parts import Opinion
from modcli.images.picture import Picture, Pixels
from modcli.judges.fitting import LabelScores, label_offset
from modcli.judges.judge import logit, probability, shares, unit
from modcli.judges.tasks import is_asked
from modcli.profile import Category, Profile, Task
from modcli.prompts.normalization import normalize
from modcli.prompts.profile_prompt import ProfilePrompt, assemble
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.reading import READING

Floats = NDArray[np.float64]

VISION, DEBATE = "vision model", "debate"
#: Changes whenever the same readouts would be judged otherwise.
VERSION = 1
#: Every so many of the drawings that all pictures are compared with: the model looks at them once for each prompt.
_EVERY = 4
#: What a nat of the label score adds to a head's log-odds: the usual weight of the judge of texts.
_LABEL_WEIGHT = 0.5
#: From where a category without a threshold of its own counts.
_THRESHOLD = 0.5
#: Characters of the text beside a picture that are read with it, from its beginning and from its end. All of it is
#: judged as a text besides.
_BEGINNING, _END = 800, 400


class Looked(NamedTuple):
    """What the model says of pictures: label scores (pictures, asked), and unit features (pictures, width; 0 without
    heads)."""

    scores: Floats
    features: Features


@dataclass(frozen=True)
class VisionSight:
    """Categories of a profile as a vision-language model tells them. `notes` says what a person should know of it."""

    eye: Eye
    profile: Profile
    heads: Mapping[str, ImageHead]
    offsets: Mapping[str, float]
    shots: Mapping[str, tuple[str, ...]]
    debater: Debater | None
    notes: tuple[str, ...]
    digest: str

    @property
    def tells(self) -> frozenset[str]:
        """See `Sight.tells`."""
        return frozenset((*self.heads, *self.offsets))

    def look(self, pictures: Sequence[Picture]) -> list[list[Opinion]]:
        """See `Sight.look`."""
        if not pictures or not self.tells:
            return [[] for _ in pictures]
        looked = self.eye.look(pictures)
        found = self._log_odds(looked)
        categories = [category for category in self.profile.categories if category.name in found]
        return [
            [self._opinion(picture, category, found, looked, place) for category in categories]
            for place, picture in enumerate(pictures)
        ]

    def _log_odds(self, looked: Looked) -> dict[str, Floats]:
        """Of each category, shape (pictures,)."""
        even = {
            name: looked.scores[:, place] - self.offsets[name] for place, name in enumerate(self.eye.asked)
        }
        if self.profile.task is Task.MULTI_CLASS and even:
            shared = shares(list(even.values()))
            even = {name: logit(share) for name, share in zip(even, shared, strict=True)}
        found = dict(even)
        for name, head in self.heads.items():
            by_look = head.log_odds(looked.features)
            found[name] = by_look + _LABEL_WEIGHT * even[name] if name in even else by_look
        return found

    def _opinion(
        self, picture: Picture, category: Category, found: Mapping[str, Floats], looked: Looked, place: int
    ) -> Opinion:
        name = category.name
        threshold = threshold_of(category)
        log_odds, stage, note = float(found[name][place]), VISION, ""
        told = self.eye.backend.facts.name
        shots: tuple[str, ...] = ()
        if name in self.heads:
            near = self.heads[name].nearest(looked.features[place : place + 1])[0]
            shots = (self.shots[name][near.place],)
            told = f"{told}: like {Path(self.shots[name][near.place]).name}"
        # Of a frame it costs too much: there are many, and one alone decides nothing.
        if self.debater is not None and name in self.offsets and picture.seconds is None:
            border = float(logit(np.float64(threshold)))
            if is_unsure(log_odds, border):
                settled = self.debater.settle(
                    sized(picture), beside(picture), category, log_odds, self.offsets[name]
                )
                log_odds, stage, note = settled.log_odds, DEBATE, settled.note
                told = f"{told}; {note}"
        return Opinion(
            name, float(probability(np.array([log_odds]))[0]), threshold, stage, told, shots, note=note
        )


@dataclass(frozen=True)
class Eye:
    """A model that looks at pictures with one prompt. `asked` names the category of each column of the scores."""

    backend: VisionBackend
    prefix: Prefix
    questions: tuple[Question, ...]
    asked: tuple[str, ...]
    taps: tuple[int, ...]

    @property
    def width(self) -> int:
        """Of a feature."""
        return len(self.taps) * self.backend.facts.width

    def look(self, pictures: Sequence[Picture]) -> Looked:
        """One forward pass a picture. Raises BackendError."""
        shown = [Shown(sized(picture), beside(picture)) for picture in pictures]
        readouts = self.backend.read(self.prefix, shown, taps=self.taps, questions=self.questions)
        scores = np.zeros((len(pictures), len(self.asked)))
        features = np.zeros((len(pictures), self.width), np.float32)
        for row, readout in enumerate(readouts):
            if len(self.questions) == 1:  # of one category, or of all classes
                answer = readout.log_probabilities[0]
                scores[row] = answer[:-1] - answer[-1]
            else:
                scores[row] = [answer[0] - answer[1] for answer in readout.log_probabilities]
            if self.taps:
                states = unit(np.stack([readout.states[tap] for tap in self.taps]))
                features[row] = states.reshape(-1) / np.sqrt(len(self.taps))
        return Looked(scores, features)


def build_vision_sight(
    profile: Profile,
    backend: VisionBackend,
    open_: Callable[[Path], Picture],
    cache_dir: Path,
    *,
    debater: Debater | None = None,
    tell: Callable[[str], None] = lambda _line: None,
) -> VisionSight:
    """What a model tells of a profile: categories with a definition by its label words, those with example pictures by a
    head on its hidden states, those with both by both.

    The model first looks at drawings and at the profile's pictures, to know which label score counts as even; what it
    says of the drawings is kept in `cache_dir`. `open_` opens a picture. Raises PrefixTooLong, ProfileError, and what
    these raise.
    """
    told = [category for category in profile.categories if is_asked(profile, category)]
    headed = [category for category in told if category.images]
    asked, notes = _askable(profile, [c for c in told if c.definition.strip() or c.note.strip()], backend)
    prompt = assemble(profile, asked) if asked else ProfilePrompt(READING, (), ())
    backend.check(prompt.prefix)
    taps = taps_of(backend.facts.layers) if headed else ()
    eye = Eye(backend, prompt.prefix, prompt.questions, prompt.asked, taps)
    heads: dict[str, ImageHead] = {}
    offsets: dict[str, float] = {}
    if asked or headed:
        bank = _bank(eye, cache_dir, tell)
        shown = _shown(profile, eye, open_)
        heads = {
            c.name: fit_image_head(c.name, _shots(c, profile, shown, eye), bank.features) for c in headed
        }
        offsets = {c.name: _offset(c, profile, shown, bank, place) for place, c in enumerate(asked)}
    return VisionSight(
        eye=eye,
        profile=profile,
        heads=heads,
        offsets=offsets,
        shots={category.name: tuple(shot.path for shot in category.images) for category in headed},
        debater=debater if asked else None,
        notes=tuple(notes),
        digest=_digest(profile, eye, debater),
    )


def threshold_of(category: Category) -> float:
    """From where a category counts."""
    return _THRESHOLD if category.threshold is None else category.threshold


def sized(picture: Picture) -> Pixels:
    """The pixels as they are shown: of a picture that is larger than models are given, a smaller one."""
    height, width = picture.pixels.shape[:2]
    if max(height, width) <= LONGEST:
        return picture.pixels
    scale = LONGEST / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.LANCZOS), np.uint8)


def beside(picture: Picture) -> str:
    """The text beside a picture as it is read with it: of a long one the beginning and the end."""
    text = normalize(picture.beside)
    return text if len(text) <= _BEGINNING + _END else f"{text[:_BEGINNING]}\n[...]\n{text[-_END:]}"


def _askable(
    profile: Profile, wanted: Sequence[Category], backend: VisionBackend
) -> tuple[list[Category], list[str]]:
    """Those whose label words the model can tell apart, and a line about each of the others. In a multi-class task there
    is one question for all: ProfileError."""
    if not wanted:
        return [], []
    questions = assemble(profile, wanted).questions
    alike = [len(set(backend.first_tokens(q.labels))) < len(q.labels) for q in questions]
    if profile.task is Task.MULTI_CLASS:
        if alike[0]:
            raise ProfileError(
                "the vision model cannot tell the label words of this profile apart: some begin alike",
                hint="Give one of the categories another `label`.",
            )
        return list(wanted), []
    notes = [
        f'{category.name}: the vision model cannot be asked, as its word "{category.word}" begins like that for nothing'
        for category, same in zip(wanted, alike, strict=True)
        if same
    ]
    return [category for category, same in zip(wanted, alike, strict=True) if not same], notes


def _bank(eye: Eye, cache_dir: Path, tell: Callable[[str], None]) -> Looked:
    """What the model says of drawings: ordinary pictures, whatever the profile."""
    drawn = drawings()[::_EVERY]

    def look() -> Features:
        tell(f"the vision model looks at {len(drawn)} drawings to compare with: once for this profile")
        looked = eye.look(drawn)
        return np.asarray(np.hstack([looked.scores, looked.features]), np.float32)

    columns = len(eye.asked)
    found = kept(cache_dir, f"vision, {_key(eye)}", look)
    if found.shape != (len(drawn), columns + eye.width):
        found = look()
    return Looked(found[:, :columns].astype(np.float64), np.ascontiguousarray(found[:, columns:]))


def _shown(profile: Profile, eye: Eye, open_: Callable[[Path], Picture]) -> dict[str, Looked]:
    """What the model says of each picture that the profile shows, by its path."""
    shots = {shot.path: shot for c in profile.categories for shot in (*c.images, *c.counterimages)}
    opened = []
    for path in shots:
        try:
            opened.append(open_(Path(path)))
        except ModcliError as error:
            error.hint = error.hint or "it is an example picture of the profile"
            raise
    looked = eye.look(opened) if opened else Looked(np.zeros((0, 0)), np.zeros((0, 0), np.float32))
    return {
        path: Looked(looked.scores[i : i + 1], looked.features[i : i + 1]) for i, path in enumerate(shots)
    }


def _sides(category: Category, profile: Profile) -> tuple[list[str], list[str], list[str]]:
    """Paths of a category's examples, of its counterexamples, and of the other categories' examples."""
    own = {shot.path for shot in (*category.images, *category.counterimages)}
    others = dict.fromkeys(
        shot.path for other in profile.categories for shot in other.images if shot.path not in own
    )
    examples, against = ([shot.path for shot in shots] for shots in (category.images, category.counterimages))
    return examples, against, list(others)


def _shots(category: Category, profile: Profile, shown: Mapping[str, Looked], eye: Eye) -> ImageShots:
    """What a head is fitted to."""
    rows = [
        np.concatenate([shown[path].features for path in paths])
        if paths
        else np.zeros((0, eye.width), np.float32)
        for paths in _sides(category, profile)
    ]
    return ImageShots(*rows)


def _offset(
    category: Category, profile: Profile, shown: Mapping[str, Looked], bank: Looked, column: int
) -> float:
    """The label score that counts as even, by the rule for texts: between the two sides that the profile shows, else
    above nearly all drawings."""
    examples, against, others = (
        np.array([shown[path].scores[0, column] for path in paths], np.float64)
        for paths in _sides(category, profile)
    )
    return label_offset(LabelScores(examples, np.concatenate([against, others]), bank.scores[:, column]))


def _key(eye: Eye) -> str:
    """Of all that decides what the model says of a picture."""
    parts = [VERSION, DRAWN, eye.backend.facts.digest, eye.prefix.digest, eye.taps]
    return json.dumps([*parts, [[q.text, q.labels] for q in eye.questions]])


def _digest(profile: Profile, eye: Eye, debater: Debater | None) -> str:
    wishes = [
        [c.name, c.threshold, [s.digest for s in c.images], [s.digest for s in c.counterimages]]
        for c in profile.categories
    ]
    debated = [DEBATED, debater.rounds] if debater else []
    return hashlib.sha256(json.dumps([_key(eye), wishes, debated]).encode()).hexdigest()
