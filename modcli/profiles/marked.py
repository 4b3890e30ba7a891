"""YAML text as plain data in which every part knows where it stands, read within limits.

All scalars are text, or None for an empty one, `~` and `null`: what a value has to be is for the form to say,
so that the examples `no`, `1984` and `2026-01-01` need no quotes. Offsets count characters from the start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from modcli.errors import Location, ProfileError

MAX_DEPTH = 16
MAX_NODES = 200_000

Step = str | int
Path = tuple[Step, ...]

#: libyaml where it was built in: a hundred times faster, with the same events.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_KNOWN_TAGS = {None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))}
_NULLS = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, or None, written at [start, end). `style` is `"`, `'`, `|`, `>` or empty for a plain one."""

    start: int
    end: int
    text: str | None
    style: str = ""
    alias: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list. `flow` says that it is written in brackets; `size` counts its nodes, aliases written out."""

    start: int
    end: int
    items: list[Node]
    flow: bool
    size: int = 1
    alias: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in order: `keys` are the nodes of the keys, `values` those of the values."""

    start: int
    end: int
    flow: bool
    keys: dict[str, Scalar] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    size: int = 1
    alias: bool = False


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True)
class Tree:
    """A text, the name of where it came from, and what it says."""

    text: str
    name: str
    root: Node

    @property
    def data(self) -> Any:
        """The content as dicts, lists, strings and None."""
        return plain(self.root)

    def node(self, path: Path) -> Node | None:
        """The part at the path, or None where there is none."""
        found: Node | None = self.root
        for step in path:
            if isinstance(found, Mapping) and isinstance(step, str):
                found = found.values.get(step)
            elif isinstance(found, Sequence) and isinstance(step, int) and step < len(found.items):
                found = found.items[step]
            else:
                return None
        return found

    def location(self, path: Path, *, key: bool = False) -> Location:
        """Where the part at the path stands (its key, if asked for), or else the nearest part around it."""
        for end in range(len(path), -1, -1):
            parent = self.node(path[: end - 1]) if end else None
            if key and isinstance(parent, Mapping) and path[end - 1] in parent.keys:
                return place(self.text, parent.keys[str(path[end - 1])].start, self.name)
            found = self.node(path[:end])
            if found is not None:
                return place(self.text, found.start, self.name)
        return Location(self.name)


def plain(node: Node) -> Any:
    """The node as dicts, lists, strings and None."""
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(value) for key, value in node.values.items()}


def place(text: str, offset: int, name: str) -> Location:
    """Line and column of an offset, both from 1."""
    return Location(name, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def parse(text: str, name: str) -> Tree:
    """Read one YAML document (or JSON, which is YAML).

    Raises ProfileError, with line and column, for text that is not YAML, more than one document, duplicate
    keys, tags, nesting deeper than MAX_DEPTH, and more than MAX_NODES parts when every alias is written out.
    """
    bad = _UNPRINTABLE.search(text)
    if bad:
        raise ProfileError(
            f"the character U+{ord(bad[0]):04X} may not stand in YAML",
            location=place(text, bad.start(), name),
            hint='write it as an escape in double quotes, such as "\\x1B", or remove it',
        )
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        # JSON writers split characters beyond U+FFFF into two escapes, which YAML does not know.
        text = _SURROGATES.sub(_joined, text)
    return _Composer(text, name).tree()


def _joined(pair: re.Match[str]) -> str:
    return (chr(int(pair[1], 16)) + chr(int(pair[2], 16))).encode("utf-16", "surrogatepass").decode("utf-16")


class _Composer:
    """Builds the tree from the parser's events, within the limits."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.anchors: dict[str, Node] = {}
        self.nodes = 0
        # The parser drops a byte order mark and does not count it.
        self.shift = 1 if text.startswith("\ufeff") else 0
        self.events: Iterator[Any] = yaml.parse(text[self.shift :], Loader=LOADER)

    def tree(self) -> Tree:
        event = self.next()
        while isinstance(event, yaml.StreamStartEvent):
            event = self.next()
        if isinstance(event, yaml.StreamEndEvent):
            return Tree(self.text, self.name, Scalar(0, 0, None))
        root = self.compose(self.next(), 0)
        self.next()  # the end of the document
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.error("a second YAML document starts here", event, "keep one profile in a file")
        return Tree(self.text, self.name, root)

    def next(self) -> Any:
        try:
            return next(self.events)
        except yaml.MarkedYAMLError as error:
            raise self.broken(error) from error
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            raise ProfileError(
                f"broken YAML: {error}".splitlines()[0], location=Location(self.name), hint="check its syntax"
            ) from error

    def compose(self, event: Any, depth: int) -> Node:
        """The node that begins with the event."""
        if depth > MAX_DEPTH:
            raise self.error(
                f"nested more than {MAX_DEPTH} deep",
                event,
                "a profile needs five levels; is a bracket left open?",
            )
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        self.count(1, event)
        if event.tag not in _KNOWN_TAGS:
            raise self.error(f"the tag {event.tag} means nothing in a profile", event, "remove the tag")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self.sequence(event, depth)
        else:
            node = self.mapping(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise self.error(
                f"the alias *{event.anchor} stands for nothing written before it",
                event,
                f"define it with &{event.anchor}, or quote the text if it is meant to start with *",
            )
        self.count(1 if isinstance(node, Scalar) else node.size, event)
        start, end = event.start_mark.index + self.shift, event.end_mark.index + self.shift
        match node:
            case Scalar():
                return Scalar(start, end, node.text, node.style, alias=True)
            case Sequence():
                return Sequence(start, end, node.items, node.flow, node.size, alias=True)
            case Mapping():
                return Mapping(start, end, node.flow, node.keys, node.values, node.size, alias=True)

    def count(self, more: int, event: Any) -> None:
        self.nodes += more
        if self.nodes > MAX_NODES:
            raise self.error(
                f"more than {MAX_NODES:,} parts, aliases written out",
                event,
                "use fewer examples or fewer aliases",
            )

    def scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark.index + self.shift, event.end_mark.index + self.shift
        text: str | None = event.value
        style = event.style or ""
        if not style and event.tag is None and text in _NULLS:
            text = None
        if style in ("|", ">"):
            # The parser's end counts the blank lines after a block scalar too.
            end = start + len(self.text[start:end].rstrip())
        return Scalar(start, end, text, style)

    def sequence(self, event: Any, depth: int) -> Sequence:
        items: list[Node] = []
        before = self.nodes
        end = self.collect(yaml.SequenceEndEvent, lambda inner: items.append(self.compose(inner, depth + 1)))
        start = event.start_mark.index + self.shift
        if not event.flow_style:
            end = items[-1].end if items else start
        return Sequence(start, max(end, start), items, bool(event.flow_style), self.nodes - before + 1)

    def mapping(self, event: Any, depth: int) -> Mapping:
        start = event.start_mark.index + self.shift
        keys: dict[str, Scalar] = {}
        values: dict[str, Node] = {}
        before = self.nodes

        def entry(inner: Any) -> None:
            key = self.compose(inner, depth + 1)
            if not isinstance(key, Scalar):
                raise self.error(
                    "a list or mapping cannot be a key", inner, "quote it if it is meant as text"
                )
            name = inner.value if isinstance(inner, yaml.ScalarEvent) else key.text or ""
            if name in keys:
                first = place(self.text, keys[name].start, self.name)
                raise self.error(
                    f"the key '{name}' stands here a second time",
                    inner,
                    f"the first is on line {first.line}; join them",
                )
            keys[name] = key
            values[name] = self.compose(self.next(), depth + 1)

        end = self.collect(yaml.MappingEndEvent, entry)
        if not event.flow_style:
            end = max((node.end for node in (*keys.values(), *values.values())), default=start)
        return Mapping(start, max(end, start), bool(event.flow_style), keys, values, self.nodes - before + 1)

    def collect(self, last: Any, take: Callable[[Any], None]) -> int:
        """Hand every event up to the last to `take`; return where the last one ends."""
        while not isinstance(event := self.next(), last):
            take(event)
        return int(event.end_mark.index) + self.shift

    def error(self, message: str, event: Any, hint: str) -> ProfileError:
        where = place(self.text, event.start_mark.index + self.shift, self.name)
        return ProfileError(message, location=where, hint=hint)

    def broken(self, error: yaml.MarkedYAMLError) -> ProfileError:
        mark = error.problem_mark or error.context_mark
        where = place(self.text, mark.index + self.shift, self.name) if mark else Location(self.name)
        problem = str(error.problem or error)
        context = f" {error.context}" if error.context else ""
        return ProfileError(
            f"broken YAML: {problem}{context}", location=where, hint=_hint(problem, self.text, mark)
        )


def _hint(problem: str, text: str, mark: Any) -> str:
    line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    if "tab" in problem or "\\t" in problem or line.startswith("\t"):
        return "YAML indents with spaces; replace the tab"
    if "mapping values" in problem:
        return "a text with a colon and a space in it needs quotes; otherwise check the indentation"
    if "escape" in problem:
        return "in double quotes a backslash starts an escape: write it twice, or use single quotes"
    if "end of stream" in problem:
        return "a quote was opened and not closed"
    if "cannot start any token" in problem:
        return "a text that starts with @, ` or % needs quotes"
    return "check indentation, quotes and brackets here and on the line above"
