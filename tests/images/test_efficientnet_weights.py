"""Files that torch wrote, read without it; and files that are anything else."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.errors import BackendError
from modcli.images.efficientnet_weights import Tensors, read_tensors
from tests.images.tiny_networks import state_dict, torch_file


def read(content: bytes, folder: Path) -> Tensors:
    path = folder / "weights.pth"
    path.write_bytes(content)
    return read_tensors(path, hashlib.sha256(content).hexdigest())


def test_every_tensor_comes_back(tmp_path: Path) -> None:
    expected = state_dict()
    found = read(torch_file(expected), tmp_path)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_what_torch_itself_writes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    expected = {name: torch.tensor(array) for name, array in state_dict().items()}
    path = tmp_path / "weights.pth"
    torch.save(expected, path, _use_new_zipfile_serialization=False)
    found = read_tensors(path, hashlib.sha256(path.read_bytes()).hexdigest())
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


def test_another_file_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(torch_file(state_dict()) + b"x")
    with pytest.raises(BackendError, match="is not the file of weights that it should be"):
        read_tensors(path, "0" * 64)
    with pytest.raises(BackendError, match="No such file"):
        read_tensors(tmp_path / "none.pth", "0" * 64)


class Runs:
    """What a hostile pickle does when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


def test_nothing_is_run_even_where_the_digest_is_right(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for content in (pickle.dumps(Runs(mark)), torch_file(state_dict(), {"extra": Runs(mark)})):
        with pytest.raises(BackendError, match="is no part of a file of tensors"):
            read(content, tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("extra", [{"epoch": 3}, {"name": "x"}, {"list": [1]}])
def test_only_tensors(extra: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="it holds more than tensors"):
        read(torch_file(state_dict(), extra), tmp_path)


WHOLE = torch_file(state_dict())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_an_error_or_harmless(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever byte is changed, and wherever it ends: tensors, or one clear error."""
    content = bytearray(WHOLE[: data.draw(st.integers(0, len(WHOLE)))])
    for place in data.draw(st.lists(st.integers(0, max(len(content) - 1, 0)), max_size=4)):
        if content:
            content[place] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.getbasetemp()
    try:
        found = read(bytes(content), folder)
    except BackendError:
        return
    assert all(isinstance(array, np.ndarray) for array in found.values())


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"no pickle", pickle.dumps(7), pickle.dumps([1] * 9)]
)
def test_other_files(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="is no file of weights"):
        read(content, tmp_path)
