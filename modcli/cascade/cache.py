"""The verdict cache: an item judged once under a profile, prompt and model is not judged again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from modcli.profile import Action
from modcli.states.database import connect, number, rows_of, transaction
from modcli.verdict import CategoryVerdict, Verdict

_SCHEMA = "CREATE TABLE verdicts (key BLOB PRIMARY KEY, verdict TEXT NOT NULL) WITHOUT ROWID"
_VERSION = 1


class VerdictCache:
    """Verdicts by content, for one `scope`: a text that names all else a verdict depends on (the digests of profile
    and model, prompt version, stage). Safe with several processes."""

    def __init__(self, file: Path, scope: str) -> None:
        self._database = connect(file, _SCHEMA, version=_VERSION)
        self._scope = scope

    def get(self, digests: Sequence[str]) -> dict[str, Verdict]:
        """The verdicts known, by item digest. Their ids are empty: equal items share a verdict, not an id."""
        keys = {self._key(digest): digest for digest in digests}
        known = "SELECT key, verdict FROM verdicts WHERE key IN {keys}"
        rows = rows_of(self._database, known, list(keys))
        return {keys[key]: _decoded(json.loads(text)) for key, text in rows}

    def put(self, verdicts: Mapping[str, Verdict]) -> None:
        """Keep verdicts by item digest. Raises sqlite3.Error where they cannot be written."""
        with transaction(self._database):
            self._database.executemany(
                "INSERT OR REPLACE INTO verdicts VALUES (?, ?)",
                ((self._key(digest), _encoded(verdict)) for digest, verdict in verdicts.items()),
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _key(self, digest: str) -> bytes:
        return hashlib.sha256(f"{self._scope}\0{digest}".encode()).digest()[:16]


def count(file: Path) -> int:
    """How many verdicts a cache file holds; 0 where there is none."""
    return number(file, "SELECT COUNT(*) FROM verdicts")


def _encoded(verdict: Verdict) -> str:
    categories = {
        name: [c.probability, c.threshold, c.action.value, c.exempted_by, list(c.shots)]
        for name, c in verdict.categories.items()
    }
    told: list[object] = [
        *(verdict.action.value, categories, verdict.stage, verdict.reason),
        *(verdict.model, verdict.profile, verdict.read),
    ]
    if verdict.picture is not None:
        told += [verdict.part, list(verdict.untold), dict(verdict.picture)]
    return json.dumps(told, ensure_ascii=True)


def _decoded(stored: list[object]) -> Verdict:
    action, categories, stage, reason, model, profile, read, *shown = stored
    assert isinstance(categories, dict)  # noqa: S101 -- for the type checker: written by _encoded
    part, untold, picture = shown or ("", [], None)
    assert isinstance(untold, list)  # noqa: S101
    assert picture is None or isinstance(picture, dict)  # noqa: S101
    return Verdict(
        id="",
        action=Action(str(action)),
        categories={
            name: CategoryVerdict(p, threshold, Action(to_do), exempted_by, tuple(shots))
            for name, (p, threshold, to_do, exempted_by, shots) in categories.items()
        },
        stage=str(stage),
        reason=str(reason),
        model=str(model),
        profile=str(profile),
        read=float(str(read)),
        cached=True,
        part=str(part),
        untold=tuple(untold),
        picture=picture,
    )
