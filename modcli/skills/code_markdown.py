"""The commands in a Markdown file: its blocks of code, and what the text around them says that they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modcli.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LANGUAGES = {
    **dict.fromkeys(
        (
            "bash",
            "sh",
            "shell",
            "zsh",
            "console",
            "shell-session",
            "terminal",
            "cmd",
            "!",
        ),
        "bash",
    ),
    **dict.fromkeys(("powershell", "ps1", "pwsh", "posh"), "powershell"),
    **dict.fromkeys(("ruby", "rb"), "ruby"),
    **dict.fromkeys(("python", "py", "python3", "ipython"), "python"),
    **dict.fromkeys(("js", "javascript", "ts", "typescript", "jsx", "tsx", "mjs", "node"), "javascript"),
}
#: Words by which a text says that what follows is not to be done: in headings, paragraphs and comments of code.
_BAD = re.compile(
    r"\b(never|do not|don['’]?t|avoid|bad|wrong|incorrect|unsafe|insecure|vulnerable|vulnerability|dangerous|malicious|"
    r"anti-?patterns?|must not|should not|shouldn['’]t|instead of|forbid(den)?|prohibited|not allowed|"
    r"refuse|reject|flagged|"
    r"blocked|detect(s|ion|ed)?|red flags?|suspicious|attacks?|attackers?|exploits?|injection|smells?|"
    r"indicators?|iocs?|threats?|what not to do|counter-?examples?|risky|violations?|"
    r"niemals|nicht|schlecht|nunca|evitar|mauvais|jamais|éviter)\b|❌|🚫|⛔|✗|✘|不要|禁止|切勿|危险|错误|危険|してはいけない",
    re.IGNORECASE,
)
#: Words by which it says that what follows is shown, as an example or a case to test.
_EXAMPLE = re.compile(
    r"\b(examples?|samples?|payloads?|such as|test (cases?|inputs?|strings?)|phrases?|patterns?|jailbreaks?|quot\w+"
    r"|adversar\w+|scenarios?|pressure tests?|baselines?|rationali[sz]ations?|excuses?)\b",
    re.IGNORECASE,
)
#: How a comment in code marks it as bad.
_BAD_MARK = re.compile(
    r"(#|//)\s*(❌|🚫|bad|wrong|don['’]?t|never|unsafe|insecure|vulnerable|dangerous|malicious|avoid)\b",
    re.IGNORECASE,
)
#: Words by which it says that it is to be done all the same.
_TO_DO = re.compile(
    r"\b(run|execute|paste|type|enter|install|set ?up|start|use|launch|begin|invoke|prerequisites?|"
    r"required|ejecuta|führe|exécute[zr]?)\b|"
    r"运行|执行|安装|実行",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(never|do not|don['’]?t|avoid|not|no|without|instead of|must not|refuse|reject|flags?|detects?|"
    r"blocks?|like|such as|e\.g|"
    r"looks? for|instructions to|patterns?|if|attacks?|against|from|nicht|nie|nunca|jamais)\b|不要|禁止|切勿|别",
    re.IGNORECASE,
)
_INLINE_TO_DO = re.compile(
    r"\b(run|execute|paste|type|enter|invoke|ejecuta|exécute[zr]?|führe)\b[^.;:,|`]{0,24}:?\s*$|(运行|执行|実行)[^。；`]{0,12}$",
    re.IGNORECASE,
)
_COMMAND_LINE = re.compile(
    r"^\s*(?:[$>#]\s+)?((?:sudo\s+)?(?:curl|wget|bash|sh|zsh|python3?|node|npx|pip3?|npm|base64|echo|eval|iwr|irm|powershell|nc|cat|scp|"
    r"rm|crontab|osascript|chmod)\s+\S.*)$"
)
_PROMPT = re.compile(r"^(\s*)(?:\$|>|%|PS[^>\n]*>|❯|\w+@[\w.-]+[:~][^$#\n]{0,40}[$#])\s(?=\S)")
_DYNAMIC = re.compile(r"(?:^|\s)!`([^`\n]+)`")
_COMMENT = re.compile(r"(?:#|//)[^\n]*")


@dataclass(frozen=True, slots=True)
class Block:
    """Code in a Markdown file, or all of a script: its language, its text and the line of its first line. `kind` says how
    it stands there: `block`, `inline`, `line`, `comment` (of HTML), `dynamic` (run when the file is loaded). `example`:
    the text says that it is a thing not to be done; `to_do`: it says that it is to be done."""

    language: str
    text: str
    line: int
    kind: str = "block"
    example: bool = False
    to_do: bool = False
    heading: str = ""

    @property
    def last_line(self) -> int:
        """The last line of it."""
        return self.line + self.text.rstrip("\n").count("\n")


@dataclass(frozen=True, slots=True)
class Said:
    """A paragraph, list item or cell that is shown: its text with code between backticks, and its first line. `quoted`:
    it is a quotation, or a heading or the sentence before its list says that what follows is bad or an example."""

    text: str
    line: int
    quoted: bool


def sayings(text: str) -> list[Said]:
    """What a Markdown text says, in order, code blocks, comments and front matter left out. Lines count from 1.

    Raises MissingExtraError where markdown-it-py is not installed.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = _front_matter_end(lines)
    found: list[Said] = []
    headings: dict[int, str] = {}
    quotes = lists = level = 0
    before = led = ""
    for token in _tokens("\n".join([""] * first + lines[first:])):
        if token.type in ("blockquote_open", "blockquote_close"):
            quotes += token.nesting
        elif token.type in (
            "bullet_list_open",
            "ordered_list_open",
            "bullet_list_close",
            "ordered_list_close",
        ):
            led = before if token.nesting > 0 and not lists else led
            lists += token.nesting
        elif token.type == "table_open":
            led, before = before, ""
        elif token.type in ("heading_open", "heading_close"):
            level = int(token.tag[1:]) if token.nesting > 0 else 0
        elif token.type == "inline":
            if level:
                headings = {at: said for at, said in headings.items() if at < level} | {level: token.content}
            named = any(_BAD.search(said) or _EXAMPLE.search(said) for said in headings.values())
            listed = lists > 0 and bool(_BAD.search(led) or _EXAMPLE.search(led))
            line = (token.map[0] if token.map else 0) + 1
            found.append(Said(_shown(token), line, quotes > 0 or named or listed))
            before = token.content if not lists else before
    return found


def _shown(token: Any) -> str:
    """The text of a paragraph, with code between backticks and a line for each of its lines."""
    parts = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "code_inline":
            parts.append(f"`{child.content}`")
        elif child.type in ("text", "text_special"):
            parts.append(child.content)
    return "".join(parts)


def blocks(text: str, title: str = "") -> list[Block]:
    """The code in a Markdown text, in order. Lines count from 1, front matter included, which is left out. `title` is
    what a document that is read on demand is called: where that, or a heading above, speaks of what is bad, so does all
    below.

    Raises MissingExtraError where markdown-it-py is not installed.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = _front_matter_end(lines)
    found = list(_read("\n".join([""] * first + lines[first:]), title))
    return sorted(found, key=lambda one: one.line)


def _front_matter_end(lines: list[str]) -> int:
    if lines and lines[0].lstrip("\ufeff").rstrip() == "---":
        for i, line in enumerate(lines[1:], 1):
            if line.rstrip() in ("---", "..."):
                return i + 1
    return 0


def _tokens(text: str) -> list[Any]:
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise MissingExtraError(
            "to find the commands of a skill, modcli needs markdown-it-py",
            hint="pip install 'modcli[skills]'",
        ) from error
    return list(MarkdownIt("commonmark").enable("table").parse(text))


def _read(text: str, title: str) -> Iterator[Block]:
    heading, before, in_table, in_heading = "", "", 0, 0
    above: dict[int, str] = {}
    for token in _tokens(text):
        line = (token.map[0] if token.map else 0) + 1
        if token.type in ("table_open", "table_close"):
            in_table += 1 if token.type == "table_open" else -1
        elif token.type in ("heading_open", "heading_close"):
            in_heading = int(token.tag[1:]) if token.type == "heading_open" else 0
        elif token.type in ("fence", "code_block"):
            yield from _fenced(token, line, heading, before)
            before = ""
        elif token.type == "html_block":
            yield from _html(token.content, line, heading)
        elif token.type == "inline" and in_heading:
            above = {level: said for level, said in above.items() if level < in_heading} | {
                in_heading: token.content
            }
            heading, before = " / ".join([title, *above.values()]) if title else token.content, ""
        elif token.type == "inline" and not in_table:
            before = token.content
            yield from _inline(token.content, line, heading)


def _fenced(token: Any, line: int, heading: str, before: str) -> Iterator[Block]:
    word = (token.info or "").strip().lower().split()
    name = re.split(r"[{,:]", word[0])[0] if word else ""
    language = _LANGUAGES.get(name, "")
    content: str = token.content
    if not language and not name:
        language = "bash" if _commands(content) else ""
    if not language:
        return
    bash = language == "bash"
    if bash:
        content = "\n".join(_PROMPT.sub(r"\1", one) for one in content.split("\n"))
    comments = " ".join(_COMMENT.findall(content)[:3])
    to_do = bool(_TO_DO.search(before or heading))
    last = re.split(r"[.!?。！]\s", before.strip())[-1]
    said = bool(_BAD.search(last) or (_BAD.search(before) and not _TO_DO.search(last)))
    shown = _BAD_MARK.search(comments) and not _TO_DO.search(last)
    example = bool(said or shown or (_BAD.search(heading) and not to_do))
    kind = "dynamic" if name.startswith("!") else "block"
    start = line + (1 if token.type == "fence" else 0)
    yield Block(language, content, start, kind, example and kind == "block", to_do, heading)


def _commands(content: str) -> bool:
    """Whether a block without a language is of commands: by its lines."""
    lines = [one for one in content.split("\n") if one.strip() and not one.lstrip().startswith("#")]
    return bool(lines) and sum(
        bool(_COMMAND_LINE.match(one) or _PROMPT.match(one)) for one in lines
    ) * 2 >= len(lines)


def _inline(content: str, line: int, heading: str) -> Iterator[Block]:
    """Commands in a paragraph: lines that are one, and code that the sentence says to run."""
    for offset, one in enumerate(content.split("\n")):
        for match in _DYNAMIC.finditer(one):
            yield Block("bash", match[1], line + offset, "dynamic", heading=heading)
        bare = _COMMAND_LINE.match(one)
        if bare and "`" not in one and re.search(r"[|$<>/]|https?:", bare[1]):
            yield Block("bash", bare[1], line + offset, "line", bool(_BAD.search(heading)), True, heading)
        for match in re.finditer(r"(`+)([^`\n]+)\1", one):
            sentence = re.split(r"[.!?。]\s", one[: match.start()])[-1]
            if one[: match.start()].endswith("!") or not _INLINE_TO_DO.search(sentence):
                continue
            if not _NEGATED.search(sentence) and re.search(r"[/.~$]|\s", match[2].strip()):
                yield Block("bash", match[2].strip(), line + offset, "inline", False, True, heading)


def _html(content: str, line: int, heading: str) -> Iterator[Block]:
    """Commands in comments and other HTML: a model reads them like the rest."""
    for offset, one in enumerate(content.split("\n")):
        bare = _COMMAND_LINE.match(re.sub(r"<!--|-->|</?(pre|code|p|div|br)[^>]*>", "", one))
        if bare:
            yield Block("bash", bare[1], line + offset, "comment", False, True, heading)
        for match in re.finditer(r"`([^`\n]+)`", one):
            if _INLINE_TO_DO.search(one[: match.start()]) and not _NEGATED.search(one[: match.start()]):
                yield Block("bash", match[1], line + offset, "comment", False, True, heading)
