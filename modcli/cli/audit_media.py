"""`modcli audit`: the pictures and videos of an archive, after its texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from modcli.audit.media import MediaDone, judge_media, pending_media
from modcli.audit.media_listing import media_counts
from modcli.audit.run import Wish
from modcli.audit.store import AuditStore, Judgement
from modcli.cascade.moderator import Moderator
from modcli.cli.check_images import JudgesImages, Ways, loader
from modcli.cli.stream import tell
from modcli.errors import MissingExtraError, ModcliError, SourceError, WeightsError
from modcli.item import Item
from modcli.profile import Action, Profile
from modcli.settings import Settings
from modcli.sources.media import media_of
from modcli.verdict import Verdict

Media = Annotated[
    bool | None,
    typer.Option(
        "--media/--no-media",
        help="Judge its pictures and videos as well. Default: where the extra `images` is installed.",
    ),
]


@dataclass(frozen=True)
class Shown:
    """What the media of an audit are judged by: `wanted` is None where nobody said whether they are to be; `source` is
    the export; `moderator` judges the texts in them."""

    wanted: bool | None
    source: Path
    settings: Settings
    profile: Profile
    moderator: Moderator
    wish: Wish
    on_error: Action
    options: Mapping[str, Any]


def judge_shown(
    store: AuditStore, judgement: Judgement, shown: Shown, done: Callable[[MediaDone], None]
) -> MediaDone | None:
    """Judge what is pending; None where there is nothing. What was not judged, and why, is said once. Where media were
    asked for and cannot be judged, raises MissingExtraError, WeightsError or SourceError."""
    number = pending_media(store, judgement, shown.wish)
    if not number:
        _tell_sound(store, judgement)
        return None
    if shown.wanted is False:
        _tell_left(number, "--no-media")
        return None
    building = _Building(shown)
    try:
        state = judge_media(
            store,
            judgement,
            building,
            media_of(shown.source),
            on_error=shown.on_error,
            options=shown.options,
            done=done,
        )
    except (MissingExtraError, WeightsError, SourceError) as error:
        if shown.wanted or (not building.failed and not isinstance(error, SourceError)):
            raise
        _tell_left(pending_media(store, judgement, shown.wish), _told(error))
        return None
    if state.absent:
        _tell_left(state.absent, "their files are not part of this export")
    _tell_sound(store, judgement)
    return state


class _Building:
    """Makes the moderator of pictures for the first of them: an export of texts alone needs none."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._made: JudgesImages | None = None
        #: Whether it could not be made.
        self.failed = False

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """See `JudgesMedia.judge`."""
        if self._made is None:
            shown = self._shown
            ways = Ways(group=True, beside_alone=False)
            build = loader(
                shown.settings,
                shown.profile,
                shown.moderator,
                on_error=shown.on_error,
                tell=tell,
                ways=ways,
            )
            try:
                self._made = build()
            except ModcliError:
                self.failed = True
                raise
        return self._made.judge(items)


def _tell_left(number: int, why: str) -> None:
    counted = "1 picture or video was" if number == 1 else f"{number:,} pictures and videos were"
    tell(f"{counted} not judged: {why}")


def _tell_sound(store: AuditStore, judgement: Judgement) -> None:
    sound = media_counts(store, judgement.id).sound
    if sound:
        tell(f"{sound:,} recordings of sound were not judged: sound is not listened to")


def _told(error: ModcliError) -> str:
    return f"{error}" + (f" ({error.hint})" if error.hint else "")
