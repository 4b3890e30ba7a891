"""An item as it is put to the model: normalized, in windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


def worst_windows(log_odds: NDArray[np.float64], items: Sequence[Parts]) -> NDArray[np.float64]:
    """Log-odds of all windows of items one after the other (windows, categories) as those of the items (items,
    categories): an item is what its worst window is. Each item has a window, and there is an item."""
    starts = np.cumsum([0, *(len(parts.texts) for parts in items)])[:-1]
    return np.asarray(np.maximum.reduceat(log_odds, starts, axis=0), np.float64)


def content_of(item: Item) -> str:
    """What stands for an item's content in the cache: of a cut one, also how much was cut."""
    cut_off = item.metadata.get("truncated_bytes", 0)
    return f"{item.digest}+{cut_off}" if cut_off else item.digest
