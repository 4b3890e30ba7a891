"""Models of transformers, on a GPU or, slower, on a CPU: from the hub's format or from GGUF files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from modcli.backends.base import ModelFacts, Readout, by_question, distinct_first_tokens, require_room
from modcli.backends.transformers_ahead import in_parts
from modcli.backends.transformers_batches import Budget, Cost
from modcli.backends.transformers_loading import Loaded, free_bytes, is_out_of_memory, load
from modcli.backends.transformers_session import Session
from modcli.backends.transformers_tokens import Tokens
from modcli.errors import BackendError
from modcli.prompts.prompt import Prefix, Question

Done = TypeVar("Done")

#: Prefixes kept on the device: the reading prompt's, the profile prompt's, and one to spare.
_SESSIONS = 3
#: Tokens kept free behind the prefix: one window of the longest kind with its questions.
ROOM = 1536
#: Padded tokens above which a batch makes a device no faster: a CPU is busy with few.
_MOST_TOKENS = {"cpu": 512}
_MOST_TOKENS_OF_GPU = 16384


class Transformers:
    """A causal language model, on the device and in the format that `transformers_loading.load` chooses.

    `digest` stands for the weights as they are computed with. Raises BackendError where the model cannot be loaded.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        digest: str,
        device: str = "auto",
        bits: str = "auto",
        threads: int = 0,
        context: int = 8192,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._take(load(path, device=device, bits=bits), name, digest, context)

    @classmethod
    def of(cls, loaded: Loaded, *, name: str, digest: str, context: int = 8192) -> Transformers:
        """On a model that is loaded already."""
        backend = cls.__new__(cls)
        backend._take(loaded, name, digest, context)
        return backend

    def _take(self, loaded: Loaded, name: str, digest: str, context: int) -> None:
        config = loaded.config
        self._loaded: Loaded | None = loaded
        self._tokens = Tokens(loaded.tokenizer, name)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._framed: dict[str, tuple[list[int], list[int]]] = {}
        self.device = str(loaded.device)
        self.dtype = str(loaded.dtype).removeprefix("torch.")
        self.budget = Budget(
            _cost(config, loaded.dtype),
            most_bytes=free_bytes(loaded.device),
            most_tokens=_MOST_TOKENS.get(loaded.device.type, _MOST_TOKENS_OF_GPU),
        )
        known = getattr(config, "max_position_embeddings", None) or context
        self.facts = ModelFacts(
            name=name,
            digest=digest,
            layers=config.num_hidden_layers,
            width=config.hidden_size,
            context=min(context, known),
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
        labels = [distinct_first_tokens(self, question) for question in questions]
        session, after = self._session(prefix)
        tails = [self._tokens.plain(question.text) + after for question in questions] or [after]
        readouts: dict[int, Readout] = {}
        with closing(in_parts(self._tokens.plain, texts)) as parts:
            for indices, bodies in parts:
                found = self._read_part(session, bodies, tails, labels, taps)
                readouts |= zip(indices, found, strict=True)
        return [readouts[i] for i in range(len(texts))]

    def check(self, prefix: Prefix) -> None:
        """See `Backend.check`."""
        require_room(self.facts, len(self._frame(prefix)[0]), ROOM)

    def first_tokens(self, labels: Sequence[str]) -> list[int]:
        """See `Backend.first_tokens`."""
        tokens = [self._tokens.plain(label) for label in labels]
        if not all(tokens):
            raise ValueError("a label without a word")
        return [first for first, *_ in tokens]

    def write(self, prefix: Prefix, text: str, *, question: str = "", limit: int = 60) -> str:
        """See `Backend.write`."""
        session, after = self._session(prefix)
        row = self._tokens.plain(text) + self._tokens.plain(question) + after
        ends = self._tokens.ends(getattr(self._model.model, "generation_config", None))
        written = self._tried(lambda: session.write(row, limit, ends))
        if written is None:
            raise self._out_of_memory(len(row))
        return self._tokens.text(written)

    def close(self) -> None:
        """See `Backend.close`."""
        self._sessions.clear()
        self._loaded = None
        _give_back(self.device)

    def _read_part(
        self,
        session: Session,
        bodies: Sequence[list[int]],
        tails: Sequence[list[int]],
        labels: Sequence[list[int]],
        taps: Sequence[int],
    ) -> list[Readout]:
        """In batches of like length, as large as the memory allows."""
        longest = sum(map(len, tails))
        for body in bodies:
            if len(body) + longest > ROOM:
                raise BackendError(f"a text of {len(body)} tokens does not fit into the {ROOM} for one text")
        readouts: dict[int, Readout] = {}
        order = sorted(range(len(bodies)), key=lambda i: len(bodies[i]))
        lengths = [len(bodies[i]) + longest for i in order]
        start = 0
        while start < len(order):
            count = self.budget.group(lengths[start:], session.prefix_length)
            group = order[start : start + count]
            own = [bodies[i] for i in group]
            found = self._tried(lambda own=own: _read_group(session, own, tails, labels, taps))  # type: ignore[misc]
            if found is None:
                self._shrink(count, lengths[start + count - 1], session.prefix_length)
                continue
            self.budget.went_well()
            readouts |= zip(group, found, strict=True)
            start += count
        return [readouts[i] for i in range(len(bodies))]

    @property
    def _model(self) -> Loaded:
        if self._loaded is None:
            raise BackendError(f"{self.facts.name} was closed")
        return self._loaded

    def _session(self, prefix: Prefix) -> tuple[Session, list[int]]:
        before, after = self._frame(prefix)
        if prefix.digest in self._sessions:
            self._sessions.move_to_end(prefix.digest)
            return self._sessions[prefix.digest], after
        self.check(prefix)
        while len(self._sessions) >= _SESSIONS:
            self._sessions.popitem(last=False)
        session = self._tried(lambda: Session(self._model, before))
        if session is None:
            # The other prefixes take memory, too, and can be computed again.
            self._sessions.clear()
            session = self._tried(lambda: Session(self._model, before))
        if session is None:
            raise self._out_of_memory(len(before))
        self._sessions[prefix.digest] = session
        return session, after

    def _frame(self, prefix: Prefix) -> tuple[list[int], list[int]]:
        if prefix.digest not in self._framed:
            self._framed[prefix.digest] = self._tokens.framed(prefix)
        return self._framed[prefix.digest]

    def _tried(self, compute: Callable[[], Done]) -> Done | None:
        """The result, or None where the memory was not enough. Raises BackendError for any other failure of torch."""
        try:
            return compute()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                lines = str(error).strip().splitlines() or [type(error).__name__]
                raise BackendError(f"{self.facts.name} failed on {self.device}: {lines[0][:300]}") from error
        # Only out here is what the failed pass had computed free again.
        _give_back(self.device)
        return None

    def _shrink(self, count: int, length: int, prefix_length: int) -> None:
        if count == 1:
            raise self._out_of_memory(length)
        self.budget.failed(count, length, prefix_length)

    def _out_of_memory(self, length: int) -> BackendError:
        return BackendError(
            f"{self.device} has not enough memory for {self.facts.name} and a single text of {length} tokens",
            hint="Try --device cpu, `bits` of 8 or 4, a smaller model, or fewer examples.",
        )


def _read_group(
    session: Session,
    bodies: Sequence[list[int]],
    tails: Sequence[list[int]],
    labels: Sequence[list[int]],
    taps: Sequence[int],
) -> list[Readout]:
    """Texts that are read together. One tail: one pass. Several: the texts once, then each tail behind each."""
    forks, tokens = len(tails), [token for question in labels for token in question]
    states: dict[int, Any] = {}
    logits: Any = None
    if forks > 1:
        fork = session.fork(bodies, forks)
        rows = [tail for _ in bodies for tail in tails]
        states, logits = session.read(rows, taps=taps, tokens=tokens, fork=fork)
    elif taps or tokens:
        states, logits = session.read([body + tails[0] for body in bodies], taps=taps, tokens=tokens)
    found = {tap: numbers(state) for tap, state in states.items()}
    scores = numbers(logits) if logits is not None else np.empty((len(bodies) * forks, 0), np.float32)
    spent = sum(map(len, tails))
    return [
        Readout(
            states={tap: found[tap][i * forks] for tap in taps},
            log_probabilities=by_question(scores[i * forks : (i + 1) * forks], labels),
            tokens=len(body) + spent,
        )
        for i, body in enumerate(bodies)
    ]


def numbers(values: Any) -> NDArray[np.float32]:
    """From the device. BackendError where they are none: a comparison with NaN should tell nobody that all is well."""
    found: NDArray[np.float32] = values.cpu().numpy()
    if not np.isfinite(found).all():
        raise BackendError(
            "the model computed no numbers",
            hint="Is the model damaged? On a GPU try the setting `bits` of 32.",
        )
    return found


def _cost(config: Any, dtype: Any) -> Cost:
    """What a batch takes, from the model's measures: rather too much, as a batch that fails costs time."""
    size = torch.finfo(dtype).bits // 8
    heads = config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // heads
    wide = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    token = size * (6 * config.hidden_size + 3 * wide + 4 * heads * head)
    # Keys and values, as they are kept and once repeated for every head.
    return Cost(token=token, prefix=4 * size * heads * head, pair=4)


def _give_back(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()
