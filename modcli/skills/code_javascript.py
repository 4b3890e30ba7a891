"""JavaScript as a program, and as much of TypeScript as its grammar takes: what its nodes mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modcli.skills.code_program import HOLE, Child, Value, text_of, unescaped
from modcli.skills.code_python import PythonBuilder
from modcli.skills.code_targets import targets

if TYPE_CHECKING:
    from tree_sitter import Node

_SAME_METHODS = {"toString", "trim", "replace", "toLowerCase", "normalize"}
_JOINS = {"path.join", "path.resolve", "path.posix.join"}


class JavaScriptBuilder(PythonBuilder):
    """See `Builder`. What both languages write alike is Python's."""

    language = "javascript"
    SCOPES = frozenset(
        {
            "function_declaration",
            "function_expression",
            "arrow_function",
            "method_definition",
            "generator_function",
        }
    )

    def on_string(self, node: Node, _: list[Child]) -> Value:
        """A text."""
        return self.literal(node, unescaped(text_of(node)[1:-1]))

    def on_template_string(self, node: Node, children: list[Child]) -> Value:
        """A text with its substitutions."""
        parts: list[str] = []
        sources: list[int] = []
        for _, child, value, *_ in children:
            if child.type == "template_substitution":
                parts.append(HOLE if value is None or value.text is None else value.text)
                sources += [value.node] if value is not None else []
            elif child.is_named:
                parts.append(unescaped(text_of(child)))
        return self.literal(node, "".join(parts), tuple(sources))

    def on_string_fragment(self, *_: object) -> None:
        """Is read with its string."""

    on_escape_sequence = on_regex = on_string_fragment

    def on_template_substitution(self, node: Node, children: list[Child]) -> Value | None:
        """What stands in braces."""
        return self.union(node, children)

    def on_binary_expression(self, node: Node, children: list[Child]) -> Value | None:
        """Texts joined; else both."""
        sides = [child[2] for child in children if child[2] is not None]
        plus = any(child[1].type == "+" for child in children)
        if plus and len(sides) == 2 and any(side.text is not None for side in sides):
            return self.joined(node, sides)
        return self.union(node, children)

    def on_property_identifier(self, *_: object) -> None:
        """Is read with what it is of."""

    def on_this(self, node: Node, _: list[Child]) -> Value:
        """The object itself."""
        return Value(self.program.node(), self.line(node), name="this")

    def on_import(self, node: Node, _: list[Child]) -> Value:
        """`import(...)`."""
        return Value(self.program.node(), self.line(node), name="import")

    def on_member_expression(self, node: Node, children: list[Child]) -> Value | None:
        """A name within another; of the environment, a variable."""
        owner = next((child[2] for child in children if child[0] == "object"), None)
        name = text_of(children[-1][1]) if children else ""
        if owner is not None and owner.name in ("process.env", "import.meta.env", "Bun.env"):
            return self.environment(node, self.literal(node, name))
        if owner is not None and owner.name == "this":
            full = f"this.{name}"
            known = self.values.get((self.top, full))
            used = self.program.read(self.top, full)
            return replace(known, node=used) if known else Value(used, self.line(node), name=full, of=owner)
        if owner is not None and name in owner.fields:
            return owner.fields[name]
        return super().on_attribute(node, children)

    def on_subscript_expression(self, node: Node, children: list[Child]) -> Value | None:
        """A part of something."""
        values = [child[2] for child in children if child[2] is not None]
        if len(values) == 2 and values[0].name == "process.env":
            return self.environment(node, values[1])
        return super().on_subscript(node, children)

    def consumed(self, node: Node, value: Value | None) -> Value | None:
        """See `PythonBuilder.consumed`."""
        if value is not None and value.name in ("process.env", "Bun.env") and value.call < 0:
            return replace(self.call(node, "env.all"), key=value.key)
        return value

    def on_spread_element(self, node: Node, children: list[Child]) -> Value | None:
        """All of something."""
        return self.consumed(node, self.union(node, children))

    def on_pair(self, node: Node, children: list[Child]) -> Value | None:
        """A key and its value."""
        key = node.child_by_field_name("key")
        value = self.consumed(node, children[-1][2]) if children else None
        return (
            replace(value, key=text_of(key).strip("'\"") or "?")
            if value is not None and key is not None
            else None
        )

    def on_shorthand_property_identifier(self, node: Node, _: list[Child]) -> Value:
        """`{name}`."""
        return replace(self.name_read(node, text_of(node)), key=text_of(node))

    on_object = on_array = on_arguments = PythonBuilder.literal_of

    def on_call_expression(self, node: Node, children: list[Child]) -> Value | None:
        """A call."""
        return super().on_call(node, children)

    def on_new_expression(self, node: Node, children: list[Child]) -> Value | None:
        """`new X(...)`."""
        callee = next((child[2] for child in children if child[0] == "constructor"), None)
        handed = next((child[2] for child in children if child[0] == "arguments"), None)
        name = "new " + (callee.name if callee else "?")
        return self.call(
            node, name, *(handed.items if handed else ()), keywords=handed.fields if handed else {}
        )

    def known_result(self, node: Node, name: str, args: tuple[Value, ...]) -> Value | None:
        """Of calls that only name something."""
        if name in ("require", "import") and args and args[0].known:
            return Value(
                args[0].node, self.line(node), name=args[0].known.removeprefix("node:"), joined=args[0].joined
            )
        if name in _JOINS and any(one.text is not None for one in args):
            return self.joined(node, list(args), "/")
        return None

    def result_text(self, name: str, args: tuple[Value, ...], callee: Value) -> str | None:
        """The text of a result, where it is that of what went in."""
        _, _, last = name.rpartition(".")
        if name in ("os.homedir", "homedir"):
            return "~"
        if last == "join" and callee.items and all(one.known for one in callee.items):
            between = args[0].known if args else ","
            return between.join(one.known for one in callee.items)
        if last == "concat" and callee.text is not None:
            return callee.text + "".join(HOLE if one.text is None else one.text for one in args)
        return callee.text if last in _SAME_METHODS else None

    def on_await_expression(self, node: Node, children: list[Child]) -> Value | None:
        """The value that is waited for."""
        return self.union(node, children)

    def on_variable_declarator(self, node: Node, children: list[Child]) -> None:
        """A name is given a value; from a module, its parts are named."""
        value = next((child[2] for child in children if child[0] == "value"), None)
        left = node.child_by_field_name("name")
        if left is not None and left.type == "object_pattern" and value is not None:
            self._unpacked(left, value)
            return
        if left is not None and value is not None and value.function in self.program.by_scope:
            function = self.program.by_scope[value.function]
            self.program.functions.setdefault(text_of(left), []).append(function)
        self.assign(left, self.consumed(node, value))

    def _unpacked(self, pattern: Node, value: Value) -> None:
        """`const {a, b: c} = value`."""
        for child in pattern.named_children:
            key = child.child_by_field_name("key") or child
            name = text_of(key)
            target = child.child_by_field_name("value") or child
            part = value.fields.get(name)
            if part is None and value.name in ("process.env", "Bun.env"):
                part = self.environment(child, self.literal(child, name))
            if part is None:
                full = f"{self.origin(value)}.{name}"
                part = Value(value.node, self.line(child), name=full, call=value.call)
            for named, _ in targets(target)[:1]:
                self.bind(named, part)

    def on_assignment_expression(self, node: Node, children: list[Child]) -> Value | None:
        """A name is given a value."""
        return super().on_assignment(node, children)

    def on_augmented_assignment_expression(self, node: Node, children: list[Child]) -> Value | None:
        """A name is given more."""
        return super().on_augmented_assignment(node, children)

    def on_for_in_statement(self, node: Node, children: list[Child]) -> Value | None:
        """What is gone over, and the name for each."""
        return super().loop(node, children)

    def on_formal_parameters(self, node: Node, _: list[Child]) -> None:
        """The parameters of a function."""
        function = self.program.by_scope.get(self.scope)
        for child in node.named_children:
            left = child.child_by_field_name("left") or child
            names = [name for name, _ in targets(left)]
            if function is not None and names:
                first = self.program.binding(self.scope, names[0])
                function.params.append(first)
                for name in names[1:]:
                    self.program.edge(first, self.program.binding(self.scope, name))

    def function(self, node: Node, children: list[Child]) -> Value:
        """A function as a value."""
        function = self.program.by_scope[self.scope]
        single = node.child_by_field_name("parameter")
        if single is not None:
            function.params.append(self.program.binding(self.scope, text_of(single)))
        body = children[-1] if children else None
        if body is not None and body[2] is not None and body[1].type != "statement_block":
            self.program.edge(body[2].node, function.returns)
        return Value(self.program.node(), self.line(node), function=self.scope)

    on_arrow_function = on_function_expression = on_function_declaration = function
    on_method_definition = on_generator_function = function

    def on_import_statement(self, node: Node, _: list[Child]) -> None:
        """`import a, {b as c} from 'd'`."""
        source = node.child_by_field_name("source")
        module = text_of(source)[1:-1].removeprefix("node:") if source is not None else ""
        todo = list(node.named_children)
        while todo:
            one = todo.pop()
            if one.type == "import_specifier":
                name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
                if name is not None:
                    self.aliases[text_of(alias or name)] = f"{module}.{text_of(name)}"
            elif one.type == "identifier":
                self.aliases[text_of(one)] = module
            elif one.type in ("import_clause", "named_imports", "namespace_import"):
                todo += one.named_children
