"""What a model runtime promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modcli.errors import PrefixTooLong
from modcli.prompts.prompt import Prefix, Question


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a loaded model. `digest` is the SHA-256 of its weights; `layers` counts its blocks;
    `width` is the length of a hidden state; `context` is how many tokens prefix and text may have together."""

    name: str
    digest: str
    layers: int
    width: int
    context: int


@dataclass(frozen=True, slots=True)
class Readout:
    """What one forward pass tells about one text.

    `states` maps a tap (layer counted from 0; the state is that layer's output, at the last token of the closed turn)
    to an array of shape (width,), float32. `log_probabilities` holds for each question an array of shape (labels,),
    normalised over the labels. `tokens` is how many tokens were computed for it.
    """

    states: Mapping[int, NDArray[np.float32]]
    log_probabilities: tuple[NDArray[np.float64], ...]
    tokens: int


class Backend(Protocol):
    """A model runtime. It knows text, not moderation."""

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model."""
        ...

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """Read each text after the prefix: one readout per text, in order.

        Without questions the pass ends at the deepest tap. With questions the model is run to its full depth, once
        per question after the text; states are then those of the first question's turn.

        Raises PrefixTooLong where the prefix leaves no room, BackendError where the runtime fails, and ValueError
        where a question's labels cannot be told apart (`first_tokens` finds that out beforehand).
        """
        ...

    def check(self, prefix: Prefix) -> None:
        """Raise PrefixTooLong, which tells by how much, where the prefix leaves no room for a text."""
        ...

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """The first token of each label word, as the assistant would begin its turn with it.

        Raises ValueError for a label without a word.
        """
        ...

    def write(self, prefix: Prefix, text: str, *, question: str = "", limit: int = 60) -> str:
        """Let the model write its turn, greedily, at most `limit` tokens."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


def require_room(facts: ModelFacts, length: int, kept_free: int) -> None:
    """Raise PrefixTooLong for a prefix of so many tokens that fewer are left behind it than are to be kept free."""
    room = max(facts.context - kept_free, 0)
    if length > room:
        raise PrefixTooLong(
            f"the profile prompt has {length} tokens, {length - room} more than {facts.name} has room for ({room})",
            hint="Shorten definitions, remove examples, or raise the `context` setting.",
        )


def distinct_first_tokens(backend: Backend, question: Question) -> list[int]:
    """The first token of each label. Raises ValueError where two begin with the same one."""
    tokens = backend.first_tokens(question.labels)
    if len(set(tokens)) < len(tokens):
        raise ValueError(f"labels that begin with the same token: {', '.join(question.labels)}")
    return tokens


def by_question(logits: NDArray[np.float32], labels: Sequence[list[int]]) -> tuple[NDArray[np.float64], ...]:
    """Each fork's own question's columns, normalised over its labels."""
    found: list[NDArray[np.float64]] = []
    column = 0
    for fork, question in enumerate(labels):
        own = logits[fork, column : column + len(question)].astype(np.float64)
        found.append(own - np.logaddexp.reduce(own))
        column += len(question)
    return tuple(found)
