"""Baselines of logistic regression, on TF-IDF and on embeddings; scikit-learn fits them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_union

from modcli.embedders.base import Embedder
from modcli.evaluation.baselines import Baseline, Floats, Truth, each_against_rest, majority
from modcli.evaluation.predictions import LabelledRow

#: The inverse penalties that cross-validation chooses from, and the one that is used for a handful of rows.
_PENALTIES, _USUAL_PENALTY = (1.0, 10.0, 100.0), 10.0
#: Rows of the rarer side from which on cross-validation chooses, and its folds.
_ENOUGH, _FOLDS = 20, 5
_ITERATIONS = 2000
#: Words of one letter too.
_WORD = r"(?u)\b\w+\b"


def tfidf_regression(
    train: Sequence[LabelledRow], test: Sequence[LabelledRow], categories: Sequence[str], seed: int
) -> Floats:
    """Logistic regression on TF-IDF of words and pairs of words, and of 2 to 5 characters within words."""
    if not any(row.item.text.strip() for row in train):
        return majority(train, test, categories, seed)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    features = [characters]
    if any(_words(row.item.text) for row in train):
        features += [TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_WORD)]
    union = make_union(*features)
    fitted = union.fit_transform([row.item.text for row in train])
    tested = union.transform([row.item.text for row in test]) if test else np.empty((0, fitted.shape[1]))
    return _one_against_rest(fitted, tested, train, categories, seed)


class EmbeddingRegression:
    """Logistic regression on embeddings. The embedder is made when it is first needed; each text is embedded once,
    however often it is asked for."""

    def __init__(self, make: Callable[[], Embedder]) -> None:
        self._make = make
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(
        self, train: Sequence[LabelledRow], test: Sequence[LabelledRow], categories: Sequence[str], seed: int
    ) -> Floats:
        """See Learner."""
        return _one_against_rest(self._embed(train), self._embed(test), train, categories, seed)

    @cached_property
    def _embedder(self) -> Embedder:
        return self._make()

    def _embed(self, rows: Sequence[LabelledRow]) -> NDArray[np.float32]:
        new = list(dict.fromkeys(row.item.text for row in rows if row.item.text not in self._known))
        self._known.update(zip(new, self._embedder.embed(new), strict=True))
        vectors = [self._known[row.item.text] for row in rows]
        return np.array(vectors, np.float32).reshape(len(rows), self._embedder.facts.dim)


TFIDF = Baseline("TF-IDF, logistic regression", tfidf_regression, folds=True)


def embedding_baseline(name: str, make: Callable[[], Embedder] | None, *, missing: str = "") -> Baseline:
    """Logistic regression on the vectors of an embedder of this name; where there is none, `missing` says why."""
    learn = EmbeddingRegression(make) if make is not None else None
    return Baseline(f"{name} embeddings, logistic regression", learn, folds=True, missing=missing)


def _one_against_rest(
    fitted: Any, tested: Any, train: Sequence[LabelledRow], categories: Sequence[str], seed: int
) -> Floats:
    """By features of the train and test rows, each of shape (rows, features)."""

    def learn(known: NDArray[np.intp], labels: Truth) -> Floats:
        if not tested.shape[0]:
            return np.empty(0)
        model = _regression(labels, seed).fit(fitted[known], labels)
        return np.asarray(model.predict_proba(tested)[:, 1], np.float64)

    return each_against_rest(train, tested.shape[0], categories, learn)


def _regression(labels: Truth, seed: int) -> Any:
    model = LogisticRegression(C=_USUAL_PENALTY, max_iter=_ITERATIONS)
    if min(labels.sum(), len(labels) - labels.sum()) < _ENOUGH:
        return model
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    return GridSearchCV(model, {"C": _PENALTIES}, scoring="neg_log_loss", cv=folds)


def _words(text: str) -> bool:
    return any(character.isalnum() or character == "_" for character in text)
