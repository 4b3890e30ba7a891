"""What is compared: a profile, or changes of what is evaluated otherwise (`stage=reading,shots=0`)."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from modcli.cascade.preparation import PROMPT_SHOTS, without_examples
from modcli.cli.assemble import refuse_blind
from modcli.errors import SettingsError, UsageError
from modcli.judges.tasks import as_judged
from modcli.profile import Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.settings import Settings, load_settings

#: What `--compare` can change, and by which values.
KEYS = {
    "profile": "a profile's name or path",
    "model": "a model's name or path",
    "stage": "auto, reading or model",
    "shots": "a whole number, 0 to 64: examples of each category that stand in the profile prompt",
    "definitions": "on or off",
}
MOST_SHOTS = 64
#: Keys that are settings, and are read as such.
_SETTINGS = ("profile", "model", "stage")


@dataclass(frozen=True)
class Variant:
    """One way to judge: `name` as the person wrote it, the settings and the profile that follow, and how many shots
    of each category stand in the profile prompt."""

    name: str
    settings: Settings
    profile: Profile
    shots: int = PROMPT_SHOTS

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for variants that judge alike."""
        return (self.profile.digest, *self.runtime, self.settings.stage, self.shots)

    @property
    def runtime(self) -> tuple[object, ...]:
        """Equal for variants that can share one loaded model."""
        settings = self.settings
        where = (settings.device, settings.bits, settings.base_url)
        return (settings.backend, settings.model, settings.threads, settings.context, *where)


def load_variant(flags: Mapping[str, object], written: str | None = None) -> Variant:
    """What to judge by: the settings that the flags make and, where something was written after `--compare`, its
    changes of them. Raises UsageError for an unknown key or value, and what settings and profiles raise."""
    changes = parse_changes(written) if written is not None else {}
    try:
        settings = load_settings({**flags, **_as_flags(changes)}, os.environ, Path.cwd())
    except SettingsError as error:
        if written is None or str(error.location) not in {f"flag --{key}" for key in changes}:
            raise
        raise UsageError(f"--compare {written}: {error.message}") from error
    profile = load_stacked(settings.profile, Shelf(settings.config_dir / "profiles"))
    if changes.get("definitions") == "off":
        profile = without_definitions(profile)
    refuse_blind(settings, profile)
    return Variant(
        name=written or " + ".join(settings.profile),
        settings=settings,
        profile=profile,
        shots=int(changes.get("shots", PROMPT_SHOTS)),
    )


def parse_changes(written: str) -> dict[str, str]:
    """The changes by key. What has no `=` is a profile. Raises UsageError."""
    if "=" not in written:
        return {"profile": written}
    changes: dict[str, str] = {}
    for part in written.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            guess = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"--compare {written}: unknown key {key!r}", hint=f"{guess}keys are {', '.join(KEYS)}"
            )
        if key in changes:
            raise UsageError(f"--compare {written}: {key} is given twice")
        if not _is_possible(key, value):
            raise UsageError(f"--compare {written}: {key} is {KEYS[key]}, not {value!r}")
        changes[key] = value
    return changes


def without_definitions(profile: Profile) -> Profile:
    """The profile with nothing but examples. Raises UsageError where a category has none."""
    bare = replace(
        profile,
        categories=tuple(replace(category, definition="", note="") for category in profile.categories),
    )
    if blind := without_examples(as_judged(bare)):
        raise UsageError(
            f"definitions=off leaves nothing of {', '.join(blind)}",
            hint="add examples to it, or compare another profile",
        )
    return bare


def _is_possible(key: str, value: str) -> bool:
    """Settings are left to those who read them."""
    match key:
        case "shots":
            return re.fullmatch("[0-9]{1,2}", value) is not None and int(value) <= MOST_SHOTS
        case "definitions":
            return value in ("on", "off")
        case _:
            return bool(value)


def _as_flags(changes: Mapping[str, str]) -> dict[str, object]:
    return {key: [value] if key == "profile" else value for key, value in changes.items() if key in _SETTINGS}
