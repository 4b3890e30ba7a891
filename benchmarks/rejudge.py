"""Judging everything in a state store again, under an edited profile.

    python benchmarks/rejudge.py [--items 100000] [--model auto]

The store is filled with as many random states of the model's width (the time does not depend on their values), the
profile is the default one with one example more. The clock runs from the fitted profile to the last action.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from modcli.backends.lazy import LazyBackend
from modcli.backends.llama_cpp import LlamaCpp
from modcli.cascade.preparation import Preparation
from modcli.cascade.rejudging import rejudge
from modcli.profile import Profile, Shot
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.prompts.reading import READING
from modcli.settings import load_settings
from modcli.states.reader import Reader
from modcli.states.store import StateStore, normed
from modcli.weights.locate import locate


def edited(profile: Profile, example: str) -> Profile:
    first, *others = profile.categories
    return replace(profile, categories=(replace(first, examples=(*first.examples, Shot(example))), *others))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--model", default="auto")
    options = parser.parse_args()
    settings = load_settings({}, os.environ, Path.cwd())
    file = locate(options.model, settings.data_dir)
    backend = LazyBackend(
        lambda: LlamaCpp(file.path, name=file.name, digest=file.digest), digest=file.digest, facts_file=None
    )
    width = backend.facts.width
    default = load("default", Shelf(settings.config_dir / "profiles"))
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore(Path(folder), model=file.digest, prompt=READING.digest, width=width)
        reader = Reader(lambda: backend, store)
        taps = Preparation(default, backend, reader).judge.taps
        chance = np.random.default_rng(0)
        for start in range(0, options.items, 4096):
            count = min(4096, options.items - start)
            keys = [chance.bytes(16) for _ in range(count)]
            for tap in taps:
                store.put(keys, tap, normed(chance.normal(size=(count, width)).astype(np.float32)))
        fits, seconds = [], []
        for example in ("you fool, get lost", "what a pathetic loser", "shut up, idiot"):
            profile = edited(default, example)
            reader.states([example], taps)
            start = time.perf_counter()
            judge = Preparation(profile, backend, reader).judge
            fitted = time.perf_counter()
            found = rejudge(profile, judge, store)
            seconds.append(time.perf_counter() - fitted)
            fits.append(fitted - start)
        store.close()
    print(f"{file.name}: {len(found.keys):,} stored items, {len(judge.categories)} categories, taps {taps}")
    print(
        f"judged again in {statistics.median(seconds):.2f} s, after {statistics.median(fits):.2f} s of fitting"
    )


if __name__ == "__main__":
    main()
