"""Image embedders by the names that settings use."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.errors import UsageError, WeightsError
from modcli.images.embedder_opening import open_image_embedder
from modcli.weights.locate import ModelFile, locate
from tests.conftest import WEIGHTS
from tests.images.tiny_networks import picture


def nothing_here(name: str) -> ModelFile:
    raise WeightsError(f"{name} is not on this machine")


def test_names(tmp_path: Path) -> None:
    for name in ("auto", "efficientnet-lite2"):
        with pytest.raises(WeightsError, match="efficientnet-lite2 is not on this machine"):
            open_image_embedder(name, nothing_here, tmp_path)
    with pytest.raises(UsageError, match="no image embedder is called 'clip'") as caught:
        open_image_embedder("clip", nothing_here, tmp_path)
    assert "efficientnet-lite2" in str(caught.value.hint)


@pytest.mark.small_model
def test_the_real_one(tmp_path: Path) -> None:
    def found(name: str) -> ModelFile:
        try:
            return locate(name, WEIGHTS)
        except WeightsError as error:
            pytest.skip(str(error))

    embedder = open_image_embedder("auto", found, tmp_path)
    assert embedder.width == 1280
    assert embedder.embed([picture(1)]).shape == (1, 1280)
