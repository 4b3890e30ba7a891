"""The asker: label scores of texts under a profile prompt, from the store where it has them, else from the model."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Backend
from modcli.prompts.guards.base import GuardQuestion
from modcli.prompts.profile_prompt import ProfilePrompt
from modcli.prompts.prompt import Question
from modcli.states.guard_reading import read_guard
from modcli.states.scores import ScoreStore
from modcli.states.store import content_key

Floats = NDArray[np.float64]

#: Texts asked about together: enough for full batches of the model.
_AT_ONCE = 64


class Asker:
    """Puts each question to each text once.

    `backend` is called when the model is needed for the first time. Without a store everything is asked anew. `tell`
    is given one line when answers cannot be kept or read; judging goes on without the store.
    """

    def __init__(
        self,
        backend: Callable[[], Backend],
        store: ScoreStore | None,
        *,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._backend = backend
        self._store = store
        self._tell = tell
        #: Tokens that the model computed.
        self.tokens = 0

    def scores(
        self, prompt: ProfilePrompt, texts: Sequence[str], only: Sequence[str] | None = None
    ) -> Floats:
        """Label scores, shape (texts, categories asked): the log-probability of the category's word minus that of the
        word for none of them. `only` names the categories whose questions are put; the others' columns are NaN.
        Equal texts are asked once."""
        found = np.full((len(texts), len(prompt.asked)), np.nan)
        multi_class = len(prompt.questions[0].labels) > 2
        columns = [i for i, name in enumerate(prompt.asked) if only is None or name in only]
        if not len(texts) or not columns:
            return found
        questions = list(prompt.questions) if multi_class else [prompt.questions[i] for i in columns]
        answers = self._answers(prompt, texts, questions)
        if multi_class:
            log_probabilities = answers[questions[0]]
            found[:] = log_probabilities[:, :-1] - log_probabilities[:, -1:]
        else:
            for column, question in zip(columns, questions, strict=True):
                found[:, column] = answers[question][:, 0] - answers[question][:, 1]
        return found

    def missing(self, prompt: ProfilePrompt, texts: Sequence[str]) -> int:
        """How many different texts would have to be put to the model for their label scores."""
        keys = {content_key(text) for text in texts}
        known = [self._kept(prompt, question, list(keys)) for question in prompt.questions]
        return len(keys) - len(keys.intersection(*known))

    def _answers(
        self, prompt: ProfilePrompt, texts: Sequence[str], questions: Sequence[Question]
    ) -> dict[Question, Floats]:
        """Log-probabilities by question, each of shape (texts, labels)."""
        keys = [content_key(text) for text in texts]
        text_of = dict(zip(keys, texts, strict=True))
        known = {question: self._kept(prompt, question, list(text_of)) for question in questions}
        # What is not known, by the questions to put: they are put together, after one reading of the text.
        missing: defaultdict[tuple[Question, ...], list[bytes]] = defaultdict(list)
        for key in text_of:
            unknown = tuple(question for question in questions if key not in known[question])
            if unknown:
                missing[unknown].append(key)
        for unknown, asked in missing.items():
            # Part by part: who breaks off loses one part.
            for start in range(0, len(asked), _AT_ONCE):
                part = asked[start : start + _AT_ONCE]
                found = self._put(prompt, unknown, [text_of[key] for key in part])
                for question, answers in zip(unknown, found, strict=True):
                    fresh = dict(zip(part, answers, strict=True))
                    self._keep(prompt, question, fresh)
                    known[question] |= fresh
        return {question: np.stack([known[question][key] for key in keys]) for question in questions}

    def _put(
        self, prompt: ProfilePrompt, questions: Sequence[Question], texts: Sequence[str]
    ) -> list[Floats]:
        """The model's answers, by question: shape (texts, labels) each."""
        found: dict[Question, Floats] = {}
        for guard in (question for question in questions if isinstance(question, GuardQuestion)):
            found[guard], tokens = read_guard(self._backend(), guard, texts)
            self.tokens += tokens
        chat = [question for question in questions if question not in found]
        if chat:
            readouts = self._backend().read(prompt.prefix, texts, questions=chat)
            self.tokens += sum(readout.tokens for readout in readouts)
            found |= {
                q: np.stack([readout.log_probabilities[i] for readout in readouts])
                for i, q in enumerate(chat)
            }
        return [found[question] for question in questions]

    def _kept(self, prompt: ProfilePrompt, question: Question, keys: Sequence[bytes]) -> dict[bytes, Floats]:
        if self._store is None:
            return {}
        try:
            return self._store.get(prompt.prefix, question, keys)
        except (OSError, sqlite3.Error) as error:
            self._store = None
            self._tell(f"kept label scores cannot be read ({error}); judging goes on without")
            return {}

    def _keep(self, prompt: ProfilePrompt, question: Question, fresh: dict[bytes, Floats]) -> None:
        if self._store is None:
            return
        try:
            self._store.put(prompt.prefix, question, fresh)
        except (OSError, sqlite3.Error) as error:
            self._store = None
            self._tell(f"label scores cannot be kept ({error}); judging goes on without")
