"""Every error that modcli raises on purpose.

    ModcliError                 exit status
    ├── UsageError              2   the command line asks for something that cannot be done
    ├── SettingsError           2   a configuration file or environment variable is wrong
    ├── ProfileError            2   a profile cannot be found, read, understood or edited
    ├── WeightsError            2   a model file is missing, unknown, altered or unreachable
    ├── BackendError            2   the model runtime failed
    │   └── PrefixTooLong       2   the profile does not fit into the model's context
    ├── MissingExtraError       2   an optional package is not installed
    ├── SourceError             2   an input cannot be opened at all
    └── OutputError             2   a result cannot be written (full disk, closed file)

An item that cannot be read or judged is no exception: it is a Verdict with an `error` (exit status 3).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in an input: a file's name (or `<stdin>`), and line and column counted from 1 where known."""

    name: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.name, self.line, self.column) if part is not None)


class ModcliError(Exception):
    """What failed, where, and what the user can do about it."""

    exit_code = 2

    def __init__(self, message: str, *, location: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location else self.message


class UsageError(ModcliError):
    """The command line asks for something that cannot be done."""


class SettingsError(ModcliError):
    """A configuration file or an environment variable is wrong."""


class ProfileError(ModcliError):
    """A profile cannot be found, read, understood or edited."""


class WeightsError(ModcliError):
    """A model file is missing, unknown, altered or unreachable."""


class BackendError(ModcliError):
    """The model runtime failed."""


class PrefixTooLong(BackendError):
    """The fixed part of a prompt does not fit into the model's context window."""


class MissingExtraError(ModcliError):
    """An optional package is not installed."""


class SourceError(ModcliError):
    """An input cannot be opened at all."""


class OutputError(ModcliError):
    """A result cannot be written."""
