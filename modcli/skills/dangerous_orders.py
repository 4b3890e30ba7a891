"""Orders to the agent that stand in plain sight: to set aside what it was told, or to keep something from the user.

Nobody hides them, and few people read a skill to its end. Text that quotes, forbids or teaches such orders is no finding:
what stands in quotation marks, code, block quotes and lists of examples, and what a skill about security says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modcli.skills.code_markdown import Said, sayings
from modcli.skills.dangerous_rules import finding
from modcli.skills.orders import find_orders, forbidden_or_named
from modcli.skills.skill import Finding, Level, Role, Skill, SkillFile

RULE = "override-instructions"
_NOT = r"(?:do not|don['’]?t|never|must not|mustn't|should not|shouldn't|avoid|refrain from|without)"
_PEOPLE = r"(?:users?|humans?|operators?|owners?|person|people|anyone|anybody|customers?|reviewers?)"
_GAP = r"(?:(?![.!?;]\s|\n\s*\n)[\s\S])"
#: What somebody does who would rather not be seen.
_DONE = (
    r"(?:sen[dt]|upload|install|collect|record|track|cop(?:y|ied)|shar(?:e|ed|ing)|transmit|transfer|forward|exfiltrat|harvest|log(?:ged|ging)"
    r"|chang(?:ed|ing)|delet(?:ed|ing)|remov(?:ed|ing)|push(?:ed|ing)|post(?:ed|ing)|charg(?:ed|ing)|access|disabl(?:ed|ing)|download|telemetry"
    r"|back(?:ed|ing)?[ -]?up|read(?:ing)? (?:their|his|her|the)|ran|running|runs)\w*"
)
_TABLE = (
    ("role", "gives the agent a role without rules", (
        r"\byou(?:'re| are)\s+(?:now |henceforth |from now on )?(?:(?:in|an?|the|running|operating|acting)\s+)*"
        r"(?:\w+\s+)?(?:unrestricted|unfiltered|uncensored|jailbroken|unlimited|unaligned|god|dan)\b",
        r"\b(?:enter|switch to|activate|enable|act in)\s+(?:\w+\s+)?"
        r"(?:unrestricted|unfiltered|uncensored|jailbreak|god|dan)[ -]mode\b",
        rf"\byou\s+(?:are|have|need)\s+(?:now\s+)?(?:no longer\s+(?:bound|restricted|limited|subject)|free (?:of|from))\b"
        rf"{_GAP}{{0,40}}\b(?:rules?|restrictions?|guidelines?|polic(?:y|ies)|limits?|safety|instructions?)\b",
    )),
    ("secrecy", "keeps from the user what is done", (
        rf"\b{_NOT}\s+(?:ever\s+|even\s+)?(?:tell|inform|notify|alert|warn|mention|reveal|disclos|admit|say|report)\w*\b{_GAP}{{0,20}}?"
        rf"\b{_PEOPLE}\b{_GAP}{{0,12}}?\b(?:that|about|of|what|when|where|how)\b{_GAP}{{0,60}}?\b{_DONE}\b",
        rf"\b{_NOT}\s+(?:mention|reveal|disclose|report|admit)\s+(?:this|that|the|these|any|it)\b{_GAP}{{0,30}}?\b{_DONE}\b{_GAP}{{0,20}}?"
        rf"\bto\s+(?:the\s+)?{_PEOPLE}\b",
        rf"\b{_NOT}\s+(?:ever\s+)?(?:tell|inform|notify|alert|let)\s+(?:the\s+|your\s+)?{_PEOPLE}(?:\s+(?:know|see|notice|anything|about"
        r" (?:this|it)|of (?:this|it)))?\s*(?=[.!;]|$|\n\s*\n)",
        rf"\b(?:keep|hide|conceal)\s+(?:this|it|that|these|them)\s+(?:\w+\s+){{0,3}}?from\s+(?:the\s+)?{_PEOPLE}\b",
        rf"\bwithout\s+(?:the\s+)?{_PEOPLE}(?:'s?)?\s+(?:knowledge|noticing|knowing)\b",
        rf"\b{_PEOPLE}\s+(?:must|should|may)\s+(?:not|never)\s+"
        r"(?:know|see|notice|find out|learn|be told|be informed|hear)\b",
    )),
)  # fmt: skip
_PATTERNS = tuple(
    (kind, why, re.compile(pattern, re.IGNORECASE)) for kind, why, patterns in _TABLE for pattern in patterns
)
_SENT = frozenset({"send", "collect"})
_LOOKED_FOR = _SENT | {"override"}
_CODE_OR_QUOTE = re.compile(
    r"`[^`]*`|\"[^\"\n]{1,300}\"|“[^”]{1,300}”|«[^»]{1,300}»|„[^“”]{1,300}[“”]|'[^'\n]{12,300}'(?!\w)"
)
#: What is so many lines away is beside it.
NEAR = 8


@dataclass(frozen=True, slots=True)
class _Hit:
    kind: str
    why: str
    line: int


def order_findings(skill: Skill) -> list[Finding]:
    """The orders that the pages of a skill give in plain sight: a warning, and a problem where what is secret is sent out
    or kept from the user beside it.

    Raises MissingExtraError where markdown-it-py is not installed.
    """
    found: list[Finding] = []
    for file in skill.files:
        if file.text and (
            file.role in (Role.SKILL, Role.COMMAND, Role.AGENT)
            or file.path.lower().endswith((".md", ".mdc", ".mdx"))
        ):
            found.extend(_of_page(file))
    return found


def _of_page(file: SkillFile) -> Iterator[Finding]:
    text = file.text or ""
    hits = [hit for said in sayings(text) if not said.quoted for hit in _hits(said)]
    for hit in hits:
        if hit.kind in _SENT:
            continue
        beside = [
            one for one in hits
            if abs(one.line - hit.line) <= NEAR and one.kind != hit.kind
            and (one.kind in _SENT or {one.kind, hit.kind} & {"secrecy"})
        ]  # fmt: skip
        near = tuple((file.path, one.line, one.why) for one in beside[:3])
        more = f", and {beside[0].why}" if beside else ""
        level = Level.PROBLEM if beside else Level.WARNING
        yield finding(RULE, file.path, hit.line, f"the text {hit.why}{more}", level, near)


#: What stands before a verb that gives an order; before one that says what happens stands who does it.
_ORDERS = re.compile(
    r"(?:^|[.!?:;,—–()*\n]|\b(?:and|then|now|please|must|should|shall|to|you|will|always|also|just|simply|first|instead"
    r"|immediately|completely))\s*[*_]*$",
    re.IGNORECASE,
)
#: Orders within what is read are to be ignored: that is a defence.
_OF_DATA = re.compile(
    r"\s*(?:(?:that|which)\s+(?:\w+\s+)?)?(?:you\s+|it\s+|they\s+)?(?:embedded|contain\w*|found|inside|within|hidden|appear\w*|come\w*"
    r"|(?:in|from)\s+(?:it|them|there|(?:the|any|an?|that|this|these|those|fetched|untrusted|external|user)\s+(?:\w+\s+)?(?:content|data|page"
    r"|file|diff|comment|mail|e-?mail|message|document|code|output|result|text|input|source|website|repositor|issue|transcript)))",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?:ignore|disregard|forget|override|overrule|bypass|discard|set aside|stop|no longer|pay)\b",
    re.IGNORECASE,
)


def _hits(said: Said) -> Iterator[_Hit]:
    """Orders in one paragraph; what stands in code or in quotation marks is no part of it."""
    text = _CODE_OR_QUOTE.sub(
        lambda match: re.sub(r"[^\n]", "_", match[0]) if _speaks(match[0]) else match[0], said.text
    )
    for kind, why, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if not forbidden_or_named(text, match.start(), match.end(), kind):
                yield _Hit(kind, why, said.line + text.count("\n", 0, match.start()))
                break
    for order in find_orders(text, kinds=_LOOKED_FOR):
        told = _VERB.match(text, order.start) and not _ORDERS.search(
            text[max(0, order.start - 40) : order.start]
        )
        of_data = _OF_DATA.match(text, order.end)
        if order.kind != "override" or not (told or of_data):
            yield _Hit(order.kind, order.why, said.line + text.count("\n", 0, order.start))


def _speaks(quoted: str) -> bool:
    """Whether a quotation is a sentence or so: the name of a file or a key in it belongs to the text around."""
    return len(quoted.split()) > 2
