"""A sentence-transformers model of a few thousand random weights, made where the package is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

WORDS = ("good", "morning", "buy", "coins", "now", "a", "cat", "sleeps", "you", "fool")


def make_tiny(folder: Path, *, seed: int = 0) -> Path:
    """Write the model; skips the test where sentence-transformers is missing."""
    transformers = pytest.importorskip("transformers")
    sentence_transformers = pytest.importorskip("sentence_transformers")
    torch = pytest.importorskip("torch")
    torch.manual_seed(seed)
    bert, vocabulary = folder / "bert", folder / "vocabulary.txt"
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]), "utf-8")
    config = transformers.BertConfig(
        vocab_size=5 + len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(bert)
    transformers.BertTokenizerFast(vocab=str(vocabulary)).save_pretrained(bert)
    modules = pytest.importorskip("sentence_transformers.models")
    reads = modules.Transformer(str(bert), max_seq_length=32)
    pools = modules.Pooling(reads.get_embedding_dimension())
    place = folder / "model"
    sentence_transformers.SentenceTransformer(modules=[reads, pools], device="cpu").save(str(place))
    return place
