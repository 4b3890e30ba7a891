"""Bytes to text: which encoding they are in, or that they are none.

A byte order mark decides, then what is valid UTF-8, then which of the other encodings yields letters that are common in
the languages that are written in it. What is a guess says so; what does not decode is told, and never left out.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

#: As many bytes, from where they stop being UTF-8, are looked at to tell the encoding.
SAMPLE = 1 << 16
#: As many tell UTF-16 and UTF-32 without a byte order mark.
WIDE_SAMPLE = 1 << 12
#: Text has a smaller share of control characters.
MOST_CONTROLS = 0.02

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: How files begin that are no text, should they not be valid UTF-8.
_MAGIC = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"%PDF", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"),
    *(b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa", b"\x00asm", b"BZh"),
    *(b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\xd0\xcf\x11\xe0", b"wOFF", b"wOF2", b"OTTO", b"ID3", b"OggS"),
    *(b"SQLite format 3", b"\x28\xb5\x2f\xfd", b"\x1a\x45\xdf\xa3"),
)
_ASCII = bytes(range(128))
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b")) + b"\x7f"

_MARKS = "，。、：；！？（）「」『』《》“”…—"
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么"
    "去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日者意无它与长把机十民第公此已工使情明性知全三又关点正"
    "业外将两高间由问很最重并物手应向头文体相见被利什二等产或新己制身果加话月合回代内信表化老给世位次度任先通教提及比员解水名真处走"
    "各入几口认条系气题活更别打四总何电数安少报结反受目太量再感建务做接必场件计期直命金指克许统区保至形便空决展科司基眼书非则听且权"
    "象设式色路记南品告类求据程该规取文件请输出调命令行使技术码网读写户安装运行参数"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼"
    "去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日者意無它與長把機十民第公此已工使情明性知全三又關點正"
    "業外將兩高間由問很最重並物手應向頭文體相見被利什二等產或新己制身果加話月合回代內信表化老給世位次度任先通教提及比員解水名真處走"
    "各入幾口認條系氣題活更別打四總何電數安少報結反受目太量再感建務做接必場件計期直命金指克許統區保至形便空決展科司基眼書非則聽且權"
    "象設式色路記南品告類求據程該規取檔案請輸出調命令行使技術碼網讀寫戶安裝運行參數"
)
_HANGUL = (
    "이다는에의을를가은하고지로기사한도어자인대서리나일아시그있수것보해으만부정라전적제들상여면니주장들게오공구원성세스조모우연동마비소"
    "과중요생신거국문와당방안경내용습분트관발무된되할때없않위더까같직행명설치실력입출파읽쓰기데터"
)
_KANA = "".join(map(chr, range(0x3041, 0x3097))) + "".join(map(chr, range(0x30A1, 0x30FD)))
_RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэф "
#: Encodings that are tried, the letters that are common in each, and the least share of these to be convinced.
_LEGACY = (
    ("gb18030", frozenset(_SIMPLIFIED + _MARKS), 0.3),
    ("big5", frozenset(_TRADITIONAL + _MARKS), 0.3),
    ("cp932", frozenset(_KANA + _MARKS), 0.3),
    ("euc_kr", frozenset(_HANGUL + _MARKS), 0.4),
    ("cp1251", frozenset(_RUSSIAN), 0.7),
    ("koi8-r", frozenset(_RUSSIAN), 0.7),
)
_ALL_COMMON = frozenset().union(*(common for _, common, _ in _LEGACY)) | set("äöüßéèêàçñóíáúãõøåæ")
_BESIDE = re.compile(rb"[\x80-\xff]{2,}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What bytes say. `text` is None where they are no text; `encoding` is Python's name of it, `guess` whether nothing
    but likeness speaks for it; `bad` counts what did not decode, and stands as U+FFFD in the text."""

    text: str | None
    encoding: str = ""
    guess: bool = False
    bad: int = 0


def decode(data: bytes) -> Decoded:
    """The text of bytes, without a byte order mark; line endings as they are. Raises nothing."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(data, encoding)
    wide = _wide(data) if b"\0" in data[:SAMPLE] else ""
    if wide:
        return _decoded(data, wide, guess=True)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(data, error.start)
    return Decoded(None) if _is_binary(data) else Decoded(text, "utf-8")


def decode_anyway(data: bytes) -> Decoded:
    """Bytes as UTF-8, whatever they are: for files that are read as text by their names."""
    return _decoded(data, "utf-8", guess=True)


def _decoded(data: bytes, encoding: str, *, guess: bool = False) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding, guess)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        return Decoded(text, encoding, guess, max(1, text.count("\ufffd") - data.count(b"\xef\xbf\xbd")))


def _is_binary(data: bytes) -> bool:
    return _count(data, _CONTROLS) > MOST_CONTROLS * len(data)


def _count(data: bytes, bytes_: bytes) -> int:
    return len(data) - len(data.translate(None, bytes_))


def _not_utf8(data: bytes, start: int) -> Decoded:
    attempt = _decoded(data, "utf-8")
    valid = len(attempt.text or "") - _count(data, _ASCII) - attempt.bad
    if valid >= 4 * attempt.bad and not _is_binary(data):
        return attempt
    sample = data[data.rfind(b"\n", 0, start) + 1 :][:SAMPLE]
    wide = _wide(data[:SAMPLE])
    if wide:
        return _decoded(data, wide, guess=True)
    if data.startswith(_MAGIC) or _is_binary(data):
        return Decoded(None)
    return _decoded(data, _legacy(sample), guess=True)


def _legacy(sample: bytes) -> str:
    """The encoding with one or two bytes a letter that is most likely that of a sample."""
    high = len(sample) - _count(sample, _ASCII)
    beside = sum(len(run) for run in _BESIDE.findall(sample))
    best, most = "", 0.0
    if beside > 0.3 * high:
        for encoding, common, least in _LEGACY:
            text = sample.decode(encoding, "replace")
            letters = [character for character in text if character > "\x7f"]
            bad = text.count("\ufffd")
            share = sum(letter in common for letter in letters) / max(1, len(letters))
            if share >= least and share > most and bad <= 1 + len(letters) // 50:
                best, most = encoding, share
    if best:
        return best
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark; empty for what is likely neither."""
    sample = data[:WIDE_SAMPLE]
    for encoding, unit in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        if len(data) % unit or len(sample) < 2 * unit:
            continue
        text = sample.decode(encoding, "ignore")
        plain = sum(" " <= letter <= "~" or letter in "\t\r\n" for letter in text)
        common = sum(letter in _ALL_COMMON for letter in text if letter > "\x7f")
        if (plain + common) * unit >= 0.7 * len(sample):
            return encoding
    return ""
