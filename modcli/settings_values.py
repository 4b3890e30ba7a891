"""How values of settings are read, from TOML or as a text. Each raises a ValueError that says what the value must be.

Each takes the value, and the folder that relative paths start from (None: the current one).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from pathlib import Path

PATH_SUFFIXES = (".gguf", ".yaml", ".yml", ".json")
_REPOSITORY = re.compile(r"[A-Za-z0-9_][\w.\-]*/[A-Za-z0-9_][\w.\-]*", re.ASCII)

#: No machine gains by more, and a runtime that is told to start a million of them does.
MAX_THREADS = 1024
#: Each round of a debate writes two speeches for each unclear category of a picture.
MAX_ROUNDS = 5


def parse_choice(*names: str) -> Callable[[object, Path | None], object]:
    """One of some names."""

    def parse(value: object, _: Path | None) -> object:
        if value not in names:
            near = difflib.get_close_matches(str(value), names, n=1)
            raise ValueError(
                f"must be one of {', '.join(names)}" + (f"; did you mean {near[0]}?" if near else "")
            )
        return value

    return parse


def parse_whole(value: object, _: Path | None) -> object:
    """A whole number."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    raise ValueError("must be a whole number, 0 or more")


def parse_threads(value: object, base: Path | None) -> object:
    """A number of threads."""
    number = parse_whole(value, base)
    if isinstance(number, int) and number > MAX_THREADS:
        raise ValueError(f"must be {MAX_THREADS} or less")
    return number


def parse_rounds(value: object, base: Path | None) -> object:
    """A number of rounds of a debate."""
    number = parse_whole(value, base)
    if isinstance(number, int) and number > MAX_ROUNDS:
        raise ValueError(f"must be {MAX_ROUNDS} or less")
    return number


_WORDS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def parse_switch(value: object, _: Path | None) -> object:
    """True or false."""
    answer = _WORDS.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(answer, bool):
        raise ValueError("must be true or false")
    return answer


def parse_auto_or_switch(value: object, base: Path | None) -> object:
    """True, false, or None for auto."""
    if value is None or (isinstance(value, str) and value.strip().lower() == "auto"):
        return None
    try:
        return parse_switch(value, base)
    except ValueError as error:
        raise ValueError("must be auto, true or false") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


def is_path(name: str) -> bool:
    """Whether a profile or a model is named by its path, and not by a name that is looked up: it has a separator,
    a suffix of either, or a leading dot or tilde."""
    return os.sep in name or "/" in name or name.startswith((".", "~")) or name.endswith(PATH_SUFFIXES)


def is_repository(name: str) -> bool:
    """Whether a model's name may be one of the hub, `owner/name`. A folder may be called so, too."""
    return bool(_REPOSITORY.fullmatch(name)) and not name.endswith(PATH_SUFFIXES)


def _anchored(name: str, base: Path | None) -> str:
    """A path in a file is relative to that file, not to where the command is run."""
    return str(base / _at_home(name)) if base and is_path(name) else name


def _at_home(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise ValueError("must not start from the home of a user who is not known") from error


def parse_model(value: object, base: Path | None) -> object:
    """A model's name, path, or repository on the hub."""
    name = _text(value)
    return name if is_repository(name) else _anchored(name, base)


def parse_embedder(value: object, base: Path | None) -> object:
    """An embedder's name, path, or repository on the hub."""
    # A name with a slash may be one of the hub (`owner/name`): a folder beside the file begins with a dot.
    name = _text(value)
    return _anchored(name, base) if name.startswith((".", "~")) else name


def parse_languages(value: object, _: Path | None) -> object:
    """Languages, as a list or as a text with commas, spaces or `+` between them."""
    parts = re.split(r"[\s,+]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(
        isinstance(part, str) and re.fullmatch(r"[A-Za-z_]{2,20}", part) for part in parts
    ):
        raise ValueError("must be languages such as ru or rus, or a list of them")
    return tuple(dict.fromkeys(parts))


def parse_device(value: object, _: Path | None) -> object:
    """A device of transformers."""
    if isinstance(value, str) and re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", value):
        return value
    raise ValueError("must be auto, cpu, cuda, cuda:N or mps")


def parse_bits(value: object, base: Path | None) -> object:
    """How many bits a weight has."""
    # A file's number is as good as a text.
    return parse_choice("auto", "4", "8", "16", "32")(str(value) if type(value) is int else value, base)


def parse_url(value: object, _: Path | None) -> object:
    """The address of a server."""
    text = _text(value)
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text, re.ASCII):
        raise ValueError("must be an address such as http://localhost:8000/v1")
    return text


def parse_profiles(value: object, base: Path | None) -> object:
    """One profile, or a list of them."""
    if isinstance(value, str):
        # A file's string is one profile; the environment's is a list, and arrives here split.
        value = [value]
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be a profile's name or path, or a list of them")
    return tuple(_anchored(_text(name), base) for name in value)


def parse_folder(value: object, base: Path | None) -> object:
    """A folder."""
    path = _at_home(_text(str(value) if isinstance(value, Path) else value))
    return base / path if base else path
