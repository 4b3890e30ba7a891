"""A server that speaks OpenAI's chat API: vLLM, SGLang, llama-server, Ollama. Label words only, no hidden states."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import ModelFacts, Readout, distinct_first_tokens
from modcli.backends.endpoint_http import Refused, Server
from modcli.errors import BackendError, PrefixTooLong
from modcli.prompts.prompt import Prefix, Question, Role

#: The most that the API gives.
_TOP = 20
#: Tokens kept free behind the prefix, and characters taken for a token: the server's tokenizer is not known.
_ROOM, _CHARACTERS = 1536, 4
#: What of a row of /models tells one model from another.
_TELLING = ("id", "root", "parent", "owned_by", "max_model_len", "meta")
#: Servers put the contents into a template and look for special tokens in the whole. What may spell one is taken apart.
_MARKERS = re.compile(
    r"<(?=[|｜])|(?<=[|｜])(?=>)"
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|think|tool_call|tool_response|(?:start|end)_of_\w+)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG|THINK)\])",
    re.IGNORECASE,
)


class Endpoint:
    """A model behind a server. `model` is its name there, or `auto` where it serves one.

    The key is sent as it is given; who makes this takes it from the environment. Raises BackendError where the server
    cannot be reached, or does not have the model.
    """

    def __init__(self, server: Server, *, model: str = "auto", context: int = 8192, at_once: int = 8) -> None:
        self._server = server
        try:
            row = self._row(model)
        except BaseException:
            server.close()
            raise
        self._model = str(row["id"])
        telling = json.dumps({name: row.get(name) for name in _TELLING}, sort_keys=True)
        known = row.get("max_model_len")
        self.facts = ModelFacts(
            name=self._model,
            digest=hashlib.sha256(f"openai\0{server.url}\0{telling}".encode()).hexdigest(),
            layers=0,
            width=0,
            context=min(context, known) if isinstance(known, int) and known > 0 else context,
        )
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="endpoint")
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
                f"{self.facts.name} is behind a server, which gives no hidden states",
                hint="Judge by label words (leave out --stage reading), or use another backend.",
            )
        for question in questions:
            distinct_first_tokens(self, question)
        self.check(prefix)
        if prefix.framed is not None or prefix.answer:
            raise BackendError(
                f"{self.facts.name} is a guard with a prompt form of its own, which a chat API cannot be given",
                hint="Run it with --backend transformers or llama-cpp.",
            )
        messages = self._messages(prefix)
        jobs = [(text, question) for text in texts for question in questions]
        answers = self._all(prefix, [self._asking(messages, prefix, *job) for job in jobs])
        each = [answers[i : i + len(questions)] for i in range(0, len(jobs), len(questions) or 1)]
        return [
            Readout({}, tuple(found for found, _ in own), sum(tokens for _, tokens in own))
            for own in (each or [[] for _ in texts])
        ]

    def check(self, prefix: Prefix) -> None:
        """See `Backend.check`; by the number of characters, as the tokens are not known."""
        length = sum(len(message.content) for message in prefix.messages) + len(prefix.opening)
        tokens, room = length // _CHARACTERS, self.facts.context - _ROOM
        if tokens > room:
            raise PrefixTooLong(
                f"the profile prompt has about {tokens} tokens, {tokens - room} more than {self.facts.name} has"
                f" room for ({max(room, 0)})",
                hint="Shorten definitions, remove examples, or raise the `context` setting.",
            )

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """See `Backend.first_tokens`: the tokens are the server's, so the first word stands for them."""
        words = [label.split(maxsplit=1) for label in labels]
        if not all(words):
            raise ValueError("a label without a word")
        return [int.from_bytes(hashlib.sha256(word[0].encode()).digest()[:6], "big") for word in words]

    def write(self, prefix: Prefix, text: str, *, question: str = "", limit: int = 60) -> str:
        """See `Backend.write`."""
        if limit < 1:
            return ""
        messages = [*self._messages(prefix), self._last(prefix, text, question)]
        choice = self._choice({"messages": messages, "max_tokens": limit})[0]
        message = choice.get("message")
        written = message.get("content") if isinstance(message, dict) else None
        return written if isinstance(written, str) else ""

    def close(self) -> None:
        """See `Backend.close`."""
        self._pool.shutdown(cancel_futures=True)
        self._server.close()

    def _row(self, wanted: str) -> Mapping[str, Any]:
        """What the server says of the model."""
        answer = self._server.get("/models")
        rows = answer.get("data") if isinstance(answer, dict) else None
        rows = [row for row in rows or () if isinstance(row, dict) and isinstance(row.get("id"), str)]
        names = sorted(row["id"] for row in rows)
        found: list[dict[str, Any]] = [row for row in rows if row["id"] == wanted] or (
            rows if wanted == "auto" else []
        )
        if len(found) == 1:
            return found[0]
        shown = ", ".join(names[:10]) or "none"
        if wanted == "auto":
            raise BackendError(
                f"{self._server.url} serves {len(rows)} models ({shown})", hint="Choose one with --model."
            )
        raise BackendError(f"{self._server.url} has no model {wanted}", hint=f"It has: {shown}")

    def _messages(self, prefix: Prefix) -> list[dict[str, str]]:
        """The same for every item, and first: a server that keeps prefixes computes them once."""
        return [{"role": m.role.value, "content": defused(m.content)} for m in prefix.messages]

    def _last(self, prefix: Prefix, text: str, question: str) -> dict[str, str]:
        content = defused(prefix.opening + text.encode("utf-8", "replace").decode() + question)
        return {"role": Role.USER.value, "content": content}

    def _asking(
        self, messages: list[dict[str, str]], prefix: Prefix, text: str, question: Question
    ) -> Callable[[], tuple[NDArray[np.float64], int]]:
        def ask() -> tuple[NDArray[np.float64], int]:
            last = self._last(prefix, text, question.text)
            choice, tokens = self._choice(
                {"messages": [*messages, last], "max_tokens": 1, "logprobs": True, "top_logprobs": _TOP}
            )
            return self._read(choice, question.labels), tokens

        return ask

    def _all(
        self, prefix: Prefix, asking: Sequence[Callable[[], tuple[NDArray[np.float64], int]]]
    ) -> list[tuple[NDArray[np.float64], int]]:
        """All the answers, in order. The first behind a new prefix is asked alone: the others find it computed."""
        found = []
        rest = list(asking)
        if rest and prefix.digest not in self._known_prefixes:
            found.append(rest.pop(0)())
            self._known_prefixes.add(prefix.digest)
        futures = [self._pool.submit(ask) for ask in rest]
        try:
            return [*found, *(future.result() for future in futures)]
        finally:
            for future in futures:
                future.cancel()

    def _choice(self, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """What the model answers, and how many tokens were computed for it. Raises BackendError."""
        try:
            answer = self._server.post("/chat/completions", {"model": self._model, "temperature": 0, **body})
        except Refused as error:
            if re.search(r"context|too long|maximum.*(length|tokens)", error.said, re.IGNORECASE):
                raise BackendError(
                    f"{self.facts.name} has no room for the profile prompt and a text: {error.said}",
                    hint="Shorten definitions, remove examples, or start the server with a longer context.",
                ) from error
            raise
        choices = answer.get("choices") if isinstance(answer, dict) else None
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            raise BackendError(f"{self._server.url} answers, but not as OpenAI's chat API does")
        theirs = answer.get("model")
        if isinstance(theirs, str) and theirs and not _is_same(theirs, self._model):
            raise BackendError(
                f"{self._server.url} answers as {theirs}, and {self._model} was asked",
                hint="Name the model that is to judge with --model, as the server calls it.",
            )
        return choices[0], _computed(answer.get("usage"))

    def _read(self, choice: Mapping[str, Any], labels: Sequence[str]) -> NDArray[np.float64]:
        """Log-probabilities of the labels, normalised over them. Raises BackendError."""
        top = _top(choice)
        if not top:
            raise BackendError(
                f"{self._server.url} answers without log-probabilities",
                hint="Start it so that it gives them: llama-cpp-python's server with --logits_all true, Ollama from "
                "version 0.12.11 on; vLLM, SGLang and llama-server do.",
            )
        found = np.full(len(labels), -np.inf)
        for token, score in top:
            mine = [i for i, label in enumerate(labels) if token and label.startswith(token)]
            if len(mine) == 1:
                found[mine[0]] = np.logaddexp(found[mine[0]], score)
        if np.isneginf(found).all():
            likeliest = max(top, key=lambda pair: pair[1])[0]
            raise BackendError(
                f"{self.facts.name} answers with none of {', '.join(labels)} (but {likeliest[:40]!r})",
                hint="A model that thinks before it answers has to be served with thinking turned off.",
            )
        # Of a label that is not among them it is known that it is no likelier than the least, and than the rest.
        rest = max(1.0 - sum(math.exp(score) for _, score in top), 1e-9)
        found[np.isneginf(found)] = min(min(score for _, score in top), math.log(rest))
        return np.asarray(found - np.logaddexp.reduce(found), np.float64)


def defused(text: str) -> str:
    """A text in which nothing looks like a special token: a space stands in each that might be one."""
    return _MARKERS.sub(lambda found: f"{found[0]} ", text)


def _is_same(theirs: str, ours: str) -> bool:
    """Whether a model's name is ours: some servers add a version or a tag, or leave out a path."""
    bare, own = (name.rsplit("/", 1)[-1].lower() for name in (theirs, ours))
    return (
        bare == own or re.split(r"[:@]", bare)[0] == re.split(r"[:@]", own)[0] or bare.startswith(f"{own}-20")
    )


def _top(choice: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Tokens, without spaces around them, and their log-probabilities; those that are none are left out."""
    given: Any = choice.get("logprobs")
    content = given.get("content") if isinstance(given, dict) else None
    first = content[0] if isinstance(content, list) and content else None
    rows = first.get("top_logprobs") if isinstance(first, dict) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("token"), str):
            score = row.get("logprob")
            if isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score):
                found.append((row["token"].strip(), min(float(score), 0.0)))
    return found


def _computed(usage: Any) -> int:
    """Tokens of the prompt that the server had not kept, as far as it says so."""
    if not isinstance(usage, dict):
        return 0
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    counts = [value if isinstance(value, int) else 0 for value in (usage.get("prompt_tokens"), cached)]
    return max(counts[0] - counts[1], 0)
