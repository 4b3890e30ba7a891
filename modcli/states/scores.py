"""The score store: label log-probabilities by model, prompt, question and content. A pass at full depth is dear."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modcli.prompts.prompt import Prefix, Question
from modcli.states.database import connect

Floats = NDArray[np.float64]

_SCHEMA = "CREATE TABLE scores (key BLOB PRIMARY KEY, log_probabilities BLOB NOT NULL) WITHOUT ROWID"
_VERSION = 1
_AT_ONCE = 900


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
        found: dict[bytes, Floats] = {}
        ordered = list(keys)
        for start in range(0, len(ordered), _AT_ONCE):
            part = ordered[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            for key, blob in self._database.execute(
                f"SELECT key, log_probabilities FROM scores WHERE key IN ({marks})",  # noqa: S608 -- question marks only
                part,
            ):
                found[keys[key]] = np.frombuffer(blob, "<f8")
        return found

    def put(self, prefix: Prefix, question: Question, found: Mapping[bytes, Floats]) -> None:
        """Keep log-probabilities by content key."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?, ?)",
                (
                    (self._key(prefix, question, content), np.asarray(values, "<f8").tobytes())
                    for content, values in found.items()
                ),
            )
            self._database.execute("COMMIT")
        except BaseException:
            # Interrupted right after the COMMIT, there is nothing to take back.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _key(self, prefix: Prefix, question: Question, content: bytes) -> bytes:
        asked = "\0".join((self._model, prefix.digest, question.text, *question.labels))
        return hashlib.sha256(asked.encode() + b"\0" + content).digest()[:16]
