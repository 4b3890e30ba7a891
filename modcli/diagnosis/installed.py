"""What modcli is given to work with: settings, profiles, weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modcli.diagnosis.finding import Finding, failure, ok, problem, warning
from modcli.errors import ProfileError, WeightsError
from modcli.profiles.find import Shelf
from modcli.profiles.lint import Severity, lint
from modcli.profiles.load import load_found, load_stacked
from modcli.settings import Settings, is_path
from modcli.weights.digests import DigestRecords
from modcli.weights.inventory import presence
from modcli.weights.places import Places
from modcli.weights.registry import load_registry


@dataclass(frozen=True, slots=True)
class Weights:
    """What was found of the model: `bytes` is its size where it is whole, `missing` what is still to be fetched."""

    finding: Finding
    usable: bool
    bytes: int
    missing: int = 0


def settings_files(settings: Settings) -> Finding:
    """Which files the settings come from; that they were read shows that they can be."""
    changed = sorted({origin for _, _, origin in settings if origin != "default"})
    return ok("settings", f"from {', '.join(changed)}" if changed else "all of them the defaults")


def network(offline: bool | None) -> Finding:
    """When the network is used."""
    if offline:
        return ok("network", "never used (`offline` is true)")
    return ok("network", "used only to fetch a model that is missing")


def profiles(shelf: Shelf) -> Iterator[Finding]:
    """All profiles with a name: how many, and which of them are broken."""
    found = shelf.all()
    broken = []
    warnings = 0
    for one in found:
        try:
            loaded = load_found(one, shelf)
            warnings += sum(finding.severity is Severity.WARNING for finding in lint(loaded))
        except ProfileError as error:
            broken.append(warning(f"profile {one.name}", str(error), error.hint or ""))
    told = f"{len(found)} found, {len(broken)} invalid, {_warnings(warnings)} of `profile validate`"
    yield (
        ok("profiles", told)
        if found
        else problem("profiles", "none found, not even those that ship", "install again")
    )
    yield from broken


def chosen_profile(wishes: Sequence[str], shelf: Shelf) -> Finding:
    """The one that would be used."""
    name = " + ".join(wishes)
    try:
        profile = load_stacked(wishes, shelf)
    except ProfileError as error:
        return failure(f"profile {name}", error)
    weak = sum(finding.severity is Severity.WARNING for finding in lint(profile))
    detail = f"{len(profile.categories)} categories, {_warnings(weak)}"
    if not profile.categories:
        return warning(
            f"profile {name}", "no category: everything is allowed", f"modcli profile block NAME -p {name}"
        )
    return ok(f"profile {name}", detail)


def _warnings(count: int) -> str:
    return f"{count} warning{'' if count == 1 else 's'}"


def weights(model: str, data_dir: Path, *, offline: bool | None) -> Weights:
    """The model's files, by the digests on record: quick, nothing is hashed."""
    if is_path(model):
        return _file(Path(model).expanduser(), data_dir)
    try:
        entry = load_registry().get(model)
    except WeightsError as error:
        return Weights(failure("weights", error), usable=False, bytes=0)
    there = presence(entry, data_dir)
    size = f"{entry.bytes / 1e6:,.0f} MB"
    if there.state == "verified":
        return Weights(ok("weights", f"{entry.name}, {size}, verified"), usable=True, bytes=entry.bytes)
    if there.state == "unverified":
        found = warning(
            "weights", f"{entry.name}, {size}, not hashed yet", f"modcli models verify {entry.name}"
        )
        return Weights(found, usable=True, bytes=entry.bytes)
    if there.is_there:
        found = problem(
            "weights", f"{entry.name} is {there.state}", f"modcli models pull {entry.name} --force"
        )
        return Weights(found, usable=False, bytes=entry.bytes)
    told = f"{entry.name} is not on this machine ({size})"
    make = problem if offline else warning
    hint = f"{'MODCLI_OFFLINE=false ' if offline else ''}modcli models pull {entry.name}"
    return Weights(
        make("weights", told, hint), usable=False, bytes=entry.bytes, missing=entry.bytes - there.bytes
    )


def _file(path: Path, data_dir: Path) -> Weights:
    if not path.is_file():
        return Weights(
            problem("weights", f"{path} is not there", "modcli models list"), usable=False, bytes=0
        )
    known = DigestRecords(Places(data_dir).records).known(path)
    told = f"SHA-256 {known[:16]}..." if known else "not hashed yet"
    size = path.stat().st_size
    return Weights(ok("weights", f"{path}, {size / 1e6:,.0f} MB, {told}"), usable=True, bytes=size)
