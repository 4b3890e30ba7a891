"""The score store: label log-probabilities by model, prompt, question and content. A pass at full depth is dear."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modcli.prompts.prompt import Prefix, Question
from modcli.states.database import connect, rows_of, transaction

Floats = NDArray[np.float64]

_SCHEMA = "CREATE TABLE scores (key BLOB PRIMARY KEY, log_probabilities BLOB NOT NULL) WITHOUT ROWID"
_VERSION = 1


class ScoreStore:
    """Log-probabilities over a question's labels, of one model. Safe with several processes.

    Its methods raise OSError or sqlite3.Error where the file cannot be read or written.
    """

    def __init__(self, file: Path, *, model: str) -> None:
        self._database = connect(file, _SCHEMA, version=_VERSION)
        self._model = model

    def get(self, prefix: Prefix, question: Question, contents: Sequence[bytes]) -> dict[bytes, Floats]:
        """What is known: by content key (`content_key`), an array of shape (labels,)."""
        keys = {self._key(prefix, question, content): content for content in contents}
        known = "SELECT key, log_probabilities FROM scores WHERE key IN {keys}"
        rows = rows_of(self._database, known, list(keys))
        return {keys[key]: np.frombuffer(blob, "<f8") for key, blob in rows}

    def put(self, prefix: Prefix, question: Question, found: Mapping[bytes, Floats]) -> None:
        """Keep log-probabilities by content key."""
        with transaction(self._database):
            self._database.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?, ?)",
                (
                    (self._key(prefix, question, content), np.asarray(values, "<f8").tobytes())
                    for content, values in found.items()
                ),
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _key(self, prefix: Prefix, question: Question, content: bytes) -> bytes:
        asked = "\0".join((self._model, prefix.digest, question.text, *question.labels))
        return hashlib.sha256(asked.encode() + b"\0" + content).digest()[:16]
