"""What somebody has looked at and lets stand: suppressions with a reason and a last day, and baselines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from modcli.errors import Location, ProfileError, SettingsError
from modcli.profiles import marked

#: Where suppressions are looked for, in the current folder.
FILE_NAME = ".modcli-skills.yaml"
BASELINE_VERSION = 1
_MOST_BYTES = 5_000_000
_KEYS = ("rule", "path", "fingerprint", "reason", "expires", "skill")
_NEEDED = _KEYS[:-1]
_HEX = re.compile(r"[0-9a-f]{16}([0-9a-f]{48})?")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One finding that is known and let stand.

    `fingerprint` is the finding's, 16 hex digits, or the SHA-256 of the whole file, 64: then it holds for all that the
    rule finds in it, as long as the file stays as it is. It holds until the end of the day `expires`. `skill` is the name
    of the skill that it is for (empty: of any).
    """

    rule: str
    path: str
    fingerprint: str
    reason: str
    expires: date
    location: Location
    skill: str = ""

    def matches(self, mark: Mark) -> bool:
        """Whether it is for this finding."""
        same = self.rule == mark.rule and self.path == mark.path and self.skill in ("", mark.skill)
        return same and self.fingerprint in (mark.fingerprint, mark.file_digest)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a finding is known by: its skill's name, its rule, path and fingerprint, and the SHA-256 of its file, hex."""

    skill: str
    rule: str
    path: str
    fingerprint: str
    file_digest: str = ""


@dataclass(frozen=True, slots=True)
class Let:
    """Why a finding does not count: `kind` is `suppressed` or `baseline`; of a suppression its reason, its last day and
    where it is written."""

    kind: str
    reason: str
    expires: date | None = None
    location: Location | None = None


class Known:
    """Suppressions and a baseline, asked finding by finding. `today` is the day on which they are to hold."""

    def __init__(
        self, suppressions: Sequence[Suppression] = (), baseline: Iterable[Mark] = (), *, today: date
    ) -> None:
        self._suppressions = tuple(suppressions)
        self._baseline = {(m.skill, m.rule, m.path, m.fingerprint) for m in baseline}
        self._today = today
        self._used: set[Suppression] = set()

    def let(self, mark: Mark) -> Let | None:
        """Why a finding does not count; None where it does. What has expired lets nothing stand."""
        for one in self._suppressions:
            if one.matches(mark):
                self._used.add(one)
                if one.expires >= self._today:
                    return Let("suppressed", one.reason, one.expires, one.location)
        if (mark.skill, mark.rule, mark.path, mark.fingerprint) in self._baseline:
            return Let("baseline", "in the baseline")
        return None

    def expired(self, mark: Mark) -> Suppression | None:
        """The suppression that would let a finding stand, had it not expired."""
        return next(
            (one for one in self._suppressions if one.matches(mark) and one.expires < self._today), None
        )

    @property
    def lapsed(self) -> list[Suppression]:
        """Those that have expired."""
        return [one for one in self._suppressions if one.expires < self._today]

    @property
    def unused(self) -> list[Suppression]:
        """Those that nothing has matched until now."""
        return [one for one in self._suppressions if one not in self._used]


def read_suppressions(path: Path) -> list[Suppression]:
    """The suppressions of a file. Raises SettingsError, with file and line, for one that lacks a reason or a date, or is
    not understood in any other way: half a suppression lets nothing stand, and nobody would know."""
    text = _text_of(path)
    if not text.strip():
        return []
    try:
        tree = marked.parse(text, str(path))
    except ProfileError as error:
        raise SettingsError(error.message, location=error.location, hint=error.hint) from error
    data = tree.data
    if data is None:
        return []
    if not isinstance(data, dict) or set(data) - {"suppressions"} or not _is_list(data.get("suppressions")):
        raise SettingsError(
            "is not a list of `suppressions:`",
            location=Location(str(path), 1),
            hint=f"each with {', '.join(_NEEDED)}; see docs/skills.md",
        )
    entries = data["suppressions"] or []
    return [_one(entry, tree.location(("suppressions", i))) for i, entry in enumerate(entries)]


def read_baseline(path: Path) -> list[Mark]:
    """The findings of a baseline. Raises SettingsError for a file that is none."""
    try:
        data = json.loads(_text_of(path))
        if data["version"] != BASELINE_VERSION:
            raise ValueError(f"version {data['version']!r} is not known")
        fields = ("skill", "rule", "path", "fingerprint")
        return [Mark(*(str(entry[name]) for name in fields)) for entry in data["findings"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingsError(
            f"is no baseline ({type(error).__name__}: {error})",
            location=Location(str(path)),
            hint="`modcli check --skill ... --write-baseline FILE` writes one",
        ) from error


def baseline_bytes(marks: Iterable[Mark]) -> bytes:
    """A baseline as it is written: sorted, so that two of them can be compared line by line."""
    entries = sorted({(m.skill, m.rule, m.path, m.fingerprint) for m in marks})
    lines = [
        json.dumps(dict(zip(("skill", "rule", "path", "fingerprint"), entry, strict=True)))
        for entry in entries
    ]
    body = ",\n  ".join(lines)
    return f'{{"version": {BASELINE_VERSION}, "findings": [\n  {body}\n]}}\n'.encode()


def _one(entry: Any, where: Location) -> Suppression:
    if not isinstance(entry, dict):
        raise SettingsError("a suppression is a mapping", location=where, hint=f"with {', '.join(_NEEDED)}")
    given = {key: str(value).strip() for key, value in entry.items() if value is not None}
    strange, missing = set(given) - set(_KEYS), [key for key in _NEEDED if not given.get(key)]
    if strange:
        raise SettingsError(
            f"unknown key '{min(strange)}'", location=where, hint=f"there is {', '.join(_KEYS)}"
        )
    if missing:
        raise SettingsError(
            f"a suppression needs {' and '.join(missing)}", location=where, hint="see docs/skills.md"
        )
    if not _HEX.fullmatch(given["fingerprint"]):
        raise SettingsError(
            f"{given['fingerprint']!r} is no fingerprint",
            location=where,
            hint="16 hex digits of a finding, or the 64 of a file's SHA-256",
        )
    try:
        expires = date.fromisoformat(given["expires"])
    except ValueError as error:
        raise SettingsError(
            f"`expires` is {given['expires']!r}, not a day", location=where, hint="as in 2031-12-31"
        ) from error
    return Suppression(
        given["rule"],
        given["path"],
        given["fingerprint"],
        given["reason"],
        expires,
        where,
        given.get("skill", ""),
    )


def _is_list(value: Any) -> bool:
    return value is None or isinstance(value, list)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", location=Location(str(path))) from error
    if len(raw) > _MOST_BYTES:
        raise SettingsError(f"is larger than {_MOST_BYTES:,} bytes", location=Location(str(path)))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("is not UTF-8", location=Location(str(path))) from error
