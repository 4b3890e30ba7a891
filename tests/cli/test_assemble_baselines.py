from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

from modcli.cli.assemble_baselines import build_baselines, build_embedder
from modcli.errors import BackendError, MissingExtraError, UsageError, WeightsError
from modcli.settings import Settings, load_settings
from tests.embedders.tiny import make_tiny


def settings(folder: Path) -> Settings:
    return load_settings({"data_dir": str(folder), "offline": True}, {"HOME": str(folder)}, folder)


def installed(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Whether or not they are."""
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: SimpleNamespace() if name in packages else None
    )


def test_without_packages_the_rest_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    found = build_baselines(settings(tmp_path))
    assert [baseline.name for baseline in found if baseline.learn] == [
        "majority class",
        "TF-IDF, logistic regression",
    ]
    missing = {baseline.name: baseline.missing for baseline in found if not baseline.learn}
    assert "modcli[prefilter]" in missing["minilm-l6 embeddings, logistic regression"]
    assert "modcli[setfit]" in missing["SetFit"]
    assert missing["Detoxify (original)"]


def test_weights_that_are_not_here_are_not_fetched_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, "sentence_transformers", "setfit")
    found = {baseline.name: baseline for baseline in build_baselines(settings(tmp_path))}
    for name in ("minilm-l6 embeddings, logistic regression", "SetFit"):
        assert found[name].learn is None
        assert "models pull minilm-l6" in found[name].missing
    with pytest.raises(WeightsError, match="offline"):
        build_embedder(settings(tmp_path))


def test_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedder is loaded only when it is needed."""
    installed(monkeypatch, "sentence_transformers", "setfit")
    found = build_baselines(settings(tmp_path), str(tmp_path))
    assert [baseline.learn is not None for baseline in found] == [True, True, True, True, False]


@pytest.mark.parametrize("name", ["smollm2-135m", "auto", "bge-small-en-int8"])
def test_a_model_of_another_kind(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no embedder"):
        build_embedder(settings(tmp_path), name)
    installed(monkeypatch, "sentence_transformers")
    assert "no embedder" in build_baselines(settings(tmp_path), name)[2].missing


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no model is called"):
        build_embedder(settings(tmp_path), "minilm")


def test_the_hub_is_not_asked_offline(tmp_path: Path) -> None:
    with pytest.raises((BackendError, MissingExtraError)):
        build_embedder(settings(tmp_path), "owner/name")


@pytest.mark.filterwarnings("default")
def test_an_embedder_from_a_folder(tmp_path: Path) -> None:
    embedder = build_embedder(settings(tmp_path), str(make_tiny(tmp_path)))
    assert embedder.embed(["good morning"]).shape == (1, 16)
