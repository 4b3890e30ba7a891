"""What an image embedder promises: pictures to vectors, and where it has words for them, to those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from modcli.images.picture import Picture

Floats = NDArray[np.float32]


class Looks(NamedTuple):
    """What one run over pictures gives: unit vectors (pictures, width), and the probabilities of the embedder's own
    labels (pictures, labels)."""

    features: Floats
    classes: Floats


class ImageEmbedder(Protocol):
    """A model that places like pictures near each other. `digest` is the SHA-256 of all that decides its vectors, hex;
    `width` is their length."""

    @property
    def name(self) -> str:
        """What it is called in verdicts."""
        ...

    @property
    def digest(self) -> str:
        """See above: a part of every key under which features are kept."""
        ...

    @property
    def width(self) -> int:
        """See above."""
        ...

    def embed(self, pictures: Sequence[Picture]) -> Floats:
        """A unit vector per picture, in order: shape (pictures, width). A picture's vector does not depend on the
        others. Raises BackendError where the runtime fails."""
        ...


@runtime_checkable
class Labelled(ImageEmbedder, Protocol):
    """An embedder that also tells how like a picture is to each of its own labels."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in a word or two, in the order of their probabilities."""
        ...

    @property
    def label_texts(self) -> tuple[str, ...]:
        """Of each label a text for a text embedder: it, and what it looks like."""
        ...

    def classes(self, pictures: Sequence[Picture]) -> Floats:
        """The probability of each label: shape (pictures, labels), rows add up to 1. Raises BackendError."""
        ...

    def look(self, pictures: Sequence[Picture]) -> Looks:
        """`embed` and `classes` in one run. Raises BackendError."""
        ...


@runtime_checkable
class Aligned(ImageEmbedder, Protocol):
    """An embedder whose vectors lie in the same space as those of texts (CLIP, SigLIP)."""

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """A unit vector per text, in order: shape (texts, width). Raises BackendError."""
        ...
