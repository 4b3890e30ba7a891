"""Facts about the code of a file: what it can do and what flows where, by its syntax tree. Nothing of it is ever run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from modcli.errors import MissingExtraError
from modcli.skills.capabilities import Fact, Flow, persistent_path
from modcli.skills.capabilities_calls import Effect, effect_of
from modcli.skills.capabilities_commands import command_effect
from modcli.skills.code_bash import BashBuilder, home
from modcli.skills.code_javascript import JavaScriptBuilder
from modcli.skills.code_markdown import Block, blocks
from modcli.skills.code_powershell import PowerShellBuilder
from modcli.skills.code_program import HOLE, Builder, Call, Program, Value, error_share
from modcli.skills.code_python import PythonBuilder
from modcli.skills.code_ruby import RubyBuilder
from modcli.skills.flows import Analysis
from modcli.skills.skill import Role, SkillFile

if TYPE_CHECKING:
    from tree_sitter import Parser

#: More bytes of one file are not parsed, nor more nodes walked: `cut_line` then says where it ended.
MOST_BYTES = 4 << 20
MOST_NODES = 2_000_000
#: Code in strings of code in strings: deeper is not looked at.
DEEPEST = 4
BUILDERS: dict[str, type[Builder]] = {
    "python": PythonBuilder, "bash": BashBuilder, "javascript": JavaScriptBuilder,
    "ruby": RubyBuilder, "powershell": PowerShellBuilder,
}  # fmt: skip
_SUFFIXES = {
    **dict.fromkeys(("py", "pyw", "pyi"), "python"),
    **dict.fromkeys(("sh", "bash", "zsh", "ksh", "command", "fish", "envrc"), "bash"),
    **dict.fromkeys(("js", "mjs", "cjs", "jsx", "ts", "tsx", "mts", "cts"), "javascript"),
    **dict.fromkeys(("rb", "rake", "gemspec"), "ruby"),
    **dict.fromkeys(("ps1", "psm1"), "powershell"),
}
#: Code that there is no grammar for here. It is said of such a file that it was not judged.
_FOREIGN = {
    **{
        "bat": "batch",
        "cmd": "batch",
        "vbs": "VBScript",
    },
    **{
        "pl": "Perl",
        "php": "PHP",
        "lua": "Lua",
        "go": "Go",
        "rs": "Rust",
        "applescript": "AppleScript",
        "scpt": "AppleScript",
    },
    **{
        "jar": "Java",
        "swift": "Swift",
        "java": "Java",
        "ipynb": "Jupyter",
        "wasm": "WebAssembly",
        "hta": "HTA",
        "awk": "awk",
    },
}
_SHEBANG = re.compile(r"#!\s*(\S+)([^\n]*)")
_SCHEDULE = re.compile(r"^\s*(?:@\w+|(?:[\d*/,\-A-Za-z]+\s+){5})\s*(?=\S)", re.MULTILINE)
_RUNS_LATER = re.compile(r"\.(sh|bash|py|js|mjs|command)$")


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What the code of a file does. `facts` and `flows` are in the order of lines, `runs` the files that it runs: (line,
    path, by what). `blocks` are the blocks that it stands in, of a Markdown file. `error_share` is the share of bytes
    that do not parse, `cut_line` the line after which nothing was looked at (0: all was)."""

    path: str
    language: str = ""
    facts: tuple[Fact, ...] = ()
    flows: tuple[Flow, ...] = ()
    runs: tuple[tuple[int, str, str], ...] = ()
    blocks: tuple[Block, ...] = ()
    error_share: float = 0.0
    cut_line: int = 0
    foreign: str = ""

    def block(self, line: int) -> Block | None:
        """The block of a Markdown file that a line is in."""
        return next((one for one in self.blocks if one.line <= line <= one.last_line), None)


def interpreter(text: str) -> str:
    """The program that the first line of a text asks for (`#!/usr/bin/env -S node`: `node`); empty where it asks none."""
    match = _SHEBANG.match(text.lstrip("\ufeff")[:200])
    if match is None:
        return ""
    words = [match[1], *(one for one in match[2].split() if not one.startswith("-") and "=" not in one)]
    names = [word.rpartition("/")[2] for word in words]
    return names[1] if names[0] == "env" and len(names) > 1 else names[0]


def language_of(file: SkillFile) -> str:
    """The language of a file, of those in BUILDERS, by suffix, then by what the first line says; else empty."""
    suffix = file.path.rpartition("!")[2].rpartition("/")[2].lower().rpartition(".")
    if suffix[2] in _SUFFIXES and suffix[1]:
        return _SUFFIXES[suffix[2]]
    name = interpreter(file.text or "")
    if name.startswith(("python", "pypy")):
        return "python"
    if name in ("node", "deno", "bun", "ts-node", "tsx"):
        return "javascript"
    if name in ("ruby", "pwsh"):
        return {"pwsh": "powershell"}.get(name, name)
    return "bash" if name in ("bash", "sh", "zsh", "dash", "ksh") else ""


def facts(file: SkillFile, language: str = "") -> CodeFacts:
    """What the code of a file does: of a script, or of the commands in a Markdown file. `language` says what it is run
    as, where its name does not. A file without code has none.

    Raises MissingExtraError where tree-sitter or a grammar is not installed.
    """
    if file.text is None:
        return CodeFacts(file.path)
    language = language or language_of(file)
    name = file.path.lower().rpartition("!")[2]
    if language:
        return _judged(file.path, {language: [Block(language, file.text, 1)]}, language, len(file.text))
    if name.endswith((".md", ".markdown", ".mdx", ".mdc")) or file.role in (
        Role.SKILL,
        Role.COMMAND,
        Role.AGENT,
    ):
        title = re.sub(r"[^\w]+|_", " ", name.rpartition("/")[2]) if file.role is Role.DOCUMENT else ""
        found = blocks(file.text, title)
        groups: dict[str, list[Block]] = {}
        for block in found:
            if block.language in BUILDERS and not block.example:
                groups.setdefault(block.language, []).append(block)
        for block in found:
            if block.language in BUILDERS and block.example:
                groups.setdefault(f"{block.language} example {block.line}", []).append(block)
        size = sum(len(block.text) for block in found)
        made = _judged(file.path, groups, "markdown", size)
        return CodeFacts(
            made.path,
            "markdown",
            made.facts,
            made.flows,
            made.runs,
            tuple(found),
            made.error_share,
            made.cut_line,
        )
    foreign = _FOREIGN.get(name.rpartition(".")[2], interpreter(file.text))
    return CodeFacts(file.path, foreign=foreign)


def command_facts(path: str, commands: Sequence[tuple[int, str]]) -> CodeFacts:
    """What commands do that stand in a settings file: (line, command). All on its line, wherever the command breaks."""
    program = Program()
    effects: list[Effect] = []
    for line, command in commands:
        parse_into("bash", command, program, effects, BashBuilder(program, line), fixed_line=line)
    return _analysed(path, "bash", [(program, effects)], 0, 0)


def _judged(path: str, groups: dict[str, list[Block]], language: str, size: int) -> CodeFacts:
    programs: list[tuple[Program, list[Effect]]] = []
    cut = 0
    for key, members in groups.items():
        program, effects = Program(), []  # type: tuple[Program, list[Effect]]
        base = key.partition(" ")[0]
        builder: Builder | None = None
        for block in members:
            following = BUILDERS[base](program, block.line)
            if builder is not None:  # what one block sets, the next may use
                following.values, following.aliases = builder.values, builder.aliases
            builder = following
            cut = parse_into(base, block.text, program, effects, builder) or cut
        programs.append((program, effects))
    return _analysed(path, language, programs, size, cut)


def _analysed(
    path: str, language: str, programs: list[tuple[Program, list[Effect]]], size: int, cut: int
) -> CodeFacts:
    facts_: list[Fact] = []
    flows: list[Flow] = []
    runs: list[tuple[int, str, str]] = []
    errors: list[tuple[int, int, int]] = []
    for program, effects in programs:
        analysis = Analysis(program, effects)
        analysis.run()
        cut = cut or analysis.cut_line
        facts_ += analysis.facts
        flows += analysis.flows
        runs += analysis.runs
        errors += program.errors
    return CodeFacts(
        path, language, tuple(sorted(set(facts_), key=lambda one: (one.line, one.told))),
        tuple(sorted(flows, key=lambda one: (one.line, one.source_line))), tuple(dict.fromkeys(runs)),
        error_share=error_share(errors, size), cut_line=cut,
    )  # fmt: skip


def parse_into(
    language: str, text: str, program: Program, effects: list[Effect], builder: Builder, fixed_line: int = 0
) -> int:
    """Adds a text to a program, and the code that its strings hold. The line where it was cut, or 0."""
    data = text.encode("utf-8", "replace")
    cut = 0
    if len(data) > MOST_BYTES:
        data = data[:MOST_BYTES]
        cut = data.count(b"\n") + builder.first_line
    builder.fixed_line = fixed_line
    builder.walk(parser(language).parse(data), MOST_NODES)
    while len(effects) < len(program.calls):
        call = program.calls[len(effects)]
        shell = call.language in ("bash", "powershell")
        effect = command_effect(call, program) if shell else effect_of(call, program)
        effects.append(effect)
        if call.maker is not None and call.maker.depth < DEEPEST:
            for code, value in [*effect.code, *_written(effect)]:
                _nested(code, value, call, call.maker, program)
    return builder.cut_line or cut


def _written(effect: Effect) -> Iterable[tuple[str, Value]]:
    """Texts that are written where they are run: scripts, and files that are read at start."""
    for path, contents in effect.writes:
        name = home(path.text or "")
        for value in contents:
            if value.text and persistent_path(name) and not name.endswith((".md", ".json")):
                yield "persisted", value
            elif value.text and _RUNS_LATER.search(name):
                yield _SUFFIXES[name.rpartition(".")[2]], value


def _nested(language: str, value: Value, call: Call, outer: Builder, program: Program) -> None:
    """Parses a text of a program as code of its own, where there is one. Its calls come after those that there are."""
    if language == "words":
        words = value.items
        if words and words[0].known:
            made = replace(call, name=words[0].known, args=words[1:], node=program.node(), keywords={})
            made.receiver, made.language, made.stdin, made.joined = words[0], "bash", None, False
            program.calls.append(made)
        return
    text = value.text or ""
    if language.endswith("-text"):  # AppleScript: what it hands to the shell
        text = "\n".join(re.findall(r'do shell script\s+"((?:[^"\\]|\\.)*)"', text)).replace('\\"', '"')
        language = "bash"
    inside = call.inside
    if language == "persisted":
        inside, language, text = "persisted", "bash", _SCHEDULE.sub("", text)
    program.nested += len(text)
    if language not in BUILDERS or not text.strip(HOLE + " \n") or program.nested > MOST_BYTES:
        return
    builder = BUILDERS[language](program, value.line, inside, outer.depth + 1)
    builder.stdin = call.stdin
    if language != outer.language:  # its names are not those around it
        builder.scope = program.scope("", -1)
    if language == outer.language:
        builder.values, builder.aliases = outer.values, outer.aliases
    if HOLE in text:
        hole = f"hole_{program.node()}_"
        program.edge(value.node, program.binding(builder.scope, hole))
        text = text.replace(HOLE, f"${{{hole}}}" if language in ("bash", "powershell") else hole)
    fits = value.line + text.rstrip("\n").count("\n") <= value.last_line
    builder.fixed_line = 0 if fits else value.line
    errors = len(program.errors)
    builder.walk(parser(language).parse(text.encode("utf-8", "replace")), MOST_NODES)
    del program.errors[errors:]  # a text need not be code


@cache
def parser(language: str) -> Parser:
    """The parser of a language.

    Raises MissingExtraError where tree-sitter or the grammar is not installed.
    """
    try:
        import tree_sitter

        if language == "python":
            from tree_sitter_python import language as grammar
        elif language == "bash":
            from tree_sitter_bash import language as grammar
        elif language == "ruby":
            from tree_sitter_ruby import language as grammar
        elif language == "powershell":
            from tree_sitter_powershell import language as grammar
        else:
            from tree_sitter_javascript import language as grammar
    except ImportError as error:
        raise MissingExtraError(
            "to judge what code does, modcli needs tree-sitter", hint="pip install 'modcli[skills]'"
        ) from error
    return tree_sitter.Parser(tree_sitter.Language(grammar()))
