"""Detectors by the names that profiles use."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.errors import UsageError, WeightsError
from modcli.images.detectors_opening import DETECTORS, MODELS, THRESHOLDS, Opening, open_detectors
from modcli.profile import DETECTORS as IN_PROFILES
from modcli.weights.locate import ModelFile
from modcli.weights.registry import load_registry
from tests.images.test_detectors_nudity import mean_network


def opening(tmp_path: Path, **thresholds: float) -> Opening:
    """Where open_nsfw is on the machine, and nothing else."""
    file = mean_network(tmp_path / "net.onnx")

    def locate(name: str) -> ModelFile:
        if name != "opennsfw":
            raise WeightsError(f"{name} is not on this machine", hint=f"modcli models pull {name}")
        return ModelFile(name, file, "digest", 1, pinned=True, format="onnx")

    return Opening(locate, tmp_path / "cache", thresholds=thresholds)


def test_a_second_opinion_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    found = open_detectors("nudity", opening(tmp_path))
    assert [each.name for each in found.detectors] == ["nudity (opennsfw)"]
    assert found.notes == (
        "nudity: no second opinion by nsfwjs: nsfwjs-mobilenet-v2 is not on this machine"
        " (modcli models pull nsfwjs-mobilenet-v2)",
    )


def test_the_main_one_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not on this machine"):
        open_detectors("nsfwjs", opening(tmp_path))


def test_thresholds(tmp_path: Path) -> None:
    (usual,) = open_detectors("opennsfw", opening(tmp_path)).detectors
    (own,) = open_detectors("opennsfw", opening(tmp_path, opennsfw=0.8)).detectors
    assert (usual.threshold, own.threshold) == (0.5, 0.8)


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no detector is called 'gore'") as caught:
        open_detectors("gore", opening(tmp_path))
    assert "nudity" in str(caught.value.hint)


def test_tables_fit_together() -> None:
    assert set(IN_PROFILES) <= DETECTORS.keys()
    used = {name for names in DETECTORS.values() for name in names}
    assert used == THRESHOLDS.keys()
    assert all(load_registry().get(model).task == "image-detector" for model in MODELS.values())
