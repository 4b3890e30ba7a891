"""Hooks, and other settings that hold commands: which files have them, which commands, and on which lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modcli.skills.skill import Role, SkillFile

#: Files that hold hooks wherever they lie.
_NAMES = ("hooks.json", "settings.json", "settings.local.json")
_MOST_LEVELS = 12


def has_hooks(file: SkillFile) -> bool:
    """Whether a file may hold hooks: by its place, by its name, or as the manifest of a plugin that names some."""
    name = file.path.rpartition("/")[2]
    return (
        file.role is Role.HOOKS
        or name in _NAMES
        or (name == "plugin.json" and '"hooks"' in (file.text or ""))
    )


def hooks_in(file: SkillFile, settings: Any) -> Any:
    """The hooks among the settings of a file, which may have others (servers, say) beside them."""
    if isinstance(settings, Mapping) and "hooks" in settings:
        return settings["hooks"]
    return settings if file.role is Role.HOOKS or file.path.endswith("hooks.json") else None


def settings_of(text: str) -> Any:
    """What a text of JSON holds, or None where it is none."""
    try:
        return json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def commands_of(value: Any) -> Iterator[str]:
    """All texts under a key `command` or `bash` of nested settings, with their arguments; at most twelve levels deep."""
    todo = [(value, 0)]
    while todo:
        one, depth = todo.pop(0)
        if isinstance(one, Mapping):
            command = one.get("command", one.get("bash"))
            if isinstance(command, str):
                args = one.get("args")
                yield " ".join([command, *map(_quoted, args)]) if isinstance(args, list) else command
            todo += [(inner, depth + 1) for inner in one.values()] if depth < _MOST_LEVELS else []
        elif isinstance(one, (list, tuple)) and depth < _MOST_LEVELS:
            todo += [(inner, depth + 1) for inner in one]


def _quoted(word: Any) -> str:
    text = str(word)
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text) else "'" + text.replace("'", "'\\''") + "'"


def lines_of(text: str, command: str) -> list[int]:
    """The lines (from 1) of a text of JSON on which a command begins."""
    start = json.dumps(command, ensure_ascii=False)[1:-1][:40].split(" '")[0]
    return [number for number, line in enumerate(text.split("\n"), 1) if start and start in line]
