"""The small model, loaded once for all the tests of backends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from modcli.backends.llama_cpp import LlamaCpp
from modcli.weights.locate import ModelFile
from tests.backends.tiny import save_tiny

if TYPE_CHECKING:
    from modcli.backends.transformers import Transformers


@pytest.fixture(scope="session")
def llama(small_model: ModelFile) -> Iterator[LlamaCpp]:
    """One thread: on a busy machine several wait for each other longer than they compute."""
    backend = LlamaCpp(small_model.path, name=small_model.name, digest=small_model.digest, threads=1)
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transformers]:
    """A model with random weights, through transformers, on the CPU."""
    pytest.importorskip("transformers")
    # Loaded here: where the extra is not installed, all the other tests run without.
    from modcli.backends.transformers import Transformers

    folder = save_tiny(tmp_path_factory.mktemp("tiny"))
    backend = Transformers(folder, name="tiny", digest="0" * 64, device="cpu", threads=1)
    yield backend
    backend.close()
