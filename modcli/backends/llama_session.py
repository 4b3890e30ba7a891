"""One llama.cpp context that holds one prefix: its KV state is computed once and forked for every text."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from modcli.backends.seal import is_whole, seal
from modcli.backends.taps import Taps
from modcli.errors import BackendError

#: Tokens computed in one go: larger batches are hardly faster on a CPU, pay more for attention to each other's (masked)
#: cells behind a long prefix, and answer a stream later.
BATCH = 256
#: KV cells kept free behind the prefix: one batch, or one window of the longest kind with its questions.
ROOM = 1536
#: Sequences that may live beside the prefix at once.
SEQUENCES = 63
#: The length of a prefix, in tokens, from which the plain attention kernels are used: see docs/benchmarks.md.
PLAIN_FROM = 512
_PREFIX_SEQUENCE = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One token to decode. `output` marks those whose logits or states are read."""

    token: int
    position: int
    sequence: int
    output: bool


class Session:
    """A context around one prefix, with so much `room` behind it; `batch` tokens, BATCH at least, may be computed in one
    go. Raises BackendError where llama.cpp refuses."""

    def __init__(
        self,
        model: Any,
        prefix: Sequence[int],
        *,
        threads: int,
        state_file: Path | None,
        room: int = ROOM,
        batch: int = BATCH,
    ) -> None:
        self._model = model
        self._taps = Taps(
            Path(llama_cpp.__file__).parent / "lib",
            llama_cpp.llama_model_n_embd(model),
            llama_cpp.llama_model_n_layer(model) - 1,
        )
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = -(-(len(prefix) + room) // 256) * 256
        parameters.n_batch = parameters.n_ubatch = batch
        parameters.n_seq_max = SEQUENCES + 1
        parameters.n_outputs_max = SEQUENCES + 1
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.kv_unified = True
        # On a CPU flash attention is faster behind a short prefix, and the plain kernels behind a long one.
        parameters.flash_attn_type = (
            llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
            if len(prefix) < PLAIN_FROM
            else llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        parameters.cb_eval = ctypes.cast(self._taps.callback, type(parameters.cb_eval))
        self._context = llama_cpp.llama_init_from_model(model, parameters)
        if not self._context:
            raise BackendError("llama.cpp cannot make a context", hint="Is there enough free memory?")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self._vocabulary = llama_cpp.llama_model_get_vocab(model)
        self.prefix_length = len(prefix)
        try:
            if not (state_file and self._load(state_file, prefix)):
                self.decode([Row(t, i, _PREFIX_SEQUENCE, i == len(prefix) - 1) for i, t in enumerate(prefix)])
                if state_file:
                    self._save(state_file, prefix)
        except BaseException:
            self.close()
            raise

    def fork(self, sequence: int, *, of: int = _PREFIX_SEQUENCE, length: int | None = None) -> None:
        """Let `sequence` begin as a copy of another; the cells are shared, nothing is computed."""
        end = self.prefix_length if length is None else length
        llama_cpp.llama_memory_seq_cp(self._memory, of, sequence, 0, end)

    def forget(self, sequences: Sequence[int]) -> None:
        """Drop what these sequences hold."""
        for sequence in sequences:
            llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def decode(
        self, rows: Sequence[Row], *, taps: Sequence[int] = (), stop: bool = False, tokens: Sequence[int] = ()
    ) -> tuple[dict[int, NDArray[np.float32]], NDArray[np.float32]]:
        """Run the rows through the model.

        Returns, for the output rows in order, the states at the taps, each of shape (outputs, width), and the logits
        of the given tokens, shape (outputs, tokens). With `stop` nothing above the deepest tap is computed.
        """
        states: dict[int, list[NDArray[np.float32]]] = {tap: [] for tap in taps}
        logits: list[NDArray[np.float32]] = []
        for start in range(0, len(rows), BATCH):
            chunk = rows[start : start + BATCH]
            outputs = [i for i, row in enumerate(chunk) if row.output]
            self._fill(chunk)
            self._taps.prepare(taps, outputs, stop=stop)
            status = llama_cpp.llama_decode(self._context, self._batch)
            self._taps.raise_failure()
            if status != 0:
                raise BackendError(f"llama.cpp could not compute a batch (status {status})")
            for tap in taps:
                if outputs:
                    states[tap].append(_finite(self._taps.taken(tap)))
            if tokens:
                logits += [_finite(self._logits(i)[list(tokens)]) for i in outputs]
        width = llama_cpp.llama_model_n_embd(self._model)
        empty = np.empty((0, width), np.float32)
        gathered = {tap: np.concatenate(parts) if parts else empty for tap, parts in states.items()}
        return gathered, np.stack(logits) if logits else np.empty((0, len(tokens)), np.float32)

    def decode_greedily(self, rows: Sequence[Row], limit: int) -> list[int]:
        """Decode the rows, then up to `limit` tokens, the most probable one each time, until the model ends its turn."""
        self.decode(rows)
        written: list[int] = []
        position, sequence = rows[-1].position, rows[-1].sequence
        row_of_output = (len(rows) - 1) % BATCH
        while len(written) < limit:
            token = int(np.argmax(self._logits(row_of_output)))
            if llama_cpp.llama_vocab_is_eog(self._vocabulary, token):
                break
            written.append(token)
            position += 1
            self.decode([Row(token, position, sequence, output=True)])
            row_of_output = 0
        return written

    def let(self, compute: Callable[[Any], int]) -> None:
        """Let something else compute in the context. It returns a status; any but 0 is a BackendError."""
        self._taps.prepare((), (), stop=False)
        status = compute(self._context)
        self._taps.raise_failure()
        if status != 0:
            raise BackendError(f"llama.cpp could not compute a picture (status {status})")

    def close(self) -> None:
        """Free the context."""
        if self._context:
            llama_cpp.llama_batch_free(self._batch)
            llama_cpp.llama_free(self._context)
            self._context = None

    def _fill(self, rows: Sequence[Row]) -> None:
        batch = self._batch
        batch.n_tokens = len(rows)
        for i, row in enumerate(rows):
            batch.token[i] = row.token
            batch.pos[i] = row.position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = row.sequence
            batch.logits[i] = row.output

    def _logits(self, row: int) -> NDArray[np.float32]:
        """All logits of one row, shape (vocabulary,); a view that the next decode overwrites."""
        size = llama_cpp.llama_vocab_n_tokens(self._vocabulary)
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self._context, row), shape=(size,))

    def _load(self, file: Path, prefix: Sequence[int]) -> bool:
        """Whether the prefix's KV state could be taken from the file. What is not whole never gets to llama.cpp."""
        try:
            if not is_whole(file):
                return False
        except OSError:
            return False
        tokens = (llama_cpp.llama_token * len(prefix))()
        count = ctypes.c_size_t()
        read = llama_cpp.llama_state_seq_load_file(
            self._context, os.fsencode(file), _PREFIX_SEQUENCE, tokens, len(prefix), ctypes.byref(count)
        )
        if read and list(tokens[: count.value]) == list(prefix):
            with suppress(OSError):  # a folder that is only read keeps no time of use
                file.touch()
            return True
        self.forget([_PREFIX_SEQUENCE])
        return False

    def _save(self, file: Path, prefix: Sequence[int]) -> None:
        """Keep the prefix's KV state. A disk that is full or read-only costs the next start some time, and no more."""
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            tokens = (llama_cpp.llama_token * len(prefix))(*prefix)
            written = llama_cpp.llama_state_seq_save_file(
                self._context, os.fsencode(partial), _PREFIX_SEQUENCE, tokens, len(prefix)
            )
            if written and partial.stat().st_size >= written:
                seal(partial)
                partial.replace(file)
        except OSError:
            pass
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The values; BackendError where they are none: of a comparison with NaN nobody should learn that all is well."""
    if not np.isfinite(values).all():
        raise BackendError(
            "the model computed no numbers", hint="Is the model file damaged? `modcli models verify`"
        )
    return values
