"""Python as a program: what its nodes mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modcli.skills.code_program import HOLE, LONGEST_NAME, Builder, Child, Value, text_of, unescaped
from modcli.skills.code_targets import targets

if TYPE_CHECKING:
    from tree_sitter import Node

#: Whole environments, as names.
ENVIRONMENTS = ("os.environ", "os.environb")
#: What leaves a text as it is: methods of it, and functions of it.
_SAME_METHODS = {
    "expanduser",
    "resolve",
    "absolute",
    "as_posix",
    "strip",
    "decode",
    "encode",
    "lower",
    "rstrip",
    "format",
}
_SAME_CALLS = {
    "str",
    "os.path.expanduser",
    "os.path.expandvars",
    "os.fspath",
    "os.path.abspath",
    "pathlib.PurePath",
}
_PATHS = ("pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath", "pathlib.PurePosixPath")
#: Methods that put what they get into what they are called on.
MUTATORS = {
    "append",
    "extend",
    "insert",
    "add",
    "update",
    "setdefault",
    "put",
    "push",
    "set",
    "write",
    "writelines",
}


class PythonBuilder(Builder):
    """See `Builder`."""

    language = "python"
    SCOPES = frozenset({"function_definition", "lambda"})

    def __init__(self, *args: int, **more: int) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.globals: set[tuple[int, str]] = set()
        self.modules = {"os", "sys", "process", "module", "exports", "window", "globalThis"}

    def on_identifier(self, node: Node, _: list[Child]) -> Value:
        """A name."""
        return self.name_read(node, text_of(node))

    def on_string(self, node: Node, children: list[Child]) -> Value:
        """A text with its interpolations."""
        raw = children and "r" in text_of(children[0][1]).lower()
        parts: list[str] = []
        sources: list[int] = []
        for _, child, value, *_ in children:
            if child.type == "string_content":
                parts.append(text_of(child) if raw else unescaped(text_of(child)))
            elif child.type == "interpolation":
                parts.append(HOLE if value is None or value.text is None else value.text)
                sources += [value.node] if value is not None else []
        return self.literal(node, "".join(parts), tuple(sources))

    def on_string_content(self, *_: object) -> None:
        """Is read with its string."""

    def on_interpolation(self, node: Node, children: list[Child]) -> Value | None:
        """What stands in braces, without its format."""
        return next((self.consumed(node, child[2]) for child in children if child[2] is not None), None)

    def on_concatenated_string(self, node: Node, children: list[Child]) -> Value:
        """Texts side by side."""
        return self.joined(node, [child[2] for child in children if child[2] is not None])

    def on_binary_operator(self, node: Node, children: list[Child]) -> Value | None:
        """Texts joined, paths joined, texts filled in; else both."""
        sides = [child[2] for child in children if child[2] is not None]
        operator = next((child[1].type for child in children if not child[1].is_named), "")
        if len(sides) != 2 or all(side.text is None for side in sides):
            return self.union(node, children)
        if operator == "+":
            return self.joined(node, sides)
        if operator == "/":
            return self.joined(node, sides, "/")
        if operator == "%":
            text = (sides[0].text or "").replace("%s", HOLE).replace("%d", HOLE)
            return self.literal(node, text, (sides[0].node, sides[1].node))
        return self.union(node, children)

    def on_attribute(self, node: Node, children: list[Child]) -> Value | None:
        """A name within another; of a result, `call().name`."""
        owner = next((child[2] for child in children if child[0] == "object"), None)
        name = text_of(children[-1][1]) if children else ""
        if owner is None:
            return Value(self.program.node(), self.line(node), name=f"?.{name}")
        full = f"{self.origin(owner)}.{name}"
        if full in ("sys.stdin", "process.stdin") and self.stdin is not None:
            return Value(self.program.node(self.stdin.node), self.line(node), name=full)
        if full.split(".")[0] in ("self", "cls"):
            known = self.values.get((self.top, full))
            used = self.program.read(self.top, full)
            self.program.edge(owner.node, used)
            return replace(known, node=used) if known else Value(used, self.line(node), name=full, of=owner)
        text = owner.text if name in ("name", "text") and owner.call < 0 else None
        return Value(owner.node, self.line(node), text=text, name=full, call=owner.call, of=owner)

    def origin(self, value: Value) -> str:
        """What something is called by, for the names in it."""
        if value.call >= 0 and not value.name:
            return self.program.calls[value.call].name[-LONGEST_NAME:] + "()"
        return value.name[-LONGEST_NAME:] or ("''" if value.text is not None else "?")

    def on_subscript(self, node: Node, children: list[Child]) -> Value | None:
        """A part of something: of the environment, a variable."""
        values = [child[2] for child in children if child[2] is not None]
        if not values:
            return None
        owner, index = (
            values[0],
            values[1] if len(values) > 1 else Value(self.program.node(), self.line(node)),
        )
        if owner.name in ENVIRONMENTS:
            return self.environment(node, index)
        if owner.fields and index.known in owner.fields:
            return owner.fields[index.known]
        made = Value(
            self.program.node(owner.node, index.node), self.line(node), call=owner.call, joined=index.joined
        )
        if self.is_split(owner):  # the value of one line
            self.program.narrowed[made.node] = "a part"
        if index.known:
            self.program.narrowed[made.node] = index.known
            made.name = f"{self.origin(owner)}.{index.known}"
        return made

    def is_split(self, value: Value) -> bool:
        """Whether something is the parts of a line."""
        return value.call >= 0 and self.program.calls[value.call].name.endswith(
            (".split", ".partition", ".rsplit")
        )

    def environment(self, node: Node, key: Value) -> Value:
        """A variable of the environment is read."""
        made = self.call(node, "env.read", key)
        if key.known in ("HOME", "USERPROFILE"):
            made.text = "~"
        return made

    def consumed(self, node: Node, value: Value | None) -> Value | None:
        """A value as it is used: the environment itself is then read whole."""
        if value is not None and value.name in ENVIRONMENTS and value.call < 0:
            return replace(self.call(node, "env.all"), key=value.key)
        return value

    def on_keyword_argument(self, node: Node, children: list[Child]) -> Value | None:
        """A named argument."""
        value = self.consumed(node, children[-1][2]) if children else None
        return replace(value, key=text_of(children[0][1])) if value is not None else None

    def on_pair(self, node: Node, children: list[Child]) -> Value | None:
        """A key and its value."""
        sides = [child[2] for child in children if child[2] is not None]
        if len(sides) < 2:
            return sides[0] if sides else None
        value = self.consumed(node, sides[1])
        return value and replace(value, key=sides[0].known or sides[0].name or "?")

    def literal_of(self, node: Node, children: list[Child]) -> Value:
        """A list, a dictionary, or the arguments of a call."""
        values = [self.consumed(node, child[2]) for child in children if child[1].is_named]
        kept = [value for value in values if value is not None]
        return Value(
            self.program.node(*(value.node for value in kept)),
            self.line(node),
            items=tuple(value for value in kept if not value.key),
            fields={value.key: value for value in kept if value.key},
        )

    on_list = on_tuple = on_set = on_dictionary = on_argument_list = on_expression_list = literal_of

    def on_call(self, node: Node, children: list[Child]) -> Value | None:
        """A call, or what is known of its result."""
        callee = next((child[2] for child in children if child[0] == "function"), None)
        handed = next((child[2] for child in children if child[0] == "arguments"), None)
        if callee is None:
            return self.union(node, children)
        args = handed.items if handed else ()
        if handed and not (handed.items or handed.fields):  # a generator in place of arguments
            args = (handed,)
        name = callee.name or self.origin(callee)
        known = self.known_result(node, name, args)
        if known is not None:
            return known
        head, _, last = name.rpartition(".")
        receiver = (callee.of or callee) if head else None
        made = self.call(
            node,
            name,
            *args,
            keywords=handed.fields if handed else {},
            receiver=receiver,
            joined=callee.joined,
        )
        if last == "get" and args and args[0].known and "/" not in args[0].known:
            self.program.narrowed[made.node] = args[0].known
        if last in MUTATORS and receiver is not None:
            self.taint(head, (*args, made))
        made.text = self.result_text(name, args, callee.of or callee)
        return made

    def taint(self, name: str, values: tuple[Value, ...]) -> None:
        """What is put into a thing with a name."""
        root = name if name.startswith(("self.", "this.")) else name.split(".")[0]
        if root.replace(".", "").isidentifier() and root not in self.aliases and root not in self.modules:
            scope = 0 if "." in root else self.owner(root)
            known = self.values.get((scope, root))
            for value in values:
                self.program.edge(self.program.gathered(value.node), self.program.binding(scope, root))
                if known is not None and known.call >= 0:
                    self.program.edge(value.node, self.program.calls[known.call].node)

    def owner(self, name: str) -> int:
        """The scope whose variable a name is, as far as is known by now."""
        return next(
            (s for s in self.program.chain(self.scope) if (s, name) in self.program.bound), self.scope
        )

    def known_result(self, node: Node, name: str, args: tuple[Value, ...]) -> Value | None:
        """Of calls that only name something: the environment, a module, an attribute."""
        head, _, last = name.rpartition(".")
        if (head in ENVIRONMENTS and last in ("get", "pop")) or name == "os.getenv":
            return self.environment(node, args[0]) if args else None
        if head in ENVIRONMENTS and last in ("copy", "items", "values"):
            return self.call(node, "env.all")
        if name in ("__import__", "importlib.import_module") and args and args[0].known:
            return Value(args[0].node, self.line(node), name=args[0].known, joined=args[0].joined)
        if name == "getattr" and len(args) > 1 and args[1].known:
            full = f"{self.origin(args[0])}.{args[1].known}"
            joined = args[0].joined or args[1].joined
            return Value(args[0].node, self.line(node), name=full, call=args[0].call, joined=joined)
        if name in ("os.path.join", *_PATHS) and args and any(one.text is not None for one in args):
            return self.joined(node, list(args), "/")
        if last == "joinpath" and args and name != last:
            return self.joined(node, list(args), "/")
        if last == "get" and args and args[0].known and not args[0].known.startswith(("http", "/")):
            owner = self.values.get((self.owner(head), head))
            if owner is not None and owner.fields:
                return owner.fields.get(args[0].known)
        return None

    def result_text(self, name: str, args: tuple[Value, ...], callee: Value) -> str | None:
        """The text of a result, where it is that of what went in."""
        _, _, last = name.rpartition(".")
        if name.endswith("Path.home") or (name == "os.path.expanduser" and args and args[0].text == "~"):
            return "~"
        if name in _SAME_CALLS and args:
            return args[0].text
        if last == "join" and args and all(one.known for one in args[0].items) and args[0].items:
            return "".join(one.known for one in args[0].items)
        return callee.text if last in _SAME_METHODS else None

    def assign(self, left: Node | None, value: Value | None) -> None:
        """Gives a value to a target: part by part where both have as many."""
        if left is None or value is None:
            return
        names = targets(left)
        paired = len(value.items) == len(names)
        parts = list(value.items) if paired and len(names) > 1 else [value] * len(names)
        if len(names) > 1 and not paired and self.is_split(value):
            parts = [replace(value, node=self.program.node(value.node))] * len(names)
            self.program.narrowed[parts[0].node] = "a part"
        for (name, whole), part in zip(names, parts, strict=True):
            single = part if len(names) == 1 or paired else replace(part, items=())
            if name.startswith(("self.", "this.")) and whole:
                self.bind(name, single, self.top)
            elif name.startswith(("self.", "this.")):
                kept = self.program.binding(self.top, name)
                self.program.edge(self.program.gathered(part.node), kept)
                self.values.pop((self.top, name), None)
            elif whole:
                self.bind(name, single, self.top if (self.scope, name) in self.globals else None)
            elif name not in self.modules and name not in self.aliases:  # a module is not what is put into it
                self.program.edge(
                    self.program.gathered(part.node), self.program.binding(self.owner(name), name)
                )

    def on_assignment(self, node: Node, children: list[Child]) -> Value | None:
        """A name is given a value."""
        value = next((child[2] for child in reversed(children) if child[0] == "right"), None)
        value = self.consumed(node, value)
        self.assign(node.child_by_field_name("left"), value)
        return value

    def on_augmented_assignment(self, node: Node, children: list[Child]) -> Value | None:
        """A name is given more."""
        sides = [child[2] for child in children if child[2] is not None]
        if len(sides) == 2 and sides[0].text is not None and sides[1].text is not None:
            value: Value | None = self.joined(node, sides)
        else:
            value = self.union(node, children)
        self.assign(node.child_by_field_name("left"), value)
        return value

    def on_named_expression(self, node: Node, children: list[Child]) -> Value | None:
        """`name := value`."""
        self.assign(node.child_by_field_name("name"), children[-1][2] if children else None)
        return children[-1][2] if children else None

    def loop(self, node: Node, children: list[Child]) -> Value | None:
        """What is gone over, and the name for each."""
        values = [self.consumed(node, child[2]) for child in children if child[0] == "right"]
        value = next((one for one in values if one is not None), None)
        if value is not None:  # a part of it: its text is another's
            value = replace(value, text=None, items=(), fields={})
            self.assign(node.child_by_field_name("left"), value)
        return self.union(node, children) if node.type == "for_in_clause" else None

    on_for_in_clause = on_for_statement = loop

    def on_as_pattern(self, _: Node, children: list[Child]) -> Value | None:
        """`with value as name`."""
        if children and children[-1][1].type == "as_pattern_target":
            self.assign(children[-1][1], children[0][2])
        return children[0][2] if children else None

    def on_parameters(self, node: Node, _: list[Child]) -> None:
        """The parameters of a function."""
        function = self.program.by_scope.get(self.scope)
        for child in node.named_children:
            inner = child.child_by_field_name("name") or child
            names = [name for name, _ in targets(inner)][:1] if child.type != "comment" else []
            if function is None or names in (["self"], ["cls"]):
                continue
            for name in names:
                self.values.pop((self.scope, name), None)
                function.params.append(self.program.binding(self.scope, name))

    on_lambda_parameters = on_parameters

    def on_return_statement(self, node: Node, children: list[Child]) -> None:
        """What a function gives back."""
        function = self.program.by_scope.get(self.scope)
        value = self.consumed(node, self.union(node, children))
        if function is not None and value is not None:
            self.program.edge(value.node, function.returns)

    on_yield = on_return_statement

    def on_lambda(self, node: Node, children: list[Child]) -> Value:
        """A function as a value."""
        body = children[-1][2] if children else None
        function = self.program.by_scope[self.scope]
        if body is not None:
            self.program.edge(body.node, function.returns)
        return Value(self.program.node(), self.line(node), function=self.scope)

    def on_function_definition(self, *_: object) -> None:
        """Is known by its name."""

    def on_global_statement(self, node: Node, _: list[Child]) -> None:
        """Names of the module."""
        self.globals |= {(self.scope, text_of(child)) for child in node.named_children}

    def on_import_statement(self, node: Node, _: list[Child]) -> None:
        """`import a.b as c`, `from a import b as c`."""
        module = node.child_by_field_name("module_name")
        head = text_of(module) + "." if module is not None else ""
        for child in node.children_by_field_name("name"):
            if child.type == "aliased_import":
                name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
                if name is not None and alias is not None:
                    self.aliases[text_of(alias)] = head + text_of(name)
            elif not head:
                self.modules.add(text_of(child).split(".")[0])
            else:
                self.aliases[text_of(child)] = head + text_of(child)

    on_import_from_statement = on_import_statement
