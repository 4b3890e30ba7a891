"""Folders in the hub's format, and repositories, with a stand-in for the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modcli.errors import WeightsError
from modcli.weights.hub_folder import fetch_repository, locate_folder


def made(folder: Path, **more: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"config.json": "{}", "model.safetensors": "w", **more}.items():
        (folder / name).write_text(content)
    return folder


def test_a_folder_has_one_digest_over_its_files(tmp_path: Path) -> None:
    folder, data = made(tmp_path / "own"), tmp_path / "data"
    first = locate_folder(folder, data)
    assert (first.name, first.path, first.bytes, first.pinned) == ("own", folder, 3, False)
    assert len(first.digest) == 64
    (folder / "README.md").write_text("words")
    (folder / "training_args.bin").write_text("a pickle")
    assert locate_folder(folder, data) == first
    (folder / "model.safetensors").write_text("x")
    assert locate_folder(folder, data).digest != first.digest


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_folder_that_is_no_model(tmp_path: Path, missing: str) -> None:
    (made(tmp_path) / missing).unlink()
    (tmp_path / "pytorch_model.bin").write_text("a pickle")
    with pytest.raises(WeightsError, match=r"is no model: .*safetensors"):
        locate_folder(tmp_path, tmp_path / "data")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        locate_folder(tmp_path / "nowhere", tmp_path)


class LocalEntryNotFoundError(Exception):
    pass


class Hub:
    """Keeps a repository once it was asked for it; fails with what it is given."""

    def __init__(self, folder: Path, failure: Exception | None = None) -> None:
        self.folder, self.failure = folder, failure
        self.asked: list[dict[str, Any]] = []

    def __call__(self, name: str, *, local_files_only: bool = False, **options: Any) -> str:
        if local_files_only:
            if not self.folder.exists():
                raise LocalEntryNotFoundError(name)
            return str(self.folder)
        self.asked.append(options)
        if self.failure is not None:
            raise self.failure
        return str(made(self.folder))


def test_fetched_once_without_a_token_and_without_pickles(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "kept")
    for _ in range(2):
        found = fetch_repository("owner/name", tmp_path / "data", fetch=hub)
        assert (found.name, found.path) == ("owner/name", tmp_path / "kept")
    (options,) = hub.asked
    assert options["token"] is False
    assert "*.safetensors" in options["allow_patterns"]
    assert not {"*.bin", "*.py", "*"} & set(options["allow_patterns"])
    assert fetch_repository("owner/name", tmp_path / "data", offline=True, fetch=hub) == found


def test_not_fetched_offline(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "kept")
    with pytest.raises(
        WeightsError, match="owner/name is not on this machine, and modcli is set to stay offline"
    ):
        fetch_repository("owner/name", tmp_path, offline=True, fetch=hub)
    assert not hub.asked


class HubError(Exception):
    pass


class RepositoryNotFoundError(HubError):
    pass


class GatedRepoError(RepositoryNotFoundError):
    pass


@pytest.mark.parametrize(
    ("failure", "message", "hint"),
    [
        (GatedRepoError("403"), "is behind a licence", "hf download owner/name"),
        (RepositoryNotFoundError("404"), "has no public model owner/name", "owner/name"),
        (HubError("no route\nto host"), "could not be fetched: no route to host", "folder"),
        (OSError("disk full"), "could not be fetched: disk full", "folder"),
    ],
)
def test_why_it_could_not_be_fetched(tmp_path: Path, failure: Exception, message: str, hint: str) -> None:
    with pytest.raises(WeightsError, match=message) as caught:
        fetch_repository("owner/name", tmp_path, fetch=Hub(tmp_path / "kept", failure))
    assert hint in str(caught.value.hint)
    assert caught.value.__cause__ is failure
