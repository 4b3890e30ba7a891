"""What the untuned prefilter is worth: profile `default`, and a definition with a few shots, on labelled rows.

    python benchmarks/prefilter.py FOLDER [--shots 8] [--repeats 5]

FOLDER holds sms_spam and paradetox as `NAME.train.jsonl` and `NAME.dev.jsonl`, an object a line with `text` and `labels`.
Of each row, the score is the greatest log-odds of any category. Printed are the area under the ROC curve, the share of
rows that lie above the threshold at which 95% of the positives do (what would be kept for a closer look), and rows a
second, one by one in windows as `modcli check` has them. Shots are drawn from train, as many of each side.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from modcli.cascade.parts import parts_of
from modcli.cascade.prefilter import UntunedPrefilter
from modcli.cli.assemble_embedder import build_embedder
from modcli.embedders.base import Embedder
from modcli.errors import Location
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Category, Profile, Shot
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.settings import load_settings

TASKS = {
    "sms_spam": (
        "spam",
        "Unsolicited advertising, prize or subscription offers, and scams that want money or a call.",
    ),
    "paradetox": ("toxic", "Rude, insulting, hateful or profane words about or to somebody."),
}


def rows(file: Path) -> tuple[list[str], np.ndarray]:
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [record["text"] for record in records], np.array([bool(record["labels"]) for record in records])


def measure(
    profile: Profile, embedder: Embedder, texts: list[str], truth: np.ndarray
) -> tuple[float, float, float]:
    """AUROC, the share kept at recall .95, and rows a second."""
    stage = UntunedPrefilter(as_judged(profile), lambda: embedder)
    _ = stage.judge
    start = time.perf_counter()
    answers = stage.answers([parts_of(Item(str(i), text, Location("row"))) for i, text in enumerate(texts)])
    taken = time.perf_counter() - start
    scores = np.array([-np.inf if answer is None else answer.log_odds.max() for answer in answers])
    threshold = np.quantile(scores[truth], 0.05, method="lower")
    return roc_auc_score(truth, scores), float((scores >= threshold).mean()), len(texts) / taken


def with_shots(name: str, texts: list[str], truth: np.ndarray, count: int, seed: int) -> Profile:
    label, definition = TASKS[name]
    draw = np.random.default_rng(seed)
    sides = [
        tuple(Shot(texts[i]) for i in draw.choice(np.flatnonzero(truth == side), count, replace=False))
        for side in (True, False)
    ]
    return Profile(
        name, (Category(label, Action.BLOCK, definition, examples=sides[0], counterexamples=sides[1]),)
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path)
    options.add_argument("--shots", type=int, default=8)
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    embedder = build_embedder(load_settings({}, os.environ, Path.cwd()))
    shipped = load("default", Shelf(Path("no-such-folder")))
    for name, (label, definition) in TASKS.items():
        train, dev = (rows(given.folder / f"{name}.{part}.jsonl") for part in ("train", "dev"))
        profiles = {
            "profile default": [shipped],
            "definition alone": [Profile(name, (Category(label, Action.BLOCK, definition),))],
            f"{given.shots} shots a side": [
                with_shots(name, *train, given.shots, seed) for seed in range(given.repeats)
            ],
        }
        for kind, drawn in profiles.items():
            found = np.array([measure(profile, embedder, *dev) for profile in drawn])
            middle, least = np.median(found, axis=0), found.min(axis=0)
            print(
                f"{name:10} {kind:18} AUROC {middle[0]:.3f} (least {least[0]:.3f})  "
                f"kept {middle[1]:.0%} of {len(dev[0])}, {dev[1].mean():.0%} positive  {middle[2]:.0f} rows/s"
            )


if __name__ == "__main__":
    main()
