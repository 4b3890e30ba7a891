"""Tensors out of a file that torch has written, without torch, and without running anything that is in it."""

from __future__ import annotations

import hashlib
import io
import math
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modcli.embedders.base import first_line
from modcli.errors import BackendError, Location

#: What begins a file of torch's first format, and its version (torch/serialization.py: `_legacy_load`).
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_MOST_BYTES = 1 << 30

Tensors = Mapping[str, NDArray[Any]]


class _Kind(NamedTuple):
    """A storage's class, as what it holds."""

    dtype: str


_STORAGES = {"FloatStorage": _Kind("<f4"), "LongStorage": _Kind("<i8")}


class _Storage(NamedTuple):
    key: str
    kind: _Kind
    numbers: int


class _View(NamedTuple):
    """A tensor whose numbers come later in the file."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path, digest: str) -> Tensors:
    """The tensors of a state dict in torch's first format, by name, if the file has this SHA-256.

    Pickles can run anything: this one is read only where its digest is the pinned one, and even then nothing is made of
    it but tensors of floats and whole numbers. Raises BackendError where it is another file, or holds anything else.
    """
    where = Location(str(path))
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BackendError("is too large for a file of weights", location=where)
        content = path.read_bytes()
    except OSError as error:
        raise BackendError(f"cannot be read: {error.strerror or error}", location=where) from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise BackendError(
            f"is not the file of weights that it should be: digest is {found}, expected {digest}",
            location=where,
        )
    try:
        return _parse(content)
    except (
        pickle.UnpicklingError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        EOFError,
        OverflowError,
        MemoryError,
        RecursionError,
    ) as error:
        raise BackendError(f"is no file of weights: {first_line(error)}", location=where) from error


class _TensorsOnly(pickle.Unpickler):
    """Knows the four names that a state dict needs, and no other."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a file of tensors")

    def persistent_load(self, pid: Any) -> _Storage:
        what, kind, key, _location, count, view = pid
        if what != "storage" or not isinstance(kind, _Kind) or view is not None:
            raise pickle.UnpicklingError("a reference leads to something other than a storage")
        return _Storage(str(key), kind, int(count))


def _view(storage: _Storage, offset: int, shape: Any, strides: Any, *_rest: Any) -> _View:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor has no storage")
    return _View(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _parse(content: bytes) -> Tensors:
    stream = io.BytesIO(content)
    if _load(stream) != _MAGIC or _load(stream) != _PROTOCOL:
        raise ValueError("it is not of torch's first format")
    if _load(stream).get("little_endian") is not True:
        raise ValueError("its numbers are big-endian")
    views = _load(stream)
    if not isinstance(views, dict) or not all(isinstance(view, _View) for view in views.values()):
        raise ValueError("it holds more than tensors")
    kinds = {view.storage.key: view.storage for view in views.values()}
    numbers: dict[str, NDArray[Any]] = {}
    for key in _load(stream):
        storage = kinds[key]
        count = int.from_bytes(stream.read(8), "little", signed=True)
        if count != storage.numbers or not 0 <= count <= _MOST_BYTES:
            raise ValueError("a storage is not of the size that was told")
        dtype = np.dtype(storage.kind.dtype)
        numbers[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype, count)
    return {str(name): _tensor(view, numbers[view.storage.key]) for name, view in views.items()}


def _load(stream: io.BytesIO) -> Any:
    return _TensorsOnly(stream).load()


def _tensor(view: _View, numbers: NDArray[Any]) -> NDArray[Any]:
    """A tensor of its own, in rows; in the file it may lie turned, as kernels do that came from TensorFlow."""
    shape, strides = view.shape, view.strides
    if len(shape) != len(strides) or min((view.offset, *strides), default=0) < 0 or min(shape, default=1) < 1:
        raise ValueError("a tensor has no shape")
    last = view.offset + sum((count - 1) * step for count, step in zip(shape, strides, strict=True))
    if last >= len(numbers) or math.prod(shape) > len(numbers):
        raise ValueError("a tensor reaches beyond its storage")
    there = numbers[view.offset :]
    size = numbers.itemsize
    found = np.lib.stride_tricks.as_strided(
        there, shape, tuple(step * size for step in strides), writeable=False
    )
    return np.ascontiguousarray(found)
