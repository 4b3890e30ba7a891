"""A skill as it is put to the judge: its card, and the passages of its text, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modcli.prompts.normalization import normalize
from modcli.prompts.windows import SIZE, windows
from modcli.skills.skill import Role, Skill, SkillFile
from modcli.skills.spoken import spoken_lines

#: Passages judged of one skill at most; more are spread over all of it, the first and the last included.
MOST_PASSAGES = 96
#: Bytes of name and description, and headings, that stand on the card; what is beyond is read as passages.
MOST_NAME, MOST_DESCRIPTION, MOST_HEADINGS = 200, 1_500, 40
#: From so many bytes on, a passage ends at a blank line or a heading: a few sentences that tell a purpose are not drowned
#: in a page of others, and a shorter text costs the model no more.
ENOUGH = SIZE // 3
#: Fewer words with a meaning than this, and a description says nothing of what a skill is for.
FEWEST_WORDS = 2
#: And fewer than this, and it says too little for the rest not to be read.
FEW_WORDS = 6
CARD = "card"

#: In which order files are read: what a model reads first comes first.
_ORDER = (
    *(Role.SKILL, Role.COMMAND, Role.AGENT, Role.HOOKS, Role.MCP, Role.MANIFEST),
    *(Role.DOCUMENT, Role.SCRIPT, Role.DATA, Role.ASSET),
)
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t#]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_WORD = re.compile(r"[^\W\d_]+")
#: Scripts that are written without spaces: two characters are about a word.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: What stands in the description of any skill, and tells none from another.
# fmt: off
_EMPTY_WORDS = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "it", "its", "is", "are", "be", "being", "was", "and", "or", "of",
    "in", "on", "at", "to", "for", "from", "with", "by", "as", "if", "when", "whenever", "what", "whatever", "which",
    "who", "how", "i", "me", "my", "we", "our", "you", "your", "yours", "they", "them", "their", "any", "all", "every",
    "everything", "anything", "something", "things", "thing", "stuff", "some", "many", "more", "most", "other", "various",
    "no", "not", "do", "does", "doing", "done", "make", "makes", "get", "gets", "let", "lets", "can", "could", "may",
    "will", "would", "should", "must", "need", "needs", "needed", "want", "wants", "ask", "asks", "asked", "use", "uses",
    "used", "using", "user", "users", "skill", "skills", "agent", "agents", "tool", "tools", "helper", "assistant",
    "help", "helps", "helpful", "useful", "great", "good", "best", "better", "powerful", "smart", "simple", "ultimate",
    "advanced", "general", "purpose", "job", "jobs", "task", "tasks", "work", "works", "ai", "llm", "claude", "model",
    "please", "todo", "description", "here", "add", "demo", "test", "example", "sample", "default", "new", "run",
    "runs", "always",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece that is judged by itself, and where it stands: `line` to `last_line` of a file, from 1."""

    path: str
    line: int
    last_line: int
    text: str


@dataclass(frozen=True, slots=True)
class Passages:
    """The passages of a skill that are judged, in order, and the share of its text that they cover, 0 to 1."""

    pieces: tuple[Passage, ...]
    read: float


@dataclass(frozen=True, slots=True)
class Card:
    """What a skill says of itself before anybody reads it: name, description and headings, as one text. `says_purpose`:
    the description says what it is for. `brief`: it says so in a few words, which fit much. `whole`: all of name,
    description and headings is on it."""

    text: str
    line: int
    says_purpose: bool
    whole: bool
    brief: bool = False


def card_of(skill: Skill) -> Card:
    """The card of a skill."""
    (name, more), description = (
        _cut(" ".join(skill.name.split()), MOST_NAME),
        " ".join(skill.description.split()),
    )
    shown, rest = _cut(description, MOST_DESCRIPTION)
    found = list(headings(_body(skill)))
    lines = [f"{name}: {shown}".strip()]
    if found:
        lines.append(f"Headings: {'; '.join(found[:MOST_HEADINGS])}")
    return Card(
        text="\n".join(lines),
        line=max(1, skill.front.lines.get("description", 1)),
        says_purpose=says_purpose(description),
        whole=not (more or rest) and len(found) <= MOST_HEADINGS,
        brief=_words(description) < FEW_WORDS,
    )


def says_purpose(description: str) -> bool:
    """Whether a description says what something is for: it has words that do not stand in any other as well."""
    return _words(description) >= FEWEST_WORDS


def _words(description: str) -> int:
    """Different words that do not stand in any other description as well."""
    count = 0
    for word in {word.casefold() for word in _WORD.findall(description)} - _EMPTY_WORDS:
        count += max(1, len(word) // 2) if _UNSPACED.search(word) else 1
    return count


def headings(lines: Iterable[str]) -> Iterator[str]:
    """The headings of a Markdown text that stand outside of fenced code, shortened to one line each."""
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark is not None:
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = ""
        elif not fence and (found := _HEADING.fullmatch(line[:300])) is not None and found[1].strip():
            yield " ".join(found[1].split())[:120]


def passages(skill: Skill, most: int = MOST_PASSAGES) -> Passages:
    """The passages of all that is text in a skill: the rest of a long name or description, the body, then the other
    files; of scripts the comments and strings. None of them overlaps another: each is evidence of its own."""
    pieces = list(_beyond_the_card(skill))
    for file in sorted(skill.files, key=_order):
        if file.text is not None:
            pieces += cut(file.path, _lines_of(skill, file))
    # The same words once more are no further evidence.
    pieces = list({piece.text: piece for piece in reversed(pieces)}.values())[::-1]
    total = sum(_size(piece) for piece in pieces)
    if len(pieces) > most:
        pieces = [pieces[round(i * (len(pieces) - 1) / (most - 1))] for i in range(most)]
    read = sum(_size(piece) for piece in pieces) / total if total else 1.0
    return Passages(tuple(pieces), read)


def cut(path: str, lines: Iterable[tuple[int, str]]) -> Iterator[Passage]:
    """Numbered lines as passages of at most `windows.SIZE` bytes, normalized, blank lines left out. A passage ends at a
    blank line or a heading once it has ENOUGH bytes."""
    held: list[str] = []
    first = last = size = 0
    for number, line in lines:
        text = normalize(line)
        if held and size >= ENOUGH and (not text or text.startswith("#")):
            yield Passage(path, first, last, "\n".join(held))
            held, size = [], 0
        if not text:
            continue
        for part in windows(text, overlap=0, most=max(2, len(text))).texts:
            length = len(part.encode("utf-8", "replace")) + 1
            if held and size + length > SIZE:
                yield Passage(path, first, last, "\n".join(held))
                held, size = [], 0
            first = number if not held else first
            last = number
            held.append(part)
            size += length
    if held:
        yield Passage(path, first, last, "\n".join(held))


def _beyond_the_card(skill: Skill) -> Iterator[Passage]:
    for key, text, most in (
        ("name", skill.name, MOST_NAME),
        ("description", skill.description, MOST_DESCRIPTION),
    ):
        rest = _cut(" ".join(text.split()), most)[1]
        if rest:
            yield from cut(skill.main.path, [(max(1, skill.front.lines.get(key, 1)), rest)])


def _lines_of(skill: Skill, file: SkillFile) -> Iterable[tuple[int, str]]:
    text = file.text or ""
    if file.path == skill.main.path:
        # What stands in the front matter is on the card: read twice, it would be its own support.
        start = skill.front.body_line
        return enumerate(_body(skill), start)
    if file.role in (Role.SCRIPT, Role.HOOKS):
        return spoken_lines(file.path, text)
    return enumerate(text.split("\n"), 1)


def _body(skill: Skill) -> list[str]:
    return (skill.main.text or "").split("\n")[max(0, skill.front.body_line - 1) :]


def _cut(text: str, most: int) -> tuple[str, str]:
    """What stands on the card, and the rest."""
    raw = text.encode("utf-8", "replace")
    shown = raw[:most].decode("utf-8", "ignore")
    return shown, raw[len(shown.encode()) :].decode("utf-8", "ignore")


def _order(file: SkillFile) -> tuple[int, str]:
    return _ORDER.index(file.role), file.path


def _size(piece: Passage) -> int:
    return len(piece.text.encode("utf-8", "replace"))
