"""Markdown, and the markup of Misskey (MFM), as a reader sees it; modestly: what says how words look is taken away.

Links go the way of those of HTML, so that one that is not what it looks like is known the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape

from modcli.sources.html_text import Seen, as_seen

#: `$[spin.x,speed=2s words]`: the words.
_FUNCTION = re.compile(r"\$\[[A-Za-z0-9_]+(?:\.[\w=,.:+-]*)?[ \u3000\n]|[\[\]]")
_LINK = re.compile(
    r"([!?]?)\[([^\[\]\n]*)\]\(<?([^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:[ \t]+\"[^\"\n]*\")?\)"
)
_TAG = re.compile(r"</?(?:b|i|s|small|center|plain)>")
_FENCE = re.compile(r"^```[^\n`]*$\n?", re.MULTILINE)
#: Pairs of marks close around words, behind no backslash.
_PAIRS = (
    re.compile(r"(?<!\\)\*\*(?=\S)([^*]*[^*\s\\])\*\*"),
    re.compile(r"(?<!\\)~~(?=\S)([^~]*[^~\s\\])~~"),
    re.compile(r"(?<![A-Za-z0-9_\\])__(?=\S)([^_]*[^_\s\\])__(?![A-Za-z0-9_])"),
    re.compile(r"(?<![A-Za-z0-9*\\])\*(?=\S)([^*\n]*[^*\s\\])\*(?![A-Za-z0-9*])"),
    re.compile(r"(?<![A-Za-z0-9_\\])_(?=\S)([^_\n]*[^_\s\\])_(?![A-Za-z0-9_])"),
    re.compile(r"(?<!\\)`([^`\n]+)`"),
)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+", re.MULTILINE)
_SPOILER = re.compile(r"^:::[ \t]*(?:spoiler[ \t]+)?", re.MULTILINE)
_BACKSLASH = re.compile(r"\\([\\`*_{}\[\]()#+.!~>|-])")
_MARKS = re.compile(r"[$\[*_~`<#:\\]")


def mfm_seen(text: str) -> Seen:
    """What a reader sees of MFM. Mentions, hashtags, `:emoji:` and quotes stay as they are written."""
    if not _MARKS.search(text):
        return Seen(text.strip(), (), ())
    return _linked(_TAG.sub("", _without_functions(text)), _plain)


def markdown_seen(text: str) -> Seen:
    """What a reader sees of Markdown as Lemmy has it, `::: spoiler` included. Of an image, its description."""
    if not _MARKS.search(text):
        return Seen(text.strip(), (), ())
    return _linked(
        text, lambda words: _BACKSLASH.sub(r"\1", _SPOILER.sub("", _HEADING.sub("", _plain(words))))
    )


def links_seen(text: str, links: Iterable[tuple[int, int, str]]) -> Seen:
    """What a reader sees of plain text of which pieces are links: from, to (characters), and what each leads to; in
    order, none in another."""
    html, at = [], 0
    for start, end, target in links:
        html += [escape(text[at:start]), _anchor(target, text[start:end])]
        at = end
    return _broken("".join(html) + escape(text[at:])) if html else Seen(text.strip(), (), ())


def _linked(text: str, plain: Callable[[str], str]) -> Seen:
    html, at = [], 0
    for link in _LINK.finditer(text):
        kind, label, target = link.groups()
        html.append(escape(plain(text[at : link.start()])))
        html.append(escape(label) if kind == "!" else _anchor(target, plain(label)))
        at = link.end()
    return _broken("".join(html) + escape(plain(text[at:])))


def _anchor(target: str, words: str) -> str:
    return f'<a href="{escape(target)}">{escape(words)}</a>'


def _broken(html: str) -> Seen:
    return as_seen(html.replace("\n", "<br>"))


def _plain(text: str) -> str:
    text = _FENCE.sub("", text)
    for pair in _PAIRS:
        text = pair.sub(r"\1", text)
    return text


def _without_functions(text: str) -> str:
    """Without `$[name ` and its `]`, however deep; what is never closed stays as it is written."""
    pieces: list[str] = []
    #: Places in `pieces` where a function begins, and None for other brackets.
    begun: list[int | None] = []
    openings: dict[int, str] = {}
    at = 0
    for mark in _FUNCTION.finditer(text):
        pieces.append(text[at : mark.start()])
        at = mark.end()
        if mark[0] == "]":
            opened = begun.pop() if begun else None
            if opened is None:
                pieces.append("]")
            else:
                del openings[opened]
        elif mark[0] == "[":
            begun.append(None)
            pieces.append("[")
        else:
            begun.append(len(pieces))
            openings[len(pieces)] = mark[0]
            pieces.append("")
    pieces.append(text[at:])
    for place, written in openings.items():
        pieces[place] = written
    return "".join(pieces)
