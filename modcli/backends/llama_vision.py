"""Models that see, through llama.cpp: a GGUF file, and the one of the part that sees (mmproj), by mtmd's bindings."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp
import llama_cpp.mtmd_cpp as mtmd
import numpy as np
from numpy.typing import NDArray

from modcli.backends.base import Readout, by_question, distinct_first_tokens
from modcli.backends.llama_cpp import LlamaCpp, at_once, joined, say_nothing
from modcli.backends.llama_session import BATCH, ROOM, Row, Session
from modcli.backends.vision import LONGEST, SHORTEST, Shown, averaged, bounded
from modcli.errors import BackendError
from modcli.prompts.prompt import Prefix, Question

#: Cells for a picture, beside those for a text.
PICTURE = 3072
#: What is computed in one go where all of a picture has to see all of it.
_AT_ONCE = 1024
#: Contexts kept open: the profile prompt's, and the three of a debate.
_SESSIONS = 4
_SEQUENCE = 1


@dataclass(frozen=True, slots=True)
class _Behind:
    """Where a picture and the text behind it end: the place of the next token, and the cells that they take."""

    place: int
    cells: int


class LlamaVision(LlamaCpp):
    """A GGUF model that sees. Pictures are looked at one by one; the prefix and the picture are computed once for all
    questions. Raises BackendError where one of the two files cannot be loaded, or they are not of one model."""

    def __init__(
        self,
        path: Path,
        *,
        mmproj: Path,
        name: str,
        digest: str,
        threads: int = 0,
        context: int = 8192,
    ) -> None:
        self._eye: Any = None
        self._pictured: dict[str, Session] = {}
        super().__init__(path, name=name, digest=digest, threads=threads, context=context)
        mtmd.mtmd_log_set(say_nothing, ctypes.c_void_p())
        mtmd.mtmd_helper_log_set(say_nothing, ctypes.c_void_p())
        parameters = mtmd.mtmd_context_params_default()
        parameters.n_threads = self._threads
        parameters.print_timings = parameters.warmup = False
        self._eye = mtmd.mtmd_init_from_file(os.fsencode(mmproj), self._model, parameters)
        if not self._eye or not mtmd.mtmd_support_vision(self._eye):
            self.close()
            raise BackendError(
                f"llama.cpp cannot see by {mmproj}",
                hint=f"Is it a complete mmproj file of the same model as {path.name}?",
            )
        # Some models have all parts of a picture see each other, which takes one batch.
        self._batch = _AT_ONCE if mtmd.mtmd_decode_use_non_causal(self._eye, None) else BATCH

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str | Shown],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        """See `VisionBackend.read`."""
        alone = [text for text in texts if isinstance(text, str)]
        read = iter(super().read(prefix, alone, taps=taps, questions=questions) if alone else [])
        return [
            next(read) if isinstance(text, str) else self._looked(prefix, text, taps, questions)
            for text in texts
        ]

    def write(self, prefix: Prefix, text: str | Shown, *, question: str = "", limit: int = 60) -> str:
        """See `VisionBackend.write`."""
        if isinstance(text, str):
            return super().write(prefix, text, question=question, limit=limit)
        session, after = self._seeing(prefix)
        tail = self._tokens(question) + after
        with self._seen(session, text, len(tail) + limit) as behind:
            rows = [Row(t, behind.place + i, _SEQUENCE, i == len(tail) - 1) for i, t in enumerate(tail)]
            return self._text(session.decode_greedily(rows, limit))

    def close(self) -> None:
        """See `Backend.close`."""
        for session in self._pictured.values():
            session.close()
        self._pictured.clear()
        if self._eye:
            mtmd.mtmd_free(self._eye)
            self._eye = None
        super().close()

    def _looked(
        self, prefix: Prefix, shown: Shown, taps: Sequence[int], questions: Sequence[Question]
    ) -> Readout:
        labels = [distinct_first_tokens(self, question) for question in questions]
        session, after = self._seeing(prefix)
        tails = [self._tokens(question.text) + after for question in questions] or [after]
        parts = list(at_once([len(tail) for tail in tails]))
        room = max(sum(map(len, tails[part])) for part in parts)
        with self._seen(session, shown, room) as behind:
            # The states are those of the first question's turn.
            readouts = [
                self._asked(session, behind, tails[part], labels[part], taps if part.start == 0 else ())
                for part in parts
            ]
        found = joined(readouts)
        return Readout(found.states, found.log_probabilities, behind.cells + sum(map(len, tails)))

    def _asked(
        self,
        session: Session,
        behind: _Behind,
        tails: Sequence[list[int]],
        labels: Sequence[list[int]],
        taps: Sequence[int],
    ) -> Readout:
        """Each tail behind what was seen, in a sequence of its own."""
        sequences = list(range(_SEQUENCE + 1, _SEQUENCE + 1 + len(tails)))
        tokens = [token for question in labels for token in question]
        try:
            rows: list[Row] = []
            for sequence, tail in zip(sequences, tails, strict=True):
                session.fork(sequence, of=_SEQUENCE, length=behind.place)
                rows += [Row(t, behind.place + i, sequence, i == len(tail) - 1) for i, t in enumerate(tail)]
            states, logits = session.decode(rows, taps=taps, stop=not labels, tokens=tokens)
        finally:
            session.forget(sequences)
        return Readout({tap: states[tap][0] for tap in taps}, by_question(logits, labels), 0)

    def _seeing(self, prefix: Prefix) -> tuple[Session, list[int]]:
        """A session behind the prefix with room for a picture, and what stands behind the question."""
        framed = self._framed.get(prefix.digest) or self._frame(prefix)
        if prefix.digest not in self._pictured:
            self.check(prefix)
            while len(self._pictured) >= _SESSIONS:
                self._pictured.pop(next(iter(self._pictured))).close()
            self._pictured[prefix.digest] = Session(
                self._model,
                framed.before,
                threads=self._threads,
                state_file=None,
                room=self._room(len(framed.before)),
                batch=self._batch,
            )
        return self._pictured[prefix.digest], framed.after

    def _room(self, prefix: int) -> int:
        """Cells behind a prefix of so many."""
        return min(PICTURE + ROOM, self.facts.context - prefix)

    @contextmanager
    def _seen(self, session: Session, shown: Shown, tail: int) -> Iterator[_Behind]:
        """The picture, and the text behind it, in a sequence of its own, with room for so many tokens more."""
        body = self._tokens(shown.text)
        room = self._room(session.prefix_length) - len(body) - tail
        with self._chunks(shown.pixels, room) as chunks:
            ended = llama_cpp.llama_pos(session.prefix_length)
            session.fork(_SEQUENCE)
            try:
                session.let(
                    lambda context: mtmd.mtmd_helper_eval_chunks(
                        self._eye,
                        context,
                        chunks,
                        llama_cpp.llama_pos(session.prefix_length),
                        _SEQUENCE,
                        self._batch,
                        False,
                        ctypes.byref(ended),
                    )
                )
                if body:
                    session.decode(
                        [Row(t, ended.value + i, _SEQUENCE, output=False) for i, t in enumerate(body)]
                    )
                cells = mtmd.mtmd_helper_get_n_tokens(chunks) + len(body)
                yield _Behind(ended.value + len(body), cells)
            finally:
                session.forget([_SEQUENCE])

    @contextmanager
    def _chunks(self, pixels: NDArray[np.uint8], room: int) -> Iterator[Any]:
        """A picture as mtmd cuts it, made smaller until it takes no more than so many tokens."""
        pixels = bounded(pixels, LONGEST)
        while True:
            with self._cut(pixels) as chunks:
                taken = mtmd.mtmd_helper_get_n_tokens(chunks)
                if taken <= room:
                    yield chunks
                    return
            if max(pixels.shape[:2]) <= 2 * SHORTEST:
                raise BackendError(
                    f"a picture takes {taken} tokens, and {self.facts.name} has room for {max(room, 0)} beside the"
                    " profile prompt and the text",
                    hint="Shorten definitions, or raise the `context` setting.",
                )
            pixels = bounded(averaged(pixels, 2), LONGEST)

    @contextmanager
    def _cut(self, pixels: NDArray[np.uint8]) -> Iterator[Any]:
        """The picture in chunks, which are freed afterwards. No word of a text is among them."""
        height, width = pixels.shape[:2]
        data = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        bitmap = mtmd.mtmd_bitmap_init(width, height, data)
        chunks = mtmd.mtmd_input_chunks_init()
        try:
            marker = mtmd.mtmd_default_marker()
            text = mtmd.mtmd_input_text(marker, len(marker), False, True)
            bitmaps = (mtmd.mtmd_bitmap_p_ctypes * 1)(bitmap)
            status = mtmd.mtmd_tokenize(self._eye, chunks, ctypes.byref(text), bitmaps, 1)
            if status != 0:
                raise BackendError(f"{self.facts.name} cannot take a picture (status {status})")
            self._check_words(chunks)
            yield chunks
        finally:
            mtmd.mtmd_input_chunks_free(chunks)
            mtmd.mtmd_bitmap_free(bitmap)

    def _check_words(self, chunks: Any) -> None:
        """Raise BackendError where the words around a picture are none of the model's: llama.cpp would end all."""
        size = llama_cpp.llama_vocab_n_tokens(self._vocabulary)
        for i in range(mtmd.mtmd_input_chunks_size(chunks)):
            chunk = mtmd.mtmd_input_chunks_get(chunks, i)
            if mtmd.mtmd_input_chunk_get_type(chunk) != mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                continue
            count = ctypes.c_size_t()
            tokens = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
            if not all(0 <= tokens[k] < size for k in range(count.value)):
                raise BackendError(
                    f"{self.facts.name} does not have the words that its mmproj file puts around a picture",
                    hint="Are the two files of the same model?",
                )
