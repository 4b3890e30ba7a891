"""The small model, loaded once for all the tests of backends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from modcli.backends.llama_cpp import LlamaCpp
from modcli.weights.locate import ModelFile


@pytest.fixture(scope="session")
def llama(small_model: ModelFile) -> Iterator[LlamaCpp]:
    """One thread: on a busy machine several wait for each other longer than they compute."""
    backend = LlamaCpp(small_model.path, name=small_model.name, digest=small_model.digest, threads=1)
    yield backend
    backend.close()
