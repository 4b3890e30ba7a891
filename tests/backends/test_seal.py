from __future__ import annotations

from pathlib import Path

import pytest

from modcli.backends.seal import is_whole, seal


@pytest.mark.parametrize("content", [b"", b"a", b"a" * 100_000])
def test_sealed_file_is_whole(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert not is_whole(file)
    seal(file)
    assert is_whole(file)
    sealed = file.read_bytes()
    assert sealed.startswith(content)
    for damaged in (sealed[:-1], sealed + b"a", b"b" + sealed[1:], sealed[: len(sealed) // 2], b""):
        file.write_bytes(damaged)
        assert not is_whole(file)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        is_whole(tmp_path / "none")
