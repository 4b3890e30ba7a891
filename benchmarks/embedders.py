"""Speed of the default text embedder against its own engine, and what a batch does to its vectors.

    python benchmarks/embedders.py POSTS [--posts 200] [--repeats 5] [--threads 0]

POSTS is a file with one post a line (of 20 to 30 tokens for the figures in docs/benchmarks.md). The engine is given the
posts tokenized beforehand and sorted by length, alone or in batches of a bounded number of tokens, padding included; its
threads work on one run together, as is its default, or on several runs at once. `embed` tokenizes, too. MiniLM through
sentence-transformers takes part where both are on the machine. Everything takes turns; figures are medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers

from modcli.cli.assemble_embedder import DEFAULT, build_embedder
from modcli.embedders.base import unit_rows
from modcli.embedders.onnx import TOKENIZER, TOKENS
from modcli.errors import ModcliError
from modcli.settings import load_settings
from modcli.weights.locate import locate

OTHER = "minilm-l6"
Tokens = Sequence[int]


def tokenized(texts: Sequence[str], file: Path) -> list[Tokens]:
    """The tokens of each text, the longest first."""
    tokenizer = tokenizers.Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(TOKENS)
    tokenizer.encode_special_tokens = True
    return sorted((encoding.ids for encoding in tokenizer.encode_batch(texts)), key=len, reverse=True)


def batches(texts: Sequence[Tokens], budget: int) -> list[list[Tokens]]:
    """Neighbours together, with at most so many tokens; with a budget of 0 each alone."""
    made: list[list[Tokens]] = []
    for text in texts:
        if made and (len(made[-1]) + 1) * len(made[-1][0]) <= budget:
            made[-1].append(text)
        else:
            made.append([text])
    return made


def feed(batch: Sequence[Tokens]) -> dict[str, np.ndarray]:
    ids = np.zeros((len(batch), max(map(len, batch))), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


class Engine:
    """ONNX Runtime, called directly: `threads` on each run, or as many runs at once."""

    def __init__(self, model: Path, threads: int, *, together: bool) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads if together else 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._workers = None if together else ThreadPoolExecutor(threads)

    def run(self, made: Sequence[Sequence[Tokens]]) -> np.ndarray:
        """The first token's states: shape (texts, width)."""
        each = self._workers.map if self._workers else map
        return np.concatenate(list(each(lambda batch: self._session.run(None, feed(batch))[0][:, 0], made)))


def in_turns(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each, after one turn that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("posts", type=Path, metavar="POSTS")
    parser.add_argument("--posts", type=int, default=200, dest="number")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    threads = options.threads or os.cpu_count() or 1
    settings = load_settings({"threads": threads, "offline": True}, os.environ, Path.cwd())
    texts = [line for line in options.posts.read_text("utf-8").splitlines() if line.strip()][: options.number]
    model = locate(DEFAULT, settings.data_dir).path
    tokens = tokenized(texts, model.with_name(TOKENIZER))
    ours = build_embedder(settings, DEFAULT)
    apart, together = Engine(model, threads, together=False), Engine(model, threads, together=True)
    works: dict[str, Callable[[], object]] = {"embed": lambda: ours.embed(texts)}
    for budget in (0, 256, 512, 1024, 2048):
        made = batches(tokens, budget)
        name = f"batches of {budget} tokens" if budget else "each text alone"
        works[f"engine, {name}, threads together"] = lambda made=made: together.run(made)
        works[f"engine, {name}, runs at once"] = lambda made=made: apart.run(made)
    try:
        other = build_embedder(settings, OTHER)
        works[f"{OTHER}, sentence-transformers"] = lambda: other.embed(texts)
    except ModcliError as error:
        print(f"without {OTHER}: {error}\n")
    lengths = [len(each) for each in tokens]
    print(f"{len(texts)} posts, {np.mean(lengths):.1f} tokens on average, {threads} threads\n")
    taken = in_turns(works, options.repeats)
    print("| | posts a second | embed is so many times as fast |\n|---|---|---|")
    for name, seconds in taken.items():
        print(f"| {name} | {len(texts) / seconds:.0f} | {seconds / taken['embed']:.2f} |")
    alone = unit_rows(apart.run(batches(tokens, 0)))
    print("\n| cosine to the vector of the text alone | mean | least |\n|---|---|---|")
    for budget in (256, 1024):
        near = (alone * unit_rows(apart.run(batches(tokens, budget)))).sum(axis=1)
        print(f"| batches of {budget} tokens | {near.mean():.4f} | {near.min():.4f} |")


if __name__ == "__main__":
    main()
