"""Ruby as a program: what its nodes mean. Calls that Python has, too, go by Python's names (`Base64.decode64` is
`base64.b64decode`), so that what they do stands in one place (capabilities_calls)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from modcli.skills.code_program import HOLE, Child, Value, text_of
from modcli.skills.code_python import PythonBuilder

if TYPE_CHECKING:
    from tree_sitter import Node

#: Python's name of what a call does.
_AS_PYTHON: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"^((Kernel|Process)\.)?(system|exec|spawn)$", "os.system"),
        (r"^(IO\.popen|Open3\.\w+|PTY\.spawn)$", "os.popen"),
        (r"^((Kernel|binding|\w+\(\))\.)?eval$|(^|\.)(instance|class|module)_eval$", "eval"),
        (r"^Base64\.\w*decode64$", "base64.b64decode"),
        (r"^Zlib\.(Inflate\.)?(inflate|gunzip)$", "zlib.decompress"),
        (r"^Marshal\.load$", "pickle.loads"),
        (r"^(Net\.HTTP|HTTParty|RestClient|Faraday|Typhoeus|HTTP|Excon)\.(get|post|put|patch|request)$", r"requests.\2"),
        (r"^(Net\.HTTP\.(get_response|start)|URI\.open|OpenURI\.open_uri|URI\(\)\.open)$", "requests.get"),
        (r"^Net\.HTTP\.post_form$", "requests.post"),
        (r"^(TCPSocket|Socket)\.(new|open|tcp)$", "socket.create_connection"),
        (r"^(File|IO)\.(read|binread|readlines|foreach|open|new)$", "open"),
        (r"^(File|IO)\.(write|binwrite)$", "fs.writeFile"),
        (r"^FileUtils\.(rm\w*|remove\w*)$|^Dir\.(delete|rmdir)$", "shutil.rmtree"),
        (r"^(File|FileUtils)\.(delete|unlink)$", "os.remove"),
        (r"^FileUtils\.(cp\w*|mv|copy|move)$", "shutil.copy"),
        (r"^File\.expand_path$", "os.path.expanduser"),
        (r"^File\.join$", "os.path.join"),
        (r"^Dir\.home$", "Path.home"),
        (r"^ENV\.fetch$", "os.getenv"),
        (r"^ENV\.(to_h|to_hash|each\w*|map|inspect|select)$", "os.environ.items"),
    )
)  # fmt: skip
#: What leaves a text as it is.
_SAME = {"URI", "URI.parse", "to_s", "strip", "chomp", "freeze", "encode", "dup", "to_str"}


class RubyBuilder(PythonBuilder):
    """See `Builder`. What both languages write alike is Python's."""

    language = "ruby"
    SCOPES = frozenset({"method", "singleton_method"})

    def on_identifier(self, node: Node, children: list[Child]) -> Value:
        """A variable, or a method that is called without arguments."""
        name = text_of(node)
        if name in self.program.functions and (self.scope, name) not in self.program.bound:
            return self.call(node, name)
        return super().on_identifier(node, children)

    def on_constant(self, node: Node, _: list[Child]) -> Value:
        """A name; of the environment, all of it."""
        name = text_of(node)
        return (
            self.name_read(node, name)
            if name != "ENV"
            else replace(self.name_read(node, name), name="os.environ")
        )

    def on_scope_resolution(self, node: Node, _: list[Child]) -> Value:
        """`Net::HTTP`."""
        return Value(self.program.node(), self.line(node), name=text_of(node).replace("::", ".").lstrip("."))

    def on_instance_variable(self, node: Node, _: list[Child]) -> Value:
        """`@name`, `$name`."""
        return self.name_read(node, text_of(node))

    on_global_variable = on_class_variable = on_instance_variable

    def on_hash_key_symbol(self, node: Node, _: list[Child]) -> Value:
        """A key, or a symbol as a value."""
        return self.literal(node, text_of(node).strip(":\"'"))

    on_simple_symbol = on_hash_key_symbol

    def on_subshell(self, node: Node, children: list[Child]) -> Value:
        """A command in backticks."""
        return self.call(node, "os.popen", self.on_string(node, children))

    def on_heredoc_body(self, node: Node, children: list[Child]) -> Value:
        """Its lines."""
        parts = [
            text_of(child[1]) if child[1].type == "heredoc_content" else HOLE
            for child in children
            if child[1].is_named and child[1].type != "heredoc_end"
        ]
        return self.literal(
            node, "".join(parts), tuple(child[2].node for child in children if child[2] is not None)
        )

    def on_heredoc_beginning(self, *_: object) -> None:
        """Only a mark."""

    on_heredoc_content = on_heredoc_end = on_escape_sequence = on_heredoc_beginning

    def on_binary(self, node: Node, children: list[Child]) -> Value | None:
        """Texts joined; else both. What is shifted into a name goes into it."""
        if (
            any(child[1].type == "<<" for child in children)
            and children[-1][2] is not None
            and children[0][2]
        ):
            self.taint(children[0][2].name, (children[-1][2],))
        return self.on_binary_operator(node, children)

    def on_element_reference(self, node: Node, children: list[Child]) -> Value | None:
        """A part of something: of the environment, a variable."""
        return self.on_subscript(node, children)

    on_hash = on_array = on_block_argument = PythonBuilder.literal_of

    def on_call(self, node: Node, children: list[Child]) -> Value | None:
        """A call, by Python's name where it has one."""
        owner = next((child[2] for child in children if child[0] == "receiver"), None)
        method = node.child_by_field_name("method")
        arguments = next((child for child in children if child[0] == "arguments"), None)
        handed = arguments[2] if arguments else None
        args = handed.items if handed else ()
        called = text_of(method) if method is not None else "call"
        if called in ("send", "public_send", "__send__") and args and args[0].known:
            called, args = args[0].known, args[1:]
        own = (
            "ENV"
            if owner is not None and owner.name == "os.environ"
            else self.origin(owner)
            if owner is not None
            else ""
        )
        name = f"{own}.{called}" if own else called
        if called in ("unpack", "unpack1") and args and args[0].known.startswith("m"):
            name, args = "base64.b64decode", (owner,) if owner is not None else args
        name = next((pattern.sub(new, name) for pattern, new in _AS_PYTHON if pattern.search(name)), name)
        if name in ("os.system", "os.popen") and len(args) == 1 and args[0].items:
            args = args[0].items
        if name in ("os.system", "os.popen") and len(args) > 1:  # a program and its words
            words = Value(self.program.node(*(one.node for one in args)), self.line(node), items=args)
            name, args = "subprocess.run", (words,)
        made = self._made(node, name, args, handed, owner)
        self._block(node, made)
        return made

    def _made(
        self, node: Node, name: str, args: tuple[Value, ...], handed: Value | None, owner: Value | None
    ) -> Value:
        known = self.known_result(node, name, args)
        if known is not None:
            return known
        made = self.call(node, name, *args, keywords=handed.fields if handed else {}, receiver=owner)
        last = name.rpartition(".")[2]
        same = args[0] if name in _SAME and args else owner if last in _SAME else None
        made.text = same.text if same is not None else self.result_text(name, args, owner or made)
        if last in ("push", "append", "merge!", "concat", "update") and owner is not None:
            self.taint(owner.name, args)
        return made

    def _block(self, node: Node, value: Value) -> None:
        """The names of a block get what the call yields."""
        block = node.child_by_field_name("block")
        parameters = block.child_by_field_name("parameters") if block is not None else None
        for child in parameters.named_children if parameters is not None else ():
            self.program.edge(value.node, self.program.binding(self.scope, text_of(child)))

    def on_operator_assignment(self, node: Node, children: list[Child]) -> Value | None:
        """A name is given more."""
        return self.on_augmented_assignment(node, children)

    def on_method_parameters(self, node: Node, _: list[Child]) -> None:
        """The parameters of a method."""
        function = self.program.by_scope.get(self.scope)
        for child in node.named_children:
            name = child.child_by_field_name("name") or child
            if function is not None:
                function.params.append(self.program.binding(self.scope, text_of(name).lstrip("*&")))

    def on_block_parameters(self, *_: object) -> None:
        """Are read with the call."""

    def on_method(self, _: Node, children: list[Child]) -> None:
        """A method gives back its last value."""
        function = self.program.by_scope[self.scope]
        body = next((child[2] for child in children if child[0] == "body"), None)
        if body is not None:
            self.program.edge(body.node, function.returns)

    on_singleton_method = on_method

    def on_return(self, node: Node, children: list[Child]) -> None:
        """What a method gives back."""
        self.on_return_statement(node, children)
