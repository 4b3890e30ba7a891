"""A profile's categories told by the look of pictures: by its example pictures, else by their words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from modcli.embedders.base import Embedder
from modcli.errors import ModcliError
from modcli.images.embedder import Aligned, ImageEmbedder, Labelled
from modcli.images.heads import (
    EXPRESSIBLE,
    INEXPRESSIBLE,
    VERSION,
    Features,
    ImageHead,
    ImageShots,
    Reach,
    TextDirection,
    WordHead,
    fit_image_head,
    measure_reach,
    word_head,
)
from modcli.images.heads_drawings import VERSION as DRAWN
from modcli.images.heads_drawings import drawings
from modcli.images.parts import Opinion
from modcli.images.picture import Picture
from modcli.profile import Category, ImageShot, Profile

EXAMPLES, WORDS = "image examples", "image words"
#: What else a picture may be of, in words: what a category's words have to be nearer than.
PLAIN = ("a photo", "a picture of something", "a drawing", "a screenshot of text", "a landscape", "people")
PROMPTS = ("a photo of {}", "a picture of {}", "a drawing of {}", "{}")
#: From where a category without a threshold of its own counts.
_THRESHOLD = 0.5
_READ = 400


@dataclass(frozen=True)
class HeadSight:
    """The heads of a profile's categories. `untold` says, of each category that none of them can tell, why; `notes` says
    what a person should know of the others."""

    embedder: ImageEmbedder
    heads: Mapping[str, ImageHead | WordHead | TextDirection]
    thresholds: Mapping[str, float]
    shots: Mapping[str, tuple[str, ...]]
    untold: Mapping[str, str]
    notes: tuple[str, ...]
    digest: str
    #: What stands beside a picture changes nothing.
    pixels_alone: ClassVar[bool] = True

    @property
    def tells(self) -> frozenset[str]:
        """See `Sight.tells`."""
        return frozenset(self.heads)

    def look(self, pictures: Sequence[Picture]) -> list[list[Opinion]]:
        """See `Sight.look`."""
        if not self.heads or not pictures:
            return [[] for _ in pictures]
        classes = np.empty((len(pictures), 0), np.float32)
        if isinstance(self.embedder, Labelled):
            features, classes = self.embedder.look(pictures)
        else:
            features = self.embedder.embed(pictures)
        columns = [self._column(name, head, features, classes) for name, head in self.heads.items()]
        return [list(row) for row in zip(*columns, strict=True)]

    def _column(
        self, name: str, head: ImageHead | WordHead | TextDirection, features: Features, classes: Features
    ) -> list[Opinion]:
        threshold = self.thresholds[name]
        if isinstance(head, ImageHead):
            paths = self.shots[name]
            return [
                Opinion(
                    name,
                    float(probability),
                    threshold,
                    EXAMPLES,
                    f"like {Path(paths[near.place]).name}",
                    (paths[near.place],),
                )
                for probability, near in zip(head.probability(features), head.nearest(features), strict=True)
            ]
        # Words say less than pictures do: of what they alone tell it is warned at most.
        if isinstance(head, WordHead):
            told = [f"looks like {label.name} ({label.probability:.2f})" for label in head.told(classes)]
            return [
                Opinion(name, float(probability), threshold, WORDS, text, doubted=True)
                for probability, text in zip(head.probability(classes), told, strict=True)
            ]
        return [
            Opinion(name, float(probability), threshold, WORDS, doubted=True)
            for probability in head.probability(features)
        ]


def build_head_sight(
    profile: Profile,
    embedder: ImageEmbedder,
    texts: Embedder | None,
    open_: Callable[[Path], Picture],
    cache_dir: Path,
) -> HeadSight:
    """The heads of a profile. Each category's examples are compared with its counterexamples, with those of the other
    categories, and with drawings made by code.

    `texts` is a text embedder, for categories without an example picture; `open_` opens one (it raises SourceError).
    `cache_dir` keeps the features of the drawings, and the embeddings of the labels. Raises what these raise.
    """
    wanted = [category for category in profile.categories if not category.detectors or category.images]
    features = _features_of_shots(profile, embedder, open_)
    bank = kept(cache_dir, f"drawings, {DRAWN}, {embedder.digest}", lambda: embedder.embed(drawings()))
    words = _Words(embedder, texts, cache_dir)
    heads: dict[str, ImageHead | WordHead | TextDirection] = {}
    untold: dict[str, str] = {}
    notes: list[str] = []
    for category in wanted:
        if category.images:
            head = fit_image_head(category.name, _shots(category, profile, features, embedder.width), bank)
            heads[category.name] = head
            if head.recognised is not None and 2 * head.recognised < len(category.images):
                notes.append(
                    f"{category.name}: of its {len(category.images)} example pictures {head.recognised} would be found"
                    " by the others: they have little in common that the image embedder sees"
                )
            continue
        found = words.head(category)
        if isinstance(found, str):
            untold[category.name] = found
        else:
            heads[category.name] = found
    known = {category.name: category for category in wanted}
    own = {name: known[name].threshold for name in heads}
    parts = [str(VERSION), embedder.digest, texts.facts.digest if texts else "", str(DRAWN)]
    return HeadSight(
        embedder=embedder,
        heads=heads,
        thresholds={name: _THRESHOLD if value is None else value for name, value in own.items()},
        shots={name: tuple(shot.path for shot in known[name].images) for name in heads},
        untold=untold,
        notes=tuple(notes),
        digest=hashlib.sha256(json.dumps([*parts, _wishes(profile)]).encode()).hexdigest(),
    )


def kept(cache_dir: Path, key: str, make: Callable[[], Features]) -> Features:
    """An array that is computed once: read from the cache folder where it is there and whole, else made and put there. A
    cache that cannot be written costs time, and nothing else."""
    path = cache_dir / f"features-{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
    try:
        found = np.load(path, allow_pickle=False)
        if found.dtype == np.float32 and found.ndim == 2 and len(found) and np.isfinite(found).all():
            return np.asarray(found, np.float32)
    except (OSError, ValueError, EOFError):
        pass
    made = make()
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        arriving = path.with_suffix(f".{hashlib.sha256(made.tobytes()).hexdigest()[:8]}.arriving")
        with arriving.open("wb") as stream:
            np.save(stream, made, allow_pickle=False)
        arriving.replace(path)
    except OSError:
        pass
    return made


class _Words:
    """What makes heads of words, with all that is needed for it made when the first asks."""

    def __init__(self, embedder: ImageEmbedder, texts: Embedder | None, cache_dir: Path) -> None:
        self._embedder, self._texts, self._cache_dir = embedder, texts, cache_dir
        self._measured = False
        self._reach: Reach | None = None
        self._plain: Features | None = None

    def head(self, category: Category) -> WordHead | TextDirection | str:
        """The head of a category by its words, or why there is none."""
        phrases = [category.word, *([category.definition[:_READ]] if category.definition else [])]
        if isinstance(self._embedder, Aligned):
            if self._plain is None:
                self._plain = self._embedder.embed_texts(PLAIN)
            texts = [prompt.format(phrase) for phrase in phrases for prompt in PROMPTS]
            return TextDirection(category.name, self._embedder.embed_texts(texts), self._plain)
        if not isinstance(self._embedder, Labelled):
            return f"{self._embedder.name} has no words: it needs example pictures"
        if self._texts is None:
            return "without a text embedder nothing is told by words: it needs example pictures"
        reach = self._measure(self._embedder, self._texts)
        if reach is None:
            return f"{self._texts.facts.name} does not tell words apart: it needs example pictures"
        found = word_head(category.name, self._texts.embed(phrases), reach, self._embedder.labels)
        if found is None:
            return f"{self._embedder.name} has no labels that are kinds of it: it needs example pictures"
        return found

    def _measure(self, embedder: Labelled, texts: Embedder) -> Reach | None:
        if not self._measured:
            both = (*embedder.labels, *embedder.label_texts)
            key = "\0".join(("labels", texts.facts.digest, *both))
            vectors = kept(self._cache_dir, key, lambda: texts.embed(both))
            labels = vectors[: len(embedder.labels)] + vectors[len(embedder.labels) :]
            labels = labels / np.maximum(np.linalg.norm(labels, axis=1, keepdims=True), 1e-12)
            self._reach = measure_reach(labels, texts.embed(EXPRESSIBLE), texts.embed(INEXPRESSIBLE))
            self._measured = True
        return self._reach


def _features_of_shots(
    profile: Profile, embedder: ImageEmbedder, open_: Callable[[Path], Picture]
) -> dict[str, Features]:
    """The features (1, width) of every picture that the profile shows, by its path."""
    shots = {shot.path: shot for c in profile.categories for shot in (*c.images, *c.counterimages)}
    opened = [_opened(shot, open_) for shot in shots.values()]
    vectors = embedder.embed(opened) if opened else np.empty((0, embedder.width), np.float32)
    return {path: vectors[place : place + 1] for place, path in enumerate(shots)}


def _opened(shot: ImageShot, open_: Callable[[Path], Picture]) -> Picture:
    try:
        return open_(Path(shot.path))
    except ModcliError as error:
        error.hint = error.hint or "it is an example picture of the profile"
        raise


def _shots(category: Category, profile: Profile, features: Mapping[str, Features], width: int) -> ImageShots:
    """What a head is fitted to. A picture that is shown under several names counts for its own category."""
    own = {shot.path for shot in (*category.images, *category.counterimages)}
    others = dict.fromkeys(
        shot.path for other in profile.categories for shot in other.images if shot.path not in own
    )

    def stacked(paths: Sequence[str]) -> Features:
        rows = [features[path] for path in paths]
        return np.concatenate(rows) if rows else np.empty((0, width), np.float32)

    return ImageShots(
        stacked([shot.path for shot in category.images]),
        stacked([shot.path for shot in category.counterimages]),
        stacked(list(others)),
    )


def _wishes(profile: Profile) -> list[object]:
    """What of the profile decides the heads."""
    return [
        [
            category.name,
            category.word,
            category.definition,
            category.threshold,
            [shot.digest for shot in category.images],
            [shot.digest for shot in category.counterimages],
        ]
        for category in profile.categories
    ]
