"""Encoded text: Base64, hexadecimal digits, escapes, percent signs, numbers of characters, and Base64 in data: addresses.

A finding is what decodes to text: a problem where the text is an order to an agent, a warning where it is prose. Digests,
keys, images and lock files decode to no text.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from modcli.skills.hidden_rules import LineNumbers, around, found
from modcli.skills.orders import find_order
from modcli.skills.skill import Finding, Level, SkillFile

_SHORTEST = 24
_BASE64 = re.compile(
    rf"(?<![\w+/=-])[A-Za-z0-9+/_-]{{{_SHORTEST},}}(?:[ \t]*\n[ \t>#*/]*[A-Za-z0-9+/_-]{{16,}})*={{0,2}}"
)
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("hexadecimal digits", re.compile(r"(?<![0-9A-Za-z])(?:0x)?(?:[0-9a-fA-F]{2}[ :]?){16,}(?![0-9A-Za-z])")),
    (
        "escapes",
        re.compile(r"(?:\\x[0-9a-fA-F]{2}){8,}|(?:\\u\{?[0-9a-fA-F]{4,6}\}?){8,}|(?:\\[0-7]{3}){8,}"),
    ),
    ("percent signs", re.compile(r"(?:%[0-9a-fA-F]{2}){8,}")),
    ("character references", re.compile(r"(?:&#[xX]?[0-9a-fA-F]{2,6};){8,}")),
    ("numbers of characters", re.compile(r"(?<![\d.])(?:1?\d\d[ ,;\t]{1,3}){15,}1?\d\d(?![\d.])")),
    ("binary digits", re.compile(r"(?<![01])(?:[01]{8}[ \n]?){8,}(?![01])")),
)
_DATA = re.compile(
    r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w-]+=[^;,\s\"'()<>]*)*)(;base64)?,([^\s\"'<>)]*)", re.IGNORECASE
)
#: Markup that stands in an address as it is, with blanks and brackets, so that a pattern for addresses ends too early.
_MARKUP = re.compile(
    r"data:((?:image/svg|text/(?:html|xml)|application/(?:xhtml|xml))[\w.+-]*)((?:;[\w=-]*)*),"
    r"\s*(?=(?:<|%3c)[!?a-z]|(?:<|%3c)$)",
    re.IGNORECASE,
)
_MARKUP_END = re.compile(r"(?:</|%3c/|%3c%2f)(?:svg|html|body)\s*(?:>|%3e)|\n\s*\n", re.IGNORECASE)
_LONGEST_MARKUP = 20_000
_PART = re.compile(r"<!--|-->|<[^<>]{0,500}>")
_TEXT_ATTRIBUTE = re.compile(r"""(?:title|alt|aria-\w+|data-\w+|desc)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PROSE = 12
#: Less than that is no order in any language.
_SHORTEST_TEXT = 8
_PICTURES = (
    "image/",
    "font/",
    "audio/",
    "video/",
    "application/font",
    "application/octet",
    "application/wasm",
    "application/pdf",
)
_ROT13 = re.compile(r"(?i)\b(?:vtaber|vafgehpgvbaf?|nffvfgnag|cnffjbeqf?|perqragvnyf?|frperg|qverpgvirf?)\b")


def encoded_findings(file: SkillFile, text: str) -> list[Finding]:
    """Encoded text in a file, each with its lines."""
    spans = [match.span() for match in _DATA.finditer(text)]
    numbers = LineNumbers(text)
    findings = [*_addresses(file, text, numbers)]
    taken = 0
    for form, start, end, said in sorted(_decoded_spans(text), key=lambda one: (one[1], -one[2])):
        if start < taken or _within(start, spans):
            continue
        if finding := _judged(file, form, (numbers.at(start), numbers.at(end - 1)), said):
            findings.append(finding)
            taken = end
    return sorted([*findings, *_turned(file, text)], key=lambda finding: finding.line)


def decoded_base64(text: str) -> str:
    """The text that a Base64 string decodes to; empty where it decodes to none."""
    plain = re.sub(r"\s[ \t>#*/]*", "", text).rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return _readable(data)


def _decoded_spans(text: str) -> Iterator[tuple[str, int, int, str]]:
    for match in _BASE64.finditer(text):
        if said := decoded_base64(match[0]):
            yield "Base64", match.start(), match.end(), said
    for form, pattern in _FORMS:
        for match in pattern.finditer(text):
            if said := _decoded(form, match[0]):
                yield form, match.start(), match.end(), said


def _decoded(form: str, text: str) -> str:
    """What a piece in one of the other forms says; empty where that is no text."""
    if form == "hexadecimal digits":
        digits = re.sub(r"[ :]", "", text).removeprefix("0x")
        return _readable(bytes.fromhex(digits)) if len(digits) % 2 == 0 else ""
    if form == "percent signs":
        return _readable(unquote_to_bytes(text))
    if form == "escapes" and text.startswith("\\x"):
        return _readable(bytes.fromhex(text.replace("\\x", "")))
    base = {"escapes": 8, "binary digits": 2}.get(form, 10)
    if form == "escapes" and text.startswith("\\u"):
        numbers = [int(one, 16) for one in re.findall(r"[0-9a-fA-F]{4,6}", text)]
    elif form == "character references":
        numbers = [
            int(one[1:], 16) if one[:1] in "xX" else int(one, 10)
            for one in re.findall(r"&#([xX]?[0-9]+|[xX][0-9a-fA-F]+);", text)
        ]
    else:
        numbers = [int(one, base) for one in re.findall(r"[01]{8}" if base == 2 else r"\d+", text)]
    return _readable("".join(chr(one) for one in numbers if one < 0x110000).encode("utf-8", "ignore"))


def _readable(data: bytes) -> str:
    """Bytes as text, if it is text that a person would read; empty otherwise. UTF-16 is tried too (PowerShell)."""
    for encoding in ("utf-8", "utf-16-le") if data[1:2] == b"\0" else ("utf-8",):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        shown = sum(character.isprintable() or character in "\n\r\t" for character in text)
        letters = sum(character.isalpha() or character.isspace() for character in text)
        if text and shown == len(text) and letters >= 0.6 * len(text):
            return text
    return ""


def _judged(file: SkillFile, form: str, lines: tuple[int, int], said: str) -> Finding | None:
    """The finding of what was decoded, itself perhaps encoded once more; None where it is a name or a sample."""
    for _ in range(3):
        again = _BASE64.search(said)
        deeper = decoded_base64(again[0]) if again else ""
        if not deeper or find_order(said):
            break
        said = deeper
    if order := find_order(said):
        shown = around(said, order.start, order.end)
        return found("hidden-encoded", file, lines, f"{form} that decode to text that {order.why}", shown)
    words = len(_WORD.findall(said))
    if (
        words >= _PROSE
        and " " in said
        and form != "percent signs"
        and not said.lstrip().startswith(("{", "[", "<", "-----"))
    ):
        return found("hidden-encoded", file, lines, f"{form} that decode to prose", said, Level.WARNING)
    return None


def _addresses(file: SkillFile, text: str, numbers: LineNumbers) -> Iterator[Finding]:
    """Text in data: addresses."""
    yield from _markup_addresses(file, text, numbers)
    for match in _DATA.finditer(text):
        if _MARKUP.match(text, match.start()):
            continue
        kind = (match[1] or "text/plain").lower()
        said = (
            decoded_base64(unquote_to_bytes(match[4]).decode("latin-1"))
            if match[3]
            else _readable(unquote_to_bytes(match[4]))
        )
        if match[3] and _is_markup(kind):
            said = _words_of_markup(_unpacked(match[4]))
        line = numbers.at(match.start())
        if len(said) < _SHORTEST_TEXT:
            continue
        if order := find_order(said):
            shown = around(said, order.start, order.end)
            yield found(
                "hidden-data-uri",
                file,
                (line, line),
                f"a {kind} address that holds text that {order.why}",
                shown,
            )
        elif kind.startswith("text/") and kind != "text/css" and len(_WORD.findall(said)) >= _PROSE:
            yield found(
                "hidden-data-uri",
                file,
                (line, line),
                f"a {kind} address that holds prose",
                said,
                Level.WARNING,
            )


def _is_markup(kind: str) -> bool:
    return "svg" in kind or "html" in kind or "xml" in kind


def _unpacked(payload: str) -> str:
    """A Base64 payload as text, however little of it is letters."""
    plain = re.sub(r"[^A-Za-z0-9+/_-]", "", unquote_to_bytes(payload).decode("latin-1"))
    try:
        return base64.b64decode(plain.replace("-", "+").replace("_", "/") + "=" * (-len(plain) % 4)).decode(
            "utf-8", "replace"
        )
    except (binascii.Error, ValueError):
        return ""


def _words_of_markup(markup: str) -> str:
    """What markup says: its text, its comments and the attributes that hold text, without tags."""
    attributes = [match[1] or match[2] or "" for match in _TEXT_ATTRIBUTE.finditer(markup)]
    text = re.sub(r"[ \t]+", " ", html.unescape(_PART.sub(" ", markup)))
    return "\n\n".join([text.strip(), *attributes])


def _markup_addresses(file: SkillFile, text: str, numbers: LineNumbers) -> Iterator[Finding]:
    """Orders in markup that stands in an address as it is, or with percent signs."""
    ended = 0
    for match in _MARKUP.finditer(text):
        if match.start() < ended or ";base64" in match[2].lower():
            continue
        end = _MARKUP_END.search(text, match.end(), match.end() + _LONGEST_MARKUP)
        ended = end.end() if end else min(len(text), match.end() + _LONGEST_MARKUP)
        payload = unquote_to_bytes(text[match.end() : ended]).decode("utf-8", "replace")
        said = _words_of_markup(payload)
        if order := find_order(said):
            lines = (numbers.at(match.start()), numbers.at(max(match.start(), ended - 1)))
            told = f"a {match[1].lower()} address that holds text that {order.why}"
            yield found("hidden-data-uri", file, lines, told, around(said, order.start, order.end))


def _turned(file: SkillFile, text: str) -> Iterator[Finding]:
    """Lines in ROT13 that are orders."""
    for number, line in enumerate(text.split("\n"), 1):
        if _ROT13.search(line) and (order := find_order(said := codecs.decode(line, "rot13"))):
            shown = around(said, order.start, order.end)
            yield found(
                "hidden-encoded",
                file,
                (number, number),
                f"ROT13 that decodes to text that {order.why}",
                shown,
            )


def _within(place: int, spans: list[tuple[int, int]]) -> bool:
    """Whether a place is in one of the spans, which are in order."""
    at = bisect_right(spans, (place, sys.maxsize)) - 1
    return at >= 0 and spans[at][0] <= place < spans[at][1]
