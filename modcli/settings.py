"""Settings: what is used where nobody says otherwise, and who said otherwise.

Precedence: flag, environment (`MODCLI_*`), nearest project file (`.modcli.toml` or `modcli.toml`), the
user's file (`config.toml` in the configuration folder), default. A project file travels with other people's
folders, so it may set only what neither runs anything nor says where files are kept: see `Key.in_project`.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import platformdirs

from modcli.errors import Location, SettingsError
from modcli.settings_file import SettingsFile, find_project_file, read_settings_file
from modcli.settings_values import is_path as is_path
from modcli.settings_values import is_repository as is_repository
from modcli.settings_values import (
    parse_auto_or_switch,
    parse_bits,
    parse_choice,
    parse_device,
    parse_embedder,
    parse_folder,
    parse_languages,
    parse_model,
    parse_profiles,
    parse_rounds,
    parse_switch,
    parse_threads,
    parse_url,
    parse_whole,
)

PREFIX = "MODCLI_"
USER_FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, resolved; `origin(name)` says where a value comes from."""

    profile: tuple[str, ...]
    model: str
    embedder: str
    image_embedder: str
    ocr_languages: tuple[str, ...]
    vision_model: str
    mmproj: str
    debate: int
    backend: str
    device: str
    bits: str
    base_url: str
    allow_remote: bool
    threads: int
    context: int
    offline: bool | None
    cache: bool
    stage: str
    format: str
    on_error: str
    fail_on: str
    config_dir: Path
    data_dir: Path
    cache_dir: Path
    origins: Mapping[str, str]
    project_file: Path | None = None

    def from_project(self, *names: str) -> list[str]:
        """Those of these settings that the project file sets."""
        return [name for name in names if self.project_file and self._is_from(self.project_file, name)]

    def _is_from(self, file: Path, name: str) -> bool:
        # Where the line is not known, the file alone is the origin.
        return self.origins[name] == str(file) or self.origins[name].startswith(f"{file}:")

    def origin(self, name: str) -> str:
        """Where a value is from: `flag --model`, `environment MODCLI_MODEL`, `config.toml:3`, `default`."""
        return self.origins[name]

    def __iter__(self) -> Iterator[tuple[str, object, str]]:
        """Name, value and origin of each setting."""
        for field in fields(self):
            if field.name in self.origins:
                yield field.name, getattr(self, field.name), self.origins[field.name]


@dataclass(frozen=True, slots=True)
class Key:
    """One setting.

    `parse` takes a TOML value or a string, and the folder that relative paths start from (None: the current
    one); it raises a ValueError that says what the value must be.
    """

    name: str
    parse: Callable[[object, Path | None], object]
    default: object
    in_project: bool = False
    in_files: bool = True

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()


@dataclass(frozen=True, slots=True)
class Folders:
    """Where configuration, weights and caches are kept if nothing says otherwise."""

    config: Path
    data: Path
    cache: Path


#: Every setting, in the order in which `modcli config show` prints them.
KEYS = (
    Key("profile", parse_profiles, ("default",), in_project=True),
    Key("model", parse_model, "auto", in_project=True),
    Key("embedder", parse_embedder, "auto", in_project=True),
    Key("image_embedder", parse_embedder, "auto", in_project=True),
    Key("ocr_languages", parse_languages, (), in_project=True),
    Key("vision_model", parse_model, "", in_project=True),
    Key("mmproj", parse_model, ""),
    Key("debate", parse_rounds, 0, in_project=True),
    Key("backend", parse_choice("auto", "llama-cpp", "transformers", "vllm", "openai", "scripted"), "auto"),
    Key("device", parse_device, "auto"),
    Key("bits", parse_bits, "auto"),
    Key("base_url", parse_url, ""),
    Key("allow_remote", parse_switch, False),
    Key("threads", parse_threads, 0, in_project=True),
    Key("context", parse_whole, 8192, in_project=True),
    Key("offline", parse_auto_or_switch, None),
    Key("cache", parse_switch, True, in_project=True),
    Key("stage", parse_choice("auto", "prefilter", "reading", "model"), "auto", in_project=True),
    Key("format", parse_choice("auto", "table", "jsonl", "csv"), "auto", in_project=True),
    Key("on_error", parse_choice("warn", "block", "fail"), "warn", in_project=True),
    Key("fail_on", parse_choice("block", "warn", "never"), "block", in_project=True),
    Key("config_dir", parse_folder, None, in_files=False),
    Key("data_dir", parse_folder, None),
    Key("cache_dir", parse_folder, None),
)
_BY_NAME = {key.name: key for key in KEYS}
_A = {
    "model": "a model",
    "vision_model": "a vision model",
    "embedder": "an embedder",
    "image_embedder": "an embedder",
}


def load_settings(flags: Mapping[str, object], environment: Mapping[str, str], cwd: Path) -> Settings:
    """Read the project's and the user's file, and resolve.

    `flags` holds settings by name; None and an empty list mean that the flag was not given.
    Raises SettingsError, with file and line, for a broken file, an unknown key or a value of the wrong kind.
    """
    folders = default_folders(environment)
    given = _from_environment(environment) | _from_flags(flags)
    config = Path(str(given["config_dir"][0])) if "config_dir" in given else folders.config
    project = find_project_file(cwd, home_folder(environment))
    user = config / USER_FILE
    return resolve(
        flags,
        environment,
        project_file=read_settings_file(project, trusted_only=True) if project else None,
        user_file=read_settings_file(user) if user.is_file() else None,
        folders=folders,
    )


def resolve(
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    *,
    project_file: SettingsFile | None = None,
    user_file: SettingsFile | None = None,
    folders: Folders,
) -> Settings:
    """The settings from what was read; touches nothing but its arguments. Raises SettingsError."""
    values: dict[str, Any] = {key.name: key.default for key in KEYS}
    values.update(config_dir=folders.config, data_dir=folders.data, cache_dir=folders.cache)
    origins = dict.fromkeys(values, "default")
    layers = []
    if user_file:
        layers.append(_from_file(user_file, project=False))
    if project_file:
        layers.append(_from_file(project_file, project=True))
    layers += [_from_environment(environment), _from_flags(flags)]
    for layer in layers:
        for name, (value, origin) in layer.items():
            values[name], origins[name] = value, origin
    return Settings(**values, origins=origins, project_file=project_file.path if project_file else None)


def home_folder(environment: Mapping[str, str]) -> Path:
    """The user's home, by HOME where it is set."""
    return Path(environment.get("HOME") or Path.home())


def default_folders(environment: Mapping[str, str]) -> Folders:
    """The platform's folders; XDG_CONFIG_HOME and the like come first, on every platform."""

    def folder(variable: str, fallback: Path) -> Path:
        base = environment.get(variable, "")
        return Path(base) / "modcli" if Path(base).is_absolute() else fallback

    return Folders(
        config=folder("XDG_CONFIG_HOME", platformdirs.user_config_path("modcli", appauthor=False)),
        data=folder("XDG_DATA_HOME", platformdirs.user_data_path("modcli", appauthor=False)),
        cache=folder("XDG_CACHE_HOME", platformdirs.user_cache_path("modcli", appauthor=False)),
    )


def _from_file(file: SettingsFile, *, project: bool) -> dict[str, tuple[object, str]]:
    layer: dict[str, tuple[object, str]] = {}
    for written, value in _table(file).items():
        where = Location(str(file.path), _line_of(written, file.text))
        key = _key(written, where)
        if key.name in layer:
            raise SettingsError(f"{key.name} is set twice", location=where)
        _refuse_misplaced(key, value, project, where)
        layer[key.name] = (_parsed(key, value, file.path.parent, where, written), str(where))
    return layer


def _table(file: SettingsFile) -> dict[str, object]:
    try:
        return tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (None, None)
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise SettingsError(
            f"is not valid TOML: {message}", location=Location(str(file.path), line, column)
        ) from error
    except RecursionError as error:
        raise SettingsError("is nested too deeply", location=Location(str(file.path))) from error


def _refuse_misplaced(key: Key, value: object, project: bool, where: Location) -> None:
    """A project file comes with someone else's folder: it neither runs anything nor says where files are."""
    if not key.in_files:
        raise SettingsError(
            f"{key.name} cannot be set in a file, as it says where the file is",
            location=where,
            hint=f"set {key.variable}",
        )
    own = f"set it in your own {USER_FILE} (`modcli config path`), or as {key.variable}"
    if project and not key.in_project:
        raise SettingsError(f"{key.name} cannot be set by a project file", location=where, hint=own)
    if project and key.name in _A and isinstance(value, str) and is_path(value):
        raise SettingsError(
            f"a project file may name {_A[key.name]}, not a path to one", location=where, hint=own
        )


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    layer: dict[str, tuple[object, str]] = {}
    for key in KEYS:
        text = environment.get(key.variable, "")
        if text.strip():
            where = Location(f"environment {key.variable}")
            value: object = (
                [part for part in text.split(os.pathsep) if part] if key.name == "profile" else text
            )
            layer[key.name] = (_parsed(key, value, None, where, key.name), str(where))
    return layer


def _from_flags(flags: Mapping[str, object]) -> dict[str, tuple[object, str]]:
    layer: dict[str, tuple[object, str]] = {}
    for name, value in flags.items():
        where = Location(f"flag --{name.replace('_', '-')}")
        key = _key(name, where)
        if value is None or value in ([], ()):
            continue
        layer[name] = (_parsed(key, value, None, where, name), str(where))
    return layer


def _key(written: str, where: Location) -> Key:
    name = written.replace("-", "_")
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    hint = f"did you mean {near[0]}?" if near else f"settings are {', '.join(_BY_NAME)}"
    raise SettingsError(f"unknown setting {written!r}", location=where, hint=hint)


def _parsed(key: Key, value: object, base: Path | None, where: Location, written: str) -> object:
    try:
        return key.parse(value, base)
    except ValueError as error:
        shown = repr(value if len(repr(value)) <= 80 else type(value).__name__)
        raise SettingsError(f"{written} {error}, not {shown}", location=where) from error


def _line_of(written: str, text: str) -> int | None:
    """The line of a key at the top of a TOML file; a key within a multi-line string may be taken for it."""
    pattern = re.compile(rf"""^\s*\[?\s*["']?{re.escape(written)}["']?\s*[=.\]]""", re.MULTILINE)
    found = pattern.search(text)
    # The pattern may begin with blank lines: the key is on the last one it spans.
    return text.count("\n", 0, found.end()) + 1 if found else None
