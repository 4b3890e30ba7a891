"""Modules of modcli that need packages of an extra: they are loaded where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from modcli.errors import MissingExtraError


def module_of_extra(name: str, *, what: str, extra: str) -> Any:
    """A module of modcli by its name. Raises MissingExtraError, by which `what` needs the `extra`, where a package of
    others is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "modcli":
            raise
        raise MissingExtraError(
            f"{what} needs {error.name}", hint=f"pip install 'modcli[{extra}]'"
        ) from error
