"""PowerShell as a program: what its nodes mean. Cmdlets go by the names of the shell's commands where those do the same
(`Get-Content` is `cat`), so that what they do stands in one place (capabilities_commands)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from modcli.skills.code_bash import BashBuilder
from modcli.skills.code_program import HOLE, Child, Value, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_COMMANDS = {
    **dict.fromkeys(("get-content", "gc", "type", "cat", "readalltext", "readallbytes", "readalllines"), "cat"),
    **dict.fromkeys(("invoke-webrequest", "iwr", "invoke-restmethod", "irm", "curl", "wget"), "iwr"),
    **dict.fromkeys(("start-bitstransfer", "downloadstring", "downloaddata", "openread"), "iwr"),
    **dict.fromkeys(("getstringasync", "getasync", "getbytearrayasync"), "iwr"),
    **dict.fromkeys(("invoke-expression", "iex", "invokescript", "create"), "iex"),
    **dict.fromkeys(("remove-item", "ri", "rm", "del", "erase", "rd", "rmdir"), "rm"),
    **dict.fromkeys(("copy-item", "cp", "copy", "cpi"), "cp"),
    **dict.fromkeys(("move-item", "mv", "move", "mi"), "mv"),
    **dict.fromkeys(("get-clipboard", "gcb"), "pbpaste"),
    **dict.fromkeys(("expand-archive",), "unzip"),
}  # fmt: skip
_WRITES = {
    "set-content",
    "sc",
    "add-content",
    "ac",
    "out-file",
    "tee-object",
    "writealltext",
    "writeallbytes",
}
_SENDS = {"uploadstring", "uploaddata", "uploadfile", "postasync", "putasync"}
_STARTS = {"start-process", "saps", "invoke-item", "ii", "start", "start-job", "sajb"}
_OF_STARTS = {
    "-argumentlist",
    "-args",
    "-filepath",
    "-wait",
    "-verb",
    "-windowstyle",
    "-nonewwindow",
    "-passthru",
}
_COMMAND = re.compile(r"(?:^|.*?\s)-(?:c|command)\s+(.+)", re.IGNORECASE | re.DOTALL)
#: Options of cmdlets, as the shell's commands have them.
_OPTIONS = {
    "-destination": "-OutFile",
    "-outfile": "-OutFile",
    "-body": "-Body",
    "-infile": "-InFile",
    "-headers": "-Headers",
}
_VARIABLE = re.compile(r"\$\{?(?:(env|global|script|local|private|using):)?([\w?$^]+)\}?", re.IGNORECASE)


class PowerShellBuilder(BashBuilder):
    """See `Builder`. Names are written in any case, and are of the whole program."""

    language = "powershell"
    SCOPES = frozenset({"function_statement"})

    def _open(self, node: Node) -> None:
        super()._open(node)
        name = next((child for child in node.children if child.type == "function_name"), None)
        if name is not None:
            function = self.program.by_scope[self.scope]
            self.program.functions.setdefault(text_of(name).lower(), []).append(function)

    def on_script_parameter(self, node: Node, _: list[Child]) -> None:
        """A parameter of a function."""
        name = next((child for child in node.named_children if child.type == "variable"), None)
        function = self.program.by_scope.get(self.scope)
        match = _VARIABLE.match(text_of(name)) if name is not None else None
        if match is not None and function is not None:
            function.params.append(self.program.binding(self.scope, match[2].lower()))

    def on_function_statement(self, _: Node, children: list[Child]) -> None:
        """A function gives back all that it prints."""
        for child in children:
            if child[2] is not None:
                self.program.edge(child[2].node, self.program.by_scope[self.scope].returns)

    def on_variable(self, node: Node, _: list[Child]) -> Value:
        """`$name`, `$env:name`."""
        match = _VARIABLE.match(text_of(node))
        space, name = (match[1] or "", match[2]) if match else ("", text_of(node))
        if name.lower() == "home" or (space.lower() == "env" and name.upper() in ("HOME", "USERPROFILE")):
            return self.literal(node, "~")
        if space.lower() == "env":
            key = self.literal(node, name)
            return self.call(node, "env.read", key, keywords={"variable": key})
        return self.name_read(node, name.lower())

    def on_generic_token(self, node: Node, _: list[Child]) -> Value:
        """A bare word."""
        return self.literal(node, text_of(node).replace("`", ""))

    on_command_parameter = on_path_command_name_token = on_simple_name = on_generic_token

    def on_verbatim_string_characters(self, node: Node, _: list[Child]) -> Value:
        """A text in single quotes."""
        return self.literal(node, text_of(node)[1:-1].replace("''", "'"))

    def on_expandable_string_literal(self, node: Node, children: list[Child]) -> Value:
        """A text in double quotes."""
        return self.filled(node, children, 1, 1)

    def on_expandable_here_string_literal(self, node: Node, children: list[Child]) -> Value:
        """Lines between `@"` and `"@`."""
        return self.filled(node, children, 2, 2)

    def on_verbatim_here_string_characters(self, node: Node, _: list[Child]) -> Value:
        """Lines between `@'` and `'@`."""
        return self.literal(node, text_of(node)[2:-2])

    def on_additive_expression(self, node: Node, children: list[Child]) -> Value | None:
        """Texts joined; else both."""
        sides = [child[2] for child in children if child[2] is not None]
        if len(sides) > 1 and any(side.text is not None for side in sides):
            return self.joined(node, sides)
        return self.union(node, children)

    on_additive_argument_expression = on_additive_expression

    def on_type_literal(self, node: Node, _: list[Child]) -> Value:
        """`[System.Convert]`."""
        return Value(self.program.node(), self.line(node), name=text_of(node).strip("[]").lower())

    def on_assignment_expression(self, node: Node, children: list[Child]) -> Value | None:
        """`$name = value`."""
        value = next((child[2] for child in reversed(children) if child[0] == "value"), None)
        match = _VARIABLE.match(text_of(children[0][1])) if children else None
        if match is not None and value is not None:
            if any(text_of(child[1]).strip() == "+=" for child in children):
                value = replace(self.union(node, children) or value, text=None)
            self.bind(match[2].lower(), value, 0)
        return value

    def on_member_access(self, node: Node, children: list[Child]) -> Value | None:
        """A name within another."""
        owner = next((child[2] for child in children if child[2] is not None), None)
        name = text_of(children[-1][1]) if children else ""
        return owner and Value(
            self.program.node(owner.node), self.line(node), name=f"?.{name.lower()}", of=owner
        )

    def on_member_name(self, *_: object) -> None:
        """Is read with what it is of."""

    def on_argument_expression_list(self, node: Node, children: list[Child]) -> Value:
        """The arguments of a method."""
        items = tuple(child[2] for child in children if child[2] is not None)
        return Value(self.program.node(*(one.node for one in items)), self.line(node), items=items)

    def on_invokation_expression(self, node: Node, children: list[Child]) -> Value | None:
        """A method is called."""
        owner = next((child[2] for child in children if child[2] is not None), None)
        member = next((text_of(child[1]) for child in children if child[1].type == "member_name"), "")
        handed = next((child[2] for child in children if child[1].type == "argument_list"), None)
        return self.method(
            node, member.lower(), handed.items or (handed,) if handed is not None else (), owner
        )

    def method(self, node: Node, name: str, args: tuple[Value, ...], owner: Value | None) -> Value:
        """A method of .NET as the command that does the same."""
        if name == "frombase64string":
            return self.call(node, "base64", self.literal(node, "-d"), *args)
        if name == "getenvironmentvariable" and args:
            return self.call(node, "env.read", args[0], keywords={"variable": args[0]})
        if name == "downloadfile" and len(args) > 1:
            return self.call(node, "iwr", args[0], self.literal(node, "-OutFile"), args[1])
        if name in _SENDS and args:
            return self.call(node, "iwr", args[0], self.literal(node, "-Body"), *args[1:])
        if name in _WRITES and len(args) > 1:
            return self.call(node, "file.write", *args)
        if name == "create" and (owner is None or owner.name != "scriptblock"):
            name = "made"
        if name == "start" and args:
            return self.call(node, "$", receiver=args[0])
        more = (owner,) if owner is not None and name not in _COMMANDS else ()
        return self.call(node, _COMMANDS.get(name, f"?.{name}"), *more, *args)

    def on_command_elements(self, node: Node, children: list[Child]) -> Value:
        """The words behind a command."""
        items: list[Value] = []
        for _, child, value, *_rest in children:
            if value is None:
                continue
            if child.type == "argument_list" and items and items[-1].name.startswith("?."):
                # `iex (New-Object Net.WebClient).DownloadString(address)`
                last = items.pop()
                items.append(self.method(child, last.name[2:], value.items or (value,), last.of))
            else:
                items.append(value)
        return Value(self.program.node(*(one.node for one in items)), self.line(node), items=tuple(items))

    def on_command(self, node: Node, children: list[Child]) -> Value | None:
        """A command with its arguments, and where what it prints goes."""
        handed = next((child[2] for child in children if child[0] == "command_elements"), None)
        words = handed.items if handed is not None else ()
        made = self.command(node, children, tuple(one for one in words if one.name != ">"))
        for target in words:
            if target.name == ">" and made is not None:
                self.call(node, "file.write", target, made)
        return made

    def command(self, node: Node, children: list[Child], words: tuple[Value, ...]) -> Value | None:
        """A command by the name of the shell's that does the same."""
        named = next((child for child in children if child[0] == "command_name"), None)
        if named is None:
            return self.union(node, children)
        called = named[2].text if named[2] is not None and named[2].text is not None else text_of(named[1])
        bare = named[1].type == "command_name"
        name = (text_of(named[1]) if bare else called).strip("\"'").lower().removesuffix(".exe")
        words = tuple(
            replace(one, text=_OPTIONS[one.known.lower()]) if one.known.lower() in _OPTIONS else one
            for one in words
        )
        plain = [one for one in words if not one.known.startswith("-")]
        if name in _WRITES:
            return self.call(node, "file.write", *plain) if plain else None
        if name in _STARTS and plain:
            rest = [one for one in words if one is not plain[0] and one.known.lower() not in _OF_STARTS]
            return self.started(node, plain[0], [part for one in rest for part in (one.items or (one,))])
        if name in self.program.functions:
            return self.call(node, name, *plain)
        if name in ("get-childitem", "gci", "dir", "ls") and any(
            one.known.lower().startswith("env:") for one in plain
        ):
            return self.call(node, "env.all")
        receiver = named[2] or self.literal(node, text_of(named[1]))
        receiver = replace(receiver, text=receiver.text and receiver.text.replace("\\", "/"))
        return self.call(
            node, _COMMANDS.get(name, name) if bare or name in _COMMANDS else "$", *words, receiver=receiver
        )

    def started(self, node: Node, first: Value, rest: list[Value]) -> Value:
        """A program is started with its arguments."""
        name = self.base(first.known.lower().removesuffix(".exe"))
        said = _COMMAND.match(" ".join(one.text or HOLE for one in rest))
        if name in ("pwsh", "powershell") and said:
            code = self.literal(node, said[1], tuple(one.node for one in rest))
            return self.call(node, name, self.literal(node, "-c"), code)
        words = [self.literal(node, part) for one in rest for part in one.known.split()] or rest
        return self.call(node, name or "$", *words, receiver=first)

    def on_pipeline_chain(self, _: Node, children: list[Child]) -> Value | None:
        """Each command reads what the one before it prints."""
        last: Value | None = None
        for child in children:
            if not child[1].is_named:
                continue
            own = [self.program.calls[i] for i in self.commands(child)]
            self.feed(self.commands(child), last)
            for call in own:
                if call.name == "file.write" and last is not None and len(call.args) == 1:
                    call.args = (*call.args, last)
                if call.name == "iwr" and last is not None:
                    call.args = (*call.args, self.literal(child[1], "-Body"), last)
            last = child[2] if child[2] is not None else last
        return last

    def on_redirection(self, _: Node, children: list[Child]) -> Value | None:
        """A file into which something is printed: `>` with its name."""
        target = next((child[2] for child in reversed(children) if child[2] is not None), None)
        return replace(target, name=">") if target is not None and target.known else None
