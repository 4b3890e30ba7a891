"""What acts before anybody reads the page: orders in the front matter, hooks, and commands that run on loading.

The front matter is taken as it is written, not as YAML: what does not parse is read by models all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modcli.skills.hidden_rules import around, found
from modcli.skills.hooks import commands_of, has_hooks, hooks_in, lines_of, settings_of
from modcli.skills.orders import find_early, find_order
from modcli.skills.rendered import front_lines
from modcli.skills.skill import Finding, Level, Role, SkillFile

_KEY = re.compile(r"^([A-Za-z_][\w.-]*)[ \t]*:(.*)$")
_COMMENT = re.compile(r"(?:^|\s)#\s?(.*)$")
_HOOK_COMMAND = re.compile(r"""["']?\b(?:command|bash)["']?\s*:\s*(.+)""")
_INLINE = re.compile(r"(?:^|(?<=[\s(:>*_-]))!`([^`\n]+)`")
_FENCE = re.compile(r"^ {0,3}(?:>\s?)*(`{3,}|~{3,})\s*(\S*)")
#: The fences of one that runs, wherever it stands: in a list, say.
_FENCE_THAT_RUNS = re.compile(r"^[\s>*+.)\d-]*+(`{3,}|~{3,})\s*(!\S*)")
_FENCE_BEHIND = re.compile(r"^[\s>]*+(`{3,}|~{3,})\s*()$")
#: Programs that only look, with the subcommands of theirs that do.
_LOOKS = re.compile(
    r"(?:git (?:status|diff|log|branch|show|remote|rev-parse|config --get|describe|ls-files|stash list|worktree list"
    r"|blame|tag)|(?:ls|pwd|date|whoami|uname|tree|wc|head|tail|cat|find|grep|rg|which|basename|dirname|echo|sort|uniq"
    r"|cut|test|jq|sed -n)|(?:node|npm|python3?|go|cargo|ruby|java|docker|uv|gh) (?:-v|-V|--version|version)"
    r"|gh (?:pr|issue|repo|run) (?:view|list|diff|status)|true|:)(?=\s|$)"
)
_PRIVATE = re.compile(
    r"\.env\b|\.ssh|\.aws|id_rsa|\.netrc|\.npmrc|/etc/(?:passwd|shadow)|keychain|credentials|\b(?:printenv|env)\b"
    r"|history|\$\{?[A-Z_]*(?:TOKEN|SECRET|KEY|PASSWORD)",
    re.IGNORECASE,
)
_SENDS = re.compile(
    r"\b(?:curl|wget|nc|ncat|scp|ssh|ftp|telnet|invoke-webrequest)\b|/dev/tcp|https?://", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A top-level key of the front matter as it is written, with the lines of its value; no key for what precedes any."""

    key: str
    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The value, with folded lines joined and comments left out."""
        return "\n".join(line.strip().strip("\"'>|-").strip() for line in self.lines)


def early_findings(file: SkillFile, text: str) -> list[Finding]:
    """Orders in the front matter, hooks and commands of one file."""
    findings: list[Finding] = []
    last = front_lines(text)
    for entry in _entries(text, last):
        findings.extend(_entry(file, entry))
    if file.role in (Role.SKILL, Role.COMMAND, Role.AGENT):
        findings.extend(_on_loading(file, text, last))
    if has_hooks(file):
        findings.extend(_hooks(file, 1, text.split("\n")))
    return findings


def _entries(text: str, last: int) -> Iterator[_Entry]:
    """The top-level keys of the front matter, which ends on a line."""
    key, first, lines = "", 2, list[str]()
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n")[1 : max(1, last - 1)], 2):
        if match := _KEY.match(line):
            yield _Entry(key, first, tuple(lines))
            key, first, lines = match[1].lower(), number, [match[2]]
        else:
            lines.append(line)
    yield _Entry(key, first, tuple(lines))


def _entry(file: SkillFile, entry: _Entry) -> Iterator[Finding]:
    lines = (entry.first, entry.first + max(0, len(entry.lines) - 1))
    if entry.key == "hooks":
        yield from _hooks(file, entry.first, list(entry.lines))
    elif entry.key == "description":
        said = _folded(entry.text)
        if order := find_order(said, seen=True) or find_early(said):
            told = f"the description {order.why}"
            yield found("early-description", file, lines, told, around(said, order.start, order.end))
    elif entry.key and (order := find_order(_folded(entry.text), seen=entry.key in ("name", "when_to_use"))):
        told = f"the key {entry.key} {order.why}"
        yield found(
            "hidden-front-matter", file, lines, told, around(_folded(entry.text), order.start, order.end)
        )
    for number, line in enumerate(entry.lines, entry.first):
        if (comment := _COMMENT.search(line)) and (order := find_order(comment[1])):
            if entry.key == "description" and number == entry.first:
                continue
            yield found(
                "hidden-front-matter",
                file,
                (number, number),
                f"a comment in the front matter {order.why}",
                comment[1],
            )


def _folded(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text).strip()


def _hooks(file: SkillFile, first: int, lines: list[str]) -> Iterator[Finding]:
    """A finding for each command of hooks, however many hooks run it. What is no JSON is read line by line."""
    text = "\n".join(lines)
    settings = settings_of(text)
    named = {command: lines_of(text, command) or [first] for command in commands_of(hooks_in(file, settings))}
    other = file.role is Role.DATA and '"hooks"' not in text
    for number, line in enumerate(lines if settings is None and not other else (), first):
        if match := _HOOK_COMMAND.search(line):
            command = match[1].strip().rstrip(",}] ").strip("\"'")
            named.setdefault(command, []).append(number)
    for command, numbers in named.items():
        yield _command("early-hook", file, numbers[0], command, "a hook runs", tuple(numbers[1:]))
    if not named and "".join(lines).strip(" \n{}[]") and file.role is not Role.DATA:
        yield found(
            "early-hook",
            file,
            (first, first + len(lines) - 1),
            "hooks without a command",
            "\n".join(lines),
            Level.NOTE,
        )


def _on_loading(file: SkillFile, text: str, last: int) -> Iterator[Finding]:
    """Commands behind an exclamation mark, in a line or in a fenced block of their own."""
    fence, runs, begun, block = "", False, 0, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if number <= last:
            continue
        mark = (_FENCE_BEHIND if runs else _FENCE).match(line)
        mark = mark if fence else _FENCE_THAT_RUNS.match(line) or mark
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2]:
                if runs:
                    yield _command("early-command", file, begun, "\n".join(block), "loading runs")
                fence, runs = "", False
            elif runs:
                block.append(line)
        elif mark:
            fence, runs, begun, block = mark[1], mark[2].startswith("!"), number, []
        else:
            for match in _INLINE.finditer(line):
                yield _command("early-command", file, number, match[1], "loading runs")
    if fence and runs and block:
        yield _command("early-command", file, begun, "\n".join(block), "loading runs")


def _command(
    rule: str, file: SkillFile, line: int, command: str, what: str, again: tuple[int, ...] = ()
) -> Finding:
    """A finding of a command: a problem where it fetches code, sends files or reads secrets and sends; a note where it
    only looks. `again` are lines on which it stands once more."""
    near = tuple((file.path, number, "here too") for number in again[:20])
    order = find_order(command)
    lines = (line, line + command.count("\n") + 1 if "\n" in command else line)
    if order and order.kind == "command":
        return found(rule, file, lines, f"{what} what {order.why}", command, Level.PROBLEM, near)
    if _PRIVATE.search(command):
        level = Level.PROBLEM if _SENDS.search(command) else Level.WARNING
        return found(rule, file, lines, f"{what} what touches secrets", command, level, near)
    looks = all(_LOOKS.match(part.strip()) for part in re.split(r"\|\||&&|[|;\n]", command) if part.strip())
    if looks and not re.search(r"\$\(|`|>(?!&|\s*/dev/null)|-exec|-delete", command):
        return found(rule, file, lines, f"{what} what only looks", command, Level.NOTE, near)
    return found(rule, file, lines, f"{what} a command", command, Level.WARNING, near)
