"""Hidden states out of a running llama.cpp graph, and the graph stopped once the deepest wanted one is there.

llama.cpp calls `cb_eval` twice for a tensor: first to ask whether its data are wanted, then, where they are, with the
data computed. Answering false the second time ends the graph: the layers above are never computed.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.errors import BackendError

_LAYER_OUTPUT = b"l_out-"
#: Every so many layers the graph comes up for air, so that an interrupt is seen within a part of a pass.
_BREATH = 4


class Taps:
    """Collects the outputs of chosen layers at chosen rows of the batch being decoded.

    `callback` goes into `llama_context_params.cb_eval`, and must live as long as the context.
    """

    def __init__(self, library_folder: Path, width: int, last_layer: int) -> None:
        suffix = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
        prefix = "" if sys.platform == "win32" else "lib"
        self._ggml = ctypes.CDLL(str(library_folder / f"{prefix}ggml-base{suffix}"))
        self._ggml.ggml_get_name.restype = ctypes.c_char_p
        self._ggml.ggml_get_name.argtypes = [ctypes.c_void_p]
        self._ggml.ggml_backend_tensor_get.restype = None
        self._ggml.ggml_backend_tensor_get.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            *[ctypes.c_size_t] * 2,
        ]
        self._width = width
        self._last_layer = last_layer
        self._wanted: frozenset[int] = frozenset()
        self._exit: int | None = None
        self._rows: Sequence[int] = ()
        self._failure: BaseException | None = None
        self.states: dict[int, NDArray[np.float32]] = {}
        self.callback = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_bool, ctypes.c_void_p)(
            self._on_tensor
        )

    def prepare(self, layers: Sequence[int], rows: Sequence[int], *, stop: bool) -> None:
        """Before a decode: which layers, which rows of the batch (all of them outputs), and whether to stop there."""
        self._wanted = frozenset(layers)
        self._rows = rows
        self._exit = max(layers) if stop and layers else None
        self.states = {}
        self._failure = None

    def raise_failure(self) -> None:
        """After a decode: an interrupt or error that came up inside of it goes on from here."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def taken(self, layer: int) -> NDArray[np.float32]:
        """After a decode: the states at a layer, shape (rows, width). Raises BackendError where there are none."""
        if layer not in self.states:
            raise BackendError(f"layer {layer} of this model cannot be read: its output has another name")
        return self.states[layer]

    def _on_tensor(self, tensor: Any, ask: bool, _user: Any) -> bool:
        # No exception can pass through C: it is kept, the graph is stopped, and raise_failure goes on with it.
        try:
            if self._failure is not None:
                return ask
            name: bytes = self._ggml.ggml_get_name(tensor)
            if not name.startswith(_LAYER_OUTPUT):
                return not ask
            layer = int(name[len(_LAYER_OUTPUT) :])
            if ask:
                return layer in self._wanted or layer % _BREATH == 0
            if layer in self._wanted:
                self.states[layer] = self._take(tensor, layer)
            return layer != self._exit
        except BaseException as failure:
            self._failure = failure
            return ask

    def _take(self, tensor: Any, layer: int) -> NDArray[np.float32]:
        """Shape (rows, width). The last layer's tensor has the rows of outputs only, the others' all of them."""
        taken = np.empty((len(self._rows), self._width), np.float32)
        stride = self._width * 4
        for i, row in enumerate(self._rows):
            position = i if layer == self._last_layer else row
            self._ggml.ggml_backend_tensor_get(tensor, taken[i].ctypes.data, position * stride, stride)
        return taken
