"""One prefix in a model of transformers: its keys and values are computed once, and stand before every text."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import Cache, DynamicLayer

from modcli.backends.transformers_loading import Loaded

#: Tokens of a prefix computed in one go.
_CHUNK = 1024


class _Behind(DynamicLayer):  # type: ignore[misc]
    """One layer's keys and values of a shared prefix, shape (1, heads, tokens, size), and of what follows it.

    The prefix is laid beside the new tokens of each text while the layer is computed, and not kept so: at any time
    one layer's copy is there, not one of each. What follows is kept only where it is `kept`.
    """

    def __init__(self, keys: Any, values: Any, own: tuple[Any, Any] | None = None, *, kept: bool) -> None:
        super().__init__()
        self.keys, self.values = keys, values
        self.device, self.dtype = keys.device, keys.dtype
        self.is_initialized = True
        self._own = own
        self._kept = kept

    def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        keys, values = key_states, value_states
        if self._own is not None:
            keys, values = _cat(self._own[0], keys), _cat(self._own[1], values)
        if self._kept:
            self._own = (keys, values)
        shape = (len(keys), -1, -1, -1)
        return _cat(self.keys.expand(shape), keys), _cat(self.values.expand(shape), values)

    def get_seq_length(self) -> int:
        own = 0 if self._own is None else self._own[0].shape[-2]
        return int(self.keys.shape[-2] + own)

    def emptied(self) -> _Behind:
        """The same layer with no prefix in it: for what has to be computed from the first token on."""
        return _Behind(self.keys[..., :0, :], self.values[..., :0, :], kept=True)

    def forked(self, times: int) -> _Behind:
        """Each text so many times, one after the other."""
        if self._own is None:
            return _Behind(self.keys, self.values, kept=False)
        own = (self._own[0].repeat_interleave(times, 0), self._own[1].repeat_interleave(times, 0))
        return _Behind(self.keys, self.values, own, kept=False)


@dataclass(frozen=True, slots=True)
class Fork:
    """What was read of texts behind the prefix, to be gone on from, in (texts * times) rows: `padding` is 1 for tokens
    and 0 for what fills a row, `lengths` counts the tokens of each."""

    cache: Any
    padding: Any
    lengths: Any


class Session:
    """A model behind one prefix. All its methods may raise what torch raises, out of memory among it."""

    def __init__(self, loaded: Loaded, prefix: Sequence[int]) -> None:
        self._loaded = loaded
        parameters = inspect.signature(loaded.decoder.forward).parameters
        self._cache_name = "cache" if "cache" in parameters else "past_key_values"
        self._keeps_logits = "logits_to_keep" in inspect.signature(loaded.model.forward).parameters
        self.prefix_length = len(prefix)
        self._prefix = self._computed(prefix)

    def read(
        self,
        rows: Sequence[Sequence[int]],
        *,
        taps: Sequence[int],
        tokens: Sequence[int],
        fork: Fork | None = None,
    ) -> tuple[dict[int, Any], Any]:
        """The states at the taps of each row's last token, (rows, width) each, and the logits of the given tokens there,
        (rows, tokens): float32, still on the device. Without tokens nothing above the deepest tap is computed."""
        behind = fork.cache if fork is not None else self._behind(kept=False)
        inputs = self._inputs(rows, behind, fork)
        with torch.inference_mode(), self._watched(taps) as states:
            if not tokens:
                with self._cut(max(taps) + 1):
                    self._loaded.decoder(**inputs)
                return states, None
            last = {"logits_to_keep": 1} if self._keeps_logits else {}
            logits = self._loaded.model(**inputs, **last).logits[:, -1]
            return states, logits[:, list(tokens)].float()

    def fork(self, rows: Sequence[Sequence[int]], times: int) -> Fork:
        """Read the rows, and let each be gone on from `times` times."""
        behind = self._behind(kept=True)
        inputs = self._inputs(rows, behind, None)
        with torch.inference_mode():
            self._loaded.decoder(**inputs)
            behind = Cache(layers=[layer.forked(times) for layer in behind.layers])
            own = inputs["attention_mask"][:, self.prefix_length :].repeat_interleave(times, 0)
        return Fork(behind, own, own.sum(1))

    def write(self, row: Sequence[int], limit: int, ends: frozenset[int]) -> list[int]:
        """What the model writes behind a row, the most probable token each time."""
        return self.continued(row, self._behind(kept=True), self.prefix_length, limit, ends)

    def continued(
        self, row: Sequence[int], behind: Any, start: int, limit: int, ends: frozenset[int]
    ) -> list[int]:
        """What the model writes behind a row that itself stands behind a cache, its first token at the place `start`."""
        written: list[int] = []
        new = list(row)
        while len(written) < limit:
            inputs = {
                "input_ids": self._tensor([new]),
                "position_ids": self._tensor([range(start, start + len(new))]),
                self._cache_name: behind,
                "use_cache": True,
            }
            last = {"logits_to_keep": 1} if self._keeps_logits else {}
            with torch.inference_mode():
                token = int(self._loaded.model(**inputs, **last).logits[0, -1].argmax())
            if token in ends:
                break
            written.append(token)
            start += len(new)
            new = [token]
        return written

    def _computed(self, prefix: Sequence[int]) -> list[tuple[Any, Any]]:
        """Keys and values of the prefix, by layer."""
        cache = Cache(layer_class_to_replicate=DynamicLayer)
        with torch.inference_mode():
            for start in range(0, len(prefix), _CHUNK):
                part = prefix[start : start + _CHUNK]
                inputs = {
                    "input_ids": self._tensor([part]),
                    "position_ids": self._tensor([range(start, start + len(part))]),
                    self._cache_name: cache,
                    "use_cache": True,
                }
                self._loaded.decoder(**inputs)
        return [(layer.keys, layer.values) for layer in cache.layers]

    def _behind(self, *, kept: bool) -> Any:
        return Cache(layers=[_Behind(keys, values, kept=kept) for keys, values in self._prefix])

    def _inputs(self, rows: Sequence[Sequence[int]], behind: Any, fork: Fork | None) -> dict[str, Any]:
        """Rows padded on the left, so that the last token of each is the last column."""
        length = max(max(map(len, rows)), 1)
        ids = np.zeros((len(rows), length), np.int64)
        mask = np.zeros((len(rows), length), np.int64)
        for i, row in enumerate(rows):
            ids[i, length - len(row) :] = row
            mask[i, length - len(row) :] = 1
        own = self._tensor(mask)
        before = [own.new_ones(len(rows), self.prefix_length)]
        start = self.prefix_length
        if fork is not None:
            before.append(fork.padding)
            start = fork.lengths[:, None] + start
        return {
            "input_ids": self._tensor(ids),
            "attention_mask": torch.cat([*before, own], 1),
            "position_ids": start + (own.cumsum(1) - 1).clamp(min=0),
            self._cache_name: behind,
            "use_cache": True,
        }

    def _tensor(self, values: Any) -> Any:
        return torch.as_tensor(np.asarray(values, np.int64), device=self._loaded.device)

    @contextmanager
    def _watched(self, taps: Sequence[int]) -> Iterator[dict[int, Any]]:
        """Collects what the layers put out at the last column, before any final norm."""
        states: dict[int, Any] = {}

        def watch(tap: int) -> Any:
            def hook(_module: Any, _inputs: Any, output: Any) -> None:
                hidden = output[0] if isinstance(output, tuple) else output
                states[tap] = hidden[:, -1].float()

            return self._loaded.layers[tap].register_forward_hook(hook)

        hooks = [watch(tap) for tap in taps]
        try:
            yield states
        finally:
            for hook in hooks:
                hook.remove()

    @contextmanager
    def _cut(self, depth: int) -> Iterator[None]:
        """The model ends behind so many layers."""
        decoder, name, layers = self._loaded.decoder, self._loaded.layers_name, self._loaded.layers
        setattr(decoder, name, layers[:depth])
        try:
            yield
        finally:
            setattr(decoder, name, layers)


def _cat(first: Any, second: Any) -> Any:
    return torch.cat([first, second], dim=-2)
