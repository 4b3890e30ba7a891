"""Reading the files of a skill within limits. What is not read says so, and why: nothing is cut in silence."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from modcli.skills.archives import BROKEN, archive_kind, open_archive
from modcli.skills.decoding import Decoded, decode, decode_anyway
from modcli.skills.layouts import by_content, is_text_by_name, role_of
from modcli.skills.skill import Read, Role, SkillFile
from modcli.skills.trees import Entry, Kind


@dataclass(frozen=True)
class Limits:
    """How much is read. `file` bytes of a file, of a longer one its beginning and the last `tail` bytes; `skill` bytes
    and `files` files of a skill, scripts and documents before pictures; `listed` names of one; archives within a skill
    `nested` deep."""

    file: int = 10 << 20
    tail: int = 1 << 16
    skill: int = 64 << 20
    files: int = 10_000
    listed: int = 100_000
    nested: int = 2


DEFAULT_LIMITS = Limits()
#: The end of a zip archive, with the longest comment.
_END_OF_ZIP = (1 << 16) + 22


class FileReader:
    """Reads the files of one skill, within the limits that hold for all of them together."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._bytes = limits.skill
        self._files = limits.files

    def read(self, entry: Entry, path: str, role: Role | None = None, depth: int = 0) -> Iterator[SkillFile]:
        """A file at its path within the skill, and the members of it where it is an archive, `depth` deep in others."""
        role = role or role_of(path, runs=entry.runs)
        why = entry.why or "it cannot be opened"
        if entry.kind is Kind.LINK and entry.target is not None:
            # What it leads to is read where it is: nothing of this is unread.
            yield SkillFile(path, role, 0, why=why)
        elif entry.kind is not Kind.FILE or entry.opening is None:
            yield SkillFile(path, role, entry.size, read=Read.SKIPPED, why=why)
        elif not self._files or not self._bytes:
            most = f"{self._limits.skill:,} bytes" if self._files else f"{self._limits.files:,} files"
            why = f"{most} of the skill were read before it: the most that are"
            yield SkillFile(path, role, entry.size, read=Read.SKIPPED, why=why)
        else:
            self._files -= 1
            file = self._file(entry, path, role)
            yield file
            if archive_kind(file.content[:512]) or b"PK\x05\x06" in file.content[-_END_OF_ZIP:]:
                yield from self._members(entry, file, depth + 1)

    def _file(self, entry: Entry, path: str, role: Role) -> SkillFile:
        assert entry.opening is not None  # noqa: S101 -- asked before
        room = min(self._limits.file, self._bytes)
        head, tail, why = bytearray(), bytearray(), ""
        try:
            with entry.opening() as stream:
                _read(stream, room, head)
                if len(head) == room and stream.read(1):
                    self._ends(stream, entry.size, head, tail)
        except BROKEN as error:
            why = f"it could not be read{' any further' if head else ''}: {_reason(error)}"
        done = len(head) + len(tail)
        self._bytes -= done
        size = max(entry.size, done)
        read = Read.CUT if why and head else Read.SKIPPED if why else Read.WHOLE
        if not why and (done < size or (done == room and tail)):
            read = Read.CUT
            why = f"{size - done:,} of {size:,} bytes were not read"
            why += f", between the first {len(head):,} and the last {len(tail):,}" if tail else " at its end"
        return _as_file(path, role, size, (bytes(head), bytes(tail)), read, _joined(entry.remark, why))

    def _ends(self, stream: IO[bytes], size: int, head: bytearray, tail: bytearray) -> None:
        """Of a file that is too long: its end as well, where it can be sought in, in place of some of its beginning."""
        last = min(self._limits.tail, len(head) // 2)
        if isinstance(stream, io.BufferedReader) and size > len(head) and stream.seekable():
            del head[len(head) - last :]
            stream.seek(max(len(head), size - last))
            _read(stream, last, tail)

    def _members(self, entry: Entry, file: SkillFile, depth: int) -> Iterator[SkillFile]:
        kind, inside = archive_kind(file.content[:512]), f"{file.path}!"
        is_appended = kind not in ("zip", "tar", "packed") and b"PK\x05\x06" in file.content[-_END_OF_ZIP:]
        if depth > self._limits.nested or (kind not in ("", "zip", "tar", "packed") and not is_appended):
            why = f"{depth} deep in archives" if depth > self._limits.nested else f"a {kind} archive"
            yield _untold(inside, file.size, f"what is in it was not looked at: {why}")
            return
        try:
            stream = self._stream(entry, file)
            with (
                stream,
                open_archive(
                    stream, "zip" if is_appended else kind, file.path, file.size, self._bytes
                ) as tree,
            ):
                for note in tree.notes:
                    yield _untold(inside, file.size, note)
                entries = sorted(tree.entries(), key=lambda one: importance(one.path, one.runs))
                for one in entries[: self._limits.listed]:
                    yield from self.read(one, inside + one.path, depth=depth)
                if len(entries) > self._limits.listed:
                    yield _untold(
                        inside, 0, f"{len(entries) - self._limits.listed:,} more members were not looked at"
                    )
        except BROKEN as error:
            if not is_appended:
                yield _untold(inside, file.size, f"what is in it cannot be read: {_reason(error)}")

    def _stream(self, entry: Entry, file: SkillFile) -> IO[bytes]:
        """The bytes of an archive: those that were read, or the file itself where it is longer and can be sought in."""
        if file.read is not Read.WHOLE and entry.opening is not None:
            stream = entry.opening()
            if isinstance(stream, io.BufferedReader) and stream.seekable():
                return stream
            stream.close()
        return io.BytesIO(file.content)


def importance(path: str, runs: bool = False) -> tuple[int, str]:
    """By this, files are read in order: what an agent follows or runs before data, and data before pictures."""
    order = {Role.DOCUMENT: 2, Role.DATA: 3, Role.ASSET: 4}
    return order.get(role_of(path, runs=runs), 1), path


def as_text(path: str, role: Role, text: str) -> SkillFile:
    """A file of which the text is at hand."""
    content = text.encode("utf-8", "surrogatepass")
    return SkillFile(path, role, len(content), content, text, "utf-8")


def from_bytes(path: str, role: Role, content: bytes) -> SkillFile:
    """A file of which the bytes are at hand."""
    return _as_file(path, role, len(content), (content, b""), Read.WHOLE, "")


def _as_file(path: str, role: Role, size: int, ends: tuple[bytes, bytes], read: Read, why: str) -> SkillFile:
    head, tail = ends
    content = head + tail
    found = decode(_whole_letters(head) if read is Read.CUT else head)
    text, encoding = found.text, found.encoding
    role = by_content(role, path, content, is_text=text is not None)
    if read is Read.SKIPPED:
        return SkillFile(path, role, size, content, None, "", read, why)
    if text is None and is_text_by_name(path):
        found, text, encoding = Decoded(None, bad=1), decode_anyway(head).text, "utf-8"
        why = _joined(why, "it is a text by its name, but not by its content")
    elif text is None:
        return SkillFile(
            path, role, size, content, None, "", Read.BINARY if read is Read.WHOLE else read, why
        )
    elif found.guess:
        why = _joined(why, f"read as {encoding}, which is a guess")
    if found.bad and found.text is not None:
        line = 1 + found.text.partition("\ufffd")[0].count("\n")
        why = _joined(why, f"{found.bad:,} places are not {encoding}, the first in line {line}")
    if tail:
        text = f"{text}\n"
        why = _joined(why, f"its end is shown from line {text.count(chr(10)) + 1} on")
        text += tail.decode(encoding.removesuffix("-sig"), "replace")
    if found.bad and read is Read.WHOLE:
        read = Read.UNDECODABLE
    return SkillFile(path, role, size, content, text, encoding, read, why)


def _whole_letters(head: bytes) -> bytes:
    """Bytes that were cut off anywhere, without the beginning of a letter of UTF-8 at their end."""
    for back in range(1, min(4, len(head)) + 1):
        byte = head[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return head[:-back] if back < needed else head
    return head


def _joined(*told: str) -> str:
    return "; ".join(filter(None, told))


def _untold(path: str, size: int, why: str) -> SkillFile:
    return SkillFile(path, Role.SCRIPT, size, read=Read.SKIPPED, why=why)


def _read(stream: IO[bytes], size: int, into: bytearray) -> None:
    """So many bytes, or all there are. What came before an error is kept."""
    # What is there, not all that was asked for: what comes before damage would be lost with it.
    read = getattr(stream, "read1", stream.read)
    while size and (data := read(min(size, 1 << 20))):
        into += data
        size -= len(data)


def _reason(error: BaseException) -> str:
    told = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(told).lower().split())[:200]
