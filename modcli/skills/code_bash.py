"""Shell commands as a program: what the nodes of bash mean, pipes and redirections among them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from modcli.skills.code_program import HOLE, Builder, Call, Child, Value, text_of, unescaped

if TYPE_CHECKING:
    from tree_sitter import Node

#: Words before a command that run it.
WRAPPERS = {
    *(
        "sudo",
        "doas",
        "env",
        "nohup",
        "time",
        "command",
        "exec",
        "builtin",
        "nice",
        "ionice",
        "setsid",
        "timeout",
    ),
    *("xargs", "stdbuf", "caffeinate", "unbuffer", "busybox"),
}
#: Options of these that take a word of their own.
_OPTION_WITH_WORD = {
    "sudo": {"-u", "-g", "-h", "-p"}, "env": {"-u", "-S"}, "timeout": {"-s", "-k"}, "nice": {"-n"},
    "xargs": {"-I", "-n", "-P", "-L", "-d", "-a"}, "ionice": {"-c", "-n"}, "stdbuf": {"-i", "-o", "-e"},
}  # fmt: skip
#: Of what commands are known to print, so much is kept.
LONGEST_OUTPUT = 4000
#: Of the commands of a compound one, only so many are taken to read its input.
MOST_FED = 500
_HOME = re.compile(r"^(\$HOME|\$\{HOME\}|%USERPROFILE%|\$env:USERPROFILE)")
_NUMBER_OF_ARGUMENT = re.compile(r"[1-9]")


class BashBuilder(Builder):
    """See `Builder`. All variables are of the whole program, but for the arguments of functions."""

    language = "bash"
    SCOPES = frozenset({"function_definition"})

    def on_word(self, node: Node, children: list[Child]) -> Value:
        """A word."""
        inner = [child[2] for child in children if child[2] is not None]
        text = text_of(node)
        return self.literal(
            node, unescaped(text) if "\\x" not in text else text, tuple(one.node for one in inner)
        )

    on_number = on_extglob_pattern = on_regex = on_word

    def on_raw_string(self, node: Node, _: list[Child]) -> Value:
        """A text in single quotes."""
        return self.literal(node, text_of(node)[1:-1])

    def on_ansi_c_string(self, node: Node, _: list[Child]) -> Value:
        """A text in `$'...'`."""
        return self.literal(node, unescaped(text_of(node)[2:-1]))

    def on_string(self, node: Node, children: list[Child]) -> Value:
        """A text in double quotes."""
        return self.filled(node, children, 1, 1)

    def filled(self, node: Node, children: list[Child], before: int, after: int) -> Value:
        """A text with what it is filled in with; so many bytes `before` and `after` are quotes. What lies between its
        parts belongs to it too."""
        raw, start = node.text or b"", node.start_byte
        parts: list[str] = []
        at = start + before
        sources: list[int] = []
        for _, child, value, *_ in children:
            if child.type in ("string_content", "heredoc_content") or not child.is_named:
                continue
            parts.append(
                unescaped_quoted(raw[at - start : child.start_byte - start].decode("utf-8", "replace"))
            )
            parts.append(HOLE if value is None or value.text is None else value.text)
            sources += [value.node] if value is not None else []
            at = child.end_byte
        end = max(len(raw) - after, at - start)
        parts.append(unescaped_quoted(raw[at - start : end].decode("utf-8", "replace")))
        return self.literal(node, "".join(parts), tuple(sources))

    def on_string_content(self, *_: object) -> None:
        """Is read with its string."""

    def on_concatenation(self, node: Node, children: list[Child]) -> Value:
        """Parts without a space between: in the shell that is no trick of its own."""
        value = self.joined(node, [child[2] for child in children if child[2] is not None])
        quoted = sum(child[1].type in ("string", "raw_string") for child in children)
        value.joined = quoted > 1 and all(len(child[2].text or "") < 4 for child in children if child[2])
        return value

    def variable(self, node: Node, name: str) -> Value:
        """A variable: of the program, or of the environment."""
        if name == "HOME":
            return self.literal(node, "~")
        if _NUMBER_OF_ARGUMENT.fullmatch(name) or name in "@*":
            return Value(self.program.read(self.scope, name), self.line(node), name=name)
        read = self.name_read(node, name)
        if (0, name) not in self.values and name.isidentifier():
            key = self.literal(node, name)
            made = self.call(node, "env.read", key, keywords={"variable": key})
            self.program.edge(made.node, read.node)
        return read

    def on_simple_expansion(self, node: Node, _: list[Child]) -> Value:
        """`$name`."""
        return self.variable(node, text_of(node)[1:])

    def on_expansion(self, node: Node, children: list[Child]) -> Value:
        """`${name...}`, with what is given as its default."""
        match = re.match(r"\$\{[!#]?(\w+|[@*])", text_of(node))
        value = self.variable(node, match[1] if match else "?")
        for child in children:
            if child[2] is not None:
                self.program.edge(child[2].node, value.node)
        return value if text_of(node) == f"${{{match[1] if match else ''}}}" else replace(value, text=None)

    def on_variable_name(self, *_: object) -> None:
        """Is read with what it is of."""

    def output(self, node: Node, children: list[Child]) -> Value:
        """What commands print, as one value."""
        return self.union(node, children) or Value(self.program.node(), self.line(node))

    def on_list(self, node: Node, children: list[Child]) -> Value | None:
        """Commands one after the other: what they print stands on lines of its own."""
        value = self.union(node, children)
        texts = [child[2].text or HOLE for child in children if child[2] is not None]
        if value is not None and len(texts) > 1 and any(one != HOLE for one in texts):
            value.text = "\n".join(texts)[:LONGEST_OUTPUT]
        return value

    on_subshell = on_compound_statement = on_list

    on_command_substitution = on_process_substitution = output

    def on_command_name(self, node: Node, children: list[Child]) -> Value | None:
        """What is run."""
        return self.union(node, children)

    def on_command(self, node: Node, children: list[Child]) -> Value | None:
        """A command with its arguments; what it is run by comes off first."""
        words = [child[2] for child in children if child[0] in ("name", "argument") and child[2] is not None]
        if not words:
            return self.union(node, children)
        first = len(self.program.calls)
        words = self.unwrapped(node, words)
        name = (words[0].text or "").replace(HOLE, "") if words else ""
        made = self.call(
            node, self.base(name) or "$", *words[1:], receiver=words[0] if words else None,
            joined=bool(words) and words[0].joined,
            keywords={"xargs": words[0]} if any(one.name == "xargs" for one in self.program.calls[first:]) else {},
        )  # fmt: skip
        if name in ("echo", "printf") and words[1:]:
            texts = [one.text or HOLE for one in words[1:] if not (one.text or "").startswith("-")]
            made.text = " ".join(texts)[:LONGEST_OUTPUT]
        if name in ("read", "mapfile", "readarray"):
            for word in words[1:]:
                if word.known.isidentifier():
                    self.program.edge(made.node, self.program.binding(0, word.known))
        redirects = [child for child in children if child[0] == "redirect"]
        return self.redirect(node, redirects, first, made) if redirects else made

    def unwrapped(self, node: Node, words: list[Value]) -> list[Value]:
        """The words without what only runs them, which is noted as a call of its own."""
        for _ in range(6):
            name = self.base(words[0].text or "")
            if (
                name not in WRAPPERS
                or len(words) < 2
                or (name == "command" and words[1].known in ("-v", "-V"))
            ):
                break
            takes = _OPTION_WITH_WORD.get(name, set())
            at = 1
            while at < len(words) and (
                (words[at].text or "").startswith("-") or re.match(r"\w+=", words[at].text or "")
            ):
                at += 2 if words[at].text in takes else 1
            if name == "timeout":
                at += 1
            if at >= len(words):
                break
            self.call(node, name, *words[1:at])
            words = words[at:]
        return words

    @staticmethod
    def base(name: str) -> str:
        """The name of a command without the place where common ones are kept."""
        return re.sub(r"^(/usr)?(/local)?/s?bin/(?=\w)", "", name.strip())

    def commands(self, child: Child) -> range:
        """The calls that were made in a child."""
        return range(child[3], child[4])

    def feed(self, calls: range, value: Value | None) -> None:
        """What is handed to commands on their standard input, where they have no other."""
        for i in calls[:MOST_FED]:
            if value is not None and self.program.calls[i].stdin in (None, self.stdin):
                self.program.calls[i].stdin = value

    def on_pipeline(self, _: Node, children: list[Child]) -> Value | None:
        """Each command reads what the one before it prints."""
        last: Value | None = None
        for child in children:
            if child[1].is_named and child[4] > child[3]:
                self.feed(self.commands(child), last)
                last = self.output(child[1], [child])
        return last

    def on_redirected_statement(self, node: Node, children: list[Child]) -> Value | None:
        """Commands whose input or output is a file."""
        body = next((child for child in children if child[0] == "body"), None)
        redirects = [child for child in children if child[0] == "redirect"]
        if body is None:
            return self.redirect(node, redirects, children[0][3] if children else 0, None)
        return self.redirect(node, redirects, body[3], body[2], body[4])

    def redirect(
        self, node: Node, redirects: list[Child], first: int, out: Value | None, end: int | None = None
    ) -> Value | None:
        """Joins the commands from `first` to `end`, which print `out`, to the files they are directed to and from."""
        calls = range(first, len(self.program.calls) if end is None else end)
        for _, child, value, start, stop in sorted(redirects, key=lambda one: one[1].type == "file_redirect"):
            operator = text_of(child).lstrip("0123456789")[:2]
            if child.type == "file_redirect" and value is not None:
                if operator.startswith("<"):
                    name = (
                        "file.socket"
                        if (value.text or "").startswith(("/dev/tcp", "/dev/udp"))
                        else "file.read"
                    )
                    self.feed(calls, self.call(node, name, value))
                elif operator in (">&", "<&") and (value.text or "").isdigit():
                    continue
                else:
                    self.call(node, "file.write", value, *([self.printed(out)] if out else []))
            else:
                self.feed(calls, value)
                if stop > start:  # a heredoc whose line goes on with a pipe
                    self.feed(range(start, stop), out)
        return out

    def printed(self, out: Value) -> Value:
        """The output of a command; of a `cat` that only hands on what it is fed, with its text."""
        made = self.program.calls[out.call] if out.call >= 0 else None
        if made is not None and made.name in ("cat", "tee") and not made.args and made.stdin is not None:
            return replace(made.stdin, node=self.program.node(out.node, made.stdin.node))
        return out

    def on_heredoc_redirect(self, _: Node, children: list[Child]) -> Value | None:
        """The text of a heredoc."""
        return next((child[2] for child in children if child[1].type == "heredoc_body"), None)

    def on_herestring_redirect(self, node: Node, children: list[Child]) -> Value | None:
        """A text as input."""
        return self.union(node, children)

    def on_file_redirect(self, _: Node, children: list[Child]) -> Value | None:
        """The file that is named."""
        return next((child[2] for child in children if child[0] == "destination"), None)

    def on_heredoc_body(self, node: Node, children: list[Child]) -> Value:
        """Its lines, which begin on the line after the command."""
        return self.filled(node, children, 0, 0) if children else self.literal(node, text_of(node))

    def on_heredoc_start(self, *_: object) -> None:
        """Only a mark."""

    on_heredoc_end = on_heredoc_content = on_file_descriptor = on_heredoc_start

    def on_variable_assignment(self, node: Node, children: list[Child]) -> None:
        """`name=value`."""
        name = node.child_by_field_name("name")
        value = next((child[2] for child in children if child[0] == "value"), None)
        if name is not None:
            whole = name.type == "variable_name"
            called = text_of(name) if whole else text_of(name).split("[")[0]
            self.bind(called, value, 0)
            if value is None:
                self.program.binding(0, called)

    def on_for_statement(self, node: Node, children: list[Child]) -> None:
        """The variable of a loop."""
        name = node.child_by_field_name("variable")
        values = [child[2] for child in children if child[0] == "value" and child[2] is not None]
        if name is not None:
            for value in values:
                self.bind(text_of(name), replace(value, text=None) if len(values) > 1 else value, 0)

    def on_function_definition(self, node: Node, children: list[Child]) -> None:
        """A function: its arguments are $1 to $9, what it prints is what it gives back."""
        function = self.program.by_scope[self.scope]
        function.params = [self.program.binding(self.scope, str(i)) for i in range(1, 10)]
        for name in "@*":
            for param in function.params:
                self.program.edge(param, self.program.binding(self.scope, name))
        body = self.union(node, children)
        if body is not None:
            self.program.edge(body.node, function.returns)


def unescaped_quoted(text: str) -> str:
    """What double quotes leave of a text: only a few escapes are read in them."""
    return re.sub(r'\\([$`"\\\n])', lambda match: "" if match[1] == "\n" else match[1], text)


def home(text: str) -> str:
    """A path with the home folder as `~`."""
    return _HOME.sub("~", text)


def shown(call: Call, most: int = 160) -> str:
    """A command as it reads, what is not known as `…`."""
    words = [(one.text if one.text is not None else HOLE) for one in call.args[:40]]
    return " ".join([call.name, *words]).replace(HOLE, "…")[:most]


def path(value: Value) -> str:
    """A word as a path."""
    return home(value.text or "")
