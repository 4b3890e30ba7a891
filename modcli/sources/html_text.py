"""The HTML of posts as a reader sees it: plain text, and the links that are not what they look like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from modcli.sources.post import Link

#: Elements that begin and end a line.
_BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
     "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
     "pre", "section", "summary", "table", "tr", "ul"]
)  # fmt: skip
#: Of these, the ones with an empty line around them.
_PARAGRAPHS = frozenset(["p", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"])
#: What no reader sees.
_UNSEEN = frozenset(
    ["script", "style", "template", "head", "title", "noscript", "iframe", "object", "embed", "svg", "select", "textarea",
     "audio", "video", "rp", "canvas"]
)  # fmt: skip
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_ADDRESS = re.compile(
    r"(?:https?://)?((?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,})(?::\d+)?(?:[/?#…]\S*)?(?:…|\.\.\.)?",
    re.IGNORECASE,
)
_LINES = re.compile(r"\n{3,}")
#: Of markup with more tags than this only the text is kept: no post has as many.
_MOST_TAGS = 200_000
#: Blocks inside of one another beyond this depth become line breaks: the parser looks through all that are open at each
#: new one. Browsers stop at 512 as well.
_DEEPEST = 512
#: Blocks that stay open until they are closed, unlike paragraphs and list entries.
_NESTING = re.compile(
    r"<(/?)(?:address|article|aside|blockquote|center|details|dialog|div|dl|fieldset|figcaption|figure|footer|form|header"
    r"|hgroup|main|menu|nav|ol|pre|search|section|summary|ul)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Seen:
    """Text as a reader sees it; links that look like another address than they lead to; address and text of mentions."""

    text: str
    disguised: tuple[Link, ...] = ()
    mentions: tuple[tuple[str, str], ...] = ()


def as_seen(html: str) -> Seen:
    """HTML to text. Takes linear time, whatever it is given, and never fails.

    Blocks begin new lines and paragraphs leave an empty one; inside of a line nothing is added. A link whose text is
    not its address is followed by the address in brackets. What is hidden (`hidden`, `display: none`) is left out, and
    so is the paragraph that stands for a quoted post.
    """
    if "<" not in html and "&" not in html:
        return Seen(html.strip())
    if html.count("<") > _MOST_TAGS:
        return Seen(_BLANKS.sub(" ", unescape(_TAG.sub(" ", html))).strip())
    body = LexborHTMLParser(_shallow(html)).body
    if body is None:
        return Seen("")
    reading = _Reading()
    reading.walk(body)
    return Seen(reading.text(), tuple(reading.disguised), tuple(reading.mentions))


def _shallow(html: str) -> str:
    """Markup without the blocks that lie too deep."""
    depth = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth
        depth = max(0, depth + (-1 if tag[1] else 1))
        return tag[0] if depth + bool(tag[1]) <= _DEEPEST else "<br>"

    return _NESTING.sub(kept, html) if html.count("<") > _DEEPEST else html


class _Reading:
    """Walks a tree without recursion, and gathers what is seen."""

    def __init__(self) -> None:
        self.disguised: list[Link] = []
        self.mentions: list[tuple[str, str]] = []
        self._pieces: list[str] = []
        self._preformatted = 0
        #: Of open links: address, classes, and where their text begins.
        self._links: list[tuple[str, str, int]] = []

    def walk(self, root: Any) -> None:
        """Visit every node once; what is opened is closed behind its children."""
        waiting: list[tuple[Any, bool]] = [(root.child, False)]
        while waiting:
            node, closing = waiting.pop()
            if node is None:
                continue
            if closing:
                self._close(node.tag)
                continue
            waiting.append((node.next, False))
            tag = node.tag
            if tag == "-text":
                self._add(node.text_content or "")
            elif tag == "br":
                self._pieces.append("\n")
            elif tag == "img":
                attributes = node.attributes
                self._add(attributes.get("alt") or attributes.get("title") or "")
            elif not tag.startswith("-") and tag not in _UNSEEN and self._open(tag, node):
                waiting.append((node, True))
                waiting.append((node.child, False))

    def text(self) -> str:
        """All of it, without blanks at the ends of lines."""
        lines = "".join(self._pieces).split("\n")
        return _LINES.sub("\n\n", "\n".join(line.strip(" ") for line in lines)).strip()

    def _add(self, text: str) -> None:
        self._pieces.append(text if self._preformatted else _BLANKS.sub(" ", text))

    def _open(self, tag: str, node: Any) -> bool:
        """Begin an element; whether its content is seen."""
        attributes = node.attributes
        if attributes:
            if "hidden" in attributes or _HIDDEN.search((attributes.get("style") or "")[:2000]):
                return False
            if "quote-inline" in (attributes.get("class") or "").split():
                return False
        if tag in _BLOCKS:
            self._break(tag)
        self._preformatted += tag == "pre"
        if tag == "a":
            classes = attributes.get("class") or ""
            self._links.append((attributes.get("href") or "", classes, len(self._pieces)))
        return True

    def _close(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._break(tag)
        self._preformatted -= tag == "pre"
        if tag in ("td", "th"):
            self._pieces.append(" ")
        if tag == "a" and self._links:
            href, classes, start = self._links.pop()
            self._end_link(href.strip(), classes.split(), "".join(self._pieces[start:]).strip())

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._pieces.append("\n\n")
        elif self._pieces and not self._pieces[-1].endswith("\n"):
            self._pieces.append("\n")

    def _end_link(self, href: str, classes: list[str], shown: str) -> None:
        if "mention" in classes and "hashtag" not in classes:
            self.mentions.append((href, shown))
            return
        if not href or shown.startswith("#") or shown.startswith("@") or is_same_address(shown, href):
            return
        if not href.lower().startswith(("http://", "https://", "mailto:", "gemini:", "xmpp:", "magnet:")):
            return
        if link := disguised(shown, href):
            self.disguised.append(link)
        self._pieces.append(f" ({href})" if shown else href)


def disguised(shown: str, target: str) -> Link | None:
    """The link, where its text looks like an address of another host than the one it leads to."""
    found = _ADDRESS.fullmatch(shown)
    host = _host(target)
    if found is None or not host or _plain_host(found[1]) == host:
        return None
    return Link(shown, target)


def is_same_address(shown: str, target: str) -> bool:
    """Whether a link's text is its address, or the beginning of it."""
    plain, whole = _plain(shown), _plain(target)
    if plain == whole:
        return True
    cut = plain.rstrip("….")
    if cut != plain and len(cut) > 3 and "/" in cut:
        return whole.startswith(cut)
    return False


def _plain(address: str) -> str:
    """An address without what makes no difference to a reader."""
    plain = address.strip()
    for _ in range(1 if "%" in plain else 0):
        plain = unquote(plain)
    head, _, rest = plain.partition("://")
    plain = rest if head.lower() in ("http", "https") else plain
    host, slash, path = plain.partition("/")
    return f"{_plain_host(host)}{slash}{path}".rstrip("/")


def _host(address: str) -> str:
    try:
        return _plain_host(urlsplit(address).hostname or "")
    except ValueError:
        return ""


def _plain_host(host: str) -> str:
    """A host in small letters, without `www.`, in its international form where it has one."""
    plain = host.lower().removeprefix("www.").rstrip(".")
    if "xn--" in plain:
        try:
            return plain.encode("ascii").decode("idna")
        except UnicodeError:
            return plain
    return plain
