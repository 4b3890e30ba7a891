"""From a name or a path to a file that is what it claims to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.errors import WeightsError
from modcli.weights.inventory import presence, remove, verify
from modcli.weights.locate import locate, pinned_digest
from modcli.weights.places import Places
from tests.weights import tiny

REGISTRY = tiny.registry()
BIG, FOLDER = REGISTRY.get("big"), REGISTRY.get("folder")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the file of `big`, as a person may have copied it there."""
    path = Places(tmp_path / "data").handed_out(BIG)
    path.parent.mkdir(parents=True)
    path.write_bytes(tiny.BIG)
    return tmp_path / "data"


def test_a_file_that_was_copied_there_is_verified_and_used(data: Path) -> None:
    assert presence(BIG, data).state == "unverified"
    model = locate("auto", data, registry=REGISTRY)
    assert (model.name, model.bytes, model.format) == ("big", len(tiny.BIG), "gguf")
    assert (model.digest, model.pinned) == (tiny.sha(tiny.BIG), True)
    assert presence(BIG, data).state == "verified"


@pytest.mark.parametrize(
    "content",
    [tiny.BIG[:-100], tiny.BIG[:-1] + b"\0", b"", tiny.BIG + b"x"],
    ids=["cut", "altered", "empty", "longer"],
)
def test_an_altered_or_cut_file_is_never_given_out(data: Path, content: bytes) -> None:
    locate("big", data, registry=REGISTRY)
    Places(data).handed_out(BIG).write_bytes(content)
    for _ in range(2):
        with pytest.raises(WeightsError, match=r"big was altered.* expected") as caught:
            locate("big", data, registry=REGISTRY)
        assert caught.value.hint == "modcli models pull big --force"
    assert presence(BIG, data).state == "altered"


def test_what_is_missing_is_told_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="big is not on this machine") as caught:
        locate("big", tmp_path, registry=REGISTRY)
    assert caught.value.hint == "modcli models pull big"
    with pytest.raises(WeightsError, match="no model is called 'bag'") as caught:
        locate("bag", tmp_path, registry=REGISTRY)
    assert "did you mean big?" in str(caught.value.hint)


def test_a_path_is_hashed_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(tiny.gguf(321))
    model = locate(str(path), tmp_path / "data", registry=REGISTRY)
    assert (model.name, model.path, model.pinned) == ("own.gguf", path, False)
    assert model.digest == tiny.sha(tiny.gguf(321))
    path.write_bytes(tiny.gguf(321)[:-5])
    with pytest.raises(WeightsError, match="cut short"):
        locate(str(path), tmp_path / "data", registry=REGISTRY)


def test_a_path_to_a_pinned_file_is_known(tmp_path: Path) -> None:
    path = tmp_path / "copied.gguf"
    path.write_bytes(tiny.SMALL)
    model = locate(str(path), tmp_path / "data", registry=REGISTRY)
    assert (model.name, model.pinned, model.path) == ("small", True, path)


def test_a_path_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("hello")
    for name, complaint in [
        ("none.gguf", "no such file"),
        ("notes.gguf", "not a GGUF file"),
        ("", "is a folder"),
    ]:
        with pytest.raises(WeightsError, match=complaint):
            locate(f"{tmp_path}/{name}", tmp_path / "data", registry=REGISTRY)


def test_verify_hashes_again_whatever_is_on_record(data: Path) -> None:
    verify(BIG, data)
    file = Places(data).handed_out(BIG)
    record = Places(data).records
    file.write_bytes(b"x" * len(tiny.BIG))
    stat = file.stat()
    # A record that was forged to fit the altered file deceives `locate`, as it says, and not `verify`.
    text = record.read_text()
    for name, value in (("mtime_ns", stat.st_mtime_ns), ("ctime_ns", stat.st_ctime_ns)):
        before, _, rest = text.partition(f'"{name}": ')
        text = f'{before}"{name}": {value}{rest[rest.index(",") :]}'
    record.write_text(text)
    locate("big", data, registry=REGISTRY)
    with pytest.raises(WeightsError, match="altered"):
        verify(BIG, data)
    assert presence(BIG, data).state == "altered"


def test_remove_leaves_nothing_of_it(data: Path) -> None:
    locate("big", data, registry=REGISTRY)
    assert remove(BIG, data) == len(tiny.BIG)
    assert presence(BIG, data).state == "absent"
    assert "big.gguf" not in Places(data).records.read_text()
    assert remove(BIG, data) == 0


def test_the_digest_of_a_folder_is_that_of_its_listing() -> None:
    digests = {file.path: file.sha256 for file in FOLDER.files}
    listing = "".join(f"{digests[path]}  {path}\n" for path in ("1_Pooling/config.json", "model.onnx"))
    assert pinned_digest(FOLDER) == tiny.sha(listing.encode())
