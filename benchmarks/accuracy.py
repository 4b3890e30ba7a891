"""Accuracy and speed of one category with a few shots, at each depth, on labelled JSON Lines.

    python benchmarks/accuracy.py DATA_FOLDER [--rows 400] [--shots 4] [--draws 3] [--stages reading,auto,model]

DATA_FOLDER holds NAME.train.jsonl (shots are drawn from it) and NAME.dev.jsonl (rows are judged), each row with `text`
and `labels`. The category is the default profile's, with its definition, and `--shots` examples and as many
counterexamples. Threshold 0.5 throughout: nothing is chosen on the rows that are reported. The interval is Wilson's,
for the mean accuracy over draws, as if of one draw's rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from modcli.backends.llama_cpp import LlamaCpp
from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.preparation import Preparation, taps_of
from modcli.errors import Location
from modcli.item import Item
from modcli.profile import Category, Profile, Shot
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.prompts.reading import READING
from modcli.settings import load_settings
from modcli.states.reader import Reader
from modcli.states.store import StateStore
from modcli.verdict import Verdict
from modcli.weights.locate import locate

TASKS = {"sms_spam": "spam", "paradetox": "toxicity", "sst2": "negative-sentiment"}


@dataclass(frozen=True)
class Row:
    """One labelled text."""

    text: str
    positive: bool


def rows_of(file: Path) -> list[Row]:
    return [
        Row(row["text"], bool(row["labels"])) for row in map(json.loads, file.read_text("utf-8").splitlines())
    ]


def drawn(category: Category, train: Sequence[Row], shots: int, draw: int) -> Profile:
    """A profile of this category alone, its shots drawn from the train rows."""
    chance = random.Random(draw)
    sides = [[Shot(row.text) for row in train if row.positive is side] for side in (True, False)]
    examples, against = (tuple(chance.sample(side, shots)) for side in sides)
    from_profile = replace(category, examples=examples, counterexamples=against, exempts=())
    return Profile("drawn", (replace(from_profile, action=type(category.action).BLOCK),))


def auroc(scores: np.ndarray, truth: np.ndarray) -> float:
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
    positives = int(truth.sum())
    return float(
        (ranks[truth].sum() - positives * (positives - 1) / 2) / (positives * (len(truth) - positives))
    )


def wilson(share: float, n: int) -> tuple[float, float]:
    z = 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def judged(moderator: Moderator, rows: Sequence[Row]) -> tuple[list[Verdict], float]:
    items = [Item(str(i), row.text, Location("dev", i + 1)) for i, row in enumerate(rows)]
    start = time.perf_counter()
    verdicts = [
        verdict for at in range(0, len(items), 64) for verdict in moderator.judge(items[at : at + 64])
    ]
    return verdicts, time.perf_counter() - start


def line(
    what: str, truth: np.ndarray, runs: Sequence[tuple[list[Verdict], float]], category: str, note: str
) -> str:
    accuracies, aurocs, scores = [], [], []
    for verdicts, _ in runs:
        p = np.array([verdict.categories[category].probability for verdict in verdicts])
        fired = p >= 0.5
        accuracies.append(float((fired == truth).mean()))
        aurocs.append(auroc(p, truth))
        hit = int((fired & truth).sum())
        scores.append(2 * hit / (fired.sum() + truth.sum()))
    asked = np.mean([np.mean([verdict.stage == "prompt" for verdict in verdicts]) for verdicts, _ in runs])
    low, high = wilson(float(np.mean(accuracies)), len(truth))
    return (
        f"| {what} | {np.mean(accuracies):.3f} ({low:.3f} to {high:.3f}) | {np.mean(scores):.3f} "
        f"| {np.mean(aurocs):.3f} | {asked:.0%} | {note} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--shots", type=int, default=4, help="examples, and as many counterexamples")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--stages", default="reading,auto,model")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--store", type=Path, help="keep states here between runs")
    options = parser.parse_args()
    settings = load_settings({}, os.environ, Path.cwd())
    file = locate(options.model, settings.data_dir)
    backend = LlamaCpp(file.path, name=file.name, digest=file.digest)
    default = load("default", Shelf(settings.config_dir / "profiles"))
    depths = taps_of(backend.facts.layers)
    print(
        f"{file.name}, {options.shots} examples and {options.shots} counterexamples, {options.draws} draws\n"
    )
    print("| task, stage | accuracy (95%) | F1 | AUROC | asked | items/s |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.store or Path(temporary)
        store = StateStore(folder, model=file.digest, prompt=READING.digest, width=backend.facts.width)
        for task in options.tasks.split(","):
            rows = rows_of(options.data / f"{task}.dev.jsonl")[: options.rows]
            train = rows_of(options.data / f"{task}.train.jsonl")
            truth = np.array([row.positive for row in rows])
            name = TASKS[task]
            profiles = [
                drawn(default.by_name[name], train, options.shots, draw) for draw in range(options.draws)
            ]

            def run(
                profile: Profile, stage: Stage, taps: Sequence[int], rows: Sequence[Row] = rows
            ) -> tuple[list[Verdict], float]:
                reader = Reader(lambda: backend, store)
                preparation = Preparation(profile, backend, reader, taps=taps)
                preparation.judge  # noqa: B018 -- fitted before the clock starts
                if stage is not Stage.READING:
                    preparation.labels  # noqa: B018
                moderator = Moderator(
                    profile, backend, reader, preparation, digest="", model=file.digest, stage=stage
                )
                return judged(moderator, rows)

            for stage in map(Stage, options.stages.split(",")):
                choices = [((tap,), f"layer {tap}") for tap in depths] if stage is Stage.READING else []
                for taps, what in [*choices, (depths, "all taps")]:
                    runs = [run(profile, stage, taps) for profile in profiles]
                    speed = len(rows) * len(runs) / sum(seconds for _, seconds in runs)
                    print(line(f"{task}, {stage}, {what}", truth, runs, name, f"{speed:.1f}"), flush=True)
        store.close()


if __name__ == "__main__":
    main()
