"""A model that sees, without a model: a picture is the name of its colour. For tests, demonstrations and dry runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from modcli.backends.base import Readout
from modcli.backends.scripted import Scripted
from modcli.backends.vision import Shown
from modcli.prompts.prompt import Prefix, Question

_COLOURS = {
    "red": (210, 30, 30),
    "green": (30, 180, 40),
    "blue": (30, 40, 200),
    "yellow": (230, 220, 40),
    "white": (245, 245, 245),
    "grey": (128, 128, 128),
    "black": (10, 10, 10),
}


class ScriptedVision(Scripted):
    """Reads a picture as the word for its mean colour, before the text that stands behind it."""

    def __init__(self, keywords: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(keywords)
        self.facts = replace(self.facts, name="scripted vision")
        #: What it was told before it wrote, and how often it wrote, so that a test can see a debate.
        self.told: list[str] = []

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str | Shown],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `VisionBackend.read`."""
        return super().read(prefix, [as_words(text) for text in texts], taps=taps, questions=questions)

    def write(self, prefix: Prefix, text: str | Shown, *, question: str = "", limit: int = 60) -> str:
        """See `VisionBackend.write`."""
        self.told.append(as_words(text))
        return super().write(prefix, as_words(text), question=question, limit=limit)


def as_words(text: str | Shown) -> str:
    """What of an item is read."""
    if isinstance(text, str):
        return text
    mean = text.pixels.reshape(-1, 3).mean(axis=0)
    name = min(_COLOURS, key=lambda colour: float(np.abs(mean - _COLOURS[colour]).sum()))
    return f"{name} {text.text}".strip()
