"""Whether transformers is the runtime to take: what can be told without loading torch, and what only torch knows."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from platform import machine

from modcli.errors import MissingExtraError

#: Where a driver of NVIDIA, of AMD, or of Windows below Linux shows itself.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_PACKAGES = ("torch", "transformers")


@dataclass(frozen=True, slots=True)
class Choice:
    """A runtime, the device it computes on (empty: the runtime's own), and why."""

    backend: str
    device: str
    why: str


def choose(
    kind: str,
    device: str = "auto",
    *,
    installed: Callable[[str], object] | None = None,
    may_be_there: Callable[[], bool] | None = None,
    ask_torch: Callable[[str], str] | None = None,
) -> Choice:
    """The runtime for a model of a kind, `gguf` or `folder` (in the hub's format), where the user names none.

    Raises MissingExtraError for a folder without transformers, BackendError for a device that is not there.
    """
    has = installed or find_spec
    if kind == "folder":
        require(has)
        return Choice("transformers", chosen_device(device, may_be_there, ask_torch), "it is no GGUF file")
    if device == "cpu":
        return Choice("llama-cpp", "", "the device is cpu")
    if device == "auto" and not (may_be_there or may_have_gpu)():
        return Choice("llama-cpp", "", "no GPU is here")
    missing = [package for package in (*_PACKAGES, "gguf") if not has(package)]
    if missing:
        return Choice(
            "llama-cpp",
            "",
            f"there may be a GPU, but not {', '.join(missing)}: pip install 'modcli[transformers]'",
        )
    found = chosen_device(device, may_be_there, ask_torch)
    if found == "cpu":
        return Choice("llama-cpp", "", "torch finds no GPU")
    return Choice("transformers", found, f"{found} is here")


def chosen_device(
    wish: str,
    may_be_there: Callable[[], bool] | None = None,
    ask_torch: Callable[[str], str] | None = None,
) -> str:
    """The device that transformers will compute on. torch is loaded only where there may be a GPU."""
    if wish == "cpu" or (wish == "auto" and not (may_be_there or may_have_gpu)()):
        return "cpu"
    return (ask_torch or _ask_torch)(wish)


def may_have_gpu() -> bool:
    """Whether it is worth asking torch for a GPU, which takes seconds."""
    if sys.platform == "darwin":
        return machine() == "arm64"
    if sys.platform == "win32":
        return Path("C:/Windows/System32/nvcuda.dll").exists()
    return any(Path(driver).exists() for driver in _DRIVERS)


def require(installed: Callable[[str], object] = find_spec) -> None:
    """Raise MissingExtraError where transformers or torch is not installed."""
    missing = [package for package in _PACKAGES if not installed(package)]
    if missing:
        raise MissingExtraError(
            f"--backend transformers needs {' and '.join(missing)}", hint="pip install 'modcli[transformers]'"
        )


def require_vllm(installed: Callable[[str], object] = find_spec) -> None:
    """Raise MissingExtraError where vLLM, or transformers, of which it takes tokenizers, is not installed."""
    missing = [package for package in ("vllm", "transformers") if not installed(package)]
    if missing:
        raise MissingExtraError(
            f"--backend vllm needs {' and '.join(missing)}",
            hint="pip install 'modcli[vllm]' (Linux, with a GPU)",
        )


def _ask_torch(wish: str) -> str:
    found: str = importlib.import_module("modcli.backends.transformers_loading").choose_device(wish)
    return found
