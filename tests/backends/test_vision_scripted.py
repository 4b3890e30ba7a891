"""The scripted model that sees is as predictable as the one that reads."""

from __future__ import annotations

import numpy as np

from modcli.backends.base import Backend
from modcli.backends.vision import Shown, VisionBackend
from modcli.backends.vision_scripted import ScriptedVision, as_words
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.template import conversation

PREFIX = Prefix(conversation("label"))


def plain(*colour: int) -> np.ndarray:
    return np.full((4, 5, 3), colour, np.uint8)


def test_a_picture_is_the_word_for_its_colour() -> None:
    assert as_words(Shown(plain(200, 20, 20), "hi")) == "red hi"
    assert as_words(Shown(plain(0, 0, 0))) == "black"
    assert as_words("as it is") == "as it is"


def test_the_word_is_read_and_written_of() -> None:
    backend = ScriptedVision({"hot": ["red"]})
    seeing: VisionBackend = backend
    reading: Backend = seeing  # what sees also reads
    assert reading.facts.name == "scripted vision"
    red, blue, text = backend.read(
        PREFIX,
        [Shown(plain(200, 20, 20)), Shown(plain(20, 20, 200)), "red"],
        taps=[1],
        questions=[Question("", ("hot", "ordinary"))],
    )
    assert red.log_probabilities[0][0] > blue.log_probabilities[0][0]
    assert (red.states[1] == text.states[1]).all()
    assert "blue" in backend.write(PREFIX, Shown(plain(20, 20, 200)))
    assert backend.told == ["blue"]
