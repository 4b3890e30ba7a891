"""Settings: precedence, origins, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import SettingsError
from modcli.profiles import find
from modcli.settings import (
    KEYS,
    Folders,
    Settings,
    is_path,
    load_settings,
    resolve,
)
from modcli.settings_file import SettingsFile

FOLDERS = Folders(Path("/c"), Path("/d"), Path("/k"))
USER, PROJECT = Path("/home/me/.config/modcli/config.toml"), Path("/work/project/.modcli.toml")


def settings(
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    project: str | None = None,
    user: str | None = None,
) -> Settings:
    """Resolved from these texts."""
    return resolve(
        flags or {},
        environment or {},
        project_file=None if project is None else SettingsFile(PROJECT, project),
        user_file=None if user is None else SettingsFile(USER, user),
        folders=FOLDERS,
    )


def outcome(flags: Mapping[str, object] | None = None, user: str | None = None) -> Settings | SettingsError:
    """The settings, or the error."""
    try:
        return settings(flags, user=user)
    except SettingsError as error:
        return error


def test_defaults() -> None:
    found = settings()
    assert (found.profile, found.model, found.offline, found.fail_on) == (("default",), "auto", None, "block")
    assert (found.config_dir, found.data_dir, found.cache_dir) == (Path("/c"), Path("/d"), Path("/k"))
    assert {origin for _, _, origin in found} == {"default"}


def test_flag_before_environment_before_project_before_user_before_default() -> None:
    user, project = 'model = "u"\nthreads = 1', '# mine\n\nmodel = "p"\n'
    environment, flags = {"MODCLI_MODEL": "e"}, {"model": "f"}
    layers = [
        (settings(), "auto", "default"),
        (settings(user=user), "u", f"{USER}:1"),
        (settings(user=user, project=project), "p", f"{PROJECT}:3"),
        (settings(None, environment, project, user), "e", "environment MODCLI_MODEL"),
        (settings(flags, environment, project, user), "f", "flag --model"),
    ]
    for found, value, origin in layers:
        assert (found.model, found.origin("model")) == (value, origin)
    assert settings(flags, environment, project, user).origin("threads") == f"{USER}:2"


def test_flags_that_were_not_given_set_nothing() -> None:
    found = settings({"model": None, "profile": [], "on_error": None})
    assert {origin for _, _, origin in found} == {"default"}
    assert settings({"on_error": "fail"}).origin("on_error") == "flag --on-error"


@pytest.mark.parametrize("value", [None, [], "x"])
def test_an_unknown_flag_is_an_error_given_or_not(value: object) -> None:
    with pytest.raises(SettingsError, match="flag --other: unknown setting 'other'"):
        settings({"other": value})


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("MODCLI_PROFILE", f"a{os.pathsep}./b.yaml{os.pathsep}", "profile", ("a", "./b.yaml")),
        ("MODCLI_THREADS", "4", "threads", 4),
        ("MODCLI_OFFLINE", "1", "offline", True),
        ("MODCLI_OFFLINE", "No", "offline", False),
        ("MODCLI_OFFLINE", "auto", "offline", None),
        ("MODCLI_CACHE", "off", "cache", False),
        ("MODCLI_DATA_DIR", "/big/disk", "data_dir", Path("/big/disk")),
        ("MODCLI_MODEL", "", "model", "auto"),
        ("MODCLI_UNKNOWN", "x", "model", "auto"),
    ],
)
def test_environment(variable: str, text: str, name: str, value: object) -> None:
    assert getattr(settings(environment={variable: text}), name) == value


def test_files_take_hyphens_and_paths_relative_to_themselves() -> None:
    user = 'on-error = "block"\nmodel = "models/own.gguf"\nprofile = ["strict", "mine.yaml"]\ndata_dir = "w"'
    found = settings(user=user)
    assert found.on_error == "block"
    assert found.model == "/home/me/.config/modcli/models/own.gguf"
    assert found.profile == ("strict", "/home/me/.config/modcli/mine.yaml")
    assert found.data_dir == Path("/home/me/.config/modcli/w")
    assert settings(project='profile = "rules/house.yaml"').profile == ("/work/project/rules/house.yaml",)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("model = ", "2?: is not valid TOML", None),
        ("\n\nmodle = 'x'", ":3: unknown setting 'modle'", "did you mean model?"),
        ("zzz = 1", ":1: unknown setting 'zzz'", "settings are profile"),
        ("[model]\nname = 'x'", ":1: model must be a text", None),
        ("threads = -1", ":1: threads must be a whole number, 0 or more, not -1", None),
        ("threads = true", "threads must be a whole number", None),
        ("threads = 1025", ":1: threads must be 1024 or less, not 1025", None),
        ("threads = 1.5", "threads must be a whole number", None),
        ("fail_on = 'blok'", "must be one of block, warn, never; did you mean block?, not 'blok'", None),
        (
            "backend = 'torch'",
            ":1: backend must be one of auto, llama-cpp, transformers, vllm, openai, scripted, not",
            None,
        ),
        ("device = 'gpu'", ":1: device must be auto, cpu, cuda, cuda:N or mps, not 'gpu'", None),
        ("bits = 5", ":1: bits must be one of auto, 4, 8, 16, 32", None),
        ("bits = true", ":1: bits must be one of auto, 4, 8, 16, 32", None),
        ("base_url = 'localhost:8000'", ":1: base_url must be an address such as http://", None),
        ("base_url = 'http://user:key@host/v1'", ":1: base_url must be an address", None),
        ("base_url = 'file:///etc/passwd'", ":1: base_url must be an address", None),
        ("allow_remote = 'maybe'", "allow_remote must be true or false", None),
        ("cache = 1", "cache must be true or false", None),
        ("offline = 'maybe'", "offline must be auto, true or false", None),
        ("profile = []", "profile must be a profile's name", None),
        ("profile = ['a', 3]", "must be a text", None),
        ("on_error = 'warn'\non-error = 'warn'", ":2: on_error is set twice", None),
        ("profile = '~nosuch/a'", "profile must not start from the home of a user who is not known", None),
        ("cache_dir = '~nosuch'", "cache_dir must not start from the home", None),
        ("config_dir = '/x'", "config_dir cannot be set in a file", "set MODCLI_CONFIG_DIR"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(user=text)
    assert str(caught.value).startswith(str(USER))
    assert message.removeprefix("2?: ") in str(caught.value)
    if hint:
        assert hint in str(caught.value.hint)


def test_a_broken_file_is_told_with_line_and_column() -> None:
    with pytest.raises(SettingsError) as caught:
        settings(user="model = 'a'\nthreads = oops")
    assert caught.value.location
    assert (caught.value.location.line, caught.value.location.column) == (2, 11)


@pytest.mark.parametrize("key", [key for key in KEYS if not key.in_project], ids=lambda key: key.name)
def test_a_project_may_not_say_where_files_are_or_what_runs(key: object) -> None:
    name = getattr(key, "name", "")
    with pytest.raises(SettingsError, match=r"cannot be set"):
        settings(project=f"{name} = 'scripted'")


@pytest.mark.parametrize("model", ["./own.gguf", "/x/y", "~/m", "own.gguf", "a/b", ".own"])
def test_a_project_may_name_a_model_and_not_its_path(model: str) -> None:
    with pytest.raises(SettingsError, match="not a path"):
        settings(project=f"model = '{model}'")
    assert settings(project="model = 'qwen2.5-coder-0.5b'").model == "qwen2.5-coder-0.5b"


@pytest.mark.parametrize("embedder", ["./own", "/x/y", "~/m", "owner/name", "../own"])
def test_a_project_may_name_an_embedder_of_the_registry_only(embedder: str) -> None:
    with pytest.raises(SettingsError, match="an embedder, not a path"):
        settings(project=f"embedder = '{embedder}'")
    assert settings(project="embedder = 'minilm-l6'").embedder == "minilm-l6"


@pytest.mark.parametrize(
    ("name", "found"),
    [("owner/name", "owner/name"), ("/x/y", "/x/y"), ("./own", str(USER.parent / "own")), ("auto", "auto")],
)
def test_an_embedder_with_a_slash_is_of_the_hub_unless_it_begins_as_a_path(name: str, found: str) -> None:
    assert settings(user=f"embedder = '{name}'").embedder == found


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        *((path, True) for path in ("a/b", "/a", "./a", "../a", "~/a", ".a", "a.gguf", "a.yaml", "a.yml")),
        *((name, False) for name in ("default", "a.b", "qwen2.5-coder-0.5b", "a~", "")),
        ("a.json", True),
    ],
)
def test_one_rule_says_what_is_a_path_for_models_and_profiles(name: str, answer: bool) -> None:
    assert is_path(name) is answer
    assert find.is_path is is_path
    assert settings(user=f"profile = '{name or 'x'}'").profile == (
        (str(USER.parent / Path(name).expanduser()),) if answer else (name or "x",)
    )


def test_what_a_project_file_sets() -> None:
    project, names = "fail-on = 'never'\nstage = 'model'\nthreads = 2", ("stage", "profile", "fail_on")
    assert settings(project=project, user="profile = 'x'").from_project(*names) == ["stage", "fail_on"]
    assert settings({"stage": "auto"}, project=project).from_project(*names) == ["fail_on"]
    assert settings(user=project).from_project(*names) == []


def test_the_most_threads() -> None:
    assert settings(environment={"MODCLI_THREADS": "1024"}).threads == 1024
    with pytest.raises(SettingsError, match="flag --threads: threads must be 1024 or less, not 1000000"):
        settings({"threads": 1_000_000})


def test_a_wrong_environment_variable_is_told() -> None:
    with pytest.raises(SettingsError, match="environment MODCLI_THREADS: threads must be a whole number"):
        settings(environment={"MODCLI_THREADS": "many"})


def test_a_wrong_configuration_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="environment MODCLI_CONFIG_DIR: config_dir must not start"):
        load_settings({}, {"MODCLI_CONFIG_DIR": "~nosuch/x", "HOME": "/nowhere"}, tmp_path)


def test_files_are_found_and_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "work" / "deep").mkdir(parents=True)
    (home / "modcli.toml").write_text("model = 'never read: home is no project'")
    environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert load_settings({}, environment, home / "work" / "deep").model == "auto"
    (home / "work" / "modcli.toml").write_text("model = 'outer'")
    (home / "work" / ".modcli.toml").write_text("model = 'nearest'")
    found = load_settings({}, environment, home / "work" / "deep")
    assert (found.model, found.origin("model")) == ("nearest", f"{home / 'work' / '.modcli.toml'}:1")
    assert found.config_dir == tmp_path / "xdg" / "modcli"
    own = tmp_path / "own"
    own.mkdir()
    (own / "config.toml").write_text("threads = 3")
    found = load_settings({}, environment | {"MODCLI_CONFIG_DIR": str(own)}, home)
    assert (found.threads, found.config_dir) == (3, own)
    assert load_settings({"config_dir": str(own)}, environment, home).threads == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"model = '\xff'", "is not UTF-8 text"),
        (b"#" * (1 << 20) + b"#", "is larger than"),
        (b"a = " + b"[" * 9999, ""),
    ],
)
def test_files_that_are_no_settings_are_told(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings({"config_dir": str(tmp_path)}, {"HOME": "/nowhere"}, tmp_path)
    assert str(tmp_path / "config.toml") in str(caught.value)
    assert message in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_settings_or_an_error_with_a_place(text: str) -> None:
    error = outcome(user=text)
    assert isinstance(error, Settings) or str(error).startswith(str(USER))


@given(
    st.dictionaries(
        st.sampled_from([key.name for key in KEYS] + ["other"]),
        st.one_of(
            st.text(max_size=8), st.integers(), st.booleans(), st.lists(st.text(max_size=4), max_size=2)
        ),
    )
)
def test_any_flags_are_settings_or_an_error_with_a_place(flags: dict[str, object]) -> None:
    found = outcome(flags)
    if isinstance(found, SettingsError):
        assert str(found).startswith("flag --")
        return
    for name, value in flags.items():
        assert found.origin(name) == ("default" if value == [] else f"flag --{name.replace('_', '-')}")


def test_the_documentation_names_every_setting_and_what_a_project_may_set() -> None:
    text = (Path(__file__).parents[1] / "docs" / "settings.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    assert [(row[1].strip("`"), row[4][:3] == "yes") for row in rows] == [
        (key.name, key.in_project) for key in KEYS
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [("owner/name", "owner/name"), ("/x/y", "/x/y"), ("auto", "auto"), ("qwen2.5:7b", "qwen2.5:7b")]
    + [(name, str(USER.parent / name)) for name in ("./own", "a/b.gguf", "a/b/c.gguf")],
)
def test_a_model_with_a_slash_is_of_the_hub_unless_it_begins_as_a_path(name: str, found: str) -> None:
    assert settings(user=f"model = '{name}'").model == found


def test_what_runs_the_model_can_be_set() -> None:
    found = settings(
        user="device = 'cuda:1'\nbits = 4\nbase_url = 'http://localhost:8000/v1'\nallow_remote = true"
    )
    assert (found.device, found.bits) == ("cuda:1", "4")
    assert (found.base_url, found.allow_remote) == ("http://localhost:8000/v1", True)


@pytest.mark.parametrize("stage", ["auto", "prefilter", "reading", "model"])
def test_every_stage_can_be_set(stage: str) -> None:
    assert settings(user=f"stage = '{stage}'").stage == settings({"stage": stage}).stage == stage


def test_a_stage_of_the_cascade_is_none_to_begin_at() -> None:
    with pytest.raises(SettingsError, match="must be one of auto, prefilter, reading, model"):
        settings({"stage": "ngrams"})
