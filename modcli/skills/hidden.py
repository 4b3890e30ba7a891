"""What a model reads in a skill and a person does not see: all findings of that answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modcli.skills.hidden_early import early_findings
from modcli.skills.hidden_encoded import encoded_findings
from modcli.skills.hidden_padding import padding_findings
from modcli.skills.hidden_page import Unseen
from modcli.skills.hidden_rules import RULES, around, found, not_too_many
from modcli.skills.hidden_unicode import unicode_findings
from modcli.skills.hooks import has_hooks
from modcli.skills.orders import find_order
from modcli.skills.rendered import rendered, rendered_html
from modcli.skills.skill import Finding, Level, Role, Skill, SkillFile

__all__ = ["RULES", "hidden_findings", "hidden_in_file"]

#: Kinds of what is not seen, and the rule on each.
_RULE_OF = {
    "comment": "hidden-comment",
    "definition": "hidden-definition",
    "footnote": "hidden-definition",
    "info": "hidden-definition",
    "title": "hidden-title",
    "alt": "hidden-title",
    "attribute": "hidden-title",
    "element": "hidden-element",
    "unshown": "hidden-element",
    "address": "hidden-address",
}
_WHAT = {
    "comment": "a comment", "definition": "a label", "footnote": "a footnote", "info": "text", "title": "a title",
    "alt": "an alternative text", "attribute": "an attribute", "element": "text", "unshown": "text",
    "address": "an address",
}  # fmt: skip
_FEW_WORDS = 3


def hidden_findings(skill: Skill) -> list[Finding]:
    """All findings on what a skill hides, file by file, by line. Raises MissingExtraError where markdown-it-py is not
    installed."""
    return [finding for file in skill.files for finding in hidden_in_file(file)]


def hidden_in_file(file: SkillFile) -> list[Finding]:
    """The findings in one file, by line; none where it is no text."""
    if not file.text:
        return []
    text = file.text.replace("\r\n", "\n")
    findings = unicode_findings(file, text)
    text = text.replace("\r", "\n")
    findings += [*encoded_findings(file, text), *padding_findings(file, text)]
    if _is_page(file):
        findings += early_findings(file, text)
        findings += _of_page(file, rendered(text).unseen)
    elif file.path.lower().endswith((".html", ".htm", ".xhtml")):
        findings += [one for one in _of_page(file, rendered_html(text).unseen) if one.level is Level.PROBLEM]
    elif has_hooks(file):
        findings += early_findings(file, text)
    findings.sort(key=lambda finding: finding.line)
    return list(not_too_many(file, findings))


def _is_page(file: SkillFile) -> bool:
    return file.role in (Role.SKILL, Role.COMMAND, Role.AGENT) or file.path.lower().endswith(
        (".md", ".markdown", ".mdc", ".mdx")
    )


def _of_page(file: SkillFile, unseen: tuple[Unseen, ...]) -> Iterator[Finding]:
    """A finding for what is not seen on a page: a problem where it is an order; a warning where an element hides words;
    a note for a comment."""
    for piece in unseen:
        if piece.kind == "front" or (piece.kind == "address" and piece.text.lower().startswith("data:")):
            continue
        rule, lines = _RULE_OF[piece.kind], (piece.line, piece.last_line)
        what = f"{_WHAT[piece.kind]} ({piece.how})" if piece.how else _WHAT[piece.kind]
        if order := find_order(_words_of_address(piece.text) if piece.kind == "address" else piece.text):
            at = (
                piece.line + piece.text.count("\n", 0, order.start)
                if piece.kind in ("comment", "element")
                else piece.line
            )
            near = ((file.path, min(at, piece.last_line), "the order"),) if at > piece.line else ()
            shown = around(piece.text.strip(), order.start, order.end)
            yield found(rule, file, lines, f"{what} that nobody sees and that {order.why}", shown, near=near)
        elif piece.kind == "element":
            level = Level.WARNING if len(piece.text.split()) >= _FEW_WORDS else Level.NOTE
            yield found(rule, file, lines, f"{what} that is not shown", piece.text, level)
        elif piece.kind == "comment" or (
            piece.kind in ("definition", "footnote") and len(piece.text.split()) > _FEW_WORDS
        ):
            yield found(rule, file, lines, f"{what} that is not shown", piece.text, Level.NOTE)


def _words_of_address(address: str) -> str:
    """What an address says: the parts of it with blanks between their words. Words with hyphens between them are the name
    of a page, as of an article on an attack; nobody speaks so."""
    path, _, rest = address.partition("?")
    pieces = [*re.split(r"[/#]", path), *re.split(r"[&#=]", rest.replace("+", " "))]
    return "\n\n".join(piece if len(piece.split()) > 1 else "" for piece in pieces)
