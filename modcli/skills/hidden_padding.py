"""Text that is pushed out of view: behind many blank lines, or far to the right behind blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modcli.skills.hidden_rules import LineNumbers, around, found
from modcli.skills.hidden_unicode import without_invisible
from modcli.skills.orders import find_order
from modcli.skills.skill import Finding, Level, SkillFile

#: As many lines as some screens hold, and as many as no page needs.
_SCREEN, _FAR = 50, 300
#: How much of the text on either side is looked at.
_REACH = 2000
#: As many blanks as no column of a table or comment at the end of a line is away.
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000\u2800\u3164]{200,}(?=\S)")
_BLANK_LINE = re.compile(
    r"\s*(?:(?:&nbsp;|&emsp;|&ensp;|&#160;|&#xa0;|<br\s*/?>|<p>|</p>|\\)\s*)*", re.IGNORECASE
)


def padding_findings(file: SkillFile, text: str) -> list[Finding]:
    """Where text is pushed out of view in a file."""
    return [*_down(file, text), *_to_the_right(file, text)]


def _down(file: SkillFile, text: str) -> Iterator[Finding]:
    lines = text.split("\n")
    begun, blank = False, 0
    for number, line in enumerate(lines, 1):
        if _is_blank(line):
            blank += 1
            continue
        if blank >= _SCREEN:
            rest = "\n".join(lines[number - 1 : number + 199])
            order = find_order(rest)
            why = f"; it {order.why}" if order else ""
            level = Level.PROBLEM if order or blank >= _FAR else Level.WARNING
            place = "behind" if begun else "behind, at the start of the file,"
            told = f"text {place} {blank:,} blank lines{why}"
            yield found("hidden-blank-lines", file, (number, number), told, around(rest, order.start, order.end) if order
                        else line, level)  # fmt: skip
        begun, blank = True, 0


def _is_blank(line: str) -> bool:
    if len(line) > 2000:
        return not line.strip()
    bare = line if line.isascii() else without_invisible(line)
    return _BLANK_LINE.fullmatch(bare) is not None


def _to_the_right(file: SkillFile, text: str) -> Iterator[Finding]:
    numbers = LineNumbers(text)
    passed = 0
    for match in _BLANKS.finditer(text):
        if match.start() < passed:
            continue  # within what was just looked at, on the same line
        first = text.rfind("\n", max(0, match.start() - _REACH), match.start()) + 1
        if (
            not text[first : match.start()].strip()
            and "\t" not in match[0]
            and len(match[0]) < 1000
            and _lines_alike(text, match)
        ):
            continue
        end = text.find("\n", match.end(), match.end() + _REACH)
        rest = text[match.end() : min(match.end() + _REACH, end if end >= 0 else len(text))]
        passed = match.end() + len(rest)
        order = find_order(rest)
        if not order and (rest.strip(" |\t") == "" or rest.startswith(("|", "\\"))):
            continue  # the end of a row of a table, or of a line of a script that goes on
        line = numbers.at(match.start())
        why = f"; it {order.why}" if order else ""
        told = f"text behind {len(match[0]):,} blanks{why}"
        shown = around(rest, order.start, order.end) if order else rest
        yield found("hidden-long-line", file, (line, line), told, shown, None if order else Level.WARNING)


def _lines_alike(text: str, match: re.Match[str]) -> bool:
    """Whether the line before is indented as far: then it is a deep outline or a drawing."""
    first = text.rfind("\n", max(0, match.start() - _REACH), match.start())
    before = text.rfind("\n", max(0, first - _REACH), max(0, first)) + 1
    return text[before : before + 150].strip() == "" and text[before : max(0, first)].strip() != ""
