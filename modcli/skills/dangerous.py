"""Findings about what the code of a skill does: a problem only where capability and threat are in reach of each other.

Reach is a flow from one to the other; capabilities alone are notes. What a text names, quotes or forbids is no command,
and what is in tests is not run by a skill, unless its instructions or another script run it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from modcli.skills.capabilities import (
    Capability,
    Fact,
    Flow,
    Kind,
    Sink,
    belongs_to,
    big_secret,
    local_host,
    numeric_host,
    secret_path,
)
from modcli.skills.capabilities_names import INTERPRETERS, SHELLS, UNPACKED
from modcli.skills.code import CodeFacts, facts, language_of
from modcli.skills.code_linked import linked_flows
from modcli.skills.dangerous_endpoints import endpoint_findings
from modcli.skills.dangerous_form import form_findings
from modcli.skills.dangerous_hosts import documented, installer, own_places, own_service
from modcli.skills.dangerous_orders import order_findings
from modcli.skills.dangerous_rules import RULES, finding
from modcli.skills.skill import Finding, Level, Role, Skill, SkillFile

__all__ = ["RULES", "Judged", "dangerous_findings", "judged"]

_TEST = re.compile(
    r"(^|/)(tests?|__tests__|__mocks__|([\w-]*[_-])?fixtures?|testdata|specs?|evals?|samples?)/|(^|/)test_[^/]*$|_test\.\w+$|"
    r"\.(test|spec)\.\w+$",
    re.IGNORECASE,
)
_SECURITY = re.compile(
    r"\b(security|penetration|pentest\w*|red team\w*|ctf|exploit\w*|malware|forensic\w*|vulnerabilit\w+|yara|owasp|"
    r"offensive|reverse shells?|threat|audit\w*|hardening|incident response)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"<[A-Za-z][^>]{0,30}>|\{\{?\w+\}?\}|\bLHOST|ATTACKER|YOUR[_-]|\bRHOST|TARGET")
_WHOLE = re.compile(
    r"^(~|/|~?/\*|~/\*?|/home/?\*?|/Users/?\*?|/(etc|usr|var|bin|opt|System|Library|boot|root)/?\*?|[A-Z]:\\\\?\*?)$"
)
_DISK = re.compile(r"\bdd .*of=/dev/(sd|nvme|disk|hd|vd|mmcblk)|^deletes: (mkfs\S*|wipefs) .*/dev/")
_PRIVATE = re.compile(
    r"_history|passwd$|Messages|Mail|AddressBook|CallHistory|Signal|discord|chat\.db|thunderbird|\.claude|^(~|/home|/Users)[^.]{0,30}$"
)
_PROSE = re.compile(r"\.(md|mdx|mdc|markdown|html?|json|ya?ml|toml|txt|csv|tsv|rst)$", re.IGNORECASE)
#: In a bundle, where few names stand for many things, a way of so many edges is still believed.
SURE_IN_A_BUNDLE = 6
#: Hosts as texts about attacks call them; who attacks does not.
_ATTACKER = re.compile(
    r"\b(attacker|evil|malicious|hacker|bad-?guy)[\w-]*\.(com|net|org|io|example|test)\b", re.IGNORECASE
)
#: Bytes of code of one skill that are judged; of what comes after, it is said that it was not.
MOST_OF_ALL = 16 << 20
#: So far apart two lines of a function may be that "beside" means something.
NEAR = 15


@dataclass(frozen=True)
class Judged:
    """The code facts of each file of a skill, and which files its instructions and scripts run: path to (by, line)."""

    skill: Skill
    code: dict[str, CodeFacts]
    reached: dict[str, tuple[str, int]]

    def text(self, path: str) -> str | None:
        """The text of a file."""
        return next((file.text for file in self.skill.files if file.path == path), None)


def judged(skill: Skill) -> Judged:
    """Reads the code of all files, and of those that are run as something else than their names say.

    Raises MissingExtraError where tree-sitter, a grammar or markdown-it-py is not installed.
    """
    files = {file.path: file for file in skill.files}
    code: dict[str, CodeFacts] = {}
    left = MOST_OF_ALL
    for path, file in files.items():
        code[path] = facts(file) if left > 0 else CodeFacts(path, cut_line=1 if file.text else 0)
        left -= len(file.content) if code[path].language else 0
    reached: dict[str, tuple[str, int]] = {}
    todo = [path for path in files if not _TEST.search(path)]
    while todo:
        path = todo.pop(0)
        for line, ran, by in code[path].runs:
            for target in _called(ran, path, files):
                if target in reached or target == path:
                    continue
                runner = INTERPRETERS.get(by.rpartition("/")[2], "")
                if _PROSE.search(target) and not runner and not ran.startswith(("./", "/")):
                    continue  # a path in a text, not a command
                if not language_of(files[target]) and files[target].text is not None:
                    code[target] = facts(files[target], runner or "bash")
                reached[target] = (path, line)
                todo.append(target)
    return Judged(skill, code, reached)


def _called(ran: str, by: str, files: dict[str, SkillFile]) -> list[str]:
    """The files that a path may mean: from where it is run, from the skill's folder, or by its last parts."""
    plain = re.sub(r"^(…|\$\{?\w+\}?|\{\w+\}|~?/?[^\s]*?/skills/[^/]+)/", "", ran).removeprefix("./")
    here = by.rpartition("/")[0]
    for option in (plain, f"{here}/{plain}"):
        if option in files:
            return [option]
    return [path for path in files if len(plain) > 3 and path.endswith("/" + plain)][:3]


def dangerous_findings(skill: Skill) -> list[Finding]:
    """What the code of a skill does that is dangerous, or asks for a look, and its capabilities as notes; in the order of
    files and lines.

    Raises MissingExtraError where tree-sitter, a grammar or markdown-it-py is not installed.
    """
    found = judged(skill)
    findings: list[Finding] = []
    own = own_places(skill)
    files = {file.path: file for file in skill.files}
    for file in skill.files:
        code = found.code[file.path]
        raised = (*_of_flows(code, files, _bundle(file), own), *_of_facts(code), *_coverage(code))
        findings += [_in_context(one, file, found) for one in raised]
        findings += _capabilities(code)
    findings += [
        _in_context(one, files[one.path], found) for one in (*_across(skill), *endpoint_findings(skill))
    ]
    if not _SECURITY.search(f"{skill.name} {skill.description}"):
        findings += [_in_context(one, files[one.path], found) for one in order_findings(skill)]
    form = form_findings(skill, found.code, found.reached)
    findings += [_in_context(one, files[one.path], found) if one.path in files else one for one in form]
    return _once(findings, {file.path: i for i, file in enumerate(skill.files)}, found)


def _once(findings: Iterable[Finding], order: dict[str, int], found: Judged) -> list[Finding]:
    """One finding for a rule on a line, the weightiest, with what stands there."""
    weight = {Level.PROBLEM: 0, Level.WARNING: 1, Level.NOTE: 2}
    kept: dict[tuple[str, str, int], Finding] = {}
    for one in sorted(findings, key=lambda one: weight[one.level]):
        kept.setdefault((one.rule, one.path, one.line), one)
    lines: dict[str, list[str]] = {}
    result = []
    for one in sorted(kept.values(), key=lambda one: (order.get(one.path, -1), one.line, one.rule)):
        if one.path not in lines:
            text = found.text(one.path) or ""
            lines[one.path] = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        here = lines[one.path]
        inside = 0 < one.line <= len(here)
        result.append(replace(one, excerpt=here[one.line - 1].strip()[:300]) if inside else one)
    return result


def _of_flows(
    code: CodeFacts, files: dict[str, SkillFile], bundle: bool, own: list[str]
) -> Iterator[Finding]:
    for flow in code.flows:
        verdict = _flow_verdict(flow)
        if flow.inside == UNPACKED and _called(flow.target, code.path, files):
            continue  # the skill's own
        if verdict is not None:
            rule, level, told = verdict
            if (
                rule == "download-execution"
                and level is Level.PROBLEM
                and (whose := documented(flow.source, own))
            ):
                level = Level.WARNING
                told = (
                    f"{told}: of {whose}, which the skill names as its own or its project's, but not pinned"
                )
            if bundle and flow.steps > SURE_IN_A_BUNDLE and level is Level.PROBLEM:
                level, told = Level.WARNING, f"{told} (as it seems: names in a bundle are short, and shared)"
            near = ((code.path, flow.source_line, flow.told),) if flow.source_line != flow.line else ()
            yield finding(rule, code.path, flow.line, told, level, near)


def _across(skill: Skill) -> Iterator[Finding]:
    """Findings of flows from one script into another; bundles, which hold all they need, are left out."""
    scripts = [file for file in skill.files if not _TEST.search(file.path) and not _bundle(file)]
    for linked in linked_flows(scripts):
        verdict = _flow_verdict(linked.flow)
        if verdict is None or linked.flow.inside == UNPACKED:
            continue
        rule, level, told = verdict
        near = ((linked.source_path, linked.flow.source_line, linked.flow.told),)
        yield finding(rule, linked.path, linked.flow.line, f"{told}, from {linked.source_path}", level, near)


def _bundle(file: SkillFile) -> bool:
    """Whether a file is many modules made one by a program: large, with long lines."""
    text = file.text or ""
    return len(text) > 100_000 and len(text) > 200 * (text.count("\n") + 1)


def _flow_verdict(flow: Flow) -> tuple[str, Level, str] | None:
    """The rule and level of a flow; None where it is the ordinary course of things."""
    if flow.sink in (Sink.NETWORK, Sink.HEADER):
        return None if local_host(flow.target) else _sent_verdict(flow)
    if flow.sink is Sink.PERSISTED or flow.inside == "persisted":
        return (
            "persistence-untrusted",
            Level.PROBLEM,
            f"{flow.told} goes to {flow.target or flow.into}, where it lasts",
        )
    if flow.kind is Kind.DECODED:
        return "decoded-execution", Level.PROBLEM, f"what {flow.told} decodes is run by {flow.into}"
    if flow.inside == UNPACKED:
        told = f"what comes from {flow.told} is unpacked, and {flow.target} is run"
        return "download-execution", Level.WARNING, told
    vendor = installer(flow.source)
    told = f"what comes from {flow.told} is run by {flow.into}"
    if vendor:
        return (
            "download-execution",
            Level.WARNING,
            f"{told}: the installer of {vendor}, over https, but not pinned",
        )
    return "download-execution", Level.PROBLEM, told


def _sent_verdict(flow: Flow) -> tuple[str, Level, str] | None:
    host = flow.target
    to = host or "an address that is not written out"
    header = flow.sink is Sink.HEADER
    if flow.kind is Kind.SECRET:
        if not host or belongs_to(flow.source, host) or not (big_secret(flow.source) or numeric_host(host)):
            return None
        level = Level.WARNING if header else Level.PROBLEM
        return "secret-foreign-host", level, f"{flow.source} is sent to {to}"
    if flow.kind is Kind.DOTENV:
        return (
            None if header else ("credential-network", Level.PROBLEM, f"all of {flow.told} is sent to {to}")
        )
    if flow.kind is Kind.USER_FILE:
        level = Level.PROBLEM if _PRIVATE.search(flow.source) else Level.WARNING
        return "private-files-network", level, f"{flow.told} is sent to {to}"
    if flow.kind is Kind.CREDENTIAL and host and own_service(flow.source, host):
        return None
    level = Level.WARNING if header and flow.kind is Kind.CREDENTIAL else Level.PROBLEM
    return "credential-network", level, f"{flow.told} goes to {to}"


def _of_facts(code: CodeFacts) -> Iterator[Finding]:
    for fact in code.facts:
        if fact.capability is Capability.DELETION and (_WHOLE.match(fact.target) or _DISK.search(fact.told)):
            if re.search(r"-\w*[rR]|rmtree|mkfs|wipefs|dd |rmSync|fs\.rm", fact.told):
                yield finding("destructive", code.path, fact.line, fact.told)
        elif fact.capability is Capability.PRIVILEGE and "another user" not in fact.told:
            rule = "login-key" if fact.told.startswith("adds a login key") else "protection-off"
            yield finding(rule, code.path, fact.line, fact.told)
        elif fact.capability is Capability.INSTALLATION and _unsafe_source(fact.target):
            yield finding("install-unsafe", code.path, fact.line, fact.told)
        elif fact.capability is Capability.OBFUSCATION:
            yield finding("obfuscated-code", code.path, fact.line, fact.told)
    yield from _remote_shells(code)
    yield from _nearby(code)


def _unsafe_source(address: str) -> bool:
    host = re.sub(r"^\w+\+", "", address).partition("://")[2].split("/")[0].split(":")[0]
    plain = address.startswith(("http:", "git+http:"))
    return bool(host) and not local_host(host) and (plain or numeric_host(host))


def _beside(one: Fact, other: Fact, lines: int) -> bool:
    return one.scope == other.scope and abs(one.line - other.line) <= lines


def _remote_shells(code: CodeFacts) -> Iterator[Finding]:
    shells = [
        fact
        for fact in code.facts
        if fact.capability is Capability.PROCESS
        and fact.target.rpartition("/")[2] in SHELLS
        and not fact.told.endswith(("runs a text", "runs its input", "runs a command"))
    ]
    for fact in code.facts:
        opens = "opens a connection" in fact.told or re.match(r"(nc|ncat|netcat|socat) ", fact.told)
        if fact.capability is not Capability.NETWORK_OUT or not opens or local_host(fact.target):
            continue
        shell = next((one for one in shells if _beside(one, fact, NEAR)), None)
        if shell is not None:
            near = ((code.path, shell.line, shell.told),)
            yield finding("remote-shell", code.path, fact.line, f"{fact.told}, and {shell.told}", near=near)


def _nearby(code: CodeFacts) -> Iterator[Finding]:
    """Credentials that are read beside a network call, where no flow was found between them."""
    flowing = {flow.source_line for flow in code.flows if flow.kind is Kind.CREDENTIAL}
    calls = [
        fact
        for fact in code.facts
        if fact.capability is Capability.NETWORK_OUT and not local_host(fact.target)
    ]
    for fact in code.facts:
        if fact.capability is not Capability.CREDENTIALS or secret_path(fact.target) is not Kind.CREDENTIAL:
            continue
        near = [one for one in calls if _beside(one, fact, NEAR) and not own_service(fact.target, one.target)]
        if near and fact.line not in flowing:
            told = f"{fact.told}, and within a few lines {near[0].told}"
            yield finding(
                "credential-nearby",
                code.path,
                fact.line,
                told,
                near=((code.path, near[0].line, near[0].told),),
            )


def _coverage(code: CodeFacts) -> Iterator[Finding]:
    if code.foreign:
        yield finding("code-foreign", code.path, 0, f"{code.foreign} is not judged")
    if code.error_share > 0.2:
        yield finding("code-unparsed", code.path, 0, f"{code.error_share:.0%} of the code does not parse")
    if code.cut_line:
        yield finding(
            "code-cut", code.path, code.cut_line, f"judged only in part from line {code.cut_line} on"
        )


def _in_context(one: Finding, file: SkillFile, found: Judged) -> Finding:
    """A finding as weighty as its place makes it: examples of what is bad, tests that nobody runs, and what a security
    skill shows with placeholders are notes; in a document that is read on demand, what is not said to be done is a
    warning."""
    block = found.code[file.path].block(one.line)
    level = one.level
    stated = bool(_SECURITY.search(f"{found.skill.name} {found.skill.description}"))
    if block is not None and block.example:
        return replace(one, level=Level.NOTE, told=f"{one.told} (in an example that is marked as bad)")
    if _TEST.search(file.path) and file.path not in found.reached:
        return replace(one, level=Level.NOTE, told=f"{one.told} (in a test that the skill does not run)")
    lines = (block.text if block is not None else "").split("\n")
    here = lines[one.line - block.line] if block is not None and one.line - block.line < len(lines) else ""
    if stated and block is not None and (_PLACEHOLDER.search(here) or one.rule == "protection-off"):
        return replace(one, level=Level.NOTE, told=f"{one.told} (in a skill about security, which says so)")
    if file.role is Role.DOCUMENT and block is not None and _ATTACKER.search(here):
        return replace(
            one,
            level=Level.NOTE,
            told=f"{one.told} (in a document, with a host that is called an attacker's)",
        )
    if file.role is Role.DOCUMENT and block is not None and not block.to_do and level is Level.PROBLEM:
        return replace(one, level=Level.WARNING)
    return one


def _capabilities(code: CodeFacts) -> Iterator[Finding]:
    """A note for each capability of a file, on its first line, with the others beside it."""
    for capability in Capability:
        there = [fact for fact in code.facts if fact.capability is capability]
        if there:
            near = tuple((code.path, fact.line, fact.told) for fact in there[1:10])
            more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
            yield finding(
                f"capability-{capability}", code.path, there[0].line, there[0].told + more, near=near
            )
