"""The pictures of an audit's report: small, made anew, as many as fit into a page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from modcli.audit.outcomes import Medium, Outcome
from modcli.errors import MissingExtraError, SourceError
from modcli.images.quoting import without_words
from modcli.profile import Action
from modcli.sources.media import MediaFile, MediaFiles

#: Pictures that a page shows at most, at about 5 kB each.
MOST = 200
#: What a page may hold of them, in characters.
MOST_CHARACTERS = 4_000_000
#: Lines of words read in a picture that are shown, and characters of each.
_LINES, _LONGEST = 12, 200

Making = Callable[[bytes, str, float | None], bytes]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture as a `data:` address, the item and the medium that it is of, and what was read in it. `veiled`: it
    is blurred until somebody clicks it."""

    source: str
    item: Outcome
    medium: Medium
    words: tuple[str, ...] = ()

    @property
    def action(self) -> Action | None:
        """What became of the picture: a person's decision on its item, else its own verdict."""
        if self.item.decision is not None and self.item.decision.after:
            return Action(self.item.decision.after)
        return None if self.medium.severity is None else tuple(Action)[self.medium.severity]

    @property
    def veiled(self) -> bool:
        """Whether it is blurred: what is not allowed, or of an item that is blocked."""
        return self.action is not Action.ALLOW or self.item.settled is Action.BLOCK

    @property
    def told(self) -> str:
        """Which part of it decided and why, without words that were read in it."""
        said = self.medium.error or self.medium.reason
        return without_words(said if said.startswith(self.medium.part) else f"{self.medium.part}: {said}")


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """What a page shows: of `listed` pictures and videos of its items these, the strictest first; `unmade` could not be
    opened."""

    shown: tuple[Thumbnail, ...] = ()
    listed: int = 0
    unmade: int = 0
    size: int = field(default=0)


def thumbnails_of(
    items: Sequence[Outcome], files: MediaFiles, make: Making, *, most: int = MOST, texts: bool = True
) -> Thumbnails:
    """Small pictures of the media of items, of the `most` strictest; `make` makes a JPEG of a file. Raises SourceError
    where the export cannot be opened."""
    media = [(one, shown) for one in items for shown in one.pictures if shown.kind != "audio"]
    chosen = sorted(media, key=lambda pair: -(pair[1].severity if pair[1].severity is not None else 0))[:most]
    by_path: dict[str, list[int]] = {}
    for i, (_, shown) in enumerate(chosen):
        by_path.setdefault(shown.path, []).append(i)
    made: dict[int, Thumbnail] = {}
    size = unmade = 0
    for file in files.read(list(by_path)):
        for i in by_path.pop(file.name, ()):
            one, shown = chosen[i]
            source = _source(file, shown, make)
            if not source:
                unmade += 1
            elif size + len(source) <= MOST_CHARACTERS:
                made[i] = Thumbnail(source, one, shown, _words(shown) if texts else ())
                size += len(source)
    unmade += sum(len(places) for places in by_path.values())
    return Thumbnails(tuple(made[i] for i in sorted(made)), len(media), unmade, size)


def _source(file: MediaFile, shown: Medium, make: Making) -> str:
    """Empty where no picture can be made of it."""
    if file.error:
        return ""
    flagged = shown.details.get("flagged_at") or [None]
    try:
        data = make(file.data, file.name, flagged[0])
    except (SourceError, MissingExtraError):
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def _words(shown: Medium) -> tuple[str, ...]:
    return tuple(line[:_LONGEST] for line in shown.words[:_LINES])
