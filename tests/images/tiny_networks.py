"""Networks of the real architectures, narrow and with random weights, in the forms in which the real ones come."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import pickle
import re
import struct
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from modcli.images.picture import Picture

#: Repeats and first stride of each stage, and its width: with both kinds of skip, and one without widening.
STAGES = ((1, 1), (2, 2), (1, 2))
WIDTHS = (4, 6, 8)
FEATURES, LABELS = 12, 5


def picture(seed: int, width: int = 40, height: int = 30, name: str = "") -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    return Picture(name or f"{seed}.png", digest, "png", width, height, pixels)


def state_dict(labels: int = LABELS, seed: int = 0) -> dict[str, np.ndarray]:
    """The parameters of a small EfficientNet-Lite, by the names that torch's port gives them."""
    random = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}

    def convolution(name: str, norm: str, *shape: int) -> None:
        found[f"{name}.weight"] = random.normal(0, 0.4, shape).astype(np.float32)
        parts = {
            "weight": (0.5, 1.5),
            "bias": (-0.2, 1.0),
            "running_mean": (-0.3, 0.3),
            "running_var": (0.5, 2),
        }
        for part, (low, high) in parts.items():
            found[f"{norm}.{part}"] = random.uniform(low, high, shape[0]).astype(np.float32)
        found[f"{norm}.num_batches_tracked"] = np.array([7], np.int64)

    convolution("_conv_stem", "_bn0", 4, 3, 3, 3)
    entering, block = 4, 0
    for place, ((repeats, _), width) in enumerate(zip(STAGES, WIDTHS, strict=True)):
        for _ in range(repeats):
            name, inner = f"_blocks.{block}.", entering * (1 if place == 0 else 3)
            if place:
                convolution(f"{name}_expand_conv", f"{name}_bn0", inner, entering, 1, 1)
            reach = 5 if place == 2 else 3
            convolution(f"{name}_depthwise_conv", f"{name}_bn1", inner, 1, reach, reach)
            convolution(f"{name}_project_conv", f"{name}_bn2", width, inner, 1, 1)
            entering, block = width, block + 1
    convolution("_conv_head", "_bn1", FEATURES, entering, 1, 1)
    found["_fc.weight"] = random.normal(0, 0.5, (labels, FEATURES)).astype(np.float32)
    found["_fc.bias"] = random.normal(0, 0.5, labels).astype(np.float32)
    return found


def strides() -> list[int]:
    return [stride if not place else 1 for repeats, stride in STAGES for place in range(repeats)]


def efficientnet_by_hand(
    tensors: Mapping[str, np.ndarray], pixels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Features and class probabilities of (size, size, 3) pixels, with loops where the real one has an engine."""

    def normed(x: np.ndarray, name: str) -> np.ndarray:
        part = {
            key: tensors[f"{name}.{key}"][:, None, None]
            for key in ("weight", "bias", "running_mean", "running_var")
        }
        scaled = (x - part["running_mean"]) / np.sqrt(part["running_var"] + 1e-3)
        return scaled * part["weight"] + part["bias"]

    def convolved(x: np.ndarray, name: str, stride: int = 1, depthwise: bool = False) -> np.ndarray:
        kernel = tensors[f"{name}.weight"]
        reach, size = kernel.shape[2], x.shape[1]
        smaller = -(-size // stride)
        padding = max((smaller - 1) * stride + reach - size, 0)
        before = padding // 2
        x = np.pad(x, ((0, 0), (before, padding - before), (before, padding - before)))
        out = np.zeros((kernel.shape[0], smaller, smaller))
        for row in range(smaller):
            for column in range(smaller):
                window = x[:, row * stride :, column * stride :][:, :reach, :reach]
                if depthwise:
                    out[:, row, column] = (window * kernel[:, 0]).sum((1, 2))
                else:
                    out[:, row, column] = np.tensordot(kernel, window, 3)
        return out

    def clipped(x: np.ndarray) -> np.ndarray:
        return np.clip(x, 0, 6)

    x = ((pixels.astype(np.float64) - 127) / 128).transpose(2, 0, 1)
    x = clipped(normed(convolved(x, "_conv_stem", 2), "_bn0"))
    for place, stride in enumerate(strides()):
        name, entered = f"_blocks.{place}.", x
        if f"{name}_expand_conv.weight" in tensors:
            x = clipped(normed(convolved(x, f"{name}_expand_conv"), f"{name}_bn0"))
        x = clipped(normed(convolved(x, f"{name}_depthwise_conv", stride, True), f"{name}_bn1"))
        x = normed(convolved(x, f"{name}_project_conv"), f"{name}_bn2")
        if stride == 1 and x.shape == entered.shape:
            x = x + entered
    x = clipped(normed(convolved(x, "_conv_head"), "_bn1"))
    features = x.mean((1, 2))
    logits = tensors["_fc.weight"] @ features + tensors["_fc.bias"]
    powers = np.exp(logits - logits.max())
    return features, powers / powers.sum()


class _Storage:
    def __init__(self, key: str, array: np.ndarray) -> None:
        self.key, self.array = key, array


class _Tensor:
    """Pickled as torch pickles one."""

    def __init__(self, storage: _Storage, shape: Sequence[int], steps: Sequence[int]) -> None:
        self.storage, self.shape, self.steps = storage, tuple(shape), tuple(steps)

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (self.storage, 0, self.shape, self.steps, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def persistent_id(self, item: object) -> object:
        if not isinstance(item, _Storage):
            return None
        kind = "FloatStorage" if item.array.dtype == np.float32 else "LongStorage"
        return ("storage", getattr(sys.modules["torch"], kind), item.key, "cpu", item.array.size, None)


@contextmanager
def _torch_by_name() -> Iterator[None]:
    """Modules with torch's names and nothing in them but what is pickled by name, so that torch is not needed."""
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    torch, inner = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in ("FloatStorage", "LongStorage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_: object) -> None: ...

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    inner._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    torch._utils = inner  # type: ignore[attr-defined]
    sys.modules.update({"torch": torch, "torch._utils": inner})
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def torch_file(tensors: Mapping[str, np.ndarray], extra: Mapping[str, object] | None = None) -> bytes:
    """A file of torch's first format; kernels lie turned in it, as those do that came from TensorFlow."""
    storages: list[_Storage] = []
    rows: OrderedDict[str, object] = OrderedDict()
    for name, array in tensors.items():
        axes = (2, 3, 1, 0) if array.ndim == 4 else tuple(range(array.ndim))
        turned = np.ascontiguousarray(array.transpose(axes))
        storage = _Storage(str(1000 + len(storages)), turned.reshape(-1))
        storages.append(storage)
        steps = dict(zip(axes, (step // array.itemsize for step in turned.strides), strict=True))
        rows[name] = _Tensor(storage, array.shape, [steps[axis] for axis in range(array.ndim)])
    rows.update(extra or {})
    stream = io.BytesIO()
    with _torch_by_name():
        for part in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}, rows):
            _Pickler(stream, protocol=2).dump(part)
        _Pickler(stream, protocol=2).dump([storage.key for storage in storages])
    for storage in storages:
        stream.write(struct.pack("<q", storage.array.size) + storage.array.tobytes())
    return stream.getvalue()


def words_folder(folder: Path, names: Sequence[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    told = {str(place): {"description": f"it is a {name}"} for place, name in enumerate(names) if place}
    (folder / "imagenet1k_clean_names.json").write_text(json.dumps(list(names)))
    (folder / "imagenet1k_gpt_names_descriptions.json").write_text(json.dumps(told))
    return folder


#: Channels into and out of each bottleneck of a narrow MobileNet.
MOBILE = ((4, 4, 1), (4, 6, 2), (6, 6, 1))


def nsfwjs_weights(seed: int = 0) -> dict[str, np.ndarray]:
    """The tensors of a narrow MobileNet v2, by the names that Keras gives them: whole numbers."""
    random = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(name: str, norm: str, shape: tuple[int, ...], width: int) -> None:
        shapes[name] = shape
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            shapes[f"{norm}/{part}"] = (width,)

    convolution("Conv1/kernel", "bn_Conv1", (3, 3, 3, 4), 4)
    for place, (entering, leaving, _) in enumerate(MOBILE):
        block, inner = (f"block_{place}", entering * 2) if place else ("expanded_conv", entering)
        if place:
            convolution(f"{block}_expand/kernel", f"{block}_expand_BN", (1, 1, entering, inner), inner)
        kernel = f"{block}_depthwise/depthwise_kernel"
        convolution(kernel, f"{block}_depthwise_BN", (3, 3, inner, 1), inner)
        convolution(f"{block}_project/kernel", f"{block}_project_BN", (1, 1, inner, leaving), leaving)
    convolution("Conv_1/kernel", "Conv_1_bn", (1, 1, 6, 8), 8)
    for place, (entering, leaving) in enumerate(((8, 6), (6, 6), (6, 5)), 1):
        shapes[f"dense_{place}/kernel"], shapes[f"dense_{place}/bias"] = (entering, leaving), (leaving,)
    return {name: random.integers(0, 256, shape, np.uint8) for name, shape in sorted(shapes.items())}


def nsfwjs_files(
    weights: Mapping[str, np.ndarray], scale: str = ".0078125", least: str = "-.5"
) -> tuple[str, str]:
    """The text of its two JavaScript files."""
    rows = ",".join(
        f'{{name:"{name}",shape:{json.dumps(list(array.shape), separators=(",", ":"))},dtype:"float32",'
        f'quantization:{{min:{"-0" if "variance" in name else least},scale:{scale},dtype:"uint8"}}}}'
        for name, array in weights.items()
    )
    packed = base64.b64encode(b"".join(array.tobytes() for array in weights.values())).decode()
    frame = '!function(e){{if("object"==typeof exports)module.exports=e()}}(function(){{a.exports={}}});'
    model = frame.format(
        f'{{modelTopology:{{name:"model_1",layers:[]}},weightsManifest:[{{weights:[{rows}]}}]}}'
    )
    assert re.search("weightsManifest", model)
    return model, frame.format(f'"{packed}"')
