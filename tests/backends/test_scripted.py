from __future__ import annotations

import numpy as np

from modcli.backends.scripted import Scripted
from modcli.prompts.prompt import Prefix, Question

PREFIX = Prefix(())
QUESTION = Question("", ("spam", "ordinary"))


def test_label_is_as_probable_as_its_keywords_are_frequent() -> None:
    backend = Scripted({"spam": ["coin", "buy"]})
    readouts = backend.read(PREFIX, ["a cat", "buy a cat", "buy a coin", "spam"], questions=[QUESTION])
    p = [float(np.exp(readout.log_probabilities[0][0])) for readout in readouts]
    assert p[0] == p[3] < 0.5 < p[1] < p[2]


def test_texts_that_share_words_have_similar_states() -> None:
    first, near, far = (
        readout.states[2]
        for readout in Scripted().read(
            PREFIX, ["Buy a coin now", "buy that coin now!", "the cat sleeps"], taps=[2]
        )
    )
    assert first @ near > 2 * abs(first @ far)


def test_script_is_a_part_of_the_digest() -> None:
    assert Scripted({"a": ["x", "y"]}).facts == Scripted({"a": ["y", "x"]}).facts
    assert Scripted({"a": ["x"]}).facts.digest != Scripted({"a": ["y"]}).facts.digest


def test_counts_what_it_reads() -> None:
    backend = Scripted()
    backend.read(PREFIX, ["a", "b"])
    backend.read(PREFIX, ["c"])
    assert backend.read_count == 3
