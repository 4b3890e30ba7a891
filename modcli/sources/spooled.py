"""Items that are gone through twice, on disk in between: standard input can be read only once."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator

from modcli.errors import Location, OutputError
from modcli.item import Item, Kind


class Spooled:
    """Keeps items in a temporary file without a name, which is gone when the program is."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile(prefix="modcli-")  # noqa: SIM115 -- closed by `close`
        except OSError as error:
            raise _no_room(error) from error

    def through(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, each kept as it passes. Raises OutputError where the disk is full."""
        for item in items:
            where = (item.location.name, item.location.line, item.location.column)
            # A proxy, as metadata may be, cannot be written.
            fields = (item.id, item.text, where, item.raw, str(item.kind), dict(item.metadata), item.error)
            try:
                pickle.dump(fields, self._file, pickle.HIGHEST_PROTOCOL)
            except OSError as error:
                raise _no_room(error) from error
            yield item

    def again(self) -> Iterator[Item]:
        """The same items, in order."""
        self._file.seek(0)
        while True:
            try:
                id, text, where, raw, kind, metadata, error = pickle.load(self._file)  # noqa: S301 -- our own
            except EOFError:
                return
            yield Item(id, text, Location(*where), raw, Kind(kind), metadata, error)

    def close(self) -> None:
        """Free the disk."""
        self._file.close()


def _no_room(error: OSError) -> OutputError:
    return OutputError(
        f"the items cannot be kept in {tempfile.gettempdir()} for a second pass ({error})",
        hint="TMPDIR names another folder",
    )
