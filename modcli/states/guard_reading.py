"""What a guard answers, as the probability of a violation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.errors import ProfileError
from modcli.prompts.guards.base import Ask, GuardQuestion
from modcli.prompts.prompt import Question

Floats = NDArray[np.float64]

#: A probability of nothing or everything has no log-odds.
_LEAST = 1e-9


def read_guard(backend: Backend, question: GuardQuestion, texts: Sequence[str]) -> tuple[Floats, int]:
    """Log-probabilities of a violation and of none, shape (texts, 2), and how many tokens were computed.

    Raises ProfileError where the model cannot tell the guard's answers apart, and what the backend raises.
    """
    violation = np.zeros(len(texts))
    tokens = 0
    for ask in question.asks:
        labels, violating = told_apart(backend, ask)
        readouts = backend.read(ask.prefix, texts, questions=[Question("", labels)])
        answers = np.stack([readout.log_probabilities[0] for readout in readouts])
        violation += np.logaddexp.reduce(answers[:, violating], axis=1)
        tokens += sum(readout.tokens for readout in readouts)
    p = np.clip(np.exp(violation), _LEAST, 1 - _LEAST)
    return np.stack([np.log(p), np.log1p(-p)], axis=1), tokens


def told_apart(backend: Backend, ask: Ask) -> tuple[tuple[str, ...], list[int]]:
    """The labels that begin with tokens of their own, and which of them count as a violation.

    Some tokenizers spell a word with a space before it as the word itself: one of the two is enough. Raises
    ProfileError where a violation and none would begin alike.
    """
    sides: dict[int, tuple[str, bool]] = {}
    for i, (label, token) in enumerate(zip(ask.labels, backend.first_tokens(ask.labels), strict=True)):
        violates = i in ask.violating
        if sides.setdefault(token, (label, violates))[1] is not violates:
            raise ProfileError(
                f"{backend.facts.name} begins {sides[token][0].strip()} and {label.strip()} with the same token",
                hint="Is it the guard that its name says?",
            )
    kept = list(sides.values())
    return tuple(label for label, _ in kept), [i for i, (_, violates) in enumerate(kept) if violates]
