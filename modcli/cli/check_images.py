"""`modcli check --image`, and pictures among texts: which inputs are pictures, and who judges them.

Light, so that `check` can load it where there is no picture: what pictures are judged by is loaded with the first one.
"""

from __future__ import annotations

import importlib
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Protocol

import typer

from modcli.cascade.moderator import Moderator, Statistics
from modcli.cli.stream import PREPARING, Judging
from modcli.errors import Location, MissingExtraError, UsageError
from modcli.images.debate import Costs
from modcli.images.formats import HEAD, is_picture, is_video, named_format
from modcli.item import NO_METADATA, Item, Kind
from modcli.profile import Action, Profile
from modcli.reports.base import Report
from modcli.reports.summary import Figures, counted
from modcli.settings import Settings
from modcli.sources.inputs import DASH, STDIN, Reader, read_inputs
from modcli.verdict import Verdict

#: The field of JSON Lines that names a picture's file.
FIELD = "image"
#: Bytes of a picture on standard input.
MOST_BYTES = 256 << 20
#: What of the time went to debates.
DEBATING = "debating"
#: How many items are taken at once where all are pictures.
BATCH = 32

Images = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        metavar="FILE",
        help="Judge this picture or video, and each FILE: also one that its content does not show to be one.",
    ),
]
VisionModel = Annotated[
    str | None,
    typer.Option(
        "--vision-model",
        metavar="ORG/NAME|PATH",
        help="Of pictures: a vision-language model that judges them, too; of the hub, a folder, or a GGUF file.",
    ),
]
Mmproj = Annotated[
    str | None,
    typer.Option(
        "--mmproj", metavar="FILE", help="Of a --vision-model that is a GGUF file: the part that sees."
    ),
]
Debate = Annotated[
    int | None,
    typer.Option(
        "--debate",
        min=0,
        max=5,
        metavar="N",
        help="Of pictures: let the --vision-model argue for and against what it is unsure of, N rounds. Slow.",
    ),
]


@dataclass(frozen=True, slots=True)
class Ways:
    """What else is asked of a moderator of pictures: that near-duplicates take the verdict of the first (`group`), that
    verdicts are kept and taken from the cache, and whether the text beside a picture is judged by itself as well."""

    group: bool = False
    cache: bool = False
    beside_alone: bool = True


class JudgesImages(Protocol):
    """The part of an image moderator that is used here."""

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...


def check_images(given: Sequence[str] | None, asked: Mapping[str, object]) -> None:
    """Raise UsageError where all inputs are pictures, for what is asked of texts and has no meaning for them."""
    for name, value in asked.items():
        if given and value:
            raise UsageError(
                f"--{name} is for texts, and --image judges pictures", hint=f"leave out --{name}"
            )


def is_image(name: str, *, all_are: bool = False) -> bool:
    """Whether an input is a picture or a video: by its content, or by its name, or because all are."""
    if all_are:
        return True
    if name == DASH:
        return False
    if named_format(name):
        return True
    try:
        if not stat.S_ISREG(Path(name).stat().st_mode):
            return False
        with Path(name).open("rb", buffering=0) as file:
            head = file.read(HEAD)
    except (OSError, ValueError):
        return False
    return bool(is_picture(head) or is_video(head))


def read_mixed(names: Sequence[str], reader_of: Callable[[str], Reader], all_are: bool) -> Iterator[Item]:
    """The items of all inputs, one of each picture; `raw` of a picture is its name, which a filter passes on."""
    for name in names:
        if is_image(name, all_are=all_are):
            yield image_item(name)
        else:
            for item in read_inputs([name], reader_of):
                yield with_image(item)


def image_item(name: str) -> Item:
    """The item of a picture that is named on the command line."""
    raw = f"{name}\n".encode("utf-8", "surrogateescape")
    if name != DASH:
        found: dict[str, Any] = {"image": name}
        return Item(name, "", Location(name), raw, Kind.IMAGE, MappingProxyType(found))
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    error = f"more than {MOST_BYTES:,} bytes" if len(data) > MOST_BYTES else None
    # A name for messages: what comes through a pipe has none.
    return Item(STDIN, "", Location(STDIN), raw, Kind.IMAGE, MappingProxyType({"data": data}), error)


def with_image(item: Item) -> Item:
    """A record of JSON Lines that names a picture, as the item of that picture with the text beside it. Its path is seen
    from the file that names it."""
    if "fields" not in item.metadata:
        return item
    named = item.metadata["fields"].get(FIELD)
    kept = {key: value for key, value in item.metadata.items() if key != "fields"}
    item = replace(item, metadata=MappingProxyType(kept) if kept else NO_METADATA)
    if named is None or item.error is not None:
        return item
    if not isinstance(named, str) or not named:
        return replace(item, error=f"field {FIELD!r} is not the path of a file")
    if "://" in named:
        return replace(
            item, error=f"field {FIELD!r} is an address, and pictures are not fetched: name a file"
        )
    folder = Path() if item.location.name == STDIN else Path(item.location.name).parent
    found = {**kept, "image": str(folder / named)}
    return replace(item, kind=Kind.IMAGE, metadata=MappingProxyType(found))


class WithImages:
    """A moderator of texts that hands pictures on to one of pictures, which `build` makes for the first of them."""

    def __init__(
        self,
        judging: Judging,
        moderator: Moderator,
        build: Callable[[], JudgesImages],
        *,
        all_are: bool = False,
        costs: Costs | None = None,
    ) -> None:
        self._judging = judging
        self._moderator = moderator
        self._build = build
        self._costs = costs or Costs()
        self._images: JudgesImages | None = None
        self._all_are = all_are

    @property
    def batch(self) -> int:
        """See `Judging.batch`."""
        return BATCH if self._all_are else self._judging.batch

    @property
    def statistics(self) -> Figures:
        """See `Judging.statistics`."""
        return self._judging.statistics

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Raises MissingExtraError for a picture without the extra."""
        images = [i for i, item in enumerate(items) if item.kind is Kind.IMAGE]
        if not images:
            return self._judging.judge(items)
        texts = [i for i, item in enumerate(items) if item.kind is not Kind.IMAGE]
        found = dict(zip(texts, self._judging.judge([items[i] for i in texts]), strict=True)) if texts else {}
        found |= zip(images, self._judged([items[i] for i in images]), strict=True)
        return [found[i] for i in range(len(items))]

    def explain(self, item: Item, verdict: Verdict) -> Verdict:
        """See `Judging.explain`; of a picture only where a text decided: no model here writes about what it sees."""
        if item.kind is not Kind.IMAGE:
            return self._judging.explain(item, verdict)
        if not verdict.decided_on:
            return verdict
        return self._moderator.explain(replace(item, text=verdict.decided_on, kind=Kind.TEXT), verdict)

    def _judged(self, items: Sequence[Item]) -> list[Verdict]:
        figures = self._moderator.statistics
        if self._images is None:
            start = time.perf_counter()
            self._images = self._build()
            # What is done once says nothing of the speed of the next items.
            figures.seconds[PREPARING] = figures.seconds.get(PREPARING, 0.0) + time.perf_counter() - start
        # What is read in pictures is judged by the moderator of texts, and is no item of its own.
        stages, before, start = Counter(figures.stages), sum(figures.seconds.values()), time.perf_counter()
        verdicts = self._images.judge(items)
        within = sum(figures.seconds.values()) - before
        debated = self._told(figures)
        elapsed = max(0.0, time.perf_counter() - start - within - debated)
        figures.seconds["pictures"] = figures.seconds.get("pictures", 0.0) + elapsed
        figures.stages = stages + Counter("cache" if one.cached else one.stage for one in verdicts)
        return verdicts

    def _told(self, figures: Statistics) -> float:
        """What debates took, of all until now, is told by itself. Returns the seconds that are new."""
        before = 0.0
        for name in [name for name in figures.seconds if name.startswith(DEBATING)]:
            before += figures.seconds.pop(name)
        costs = self._costs
        if costs.debates:
            told = (
                f"{DEBATING} ({counted(costs.debates, 'debate')}, {counted(costs.generations, 'generation')})"
            )
            figures.seconds[told] = costs.seconds
        return costs.seconds - before


class ImageReport:
    """A report in which a picture is described where a text would stand."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def write(self, item: Item, verdict: Verdict) -> None:
        """See `Report.write`."""
        self._report.write(described(item, verdict) if item.kind is Kind.IMAGE else item, verdict)

    def close(self) -> None:
        """See `Report.close`."""
        self._report.close()


def described(item: Item, verdict: Verdict) -> Item:
    """The item with what is known of its picture in place of a text: the text beside it, its size, and what was read."""
    picture = verdict.picture or {}
    parts = [item.text] if item.text else []
    if picture:
        parts.append(f"{picture['format']}, {picture['width']} x {picture['height']}")
    if lines := picture.get("text"):
        parts.append(" ".join(line["text"] for line in lines))
    return replace(item, text="; ".join(parts))


def loader(
    settings: Settings,
    profile: Profile,
    moderator: Moderator,
    *,
    on_error: Action,
    tell: Callable[[str], None],
    costs: Costs | None = None,
    ways: Ways = Ways(),
) -> Callable[[], JudgesImages]:
    """What makes the moderator of pictures; it raises MissingExtraError where the extra is not installed. `costs` counts
    what debates take. Raises UsageError for parts of a vision-language model without one."""
    for name in ("debate", "mmproj"):
        if getattr(settings, name) and not settings.vision_model and settings.origin(name).startswith("flag"):
            raise UsageError(
                f"--{name} is of a vision-language model", hint="add --vision-model ORG/NAME or a path"
            )

    def build() -> JudgesImages:
        try:
            assembling = importlib.import_module("modcli.cli.assemble_images")
            built: JudgesImages = assembling.build_image_moderator(
                settings, profile, moderator, on_error=on_error, tell=tell, costs=costs, ways=ways
            )
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] == "modcli":
                raise
            raise MissingExtraError(
                f"pictures are judged with {error.name}", hint="pip install 'modcli[images]'"
            ) from error
        return built

    return build
