"""From settings to a vision-language model as judge of pictures. Loads its runtime, and the extra `images`."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from modcli.backends.transformers_choice import chosen_device
from modcli.backends.vision import VisionBackend
from modcli.backends.vision_scripted import ScriptedVision
from modcli.cli.assemble_backend import computed_digest, is_folder, model_file
from modcli.errors import MissingExtraError, UsageError
from modcli.images.debate import Costs, Debater
from modcli.images.decoding import open_picture
from modcli.images.vision import VisionSight, build_vision_sight
from modcli.profile import Profile
from modcli.settings import Settings

#: What a model in the hub's format is run with.
_PACKAGES = ("torch", "transformers")


def build_vision(
    settings: Settings, profile: Profile, costs: Costs, cache_dir: Path, tell: Callable[[str], None]
) -> VisionSight | None:
    """The judge, None where no model is named. `costs` counts its debates. Raises UsageError, WeightsError,
    MissingExtraError, BackendError, and what `build_vision_sight` raises."""
    if not settings.vision_model:
        return None
    backend = make_vision_backend(settings)
    debater = Debater(backend, settings.debate, costs) if settings.debate else None
    sight = build_vision_sight(profile, backend, open_picture, cache_dir, debater=debater, tell=tell)
    for note in sight.notes:
        tell(note)
    return sight


def make_vision_backend(settings: Settings) -> VisionBackend:
    """The `vision_model` setting, loaded. Raises UsageError, WeightsError, MissingExtraError, BackendError."""
    if settings.backend == "scripted":
        return ScriptedVision()
    named = replace(settings, model=settings.vision_model)
    if is_folder(settings.vision_model):
        missing = [package for package in _PACKAGES if not find_spec(package)]
        if missing:
            raise MissingExtraError(
                f"the vision model {settings.vision_model} needs {' and '.join(missing)}",
                hint="pip install 'modcli[transformers]'",
            )
        file, device = model_file(named, "folder"), chosen_device(settings.device)
        module, kind = "modcli.backends.transformers_vision", "TransformersVision"
        more: dict[str, object] = {"device": device, "bits": settings.bits}
        digest = computed_digest(file.digest, device, settings.bits)
    else:
        if not settings.mmproj:
            raise UsageError(
                f"{settings.vision_model} holds the part that reads: pictures need the other file as well",
                hint="--mmproj FILE names the GGUF file of the part that sees, which is published beside it.",
            )
        file = model_file(named, "gguf")
        seeing = model_file(replace(settings, model=settings.mmproj), "gguf")
        module, kind, more = "modcli.backends.llama_vision", "LlamaVision", {"mmproj": seeing.path}
        digest = hashlib.sha256(f"{file.digest}\0{seeing.digest}".encode()).hexdigest()
    # The runtime is loaded where there is a picture to look at.
    make = getattr(_loaded(module), kind)
    backend: VisionBackend = make(
        file.path,
        name=file.name,
        digest=digest,
        threads=settings.threads,
        context=settings.context,
        **more,
    )
    return backend


def _loaded(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except (OSError, ImportError, RuntimeError) as error:  # a build without the library that sees
        raise MissingExtraError(
            f"what runs the vision model cannot be loaded: {error}",
            hint="pip install --upgrade llama-cpp-python, or 'modcli[transformers]' for a folder",
        ) from error
