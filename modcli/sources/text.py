"""Plain text: one item a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from modcli.errors import Location
from modcli.item import NO_METADATA, Item
from modcli.sources.inputs import record_id
from modcli.sources.lines import ByteStream, Line, LongItem, read_lines, refuse_utf16

MAX_CHARACTERS = 1_000_000
BOM = b"\xef\xbb\xbf"
#: A character of UTF-8 takes up to four bytes.
BYTES_PER_CHARACTER = 4


def read_text(
    stream: ByteStream, name: str, *, keep_rest: bool = False, max_characters: int = MAX_CHARACTERS
) -> Iterator[Item]:
    r"""An item for each line, the last one with or without \n; its text has no line ending and no byte order
    mark.

    A line that is not UTF-8 text, or holds NUL, is an item with an error. Of a longer line than
    `max_characters` the text is its beginning, and `metadata["truncated_bytes"]` says how much is not in it.
    An item's `raw` is the whole line as it stood; past a few megabytes it is its beginning, and with
    `keep_rest` a LongItem holds the rest (`lines.raw_chunks` reads both). Raises SourceError for UTF-16.
    """
    limit = BYTES_PER_CHARACTER * max_characters + len(BOM) + len(b"\r\n")
    for line in read_lines(stream, name, limit=limit, keep_rest=keep_rest):
        if line.number == 1:
            refuse_utf16(line.head, name)
        yield _item(line, name, max_characters)


def read_arguments(texts: Sequence[str]) -> Iterator[Item]:
    """An item for each text given on the command line, `text:1` the first."""
    for number, text in enumerate(texts, start=1):
        # The interpreter hands on bytes that are not UTF-8 as lone surrogates.
        raw = text.encode("utf-8", "surrogateescape")
        location = Location("--text", number)
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            yield Item(f"text:{number}", "", location, raw + b"\n", error=not_utf8(error))
        else:
            yield Item(f"text:{number}", text, location, raw + b"\n")


def not_utf8(error: UnicodeDecodeError) -> str:
    """What is wrong with bytes that do not decode, in words."""
    return f"not valid UTF-8: byte 0x{error.object[error.start]:02x} at position {error.start + 1}"


def _item(line: Line, name: str, max_characters: int) -> Item:
    text, error = _text(line)
    metadata = NO_METADATA
    if len(text) > max_characters or line.size > len(line.head):
        text = text[:max_characters]
        metadata = MappingProxyType({"truncated_bytes": line.size - len(text.encode())})
    id, location = record_id(name, line.number), Location(name, line.number)
    if line.rest is not None:
        return LongItem(id, text, location, line.head, metadata=metadata, error=error, rest=line.rest)
    return Item(id, text, location, line.head, metadata=metadata, error=error)


def _text(line: Line) -> tuple[str, str | None]:
    """The text of a line's head and None, or nothing and what is wrong with it."""
    content = line.head.removesuffix(b"\n").removesuffix(b"\r")
    if line.number == 1:
        content = content.removeprefix(BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        cut_short = line.size > len(line.head) and error.reason == "unexpected end of data"
        if not cut_short:
            return "", not_utf8(error)
        text = content[: error.start].decode()
    if "\0" in text:
        return "", f"not text: a NUL byte at position {text.index(chr(0)) + 1}"
    return text, None
