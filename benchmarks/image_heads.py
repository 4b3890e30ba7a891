"""What a category's example pictures, or its words, are worth on labelled harmless pictures; and images per second.

    python benchmarks/image_heads.py STAMPS [--photos FOLDER] [--draws 5] [--threads 0]

STAMPS is the folder of stamps of Tux Paint (Debian: tuxpaint-stamps-default, /usr/share/tuxpaint/stamps), whose folders
are the labels. PHOTOS, if any, are of none of the kinds (the pictures that scikit-image ships). For every kind some
pictures are drawn as examples, and some of other kinds as what is known to be something else; the rest are told apart.
AUROC, and what is found and falsely found where the head itself says that it counts, are means over kinds and draws.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from modcli.cli.assemble_embedder import build_embedder
from modcli.embedders.base import unit_rows
from modcli.errors import ModcliError
from modcli.images.decoding import open_picture
from modcli.images.detectors import Detector
from modcli.images.detectors_opening import Opening, open_detectors
from modcli.images.embedder import Labelled
from modcli.images.embedder_opening import open_image_embedder
from modcli.images.heads import (
    EXPRESSIBLE,
    INEXPRESSIBLE,
    ImageShots,
    fit_image_head,
    measure_reach,
    word_head,
)
from modcli.images.heads_drawings import drawings
from modcli.images.picture import Picture
from modcli.settings import Settings, load_settings
from modcli.weights.locate import ModelFile, ensure

KINDS = {
    "bird": "animals/birds",
    "fruit": "food/fruit",
    "flower": "plants/flowers",
    "road sign": "town/roadsigns",
    "christmas": "seasonal/christmas",
    "vegetable": "food/vegetables",
    "mammal": "animals/mammals",
    "tool": "household/tools",
    "insect": "animals/insects",
    "fish": "animals/fish",
    "planet": "space/planets",
    "musical instrument": "hobbies/music",
    "money": "symbols/money",
    "vehicle": "vehicles",
    "halloween": "seasonal/halloween",
    "clothes": "clothes",
    "house": "town/houses",
    "sport": "sports",
    "military vehicle": "military",
    "chess": "symbols/chess",
    "letters": "symbols/alphabets/english/filled/uppercase",
}
#: Words that no label is a kind of, and that are in neither list of modcli.images.heads.
UNTELLABLE = (
    *("violence", "pornography", "swastika", "a meme", "toxic insult", "war", "horror", "a child", "blood"),
    *(
        "people kissing",
        "politician",
        "crypto promotion",
        "advertising",
        "nudity",
        "bullying",
        "racism",
        "clown",
    ),
)
SUFFIXES = (".png", ".jpg", ".jpeg", ".svg")
REST = "none of these"


def opened(folder: Path) -> list[Picture]:
    found = []
    for file in sorted(folder.rglob("*")):
        if file.suffix in SUFFIXES and "mirror" not in file.stem:
            try:
                found.append(open_picture(file))
            except ModcliError as error:
                print(f"left out: {error}")
    return found


def auroc(positives: np.ndarray, negatives: np.ndarray) -> float:
    both = np.concatenate([positives, negatives])
    ranks = np.searchsorted(np.sort(both), both, "left") + np.searchsorted(np.sort(both), both, "right")
    count = len(positives)
    return float((ranks[:count].sum() / 2 + count / 2 - count * (count + 1) / 2) / (count * len(negatives)))


def few_shots(features: np.ndarray, labels: np.ndarray, bank: np.ndarray, draws: int) -> None:
    print("\nexamples  others  AUROC  worst kind            found  falsely found (all / photographs)")
    for shown in (1, 2, 3, 5):
        for others in (0, 4, 20):
            of_kind: dict[str, list[tuple[float, float, float, float]]] = {}
            for kind in KINDS:
                own, rest = np.flatnonzero(labels == kind), np.flatnonzero(labels != kind)
                known = rest[labels[rest] != REST]
                for draw in range(draws if len(own) >= shown + 3 else 0):
                    random = np.random.default_rng([draw, shown, others])
                    positives = random.permutation(own)[:shown]
                    negatives = random.permutation(known)[:others]
                    shots = ImageShots(features[positives], features[:0], features[negatives])
                    odds = fit_image_head(kind, shots, bank).log_odds(features)
                    left, unseen = np.setdiff1d(own, positives), np.setdiff1d(rest, negatives)
                    photographs = odds[labels == REST]
                    row = (
                        auroc(odds[left], odds[unseen]),
                        float((odds[left] >= 0).mean()),
                        float((odds[unseen] >= 0).mean()),
                        float((photographs >= 0).mean()) if len(photographs) else float("nan"),
                    )
                    of_kind.setdefault(kind, []).append(row)
            means = {kind: np.mean(rows, axis=0) for kind, rows in of_kind.items()}
            area, found, false, on_photographs = np.mean(list(means.values()), axis=0)
            worst = min(means, key=lambda kind: means[kind][0])
            print(
                f"{shown:8}  {others:6}  {area:.3f}  {worst:15} {means[worst][0]:.2f}   {found:.2f}   {false:.3f} /"
                f" {on_photographs:.3f}"
            )


def by_words(classes: np.ndarray, labels: np.ndarray, embedder: Labelled, settings: Settings) -> None:
    texts = build_embedder(settings, "bge-small-en-int8")
    own = unit_rows(texts.embed(embedder.labels) + texts.embed(embedder.label_texts))
    reach = measure_reach(own, texts.embed(EXPRESSIBLE), texts.embed(INEXPRESSIBLE))
    assert reach is not None
    print("\nby words            AUROC  found  falsely found  taken for")
    rows = []
    for kind in KINDS:
        head = word_head(kind, texts.embed([kind]), reach, embedder.labels)
        if head is None:
            print(f"{kind:18}  no model can tell")
            continue
        chances, of_kind = head.probability(classes), labels == kind
        row = (
            auroc(chances[of_kind], chances[~of_kind]),
            float((chances[of_kind] >= 0.5).mean()),
            float((chances[~of_kind] >= 0.5).mean()),
        )
        rows.append(row)
        print(f"{kind:18}  {row[0]:.3f}  {row[1]:.2f}   {row[2]:.3f}          {', '.join(head.kinds(4))}")
    print(f"mean of {len(rows):2}          {'  '.join(f'{value:.3f}' for value in np.mean(rows, axis=0))}")
    told = [
        word
        for word in UNTELLABLE
        if word_head(word, texts.embed([word]), reach, embedder.labels) is not None
    ]
    print(
        f"of {len(UNTELLABLE)} words that no label is a kind of, told all the same: {', '.join(told) or 'none'}"
    )


def speed(name: str, look: object, pictures: Sequence[Picture], repeats: int = 3) -> None:
    rates = []
    for _ in range(repeats):
        began, wall = time.process_time(), time.perf_counter()
        look(pictures)  # type: ignore[operator]
        rates.append(
            (len(pictures) / (time.process_time() - began), len(pictures) / (time.perf_counter() - wall))
        )
    print(
        f"{name:22} {statistics.median(r[0] for r in rates):5.0f} pictures per CPU second,"
        f" {statistics.median(r[1] for r in rates):5.0f} per second"
    )


def detected(detectors: Sequence[Detector], pictures: Sequence[Picture], labels: np.ndarray) -> None:
    print("\nharmless pictures   most on photographs   most elsewhere   counted as found")
    for detector in detectors:
        found = np.array([seen.probability for seen in detector.detect(pictures)])
        photographs = found[labels == REST]
        print(
            f"{detector.name:18}  {photographs.max(initial=0):.2f}                  {found[labels != REST].max():.2f}"
            f"             {(found >= detector.threshold).sum()} of {len(found)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("stamps", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    chosen = parser.parse_args()
    settings = load_settings({}, os.environ, Path.cwd())

    def locate(name: str) -> ModelFile:
        return ensure(name, settings.data_dir, offline=settings.offline)

    cache = settings.cache_dir / "images"
    embedder = open_image_embedder("auto", locate, cache, threads=chosen.threads)
    assert isinstance(embedder, Labelled)
    pictures: list[Picture] = []
    kinds: list[str] = []
    for kind, folder in KINDS.items():
        more = opened(chosen.stamps / folder)
        pictures, kinds = pictures + more, kinds + [kind] * len(more)
    more = opened(chosen.photos) if chosen.photos else []
    pictures, kinds = pictures + more, kinds + [REST] * len(more)
    labels = np.array(kinds)
    print(f"{len(pictures)} pictures of {len(set(kinds))} kinds, {len(more)} photographs among them")
    features, classes = embedder.look(pictures)
    few_shots(features, labels, embedder.embed(drawings()), chosen.draws)
    by_words(classes, labels, embedder, settings)
    opening = Opening(locate, cache, threads=chosen.threads)
    detectors = open_detectors("nudity", opening).detectors
    detected(detectors, pictures, labels)
    print("\ndecoded pictures, resizing included:")
    speed(embedder.name, embedder.look, pictures[:60])
    for detector in detectors:
        speed(detector.name, detector.detect, pictures[:60])


if __name__ == "__main__":
    main()
