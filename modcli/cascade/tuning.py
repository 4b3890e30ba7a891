"""What `modcli tune` keeps for a profile: a sample of the user's own posts, by the profile's digest."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modcli.cascade.replacing import replacing

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Tuning:
    """`profile` and `digest`: the name and the content of the profile that was tuned; `sample`: the posts. `learned` is
    what is told of each category, in JSON's terms, and `model` is the digest of the weights that said it; both are empty
    where it was not kept."""

    profile: str
    digest: str
    sample: tuple[str, ...]
    learned: tuple[dict[str, Any], ...] = ()
    model: str = ""


def load_tuning(folder: Path, digest: str) -> Tuning | None:
    """What is kept for a profile of this digest; None where there is nothing, or nothing that can be read."""
    return _read(folder / f"{digest}.json")


def outdated(folder: Path, name: str, digest: str) -> Tuning | None:
    """What is kept for a profile of this name but another content, the latest: most likely as it was before an edit."""
    with suppress(OSError):
        for file in sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True):
            found = _read(file)
            if found is not None and found.profile == name and found.digest != digest:
                return found
    return None


def save_tuning(folder: Path, tuning: Tuning) -> None:
    """Keep it, beside what there is for other profiles and earlier forms of this one. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    record = {"version": _VERSION, **asdict(tuning)}
    with replacing(folder / f"{tuning.digest}.json") as unfinished:
        unfinished.write_text(json.dumps(record, ensure_ascii=False), "utf-8")


def forget_tuning(folder: Path, digest: str) -> bool:
    """Delete what is kept for a profile as it is; whether there was any. Raises OSError."""
    file = folder / f"{digest}.json"
    found = file.is_file()
    file.unlink(missing_ok=True)
    return found


def drawn(texts: Iterable[str], count: int, seed: int = 0) -> list[str]:
    """At most `count` of the texts, each with the same chance, in one pass; equal texts count once, empty ones never."""
    chance = random.Random(seed)  # noqa: S311 -- a sample, no secret
    seen: set[bytes] = set()
    kept: list[str] = []
    for text in texts:
        key = hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).digest()[:12]
        if not text.strip() or key in seen:
            continue
        seen.add(key)
        if len(kept) < count:
            kept.append(text)
        elif (place := chance.randrange(len(seen))) < count:
            kept[place] = text
    return kept


def drawn_apart(texts: Iterable[str], count: int, more: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Two samples without a text in common, as `drawn` draws them: of at most `count`, and of at most `more` from the
    rest."""
    pool = drawn(texts, count + more, seed)
    if more:
        # A pool is no random order: its first texts are likely the first that came. The chances that drew it may not be
        # used once more: they would move the same texts to the same places.
        random.Random(f"apart {seed}").shuffle(pool)  # noqa: S311 -- a sample, no secret
    return pool[:count], pool[count:]


def _read(file: Path) -> Tuning | None:
    try:
        found = json.loads(file.read_text("utf-8"))
        if found["version"] != _VERSION:
            return None
        learned = tuple(dict(record) for record in found.get("learned", ()))
        sample = tuple(map(str, found["sample"]))
        return Tuning(
            str(found["profile"]), str(found["digest"]), sample, learned, str(found.get("model", ""))
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
