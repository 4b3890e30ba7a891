"""What a script says to people: its comments and strings, each with its line. The code between them is for the rules."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_bash
import tree_sitter_javascript
import tree_sitter_python
from tree_sitter import Language, Parser

#: The grammar by the ending of a file's name.
_GRAMMARS = {
    **dict.fromkeys(("py", "pyw"), tree_sitter_python),
    **dict.fromkeys(("sh", "bash", "zsh", "ksh"), tree_sitter_bash),
    **dict.fromkeys(("js", "mjs", "cjs", "jsx"), tree_sitter_javascript),
}
_SPOKEN = {"comment", "string", "raw_string", "heredoc_body", "template_string", "ansi_c_string"}
#: Beyond this many bytes a script is read as plain text.
_MOST_BYTES = 2_000_000


def spoken_lines(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines of the comments and strings of a script, in order. Of a language without a grammar, and of a script
    that is very long: all of its lines. A script without a comment or a string has none."""
    grammar = _GRAMMARS.get(_ending(path, text))
    raw = text.encode("utf-8", "replace")
    if grammar is None or len(raw) > _MOST_BYTES:
        yield from enumerate(text.split("\n"), 1)
        return
    cursor = Parser(Language(grammar.language())).parse(raw).walk()
    while True:
        node = cursor.node
        if node is not None and node.type in _SPOKEN:
            line = node.start_point[0] + 1
            said = raw[node.start_byte : node.end_byte].decode("utf-8", "replace")
            yield from enumerate(said.split("\n"), line)
        elif cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _ending(path: str, text: str) -> str:
    """The ending of the name, else what the first line says to run it with."""
    name = path.rpartition("/")[2]
    if "." in name:
        return name.rpartition(".")[2].lower()
    first = text[:100].split("\n")[0]
    if not first.startswith("#!"):
        return ""
    return "py" if "python" in first else "js" if "node" in first else "sh" if "sh" in first else ""
