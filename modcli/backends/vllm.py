"""vLLM within this process: many GPUs, prefixes kept by the engine. Label words only, no hidden states.

Written against vLLM's documented interface (`LLM`, `SamplingParams`, `TokensPrompt`), from version 0.10 on.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before it is imported: it would tell its makers of each start, and write its log where verdicts go.
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")

import numpy as np
import vllm
from numpy.typing import NDArray

from modcli.backends.base import ModelFacts, Readout, distinct_first_tokens, require_room
from modcli.backends.transformers_tokens import Tokens
from modcli.errors import BackendError
from modcli.prompts.prompt import Prefix, Question

#: Tokens kept free behind the prefix: one window of the longest kind with its questions.
ROOM = 1536
#: How numbers are kept, by the setting `bits`.
_FORMATS = {"auto": "auto", "16": "bfloat16", "32": "float32"}
#: Labels of one question: more than vLLM gives unasked.
_MOST_LABELS = 64


class Vllm:
    """A model in a folder of the hub's format, on all that vLLM finds. Raises BackendError where it cannot be loaded.

    `digest` stands for the weights as they are computed with.
    """

    def __init__(
        self, path: Path, *, name: str, digest: str, bits: str = "auto", context: int = 8192
    ) -> None:
        if bits not in _FORMATS:
            raise BackendError(
                f"weights are not packed into {bits} bits for vLLM",
                hint="Name a model that is packed already (AWQ, GPTQ), or leave out the setting `bits`.",
            )
        context = int(min(context, _known_context(path)))
        try:
            self._engine: Any = vllm.LLM(
                model=str(path),
                dtype=_FORMATS[bits],
                max_model_len=context,
                enable_prefix_caching=True,
                # Of the labels alone, as no other token is allowed.
                logprobs_mode="processed_logprobs",
                max_logprobs=_MOST_LABELS,
                trust_remote_code=False,
            )
            self._tokens = Tokens(self._engine.get_tokenizer(), name)
        except Exception as error:  # whatever a vendor's engine finds wrong with a machine or a model
            raise BackendError(
                f"vLLM cannot load {name}: {_first_line(error)}",
                hint="Is there a GPU with enough free memory, and vLLM 0.10 or later?",
            ) from error
        self.facts = ModelFacts(name=name, digest=digest, layers=0, width=0, context=context)
        self._known_prefixes: set[str] = set()

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `Backend.read`. Raises BackendError for taps."""
        if taps:
            raise BackendError(
                f"{self.facts.name} is run by vLLM, which gives no hidden states",
                hint="Judge by label words (leave out --stage reading), or use --backend transformers.",
            )
        labels = [distinct_first_tokens(self, question) for question in questions]
        self.check(prefix)
        before, after = self._tokens.framed(prefix)
        tails = [self._tokens.plain(question.text) + after for question in questions]
        rows = [
            (before + self._body(text, tail) + tail, _one_of(own))
            for text in texts
            for tail, own in zip(tails, labels, strict=True)
        ]
        # The first behind a new prefix alone: the others find it kept.
        first = 0 if prefix.digest in self._known_prefixes else 1
        answers = [*self._generated(rows[:first]), *self._generated(rows[first:])]
        self._known_prefixes |= {prefix.digest} if rows else set()
        each = [answers[i * len(labels) : (i + 1) * len(labels)] for i in range(len(texts))]
        return [Readout({}, tuple(map(_scores, own, labels)), sum(map(_computed, own))) for own in each]

    def check(self, prefix: Prefix) -> None:
        """See `Backend.check`."""
        require_room(self.facts, len(self._tokens.framed(prefix)[0]), ROOM)

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """See `Backend.first_tokens`."""
        tokens = [self._tokens.plain(label) for label in labels]
        if not all(tokens):
            raise ValueError("a label without a word")
        return [first for first, *_ in tokens]

    def write(self, prefix: Prefix, text: str, *, question: str = "", limit: int = 60) -> str:
        """See `Backend.write`."""
        if limit < 1:
            return ""
        before, after = self._tokens.framed(prefix)
        tail = self._tokens.plain(question) + after
        row = before + self._body(text, tail) + tail
        greedy = vllm.SamplingParams(temperature=0.0, max_tokens=limit)
        (answer,) = self._generated([(row, greedy)])
        return self._tokens.text(answer.outputs[0].token_ids)

    def close(self) -> None:
        """See `Backend.close`."""
        engine, self._engine = self._engine, None
        core = getattr(getattr(engine, "llm_engine", None), "engine_core", None)
        if core is not None:
            with suppress(Exception):  # it goes in any case: with this process
                core.shutdown()

    def _body(self, text: str, tail: Sequence[int]) -> list[int]:
        body = self._tokens.plain(text)
        if len(body) + len(tail) > ROOM:
            raise BackendError(f"a text of {len(body)} tokens does not fit into the {ROOM} for one text")
        return body

    def _generated(self, rows: Sequence[tuple[list[int], Any]]) -> list[Any]:
        """In order. Raises BackendError."""
        if self._engine is None:
            raise BackendError(f"{self.facts.name} was closed")
        if not rows:
            return []
        prompts = [vllm.TokensPrompt(prompt_token_ids=tokens) for tokens, _ in rows]
        try:
            return list(self._engine.generate(prompts, [asked for _, asked in rows], use_tqdm=False))
        except Exception as error:  # an engine that died may say so in any way
            raise BackendError(f"vLLM failed at {self.facts.name}: {_first_line(error)}") from error


def _one_of(labels: list[int]) -> Any:
    """One token, which can be none but the labels, with the log-probability of each."""
    only = {"allowed_token_ids": labels, "logprobs": len(labels), "detokenize": False}
    return vllm.SamplingParams(temperature=0.0, max_tokens=1, **only)


def _scores(answer: Any, labels: Sequence[int]) -> NDArray[np.float64]:
    """Log-probabilities normalised over the labels. Raises BackendError where one is missing, or no number."""
    given = answer.outputs[0].logprobs
    own = given[0] if given else {}
    found = np.array([own[token].logprob if token in own else np.nan for token in labels], np.float64)
    if not np.isfinite(found).all():
        raise BackendError("vLLM answers without the log-probabilities of all labels")
    return np.asarray(found - np.logaddexp.reduce(found), np.float64)


def _computed(answer: Any) -> int:
    """Tokens that were not kept from before, as far as it says so."""
    return len(answer.prompt_token_ids or ()) - (answer.num_cached_tokens or 0)


def _known_context(path: Path) -> float:
    """The longest that the model was made for, as far as its configuration says."""
    with suppress(OSError, ValueError):
        config = json.loads((path / "config.json").read_text("utf-8"))
        known = {**config, **config.get("text_config", {})}.get("max_position_embeddings")
        return known if isinstance(known, int) else math.inf
    return math.inf


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
