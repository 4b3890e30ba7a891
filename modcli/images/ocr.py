"""Text in pictures, read by RapidOCR on this machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from modcli.errors import BackendError, MissingExtraError, WeightsError
from modcli.images.ocr_decoding import SpacedDecoder
from modcli.images.ocr_lines import Line, Points, covered, in_reading_order, pieces
from modcli.images.ocr_tesseract import is_of
from modcli.images.picture import Picture, Pixels, Written

#: The weights that RapidOCR 3.10's wheel carries, and what was measured: a file's SHA-256 by its part in reading.
WEIGHTS = {
    "Det": ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
    "Rec": ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
    "Cls": (
        "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
        "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
    ),
}
#: The longer side, in pixels, that text is looked for in. RapidOCR's own default enlarges small pictures: slower, and
#: faint text is lost.
_SIDE = 960
#: Below this a line is tried the other way round too; below the second one it was not read.
_SURE, _READ = 0.85, 0.5
#: What is no Latin, Chinese or Japanese script is read as nonsense with a sureness below this.
_HARD = 0.8
#: Scripts that it has the letters of, and misses many.
_WEAK = {"GREEK", "CYRILLIC"}
#: Shorter results are mostly false (a "8" in a photo), unless there is other text beside them.
_SHORT = 3
#: Lines read of one picture: noise has thousands of places that might be text.
MOST_LINES = 400
#: And how long they are together, each by its height: what a line takes to read grows with it. A page that is full of
#: small print has less.
MOST_LENGTH = 20_000.0
#: Of these, lines shown to the reader of other scripts, which is slow.
MOST_REREAD = 200
#: What is longer than so many times its height is no line of text: the network's input grows with it, and memory.
_LONGEST = 200
#: Smaller pictures hold no letters, and are too small for the network.
_SMALLEST = 8
#: A part of every digest: changes whenever the same weights would read otherwise.
_VERSION = "rapidocr 3.10, max 960, lines retried, spaced, 3"

UNKNOWN_SCRIPT = "text of a script that cannot be read here"
HARD_TO_READ = "text that was hard to read, perhaps of another script"
TOO_MANY = f"more text than is read of one picture ({MOST_LINES} lines): the rest was not read"


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was read in a picture: lines in reading order, notes on what was not read, and why reading failed."""

    lines: tuple[Written, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


class TextReader(Protocol):
    """Reads text in pictures."""

    @property
    def name(self) -> str:
        """Its name in verdicts."""
        ...

    @property
    def digest(self) -> str:
        """Changes whenever the same picture would be read otherwise, hex."""
        ...

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        """One for each picture, in order. Raises nothing for a picture that fails: its transcript says so."""
        ...

    def read(self, pictures: Sequence[Picture]) -> list[list[Written]]:
        """The lines alone."""
        ...


class ScriptReader(Protocol):
    """Reads lines of scripts that RapidOCR does not know."""

    @property
    def digest(self) -> str:
        """As `TextReader.digest`."""
        ...

    @property
    def asked(self) -> bool:
        """Whether a person has named its languages: then every line is shown to it, not the doubtful ones alone."""
        ...

    def reread(self, crops: Sequence[Pixels]) -> list[tuple[str, float]]:
        """Text and sureness (0 to 1) of each line, upright, RGB; "" where it is of no script of its own.

        Raises BackendError.
        """
        ...


class ScriptedReader:
    """Says what it was told to: for tests and demonstrations. `texts` has the lines by the picture's name."""

    name = "scripted"

    def __init__(self, texts: Mapping[str, Sequence[Written]]) -> None:
        self._texts = dict(texts)
        self.digest = hashlib.sha256(repr(sorted(self._texts.items())).encode()).hexdigest()

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        """See `TextReader.transcribe`."""
        return [Transcript(tuple(self._texts.get(picture.name, ()))) for picture in pictures]

    def read(self, pictures: Sequence[Picture]) -> list[list[Written]]:
        """See `TextReader.read`."""
        return [list(transcript.lines) for transcript in self.transcribe(pictures)]


class RapidOcr:
    """RapidOCR with the PP-OCRv6 weights of its wheel (English and other Latin scripts, Chinese, Japanese).

    Text is looked for in the picture at 960 pixels; a line that is read with little sureness is tried turned, and what
    has the best sureness times length is kept. Lines that stay unread go to `scripts`, where there is one.
    `weights` is a folder with the files of `WEIGHTS`, by default the installed package's: nothing is fetched. As many
    pictures as `threads` (0: all cores) are read at once, each on one thread.

    Raises MissingExtraError where the package is not there, WeightsError where a file is missing or altered,
    BackendError where the models do not load.
    """

    name = "rapidocr"

    def __init__(
        self, *, threads: int = 0, weights: Path | None = None, scripts: ScriptReader | None = None
    ) -> None:
        try:
            import cv2
            from rapidocr import main as rapidocr
        except ImportError as error:
            raise MissingExtraError(
                f"reading text in pictures needs rapidocr ({error})", hint="pip install 'modcli[images]'"
            ) from error
        self._no_text: type[Exception] = rapidocr.RapidOCRError
        folder = weights or Path(rapidocr.__file__).parent / "models"
        digests = _verified(folder)
        # The line's pictures are small: more threads would only wait for each other.
        cv2.setNumThreads(1)
        try:
            self._engine: Any = rapidocr.RapidOCR(params=_parameters(folder))
            blank = np.full((48, 160, 3), 255, np.uint8)
            # Models are loaded when they are first used; a broken one is to be told of now.
            self._engine.cls_and_rotate([blank])
            self._engine.recognize_txt([blank])
            recognizer = self._engine.text_rec
            recognizer.postprocess_op = SpacedDecoder(recognizer.postprocess_op.character)
            self._detected(blank)
        except Exception as error:  # the package's errors have no base of their own
            raise BackendError(f"RapidOCR cannot be loaded: {_first_line(error)}") from error
        self._scripts = scripts
        parts = [_VERSION, *digests, scripts.digest if scripts else ""]
        self.digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        workers = threads or os.cpu_count() or 1
        self._workers = ThreadPoolExecutor(workers, "ocr") if workers > 1 else None

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        """See `TextReader.transcribe`."""
        return list((self._workers.map if self._workers else map)(self._transcript, pictures))

    def read(self, pictures: Sequence[Picture]) -> list[list[Written]]:
        """See `TextReader.read`."""
        return [list(transcript.lines) for transcript in self.transcribe(pictures)]

    def _transcript(self, picture: Picture) -> Transcript:
        if min(picture.pixels.shape[:2]) < _SMALLEST:
            return Transcript()
        try:
            found, rest = _first(self._found(picture.pixels))
            notes = [TOO_MANY] if rest else []
            lines = self._recognized(found)
            notes += self._reread(lines)
        except Exception as error:  # see above; OpenCV's errors are its own as well
            return Transcript(error=f"the text in it could not be read: {_first_line(error)}")
        believed = _believed(lines)
        if any(map(_unread, lines)):
            notes.append(UNKNOWN_SCRIPT)
        elif any(line.sureness < _HARD for line in believed):
            notes.append(HARD_TO_READ)
        written = [line.written(picture) for line in in_reading_order(believed)]
        return Transcript(tuple(written), tuple(notes))

    def _found(self, pixels: Pixels) -> Iterator[Line]:
        """Where there seems to be text, not read yet."""
        parts = list(pieces(pixels))
        whole = self._detected(_blue_first(pixels))
        if len(parts) == 1:
            yield from whole
            return
        # A line that a border between two pieces might cut is taken from the whole picture.
        kept = [line for line in whole if line.along(parts[0].axis) > parts[0].overlap]
        yield from kept
        for part in parts:
            for line in self._detected(_blue_first(part.pixels)):
                placed = part.place(line)
                if part.owns(placed) and not covered(placed, kept):
                    yield placed

    def _detected(self, pixels: Pixels) -> list[Line]:
        marks: dict[str, Any] = {}
        try:
            crops, found = self._engine.detect_and_crop(pixels, marks)
        except self._no_text:
            return []
        padding = marks["padding_1"]
        quads = np.asarray(found.boxes, np.float64) - (padding["left"], padding["top"])
        lines = (_line(quad, crop) for quad, crop in zip(quads, crops, strict=True))
        return [line for line in lines if line.crop.shape[1] <= _LONGEST * line.crop.shape[0]]

    def _recognized(self, lines: Sequence[Line]) -> list[Line]:
        """The lines as read; those of little sureness also turned, as the classifier of directions errs on short ones."""
        if not lines:
            return []
        turned, told = self._engine.cls_and_rotate([line.crop for line in lines])
        upright = [
            replace(line, crop=crop, turns=line.turns + 2 * (label == "180" and sure > 0.9))
            for line, crop, (label, sure) in zip(lines, turned, told.cls_res, strict=True)
        ]
        read = self._texts(upright)
        doubtful = [i for i, line in enumerate(read) if line.sureness < _SURE]
        tries = [(i, _turned(read[i], quarters)) for i in doubtful for quarters in _other_ways(read[i])]
        for (i, _), again in zip(tries, self._texts([line for _, line in tries]), strict=True):
            if _worth(again) > _worth(read[i]):
                read[i] = again
        return read

    def _texts(self, lines: Sequence[Line]) -> list[Line]:
        if not lines:
            return []
        found = self._engine.recognize_txt([line.crop for line in lines])
        return [
            replace(line, text=text.strip(), sureness=float(sure) if text.strip() else 0.0)
            for line, text, sure in zip(lines, found.txts, found.scores, strict=True)
        ]

    def _reread(self, lines: list[Line]) -> list[str]:
        """Put what the reader of other scripts reads into the lines; notes where it fails.

        It sees each line both ways up: of a script that it does not know, the classifier of directions knows nothing.
        """
        if not self._scripts:
            return []
        asked = self._scripts.asked
        shown = [i for i, line in enumerate(lines) if _wide(line) and (asked or _doubtful(line))][
            :MOST_REREAD
        ]
        ways = [way for i in shown for way in (lines[i], _turned(lines[i], 2))]
        try:
            read = self._scripts.reread([_blue_first(way.crop) for way in ways])
        except BackendError as error:
            return [f"other scripts were not read: {error.message}"]
        again = [replace(way, text=text, sureness=sure) for way, (text, sure) in zip(ways, read, strict=True)]
        for i, pair in zip(shown, zip(again[::2], again[1::2], strict=True), strict=True):
            best = max(pair, key=_worth)
            if best.text and _better(best, lines[i], asked):
                lines[i] = best
        return []


def _parameters(folder: Path) -> dict[str, Any]:
    return {
        "Global.log_level": "critical",
        "Global.use_preprocess_img": False,
        "Det.limit_type": "max",
        "Det.limit_side_len": _SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        # With a path of its own, no part looks for a download.
        **{f"{part}.model_path": str(folder / name) for part, (name, _) in WEIGHTS.items()},
    }


def _verified(folder: Path) -> list[str]:
    """The digests of the weights, as they are pinned. Raises WeightsError."""
    for name, pinned in WEIGHTS.values():
        try:
            with (folder / name).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise WeightsError(
                f"RapidOCR's {name} cannot be read: {error.strerror}",
                hint="pip install --force-reinstall --no-deps 'rapidocr==3.10.0'",
            ) from error
        if digest != pinned:
            raise WeightsError(
                f"RapidOCR's {name} is another one: digest is {digest}, expected {pinned}",
                hint="pip install --force-reinstall --no-deps 'rapidocr==3.10.0'",
            )
    return [pinned for _, pinned in WEIGHTS.values()]


def _first(found: Iterator[Line]) -> tuple[list[Line], bool]:
    """The lines that are read, and whether there are more: these are not even looked for."""
    taken: list[Line] = []
    length = 0.0
    for line in found:
        length += line.crop.shape[1] / line.crop.shape[0]
        if len(taken) == MOST_LINES or length > MOST_LENGTH:
            return taken, True
        taken.append(line)
    return taken, False


def _line(quad: Points, crop: Pixels) -> Line:
    """RapidOCR turns a high and narrow crop against the clock: what was on its right is then above."""
    wide = np.hypot(*(quad[1] - quad[0]))
    high = np.hypot(*(quad[3] - quad[0]))
    turned = high > wide and crop.shape[1] > crop.shape[0]
    return Line(quad, int(turned), crop)


def _turned(line: Line, quarters: int) -> Line:
    """Read a number of quarter turns further: its crop is turned back by them, against the clock."""
    return replace(
        line, crop=np.ascontiguousarray(np.rot90(line.crop, quarters)), turns=line.turns + quarters, text=""
    )


def _other_ways(line: Line) -> tuple[int, ...]:
    """Upside down; what is about as high as wide may also stand on its side."""
    height, width = line.crop.shape[:2]
    return (2,) if width > 1.5 * height else (2, 1, 3)


def _worth(line: Line) -> float:
    return line.sureness * len(line.text)


def _better(again: Line, line: Line, asked: bool) -> bool:
    """Whether the reader of other scripts is to be believed; where the first one was sure, it has to be as well."""
    if not _doubtful(line):
        return again.sureness >= _SURE
    return asked or _sparse(line) or _worth(again) > _worth(line)


def _doubtful(line: Line) -> bool:
    """Whether it may be of a script that RapidOCR does not read, or reads with letters missing."""
    return line.sureness < _SURE or _sparse(line) or is_of(line.text, _WEAK)


def _wide(line: Line) -> bool:
    """Whether there is room for a word."""
    height, width = line.crop.shape[:2]
    return bool(width > 2 * height)


def _sparse(line: Line) -> bool:
    """Whether far fewer characters were read, and with little sureness, than stand in a line so long.

    Prose has two or more for each line height, Chinese about one.
    """
    height, width = line.crop.shape[:2]
    characters = sum(not character.isspace() for character in line.text)
    return line.sureness < _HARD and characters < 0.7 * width / height


def _unread(line: Line) -> bool:
    """Whether there was a line, wide enough for a word, that no reader made sense of."""
    return (line.sureness < _READ or _sparse(line)) and _wide(line)


def _believed(lines: Sequence[Line]) -> list[Line]:
    """Those that were read; short ones only where there is other text in the picture."""
    read = [line for line in lines if line.sureness >= _READ and not _sparse(line)]
    company = any(len(line.text) >= _SHORT for line in read) or len(read) > _SHORT
    return [line for line in read if len(line.text) >= _SHORT or (company and line.sureness >= _SURE)]


def _blue_first(pixels: Pixels) -> Pixels:
    """As OpenCV has its colours, and RapidOCR with it."""
    return np.ascontiguousarray(pixels[:, :, ::-1])


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1].strip()[:200]}" if lines else type(error).__name__
