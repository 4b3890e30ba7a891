"""Pictures, animations and videos in, verdicts out: what is known first, then what is seen, then what can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from modcli.errors import BackendError, Location, MissingExtraError, PrefixTooLong, SourceError
from modcli.images.agreement import Rule
from modcli.images.ahead import ahead
from modcli.images.near import NearPictures, taken
from modcli.images.ocr import TextReader
from modcli.images.parts import (
    BESIDE,
    PICTURE,
    TOGETHER,
    Looked,
    Opinion,
    Part,
    corner,
    described,
    joined,
    known_part,
    picture_part,
    strictest_part,
    text_name,
)
from modcli.images.picture import Known, Picture, Sampled, Written
from modcli.images.text import quote, text_of
from modcli.images.watching import Watched
from modcli.item import Item
from modcli.profile import Action, Profile
from modcli.verdict import Verdict

#: Pictures that the models see at once.
BATCH = 8
#: Pieces of a text that are judged one by one, to say which of them decided.
MOST_PIECES = 24
NOTHING_LOOKED = "nothing here can judge a picture: no text reader, no detector and no embedder is at hand"


class Sight(Protocol):
    """Tells categories by the look of a picture: a detector, examples, words."""

    @property
    def tells(self) -> frozenset[str]:
        """The categories that it can tell."""
        ...

    @property
    def digest(self) -> str:
        """Of all that decides what it says, hex."""
        ...

    def look(self, pictures: Sequence[Picture]) -> list[list[Opinion]]:
        """What it says of each picture, in order. Raises BackendError."""
        ...


class JudgesTexts(Protocol):
    """The part of a moderator that pictures need."""

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...


@dataclass(frozen=True)
class Eyes:
    """What looks at pictures: `blocked` and `allowed` find those that are known, `sights` tell categories, `reader` reads
    text."""

    blocked: Callable[[Picture], Known | None] = lambda _picture: None
    allowed: Callable[[Picture], Known | None] = lambda _picture: None
    sights: Sequence[Sight] = ()
    reader: TextReader | None = None

    @property
    def pixels_alone(self) -> bool:
        """Whether nothing that looks reads what stands beside a picture as well; who does not say so may."""
        return all(getattr(sight, "pixels_alone", False) for sight in self.sights)

    @property
    def tells(self) -> frozenset[str]:
        """The categories that anything can tell by the look of a picture."""
        return frozenset[str]().union(*(sight.tells for sight in self.sights))


@dataclass(frozen=True)
class _Opened:
    item: Item
    sampled: Sampled | None
    error: str = ""

    @property
    def weight(self) -> int:
        return sum(frame.pixels.nbytes for frame in self.sampled.frames) if self.sampled else 0


class ImageModerator:
    """Judges pictures by one profile. An item is what its strictest part is.

    `open_` makes of an item the frames to judge, one of a still picture; it raises SourceError for an item that cannot be
    opened. `texts` judges what is read. `profile` is the one whose categories are judged, `digest` that of the user's
    own. What cannot be judged gets `on_error`. With `near`, stills that are almost the same as one that was judged take
    its verdict. Without `beside_alone` the text beside a picture is not judged by itself: somebody has done so.
    """

    def __init__(
        self,
        profile: Profile,
        eyes: Eyes,
        texts: JudgesTexts,
        open_: Callable[[Item], Sampled],
        *,
        digest: str,
        model: str = "",
        on_error: Action = Action.WARN,
        rule: Rule = Rule(),  # noqa: B008 -- a frozen value
        near: NearPictures | None = None,
        beside_alone: bool = True,
    ) -> None:
        self._profile = profile
        self._eyes = eyes
        self._texts = texts
        self._open = open_
        self._digest = digest
        self._model = model
        self._on_error = on_error
        self._rule = rule
        self._near = near
        self._beside_alone = beside_alone
        self._untold = tuple(
            c.name for c in profile.categories if c.action is not Action.ALLOW and c.name not in eyes.tells
        )

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order. Files are opened by a thread while the models work, a few at a time."""
        return list(self.verdicts(items))

    def verdicts(self, items: Iterable[Item]) -> Iterator[Verdict]:
        """As `judge`, of any number of items in constant memory."""
        stills: list[_Opened] = []
        opened = ahead(items, self._opened, lambda one: one.weight)
        for one in opened:
            # In order: stills wait for company, and leave before what is no still.
            if one.sampled is not None and len(one.sampled.frames) == 1:
                stills.append(one)
                if len(stills) < BATCH:
                    continue
                yield from self._of_stills(stills)
                stills = []
                continue
            yield from self._of_stills(stills)
            stills = []
            yield self._of_moving(one) if one.sampled is not None else self._failed(one.item, one.error)
        yield from self._of_stills(stills)

    def _opened(self, item: Item) -> _Opened:
        if item.error is not None:
            return _Opened(item, None, item.error)
        try:
            sampled = self._open(item)
        except (SourceError, MissingExtraError) as error:
            # Videos need an extra of their own: without it the pictures beside them are judged all the same.
            told = f"{error.message}: {error.hint}" if isinstance(error, MissingExtraError) else error.message
            return _Opened(item, None, told)
        return _Opened(item, sampled) if sampled.frames else _Opened(item, None, "it has no frame")

    def _of_stills(self, opened: Sequence[_Opened]) -> list[Verdict]:
        """The first of near-duplicates, where these are sought, and its verdict for the others."""
        if self._near is None or not opened:
            return self._together(opened)
        near = self._near
        numbers = [near.number(picture) for one in opened for picture in _still(one)]
        found: dict[int, Verdict] = {}
        waiting = [i for i, one in enumerate(opened) if near.known(numbers[i], one.item.text) is None]
        # Of those that are alike in this batch the first is judged, and the others when it is known what for.
        while waiting:
            first = {numbers[i]: i for i in reversed(waiting)}
            own = sorted(first.values())
            for i, verdict in zip(own, self._together([opened[i] for i in own]), strict=True):
                found[i] = verdict
                if verdict.error is None:
                    near.remember(numbers[i], self._held_beside(opened[i].item, verdict), verdict)
            waiting = [
                i for i in waiting if i not in found and near.known(numbers[i], opened[i].item.text) is None
            ]
        for i, one in enumerate(opened):
            known = near.known(numbers[i], one.item.text)
            if i not in found and known is not None:
                found[i] = taken(known, one.item.id, _still(one)[0])
        return [found[i] for i in range(len(opened))]

    def _held_beside(self, item: Item, verdict: Verdict) -> str | None:
        """The text beside a picture for which a verdict holds; None where it holds for any."""
        read = "text" in (verdict.picture or {}) or (self._beside_alone and bool(item.text))
        return item.text if read or not self._eyes.pixels_alone else None

    def _together(self, opened: Sequence[_Opened]) -> list[Verdict]:
        """Together; where a runtime fails at that, one by one, so that only those it fails at are lost."""
        if not opened:
            return []
        pictures = [picture for one in opened for picture in _still(one)]
        try:
            looked = self._looked(pictures, [one.item for one in opened])
        except PrefixTooLong:  # it concerns all items alike
            raise
        except BackendError as error:
            if len(opened) == 1:
                return [self._failed(opened[0].item, str(error))]
            return [verdict for one in opened for verdict in self._together([one])]
        return [self._verdict(one.item, found) for one, found in zip(opened, looked, strict=True)]

    def _of_moving(self, opened: _Opened) -> Verdict:
        """Frames in time order, until enough of them agree."""
        sampled = opened.sampled
        assert sampled is not None  # noqa: S101 -- by who calls it
        watched = Watched(len(sampled.frames), self._rule)
        try:
            beside = self._beside(opened.item)
            for start in range(0, len(sampled.frames), self._rule.eta):
                frames = sampled.frames[start : start + self._rule.eta]
                for found in self._looked(frames, [replace(opened.item, text="")] * len(frames)):
                    watched.take(found)
                if watched.decided:
                    break
        except PrefixTooLong:
            raise
        except BackendError as error:
            return self._failed(opened.item, str(error))
        parts = [*beside, *watched.parts()]
        if not parts and self._eyes.reader is None:
            return self._failed(opened.item, NOTHING_LOOKED)
        parts = parts or [self._seen()]
        notes = dict.fromkeys(note for found in watched.frames for note in found.notes)
        notes[f"{len(watched.frames)} of {sampled.total:,} frames judged: {sampled.why}"] = None
        verdict = joined(parts, self._untold, list(notes))
        # What stands on many frames is kept once, where it was read first.
        read = {
            line.text: line for found in reversed(watched.frames) for line in found.transcript.lines[::-1]
        }
        lines = list(reversed(read.values()))
        record = described(sampled.frames, lines) | sampled.as_record() | watched.as_record()
        return self._finished(opened.item, replace(verdict, picture=record))

    def _looked(self, pictures: Sequence[Picture], items: Sequence[Item]) -> list[Looked]:
        """The parts of each picture, with the text of its item. Raises BackendError."""
        found = [
            self._recognized(replace(picture, beside=item.text))
            for picture, item in zip(pictures, items, strict=True)
        ]
        rest = [one for one in found if not one.known]
        unseen = [one.picture for one in rest]
        if unseen:
            opinions: list[list[Opinion]] = [[] for _ in rest]
            for sight in self._eyes.sights:
                for own, more in zip(opinions, sight.look(unseen), strict=True):
                    own.extend(more)
            for one, own in zip(rest, opinions, strict=True):
                one.said += [opinion.note for opinion in own if opinion.note]
                if own:
                    one.parts.append(picture_part(self._profile, own, self._model))
            if self._eyes.reader is not None:
                for one, transcript in zip(rest, self._eyes.reader.transcribe(unseen), strict=True):
                    one.transcript = transcript
        self._read(found, items)
        return found

    def _recognized(self, picture: Picture) -> Looked:
        looked = Looked(picture)
        for action, known in (
            (Action.BLOCK, self._eyes.blocked(picture)),
            (Action.ALLOW, self._eyes.allowed(picture)),
        ):
            if known is not None:
                looked.parts.append(known_part(self._profile, action, _told(known)))
                looked.known = True
                break
        return looked

    def _read(self, found: Sequence[Looked], items: Sequence[Item]) -> None:
        """Judge what was read in pictures, what stands beside them, and both together; all at once."""
        wanted: list[tuple[int, str, str, tuple[int, int]]] = []
        for i, (one, item) in enumerate(zip(found, items, strict=True)):
            lines = one.transcript.lines
            if item.text.strip() and self._beside_alone:
                wanted.append((i, BESIDE, item.text, (0, 0)))
            if not lines:
                continue
            read = text_of(lines)
            at = corner(lines[:1])
            wanted += [(i, "", text, at) for text in read.parts]
            if item.text.strip():
                wanted += [(i, TOGETHER, f"{item.text}\n{text}", at) for text in read.parts]
        verdicts = self._texts_judged([text for _, _, text, _ in wanted], items)
        for (i, name, text, at), verdict in zip(wanted, verdicts, strict=True):
            name = name or text_name(text, at)
            if name.startswith("text in") and verdict.action is not Action.ALLOW and verdict.error is None:
                name = self._placed(found[i].transcript.lines, text, verdict, items[i]) or name
            found[i].parts.append(Part(name, verdict, text, sure=True))
        for one in found:
            if one.transcript.error:
                failed = Verdict("", self._on_error, reason="could not be judged", error=one.transcript.error)
                one.parts.append(Part("text in the picture", failed))

    def _placed(self, lines: Sequence[Written], text: str, verdict: Verdict, item: Item) -> str:
        """The name of a text by the paragraph that alone does most of what the whole does, where one does; of a single
        paragraph by the line."""
        paragraphs = text.split("\n")
        pieces = paragraphs if len(paragraphs) > 1 else [line.text for line in lines]
        if not 1 < len(pieces) <= MOST_PIECES:
            return ""
        alone = self._texts_judged(pieces, [item])
        parts = [
            Part(text_name(piece, corner(quote(lines, piece) or lines)), one)
            for piece, one in zip(pieces, alone, strict=True)
            if one.action is verdict.action and one.error is None
        ]
        return strictest_part(parts).name if parts else ""

    def _texts_judged(self, texts: Sequence[str], items: Sequence[Item]) -> list[Verdict]:
        """The verdict of each text; equal ones are judged once."""
        if not texts:
            return []
        once = list(dict.fromkeys(texts))
        location = items[0].location if items else Location("<picture>")
        verdicts = self._texts.judge([Item(str(i), text, location) for i, text in enumerate(once)])
        by_text = dict(zip(once, verdicts, strict=True))
        return [by_text[text] for text in texts]

    def _beside(self, item: Item) -> list[Part]:
        wanted = self._beside_alone and item.text.strip()
        (verdict,) = self._texts_judged([item.text], [item]) if wanted else (None,)
        return [Part(BESIDE, verdict, item.text)] if verdict is not None else []

    def _verdict(self, item: Item, found: Looked) -> Verdict:
        record = described([found.picture], found.transcript.lines)
        record |= {"debated": list(found.said)} if found.said else {}
        if not found.parts:
            # A reader that found nothing to read has looked: it is allowed, with a note of all that was not told.
            if self._eyes.reader is None:
                return self._failed(item, NOTHING_LOOKED)
            found.parts.append(self._seen())
        untold = () if found.known else self._untold
        verdict = joined(found.parts, untold, found.notes)
        return self._finished(item, replace(verdict, picture=record))

    def _seen(self) -> Part:
        """A picture in which nothing was to read, and of which no model tells anything."""
        return Part(PICTURE, Verdict("", Action.ALLOW, stage="empty", reason="no text in it"))

    def _finished(self, item: Item, verdict: Verdict) -> Verdict:
        if verdict.error is not None and verdict.action is not Action.BLOCK:
            verdict = replace(verdict, action=self._on_error)
        return replace(verdict, id=item.id, profile=self._digest, model=verdict.model or self._model)

    def _failed(self, item: Item, error: str) -> Verdict:
        return Verdict(
            item.id,
            self._on_error,
            reason="could not be judged",
            model=self._model,
            profile=self._digest,
            error=error,
        )


def _still(opened: _Opened) -> Sequence[Picture]:
    return opened.sampled.frames if opened.sampled is not None else ()


def _told(known: Known) -> str:
    mirrored = ", mirrored" if known.mirrored else ""
    return f"as in {known.source} ({known.distance} bits apart{mirrored})"
