"""Which settings file is used, and whether it is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from modcli.errors import SettingsError
from modcli.settings import load_settings
from modcli.settings_file import distrust, find_project_file


def test_the_search_ends_at_the_root(tmp_path: Path) -> None:
    assert find_project_file(tmp_path, Path("/nowhere")) is None


@pytest.mark.parametrize(
    ("owner", "mode", "user", "reason"),
    [
        (1000, 0o100644, 1000, ""),
        (0, 0o100644, 1000, ""),
        (1000, 0o100664, 1000, ""),
        (1001, 0o100600, 1000, "belongs to another user"),
        (1000, 0o100644, 0, "belongs to another user"),
        (1000, 0o100666, 1000, "can be written by every user"),
        (0, 0o100602, 1000, "can be written by every user"),
    ],
)
def test_whom_a_project_file_must_belong_to(owner: int, mode: int, user: int, reason: str) -> None:
    assert distrust(owner, mode, user) == reason


def test_a_project_file_that_anybody_may_write_is_an_error(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "modcli.toml"
    project.write_text("fail_on = 'never'")
    project.chmod(0o666)
    with pytest.raises(SettingsError, match="can be written by every user, so it is not used") as caught:
        load_settings({}, {"HOME": str(home)}, tmp_path)
    assert str(project) in str(caught.value)
    assert "chmod o-w" in str(caught.value.hint)
    project.chmod(0o644)
    assert load_settings({}, {"HOME": str(home)}, tmp_path).fail_on == "never"


def test_the_users_own_file_may_have_any_mode(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("threads = 3")
    (tmp_path / "config.toml").chmod(0o666)
    assert load_settings({"config_dir": str(tmp_path)}, {"HOME": "/nowhere"}, tmp_path).threads == 3
