"""What a file is, by its first bytes: pictures and videos; and what its name says that it is."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from modcli.errors import Location, SourceError

#: How many of the first bytes are enough for `is_picture` and `is_video`.
HEAD = 4_096

_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>|\s)*<(?:\w+:)?svg[\s>/]",
    re.DOTALL | re.IGNORECASE,
)
#: Brands of the ISO base media file format (ISO/IEC 14496-12): the four bytes behind `ftyp`, and those listed after them.
_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_STARTS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "jxl"),
    (b"\xff\x0a", "jxl"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
)
#: What a name's end says; several names of one format are the same.
_SUFFIXES = {
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), "jpeg"),
    **dict.fromkeys(("png", "apng"), "png"),
    **dict.fromkeys(("tif", "tiff"), "tiff"),
    **dict.fromkeys(("heic", "heif", "hif"), "heic"),
    **dict.fromkeys(("bmp", "dib"), "bmp"),
    **dict.fromkeys(("jp2", "j2k", "jpf"), "jp2"),
    **{name: name for name in ("gif", "webp", "avif", "svg", "jxl")},
}
#: What else is often found under a picture's name, or behind a picture's end.
_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"%PDF-", "a PDF"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"#!", "a script"),
    (b"<?php", "PHP code"),
)


def is_picture(head: bytes) -> str:
    """The format of a picture (jpeg, png, gif, webp, avif, heic, bmp, tiff, svg, jp2, jxl) by its first bytes, whatever
    its name; "" where it is none. `HEAD` bytes are enough."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        brands = _brands(head)
        if brands & _AVIF:
            return "avif"
        return "heic" if brands & _HEIC else ""
    if head.startswith(b"BM") and len(head) >= 18 and head[14:18] in _BMP_HEADERS:
        return "bmp"
    return "svg" if _SVG.match(_as_ascii(head)) else ""


#: Lengths of the second header of a BMP: without one of them "BM" is the beginning of a text.
_BMP_HEADERS = {length.to_bytes(4, "little") for length in (12, 16, 40, 52, 56, 64, 108, 124)}


def is_video(head: bytes) -> str:
    """The container of a video (mp4, matroska, avi, mpeg, ogg, flv) by its first bytes; "" where it is none."""
    if head[4:8] == b"ftyp" and not is_picture(head):
        return "mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free") and len(head) > 8:
        return "mp4"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    starts = (
        (b"\x1aE\xdf\xa3", "matroska"),
        (b"OggS", "ogg"),
        (b"FLV\x01", "flv"),
        (b"\x00\x00\x01\xba", "mpeg"),
    )
    return next((kind for start, kind in starts if head.startswith(start)), "")


def named_format(name: str) -> str:
    """The format that a file's name says, "" where it says none that is a picture's."""
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower().lstrip("."), "")


def told_as(head: bytes) -> str:
    """What the first bytes are, in words: for what is no picture, and for what lies behind a picture's end."""
    if kind := is_picture(head) or is_video(head):
        return f"{kind} data"
    for start, words in _OTHERS:
        if head.startswith(start):
            return words
    if re.match(rb"\s*<(?:!doctype html|html|script|body|head)\b", head, re.IGNORECASE):
        return "HTML"
    text = head[:512]
    if text and not re.search(rb"[\x00-\x08\x0e-\x1f\x7f-\xff]", text):
        return "text"
    return "data of an unknown kind"


def refusal(name: str, message: str, hint: str) -> SourceError:
    """What to raise where a file is not judged: why, and what its owner may do."""
    return SourceError(message, location=Location(name), hint=hint)


def _brands(head: bytes) -> set[bytes]:
    length = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))}


def _as_ascii(head: bytes) -> bytes:
    """A text in UTF-16 with its zeros left out: enough to find a tag."""
    return head[2:].replace(b"\x00", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head
