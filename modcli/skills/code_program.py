"""What a program does as a graph, whatever its language: its calls, and from where to where their values go.

A node stands for a value, an edge for "goes into". Trees are walked with a cursor, never by recursion: how deep code is
nested is up to whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

#: Stands in a text for what is not known of it.
HOLE = "\0"
#: Of what is narrowed to a part: all parts.
ALL = "*"
#: More of a text that is put together is not kept: an address or a path is shorter.
LONGEST_TEXT = 4_000
#: Texts that may be paths are kept, longer ones are none.
LONGEST_PATH = 300
#: Of a chain of names, so much of its end.
LONGEST_NAME = 200
#: Of functions around a name, and of functions with one name, so many are looked at.
DEEPEST_SCOPE = 100
MOST_NAMESAKES = 100
MOST_HANDED = 50
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|[0-7]{1,3}|.)", re.DOTALL)
_OCTAL = re.compile("[0-7]{1,3}")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": ""}


@dataclass(slots=True)
class Value:
    """What an expression is worth: its node, its text as far as it is known, its dotted name where it is one, the call
    that it is the result of, and the parts of a literal. `joined` says that its text was put together of pieces."""

    node: int
    line: int
    text: str | None = None
    name: str = ""
    call: int = -1
    function: int = -1
    key: str = ""
    items: tuple[Value, ...] = ()
    fields: dict[str, Value] = field(default_factory=dict)
    joined: bool = False
    of: Value | None = None
    last_line: int = 0

    @property
    def known(self) -> str:
        """The text if all of it is known, else nothing."""
        return self.text if self.text is not None and HOLE not in self.text else ""


@dataclass(slots=True)
class Call:
    """A call or a command: its name with imports resolved (`requests.post`, `curl`), where, of what, and the node of its
    result. `inside` is why it is run by something else than the program itself: `persisted`."""

    name: str
    line: int
    last_line: int
    scope: int
    node: int
    args: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict)
    receiver: Value | None = None
    stdin: Value | None = None
    language: str = ""
    inside: str = ""
    joined: bool = False
    maker: Builder | None = None

    def arg(self, place: int, *names: str) -> Value | None:
        """The argument at a place, or by one of its names."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.args[place] if len(self.args) > place else None

    def values(self) -> list[Value]:
        """All that is handed to it."""
        return [*self.args, *self.keywords.values()]


@dataclass(slots=True)
class Function:
    """A function: its scope, the nodes of its parameters and of what it returns."""

    scope: int
    params: list[int] = field(default_factory=list)
    returns: int = -1


class Program:
    """The graph of a file, or of all blocks of one language in a Markdown file."""

    def __init__(self) -> None:
        self.edges: list[list[int]] = []
        self.calls: list[Call] = []
        self.scopes: list[tuple[str, int]] = [("", -1)]
        self.functions: dict[str, list[Function]] = {}
        self.by_scope: dict[int, Function] = {}
        self.bound: dict[tuple[int, str], int] = {}
        self.files: dict[str, int] = {}
        self.literals: list[Value] = []
        #: Where only a part of something goes on: its name; ALL where parts are put together again.
        self.narrowed: dict[int, str] = {}
        self.errors: list[tuple[int, int, int]] = []
        self.nested = 0
        #: Of files that are judged together: by the name that others import, the scope of its names.
        self.modules: dict[str, int] = {}
        self._reads: list[tuple[int, str, int]] = []

    def node(self, *sources: int) -> int:
        """A new node into which these go."""
        self.edges.append([])
        for source in sources:
            self.edges[source].append(len(self.edges) - 1)
        return len(self.edges) - 1

    def edge(self, source: int, target: int) -> None:
        """One goes into another."""
        if source != target:
            self.edges[source].append(target)

    def gathered(self, source: int) -> int:
        """A node for one of many things that are put into another."""
        node = self.node(source)
        self.narrowed[node] = ALL
        return node

    def binding(self, scope: int, name: str) -> int:
        """The node of a variable in a scope."""
        key = (scope, name)
        if key not in self.bound:
            self.bound[key] = self.node()
        return self.bound[key]

    def read(self, scope: int, name: str) -> int:
        """A node for the use of a name. Whose it is is known at the end."""
        self._reads.append((scope, name, self.node()))
        return len(self.edges) - 1

    def file(self, path: str) -> int:
        """The node of what is in a file."""
        path = path.removeprefix("./")
        if path not in self.files:
            self.files[path] = self.node()
        return self.files[path]

    def scope(self, name: str, parent: int) -> int:
        """A new scope."""
        self.scopes.append((name, parent))
        return len(self.scopes) - 1

    def chain(self, scope: int) -> Iterator[int]:
        """A scope and those around it, inmost first."""
        for _ in range(DEEPEST_SCOPE):
            if scope < 0:
                return
            yield scope
            scope = self.scopes[scope][1]

    def link(self) -> None:
        """Joins uses of names to their variables, and calls to functions of the same program."""
        for scope, name, node in self._reads:
            for around in self.chain(scope):
                if (around, name) in self.bound:
                    self.edge(self.bound[around, name], node)
                    break
        self._reads.clear()
        for call in self.calls:
            self._link_call(call)

    def _link_call(self, call: Call) -> None:
        called = self.local(call)
        for function in called:
            for value, param in zip(call.args, function.params, strict=False):
                self.edge(value.node, param)
            for value in call.keywords.values():
                for param in function.params:
                    self.edge(value.node, param)
            self.edge(function.returns, call.node)
        for value in call.values()[:MOST_HANDED]:
            handed = [self.by_scope[value.function]] if value.function in self.by_scope else []
            if not handed and value.name and value.call < 0:
                handed = self.functions.get(value.name.rpartition(".")[2], [])[:4]
            for function in handed:
                self.edge(function.returns, call.node)
                for param in function.params:
                    # A callback gets what the call yields, what it is called on, and what is handed over with it.
                    self.edge(call.node, param)
                    if call.receiver is not None:
                        self.edge(call.receiver.node, param)
                    for other in call.values()[:MOST_HANDED]:
                        if other is not value:
                            self.edge(other.node, param)

    def local(self, call: Call) -> list[Function]:
        """The functions of this program that a call may mean: by name, those that can be seen from where it stands. On
        another object than its own, only one whose name nothing else has."""
        head, _, last = call.name.rpartition(".")
        named = self.functions.get(last, [])
        if self.modules and head:
            scopes = {self.modules[part] for part in re.split(r"[./()]+", head) if part in self.modules}
            if scopes:
                return [one for one in named if scopes & set(self.chain(one.scope))][:4]
        if head not in ("", "self", "this", "cls"):
            return named if len(named) == 1 and head.islower() and "." not in head else []
        if not named:
            return []
        around = set(self.chain(call.scope))
        return [one for one in named[:MOST_NAMESAKES] if self.scopes[one.scope][1] in around][:4]


#: What a walk yields of a child: the field that it is in, its node, its value, and the calls made in it.
Child = tuple[str, "Node", "Value | None", int, int]


class Builder:
    """Walks one tree into a program. A language says what its nodes mean: `enter` before, `leave` after the children."""

    language = ""
    #: Nodes whose children do not matter.
    LEAVES: frozenset[str] = frozenset({"comment"})
    #: Nodes that make a scope.
    SCOPES: frozenset[str] = frozenset()

    def __init__(self, program: Program, first_line: int = 1, inside: str = "", depth: int = 0) -> None:
        self.program = program
        self.first_line = first_line
        self.fixed_line = 0
        self.inside = inside
        self.depth = depth
        self.scope = 0
        #: The scope of the whole file.
        self.top = 0
        self.aliases: dict[str, str] = {}
        self.values: dict[tuple[int, str], Value] = {}
        self.stdin: Value | None = None
        self.nodes = 0
        self.cut_line = 0
        self.methods: dict[str, Callable[[Node, list[Child]], Value | None]] = {}

    def line(self, node: Node) -> int:
        """The line of a node, from 1, in the file. Code in a string of another language has the string's line."""
        return self.fixed_line or node.start_point[0] + self.first_line

    def last_line(self, node: Node) -> int:
        """The last line of a node."""
        return self.fixed_line or node.end_point[0] + self.first_line

    def walk(self, tree: Tree, most: int) -> Value | None:
        """The value of the whole. After `most` nodes it ends, and `cut_line` says where."""
        cursor = tree.walk()
        broken = tree.root_node.has_error
        stack: list[tuple[Node, str, list[Child], int, int]] = []
        done: list[Child] = []
        while (node := cursor.node) is not None:
            self.nodes += 1
            if broken and (node.is_error or node.is_missing):
                self.program.errors.append((self.line(node), node.start_byte, node.end_byte))
            calls = len(self.program.calls)
            if node.child_count and self.nodes < most and node.type not in self.LEAVES:
                stack.append((node, cursor.field_name or "", done, calls, self.scope))
                done = []
                if node.type in self.SCOPES:
                    self._open(node)
                cursor.goto_first_child()
                continue
            value = self.leave(node, []) if node.is_named else None
            if not stack:
                return value
            done.append((cursor.field_name or "", node, value, calls, len(self.program.calls)))
            while self.nodes >= most or not cursor.goto_next_sibling():
                if self.nodes >= most and not self.cut_line:
                    self.cut_line = self.line(node)
                node, name, around, first, scope = stack.pop()
                value = self.leave(node, done)
                self.scope = scope
                if not stack:
                    return value
                around.append((name, node, value, first, len(self.program.calls)))
                done = around
                cursor.goto_parent()
        return None

    def _open(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        called = (name.text or b"").decode("utf-8", "replace") if name is not None else ""
        self.scope = self.program.scope(called, self.scope)
        function = Function(self.scope, returns=self.program.node())
        self.program.by_scope[self.scope] = function
        if called:
            self.program.functions.setdefault(called, []).append(function)

    def leave(self, node: Node, children: list[Child]) -> Value | None:
        """What a node is worth, by the methods `on_<type>`; else all that its children are worth."""
        kind = node.type
        if kind not in self.methods:
            self.methods[kind] = getattr(self, f"on_{kind}", self.union)
        return self.methods[kind](node, children)

    def union(self, node: Node, children: list[Child]) -> Value | None:
        """All the children as one value; of a single one, that one."""
        values = [child[2] for child in children if child[2] is not None]
        if len(values) < 2:
            return values[0] if values else None
        return Value(self.program.node(*(value.node for value in values)), self.line(node))

    def name_read(self, node: Node, name: str) -> Value:
        """The use of a name: what is known of it from what was last assigned."""
        used = self.program.read(self.scope, name)
        for scope in self.program.chain(self.scope):
            known = self.values.get((scope, name))
            if known is not None:
                return replace(known, node=used, line=self.line(node), key="")
        return Value(used, self.line(node), name=self.aliases.get(name, name))

    def bind(self, name: str, value: Value | None, scope: int | None = None) -> None:
        """A name is given a value. What is known of the value counts for the uses that follow."""
        scope = self.scope if scope is None else scope
        target = self.program.binding(scope, name)
        if value is None:
            self.values.pop((scope, name), None)
            return
        self.program.edge(value.node, target)
        self.values[scope, name] = value if value.name or value.call >= 0 else replace(value, name=name)

    def call(self, node: Node, name: str, *args: Value, **more: object) -> Value:
        """Notes a call; its result."""
        made = Call(
            name, self.line(node), self.last_line(node), self.scope, self.program.node(), args,
            stdin=self.stdin, language=self.language, inside=self.inside, maker=self, **more,  # type: ignore[arg-type]
        )  # fmt: skip
        self.program.calls.append(made)
        return Value(made.node, made.line, call=len(self.program.calls) - 1)

    def literal(self, node: Node, text: str, sources: tuple[int, ...] = (), joined: bool = False) -> Value:
        """A text, as far as it is known."""
        value = Value(
            self.program.node(*sources), self.line(node), text, joined=joined, last_line=self.last_line(node)
        )
        if len(text) <= LONGEST_PATH:
            self.program.literals.append(value)
        return value

    def joined(self, node: Node, values: list[Value], between: str = "") -> Value:
        """Texts one after the other."""
        kept, length = [], 0
        for value in values:
            kept.append(HOLE if value.text is None else value.text)
            length += len(kept[-1])
            if length > LONGEST_TEXT:
                break
        text = between.join(kept)
        if between:
            text = re.sub(f"(?<!:){re.escape(between)}+", between, text)
        constants = sum(value.text is not None for value in values)
        return self.literal(
            node, text[:LONGEST_TEXT], tuple(value.node for value in values), joined=constants > 1
        )


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode("utf-8", "replace")


def unescaped(text: str) -> str:
    """A text with its backslash escapes read; what is none stays."""

    def one(match: re.Match[str]) -> str:
        escape = match[1]
        if escape in _LETTERS:
            return _LETTERS[escape]
        digits = escape[1:].strip("{}")
        if escape[0] in "xu" and digits:
            return chr(min(int(digits, 16), 0x10FFFF))
        return chr(int(escape, 8)) if _OCTAL.fullmatch(escape) else escape

    return _ESCAPE.sub(one, text) if "\\" in text else text


def error_share(errors: list[tuple[int, int, int]], size: int) -> float:
    """The share of bytes that are in parts which do not parse; parts within parts count once."""
    spans = sorted((first, last) for _, first, last in errors)
    total, end = 0, 0
    for first, last in spans:
        total += max(last - max(first, end), 0)
        end = max(end, last)
    return min(total / size, 1.0) if size else 0.0
