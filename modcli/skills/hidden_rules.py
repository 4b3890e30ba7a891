"""The rules on what a model reads and a person does not see, and how a finding of one is made."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from modcli.skills.skill import Axis, Finding, Level, Rule, SkillFile

_MOST_SHOWN = 600
_PROBLEM, _WARNING, _NOTE = Level.PROBLEM, Level.WARNING, Level.NOTE


def _rule(name: str, level: Level, title: str, why: str, fix: str) -> Rule:
    return Rule(name, Axis.HIDDEN, level, title, why, fix)


RULES: tuple[Rule, ...] = (
    _rule("hidden-comment", _PROBLEM, "an order to the agent in a comment",
          "A viewer does not show comments; a model reads them like any other text.",
          "Write it into the page where people see it, or take it out."),
    _rule("hidden-definition", _PROBLEM, "an order to the agent in Markdown that renders to nothing",
          "Labels that no link uses, footnotes that nothing refers to and words behind the language of a code block are "
          "not shown; a model reads them.",
          "Write it into the page where people see it, or take it out."),
    _rule("hidden-title", _PROBLEM, "an order to the agent in a title, an alternative text or an attribute",
          "It shows under a resting pointer, or where an image cannot be loaded, or never; a model always reads it.",
          "Let titles and alternative texts describe what they belong to."),
    _rule("hidden-element", _PROBLEM, "text in an element that is not shown",
          "Style or attributes keep this text from being seen in a browser; a model reads the source.",
          "Show the text, or take it out."),
    _rule("hidden-address", _PROBLEM, "an order to the agent in the address of a link",
          "Nobody reads an address to its end; a model does.",
          "Shorten the address to what is needed to get there."),
    _rule("hidden-data-uri", _PROBLEM, "text in a data: address",
          "What a data: address holds is part of the file, encoded, and shown only to who opens it.",
          "Put the text into a file beside the skill and link to it."),
    _rule("hidden-tags", _PROBLEM, "text in tag characters",
          "Characters U+E0000 to U+E007F show nothing, yet models read them as the letters they mirror.",
          "Delete the characters. They have no use outside of the flags of some regions."),
    _rule("hidden-selectors", _PROBLEM, "variation selectors that carry bytes",
          "A run of variation selectors shows nothing and holds a byte in each.",
          "Delete them; one behind an emoji or an ideograph is enough."),
    _rule("hidden-zero-width", _PROBLEM, "characters without width",
          "They show nothing. Runs of them carry text, and within words they keep a search from finding what a model "
          "reads.",
          "Delete them; joiners belong between letters of scripts that use them, or in emoji."),
    _rule("hidden-bidi", _PROBLEM, "characters that change the direction of text",
          "With them a line is shown in another order than it is read by a model or run by an interpreter.",
          "Delete them; text of right-to-left scripts needs no override."),
    _rule("hidden-control", _PROBLEM, "control characters",
          "Escape sequences, backspaces and returns make a terminal show something else than the file holds.",
          "Delete them."),
    _rule("hidden-lookalike", _WARNING, "letters of another script within a word",
          "The word looks like another one, so that a person and a search do not find what a model reads.",
          "Write the word in one script."),
    _rule("hidden-encoded", _PROBLEM, "encoded text",
          "Base64, hexadecimal digits and escapes are read by models without effort, and not by people.",
          "Write it out, or move data into a file of its own."),
    _rule("hidden-blank-lines", _PROBLEM, "text behind many blank lines",
          "Who looks at the page takes it to be over; some tools stop reading there.",
          "Delete the blank lines."),
    _rule("hidden-long-line", _PROBLEM, "text far to the right, behind blanks",
          "It stands outside of every window; a model reads on.",
          "Delete the blanks."),
    _rule("hidden-front-matter", _PROBLEM, "an order to the agent in the front matter",
          "Many viewers leave the front matter out, and all leave out its comments; a model may be given it whole.",
          "Keep to the keys of the specification, and orders to the body."),
    _rule("early-description", _PROBLEM, "an order to the agent in the description",
          "Descriptions of all skills reach the model at the start, whether or not the skill is ever used.",
          "Let the description say what the skill does and when to use it."),
    _rule("early-hook", _WARNING, "a hook that runs commands",
          "It runs by itself at events of the session, before anybody reads the skill.",
          "Tell people in the page what runs and when, or leave it to the agent to run it when asked."),
    _rule("early-command", _WARNING, "a command that runs when the skill is loaded",
          "Its output is put into the page before the model, or anybody, reads it.",
          "Keep to commands that only look (git status), or let the agent run it when asked."),
)  # fmt: skip
_BY_ID = {rule.id: rule for rule in RULES}


def found(
    rule: str,
    file: SkillFile,
    lines: tuple[int, int],
    told: str,
    excerpt: str,
    level: Level | None = None,
    near: tuple[tuple[str, int, str], ...] = (),
) -> Finding:
    """A finding of a rule on the lines of a file (first, last), of the rule's level or a lower one. A long excerpt is cut
    and says by how much."""
    excerpt = excerpt.strip("\n")
    if len(excerpt) > _MOST_SHOWN:
        excerpt = f"{excerpt[:_MOST_SHOWN]} [and {len(excerpt) - _MOST_SHOWN:,} characters]"
    last = lines[1] if lines[1] > lines[0] else 0
    return Finding(
        rule, Axis.HIDDEN, level or _BY_ID[rule].level, file.path, lines[0], told, excerpt, last, near
    )


def around(text: str, start: int, end: int, most: int = _MOST_SHOWN) -> str:
    """The part of a text that shows a place in it, with dots where something was left out."""
    if len(text) <= most:
        return text
    low = max(0, min(start - 100, len(text) - most))
    high = min(len(text), max(end, low + most))
    return ("… " if low else "") + text[low : min(high, low + most)] + (" …" if high < len(text) else "")


class LineNumbers:
    """The numbers of the lines of a text by place, each in logarithmic time."""

    def __init__(self, text: str) -> None:
        self._ends = [at for at, character in enumerate(text) if character == "\n"] if "\n" in text else []

    def at(self, place: int) -> int:
        """The number (from 1) of the line that holds a place."""
        return bisect_left(self._ends, place) + 1


#: Findings of one rule and level in one file beyond these are counted and not listed.
_MOST = {Level.NOTE: 20, Level.WARNING: 200, Level.PROBLEM: 200}


def not_too_many(file: SkillFile, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, where a rule was met very often the first of them and how many more there are."""
    counts: dict[tuple[str, Level], int] = {}
    last: dict[tuple[str, Level], Finding] = {}
    for finding in findings:
        key = finding.rule, finding.level
        counts[key] = counts.get(key, 0) + 1
        last[key] = finding
        if counts[key] <= _MOST[finding.level]:
            yield finding
    for (rule, level), count in counts.items():
        more = count - _MOST[level]
        if more > 0:
            final = last[rule, level]
            told = f"{more:,} more of this kind, the last of them here"
            yield found(rule, file, (final.line, final.last_line), told, final.excerpt, level)
