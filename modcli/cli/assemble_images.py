"""A moderator of pictures, joined from settings, a profile and the moderator of texts. Loads the extra `images`."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from modcli.cascade.cache import VerdictCache
from modcli.cascade.moderator import Moderator
from modcli.cli.assemble import VERDICTS, method_of
from modcli.cli.assemble_cascade import cascade_file
from modcli.cli.assemble_embedder import build_embedder
from modcli.cli.assemble_vision import build_vision
from modcli.cli.check_images import Ways
from modcli.cli.progress import TransferProgress
from modcli.embedders.base import Embedder
from modcli.errors import BackendError, MissingExtraError, ModcliError, WeightsError
from modcli.images.debate import Costs
from modcli.images.decoding import open_picture
from modcli.images.detectors import Detector
from modcli.images.detectors_opening import DETECTORS, Opening, open_detectors
from modcli.images.embedder_opening import open_image_embedder
from modcli.images.frames import sample
from modcli.images.hashes import SAME, HashList, Index
from modcli.images.heads_sight import HeadSight, build_head_sight
from modcli.images.moderating import Eyes, ImageModerator, Sight
from modcli.images.near import NearPictures
from modcli.images.ocr import RapidOcr
from modcli.images.ocr_tesseract import Tesseract
from modcli.images.picture import Known, Picture, Sampled
from modcli.images.remembering import Remembered, scope_of
from modcli.images.seeing import DetectorSight
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, HashFile, Profile
from modcli.settings import Settings
from modcli.weights.locate import ModelFile, ensure
from modcli.weights.registry import AUTO

#: What is computed once, for the pictures that all are compared with, is kept here.
FOLDER = "images"


def build_image_moderator(
    settings: Settings,
    profile: Profile,
    moderator: Moderator,
    *,
    on_error: Action,
    tell: Callable[[str], None],
    costs: Costs | None = None,
    ways: Ways = Ways(),  # noqa: B008 -- a frozen value
) -> ImageModerator | Remembered:
    """What is known, detectors that the profile names, what a vision-language model sees where one is named, and text in
    pictures. Fetches weights where allowed. `costs` counts what debates take, `ways` say what else is to be done.

    Raises MissingExtraError, WeightsError, SourceError for a list of hashes that cannot be read, UsageError.
    """
    judged = as_judged(profile)
    sights = _sights(settings, judged, tell)
    if vision := build_vision(settings, judged, costs or Costs(), settings.cache_dir / FOLDER, tell):
        sights.append(vision)
    reader = RapidOcr(threads=settings.threads, scripts=_scripts(settings, tell))
    eyes = Eyes(
        blocked=_known(profile.blocked_hashes, {}, tell),
        allowed=_known(profile.allowed_hashes, SAME, tell),
        sights=sights,
        reader=reader,
    )
    model = scope_of(*(sight.digest for sight in sights), reader.digest)
    built = ImageModerator(
        judged,
        eyes,
        moderator,
        opened,
        digest=profile.digest,
        model=model,
        on_error=on_error,
        near=NearPictures() if ways.group else None,
        beside_alone=ways.beside_alone,
    )
    if not (ways.cache and settings.cache):
        return built
    cascade = cascade_file(settings, profile)
    early = hashlib.sha256(cascade.read_bytes()).hexdigest() if cascade.is_file() else ""
    scope = scope_of(profile.digest, model, moderator.model, method_of(settings, profile), early)
    try:
        return Remembered(built, VerdictCache(settings.cache_dir / VERDICTS, scope), tell)
    except (OSError, sqlite3.Error) as error:
        tell(
            f"verdicts on pictures cannot be kept in {settings.cache_dir} ({error}); judging goes on without"
        )
        return built


def opened(item: Item) -> Sampled:
    """The frames of an item's picture. Raises SourceError."""
    if "data" in item.metadata:
        return sample(item.metadata["data"], name=item.id)
    return sample(Path(item.metadata["image"]), name=item.metadata["image"])


def _known(
    files: tuple[HashFile, ...], limits: dict[str, int], tell: Callable[[str], None]
) -> Callable[[Picture], Known | None]:
    lists = [HashList.load(Path(file.path)) for file in files]
    for each in lists:
        if each.unread:
            tell(
                f"{each.name}: {each.unread:,} entries are no hashes known here; the first: {each.skipped[0]}"
            )
    if not lists:
        return lambda _picture: None
    index = Index(lists, limits)
    return lambda picture: next(iter(index.near(picture)), None)


def _scripts(settings: Settings, tell: Callable[[str], None]) -> Tesseract | None:
    """What reads other scripts, where it is installed; a language that the user named has to be."""
    try:
        return Tesseract(settings.ocr_languages)
    except MissingExtraError:
        if settings.ocr_languages:
            raise
        return None
    except BackendError as error:
        tell(f"other scripts than Latin, Chinese and Japanese are not read: {error}")
        return None


def _sights(settings: Settings, profile: Profile, tell: Callable[[str], None]) -> list[Sight]:
    sights: list[Sight] = []
    if detectors := _detectors(settings, profile, tell):
        sights.append(detectors)
    if heads := _heads(settings, profile, tell):
        sights.append(heads)
    return sights


def _heads(settings: Settings, profile: Profile, tell: Callable[[str], None]) -> HeadSight | None:
    """What tells categories by example pictures and by words. None where there is to be no embedder, or, with a line that
    says so, where there can be none and nobody asked for one."""
    name = settings.image_embedder
    shown = any(category.images for category in profile.categories)
    dry = settings.backend == "scripted" and name == AUTO and not shown
    wanted = [category for category in profile.categories if category.images or not category.detectors]
    if name == "none" or dry or not wanted:
        return None
    folder = settings.cache_dir / FOLDER
    try:
        embedder = open_image_embedder(
            name,
            locating(settings),
            settings.cache_dir,
            threads=settings.threads,
            offline=bool(settings.offline),
            device=settings.device if settings.device != AUTO else "cpu",
        )
    except (WeightsError, MissingExtraError) as error:
        if shown or name != AUTO:
            raise
        tell(
            f"no image embedder, so nothing is told by words: {error}"
            + (f" ({error.hint})" if error.hint else "")
        )
        return None
    texts = None if all(category.images for category in wanted) else _text_embedder(settings, tell)
    sight = build_head_sight(profile, embedder, texts, open_picture, folder)
    for note in sight.notes:
        tell(note)
    return sight


def _text_embedder(settings: Settings, tell: Callable[[str], None]) -> Embedder | None:
    try:
        return build_embedder(settings)
    except ModcliError as error:
        tell(
            f"no text embedder, so nothing is told by words: {error}"
            + (f" ({error.hint})" if error.hint else "")
        )
        return None


def _detectors(settings: Settings, profile: Profile, tell: Callable[[str], None]) -> DetectorSight | None:
    names = dict.fromkeys(one.name for category in profile.categories for one in category.detectors)
    if not names:
        return None
    opening = Opening(locating(settings), settings.cache_dir, threads=settings.threads)
    found: dict[str, tuple[Detector, ...]] = {}
    alone = []
    for name in names:
        opened_ = open_detectors(name, opening)
        found[name] = opened_.detectors
        for note in opened_.notes:
            tell(note)
        if len(opened_.detectors) < len(DETECTORS[name]):
            alone.append(name)
    return DetectorSight(profile, found, alone)


def locating(settings: Settings) -> Callable[[str], ModelFile]:
    """Gives the registry's model of a name, fetched where allowed."""

    def locate(name: str) -> ModelFile:
        with TransferProgress() as progress:
            return ensure(name, settings.data_dir, offline=settings.offline, progress=progress)

    return locate
