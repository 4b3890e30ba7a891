"""HTML as a browser shows it, piece by piece, with the line of each piece that is not shown.

A page of Markdown reaches a browser as pieces of HTML with rendered text in between, and what one piece opens (a comment,
a hidden element) the text behind it is in. So this is one machine that is fed both in their order. Tags are read as the
HTML standard reads them (html.spec.whatwg.org, 13.2.5), as far as it decides what is seen: a comment that is never closed
hides all that follows, a paragraph ends where a block begins.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field

from modcli.skills.hidden_styles import hidden_by, hidden_in_sheet


@dataclass(frozen=True, slots=True)
class Unseen:
    """A piece of the source that a reader of the page does not see: its `kind`, its first and last line (from 1), what it
    says, and in `how` what keeps it from being seen."""

    kind: str
    line: int
    last_line: int
    text: str
    how: str = ""


@dataclass(slots=True)
class _Element:
    tag: str
    why: str  # why nobody sees what is in it, its own reason or that of what it stands in
    line: int = 0
    keeper: _Element | None = None  # the outermost element whose own reason hides it
    last_line: int = 0
    pieces: list[str] = field(default_factory=list)


_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
#: What ends a paragraph that is still open.
_BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure", "footer", "form", "h1",
     "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul"]
)  # fmt: skip
#: Their content is not text of the page, up to their end tag.
_RAW = frozenset({"script", "style", "title", "iframe", "noembed", "noframes", "noscript"})
_UNSHOWN = {"template": "an element that is not shown", "datalist": "an element that is not shown",
            "head": "an element that is not shown", "audio": "shown only where it cannot be played",
            "video": "shown only where it cannot be played", "object": "shown only where it cannot be loaded",
            "canvas": "shown only where it cannot be drawn"}  # fmt: skip
#: Attributes that hold text, and what sort they are of.
_TEXTS = {"title": "title", "alt": "alt", "content": "attribute", "value": "attribute", "placeholder": "attribute",
          "summary": "attribute", "label": "attribute"}  # fmt: skip
_ADDRESSES = frozenset(
    {"href", "src", "action", "data", "cite", "poster", "srcset", "formaction", "background"}
)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?""")
_COMMENT_END = re.compile(r"--!?>")


class Page:
    """What has been shown so far, and what has not. Feed HTML and rendered text in their order, then `end`."""

    def __init__(self) -> None:
        self.unseen: list[Unseen] = []
        self.sheet: dict[str, str] = {}
        self._seen: list[str] = []
        self._stack: list[_Element] = []
        self._open: Counter[str] = Counter()
        #: A comment or a raw element that is still open; its tag is `!` for a comment.
        self._raw: _Element | None = None

    @property
    def text(self) -> str:
        """What a reader sees so far."""
        return "".join(self._seen)

    def add_text(self, text: str, line: int) -> None:
        """Rendered text, without tags, that begins on a line."""
        if not text:
            return
        if self._raw is not None:
            self._keep(self._raw, text, line)
        elif self._stack and self._stack[-1].why:
            self._keep(self._stack[-1].keeper or self._stack[-1], text, line)
        else:
            self._seen.append(text)

    def add_html(self, source: str, line: int) -> None:
        """A piece of HTML that begins on a line."""
        at = 0
        while at < len(source):
            if self._raw is not None:
                at, line = self._on_in_raw(self._raw, source, at, line)
                continue
            opening = source.find("<", at)
            text = source[at : opening if opening >= 0 else len(source)]
            self.add_text(html.unescape(text), line)
            line += text.count("\n")
            if opening < 0:
                return
            after = self._markup(source, opening, line)
            line += source.count("\n", opening, after)
            at = after

    def begin(self, tag: str, line: int = 0) -> None:
        """An element that the rendering begins."""
        self._begin(tag, "", line)
        if tag in _BLOCKS or tag in ("li", "tr", "th", "td"):
            self._break()

    def finish(self, tag: str) -> None:
        """An element that the rendering ends."""
        self._finish(tag)

    def note(self, unseen: Unseen) -> None:
        """Something else that is not seen."""
        self.unseen.append(unseen)

    def end(self) -> None:
        """The page ends: what is open is closed."""
        if self._raw is not None:
            self._close_raw(self._raw, closed=False)
        while self._stack:
            self._pop()
        self.unseen.sort(key=lambda one: (one.line, one.last_line))

    def _on_in_raw(self, raw: _Element, source: str, at: int, line: int) -> tuple[int, int]:
        """Within a comment or a raw element: up to its end, or to the end of the piece."""
        pattern = (
            _COMMENT_END
            if raw.tag == "!"
            else re.compile(rf"</{re.escape(raw.tag)}(?=[\s/>])[^>]*>?", re.IGNORECASE)
        )
        match = pattern.search(source, at)
        text = source[at : match.start() if match else len(source)]
        self._keep(raw, text, line)
        if match is None:
            return len(source), line
        self._close_raw(raw)
        return match.end(), line + source.count("\n", at, match.end())

    def _close_raw(self, raw: _Element, *, closed: bool = True) -> None:
        self._raw = None
        text = "".join(raw.pieces)
        if raw.tag == "style":
            self.sheet.update(hidden_in_sheet(text))
        kind, how = ("comment", "") if raw.tag == "!" else ("unshown", f"<{raw.tag}>")
        if text.strip():
            how = how if closed else f"{how} never closed".strip()
            self.unseen.append(Unseen(kind, raw.line, max(raw.last_line, raw.line), text, how))

    def _markup(self, source: str, at: int, line: int) -> int:
        """What begins with `<` at a place; where it ends."""
        if source.startswith("<!--", at):
            if source.startswith(">", at + 4) or source.startswith("->", at + 4):
                return source.index(">", at + 4) + 1
            self._raw = _Element("!", "comment", line=line)
            return at + 4
        if source.startswith(("<!", "<?", "</"), at) and not _TAG.match(source, at):
            end = source.find(">", at)
            end = len(source) if end < 0 else end
            text = source[at + 2 : end].strip("-[]? ")
            if text and not text.lower().startswith(("doctype", "xml")):
                self.unseen.append(Unseen("comment", line, line + source.count("\n", at, end), text))
            return end + 1
        tag = _TAG.match(source, at)
        if tag is None:
            self.add_text("<", line)
            return at + 1
        name = tag[2].lower()
        attributes, end = _attributes(source, tag.end())
        if tag[1]:
            self._finish(name)
        else:
            self._element(name, attributes, line, line + source.count("\n", at, end))
        return end

    def _element(self, name: str, attributes: dict[str, str], line: int, last_line: int) -> None:
        why = hidden_by(name, attributes, self.sheet) or _UNSHOWN.get(name, "")
        for key, value in attributes.items():
            kind = _TEXTS.get(key) or ("attribute" if key.startswith(("data-", "aria-")) else "")
            if key in _ADDRESSES:
                kind = "address"
            if kind and value.strip():
                self.unseen.append(Unseen(kind, line, last_line, value, f"<{name} {key}>"))
        if name == "input" and attributes.get("type", "").lower() != "hidden" and attributes.get("value"):
            self.add_text(attributes["value"], line)
        if name == "br":
            self._break()
        if name in _RAW:
            self._raw = _Element(name, name, line=line)
        elif name not in _VOID:
            self._begin(name, why, line)

    def _begin(self, name: str, why: str, line: int) -> None:
        if name in _BLOCKS and self._stack and self._stack[-1].tag == "p":
            self._pop()
        above = self._stack[-1] if self._stack and self._stack[-1].why else None
        element = _Element(name, above.why if above else why, line)
        element.keeper = above.keeper if above else element
        self._stack.append(element)
        self._open[name] += 1

    def _finish(self, name: str) -> None:
        if self._open[name] > 0:
            while self._pop() != name:
                pass
            if name in _BLOCKS or name in ("li", "tr"):
                self._break()

    def _pop(self) -> str:
        element = self._stack.pop()
        self._open[element.tag] -= 1
        text = "".join(element.pieces)
        if element.why and element.keeper is element and text.strip():
            last = max(element.last_line, element.line)
            self.unseen.append(Unseen("element", element.line, last, text.strip("\n"), element.why))
        return element.tag

    def _keep(self, element: _Element, text: str, line: int) -> None:
        """Text that is not seen goes to what hides it; its lines are those of the text."""
        if not element.pieces and text.strip() and element.tag != "!":
            element.line = line + text[: len(text) - len(text.lstrip())].count("\n")
        if text.strip() or element.pieces:
            element.pieces.append(text)
            element.last_line = max(element.last_line, line + text.rstrip().count("\n"))

    def _break(self) -> None:
        if self._raw is not None:
            self._raw.pieces.append("\n")
        elif self._stack and self._stack[-1].why:
            keeper = self._stack[-1].keeper
            if keeper is not None and keeper.pieces:
                keeper.pieces.append("\n")
        else:
            self._seen.append("\n")


def _attributes(source: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag, the first of each name, and where the tag ends."""
    found: dict[str, str] = {}
    while at < len(source) and source[at] != ">":
        match = _ATTRIBUTE.match(source, at)
        if match is None or match.end() == at:
            at += 1
            continue
        found.setdefault(match[1].lower(), html.unescape(match[2] or match[3] or match[4] or ""))
        at = match.end()
    return found, at + 1
