"""Compiled Python beside its source: compared by headers and by the names in it. It is never loaded."""

from __future__ import annotations

import _imp
import re
from collections.abc import Iterator, Mapping

from modcli.skills.dangerous_rules import finding
from modcli.skills.skill import Finding, Level, Skill, SkillFile

#: A header of Python 3.7 and later (PEP 552): magic number, flags, then time and size of the source, or its hash.
HEADER = 16
_SOURCE_OF = re.compile(
    r"^(?P<folder>.*?)(__pycache__/)?(?P<name>[^/]+?)(\.(cpython|pypy)[\w-]*)?(\.opt-\d)?\.py[co]$"
)
#: Names that say what code can do; a compiled file has all names of its source, and no others.
_TELLING = (
    *(
        b"socket",
        b"subprocess",
        b"urllib",
        b"requests",
        b"httpx",
        b"base64",
        b"ctypes",
        b"marshal",
        b"exec",
        b"eval",
    ),
    *(
        b"compile",
        b"system",
        b"popen",
        b"Popen",
        b"environ",
        b"urlopen",
        b"b64decode",
        b"paramiko",
        b"pickle",
        b"winreg",
    ),
)
_ADDRESS = re.compile(rb"https?://[\w.:-]{4,}|\d{1,3}(?:\.\d{1,3}){3}|/\.ssh/|/etc/shadow")


def compiled_findings(skill: Skill, reached: Mapping[str, tuple[str, int]]) -> Iterator[Finding]:
    """A finding for each .pyc that is unlike its source, or of which that cannot be told."""
    files = {file.path: file for file in skill.files}
    for file in skill.files:
        if file.path.endswith((".pyc", ".pyo")):
            yield from _compared(file, files, reached)


def source_of(path: str) -> str:
    """The path of the source of a compiled file: beside it, or above its `__pycache__`."""
    match = _SOURCE_OF.match(path)
    return f"{match['folder']}{match['name']}.py" if match else ""


def _compared(
    file: SkillFile, files: Mapping[str, SkillFile], reached: Mapping[str, tuple[str, int]]
) -> Iterator[Finding]:
    source = files.get(source_of(file.path))
    run = file.path in reached
    if source is None:
        level = None if not run else Level.PROBLEM
        rule = "pyc-differs" if run else "pyc-unverified"
        yield finding(
            rule,
            file.path,
            0,
            "compiled Python without its source" + (", which is run" if run else ""),
            level,
        )
        return
    data = file.content
    if len(data) < HEADER or data[2:4] != b"\r\n":
        yield finding("pyc-unverified", file.path, 0, "no header of compiled Python")
        return
    foreign = _foreign(data[HEADER:], source.content)
    if foreign:
        told = f"names that {source.path} does not have: {', '.join(foreign[:6])}"
        yield finding("pyc-differs", file.path, 0, told, near=((source.path, 1, "its source"),))
        return
    flags = int.from_bytes(data[4:8], "little")
    if flags & 1:
        same = _imp.source_hash(int.from_bytes(data[:4], "little"), source.content) == data[8:HEADER]
        if not same:
            unchecked = "" if flags & 2 else ", and Python runs it without a check"
            rule = "pyc-differs" if not flags & 2 else "pyc-unverified"
            yield finding(rule, file.path, 0, f"made from another text than {source.path}{unchecked}")
        return
    if int.from_bytes(data[12:HEADER], "little") != source.size & 0xFFFFFFFF:
        level = None if run else Level.NOTE
        told = f"made from another version of {source.path}: its size is not that of the source"
        yield finding("pyc-unverified", file.path, 0, told, level)
    else:
        yield finding(
            "pyc-unverified", file.path, 0, "its code cannot be compared with its source", Level.NOTE
        )


def _foreign(code: bytes, source: bytes) -> list[str]:
    """Telling names and addresses in the bytes of compiled code that its source does not have."""
    names = [name for name in _TELLING if re.search(rb"(?<![A-Za-z_])" + name + rb"(?![A-Za-z_])", code)]
    found = [name for name in names if name not in source]
    found += [address for address in _ADDRESS.findall(code) if address not in source]
    return [one.decode("ascii", "replace") for one in dict.fromkeys(found)]
