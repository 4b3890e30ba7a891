"""A backend that is made when it is first needed: what is in the caches is answered without a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from modcli.backends.base import Backend, ModelFacts, Readout
from modcli.prompts.prompt import Prefix, Question


class LazyBackend:
    """Wraps the making of a backend. Its facts are kept in a file, by the weights' digest, after the first time."""

    def __init__(self, make: Callable[[], Backend], *, digest: str, facts_file: Path | None) -> None:
        self._make = make
        #: Of the weights, known before the model is loaded.
        self.digest = digest
        self._facts_file = facts_file
        self._made: Backend | None = None

    @cached_property
    def facts(self) -> ModelFacts:
        """See `Backend.facts`."""
        kept = self._kept()
        if kept is not None:
            return kept
        facts = self._backend.facts
        if self._facts_file is not None:
            try:
                self._facts_file.parent.mkdir(parents=True, exist_ok=True)
                self._facts_file.write_text(json.dumps(asdict(facts)), "utf-8")
            except OSError:
                pass  # the next start loads the model to know it
        return facts

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `Backend.read`."""
        return self._backend.read(prefix, texts, taps=taps, questions=questions)

    def check(self, prefix: Prefix) -> None:
        """See `Backend.check`."""
        self._backend.check(prefix)

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """See `Backend.first_tokens`."""
        return self._backend.first_tokens(labels)

    def write(self, prefix: Prefix, text: str, *, question: str = "", limit: int = 60) -> str:
        """See `Backend.write`."""
        return self._backend.write(prefix, text, question=question, limit=limit)

    def close(self) -> None:
        """See `Backend.close`."""
        if self._made is not None:
            self._made.close()
            self._made = None

    @property
    def _backend(self) -> Backend:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _kept(self) -> ModelFacts | None:
        if self._facts_file is None:
            return None
        try:
            facts = ModelFacts(**json.loads(self._facts_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return facts if facts.digest == self.digest else None
