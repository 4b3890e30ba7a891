"""Tiny sets of invented rows, and a model that knows their words."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from modcli.backends.scripted import Scripted
from modcli.cascade.workbench import Workbench
from modcli.evaluation.protocols.base import Setting
from modcli.evaluation.protocols.sets import chosen
from modcli.states.asker import Asker
from modcli.states.reader import Reader

#: Of each set: its label, words of such rows, and words of all others.
WORDS = {
    "sms_spam": ("spam", "prize win claim cash offer", "lunch train later mum home"),
    "paradetox": ("toxic", "fool idiot scum moron", "please reader editor article"),
    "sst2": ("negative", "dull boring stale flat", "lovely film tender moving"),
}
MODERATION = {
    "sexual": "naked",
    "hate": "vermin",
    "hate/threatening": "gas",
    "harassment": "loser",
    "self-harm": "cutting",
    "violence": "stab",
    "violence/graphic": "guts",
}
#: What the model takes the words for, by label word.
KEYWORDS = {label: words.split() for label, words, _ in WORDS.values()} | {
    # A category that `profile block` makes has its name for a label word.
    "toxicity": WORDS["paradetox"][1].split(),
    "negative sentiment": WORDS["sst2"][1].split(),
    "sexual": ["naked"],
    "hateful": ["vermin", "gas"],
    "violent": ["stab", "guts"],
    "harmful": [word for _, words, _ in WORDS.values() for word in words.split()],
}
COMMON = [
    "the",
    "a",
    "of",
    "and",
    "to",
    "it",
    "was",
    "so",
    "very",
    "now",
    "one",
    "that",
    "here",
    "there",
    "then",
]


def _row(generator: random.Random, own: list[str], label: list[str]) -> dict[str, object]:
    words = generator.choices(own, k=2) + generator.choices(COMMON, k=5)
    generator.shuffle(words)
    return {"text": " ".join(words), "labels": label}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "sets"
    write_sets(place)
    return place


def write_sets(place: Path) -> None:
    """Write all sets into a new folder."""
    generator = random.Random(1)
    place.mkdir()
    for name, (label, positive, negative) in WORDS.items():
        for split, count in (("train", 90), ("dev", 24)):
            rows = [
                _row(generator, (positive if i % 2 else negative).split(), [label] if i % 2 else [])
                for i in range(count)
            ]
            _write(place / f"{name}.{split}.jsonl", rows)
    moderation = []
    for i in range(120):
        label = list(MODERATION)[i % 12] if i % 12 < len(MODERATION) else None
        row = _row(
            generator, [MODERATION[label]] if label else ["weather", "garden"], [label] if label else []
        )
        moderation.append(row | {"unknown": ["sexual"] if label is None and i % 24 < 12 else []})
    _write(place / "openai_moderation.dev.jsonl", moderation)


def _write(file: Path, rows: list[dict[str, object]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def bench() -> Workbench:
    backend = Scripted(KEYWORDS)
    return Workbench(
        backend, Reader(lambda: backend, None), Asker(lambda: backend, None), store=None, model="m"
    )


@pytest.fixture
def make(bench: Workbench, folder: Path) -> Callable[..., Setting]:
    """A setting over some of the sets, with few draws."""

    def make(*sets: str, **options: object) -> Setting:
        few = {"draws": 2, "choices": 2, "rows": 10} | options
        return Setting(bench, folder, sets=chosen(sets or (*WORDS, "openai_moderation")), **few)  # type: ignore[arg-type]

    return make
