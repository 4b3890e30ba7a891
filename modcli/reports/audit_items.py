"""The items of a report, packed: columns of numbers and the texts, compressed, for the page's table to unpack."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from modcli.audit.outcomes import Outcome
from modcli.audit.summary import Names
from modcli.images.quoting import part_kind, without_words
from modcli.reports import page
from modcli.reports.terminal_text import printable

#: Of a text, so many characters are shown.
MOST_CHARACTERS = 800
#: Texts that are compressed before it is looked at how much room they take.
_STEP = 64


@dataclass(frozen=True, slots=True)
class Packed:
    """Two deflated blocks in base64, of JSON: `columns`, with a value for each of `items` items, and `texts`, one of them
    a line, for the first `with_text` of them."""

    columns: str
    texts: str
    items: int
    with_text: int


def pack(
    found: Iterable[Outcome], categories: Sequence[str], *, most_bytes: int, texts: bool = True
) -> Packed:
    """Items, the most important first: texts are left out from the end where all of it would take more than `most_bytes`.
    Probabilities are kept in thousandths, -1 where there is none."""
    rows = list(found)
    columns = _columns(rows, categories)
    packed = _encoded(zlib.compress(json.dumps(columns, separators=(",", ":")).encode(), 9))
    room = most_bytes - len(packed)
    block, count = _texts(rows, room * 3 // 4) if texts else (zlib.compress(b""), 0)
    return Packed(packed, _encoded(block), len(rows), count)


def web_address(url: str) -> str:
    """The address where it is one of the web, else nothing: a `javascript:` or `file:` link is not to be clicked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc and url.isprintable() else ""


def excerpt(text: str) -> str:
    """A text as it may be shown: nothing invisible, nothing that turns its direction, not endless."""
    return page.excerpt(text, MOST_CHARACTERS)


def _columns(rows: Sequence[Outcome], categories: Sequence[str]) -> Mapping[str, Any]:
    names = {
        name: Names() for name in ("author", "category", "part", "stage", "visibility", "reason", "kind")
    }
    columns: dict[str, list[Any]] = {
        name: [] for name in (*names, "id", "severity", "floor", "person", "p", "date", "url")
    }
    scores: list[list[int]] = [[] for _ in categories]
    for one in rows:
        action = one.settled
        columns["id"].append(one.id)
        columns["severity"].append(-1 if action is None else action.severity)
        # Thresholds of texts move nothing of what pictures decided.
        columns["floor"].append(one.shown_severity)
        columns["person"].append(int(one.decision is not None and bool(one.decision.after)))
        columns["p"].append(_thousandths(one.p))
        columns["date"].append((one.published or "")[:16].replace("T", " "))
        columns["url"].append(web_address(one.url))
        for name, value in (
            ("author", printable(one.author)),
            ("category", one.category),
            ("part", part_kind(one.part)),
            ("stage", one.stage + (", near-duplicate" if one.spread else "")),
            ("visibility", one.visibility),
            ("reason", printable(without_words(one.error or one.reason))),
            ("kind", one.kind),
        ):
            columns[name].append(names[name][value])
        for own, name in zip(scores, categories, strict=True):
            own.append(_thousandths(one.scores.get(name)))
    return columns | {"names": {name: list(known.numbers) for name, known in names.items()}, "scores": scores}


def _texts(rows: Sequence[Outcome], room: int) -> tuple[bytes, int]:
    """As many texts as fit into so many bytes, one a line, and how many these are."""
    packer, blocks, size, count = zlib.compressobj(9), list[bytes](), 0, 0
    for start in range(0, len(rows), _STEP):
        lines = "".join(
            json.dumps(excerpt(one.text), ensure_ascii=False) + "\n" for one in rows[start : start + _STEP]
        )
        # Without the flush it is not known how much is still held back; it costs about a hundredth in size.
        block = packer.compress(lines.encode("utf-8", "replace")) + packer.flush(zlib.Z_SYNC_FLUSH)
        if size + len(block) > room:
            # What the block was made of is forgotten: the stream ends before it.
            return _ended(blocks), count
        blocks.append(block)
        size, count = size + len(block), min(start + _STEP, len(rows))
    return b"".join(blocks) + packer.flush(), count


def _ended(blocks: Sequence[bytes]) -> bytes:
    """A zlib stream of these blocks, each flushed, with an end."""
    whole = b"".join(blocks)
    if not whole:
        return zlib.compress(b"")
    content = zlib.decompressobj().decompress(whole)
    # An empty final block, and the check sum of all.
    return whole + b"\x03\x00" + zlib.adler32(content).to_bytes(4, "big")


def _thousandths(value: float | None) -> int:
    return -1 if value is None or value != value else round(1000 * value)


def _encoded(block: bytes) -> str:
    return base64.b64encode(block).decode()
