"""The machine: Python, the model runtime, memory, disk, terminal."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import tempfile
from pathlib import Path

from modcli import __version__
from modcli.diagnosis.finding import Finding, ok, problem, warning

#: What a run needs beside the model's own size.
_BESIDE_MODEL = 1_500_000_000
_LEAST_ROOM = 500_000_000


def versions() -> Finding:
    """Python's and modcli's."""
    return ok("version", f"modcli {__version__}, Python {platform.python_version()}")


def system() -> Finding:
    """The operating system and the processor's kind."""
    return ok("platform", platform.platform())


def runtime(module: str = "llama_cpp", package: str = "llama-cpp-python") -> Finding:
    """Whether the model runtime can be loaded."""
    try:
        loaded = importlib.import_module(module)
    except (ImportError, OSError, RuntimeError) as error:
        return problem(
            "runtime", f"{package} cannot be loaded: {error}", f"pip install --force-reinstall {package}"
        )
    return ok("runtime", f"{package} {getattr(loaded, '__version__', 'of an unknown version')}")


def processor(threads: int, cores: int) -> Finding:
    """Cores, and how many of them are to be used (0 for all)."""
    if threads > cores:
        return warning(
            "processor",
            f"{threads} threads on {_plural(cores, 'core')} get in each other's way",
            "set `threads` to 0",
        )
    return ok("processor", f"{_plural(cores, 'core')}, {_plural(threads or cores, 'thread')}")


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory(model_bytes: int, available: int | None) -> Finding:
    """Whether a model of that size fits into what is free."""
    if available is None:
        return ok("memory", f"the model takes {_gigabytes(model_bytes)}; what is free is not known here")
    detail = f"{_gigabytes(available)} free, the model takes {_gigabytes(model_bytes)}"
    if available < model_bytes + _BESIDE_MODEL:
        return warning(
            "memory", f"{detail} and a run about 1 GB more: it will be slow", "choose a smaller --model"
        )
    return ok("memory", detail)


def free_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can be had, by Linux's own account and the limit of a container; None elsewhere."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
    try:
        return min(free, int((root / "sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return free


def folder(what: str, path: Path, needed: int = 0) -> Finding:
    """Whether a folder, or the one that it would be made in, can be written and has room. Leaves nothing behind."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
        free = shutil.disk_usage(place).free
    except OSError as error:
        return problem(
            what,
            f"{path} cannot be written: {error.strerror or error}",
            "`modcli config show` says who chose it",
        )
    detail = f"{path}, {_gigabytes(free)} free"
    if free < needed:
        return problem(what, f"{detail}, {_gigabytes(needed)} needed", "make room, or choose another folder")
    if free < _LEAST_ROOM:
        return warning(what, f"{detail}: little", "`modcli cache info` shows what could go")
    return ok(what, detail)


def encoding(name: str | None) -> Finding:
    """Whether what is printed can hold every character."""
    if (name or "").lower().replace("-", "") == "utf8":
        return ok("terminal", "UTF-8")
    return warning("terminal", f"{name or 'no encoding'} instead of UTF-8", "set PYTHONUTF8=1")


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
