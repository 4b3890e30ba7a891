"""A text embedder, joined from settings. Apart from `assemble_baselines`, which loads scikit-learn."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from modcli.cli.progress import TransferProgress
from modcli.embedders.base import Embedder
from modcli.embedders.onnx import MODEL, OnnxRuntime
from modcli.embedders.scripted import ScriptedEmbedder
from modcli.embedders.sentence_transformers import SentenceTransformers
from modcli.errors import BackendError, UsageError, WeightsError
from modcli.settings import Settings
from modcli.weights.locate import ModelFile, ensure
from modcli.weights.places import Places
from modcli.weights.registry import AUTO, Entry, load_registry

#: The default embedder, and the one without a model: what `auto` stands for where the backend has none either.
DEFAULT, SCRIPTED = "bge-small-en-int8", "scripted"
#: What each form of model is run by, and the extra that it comes with.
_PACKAGES = {
    "onnx": ("onnxruntime", "tokenizers"),
    "sentence-transformers": ("sentence_transformers", "torch"),
}
_EXTRAS = {"onnx": "prefilter", "sentence-transformers": "sentence-transformers"}


def build_embedder(settings: Settings, name: str = "") -> Embedder:
    """The embedder of the settings, or the one of this name: of the registry, a folder, or `owner/name` on the hub.
    Fetches weights where allowed, and only where there is no copy.

    Raises WeightsError, UsageError for a model that is no embedder, and what the embedders raise.
    """
    name = _resolved(settings, name)
    if name == SCRIPTED:
        return ScriptedEmbedder()
    file = embedder_file(settings, name)
    if file is not None and file.format == "onnx":
        return OnnxRuntime(file.path.parent, name=file.name, digest=file.digest, threads=settings.threads)
    if file is not None:
        return SentenceTransformers(file.path, name=file.name, digest=file.digest, threads=settings.threads)
    place = Path(name).expanduser()
    if _form(name) == "onnx":
        return OnnxRuntime(place, threads=settings.threads)
    try:
        return SentenceTransformers(str(place), threads=settings.threads)
    except BackendError:
        if settings.offline or place.exists():
            raise
        return SentenceTransformers(str(place), threads=settings.threads, offline=False)


def why_no_embedder(settings: Settings, name: str = "") -> str:
    """Why `build_embedder` would not get as far as loading a model: a package that is not installed, weights that are
    not here and may not be fetched, a name that is not known; "" where it would. Quick: nothing is loaded or fetched.
    """
    name = _resolved(settings, name)
    if name == SCRIPTED:
        return ""
    try:
        entry = _entry(name)
        missing = [each for each in _PACKAGES[_form(name)] if importlib.util.find_spec(each) is None]
        if missing:
            return f"{' and '.join(missing)} not installed: pip install 'modcli[{_EXTRAS[_form(name)]}]'"
    except (WeightsError, UsageError) as error:
        return f"{error} ({error.hint})" if error.hint else str(error)
    if entry is None or not settings.offline:
        return ""
    places = Places(settings.data_dir)
    if all(places.file(entry, file).exists() for file in entry.files):
        return ""
    return f"{name} is not on this machine: modcli models pull {name}"


def embedder_file(settings: Settings, name: str) -> ModelFile | None:
    """The registry's embedder of this name, on this machine; None for a folder or a name of the hub. Fetches weights
    where allowed. Raises WeightsError, and UsageError for a model of another kind."""
    if _entry(name) is None:
        return None
    with TransferProgress() as progress:
        return ensure(name, settings.data_dir, offline=settings.offline, progress=progress)


def _resolved(settings: Settings, name: str) -> str:
    name = name or settings.embedder
    if name != AUTO:
        return name
    return SCRIPTED if settings.backend == "scripted" else DEFAULT


def _form(name: str) -> str:
    entry = _entry(name)
    if entry is not None:
        return entry.format
    return "onnx" if (Path(name).expanduser() / MODEL).is_file() else "sentence-transformers"


def _entry(name: str) -> Entry | None:
    registry = load_registry()
    entry = registry.find(name)
    if entry is None and ("/" in name or Path(name).is_dir()):
        return None
    entry = entry or registry.get(name)
    if entry.task != "text-embedder":
        known = [each.name for each in registry.entries if each.task == "text-embedder"]
        raise UsageError(f"{name} is no embedder", hint=f"there is {', '.join(known)}")
    return entry
