"""Front matter, as YAML where it is, and as what was meant where it is not.

A file is never left out because its front matter is damaged: that would be a way to hide it. Every repair is noted.
Nothing is ever built from a tag, aliases are followed no further than a limit on all values together, and what is nested
or long beyond reason stays text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import yaml

from modcli.skills.skill import Front

#: Longer front matter is read line by line, not as YAML.
MOST_CHARACTERS = 1 << 16
#: Front matter that does not end within so many characters has no end.
MOST_SEARCHED = 1 << 20
#: Deeper values, and more of them or of their characters, aliases counted as what they stand for, are not read.
DEEPEST, MOST_VALUES, MOST_EXPANDED = 20, 10_000, 1 << 18
#: More keys of damaged front matter are not read.
MOST_KEYS = 1_000
#: Without a closing fence, front matter goes no further than this.
MOST_UNCLOSED = 200

_KEY = re.compile(r"""(["']?)([^\W\d][\w.-]*)\1[ \t]*:(?=[ \t\r]|$)""")
_COMMENT = re.compile(r"\s*<!--.*-->\s*")
_CLOSING = re.compile(r"(?:-{3,}|\.{3})[ \t\r]*")
_OPENING = re.compile(r"-{3,}[ \t\r]*")
#: What YAML does not let into a stream (YAML 1.1, section 5.1), and what breaks a line for it alone.
_UNPRINTABLE = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONSTANTS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _NotYaml(ValueError):
    """Why text is not read as YAML, and on which of its lines (from 0)."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line


def read_front(text: str) -> Front:
    """The front matter at the start of a Markdown text. Scalars are strings, save true, false and null; of a key that
    stands twice the last value counts. A Front without fields, and with a body from line 1, where there is none. Raises
    nothing."""
    # Only where no other line ending is: lines are counted by these everywhere.
    text = text[:MOST_SEARCHED]
    lines = text.split("\n" if "\n" in text else "\r")
    reading = _Reading()
    begin, end, body = _bounds(lines, reading)
    if end <= begin:
        return Front(notes=tuple(reading.notes), body_line=body)
    block = [line.removesuffix("\r") for line in lines[begin:end]]
    reading.first = begin + 1
    try:
        reading.document("\n".join(block))
    except _NotYaml as error:
        reading.fields.clear()
        reading.lines.clear()
        reading.note(error.line, f"is not YAML: {error}")
        reading.pieces(block)
    return Front(reading.fields, reading.lines, body, tuple(sorted(set(reading.notes))))


def read_manifest(text: str) -> Front:
    """A JSON manifest (`plugin.json`) in the form of front matter: its keys, values and their lines. Raises nothing."""
    reading = _Reading(first=1)
    try:
        reading.document(text.replace("\r\n", "\n"))
        placed = dict(reading.lines)
    except _NotYaml:
        placed = {}
    try:
        value = json.loads(text) if len(text) <= 1 << 20 else None
    except (ValueError, RecursionError) as error:
        note = (getattr(error, "lineno", 0), f"is not JSON: {error}")
        return Front(reading.fields, placed, notes=(note,)) if placed else Front(notes=(note,))
    if not isinstance(value, dict):
        return Front(notes=((1, "is not a JSON object"),))
    return Front(value, {key: placed.get(key, 1) for key in value}, notes=tuple(reading.notes))


def _bounds(lines: list[str], reading: _Reading) -> tuple[int, int, int]:
    """Where front matter begins and ends among the lines (from 0, the end excluded), and the line (from 1) on which the
    body begins."""
    top = next((i for i, line in enumerate(lines) if line.strip() and not _COMMENT.fullmatch(line)), 0)
    if _OPENING.fullmatch(lines[top]):
        if top:
            reading.notes.append((top + 1, "front matter does not begin on the first line"))
        if len(lines[top].rstrip()) > 3:
            reading.notes.append((top + 1, "the opening fence is longer than `---`"))
        begin = _unheaded(lines, top + 1, reading)
    elif lines[top].startswith(("name:", "description:")) and _closing(lines, top, MOST_UNCLOSED) is not None:
        reading.notes.append((top + 1, "front matter has no opening `---`"))
        begin = top
    else:
        return 0, 0, 1
    end = _closing(lines, begin, len(lines))
    if end is not None and not _is_far(lines, begin, end):
        if len(lines[end].rstrip()) > 3 or lines[end].startswith("."):
            reading.notes.append((end + 1, "the closing fence is not `---`"))
        return begin, end, end + 2
    end = _unclosed(lines, begin)
    if end > begin:
        reading.notes.append((begin + 1, "front matter has no closing `---`"))
    return begin, end, end + 1


def _unheaded(lines: list[str], begin: int, reading: _Reading) -> int:
    """Where the keys begin: formatters of Markdown take front matter without an end for a heading, and write it so."""
    first = next((i for i in range(begin, min(len(lines), begin + 3)) if lines[i].strip()), begin)
    heading = re.match(r"#{1,6} +", lines[first]) if first < len(lines) else None
    if heading is None or not _KEY.match(lines[first][heading.end() :]):
        return begin
    lines[first] = lines[first][heading.end() :]
    reading.notes.append((first + 1, "front matter is written as a heading"))
    return first


def _closing(lines: list[str], begin: int, most: int) -> int | None:
    return next(
        (i for i in range(begin, min(len(lines), begin + most)) if _CLOSING.fullmatch(lines[i])), None
    )


def _is_far(lines: list[str], begin: int, end: int) -> bool:
    """Whether what would close front matter is a rule of the body: a heading and prose stand before it."""
    before = lines[begin:end]
    return any(
        line.startswith("# ") and not before[i - 1].strip() for i, line in enumerate(before) if i
    ) and not any(_KEY.match(line) for line in before[-3:])


def _unclosed(lines: list[str], begin: int) -> int:
    """Where front matter without a closing fence ends: at an empty line, or at a heading."""
    if begin >= len(lines) or not _KEY.match(lines[begin]):
        return begin
    last = min(len(lines), begin + MOST_UNCLOSED)
    stop = (
        i for i in range(begin, last) if not lines[i].strip() or lines[i].startswith(("# ", "## ", "```"))
    )
    return next(stop, last)


@dataclass
class _Reading:
    """What was read so far. `first` is the line of the file on which the text that is read begins."""

    first: int = 1
    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)
    _values: int = 0
    _characters: int = 0
    _anchors: dict[str, tuple[Any, int, int]] = field(default_factory=dict)

    def note(self, line: int, what: str) -> None:
        """Note something of a line, counted from 0 in the text that is read."""
        self.notes.append((self.first + line, what))

    def document(self, text: str, shift: int = 0) -> None:
        """Read a mapping in YAML; `shift` lines stand before it. Raises _NotYaml, with what came before it read."""
        if len(text) > MOST_CHARACTERS:
            raise _NotYaml(f"{len(text):,} characters; the most that are read so are {MOST_CHARACTERS:,}")
        cleaned = _UNPRINTABLE.sub("\ufffd", text)
        if cleaned != text:
            self.note(shift, "holds characters that YAML does not allow")
        events = _events(cleaned)
        try:
            for event in events:
                if isinstance(event, yaml.MappingStartEvent):
                    self._mapping(events, shift)
                    break
                if isinstance(event, yaml.NodeEvent):
                    raise _NotYaml("it has no keys", _line(event))
            # The rest is gone through for what is wrong with it.
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    raise _NotYaml("a second document", _line(event))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise _NotYaml(error.problem or "not understood", mark.line if mark else 0) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            if isinstance(error, _NotYaml):
                raise
            raise _NotYaml(str(error).partition("\n")[0]) from error

    def _mapping(self, events: Iterator[yaml.Event], shift: int) -> None:
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            line = _line(event) + shift
            key = _as_key(self._value(event, events, 1, shift))
            self.put(key, self._value(next(events), events, 1, shift), line)

    def put(self, key: str, value: Any, line: int) -> None:
        """Keep the value of a key that stands on a line."""
        if key in self.fields:
            self.note(line, f"`{key}` stands twice; the last one counts")
        self.fields[key] = value
        self.lines[key] = self.first + line

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int, shift: int) -> Any:
        line = _line(event) + shift
        self._values += 1
        if depth > DEEPEST or self._values > MOST_VALUES:
            raise _NotYaml("it is nested too deeply, or holds too many values", line - shift)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", line)
        if tag := getattr(event, "tag", None):
            self.note(line, f"the tag `{tag}` was not obeyed")
        before = self._values, self._characters
        value = self._built(event, events, depth, shift)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = value, self._values - before[0] + 1, self._characters - before[1]
        return value

    def _alias(self, name: str, line: int) -> Any:
        value, values, characters = self._anchors.get(name, (None, MOST_VALUES, 0))
        if self._values + values > MOST_VALUES or self._characters + characters > MOST_EXPANDED:
            self.note(line, f"the alias `*{name}` was not followed")
            return f"*{name}"
        self._values += values
        self._characters += characters
        return value

    def _built(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int, shift: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            self._characters += len(event.value)
            return _CONSTANTS.get(event.value, event.value) if not event.style else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._value(event, events, depth + 1, shift))
            return items
        found: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = _line(event) + shift
            key = _as_key(self._value(event, events, depth + 1, shift))
            if key in found:
                self.note(line, f"`{key}` stands twice; the last one counts")
            found[key] = self._value(next(events), events, depth + 1, shift)
        return found

    def pieces(self, block: list[str]) -> None:
        """Read key by key what is no YAML as a whole."""
        starts = [i for i, line in enumerate(block) if _KEY.match(line)]
        if any(
            line.strip() and not line.lstrip().startswith("#")
            for line in block[: (starts or [len(block)])[0]]
        ):
            self.note(0, "lines before the first key")
        if len(starts) > MOST_KEYS:
            self.note(starts[MOST_KEYS], f"{len(starts):,} keys: those from here on were not read")
        for start, end in list(pairwise([*starts, len(block)]))[:MOST_KEYS]:
            piece = block[start:end]
            attempt = replace(self, fields={}, lines={}, notes=[])
            try:
                attempt.document("\n".join(piece), start)
                ((key, value),) = attempt.fields.items()
                self.notes += attempt.notes
            except ValueError:
                key, value = _plainly(piece)
                self.note(start, f"`{key}` is not YAML and was read as text")
            self.put(key, value, start)


def _events(text: str) -> Iterator[yaml.Event]:
    return iter(yaml.parse(text, Loader=_LOADER))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line if event.start_mark else 0


def _as_key(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _plainly(piece: list[str]) -> tuple[str, Any]:
    """A key and its value as text: what stands behind the colon, and on the lines below it."""
    found = _KEY.match(piece[0])
    assert found is not None  # noqa: S101 -- a piece begins with a key
    head = piece[0][found.end() :].strip()
    below = [line.strip() for line in piece[1:]]
    is_list = not head and below and all(line.startswith("- ") for line in below if line)
    if is_list:
        return found[2], [_unquoted(line[2:].strip()) for line in below if line]
    if re.fullmatch(r"[|>][+-]?\d?", head):
        return found[2], ("\n" if head.startswith("|") else " ").join(below).strip()
    return found[2], _unquoted(" ".join(line for line in (head, *below) if line))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


#: Keys of the agentskills specification, and the most characters of each (0: no limit).
SPECIFIED = {
    "name": 64,
    "description": 1024,
    "license": 0,
    "compatibility": 500,
    "metadata": 0,
    "allowed-tools": 0,
}
#: Keys that some clients know beside these.
EXTENSIONS = {
    **dict.fromkeys(
        ("argument-hint", "disable-model-invocation", "user-invocable", "model", "effort", "context"),
        "Claude Code",
    ),
    **dict.fromkeys(("agent", "hooks", "when_to_use", "paths", "shell", "tools", "color"), "Claude Code"),
    **dict.fromkeys(("version", "homepage", "author", "emoji", "os", "requires", "install"), "OpenClaw"),
}
#: Names under `metadata` where OpenClaw, by this and its older names, keeps its own.
OPENCLAW = ("openclaw", "clawdbot", "clawdis")


def specification_notes(front: Front, folder: str = "") -> tuple[tuple[int, str], ...]:
    """Where the front matter of a skill strays from the agentskills specification (docs/specification.mdx), each with
    its line. `folder` is the name of its folder, empty where there is none to compare with."""
    notes = []
    for key in ("name", "description"):
        if not front.text(key).strip():
            notes.append((front.lines.get(key, 0), f"`{key}` is missing; the specification requires it"))
    name, line = unicodedata.normalize("NFKC", front.text("name").strip()), front.lines.get("name", 0)
    letters = name.replace("-", "")
    if name and not (
        letters.isalnum() and name == name.lower() and "--" not in name and name.strip("-") == name
    ):
        notes.append((line, "`name` may hold small letters, digits and single hyphens within alone"))
    if name and folder and name != unicodedata.normalize("NFKC", folder):
        notes.append((line, f"`name` is not that of the folder, `{folder}`"))
    for key, value in front.fields.items():
        line, most = front.lines.get(key, 0), SPECIFIED.get(key)
        if most is None:
            whose = f"; {EXTENSIONS[key]} knows it" if key in EXTENSIONS else ""
            notes.append((line, f"`{key}` is not in the specification{whose}"))
        elif most and len(front.text(key)) > most:
            notes.append((line, f"`{key}` is longer than {most:,} characters"))
        if key in SPECIFIED and key != "metadata" and not isinstance(value, str):
            notes.append((line, f"`{key}` is not a string"))
    metadata = front.fields.get("metadata", {})
    if not isinstance(metadata, Mapping):
        notes.append((front.lines.get("metadata", 0), "`metadata` is not a map"))
    elif any(not isinstance(value, str) for value in metadata.values()):
        notes.append((front.lines.get("metadata", 0), "`metadata` holds more than strings"))
    return tuple(notes)


def openclaw_metadata(front: Front) -> Mapping[str, Any]:
    """What a skill says to OpenClaw (`requires`, `install`, `primaryEnv`, ...), under whichever of its names; empty where
    there is nothing."""
    metadata = front.fields.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(metadata, Mapping):
        return {}
    return next((metadata[name] for name in OPENCLAW if isinstance(metadata.get(name), Mapping)), {})
