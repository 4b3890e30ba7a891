from __future__ import annotations

import numpy as np
import pytest

from modcli.embedders.scripted import ScriptedEmbedder
from modcli.evaluation.baselines import Learner
from modcli.evaluation.baselines_regression import (
    EmbeddingRegression,
    embedding_baseline,
    tfidf_regression,
)
from modcli.evaluation.predictions import LabelledRow
from tests.evaluation.test_baselines import row

SPAM, HAM = "win a prize now claim cash", "lunch with mum at home later"
TEST = [row("claim your prize", "spam"), row("home for lunch"), row("cash prize now", "spam"), row("")]


class Counting(ScriptedEmbedder):
    """Counts what it is asked to embed."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed(self, texts):  # type: ignore[no-untyped-def]
        self.texts += texts
        return super().embed(texts)


def rows_of(count: int) -> list[LabelledRow]:
    """Shuffled words of either kind and a number, so that no two are alike."""
    generator = np.random.default_rng(0)
    found = []
    for i in range(count):
        words = list(generator.permutation((SPAM if i % 2 else HAM).split())[:4])
        found.append(row(" ".join([*words, str(i)]), *(["spam"] if i % 2 else [])))
    return found


@pytest.fixture(params=["tfidf", "embeddings"])
def learn(request: pytest.FixtureRequest) -> Learner:
    return tfidf_regression if request.param == "tfidf" else EmbeddingRegression(ScriptedEmbedder)


@pytest.mark.parametrize("count", [8, 80])  # a usual penalty, and one chosen by cross-validation
def test_tells_two_kinds_apart(learn: Learner, count: int) -> None:
    found = learn(rows_of(count), TEST, ["spam"], 0)
    assert found.shape == (4, 1)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found[:3, 0] > 0.5).tolist() == [True, False, True]
    np.testing.assert_array_equal(found, learn(rows_of(count), TEST, ["spam"], 0))


def test_several_categories_with_unknown_labels(learn: Learner) -> None:
    train = [row("stupid fool", "rude"), row("you fool", "rude", unknown=["spam"]), *rows_of(8)]
    found = learn(train, [row("fool"), row("prize cash")], ["spam", "rude", "absent"], 0)
    assert found[0, 1] > found[1, 1]
    assert found[1, 0] > found[0, 0]
    assert found[:, 2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        ([], 0.5),
        ([row("a", "spam")], 1.0),
        ([row(""), row("  ", "spam")], 0.5),  # no text at all
    ],
)
def test_nothing_to_learn_from(learn: Learner, train: list[LabelledRow], expected: float) -> None:
    np.testing.assert_allclose(learn(train, TEST, ["spam"], 0), expected)


def test_texts_without_a_word(learn: Learner) -> None:
    found = learn([row("!!!", "spam"), row("...")], [row("!!!")], ["spam"], 0)
    assert found.shape == (1, 1)


def test_nothing_to_judge(learn: Learner) -> None:
    assert learn(rows_of(8), [], ["spam"], 0).shape == (0, 1)


def test_a_text_is_embedded_once() -> None:
    embedder = Counting()
    learn = EmbeddingRegression(lambda: embedder)
    assert not embedder.texts
    for seed in range(2):
        learn(rows_of(8), [*TEST, *TEST], ["spam"], seed)
    assert sorted(embedder.texts) == sorted(row.item.text for row in [*rows_of(8), *TEST])


def test_without_an_embedder_the_reason_is_told() -> None:
    found = embedding_baseline("minilm-l6", None, missing="torch is not here")
    assert found.learn is None
    assert found.missing == "torch is not here"
    assert "minilm-l6" in found.name
