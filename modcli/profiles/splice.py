"""Changes to a YAML or JSON text that leave every other character as it is.

A change is a splice into the text at the place where the parser says that a part stands. The result is parsed
again and has to mean exactly the intended change; where it does not (an alias, an unusual layout), the change
is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from modcli.errors import ProfileError
from modcli.profiles.marked import Mapping, Path, Scalar, Sequence, parse

#: Keys whose texts are written as a block of lines.
PROSE = ("definition", "description", "note")

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_PLAIN = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
# Joiners of emoji and wide spaces are harmless; every other invisible character is shown as an escape.
_KEPT = {"\u200d", "\xa0", "\u3000"}

Value = str | list[Any] | dict[str, Any]


class Draft:
    """A text under change. Every change is whole or raises ProfileError and leaves the text as it was."""

    def __init__(self, text: str, name: str) -> None:
        self.tree = parse(text, name)
        self.eol = "\r\n" if "\r\n" in text else "\n"
        self._word = _quoted if text.lstrip("\ufeff \r\n\t").startswith("{") else _word

    @property
    def text(self) -> str:
        """The text as it stands now."""
        return self.tree.text

    @property
    def data(self) -> Any:
        """What the text says now."""
        return self.tree.data

    def put(self, path: Path, value: Value, *, after: tuple[str, ...] = ()) -> None:
        """Set the value at the path, making the mappings around it where they are missing.

        A new key is written after the last of the keys in `after` that are there, or else as the last one.
        """
        node = self.tree.node(path)
        parent = self.tree.node(path[:-1])
        expected = deepcopy(self.data)
        if node is None and not isinstance(parent, Mapping):
            self.put(path[:-1], {str(path[-1]): value})
            return
        around = expected
        for step in path[:-1]:
            around = around[step]
        around[path[-1]] = value
        if node is None and isinstance(parent, Mapping):
            self._splice(*self._new_key(parent, path, value, after), expected, path)
        else:
            self._replace(path, node, value, expected)

    def append(self, path: Path, value: Value, *, after: tuple[str, ...] = ()) -> None:
        """Add a value to the end of the list at the path, making the list where there is none."""
        self.extend(path, [value], after=after)

    def extend(self, path: Path, values: list[Value], *, after: tuple[str, ...] = ()) -> None:
        """Add values (at least one) to the end of the list at the path, as one change, making the list where there is
        none."""
        node = self.tree.node(path)
        if not isinstance(node, Sequence):
            self.put(path, values, after=after)
            return
        expected = deepcopy(self.data)
        around = expected
        for step in path:
            around = around[step]
        around.extend(values)
        if not node.flow:
            lines = [" " * self._column(node.start) + "- " + self.written(value) for value in values]
            self._splice(*self._after_line(node.end, lines), expected, path)
        elif node.items:
            last = node.items[-1]
            comma = self._comma(node, last.start)
            self._splice(
                last.end, last.end, "".join(comma + self.written(value) for value in values), expected, path
            )
        else:
            new = ", ".join(self.written(value) for value in values)
            self._splice(node.start + 1, node.start + 1, new, expected, path)

    def drop(self, path: Path) -> None:
        """Remove the key or item at the path, and what is empty without it, but no comment."""
        expected = deepcopy(self.data)
        target = path
        while len(target) > 1 and self._alone(target):
            target = target[:-1]
        if target != path and self._comments(target, path):
            # The comment inside stays, and with it the key of the list that is now empty.
            target = path[:-1]
            if isinstance(path[-1], str):
                raise self._refusal(path)
            start, end = self._lines(path)
            _pop(expected, target, None)
            self._splice(start, end, "", expected, path)
            return
        _pop(expected, target)
        parent = self.tree.node(target[:-1])
        in_brackets = not isinstance(parent, Scalar | None) and parent.flow
        start, end = self._flow_span(target) if in_brackets else self._lines(target)
        self._splice(start, end, "", expected, path)

    def written(self, value: Value) -> str:
        """The value as it would be written on one line."""
        return _flow(value, self._word)

    def _splice(self, start: int, end: int, new: str, expected: Any, path: Path) -> None:
        """Replace [start, end) and keep the result if it means what is expected."""
        text = self.text[:start] + new + self.text[end:]
        try:
            tree = parse(text, self.tree.name)
        except ProfileError:
            tree = None
        if tree is None or _trimmed(tree.data) != _trimmed(expected):
            raise self._refusal(path)
        self.tree = tree

    def _refusal(self, path: Path) -> ProfileError:
        return ProfileError(
            "this part is written in a way that cannot be changed without damage",
            location=self.tree.location(path),
            hint="change it by hand: `modcli profile edit`",
        )

    def _replace(self, path: Path, node: Any, value: Value, expected: Any) -> None:
        nothing = isinstance(node, Scalar) and node.text is None and node.start == node.end
        flow = self._in_flow(path)
        rest = self.text[node.end : self._line_end(node.end)]
        indent = self._column(self._key_start(path))
        if nothing and not flow and not isinstance(value, str):
            lines = _block(value, indent + self._step(), self._step())
            self._splice(*self._after_line(node.end, lines), expected, path)
        elif isinstance(node, Scalar) or node.flow or flow:
            new = self.written(value)
            if isinstance(value, str) and not flow and "#" not in rest:
                new = self.eol.join(_inline(str(path[-1]), value, indent, self._step()))
            self._splice(node.start, node.end, " " * nothing + new, expected, path)
        else:
            before = self.tree
            self.drop(path)
            try:
                self.put(path, value)
            except ProfileError:
                self.tree = before
                raise

    def _new_key(
        self, parent: Mapping, path: Path, value: Value, after: tuple[str, ...]
    ) -> tuple[int, int, str]:
        key = str(path[-1])
        if parent.flow or self._in_flow(path[:-1]):
            entry = f"{self._word(key)}: {self.written(value)}"
            if not parent.values:
                return parent.start + 1, parent.start + 1, entry
            last = list(parent.values)[-1]
            at = max(parent.values[last].end, parent.keys[last].end)
            return at, at, self._comma(parent, parent.keys[last].start) + entry
        present = [name for name in parent.values if name in after]
        sibling = present[-1] if present else list(parent.values)[-1]
        column = self._column(next(iter(parent.keys.values())).start)
        end = max(parent.values[sibling].end, parent.keys[sibling].end)
        lines = _entry(key, value, column, self._step())
        return self._after_line(end, lines, deeper=None if present else column)

    def _after_line(
        self, offset: int, lines: list[str], *, deeper: int | None = None
    ) -> tuple[int, int, str]:
        """A splice that adds lines after the offset's line and the comments deeper than `deeper`."""
        at = self._line_end(offset)
        while deeper is not None:
            line = self.text[at + 1 : self._line_end(at + 1)]
            if not line.lstrip().startswith("#") or len(line) - len(line.lstrip()) <= deeper:
                break
            at = self._line_end(at + 1)
        new = self.eol.join(lines)
        if at == len(self.text):
            return at, at, self.eol + new
        return at + 1, at + 1, new + self.eol

    def _lines(self, path: Path) -> tuple[int, int]:
        """The whole lines of a key or item in block style."""
        node = self.tree.node(path)
        mark = self._key_start(path)
        start = self.text.rfind("\n", 0, mark) + 1
        if self.text[start:mark].strip(" "):
            start = mark
        end = self._line_end(max(node.end if node else 0, mark))
        if end < len(self.text):
            return start, end + 1
        # The last line of a text that ends without a line break goes together with the break before it.
        return (start - len(self.eol) if self.text[:start].endswith(self.eol) else start), end

    def _flow_span(self, path: Path) -> tuple[int, int]:
        """The entry in brackets with the comma that it no longer needs."""
        parent = self._around(path)
        if isinstance(parent, Mapping):
            starts = [key.start for key in parent.keys.values()]
            ends = [max(parent.values[name].end, parent.keys[name].end) for name in parent.values]
            index = list(parent.values).index(str(path[-1]))
        else:
            starts, ends = [item.start for item in parent.items], [item.end for item in parent.items]
            index = int(path[-1])
        start, end = starts[0], starts[1] if len(starts) > 1 else ends[0]
        if index:
            start, end = ends[index - 1], ends[index]
        if "#" in self.text[start : starts[index]] or "#" in self.text[ends[index] : end]:
            raise self._refusal(path)
        return start, end

    def _alone(self, path: Path) -> bool:
        """Whether the part is the only one of its parent, in block style."""
        parent = self.tree.node(path[:-1])
        if isinstance(parent, Sequence):
            return not parent.flow and len(parent.items) == 1
        return isinstance(parent, Mapping) and not parent.flow and len(parent.values) == 1

    def _comments(self, target: Path, path: Path) -> bool:
        """Whether there is a comment in the target's lines outside of those of the path."""
        outer, inner = self._lines(target), self._lines(path)
        return "#" in self.text[outer[0] : inner[0]] or "#" in self.text[inner[1] : outer[1]]

    def _key_start(self, path: Path) -> int:
        """Where the key, or the dash of the item, stands."""
        parent = self._around(path)
        if isinstance(parent, Mapping):
            return parent.keys[str(path[-1])].start
        index = int(path[-1])
        if index == 0:
            return parent.start
        column = self._column(parent.start)
        line = self._line_end(parent.items[index - 1].end) + 1
        while line < len(self.text) and self.text[line : line + column + 1] != " " * column + "-":
            line = self._line_end(line) + 1
        return line + column

    def _around(self, path: Path) -> Mapping | Sequence:
        """The mapping or list that the part stands in."""
        parent = self.tree.node(path[:-1])
        if isinstance(parent, Scalar | None):
            raise self._refusal(path)
        return parent

    def _in_flow(self, path: Path) -> bool:
        """Whether the part stands inside brackets."""
        around = [self.tree.node(path[:length]) for length in range(len(path))]
        return any(not isinstance(node, Scalar | None) and node.flow for node in around)

    def _comma(self, parent: Mapping | Sequence, last: int) -> str:
        """What comes between the last entry in brackets and a new one, on its own line if the last is."""
        line = self.text.rfind("\n", 0, last) + 1
        alone = line > parent.start and not self.text[line:last].strip()
        return "," + self.eol + self.text[line:last] if alone else ", "

    def _step(self) -> int:
        """How many spaces one level is indented by in this text."""
        root = self.tree.root
        for node in root.values.values() if isinstance(root, Mapping) else ():
            if isinstance(node, Mapping) and not node.flow and node.keys:
                return max(1, self._column(next(iter(node.keys.values())).start))
        return 2

    def _column(self, offset: int) -> int:
        start = self.text.rfind("\n", 0, offset) + 1
        return offset - start - self.text.startswith("\ufeff", start)

    def _line_end(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end


def _pop(data: Any, path: Path, *instead: None) -> None:
    """Take the part at the path out of the data, or set it to None."""
    for step in path[:-1]:
        data = data[step]
    if instead:
        data[path[-1]] = None
    else:
        del data[path[-1]]


def _trimmed(data: Any) -> Any:
    """The data without the line breaks at the end of texts, which a block scalar adds."""
    if isinstance(data, dict):
        return {key: _trimmed(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_trimmed(value) for value in data]
    return data.rstrip("\n") if isinstance(data, str) else data


def _entry(key: str, value: Value, indent: int, step: int) -> list[str]:
    """The lines of a key and its value in block style."""
    start = " " * indent + _word(key) + ":"
    if isinstance(value, str):
        first, *rest = _inline(key, value, indent, step)
        return [f"{start} {first}", *rest]
    return [start, *_block(value, indent + step, step)] if value else [f"{start} {_flow(value, _word)}"]


def _block(value: list[Any] | dict[str, Any], indent: int, step: int) -> list[str]:
    """The lines of a list or mapping in block style."""
    if isinstance(value, list):
        return [" " * indent + "- " + _flow(item, _word) for item in value]
    return [line for key, inner in value.items() for line in _entry(key, inner, indent, step)]


def _inline(key: str, text: str, indent: int, step: int) -> list[str]:
    """A text as it stands after its key: a block of lines for prose, else one word or a quoted text."""
    lines = text.strip("\n").split("\n")
    readable = all(c.isprintable() for line in lines for c in line) and not lines[0].startswith(" ")
    if key in PROSE and text.strip() and readable and (len(lines) > 1 or len(text) + indent > 80):
        return ["|", *(" " * (indent + step) + line if line.strip() else "" for line in lines)]
    return [_word(text)]


def _flow(value: Value, word: Callable[[str], str]) -> str:
    """The value on one line, in brackets, every text as `word` writes it."""
    if isinstance(value, str):
        return word(value)
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item, word) for item in value) + "]"
    return "{" + ", ".join(f"{word(key)}: {_flow(item, word)}" for key, item in value.items()) + "}"


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) and text.lower() not in _NOT_PLAIN else _quoted(text)


def _quoted(text: str) -> str:
    """The text in double quotes, valid in YAML and JSON, what cannot be seen written as an escape."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(
        c if c.isprintable() or c in _KEPT or c > "\uffff" else f"\\u{ord(c):04x}" for c in written
    )
