"""Image embedders by the names that settings use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modcli.errors import UsageError
from modcli.images.efficientnet import WEIGHTS, WORDS, EfficientNetLite2
from modcli.images.embedder import ImageEmbedder
from modcli.images.embedder_hub import HubImageEmbedder
from modcli.weights.locate import ModelFile
from modcli.weights.registry import AUTO


def open_image_embedder(
    name: str,
    locate: Callable[[str], ModelFile],
    cache_dir: Path,
    *,
    threads: int = 0,
    offline: bool = True,
    device: str = "cpu",
) -> ImageEmbedder:
    """The embedder of this name: `auto` or `efficientnet-lite2`, else a folder or `owner/name` of the hub.

    `locate` gives the registry's model of a name, fetched first where that is allowed. Raises WeightsError, UsageError
    for an unknown name, and what the embedders raise.
    """
    if name in (AUTO, WEIGHTS):
        weights, words = locate(WEIGHTS), locate(WORDS)
        return EfficientNetLite2(weights.path, words.path, cache_dir, digest=weights.digest, threads=threads)
    if "/" not in name and not Path(name).expanduser().is_dir():
        raise UsageError(
            f"no image embedder is called {name!r}",
            hint=f"there is {WEIGHTS}, or a model of sentence-transformers: a folder, or owner/name on the hub",
        )
    place = Path(name).expanduser()
    return HubImageEmbedder(
        place if place.exists() else name, offline=offline, threads=threads, device=device
    )
