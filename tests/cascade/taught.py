"""A cascade taught on made-up texts, for tests of what runs it: about a third sell something."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from modcli.cascade.costs import Costs
from modcli.cascade.distillation import DistilledHead
from modcli.cascade.early import Embedded, Features
from modcli.cascade.guarantee import PromiseKind
from modcli.cascade.ngrams import NGrams
from modcli.cascade.teaching import Lesson, teach
from modcli.cascade.tuned import EMBEDDING, NGRAMS, Judged, TunedCascade, TunedStage, Wish, guarantee_of
from modcli.embedders.scripted import ScriptedEmbedder
from modcli.item import Item
from modcli.profile import Action, Category, Profile
from modcli.verdict import CategoryVerdict, Verdict

WORDS = (
    "swim",
    "lake",
    "tram",
    "bread",
    "garden",
    "train",
    "letter",
    "window",
    "rain",
    "music",
    "walk",
    "tea",
)
SPAM = Category("spam", Action.BLOCK, "Sells coins.", label="coin")
PROFILE = Profile("mine", (SPAM,))


def posts(count: int, seed: int = 0) -> list[str]:
    """Different texts, of which about one in three has a word of selling."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        words = [*chance.sample(WORDS, 4), *(["coin"] * 2 if chance.random() < 0.3 else ["post"])]
        found[" ".join(words) + f" {chance.randrange(10**6)}"] = None
    return list(found)


def by_words(items: Sequence[Item]) -> list[Verdict]:
    """A full judge that looks for one word."""
    found = []
    for item in items:
        action = Action.BLOCK if "coin" in item.text else Action.ALLOW
        p = 0.95 if action is Action.BLOCK else 0.05
        found.append(Verdict(item.id, action, {"spam": CategoryVerdict(p, 0.5, action)}, "prompt"))
    return found


def features() -> dict[str, Callable[[], Features]]:
    """Those of the scripted embedder and of the n-grams."""
    return {NGRAMS: NGrams, EMBEDDING: lambda: Embedded(ScriptedEmbedder())}


@cache
def taught(risk: float = 0.05) -> TunedCascade:
    """By `teach`, with a full judge that takes a second."""
    lesson = Lesson(
        profile=PROFILE,
        judge=by_words,
        features=features(),
        costs=Costs(0.5, 0.5, 0.5),
        budget=400,
        wishes=(Wish(PromiseKind.RISK, risk),),
        key={"profile": "p"},
    )
    return teach(lesson, posts(600))


def by_hand(stages: int = 2) -> TunedCascade:
    """Made of numbers, without scikit-learn: each stage has two features and says their sum; ten in a hundred calibration
    items are decided wrongly. The price is that of a risk of 5%: about a third is decided early."""
    said = np.where(np.arange(400) % 2 == 0, 4.0, -4.0)[:, None] + np.linspace(-1, 1, 400)[:, None]
    acted = (said >= 0) ^ (np.arange(400) % 10 == 0)[:, None]
    judged = Judged((said,) * stages, acted, np.array([2], np.int8))
    head = DistilledHead(np.ones((2, 1), np.float32), np.zeros((0, 1), np.float32), np.zeros(1))
    later = replace(head, earlier=np.zeros((1, 1), np.float32))
    names = (NGRAMS, EMBEDDING)[:stages]
    made = tuple(
        TunedStage(name, head if i == 0 else later, 1.0, 0.001 * 10**i) for i, name in enumerate(names)
    )
    doubts_ = [1 / (1 + np.exp(np.abs(said[:, 0])))] * stages
    wishes = (Wish(PromiseKind.RISK, 0.05),)
    guarantee = guarantee_of(wishes, judged, doubts_, ("spam",))
    return TunedCascade({}, ("spam",), made, 1.0, judged, guarantee, 800, "07" * 16)


class Numbers:
    """Features that stand in the text: two numbers at its end. Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def features(self, texts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        self.calls += 1
        return np.array([[float(word) for word in text.split()[-2:]] for text in texts], np.float32)
