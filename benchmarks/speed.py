"""Speed of the llama.cpp backend, as ratios within one run.

    python benchmarks/speed.py POSTS [--model auto] [--posts 96] [--only full,exit,shots,naive]

POSTS is a file with one post a line (about 30 tokens each are what the figures in docs/benchmarks.md were made with).
Things that are compared take turns, and each figure is the median of `--repeats` turns.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp

from modcli.backends.llama_cpp import LlamaCpp
from modcli.profile import Action, Category, Profile, Shot
from modcli.prompts.profile_prompt import ProfilePrompt, assemble
from modcli.prompts.reading import READING
from modcli.settings import load_settings
from modcli.weights.locate import locate

DEFINITION = (
    "The post wants money, data or clicks from its reader. It advertises goods to people who did not ask; it tells of"
    " a prize that has to be claimed; it names a premium-rate number; it promises sure profits. Not spam: an honest"
    " recommendation; an appointment; news about scams."
)


def prompt_with(shots: int, texts: Sequence[str]) -> ProfilePrompt:
    """A profile prompt with so many shots in it, half of them examples."""
    half = [tuple(Shot(text) for text in texts[start::2][:shots]) for start in (0, 1)]
    category = Category("spam", Action.BLOCK, DEFINITION, examples=half[0], counterexamples=half[1])
    return assemble(Profile("speed", (category,)), (category,), shots=shots)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(
    works: dict[str, Callable[[], object]],
    repeats: int,
    before: dict[str, Callable[[], object]] | None = None,
) -> dict[str, float]:
    """Median seconds of each, after one turn that does not count; what is done before each is not timed."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            if before and name in before:
                before[name]()
            taken = timed(work)
            if turn:
                seconds[name].append(taken)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


#: Tokens of llama.cpp's own test.
BATCH = 512


class Native:
    """Prompt processing as llama.cpp's own benchmark does it: one sequence, one batch after the other, no callback."""

    def __init__(self, model: object, threads: int) -> None:
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = BATCH, BATCH, BATCH
        parameters.n_threads = parameters.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(model, parameters)
        self.tokens = (llama_cpp.llama_token * BATCH)(*([1000] * BATCH))

    def run(self) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        batch = llama_cpp.llama_batch_get_one(self.tokens, BATCH)
        assert llama_cpp.llama_decode(self.context, batch) == 0
        llama_cpp.llama_synchronize(self.context)


def full_and_exit(backend: LlamaCpp, texts: Sequence[str], repeats: int) -> None:
    layers = backend.facts.layers
    quarter = layers // 4 - 1
    prompt = prompt_with(0, texts)
    native = Native(backend._model, os.cpu_count() or 1)
    tokens = sum(readout.tokens for readout in backend.read(prompt.prefix, texts, questions=prompt.questions))
    read_tokens = sum(readout.tokens for readout in backend.read(READING, texts, taps=[quarter]))
    seconds = in_turns(
        {
            "native": native.run,
            "full": lambda: backend.read(prompt.prefix, texts, questions=prompt.questions),
            "middle": lambda: backend.read(READING, texts, taps=[round(layers * 5 / 7)]),
            "quarter": lambda: backend.read(READING, texts, taps=[quarter]),
        },
        repeats,
    )
    rates = {
        "llama.cpp's own prompt processing (512)": BATCH / seconds["native"],
        "scoring at full depth": tokens / seconds["full"],
        f"reading, stopped at layer {round(layers * 5 / 7)} of {layers}": read_tokens / seconds["middle"],
        f"reading, stopped at layer {quarter} of {layers}": read_tokens / seconds["quarter"],
    }
    native_rate, full_rate = list(rates.values())[:2]
    print("| what | tokens/s | of llama.cpp's own | of full depth | items/s |\n|---|---|---|---|---|")
    for (name, rate), key in zip(rates.items(), seconds, strict=True):
        items = "" if key == "native" else f"{len(texts) / seconds[key]:.1f}"
        print(f"| {name} | {rate:.0f} | {rate / native_rate:.0%} | {rate / full_rate:.2f} | {items} |")
    print()


def shots_and_naive(
    backend: LlamaCpp, path: Path, texts: Sequence[str], repeats: int, *, naive: bool
) -> None:
    prompts = {shots: prompt_with(shots, [*texts, *texts]) for shots in (0, 8, 32)}
    works: dict[str, Callable[[], object]] = {}
    before: dict[str, Callable[[], object]] = {}
    for shots, prompt in prompts.items():
        # The prefix is decoded before the clock starts: there are more prompts here than contexts kept open.
        before[f"{shots} shots, label words"] = (
            lambda p=prompt: backend.read(  # type: ignore[misc]
                p.prefix, texts[:1], questions=p.questions
            )
        )
        works[f"{shots} shots, label words"] = lambda p=prompt: backend.read(  # type: ignore[misc]
            p.prefix, texts, questions=p.questions
        )
    works["reading, a quarter of the depth"] = lambda: backend.read(
        READING, texts, taps=[backend.facts.layers // 4 - 1]
    )
    few = texts[: max(len(texts) // 8, 4)]
    if naive:
        plain = llama_cpp.Llama(str(path), n_ctx=4096, verbose=False)
        messages = [{"role": m.role.value, "content": m.content} for m in prompts[32].prefix.messages]

        def ask(texts: Sequence[str], *, anew: bool) -> None:
            for text in texts:
                if anew:
                    plain.reset()
                plain.create_chat_completion(
                    [*messages, {"role": "user", "content": text}], max_tokens=4, temperature=0
                )

        works["create_chat_completion per item, 32 shots"] = lambda: ask(few, anew=False)
        works["create_chat_completion per item, 32 shots, prompt read anew"] = lambda: ask(few[:1], anew=True)
    seconds = in_turns(works, repeats, before)
    counts = {name: (1 if "anew" in name else len(few)) if "create" in name else len(texts) for name in works}
    each = {name: taken / counts[name] for name, taken in seconds.items()}
    base = each["0 shots, label words"]
    print("| what | items/s | time per item, 0 shots = 1 |\n|---|---|---|")
    for name, taken in each.items():
        print(f"| {name} | {1 / taken:.2f} | {taken / base:.2f} |")
    for slow in (name for name in works if "create" in name):
        for name in ("32 shots, label words", "reading, a quarter of the depth"):
            print(f"\n{name}: {each[slow] / each[name]:.1f} times as fast as {slow}", end="")
    print("\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("posts", type=Path)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--count", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="exit,shots,naive")
    options = parser.parse_args()
    file = locate(options.model, load_settings({}, os.environ, Path.cwd()).data_dir)
    backend = LlamaCpp(file.path, name=file.name, digest=file.digest)
    lines = options.posts.read_text("utf-8").splitlines()
    texts = list(itertools.islice(itertools.cycle(lines), options.count))
    tokens = [len(backend._tokens(text)) for text in texts]
    size = statistics.mean(tokens)
    print(f"{file.name}, {len(texts)} posts of {size:.0f} tokens, {os.cpu_count()} threads\n")
    only = options.only.split(",")
    if "exit" in only:
        full_and_exit(backend, texts, options.repeats)
    if "shots" in only or "naive" in only:
        shots_and_naive(backend, file.path, texts, options.repeats, naive="naive" in only)


if __name__ == "__main__":
    main()
