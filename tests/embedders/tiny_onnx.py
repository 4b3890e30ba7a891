"""An ONNX model of a few numbers, written as the protocol buffers that it is made of (onnx.proto names the fields)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("good", "morning", "buy", "coins", "now", "a", "cat", "sleeps", "[", "]", "sep", "cls", "?")
DIM = 8
FLOAT, INT64, STRING, BOOL = 1, 7, 8, 9
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def table(seed: int = 0) -> np.ndarray:
    """The vector of each word of the vocabulary."""
    return np.random.default_rng(seed).normal(size=(len(SPECIAL + WORDS), DIM)).astype(np.float32)


def make_tiny_onnx(
    folder: Path,
    *,
    vectors: np.ndarray | None = None,
    inputs: Iterable[str] = INPUTS,
    kind: int = INT64,
    rank: int = 3,
    pooling: object = None,
) -> Path:
    """Write a model whose states are each token's vector plus the mean of all, or with rank 2 that mean alone; and a
    tokenizer of `SPECIAL` and `WORDS`. Skips the test where tokenizers is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(_model(table() if vectors is None else vectors, inputs, kind, rank))
    _tokenizer(folder)
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


def _tokenizer(folder: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {word: place for place, word in enumerate(SPECIAL + WORDS)}
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.BertNormalizer()
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.add_special_tokens(list(SPECIAL))
    made.save(str(folder / "tokenizer.json"))


def _model(vectors: np.ndarray, inputs: Iterable[str], kind: int, rank: int) -> bytes:
    tensor = b"".join(_field(1, size) for size in vectors.shape)
    tensor += _field(2, FLOAT) + _field(8, "table") + _field(9, vectors.tobytes())
    axes = _field(5, _field(1, "axes") + _field(8, 1) + _field(20, 7))
    keep = _field(5, _field(1, "keepdims") + _field(3, int(rank == 3)) + _field(20, 2))
    nodes = [
        _node("Gather", ["table", "input_ids"], "words"),
        _node("ReduceMean", ["words"], "mean", axes + keep),
    ]
    if rank == 3:
        nodes.append(_node("Add", ["words", "mean"], "states"))
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "tiny") + _field(5, tensor)
    graph += b"".join(_field(11, _value(name, kind, ("batch", "tokens"))) for name in inputs)
    graph += _field(
        12, _value("states" if rank == 3 else "mean", FLOAT, ("batch", "tokens", DIM)[3 - rank :])
    )
    return _field(1, 8) + _field(8, _field(1, "") + _field(2, 13)) + _field(7, graph)


def _node(kind: str, inputs: Iterable[str], output: str, attributes: bytes = b"") -> bytes:
    return b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, kind) + attributes


def _value(name: str, kind: int, shape: Iterable[str | int]) -> bytes:
    sizes = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, sizes)))


def _field(number: int, value: int | str | bytes) -> bytes:
    """One field of a protocol buffer: a whole number, or a text or message with its length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
