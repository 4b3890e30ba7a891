"""Findings about what a skill grants, declares and carries: tools, commands of hooks and other settings, programs, and
documents with scripts in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modcli.skills.capabilities import Capability, Kind
from modcli.skills.code import CodeFacts, command_facts
from modcli.skills.compiled import compiled_findings
from modcli.skills.dangerous_rules import finding
from modcli.skills.hooks import commands_of, has_hooks, lines_of, settings_of
from modcli.skills.skill import Finding, Level, Role, Skill, SkillFile

_DOCUMENT = re.compile(
    r"\.(docx?|docm|dotm?|xlsx?|xlsm|xlsb|pptx?|pptm|odt|ods|odp|pdf|rtf|epub)!", re.IGNORECASE
)
_WITH_MACROS = re.compile(r"\.(docm|dotm|xlsm|xlsb|pptm)!", re.IGNORECASE)
_SCRIPT = re.compile(
    r"\.(sh|bash|py|js|ps1|bat|cmd|vbs|exe|scr|hta|command|pl|rb|jar|dll|so|dylib)$", re.IGNORECASE
)
_MACRO = re.compile(r"vbaProject\.bin$|/Basic/|macros?/", re.IGNORECASE)
_PROGRAM = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ")
_NO_PROGRAM = re.compile(
    r"\.(png|jpe?g|gif|svg|txt|md|json|ya?ml|csv|pdf|docx|ttf|woff2?|ico|dat|log|css|html?)$", re.IGNORECASE
)
_UNLIMITED = re.compile(
    r"(?:^|[\s,])(Bash|Shell|shell|exec|terminal|\*)(\(\s*(\*|\*:\*|:\*)?\s*\))?(?=$|[\s,])"
)
_NET_TOOL = re.compile(r"\b(WebFetch|WebSearch|Fetch|Browser|mcp__\w+)\b")
#: Scripts of a package.json that npm runs by itself.
_BY_NPM = ("preinstall", "install", "postinstall", "prepare")
#: A variable whose name says whose secret it is, beyond that it is one.
_OF_A_VENDOR = re.compile(
    r"(?:^|_)(?!(?:access|api|key|token|auth|secret|password|refresh|bearer|user|client|my|your|private|public|id)s?(?:_|$))\w",
    re.IGNORECASE,
)
_NO_NETWORK = re.compile(
    r"\b(no (network|internet)|offline only|works offline|without (network|internet)|network:\s*(false|none|no))\b",
    re.IGNORECASE,
)


def form_findings(
    skill: Skill, code: Mapping[str, CodeFacts], reached: Mapping[str, tuple[str, int]]
) -> list[Finding]:
    """All findings of this module. `reached` are the files that are run: path to (by which file, line)."""
    uses = {fact.capability for one in code.values() for fact in one.facts if not _only_shown(one, fact.line)}
    return [
        *_grants(skill, uses),
        *_declared(skill, code, uses),
        *_settings(skill),
        *(found for file in skill.files for found in _carried(file, reached)),
        *compiled_findings(skill, reached),
    ]


def _only_shown(code: CodeFacts, line: int) -> bool:
    block = code.block(line)
    return block is not None and block.example


def _grants(skill: Skill, uses: set[Capability]) -> Iterator[Finding]:
    front = skill.front
    for key in ("allowed-tools", "allowed_tools", "tools"):
        tools = front.text(key)
        match = _UNLIMITED.search(tools)
        if match is None:
            continue
        starred = match[1] == "*" or match[2] is not None
        network = bool(_NET_TOOL.search(tools)) or Capability.NETWORK_OUT in uses
        level = Level.WARNING if starred or network else Level.NOTE
        told = f"{key} grants {match[0].strip(' ,')}: any command" + (
            ", and the network is used" if network else ""
        )
        yield finding("grant-too-wide", skill.main.path, front.lines.get(key, 0), told, level)


def _declared(skill: Skill, code: Mapping[str, CodeFacts], uses: set[Capability]) -> Iterator[Finding]:
    front = skill.front
    said = _NO_NETWORK.search(front.text("compatibility"))
    if said and Capability.NETWORK_OUT in uses:
        path, line = _first(code, Capability.NETWORK_OUT)
        near = ((path, line, "uses the network"),)
        line = front.lines.get("compatibility", 0)
        yield finding(
            "undeclared-use",
            skill.main.path,
            line,
            f'says "{said[0]}", but its code uses the network',
            near=near,
        )
    declared = _required_variables(front.fields.get("metadata"))
    if declared:
        read = {
            fact.target
            for one in code.values()
            for fact in one.facts
            if fact.capability is Capability.SECRET_VARIABLES
        }
        more = sorted(name for name in read - declared if _OF_A_VENDOR.search(name))
        if more:
            line = front.lines.get("metadata", 0)
            yield finding(
                "undeclared-use",
                skill.main.path,
                line,
                f"reads secret variables that are not declared: {', '.join(more)}",
            )
    tools = front.text("allowed-tools")
    if tools and "Bash" not in tools and "*" not in tools and Capability.PROCESS in uses:
        path, line = _first(code, Capability.PROCESS)
        told = "commands are run, but allowed-tools names none that may"
        yield finding("undeclared-use", path, line, told, Level.NOTE)


def _first(code: Mapping[str, CodeFacts], capability: Capability) -> tuple[str, int]:
    return next(
        (path, fact.line) for path, one in code.items() for fact in one.facts if fact.capability is capability
    )


def _required_variables(metadata: Any) -> set[str]:
    """The variables that the metadata of a registry declare, under any of its names."""
    if not isinstance(metadata, Mapping):
        return set()
    found: set[str] = set()
    for name in ("openclaw", "clawdbot", "clawdis"):
        inner = metadata.get(name)
        if isinstance(inner, Mapping):
            requires = inner.get("requires")
            listed = requires.get("env") if isinstance(requires, Mapping) else None
            found |= {str(one) for one in listed} if isinstance(listed, list) else set()
            variables = inner.get("envVars")
            for one in variables if isinstance(variables, list) else ():
                found.add(str(one.get("name") if isinstance(one, Mapping) else one))
            found |= {str(inner["primaryEnv"])} if inner.get("primaryEnv") else set()
    return found


def _settings(skill: Skill) -> Iterator[Finding]:
    """What is wrong with commands of hooks (in the front matter, in settings), of servers and of npm's own scripts. That
    hooks run by themselves is told as what acts early (see hidden_early)."""
    line = skill.front.lines.get("hooks", 0)
    for command in commands_of(skill.front.fields.get("hooks")):
        yield from settings_findings(command_facts(skill.main.path, [(line, command)]))
    for file in skill.files:
        name = file.path.rpartition("/")[2]
        held = (
            has_hooks(file) or file.role is Role.MCP or name in (".mcp.json", "plugin.json", "package.json")
        )
        if not held or not file.text:
            continue
        settings = settings_of(file.text)
        found = list(commands_of(settings))
        if name == "package.json":
            scripts = settings.get("scripts") if isinstance(settings, Mapping) else None
            named = scripts if isinstance(scripts, Mapping) else {}
            found = [one for key in _BY_NPM if isinstance(one := named.get(key), str)]
        for command in found:
            line = next(iter(lines_of(file.text, command)), 0)
            yield from settings_findings(command_facts(file.path, [(line, command)]))


def settings_findings(code: CodeFacts) -> Iterator[Finding]:
    """What the commands of a settings file do, by the flows of them: there is nobody who reads them first."""
    for flow in code.flows:
        if flow.kind is Kind.DOWNLOAD:
            yield finding(
                "download-execution",
                code.path,
                flow.line,
                f"what comes from {flow.told} is run by {flow.into}",
            )
        elif flow.kind is Kind.DECODED:
            yield finding(
                "decoded-execution", code.path, flow.line, f"what {flow.told} decodes is run by {flow.into}"
            )
        elif flow.kind in (Kind.CREDENTIAL, Kind.ENVIRONMENT, Kind.DOTENV):
            yield finding(
                "credential-network",
                code.path,
                flow.line,
                f"{flow.told} goes to {flow.target or 'the network'}",
            )


def _carried(file: SkillFile, reached: Mapping[str, tuple[str, int]]) -> Iterator[Finding]:
    """Programs, hidden files and documents that carry what runs."""
    by = reached.get(file.path)
    near = ((by[0], by[1], f"runs {file.path}"),) if by else ()
    name = file.path.rpartition("!")[2].rpartition("/")[2]
    program = file.content.startswith(_PROGRAM) and file.text is None
    hidden = name.startswith(".") and name not in (".", "..")
    if by and program:
        rule = "binary-disguised" if hidden or _NO_PROGRAM.search(name) else "binary-executed"
        yield finding(rule, file.path, 0, f"a program for the machine, which {by[0]} runs", near=near)
    elif by and hidden:
        yield finding("hidden-executed", file.path, 0, f"a hidden file, which {by[0]} runs", near=near)
    if _DOCUMENT.search(file.path):
        member = file.path.rpartition("!")[2]
        if _MACRO.search(member):
            rule = "document-macro" if _WITH_MACROS.search(file.path) else "document-script"
            yield finding(rule, file.path, 0, f"macros in a document: {member}")
        elif _SCRIPT.search(member) or (file.text or "").startswith("#!"):
            yield finding("document-script", file.path, 0, f"a script in a document: {member}", near=near)
