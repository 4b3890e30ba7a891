"""Models that the registry does not pin: a folder in the hub's format, or a whole repository of the hub."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modcli.errors import Location, WeightsError
from modcli.weights.digests import DigestRecords
from modcli.weights.locate import ModelFile
from modcli.weights.places import Places

#: What a model is made of. Weights in a pickle are neither fetched nor loaded, as they may run code.
SUFFIXES = (".safetensors", ".json", ".txt", ".model", ".jinja", ".tiktoken")

Fetch = Callable[..., str]


def locate_folder(path: Path, data_dir: Path, *, name: str = "") -> ModelFile:
    """The model in a folder, its digest one over the names and digests of its files, which are recorded.

    Raises WeightsError where it holds no configuration or no weights.
    """
    where = Location(str(path))
    try:
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
    except OSError as error:
        raise WeightsError(f"cannot be read: {error.strerror or error}", location=where) from error
    names = {file.name for file in files}
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        raise WeightsError(
            "is no model: it needs config.json and weights as *.safetensors",
            location=where,
            hint="A GGUF file is named by its own path.",
        )
    records = DigestRecords(Places(data_dir).records)
    listing = "".join(f"{records.digest(file)}  {file.name}\n" for file in files)
    return ModelFile(
        name or path.resolve().name,
        path,
        hashlib.sha256(listing.encode()).hexdigest(),
        sum(file.stat().st_size for file in files),
        pinned=False,
        format="transformers",
    )


def repository_folder(name: str, data_dir: Path) -> Path:
    """Where what was fetched of a repository is, once something was: the hub's library keeps it in this form."""
    return data_dir / "hub" / f"models--{name.replace('/', '--')}" / "snapshots"


def fetch_repository(
    name: str, data_dir: Path, *, offline: bool | None = None, fetch: Fetch | None = None
) -> ModelFile:
    """A repository of the hub, `owner/name`, as it is there at the first time; afterwards nothing is asked.

    Raises WeightsError: no such repository, one behind a licence, no network, no model in it.
    """
    snapshot = fetch or _snapshot_download()
    options: dict[str, Any] = {
        "cache_dir": data_dir / "hub",
        "allow_patterns": [f"*{suffix}" for suffix in SUFFIXES],
        # Nobody's token is sent.
        "token": False,
    }
    try:
        found = snapshot(name, local_files_only=True, **options)
        return locate_folder(Path(found), data_dir, name=name)
    except Exception as error:  # not there, or not whole: the library's errors have no narrower common class
        if offline:
            raise WeightsError(
                f"{name} is not on this machine, and modcli is set to stay offline",
                hint="--online fetches it",
            ) from error
    try:
        found = snapshot(name, **options)
    except Exception as error:
        raise _not_fetched(name, error) from error
    return locate_folder(Path(found), data_dir, name=name)


def _snapshot_download() -> Fetch:
    # A slow import, of which only this needs anything.
    found: Fetch = importlib.import_module("huggingface_hub").snapshot_download
    return found


def _not_fetched(name: str, error: Exception) -> WeightsError:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "GatedRepoError" in kinds:
        return WeightsError(
            f"{name} is behind a licence that its users have to accept",
            hint=f"Accept it on the hub, `hf download {name} --local-dir FOLDER`, then --model FOLDER.",
        )
    if "RepositoryNotFoundError" in kinds:
        return WeightsError(
            f"the hub has no public model {name}", hint="Is it spelled as on the hub: owner/name?"
        )
    lines = re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
    return WeightsError(
        f"{name} could not be fetched: {lines[:200]}",
        hint="Without a network, name a folder or a GGUF file that is on this machine.",
    )
