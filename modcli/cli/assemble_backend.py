"""From settings to a model runtime: which one, on which device, with which model, and why."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from modcli.backends.base import Backend
from modcli.backends.endpoint import Endpoint
from modcli.backends.endpoint_http import Server, is_loopback
from modcli.backends.lazy import LazyBackend
from modcli.backends.transformers_choice import Choice, choose, chosen_device, require, require_vllm
from modcli.cli.progress import TransferProgress
from modcli.errors import UsageError
from modcli.settings import Settings, is_repository
from modcli.weights.hub_folder import fetch_repository, locate_folder
from modcli.weights.locate import ModelFile, ensure

#: The key of a server: nowhere but in the environment, so that no file and no list of processes shows it.
KEY = "MODCLI_API_KEY"

#: Runtimes that give no hidden states, and how they are called.
BLIND = {"openai": "a server", "vllm": "vLLM"}

Tell = Callable[[str], None]


def _silent(_line: str) -> None:
    pass


def make_backend(
    settings: Settings, *, facts_folder: Path | None, prefix_folder: Path | None, detail: Tell = _silent
) -> LazyBackend:
    """The backend, which loads its model when it is first needed. Fetches weights where allowed.

    `detail` is told which runtime was taken, and why. Raises UsageError, WeightsError, MissingExtraError, BackendError.
    """
    if settings.backend == "openai":
        return _endpoint(settings, detail)
    kind = "folder" if is_folder(settings.model) else "gguf"
    if settings.backend == "llama-cpp":
        if kind == "folder":
            raise UsageError(
                f"{settings.model} is no GGUF file, which is what llama.cpp reads",
                hint="--backend transformers reads a folder in the hub's format, and models of the hub.",
            )
        choice = Choice("llama-cpp", "", f"set by {settings.origin('backend')}")
    elif settings.backend == "vllm":
        if kind == "gguf":
            raise UsageError(
                f"{settings.model} is a GGUF file, or a model that is known by one, and vLLM reads neither",
                hint="--model with a folder in the hub's format, or owner/name on the hub",
            )
        require_vllm()
        choice = Choice(
            "vllm", "", f"set by {settings.origin('backend')}: label words only, no hidden states"
        )
    elif settings.backend == "transformers":
        require()
        device = chosen_device(settings.device)
        choice = Choice("transformers", device, f"set by {settings.origin('backend')}")
    else:
        choice = choose(kind, settings.device)
    on = f" on {choice.device}" if choice.device else ""
    detail(f"backend: {choice.backend}{on} ({choice.why})")
    file = model_file(settings, kind)
    digest = file.digest
    make: Callable[[], Backend] = partial(_llama_cpp, file, settings, prefix_folder)
    if choice.backend == "transformers":
        digest = computed_digest(file.digest, choice.device, settings.bits)
        make = partial(_transformers, file, settings, choice.device, digest)
    elif choice.backend == "vllm":
        digest = computed_digest(file.digest, "vllm", settings.bits)
        make = partial(_vllm, file, settings, digest)
    facts = facts_folder / f"{digest}.json" if facts_folder is not None else None
    return LazyBackend(make, digest=digest, facts_file=facts)


def computed_digest(weights: str, device: str, bits: str) -> str:
    """Stands for weights as transformers computes with them: other devices and formats of numbers give other states."""
    parts = ("transformers", weights, device.split(":")[0], bits)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_folder(model: str) -> bool:
    """Whether a model is named that is no GGUF file: a folder, or a repository of the hub."""
    path = Path(model).expanduser()
    return path.is_dir() or (is_repository(model) and not path.exists())


def model_file(settings: Settings, kind: str) -> ModelFile:
    """The file or folder of the `model` setting, fetched where allowed."""
    with TransferProgress() as progress:
        if kind == "gguf":
            return ensure(settings.model, settings.data_dir, offline=settings.offline, progress=progress)
        folder = Path(settings.model).expanduser()
        if folder.is_dir():
            return locate_folder(folder, settings.data_dir)
        return fetch_repository(settings.model, settings.data_dir, offline=settings.offline)


def _llama_cpp(file: ModelFile, settings: Settings, prefix_folder: Path | None) -> Backend:
    # The runtime is loaded when the model is: most commands, and answers from the cache, do without it.
    make = importlib.import_module("modcli.backends.llama_cpp").LlamaCpp
    backend: Backend = make(
        file.path,
        name=file.name,
        digest=file.digest,
        threads=settings.threads,
        context=settings.context,
        prefix_folder=prefix_folder,
    )
    return backend


def _transformers(file: ModelFile, settings: Settings, device: str, digest: str) -> Backend:
    make = importlib.import_module("modcli.backends.transformers").Transformers
    backend: Backend = make(
        file.path,
        name=file.name,
        digest=digest,
        device=device,
        bits=settings.bits,
        threads=settings.threads,
        context=settings.context,
    )
    return backend


def _vllm(file: ModelFile, settings: Settings, digest: str) -> Backend:
    make = importlib.import_module("modcli.backends.vllm").Vllm
    backend: Backend = make(
        file.path, name=file.name, digest=digest, bits=settings.bits, context=settings.context
    )
    return backend


def _endpoint(settings: Settings, detail: Tell) -> LazyBackend:
    """Asked at once which model it serves: what it answered before is kept under that model's name."""
    if not settings.base_url:
        raise UsageError(
            "--backend openai needs the server's address",
            hint="--base-url http://localhost:8000/v1 (setting `base_url`)",
        )
    server = Server(
        settings.base_url, key=os.environ.get(KEY, "").strip(), allow_remote=settings.allow_remote
    )
    if settings.offline and not is_loopback(server.host):
        raise UsageError(
            f"modcli is set to stay offline ({settings.origin('offline')}), and {server.host} is another machine"
        )
    endpoint = Endpoint(server, model=settings.model, context=settings.context)
    detail(
        f"backend: openai at {server.url}, model {endpoint.facts.name}: label words only, no hidden states"
    )
    backend = LazyBackend(lambda: endpoint, digest=endpoint.facts.digest, facts_file=None)
    _ = backend.facts  # from here on it is made, and closing closes it
    return backend
