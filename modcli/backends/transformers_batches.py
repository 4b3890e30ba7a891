"""Which texts are read together, and how much may be: grown and shrunk by what the device's memory bears."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: After so many batches without a failure the limit grows again, by this factor.
_CALM, _GROWTH = 8, 1.25


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes that a batch takes beside the weights.

    `token` is the activations of one new token, `prefix` the keys and values of one token of the prefix in one layer
    (the prefix is laid beside each text layer by layer), `pair` one entry of the attention's mask.
    """

    token: int
    prefix: int
    pair: int

    def of(self, texts: int, length: int, prefix_length: int) -> int:
        """Of so many texts, padded to one length in tokens, behind a prefix."""
        each = (
            length * self.token + prefix_length * self.prefix + length * (prefix_length + length) * self.pair
        )
        return texts * each


class Budget:
    """How much may be read at once: bytes by `Cost`, and padded tokens, above which a device gets no faster."""

    def __init__(self, cost: Cost, *, most_bytes: int, most_tokens: int) -> None:
        self._cost = cost
        self._most = most_bytes
        self._most_tokens = most_tokens
        self._calm = 0
        self.limit = most_bytes

    def group(self, lengths: Sequence[int], prefix_length: int) -> int:
        """How many of the texts, of which the lengths are given in rising order, to read together: at least one."""
        count = 1
        while count < len(lengths):
            texts, length = count + 1, lengths[count]
            if texts * length > self._most_tokens:
                break
            if self._cost.of(texts, length, prefix_length) > self.limit:
                break
            count = texts
        return count

    def went_well(self) -> None:
        """After a batch: now and then the limit grows, to what it was at first."""
        self._calm += 1
        if self._calm >= _CALM:
            self._calm = 0
            self.limit = min(int(self.limit * _GROWTH) + 1, self._most)

    def failed(self, texts: int, length: int, prefix_length: int) -> None:
        """After a batch for which the memory was not enough: half of it is the limit."""
        self._calm = 0
        self.limit = self._cost.of(texts, length, prefix_length) // 2
