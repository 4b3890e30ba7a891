"""Answers by the profile alone, with the embedder that needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from modcli.cascade.early import Early
from modcli.cascade.parts import Parts, parts_of
from modcli.cascade.prefilter import NO_GUARANTEE, PREFILTER, UntunedPrefilter, clauses
from modcli.embedders.base import EmbedderFacts
from modcli.embedders.scripted import ScriptedEmbedder
from modcli.errors import BackendError, Location
from modcli.item import Item
from modcli.profile import Action, Category, Profile, Shot, Task

SPAM = Category(
    "spam",
    Action.BLOCK,
    definition="The post sells cheap pills; it offers a free prize. Not spam: a friend who lends a book.",
    examples=(Shot("cheap pills online today"), Shot("claim your free prize now")),
    counterexamples=(Shot("which pills help against a headache"), Shot("she won a prize at school")),
)
RUDE = Category("rude", Action.WARN, definition="It calls somebody a stupid moron and an ugly idiot")


def profile(*categories: Category, task: Task = Task.MULTI_LABEL) -> Profile:
    return Profile("test", categories, task=task)


def parts(*texts: str) -> list[Parts]:
    return [parts_of(Item(str(i), text, Location("x"))) for i, text in enumerate(texts)]


def prefilter(*categories: Category, task: Task = Task.MULTI_LABEL) -> UntunedPrefilter:
    return UntunedPrefilter(profile(*categories, task=task), ScriptedEmbedder)


class Spoiled:
    """Vectors that are no numbers for texts with a word; of the bank's for all, where that is every text."""

    def __init__(self, word: str) -> None:
        self.facts = EmbedderFacts("spoiled", "0" * 64, 64, 1000)
        self._word, self._whole = word, ScriptedEmbedder()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._whole.embed(texts)
        vectors[[self._word in text for text in texts]] = np.nan
        return vectors


@pytest.mark.parametrize(
    "category",
    [
        SPAM,
        replace(SPAM, counterexamples=()),
        replace(SPAM, examples=(), counterexamples=()),
        replace(SPAM, examples=()),
    ],
    ids=["head", "prototype", "definition", "definition and counterexamples"],
)
def test_what_resembles_the_profile_ranks_first(category: Category) -> None:
    said = prefilter(category).log_odds(["buy cheap pills, a free prize", "the lake was warm this morning"])
    assert said.shape == (2, 1)
    assert said[0, 0] > said[1, 0] + 0.5
    assert said[1, 0] < 0.1


def test_every_item_gets_an_answer_that_is_its_own() -> None:
    stage: Early = prefilter(SPAM, RUDE)
    assert stage.decides_all
    assert stage.categories == ("spam", "rude")
    items = parts("cheap pills", "you stupid moron", "?!", "x" * 5000)
    together = stage.answers(items)
    for item, answer in zip(items, together, strict=True):
        assert answer is not None
        assert answer.stage == PREFILTER
        (alone,) = stage.answers([item])
        assert alone is not None
        np.testing.assert_allclose(alone.log_odds, answer.log_odds, atol=1e-5)
    assert stage.answers([]) == []
    assert stage.answers(parts("")) == [None], "there is nothing to read"
    assert stage.seconds[PREFILTER] > 0


def test_an_item_is_what_its_worst_window_is() -> None:
    stage = prefilter(SPAM)
    calm, bad = stage.answers([Parts(("good morning",), 1.0), Parts(("cheap pills free prize",), 1.0)])
    both, cut = stage.answers(
        [Parts(("good morning", "cheap pills free prize"), 1.0), Parts(("good morning",), 0.4)]
    )
    assert calm is not None
    assert bad is not None
    assert both is not None
    assert cut is not None
    np.testing.assert_allclose(both.log_odds, np.maximum(calm.log_odds, bad.log_odds), atol=1e-5)
    np.testing.assert_allclose(cut.log_odds, calm.log_odds, atol=1e-5)


def test_that_nothing_is_guaranteed_is_told_once() -> None:
    told: list[str] = []
    stage = UntunedPrefilter(profile(SPAM), ScriptedEmbedder, tell=told.append)
    assert not told
    for _ in range(2):
        stage.answers(parts("good morning"))
    assert told == [NO_GUARANTEE]


def test_log_odds_of_0_are_the_threshold() -> None:
    text = ["some cheap pills"]
    usual = prefilter(SPAM).log_odds(text)
    strict = prefilter(replace(SPAM, threshold=0.9)).log_odds(text)
    np.testing.assert_allclose(usual - strict, np.log(9), atol=1e-5)


def test_of_several_classes_the_most_probable_one_is_taken() -> None:
    stage = prefilter(SPAM, replace(RUDE, examples=(Shot("you stupid moron"),)), task=Task.MULTI_CLASS)
    said = stage.log_odds(
        ["cheap pills free prize today", "you stupid moron idiot", "good morning at the lake"]
    )
    assert ((said >= 0).sum(axis=1) <= 1).all()
    assert said[:2].argmax(axis=1).tolist() == [0, 1]


def test_a_category_of_which_nothing_is_known_is_left_out() -> None:
    stage = prefilter(Category("empty", Action.BLOCK), SPAM, Category("fine", Action.ALLOW, "anything nice"))
    assert stage.categories == ("spam",)
    nothing = prefilter(Category("empty", Action.BLOCK))
    (answer,) = nothing.answers(parts("good morning"))
    assert answer is not None
    assert answer.log_odds.shape == (0,)


def test_the_scope_is_of_profile_and_embedder() -> None:
    one = prefilter(SPAM).scope
    assert one == prefilter(SPAM).scope
    assert one != prefilter(RUDE).scope
    assert one != UntunedPrefilter(profile(SPAM), lambda: ScriptedEmbedder(32)).scope


def test_embeddings_that_are_not_finite_are_no_answer() -> None:
    stage = UntunedPrefilter(profile(SPAM), lambda: Spoiled("hopscotch"))
    found = stage.answers(parts("cheap pills", "hopscotch"))
    assert found[0] is not None
    assert found[1] is None
    with pytest.raises(BackendError, match="not finite"):
        UntunedPrefilter(profile(SPAM), lambda: Spoiled("")).answers(parts("x"))


def test_what_the_embedder_fails_at_is_lost_alone() -> None:
    class Failing(ScriptedEmbedder):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            if any("hopscotch" in text for text in texts):
                raise BackendError("out of breath")
            return super().embed(texts)

    told: list[str] = []
    stage = UntunedPrefilter(profile(SPAM), Failing, tell=told.append)
    found = stage.answers(parts("cheap pills", "hopscotch", "good morning"))
    assert [answer is None for answer in found] == [False, True, False]
    assert told == [NO_GUARANTEE, "an item cannot be embedded (out of breath)"]


def test_the_embedder_is_made_when_it_is_needed() -> None:
    def made() -> ScriptedEmbedder:
        raise BackendError("no embedder")

    stage = UntunedPrefilter(profile(SPAM), made)
    assert stage.answers(parts("")) == [None]
    with pytest.raises(BackendError, match="no embedder"):
        stage.answers(parts("x"))


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("", ()),
        ("Rude words.", ("Rude words.",)),
        ("It sells cheap pills; it begs. Not spam: a friend who asks.", ("It sells cheap pills",)),
        ("It is rude to others.\nIt is rude to others.", ("It is rude to others",)),
        ("Not anything at all here.", ("Not anything at all here.",)),
        ("A post that does not ask, and does not tell", ("A post that does not ask", "and does not tell")),
    ],
)
def test_clauses(definition: str, expected: tuple[str, ...]) -> None:
    assert clauses(Category("c", Action.BLOCK, definition)) == expected
