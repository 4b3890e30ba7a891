"""Embedders through ONNX Runtime: a model and its tokenizer from a folder, without torch."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import EmbedderFacts, first_line, unit_rows
from modcli.errors import BackendError, Location, MissingExtraError

MODEL, TOKENIZER, POOLING = "model.onnx", "tokenizer.json", "1_Pooling/config.json"
MODULES = "modules.json"
#: Tokens read of a text, unless the model reads fewer: what judges is shown windows of about that length as well.
TOKENS = 256
#: Characters of a text that are tokenized for each token that is read. Prose has four or five.
_CHARACTERS = 16
#: Texts worked on between two looks at what came out: keeps memory flat however many there are.
_BLOCK = 1024
#: A part of every digest: changes whenever the same files would give other vectors.
_VERSION = "onnx embedder, 1"
#: What a model may ask for, and how it is made of a text's tokens.
_INPUTS: dict[str, Callable[[Any], Sequence[int]]] = {
    "input_ids": lambda encoding: encoding.ids,
    "attention_mask": lambda encoding: encoding.attention_mask,
    "token_type_ids": lambda encoding: encoding.type_ids,
}
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_POOLINGS: dict[str, Callable[[NDArray[np.float32]], NDArray[np.floating[Any]]]] = {
    "cls": lambda states: states[0],
    "mean": lambda states: states.mean(axis=0, dtype=np.float64),
}


class OnnxRuntime:
    """A transformer in ONNX form: a folder with `model.onnx`, whose first output is the last layer's states, and
    `tokenizer.json`. The states are pooled as `1_Pooling/config.json` says (cls or mean), by cls where it is missing.

    Every text is a run of its own, on one thread, with as many runs at once as `threads` (0: all cores). A model with
    dynamic quantization takes the range of a whole batch to quantize by, so in a batch a text's vector would depend on
    its neighbours, even without padding (the default model: cosine to the vector of the text alone 0.996 on average,
    0.986 at worst; see benchmarks/embedders.py), and whoever writes the neighbours could move it. Alone it does not. On
    short posts that costs about a fifth of the speed of the best batches.

    `digest` stands for the model's file where the caller has verified it. What looks like a special token in a text is
    read as plain characters. Texts are read from their start, so padding is for the caller to remove.

    Raises MissingExtraError where a package is not installed, BackendError where the model cannot be loaded.
    """

    def __init__(
        self, folder: Path, *, name: str = "", digest: str = "", threads: int = 0, tokens: int = TOKENS
    ) -> None:
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise MissingExtraError(
                f"this text embedder needs onnxruntime and tokenizers ({error})",
                hint="pip install 'modcli[prefilter]'",
            ) from error
        _refuse_other_folders(folder)
        self._pooling = _pooling(folder)
        self._pool = _POOLINGS[self._pooling]
        tokens = min(tokens, _positions(folder))
        try:
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER))
            tokens = min(tokens, (self._tokenizer.truncation or {}).get("max_length", tokens))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(tokens)
            self._tokenizer.encode_special_tokens = True
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            self._session: Any = onnxruntime.InferenceSession(
                str(folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # neither package's errors have a base of their own
            raise _not_loaded(folder, error) from error
        self._inputs = _inputs(folder, self._session)
        self._output = self._session.get_outputs()[0].name
        self._name = name or folder.resolve().name
        self._characters = tokens * _CHARACTERS
        workers = threads or os.cpu_count() or 1
        self._workers = ThreadPoolExecutor(workers, "embedder") if workers > 1 else None
        dim = len(self._vector(""))
        self.facts = EmbedderFacts(self._name, self._digest(folder, digest, tokens), dim, tokens)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed`. A text's vector does not depend on the others."""
        vectors = np.empty((len(texts), self.facts.dim), np.float32)
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            # The longest first, or one core would be left with it at the end.
            order = sorted(range(len(block)), key=lambda place: -len(block[place]))
            for place, vector in zip(order, self._vectors(block[i] for i in order), strict=True):
                vectors[start + place] = vector
        return unit_rows(vectors)

    def _vectors(self, texts: Iterable[str]) -> Iterable[NDArray[np.float32]]:
        return self._workers.map(self._vector, texts) if self._workers else map(self._vector, texts)

    def _vector(self, text: str) -> NDArray[np.float32]:
        """Shape (dim,), of length 1, or 0 where the model gives that."""
        # Half a surrogate pair is no text to the tokenizer.
        readable = text[: self._characters].encode("utf-8", "replace").decode()
        try:
            encoding = self._tokenizer.encode(readable)
            feed = {name: np.array([_INPUTS[name](encoding)], kind) for name, kind in self._inputs.items()}
            (states,) = self._session.run([self._output], feed)
        except Exception as error:  # see above
            raise BackendError(f"{self._name} failed: {first_line(error)}") from error
        if states.ndim != 3 or states.shape[:2] != (1, len(encoding.ids)):
            raise BackendError(
                f"{self._name}: its first output has the shape {states.shape}",
                hint="It must be the last layer's states: (batch, tokens, width).",
            )
        # In double precision, as squares of large finite values are infinite in single precision.
        vector = np.asarray(self._pool(states[0]), np.float64)
        length = np.linalg.norm(vector)
        if not np.isfinite(length):
            raise BackendError(f"{self._name} gave a vector that is not finite", hint="Is the model intact?")
        return (vector / length if length else vector).astype(np.float32)

    def _digest(self, folder: Path, model: str, tokens: int) -> str:
        try:
            # Weights may lie beside the model, in files that are called after it.
            models = [model] if model else [_sha256(file) for file in sorted(folder.glob(f"{MODEL}*"))]
            parts = [_VERSION, self._pooling, str(tokens), _sha256(folder / TOKENIZER), *models]
        except OSError as error:
            raise _not_loaded(folder, error) from error
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _refuse_other_folders(folder: Path) -> None:
    where = Location(str(folder))
    if not folder.is_dir():
        raise BackendError("no such folder", location=where)
    missing = [file for file in (MODEL, TOKENIZER) if not (folder / file).is_file()]
    if missing:
        raise BackendError(
            f"is no text embedder in ONNX form: {' and '.join(missing)} missing",
            location=where,
            hint=f"It must hold {MODEL} and {TOKENIZER}.",
        )
    if (folder / MODULES).exists():
        kinds = [str(part.get("type")).rpartition(".")[2] for part in _json(folder / MODULES, list)]
        if more := [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]:
            raise BackendError(
                f"has a part that only sentence-transformers can run: {', '.join(more)}", location=where
            )


def _pooling(folder: Path) -> str:
    """The name of the pooling; both forms in which sentence-transformers has written it are read."""
    file = folder / POOLING
    if not file.exists():
        return "cls"
    found: dict[str, Any] = _json(file)
    prefix = "pooling_mode_"
    chosen = {
        key.removeprefix(prefix) for key, value in found.items() if key.startswith(prefix) and value is True
    }
    if isinstance(found.get("pooling_mode"), str):
        chosen.add(found["pooling_mode"])
    names = {name.removesuffix("_tokens").removesuffix("_token") for name in chosen}
    if len(names) == 1 and names <= _POOLINGS.keys():
        return names.pop()
    raise BackendError(
        f"asks for the pooling {' and '.join(sorted(names)) or 'none'}",
        location=Location(str(file)),
        hint=f"modcli knows {' and '.join(_POOLINGS)}",
    )


def _positions(folder: Path) -> int:
    """The tokens that the model can read, where its folder says so; else as BERT does."""
    file = folder / "config.json"
    found = _json(file).get("max_position_embeddings") if file.exists() else None
    return found if isinstance(found, int) and found > 0 else 512


def _json(file: Path, kind: type = dict) -> Any:
    """What a file holds: an object, or where `kind` is list a list of objects."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BackendError(f"cannot be read: {first_line(error)}", location=Location(str(file))) from error
    parts = found if isinstance(found, list) else [found]
    if not isinstance(found, kind) or not all(isinstance(part, dict) for part in parts):
        raise BackendError("is not of the form that a model's folder has", location=Location(str(file)))
    return found


def _inputs(folder: Path, session: Any) -> dict[str, Any]:
    """The names of what the model asks for, and the type of each."""
    found = {each.name: _TYPES.get(each.type) for each in session.get_inputs()}
    strange = [name for name, kind in found.items() if name not in _INPUTS or kind is None]
    if strange or "input_ids" not in found:
        raise BackendError(
            f"is no text embedder: the model asks for {', '.join(strange or found) or 'nothing'}",
            location=Location(str(folder / MODEL)),
            hint=f"modcli knows whole numbers called {', '.join(_INPUTS)}",
        )
    return found


def _not_loaded(folder: Path, error: Exception) -> BackendError:
    return BackendError(
        f"is no text embedder that can be loaded: {first_line(error)}", location=Location(str(folder))
    )
