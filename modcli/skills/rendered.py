"""A page of Markdown as a reader sees it, against its source: what is seen, and each piece that is not.

The page is rendered by markdown-it-py after CommonMark with tables, as most viewers do; HTML in it is taken as a browser
takes it, also where a viewer would take it out. Both, what is seen and what is not, come out of the same walk, so that
no piece of the source falls between them: what is not there is syntax.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from modcli.errors import MissingExtraError
from modcli.skills.hidden_page import Page, Unseen
from modcli.skills.hidden_rules import LineNumbers

_FENCE = re.compile(r"^---[ \t]*$")
_FENCE_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,100}\]")
_WHITE_MATH = re.compile(
    r"\\(?:h?v?phantom|(?:text)?color\s*\{(?:white|#?fff(?:fff)?|transparent)\})\s*\{([^{}]*)\}",
    re.IGNORECASE,
)
_DIAGRAM_COMMENT = re.compile(r"^[ \t]*%%(?!\{)(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a reader of the page sees, as text, and what he does not, by line."""

    text: str
    unseen: tuple[Unseen, ...]


def rendered(text: str) -> Rendered:
    """A page as it is seen. Lines are counted from 1, by line feeds; front matter, which viewers treat differently, is a
    piece of its own kind. Takes linear time, never fails; raises MissingExtraError where markdown-it-py is missing."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    skipped = front_lines(text)
    lines = text.split("\n")
    page = Page()
    if skipped:
        page.note(Unseen("front", 1, skipped, "\n".join(lines[1 : skipped - 1])))
    walk = _Walk(page, "\n".join(lines[skipped:]), skipped + 1)
    walk.tokens(_parser())
    page.end()
    return Rendered(page.text, tuple(page.unseen))


def rendered_html(text: str) -> Rendered:
    """The same for a page of HTML."""
    page = Page()
    page.add_html(text.replace("\r\n", "\n").replace("\r", "\n"), 1)
    page.end()
    return Rendered(page.text, tuple(page.unseen))


def front_lines(text: str) -> int:
    """How many lines the front matter of a page takes up, its fences included; 0 where it has none."""
    lines = text.removeprefix("\ufeff").split("\n")
    if not _FENCE.match(lines[0].rstrip("\r")):
        return 0
    for number, line in enumerate(lines[1:], 2):
        if _FENCE_END.match(line.rstrip("\r")):
            return number
    return 0


def _parser() -> Any:
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise MissingExtraError(
            "seeing what a skill hides needs markdown-it-py", hint="pip install 'modcli[skills]'"
        ) from error
    # Definitions and the labels of links are kept: they are what this is about.
    parser = MarkdownIt("commonmark", {"inline_definitions": True, "store_labels": True})
    parser.enable(["table", "strikethrough"])
    # Viewers differ in which addresses they refuse; the text of such a link is shown by all.
    parser.validateLink = _any_address  # type: ignore[method-assign]
    return parser


def _any_address(url: str) -> bool:  # noqa: ARG001  (markdown-it-py names it)
    return True


class _Walk:
    """Takes the tokens of a page in their order to what is seen and what is not."""

    def __init__(self, page: Page, text: str, first_line: int) -> None:
        self._page = page
        self._text = text
        self._first = first_line
        self._line = first_line
        self._footnotes = Counter(_FOOTNOTE.findall(text))
        self._labels: set[str] = set()

    def tokens(self, parser: Any) -> None:
        """All of them."""
        tokens = parser.parse(self._text)
        for token in tokens:
            for child in token.children or ():
                self._labels.add(child.meta.get("label", ""))
        for token in tokens:
            last = self._line
            if token.map:
                self._line, last = self._first + token.map[0], self._first + max(token.map) - 1
            self._block(token, last)

    def _block(self, token: Any, last_line: int) -> None:
        page, line = self._page, self._line
        if token.type == "html_block":
            page.add_html(token.content, line)
        elif token.type == "definition":
            self._definition(token.meta, line, last_line)
        elif token.type == "fence":
            self._code(token, line)
        elif token.type == "code_block":
            page.add_text(token.content, line)
        elif token.type == "inline":
            self._paragraph(token, line, last_line)
        elif token.tag and not token.hidden and token.nesting:
            (page.begin if token.nesting > 0 else page.finish)(token.tag)
        elif token.nesting < 0 or token.type == "hr":
            page.add_text("\n", line)

    def _definition(self, meta: Any, line: int, last_line: int) -> None:
        """What a link's label stands for. Nobody sees it; where no link uses it, it is there for the source alone."""
        if meta["id"] in self._labels:
            if meta["title"]:
                self._page.note(Unseen("title", line, last_line, meta["title"], "title of a link"))
            self._page.note(Unseen("address", line, last_line, unquote(meta["url"]), "address of a link"))
            return
        said = "\n".join(part for part in (meta["label"], meta["title"], unquote(meta["url"])) if part)
        self._page.note(Unseen("definition", line, last_line, said, "a label that no link uses"))

    def _code(self, token: Any, line: int) -> None:
        language, _, rest = token.info.strip().partition(" ")
        if rest.strip():
            self._page.note(Unseen("info", line, line, rest.strip(), "behind the language of a code block"))
        content = token.content
        if language.lower() == "mermaid":
            numbers = LineNumbers(content)
            for match in _DIAGRAM_COMMENT.finditer(content):
                if match[1].strip():
                    at = line + numbers.at(match.start())
                    self._page.note(Unseen("comment", at, at, match[1], "in a diagram"))
            content = _DIAGRAM_COMMENT.sub("", content)
        self._page.add_text(content, line + 1)

    def _paragraph(self, token: Any, line: int, last_line: int) -> None:
        footnote = _FOOTNOTE.match(token.content)
        if footnote and token.content.startswith(":", footnote.end()) and self._footnotes[footnote[0]] == 1:
            said = token.content[footnote.end() + 1 :].strip()
            self._page.note(Unseen("footnote", line, last_line, said, "a footnote that nothing refers to"))
            return
        for match in _WHITE_MATH.finditer(token.content):
            at = line + token.content.count("\n", 0, match.start())
            self._page.note(Unseen("element", at, at, match[1], "white or empty letters of a formula"))
        _Inline(self._page, token.content, line).all(token.children or ())
        self._page.add_text("\n", last_line)


class _Inline:
    """Takes the pieces of a paragraph, whose tokens do not say where they stand: that is followed in its source."""

    def __init__(self, page: Page, source: str, line: int) -> None:
        self._page = page
        self._source = source
        self._line = line
        self._at = 0
        self._titles: list[str] = []

    def all(self, children: Sequence[Any]) -> None:
        """All pieces in their order."""
        for child in children:
            self._one(child)

    def _one(self, child: Any) -> None:
        page = self._page
        if child.type == "html_inline":
            self._go_to(child.content)
            page.add_html(child.content, self._line)
            self._pass(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            page.add_text("\n", self._line)
            self._next_line()
        elif child.type == "code_inline":
            self._go_to(child.markup)
            page.add_text(child.content, self._line)
            end = self._source.find(child.markup, self._at + len(child.markup))
            self._pass(self._source[self._at : end] if end >= 0 else "")
        elif child.type == "image":
            self._link(child, "src", "an image")
            if child.content.strip():
                page.note(Unseen("alt", self._line, self._line, child.content, "text in place of an image"))
            self._skip(child.content.count("\n") + child.attrs.get("title", "").count("\n"))
        elif child.type == "link_open":
            self._link(child, "href", "a link")
            self._titles.append(child.attrs.get("title", ""))
            page.begin("a")
        elif child.nesting:
            (page.begin if child.nesting > 0 else page.finish)(child.tag)
            if child.type == "link_close" and self._titles:
                self._skip(self._titles.pop().count("\n"))
        else:
            page.add_text(child.content, self._line)

    def _link(self, child: Any, key: str, what: str) -> None:
        if child.meta.get("label"):
            return  # what its label stands for is told where that is written
        title = child.attrs.get("title", "")
        if title:
            self._page.note(
                Unseen("title", self._line, self._line + title.count("\n"), title, f"title of {what}")
            )
        self._page.note(
            Unseen(
                "address",
                self._line,
                self._line,
                unquote(str(child.attrs.get(key, ""))),
                f"address of {what}",
            )
        )

    def _go_to(self, piece: str) -> None:
        at = self._source.find(piece, self._at)
        if at >= 0:
            self._line += self._source.count("\n", self._at, at)
            self._at = at

    def _pass(self, piece: str) -> None:
        self._line += piece.count("\n")
        self._at += len(piece)

    def _next_line(self) -> None:
        at = self._source.find("\n", self._at)
        if at >= 0:
            self._line, self._at = self._line + 1, at + 1

    def _skip(self, lines: int) -> None:
        for _ in range(lines):
            self._next_line()
