"""Characters that show nothing or turn text around: what they hide, and where they belong.

What counts as invisible: the general categories Cf and (but for white space) Cc, the property
Default_Ignorable_Code_Point (Unicode 16, DerivedCoreProperties.txt), and the blank U+2800. They are excused where Unicode
gives them a use: joiners in emoji and between letters of scripts that join, selectors behind their bases, marks of
direction beside right-to-left text, a byte order mark at the start. Soft hyphens are noted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from modcli.skills.hidden_rules import around, found
from modcli.skills.orders import find_order
from modcli.skills.skill import Finding, Level, Role, SkillFile

_TAG = r"\U000e0000-\U000e007f"
_SELECTOR = r"\ufe00-\ufe0f\U000e0100-\U000e01ef"
_BIDI = r"\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
#: The rest of what is ignored by default or of category Cf; the number signs of Arabic and Kaithi show, and are not here.
_NO_WIDTH = (
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e00ff"
    r"\U000e01f0-\U000e0fff"
)
_RUN = re.compile(rf"[{_TAG}]+|[{_SELECTOR}]+|[{_BIDI}]|[{_CONTROL}]+|[{_NO_WIDTH}]+")
_ANY = re.compile(rf"[{_TAG}{_SELECTOR}{_BIDI}{_CONTROL}{_NO_WIDTH}]")
#: A black flag and its region: England, Scotland, Wales, and the states of the United States, which some systems draw.
_REGION = re.compile(r"(?:gb(?:eng|sct|wls|nir)|us[a-z]{2})\x7f")
_RIGHT_TO_LEFT = re.compile(
    r"[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
#: Letters that look like Latin ones, with Latin ones on both sides.
#: Scripts whose letters join, or stack, or are broken into words by these characters.
_JOINING = re.compile(
    r"[\u0600-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u18af\u1900-\u1aaf\u1b00-\u1c4f\ua800-\uabff\ufb50-\ufdff"
    r"\ufe70-\ufefc\U00011000-\U00011fff\U00010d00-\U00010d3f\U0001e900-\U0001e95f]"
)
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]")
_IDEOGRAPH = re.compile(r"[\u2e80-\u2fdf\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_MIXED = re.compile(
    r"\b(?=\w{0,40}[A-Za-z][\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501"  # Cyrillic
    r"\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf]+[A-Za-z])\w+"  # Greek
)
_FEW, _MANY = 4, 8
#: An ordinary word in pieces: small letters of the Latin script on both sides, and not as long as names in code.
_SPLIT = re.compile(
    r"(?<![\w./:@-])[A-Za-z]?[a-z]*(?:[\u200b-\u200d\u2060-\u2064\ufeff\u180e]{1,3}[a-z]+)+(?![\w/:@(-])"
)
_LONGEST_SPLIT = 20
#: So many of them on a line that tells somebody to do something are no accident of copying.
_SPLIT_OF_AN_ORDER = 2
_IMPERATIVE = re.compile(
    r"(?:^|[.:;!?,—–]\s+|\b(?:and|then|also|please|must|should|always|now|never|not)\s+)[\W_]*(?:add|allow|append|approve"
    r"|bypass|call|change|commit|copy|delete|deploy|disable|discard|do|download|drop|email|enable|execute|fetch|forget|forward"
    r"|give|grant|hide|ignore|include|install|keep|leave|load|make|merge|move|open|overwrite|post|print|publish|push|put|read"
    r"|remove|replace|reply|reset|run|save|send|set|share|skip|start|stop|switch|tell|transfer|turn|upload|use|wipe|write)\b",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_LINES_NAMED = 20
_MOST_SAID = 20
#: Less than that is no order in any language.
_SHORTEST_ORDER = 8


@dataclass(frozen=True, slots=True)
class _Trace:
    """A run of invisible characters: which rule it breaks, how much it weighs, and what it says."""

    rule: str
    level: Level
    line: int
    said: str


def unicode_findings(file: SkillFile, text: str) -> list[Finding]:
    """What is invisible in a file or looks like something else, one finding for each sort and level of it."""
    if text.isascii() and not re.search(rf"[{_CONTROL}]", text):
        return []
    traces = [trace for number, line in _lines(text) for trace in _of_line(file, number, line)]
    findings = [*_gathered(file, traces), *_in_pieces(file, text), *_scattered(file, text)]
    return sorted(findings, key=lambda finding: finding.line)


def without_invisible(text: str) -> str:
    """The text without all that is invisible."""
    return _ANY.sub("", text)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isascii() or _ANY.search(line):
            yield number, line


def _of_line(file: SkillFile, number: int, line: str) -> Iterator[_Trace]:
    right_to_left = _RIGHT_TO_LEFT.search(line) is not None
    for match in _RUN.finditer(line):
        run, start, end = match[0], match.start(), match.end()
        if number == 1 and start == 0 and run == "\ufeff":
            continue
        first = ord(run[0])
        if 0xE0000 <= first <= 0xE007F:
            yield from _tags(line, run, number, start)
        elif 0xFE00 <= first <= 0xFE0F or 0xE0100 <= first <= 0xE01EF:
            yield from _selectors(line, run, number, start)
        elif run in "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
            yield from _direction(file, line, start, number, right_to_left)
        elif unicodedata.category(run[0]) == "Cc":
            yield from _control(run, number, line, end)
        else:
            yield from _no_width(line, run, number, start)
    for match in _MIXED.finditer(line):
        yield _Trace("hidden-lookalike", Level.WARNING, number, match[0])


def _tags(line: str, run: str, number: int, start: int) -> Iterator[_Trace]:
    said = "".join(chr(ord(character) - 0xE0000) for character in run)
    if start and line[start - 1] == "\U0001f3f4" and (region := _REGION.match(said)):
        said = said[region.end() :]
    if said:
        yield _Trace("hidden-tags", Level.PROBLEM, number, said)


def _selectors(line: str, run: str, number: int, start: int) -> Iterator[_Trace]:
    before = line[start - 1] if start else ""
    # A symbol, a digit of a keycap, an ideograph, a letter of a script with forms: one selector picks a form.
    forms = before and (
        unicodedata.category(before)[0] in "SP" or before in "0123456789\u2139" or _has_forms(before)
    )
    if len(run) == 1 and (forms or before == "\u200d"):
        return
    data = bytes(_byte(character) for character in run)
    said = _bytes_text(data) or _bytes_text(data[1:])
    level = Level.PROBLEM if len(run) >= _FEW else Level.WARNING if len(run) > 1 else Level.NOTE
    yield _Trace("hidden-selectors", level, number, said or f"{len(run)} selectors")


def _has_forms(character: str) -> bool:
    return (
        bool(_IDEOGRAPH.match(character))
        or 0x1000 <= ord(character) <= 0x109F
        or 0x1820 <= ord(character) <= 0x18AF
    )


def _direction(file: SkillFile, line: str, at: int, number: int, right_to_left: bool) -> Iterator[_Trace]:
    mark = line[at]
    name = unicodedata.name(mark).lower()
    code = file.role in (Role.SCRIPT, Role.HOOKS, Role.MCP)
    if mark in "\u202d\u202e" or (code and mark in "\u202a\u202b\u2066\u2067\u2068"):
        yield _Trace("hidden-bidi", Level.PROBLEM, number, f"{name}: {_shown(line, at)}")
    elif not right_to_left:
        yield _Trace("hidden-bidi", Level.NOTE, number, name)


def _control(run: str, number: int, line: str, end: int) -> Iterator[_Trace]:
    conceals = (
        re.match(r"\[(?:[0-9;]*8m|[0-9;]*[JKHFAG]|\?)|\]", line[end : end + 20]) if "\x1b" in run else None
    )
    level = Level.PROBLEM if conceals or "\x08" in run else Level.NOTE
    yield _Trace(
        "hidden-control",
        Level.WARNING if level is Level.NOTE and "\x1b" in run else level,
        number,
        _shown(line, end),
    )


def _no_width(line: str, run: str, number: int, start: int) -> Iterator[_Trace]:
    before, after = line[start - 1 : start], line[start + len(run) : start + len(run) + 1]
    if len(run) < _FEW and _excused(before, run, after):
        return
    names = ", ".join(dict.fromkeys(_name(character) for character in run[:40]))
    if len(run) >= _MANY:
        yield _Trace(
            "hidden-zero-width", Level.PROBLEM, number, decoded_bits(run) or f"{len(run)} of {names}"
        )
    elif len(run) >= _FEW:
        yield _Trace("hidden-zero-width", Level.WARNING, number, f"{len(run)} of {names}")
    elif before.isalpha() and after.isalpha() and set(run) != {"\u00ad"}:
        yield _Trace(
            "hidden-zero-width", Level.WARNING, number, f"{names} within a word: {_word(line, start)}"
        )
    else:
        yield _Trace("hidden-zero-width", Level.NOTE, number, names)


def _excused(before: str, run: str, after: str) -> bool:
    """Whether a character without width has its use between its neighbours."""
    if set(run) <= set("\u200c\u200d\u200b\u2060\u034f\u180b\u180c\u180d\u180e\u180f\u17b4\u17b5"):
        if before and _JOINING.match(before) and (not after or _JOINING.match(after) or not after.isalpha()):
            return True
        if run == "\u200d" and before and after:
            return _emoji(before) and _emoji(after)
        if run == "\u200b" and _IDEOGRAPH.match(before or " ") and _IDEOGRAPH.match(after or " "):
            return True
    if set(run) <= set("\u115f\u1160\u3164\uffa0"):
        return bool(_HANGUL.match(before or " ") or _HANGUL.match(after or " "))
    if run == "\u2800":  # a blank cell among cells of Braille, as in spinners and charts
        return "\u2801" <= before <= "\u28ff" or "\u2801" <= after <= "\u28ff"
    return False


def _emoji(character: str) -> bool:
    code = ord(character)
    return unicodedata.category(character) in ("So", "Sk") or code == 0xFE0F or 0xE0061 <= code <= 0xE007F


def _gathered(file: SkillFile, traces: list[_Trace]) -> Iterator[Finding]:
    """One finding for each rule and level; what neighbouring runs say is put together, so that pieces make a sentence."""
    sorts: dict[tuple[str, Level], list[_Trace]] = {}
    for trace in traces:
        sorts.setdefault((trace.rule, trace.level), []).append(trace)
    for (rule, level), alike in sorts.items():
        lines = list(dict.fromkeys(trace.line for trace in alike))
        joint = "" if rule in ("hidden-tags", "hidden-selectors") else "; "
        parts = [trace.said for trace in alike]
        said = joint.join(list(dict.fromkeys(parts))[:_MOST_SAID]) if joint else "".join(parts)
        near = tuple((file.path, line, "here too") for line in lines[1 : _MOST_LINES_NAMED + 1])
        times = "" if len(alike) == 1 else f", {len(alike):,} times on {len(lines):,} lines"
        order = find_order(said)
        why = f"; what they say {order.why}" if order else ""
        yield found(rule, file, (lines[0], lines[0]), f"{_TOLD[rule]}{times}{why}", said, level, near)


_TOLD = {
    "hidden-tags": "tag characters",
    "hidden-selectors": "variation selectors",
    "hidden-zero-width": "characters without width",
    "hidden-bidi": "characters that change the direction of text",
    "hidden-control": "control characters",
    "hidden-lookalike": "words of two scripts",
}


def _in_pieces(file: SkillFile, text: str) -> Iterator[Finding]:
    """Orders that show only when what is invisible is taken out of their words."""
    for number, line in _lines(text):
        bare = without_invisible(line)
        if told := _split_order(line, bare):
            yield found("hidden-zero-width", file, (number, number), told, bare.strip())
        elif (
            bare != line
            and len(bare) >= _SHORTEST_ORDER
            and (order := find_order(bare))
            and not find_order(_ANY.sub(" ", line))
            and not find_order(line)
        ):
            told = f"words in pieces; put together, the line {order.why}"
            yield found(
                "hidden-zero-width", file, (number, number), told, around(bare, order.start, order.end)
            )


def _split_order(line: str, bare: str) -> str:
    """What is told of a line that orders something and of whose ordinary words several are in pieces; else empty."""
    words = [without_invisible(match[0]) for match in _SPLIT.finditer(line)]
    words = [word for word in words if 3 <= len(word) <= _LONGEST_SPLIT]
    if len(words) < _SPLIT_OF_AN_ORDER or not _IMPERATIVE.search(bare):
        return ""
    return f"words in pieces ({', '.join(words[:5])}) on a line that gives an order"


def _scattered(file: SkillFile, text: str) -> Iterator[Finding]:
    """Bits that are strewn over the text, a character here and there."""
    kept = (
        re.findall(r"[\u200b-\u200d\u2060-\u2064\ufeff]", without_joined(text)) if not text.isascii() else []
    )
    if len(kept) >= 16 and (said := decoded_bits("".join(kept))):
        at = re.search(r"[\u200b-\u200d\u2060-\u2064\ufeff]", text)
        line = text.count("\n", 0, at.start()) + 1 if at else 0
        if not re.search(r"[\u200b-\u200d\u2060-\u2064\ufeff]{8}", text):
            yield found("hidden-zero-width", file, (line, line), "bits strewn over the text", said)


def without_joined(text: str) -> str:
    """The text without joiners that have their use, and without a byte order mark."""
    return re.sub(
        rf"(?<={_JOINING.pattern})[\u200b-\u200d]|(?<=[\ufe0f\U0001f000-\U0001faff])\u200d",
        "",
        text.lstrip("\ufeff"),
    )


def decoded_bits(run: str) -> str:
    """What characters without width say, taken as bits in the usual ways; empty where that is no text."""
    kinds = sorted(set(run), key=run.index)
    for zero, one in ((kinds[0], kinds[1]), (kinds[1], kinds[0])) if len(kinds) in (2, 3) else ():
        digits = "".join("0" if character == zero else "1" for character in run if character in (zero, one))
        for width in (8, 7, 16):
            numbers = [int(digits[at : at + width], 2) for at in range(0, len(digits) - width + 1, width)]
            said = _bytes_text(bytes(numbers)) if width == 8 else "".join(map(chr, numbers))
            if len(said) > 1 and said.isprintable() and said.isascii():
                return said
    return ""


def _byte(selector: str) -> int:
    code = ord(selector)
    return code - 0xFE00 if code < 0xFE10 else code - 0xE0100 + 16


def _bytes_text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.replace("\n", "").replace("\t", "").isprintable() else ""


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}").lower()


def _word(line: str, at: int) -> str:
    low = max(0, at - 30)
    return without_invisible(line[low : at + 30]).strip()


def _shown(line: str, at: int) -> str:
    """What is around a place of a line, with what is invisible written as escapes."""
    piece = line[max(0, at - 30) : at + 30].strip()
    return _ANY.sub(lambda match: match[0].encode("unicode_escape").decode(), piece)
