"""An item as it is put to the model: normalized, in windows."""

from __future__ import annotations

from dataclasses import dataclass

from modcli.item import Item
from modcli.prompts.normalization import normalize
from modcli.prompts.windows import windows


@dataclass(frozen=True)
class Parts:
    """The windows of an item (none where there is nothing to read), and the share of the item that they cover."""

    texts: tuple[str, ...]
    read: float


def parts_of(item: Item) -> Parts:
    """What is read of an item. Bytes that its source cut off count as not read."""
    text = normalize(item.text)
    size = len(item.text.encode("utf-8", "replace"))
    cut_off = int(item.metadata.get("truncated_bytes", 0))
    share = size / (size + cut_off) if cut_off else 1.0
    if not text:
        return Parts((), 0.0 if cut_off else 1.0)
    cut = windows(text)
    return Parts(cut.texts, cut.read * share)


def content_of(item: Item) -> str:
    """What stands for an item's content in the cache: of a cut one, also how much was cut."""
    cut_off = item.metadata.get("truncated_bytes", 0)
    return f"{item.digest}+{cut_off}" if cut_off else item.digest
