"""The first tier: which pieces of words and which words occur in a text. Faster than any transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modcli.errors import MissingExtraError

#: Changes whenever a text would have other features: a part of every key.
VERSION = 1
#: Features of each of the two kinds; what falls on the same one is not told apart.
_SIZE = 1 << 18
_WORDS, _PIECES = (1, 2), (2, 4)


class NGrams:
    """Words and pairs of words, and pieces of two to four characters within words, hashed. Raises MissingExtraError
    where scikit-learn is not installed."""

    def __init__(self) -> None:
        try:
            from scipy.sparse import csr_matrix, hstack
            from sklearn.feature_extraction.text import HashingVectorizer
        except ImportError as error:
            raise MissingExtraError(
                f"the first tier needs scikit-learn ({error})", hint="pip install 'modcli[prefilter]'"
            ) from error
        common = {"n_features": _SIZE, "alternate_sign": False, "binary": True, "norm": "l2"}
        self._kinds = (
            HashingVectorizer(analyzer="word", ngram_range=_WORDS, **common),
            HashingVectorizer(analyzer="char_wb", ngram_range=_PIECES, **common),
        )
        self._hstack, self._none = hstack, csr_matrix((0, 2 * _SIZE))

    def features(self, texts: Sequence[str]) -> Any:
        """A sparse matrix (texts, features); a text without a word has a row of zeros in the first half."""
        if not len(texts):
            return self._none
        # Half a surrogate pair cannot be hashed.
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        return self._hstack([kind.transform(readable) for kind in self._kinds]).tocsr()
