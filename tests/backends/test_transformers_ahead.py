"""Tokens are made ahead in a thread: in order, errors where they belong, and no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("transformers")

from modcli.backends import transformers, transformers_ahead
from modcli.backends.transformers_ahead import FIRST, Part, in_parts
from tests.backends.test_contract import PREFIX, SPAM

if TYPE_CHECKING:
    from modcli.backends.transformers import Transformers

Tokenize = Callable[[str], list[int]]


def spelled(text: str) -> list[int]:
    return [ord(letter) for letter in text]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("tokens")]


@given(st.lists(st.text(max_size=5), max_size=100))
def test_each_text_comes_once_and_shorter_ones_first(texts: list[str]) -> None:
    with closing(in_parts(spelled, texts)) as found:
        parts = list(found)
    indices = [i for part, _ in parts for i in part]
    assert sorted(indices) == list(range(len(texts)))
    assert [tokens for _, bodies in parts for tokens in bodies] == [spelled(texts[i]) for i in indices]
    assert [len(texts[i]) for i in indices] == sorted(map(len, texts))
    assert all(len(part) <= FIRST for part, _ in parts[:1])
    assert not threads()


def test_the_next_part_is_made_while_one_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformers_ahead, "FIRST", 1)
    monkeypatch.setattr(transformers_ahead, "LATER", 1)
    made = [threading.Event() for _ in range(4)]

    def tokenize(text: str) -> list[int]:
        made[len(text)].set()
        return spelled(text)

    with closing(in_parts(tokenize, ["", "a", "bb", "ccc"])) as parts:
        next(parts)
        assert made[1].wait(10)
        next(parts)
        assert made[2].wait(10)
        # One part ahead and no more: texts do not pile up.
        assert not made[3].is_set()


def test_an_error_comes_where_its_text_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformers_ahead, "FIRST", 2)
    monkeypatch.setattr(transformers_ahead, "LATER", 2)

    def tokenize(text: str) -> list[int]:
        if text == "dddd":
            raise ValueError("no tokens")
        return spelled(text)

    found: list[int] = []
    with closing(in_parts(tokenize, ["dddd", "a", "bb", "ccc"])) as parts:
        found += next(parts)[0]
        with pytest.raises(ValueError, match="no tokens"):
            next(parts)
    assert found == [1, 2]
    assert not threads()


def test_an_interrupt_leaves_no_thread(tiny: Transformers, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next call is answered."""
    texts = [f"post {i}" for i in range(3 * FIRST)]
    read = tiny._read_part

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tiny, "_read_part", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tiny.read(PREFIX, texts, questions=[SPAM])
    assert not threads()
    monkeypatch.setattr(tiny, "_read_part", read)
    assert len(tiny.read(PREFIX, texts, questions=[SPAM])) == len(texts)


def test_readouts_are_those_of_tokens_made_beforehand(
    tiny: Transformers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit where the parts are the same; and as in one part but for the company in a batch."""
    texts = [f"{'word ' * (i % 9)}{i}" for i in range(80)]
    ahead = tiny.read(PREFIX, texts, taps=(1,), questions=[SPAM])

    def beforehand(tokenize: Tokenize, given: Sequence[str]) -> Iterator[Part]:
        yield from list(in_parts(tokenize, given))

    monkeypatch.setattr(transformers, "in_parts", beforehand)
    for one, other in zip(ahead, tiny.read(PREFIX, texts, taps=(1,), questions=[SPAM]), strict=True):
        np.testing.assert_array_equal(one.states[1], other.states[1])
        np.testing.assert_array_equal(one.log_probabilities[0], other.log_probabilities[0])
    monkeypatch.setattr(transformers_ahead, "FIRST", 1000)
    for one, other in zip(ahead, tiny.read(PREFIX, texts, taps=(1,), questions=[SPAM]), strict=True):
        assert one.tokens == other.tokens
        np.testing.assert_allclose(one.states[1], other.states[1], atol=1e-4)
        np.testing.assert_allclose(one.log_probabilities[0], other.log_probabilities[0], atol=1e-4)
