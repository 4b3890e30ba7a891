"""A backend without a model: the same words always give the same readout. For tests, demonstrations and dry runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import ModelFacts, Readout, distinct_first_tokens
from modcli.errors import PrefixTooLong
from modcli.prompts.prompt import Prefix, Question

_LAYERS, _WIDTH, _CONTEXT = 8, 64, 8192
_WORD = re.compile(r"\w+")
_VECTORS_KEPT, _STATES_KEPT = 50_000, 4096


class Scripted:
    """Words instead of a model.

    A label is as probable as its keywords are frequent in the text; `keywords` maps a label word to them (a label
    that is not in it has itself as its only keyword). A hidden state is the sum of a fixed random vector per word,
    so texts that share words have similar states.
    """

    def __init__(self, keywords: Mapping[str, Sequence[str]] | None = None) -> None:
        self._keywords = {label: frozenset(words) for label, words in (keywords or {}).items()}
        script = repr(sorted((label, sorted(words)) for label, words in self._keywords.items()))
        digest = hashlib.sha256(script.encode()).hexdigest()
        self.facts = ModelFacts("scripted", digest, _LAYERS, _WIDTH, _CONTEXT)
        #: How many texts were read, so that a test can tell what was answered without the model.
        self.read_count = 0

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `Backend.read`."""
        self.check(prefix)
        for question in questions:
            distinct_first_tokens(self, question)
        self.read_count += len(texts)
        return [
            Readout(
                states={tap: _state(text, tap) for tap in taps},
                log_probabilities=tuple(self._log_probabilities(text, q.labels) for q in questions),
                tokens=len(_WORD.findall(text)),
            )
            for text in texts
        ]

    def check(self, prefix: Prefix) -> None:
        """See `Backend.check`."""
        length = len(prefix.opening) + sum(len(message.content) for message in prefix.messages)
        if length > 4 * _CONTEXT:
            raise PrefixTooLong(f"the profile prompt has about {length // 4 - _CONTEXT} tokens too many")

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """See `Backend.first_tokens`: here the first word stands for it."""
        words = [label.split(maxsplit=1) for label in labels]
        if not all(words):
            raise ValueError("a label without a word")
        return [int.from_bytes(hashlib.sha256(word[0].encode()).digest()[:4], "big") for word in words]

    def write(self, prefix: Prefix, text: str, *, question: str = "", limit: int = 60) -> str:  # noqa: ARG002 -- the protocol
        """See `Backend.write`."""
        return " ".join(["Scripted:", *_WORD.findall(text)][: min(limit, 12)])

    def close(self) -> None:
        """See `Backend.close`."""

    def _log_probabilities(self, text: str, labels: Sequence[str]) -> NDArray[np.float64]:
        words = [word.lower() for word in _WORD.findall(text)]
        counts = [
            sum(word in self._keywords.get(label, {label.lower()}) for word in words) for label in labels
        ]
        # The last label is the one for "none of them": it is ahead until a keyword is seen.
        scores = np.array([4.0 * count for count in counts]) + np.eye(len(labels))[-1] * 2.0
        return np.asarray(scores - np.logaddexp.reduce(scores), np.float64)


@lru_cache(_STATES_KEPT)
def _state(text: str, tap: int) -> NDArray[np.float32]:
    state = np.full(_WIDTH, 0.1)
    for word in _WORD.findall(text.lower()):
        state += _vector(tap, word)
    kept = state.astype(np.float32)
    kept.flags.writeable = False  # it is given out more than once
    return kept


@lru_cache(_VECTORS_KEPT)
def _vector(tap: int, word: str) -> NDArray[np.float64]:
    seed = hashlib.sha256(f"{tap}\0{word}".encode()).digest()[:8]
    return np.random.default_rng(int.from_bytes(seed, "big")).normal(size=_WIDTH)
