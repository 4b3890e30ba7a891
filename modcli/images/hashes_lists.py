"""Lists of perceptual hashes, as tools that share hashes write them: read, checked, joined and written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modcli.errors import Location, SourceError

#: Hexadecimal digits of a hash, by algorithm.
DIGITS = {"phash": 16, "pdq": 64}
MOST_BYTES = 1 << 30
FORMATS = ("csv", "json", "txt")
#: As the names of kinds are written elsewhere: ThreatExchange says HASH_PDQ, HMA says pdq.
_KINDS = {
    "phash": "phash",
    "pdq": "pdq",
    "hashpdq": "pdq",
    "hashphash": "phash",
    "pdqhash": "pdq",
    "imagehash": "phash",
}
_KIND_COLUMNS = ("algorithm", "signal_type", "hash_type", "type")
_HASH_COLUMNS = ("hash", "signal", "indicator", "signal_str", "value")
_NOTE_COLUMNS = ("note", "description", "metadata", "name", "id")
_DEPTH = 32
_SKIPPED = 20


@dataclass(frozen=True, slots=True)
class Hash:
    """A perceptual hash: `algorithm` is phash (64 bits, as ImageHash writes it) or pdq (256 bits, as ThreatExchange
    does), `value` its hexadecimal digits in lower case, `note` what its list says of it."""

    algorithm: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class HashList:
    """Hashes of one list under its name. `skipped` says, with its place, what of the file is no hash known here: at most
    20 of them, `unread` counts all."""

    name: str
    hashes: tuple[Hash, ...]
    skipped: tuple[str, ...] = ()
    unread: int = 0

    @classmethod
    def load(cls, path: Path, *, name: str = "") -> HashList:
        """A list from a file: CSV with a header (`hash`, and `algorithm` or `type`), JSON as HMA and ThreatExchange write
        it (a list, `data`, or an object a line), or one hash a line, with `#` before a remark.

        Raises SourceError where it cannot be read, or holds something and no hash at all.
        """
        try:
            if path.stat().st_size > MOST_BYTES:
                raise SourceError(
                    "a list of hashes this long is not read", location=Location(str(path)), hint="split it"
                )
            text = path.read_text("utf-8-sig")
        except (OSError, ValueError) as error:
            reason = "it is not UTF-8" if isinstance(error, ValueError) else error.strerror or str(error)
            raise SourceError(
                f"a list of hashes cannot be read: {reason}",
                location=Location(str(path)),
                hint="check the path",
            ) from error
        return cls.parse(text, name=name or path.stem, source=str(path))

    @classmethod
    def parse(cls, text: str, *, name: str, source: str = "") -> HashList:
        """As `load`, of a text. `source` is what errors call it."""
        source = source or name
        found: dict[tuple[str, str], Hash] = {}
        skipped: list[str] = []
        unread = 0
        for line, entry in _entries(text):
            if isinstance(entry, Hash):
                found.setdefault((entry.algorithm, entry.value), entry)
            else:
                unread += 1
                if len(skipped) < _SKIPPED:
                    skipped.append(f"{source}:{line}: {entry}" if line else f"{source}: {entry}")
        if unread and not found:
            raise SourceError(
                f"no hash in it: {skipped[0].partition(': ')[2]}",
                location=Location(source),
                hint="a hash is 16 hexadecimal digits (phash) or 64 (PDQ): one a line, a CSV column `hash`, or JSON",
            )
        return cls(name, tuple(found.values()), tuple(skipped), unread)

    def dump(self, form: str) -> str:
        """As a text: `csv` (algorithm, hash, note), `json` (`signal_type`, `signal`, `note`), or `txt`."""
        if form == "txt":
            return "".join(f"{each.value}\n" for each in self.hashes)
        if form == "json":
            rows = [
                {"signal_type": each.algorithm, "signal": each.value}
                | ({"note": each.note} if each.note else {})
                for each in self.hashes
            ]
            return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("algorithm", "hash", "note"))
        # A note is somebody else's: in a spreadsheet, what begins so would be a formula.
        guarded = (
            ("'" + each.note) if each.note[:1] in ("=", "+", "-", "@", "\t") else each.note
            for each in self.hashes
        )
        writer.writerows(
            (each.algorithm, each.value, note) for each, note in zip(self.hashes, guarded, strict=True)
        )
        return file.getvalue()


def _entries(text: str) -> Iterator[tuple[int, Hash | str]]:
    """Line (0 where it is not known) and hash, or what is wrong with it."""
    start = text.lstrip()[:1]
    if start in ("[", "{"):
        yield from _of_json(text)
        return
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    columns = [cell.strip().strip('"').lower() for cell in first.split(",")]
    names = any(column in _HASH_COLUMNS or column in DIGITS for column in columns)
    if names and not any(isinstance(_hash(cell, "", ""), Hash) for cell in columns):
        yield from _of_csv(text)
        return
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if content:
            yield number, _of_line(re.split(r"[\s,;]+", content), line.partition("#")[2].strip())


def _of_line(words: list[str], note: str) -> Hash | str:
    """`HASH`, `KIND HASH` or `HASH KIND`, and whatever else."""
    kind = next((word for word in words[:2] if _kind(word)), "")
    value = next((word for word in words[:2] if word != kind), "")
    return _hash(value, kind, note)


def _of_csv(text: str) -> Iterator[tuple[int, Hash | str]]:
    kept = ("\n" if line.startswith("#") else line for line in io.StringIO(text))
    reader = csv.DictReader(kept)
    try:
        for row in reader:
            cells = {
                (key or "").strip().lower(): value for key, value in row.items() if isinstance(value, str)
            }
            yield from ((reader.line_num, entry) for entry in _of_row(cells))
    except csv.Error as error:
        yield reader.line_num, str(error)


def _of_row(cells: dict[str, str]) -> Iterator[Hash | str]:
    """The hashes of one row or object: a column or key for each kind, or one for the hash and one for its kind."""
    note = next((cells[column] for column in _NOTE_COLUMNS if cells.get(column)), "")
    named = [(kind, cells[kind]) for kind in DIGITS if cells.get(kind)]
    if named:
        yield from (_hash(value, kind, note) for kind, value in named)
        return
    kind = next((cells[column] for column in _KIND_COLUMNS if cells.get(column)), "")
    value = next((cells[column] for column in _HASH_COLUMNS if cells.get(column)), "")
    yield _hash(value, kind, note)


def _of_json(text: str) -> Iterator[tuple[int, Hash | str]]:
    try:
        yield from ((0, entry) for entry in _of_value(json.loads(text), 0))
        return
    except (ValueError, RecursionError) as error:
        whole = str(error)
    if text.lstrip().startswith("["):
        yield 0, f"no JSON: {whole}"
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, f"no JSON: {error}"
                continue
            yield from ((number, entry) for entry in _of_value(value, 0))


def _of_value(value: Any, depth: int) -> Iterator[Hash | str]:
    """All hashes in a value of JSON, whatever it is wrapped in."""
    if depth > _DEPTH:
        yield "it nests too deep"
    elif isinstance(value, str):
        yield _hash(value, "", "")
    elif isinstance(value, list):
        for each in value:
            yield from _of_value(each, depth + 1)
    elif isinstance(value, dict):
        texts = {key.lower(): str(each) for key, each in value.items() if isinstance(each, str | int)}
        if any(column in texts for column in (*DIGITS, *_HASH_COLUMNS)):
            yield from _of_row(texts)
        else:
            for each in value.values():
                if isinstance(each, list | dict):
                    yield from _of_value(each, depth + 1)


def _kind(name: str) -> str:
    return _KINDS.get(re.sub(r"[^a-z]", "", name.lower()), "")


def _hash(value: str, kind: str, note: str) -> Hash | str:
    """A hash, or what is wrong: of 64 digits without a kind it is a PDQ one."""
    value = value.strip().lower().removeprefix("0x")
    algorithm = _kind(kind)
    if kind and not algorithm:
        return f"hashes of the kind {kind[:40]!r} are not compared"
    if not re.fullmatch(r"[0-9a-f]+", value):
        return f"{value[:40]!r} is no hash"
    algorithm = algorithm or next((name for name, digits in DIGITS.items() if digits == len(value)), "")
    if not algorithm or len(value) != DIGITS[algorithm]:
        return f"{value[:40]!r} has {len(value)} digits, not 16 (phash) or 64 (PDQ)"
    return Hash(algorithm, value, note.strip()[:500])


def joined(lists: Iterable[HashList], name: str) -> HashList:
    """One list of several, each hash once."""
    found: dict[tuple[str, str], Hash] = {}
    for each in lists:
        for entry in each.hashes:
            found.setdefault((entry.algorithm, entry.value), entry)
    return HashList(name, tuple(found.values()))
