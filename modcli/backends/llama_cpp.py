"""llama.cpp through llama-cpp-python's low-level bindings: GGUF models, quantized, on a CPU."""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp

from modcli.backends.base import ModelFacts, Readout, by_question, distinct_first_tokens, require_room
from modcli.backends.llama_session import BATCH, ROOM, SEQUENCES, Row, Session
from modcli.errors import BackendError
from modcli.prompts.prompt import Prefix, Question
from modcli.prompts.template import Frame, Segment, frame

#: Contexts kept open: the reading prompt's, the profile prompt's, and one to spare.
_SESSIONS = 3
#: Prefixes shorter than this are computed faster than a file of theirs is read.
_WORTH_SAVING = 128


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def say_nothing(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:
    """llama.cpp talks a lot; what matters comes back as a status."""


@dataclass(frozen=True, slots=True)
class _Framed:
    """A prefix in the model's tokens: before the item, and after the question."""

    before: list[int]
    after: list[int]


class LlamaCpp:
    """A GGUF model. Raises BackendError where the file cannot be loaded."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        digest: str,
        threads: int = 0,
        context: int = 8192,
        prefix_folder: Path | None = None,
    ) -> None:
        llama_cpp.llama_log_set(say_nothing, ctypes.c_void_p())
        llama_cpp.llama_backend_init()
        self._model: Any = llama_cpp.llama_model_load_from_file(
            os.fsencode(path), llama_cpp.llama_model_default_params()
        )
        if not self._model:
            raise BackendError(
                f"llama.cpp cannot load {path}",
                hint="Is it a complete GGUF file of a kind that this version knows?",
            )
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._threads = threads or os.cpu_count() or 1
        self._prefix_folder = prefix_folder
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._framed: dict[str, _Framed] = {}
        self._template = self._metadata("tokenizer.chat_template")
        self.facts = ModelFacts(
            name=name,
            digest=digest,
            layers=llama_cpp.llama_model_n_layer(self._model),
            width=llama_cpp.llama_model_n_embd(self._model),
            context=min(context, llama_cpp.llama_model_n_ctx_train(self._model)),
        )

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `Backend.read`."""
        session, framed = self._session(prefix)
        bodies = [self._tokens(text) for text in texts]
        tails = [self._tokens(q.text) + framed.after for q in questions] or [framed.after]
        labels = [distinct_first_tokens(self, question) for question in questions]
        parts = [
            # The states are those of the first question's turn.
            self._read_all(session, bodies, tails[part], labels[part], taps if part.start == 0 else ())
            for part in at_once([len(tail) for tail in tails])
        ]
        return [joined(readouts) for readouts in zip(*parts, strict=True)]

    def check(self, prefix: Prefix) -> None:
        """See `Backend.check`."""
        framed = self._framed.get(prefix.digest) or self._frame(prefix)
        require_room(self.facts, len(framed.before), ROOM)

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """See `Backend.first_tokens`."""
        tokens = [self._tokens(label) for label in labels]
        if not all(tokens):
            raise ValueError("a label without a word")
        return [first for first, *_ in tokens]

    def write(self, prefix: Prefix, text: str, *, question: str = "", limit: int = 60) -> str:
        """See `Backend.write`."""
        session, framed = self._session(prefix)
        tokens = self._tokens(text) + self._tokens(question) + framed.after
        start = session.prefix_length
        rows = [Row(t, start + i, 1, i == len(tokens) - 1) for i, t in enumerate(tokens)]
        session.fork(1)
        try:
            return self._text(session.decode_greedily(rows, limit))
        finally:
            session.forget([1])

    def close(self) -> None:
        """See `Backend.close`."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        if self._model:
            llama_cpp.llama_model_free(self._model)
            self._model = None

    def _read_all(
        self,
        session: Session,
        bodies: Sequence[list[int]],
        tails: Sequence[list[int]],
        labels: Sequence[list[int]],
        taps: Sequence[int],
    ) -> list[Readout]:
        """All the texts, as many at once as fit, each with all the tails."""
        readouts: dict[int, Readout] = {}
        for group in _groups([len(body) for body in bodies], [len(tail) for tail in tails]):
            found = self._read_group(session, [bodies[i] for i in group], tails, labels, taps)
            readouts |= zip(group, found, strict=True)
        return [readouts[i] for i in range(len(bodies))]

    def _read_group(
        self,
        session: Session,
        bodies: Sequence[list[int]],
        tails: Sequence[list[int]],
        labels: Sequence[list[int]],
        taps: Sequence[int],
    ) -> list[Readout]:
        """Texts that fit into the free cells together. One tail: one pass. Several: the text once, then each tail."""
        start, forks = session.prefix_length, len(tails)
        sequences = list(range(1, len(bodies) * forks + 1))
        rows: list[Row] = []
        asked: list[Row] = []
        try:
            for i, body in enumerate(bodies):
                own = sequences[i * forks : (i + 1) * forks]
                session.fork(own[0])
                rows += [Row(t, start + j, own[0], output=False) for j, t in enumerate(body)]
                for sequence, tail in zip(own, tails, strict=True):
                    asked += [
                        Row(t, start + len(body) + j, sequence, j == len(tail) - 1)
                        for j, t in enumerate(tail)
                    ]
            if forks > 1:
                session.decode(rows)
                for i, body in enumerate(bodies):
                    for sequence in sequences[i * forks + 1 : (i + 1) * forks]:
                        session.fork(sequence, of=sequences[i * forks], length=start + len(body))
                rows = asked
            else:
                rows = _interleaved(rows, asked)
            tokens = [token for question in labels for token in question]
            states, logits = session.decode(rows, taps=taps, stop=not labels, tokens=tokens)
        finally:
            session.forget(sequences)
        spent = [len(body) + sum(map(len, tails)) for body in bodies]
        return [
            Readout(
                states={tap: states[tap][i * forks] for tap in taps},
                log_probabilities=by_question(logits[i * forks : (i + 1) * forks], labels),
                tokens=spent[i],
            )
            for i in range(len(bodies))
        ]

    def _session(self, prefix: Prefix) -> tuple[Session, _Framed]:
        framed = self._framed.get(prefix.digest) or self._frame(prefix)
        if prefix.digest in self._sessions:
            self._sessions.move_to_end(prefix.digest)
            return self._sessions[prefix.digest], framed
        self.check(prefix)
        while len(self._sessions) >= _SESSIONS:
            self._sessions.popitem(last=False)[1].close()
        session = Session(
            self._model, framed.before, threads=self._threads, state_file=self._state_file(framed.before)
        )
        self._sessions[prefix.digest] = session
        return session, framed

    def _state_file(self, tokens: Sequence[int]) -> Path | None:
        if self._prefix_folder is None or len(tokens) < _WORTH_SAVING:
            return None
        parts = f"{self.facts.digest}\0{llama_cpp.__version__}\0{list(tokens)}"
        return self._prefix_folder / f"{hashlib.sha256(parts.encode()).hexdigest()}.kv"

    def _frame(self, prefix: Prefix) -> _Framed:
        if not self._template and prefix.framed is None:
            raise BackendError(
                f"{self.facts.name} has no chat template", hint="Use an instruction-tuned (chat) model."
            )
        first = llama_cpp.llama_vocab_bos(self._vocabulary)
        special = {
            "bos_token": self._text([first], special=True),
            "eos_token": self._text([llama_cpp.llama_vocab_eos(self._vocabulary)], special=True),
        }
        try:
            applied: Frame = frame(self._template, prefix, special)
        except ValueError as error:
            raise BackendError(f"{self.facts.name}: {error}") from error
        before = self._segments(applied.before)
        if llama_cpp.llama_vocab_get_add_bos(self._vocabulary) and before[:1] != [first]:
            before.insert(0, first)  # what the template leaves out is left to the tokenizer
        framed = _Framed(before, self._segments(applied.after))
        self._framed[prefix.digest] = framed
        return framed

    def _segments(self, segments: Sequence[Segment]) -> list[int]:
        return [t for segment in segments for t in self._tokens(segment.text, special=segment.marker)]

    def _tokens(self, text: str, *, special: bool = False) -> list[int]:
        """Tokens of a text. Only the template's own words may spell special tokens."""
        raw = text.encode("utf-8", "replace")
        buffer = (llama_cpp.llama_token * (len(raw) + 8))()
        count = llama_cpp.llama_tokenize(self._vocabulary, raw, len(raw), buffer, len(buffer), False, special)
        if count < 0:
            raise BackendError(f"llama.cpp cannot tokenize a text of {len(raw)} bytes")
        return list(buffer[:count])

    def _text(self, tokens: Sequence[int], *, special: bool = False) -> str:
        pieces = b""
        buffer = ctypes.create_string_buffer(256)
        for token in tokens:
            if token >= 0:
                size = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, 256, 0, special)
                pieces += buffer.raw[: max(size, 0)]
        return pieces.decode("utf-8", "replace")

    def _metadata(self, key: str) -> str:
        size = llama_cpp.llama_model_meta_val_str(
            self._model, key.encode(), ctypes.create_string_buffer(1), 1
        )
        if size < 0:
            return ""
        buffer = ctypes.create_string_buffer(size + 1)
        llama_cpp.llama_model_meta_val_str(self._model, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace")


def at_once(tails: Sequence[int]) -> Iterator[slice]:
    """The questions, of which each tail's length is given, in parts that fit beside a text."""
    start = total = 0
    for i, length in enumerate(tails):
        if i > start and (total + length > BATCH or i - start == SEQUENCES):
            yield slice(start, i)
            start, total = i, 0
        total += length
    yield slice(start, len(tails))


def joined(parts: Sequence[Readout]) -> Readout:
    """One text's answers to the questions that were put in parts."""
    return Readout(
        states=parts[0].states,
        log_probabilities=tuple(answer for part in parts for answer in part.log_probabilities),
        tokens=sum(part.tokens for part in parts),
    )


def _interleaved(rows: Sequence[Row], asked: Sequence[Row]) -> list[Row]:
    """Each text's rows, then its tail's, text after text."""
    return sorted([*rows, *asked], key=lambda row: (row.sequence, row.position))


def _groups(bodies: Sequence[int], tails: Sequence[int]) -> Iterator[list[int]]:
    """Indices of texts to read together, texts of like length side by side.

    `bodies` and `tails` are lengths in tokens. A group fits into the batch, or is a single text that fits into the
    free cells; raises BackendError for one that does not.
    """
    group: list[int] = []
    total = 0
    for i in sorted(range(len(bodies)), key=lambda i: bodies[i]):
        cost = bodies[i] + sum(tails)
        if cost > ROOM:
            raise BackendError(
                f"a text of {bodies[i]} tokens does not fit into the {ROOM} cells for one text"
            )
        if group and (total + cost > BATCH or (len(group) + 1) * len(tails) > SEQUENCES):
            yield group
            group, total = [], 0
        group.append(i)
        total += cost
    if group:
        yield group
