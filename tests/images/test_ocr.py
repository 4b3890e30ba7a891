"""Text in pictures: what the reader makes of an engine's lines, and the real engine on pictures drawn here."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from modcli.errors import BackendError, MissingExtraError, WeightsError
from modcli.images import ocr
from modcli.images.decoding import open_picture
from modcli.images.ocr import UNKNOWN_SCRIPT, RapidOcr, ScriptedReader, Transcript
from modcli.images.picture import Picture, Pixels, Written

Told = tuple[str, float]
NOTHING: Told = ("", 0.0)


class NoText(Exception):
    pass


class Engine:
    """Stands for RapidOCR: finds the lines that a test has set, and tells by a mark in the first pixel which way up a
    crop is."""

    lines: ClassVar[list[tuple[tuple[int, int, int, int], Told, Told]]] = []
    failure: ClassVar[Exception | None] = None

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.text_rec = SimpleNamespace(postprocess_op=SimpleNamespace(character=["blank", "a", " "]))

    def failing(self, crops: Sequence[Pixels]) -> list[Told]:
        raise BackendError("it took too long")

    def detect_and_crop(self, pixels: Pixels, marks: dict[str, Any]) -> tuple[list[Pixels], Any]:
        marks["padding_1"] = {"top": 0, "left": 0}
        if self.failure:
            raise self.failure
        if not self.lines:
            raise NoText
        quads, crops = [], []
        for number, ((left, top, right, bottom), _, _) in enumerate(self.lines):
            quads.append([(left, top), (right, top), (right, bottom), (left, bottom)])
            crop = np.zeros((bottom - top, right - left, 3), np.uint8)
            crop[0, 0] = number + 1
            crops.append(crop)
        return crops, SimpleNamespace(boxes=np.array(quads))

    def cls_and_rotate(self, crops: list[Pixels]) -> tuple[list[Pixels], Any]:
        return crops, SimpleNamespace(cls_res=[("0", 1.0)] * len(crops))

    def recognize_txt(self, crops: Sequence[Pixels]) -> Any:
        told = [self._told(crop) for crop in crops]
        return SimpleNamespace(txts=tuple(text for text, _ in told), scores=tuple(sure for _, sure in told))

    def _told(self, crop: Pixels) -> Told:
        for way, corner in ((1, crop[0, 0, 0]), (2, crop[-1, -1, 0])):
            if 0 < corner <= len(self.lines):
                return self.lines[corner - 1][way]
        return NOTHING


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Engine]:
    package, main = ModuleType("rapidocr"), ModuleType("rapidocr.main")
    main.__dict__.update(RapidOCR=Engine, RapidOCRError=NoText, __file__=str(tmp_path / "main.py"))
    package.__dict__.update(main=main)
    cv2 = ModuleType("cv2")
    cv2.__dict__.update(setNumThreads=lambda threads: None)
    for module in (package, main, cv2):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.onnx").write_bytes(b"weights")
    monkeypatch.setattr(ocr, "WEIGHTS", {"Det": ("net.onnx", hashlib.sha256(b"weights").hexdigest())})
    monkeypatch.setattr(Engine, "lines", [])
    monkeypatch.setattr(Engine, "failure", None)
    return Engine


def blank(width: int = 400, height: int = 300, scale: int = 1) -> Picture:
    pixels = np.full((height, width, 3), 255, np.uint8)
    return Picture("a.png", "0" * 64, "png", width * scale, height * scale, pixels)


def transcribed(picture: Picture | None = None, **options: Any) -> Transcript:
    return RapidOcr(threads=1, **options).transcribe([picture or blank()])[0]


def test_lines_are_in_reading_order_in_pixels_of_the_file(engine: type[Engine]) -> None:
    engine.lines = [
        ((10, 60, 200, 80), ("second line", 0.9), NOTHING),
        ((10, 20, 200, 40), ("first line", 0.95), NOTHING),
    ]
    lines = transcribed(blank(scale=2)).lines
    assert lines == (
        Written("first line", (20, 40, 400, 80), 0.95),
        Written("second line", (20, 120, 400, 160), 0.9),
    )


@pytest.mark.parametrize(
    ("upright", "turned", "kept"),
    [
        (("ony nd", 0.64), ("and only", 0.99), "and only"),
        (("and only", 0.84), ("ony nd", 0.7), "and only"),
        (("surely this", 0.9), ("never asked for", 1.0), "surely this"),
    ],
)
def test_a_line_of_little_sureness_is_tried_the_other_way_up(
    engine: type[Engine], upright: Told, turned: Told, kept: str
) -> None:
    engine.lines = [((10, 20, 90, 40), upright, turned)]
    assert [line.text for line in transcribed().lines] == [kept]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ([("8", 0.95)], []),
        ([("ok", 0.95), ("see you at noon", 0.99)], ["ok", "see you at noon"]),
        ([("8", 0.6), ("see you at noon", 0.99)], ["see you at noon"]),
        ([("d", 0.9), ("i", 0.9), ("e", 0.9), ("t", 0.9)], ["d", "i", "e", "t"]),
        ([("mostly guessed", 0.4)], []),
    ],
)
def test_what_is_hardly_text_is_dropped(engine: type[Engine], told: list[Told], kept: list[str]) -> None:
    engine.lines = [
        ((10, 20 + 30 * i, 10 + 10 * len(text), 40 + 30 * i), (text, sure), NOTHING)
        for i, (text, sure) in enumerate(told)
    ]
    assert [line.text for line in transcribed().lines] == kept


@pytest.mark.parametrize(
    ("told", "note"),
    [
        (NOTHING, UNKNOWN_SCRIPT),
        (("e  ac", 0.69), UNKNOWN_SCRIPT),
        (("A4U XU UCab ACA.I", 0.74), ocr.HARD_TO_READ),
        (("you will never see", 0.99), None),
    ],
)
def test_text_that_cannot_be_read_is_told_of(engine: type[Engine], told: Told, note: str | None) -> None:
    engine.lines = [((10, 20, 290, 40), told, NOTHING)]
    assert transcribed().notes == ((note,) if note else ())


class Scripts:
    """A reader of other scripts that says one thing of all that is the right way up."""

    digest = "scripts"

    def __init__(self, text: str, sure: float, asked: bool = False) -> None:
        self.asked, self.told, self.seen = asked, (text, sure), 0

    def reread(self, crops: Sequence[Pixels]) -> list[Told]:
        self.seen += len(crops)
        return [self.told if crop[0, 0, 0] else NOTHING for crop in crops]


@pytest.mark.parametrize(
    ("first", "scripts", "kept", "seen"),
    [
        (("e  ac", 0.69), Scripts("переведи деньги", 0.95), "переведи деньги", 2),
        (("Στλε τα ατα", 0.9), Scripts("Στείλε τα χρήματα", 0.95), "Στείλε τα χρήματα", 2),
        (("pay me right now", 0.99), Scripts("рау", 0.99), "pay me right now", 0),
        (("pay me right now", 0.99), Scripts("рау ме", 0.7, asked=True), "pay me right now", 2),
        (("TOPT ECTb TAM CEI", 0.9), Scripts("торт есть там", 0.95, asked=True), "торт есть там", 2),
    ],
)
def test_another_reader_sees_what_the_first_one_cannot_read(
    engine: type[Engine], first: Told, scripts: Scripts, kept: str, seen: int
) -> None:
    engine.lines = [((10, 20, 290, 40), first, NOTHING)]
    found = transcribed(scripts=scripts)
    assert [line.text for line in found.lines] == [kept]
    assert (scripts.seen, found.notes) == (seen, ())


def test_where_the_other_reader_fails_the_first_one_stands(
    engine: type[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.lines = [((10, 20, 290, 40), ("pay me right now", 0.8), NOTHING)]
    scripts = Scripts("", 0)
    monkeypatch.setattr(scripts, "reread", Engine({}).failing)
    found = transcribed(scripts=scripts)
    assert [line.text for line in found.lines] == ["pay me right now"]
    assert found.notes == ("other scripts were not read: it took too long",)


def test_a_picture_that_fails_is_told_of_and_the_others_are_read(
    engine: type[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.lines = [((10, 20, 200, 40), ("a line", 0.95), NOTHING)]
    reader, failing = RapidOcr(threads=1), blank(60, 60)
    found = Engine.detect_and_crop
    monkeypatch.setattr(
        Engine,
        "detect_and_crop",
        lambda self, pixels, marks: found(self, pixels, marks) if pixels.shape[0] != 60 else 1 / 0,
    )
    first, second = reader.transcribe([failing, blank()])
    assert "ZeroDivisionError" in first.error
    assert not first.lines
    assert [line.text for line in second.lines] == ["a line"]


def test_what_is_far_too_long_for_its_height_is_no_line(engine: type[Engine]) -> None:
    engine.lines = [
        ((0, 20, 1_990, 30), ("a line across all of the page", 0.95), NOTHING),
        ((0, 60, 2_100, 70), ("a rule", 0.95), NOTHING),
    ]
    assert [line.text for line in transcribed(blank(2_100, 1_000)).lines] == ["a line across all of the page"]


@pytest.mark.parametrize(("limit", "value"), [("MOST_LINES", 2), ("MOST_LENGTH", 19.0)])
def test_no_more_is_read_than_the_limit(
    engine: type[Engine], monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    """Each line here is nine and a half times as long as high."""
    monkeypatch.setattr(ocr, limit, value)
    engine.lines = [((10, 20 + 30 * i, 200, 40 + 30 * i), (f"line {i}", 0.95), NOTHING) for i in range(5)]
    found = transcribed()
    assert [line.text for line in found.lines] == ["line 0", "line 1"]
    assert found.notes == (ocr.TOO_MANY,)


def test_without_text_there_is_nothing_and_no_note(engine: type[Engine]) -> None:
    assert transcribed() == transcribed(blank(1, 1)) == transcribed(blank(3000, 2)) == Transcript()


def test_weights_are_the_ones_that_were_measured(engine: type[Engine], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"net\.onnx cannot be read"):
        RapidOcr(weights=tmp_path)
    (tmp_path / "models" / "net.onnx").write_bytes(b"others")
    with pytest.raises(WeightsError, match="another one"):
        RapidOcr()


def test_an_engine_that_does_not_load_is_told_of(engine: type[Engine]) -> None:
    engine.failure = OSError("no such operator")
    with pytest.raises(BackendError, match="no such operator"):
        RapidOcr()


def test_without_the_package_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(MissingExtraError) as caught:
        RapidOcr()
    assert caught.value.hint == "pip install 'modcli[images]'"


def test_the_digest_tells_readers_apart(engine: type[Engine]) -> None:
    assert RapidOcr().digest == RapidOcr(threads=2).digest
    assert RapidOcr().digest != RapidOcr(scripts=Scripts("", 0)).digest


def test_the_scripted_reader_says_what_it_was_told() -> None:
    reader = ScriptedReader({"a.png": [Written("hello", (0, 0, 9, 9), 1.0)]})
    other = Picture("b.png", "", "png", 1, 1, np.zeros((1, 1, 3), np.uint8))
    assert [[line.text for line in lines] for lines in reader.read([blank(), other])] == [["hello"], []]


# The real engine, on pictures that are drawn here.

TEXT = ("You will never see", "your money again")


@pytest.fixture(scope="module")
def reader() -> RapidOcr:
    try:
        return RapidOcr(threads=2)
    except (MissingExtraError, WeightsError) as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def drawn() -> Callable[..., Picture]:
    image = pytest.importorskip("PIL.Image")
    draw, font = pytest.importorskip("PIL.ImageDraw"), pytest.importorskip("PIL.ImageFont")

    def picture(
        lines: Sequence[str] = TEXT, *, turned: float = 0, size: int = 24, ink: str = "black"
    ) -> Picture:
        sheet = image.new("RGB", (360, 40 + 40 * len(lines)), "white")
        for i, line in enumerate(lines):
            draw.Draw(sheet).text((20, 20 + 40 * i), line, ink, font.load_default(size))
        sheet = sheet.rotate(turned, expand=True, fillcolor="white")
        return Picture("drawn", "", "png", *sheet.size, np.asarray(sheet))

    return picture


@pytest.mark.small_model
@pytest.mark.parametrize("turned", [0, 20, 90, 180, 270])
def test_drawn_text_is_read_whichever_way_it_stands(
    reader: RapidOcr, drawn: Callable[..., Picture], turned: float
) -> None:
    picture = drawn(turned=turned)
    found = reader.transcribe([picture])[0]
    assert [line.text for line in found.lines] == list(TEXT)
    assert not found.notes
    for line in found.lines:
        left, top, right, bottom = line.box
        assert 0 <= left < right <= picture.width
        assert 0 <= top < bottom <= picture.height


@pytest.mark.small_model
def test_faint_and_large_text_of_several_pictures_comes_in_order(
    reader: RapidOcr, drawn: Callable[..., Picture]
) -> None:
    pictures = [drawn(["faint words"], ink="#d8d8d8"), drawn([]), drawn(["LARGE WORD"], size=36)]
    texts = [[line.text for line in lines] for lines in reader.read(pictures)]
    assert texts == [["faint words"], [], ["LARGE WORD"]]


@pytest.mark.small_model
def test_a_scrolled_screenshot_is_read_to_its_end(reader: RapidOcr, drawn: Callable[..., Picture]) -> None:
    said = [f"message number {i} of all" for i in range(45)]
    assert [line.text for line in reader.read([drawn(said, size=16)])[0]] == said


@pytest.mark.small_model
@pytest.mark.parametrize(("size", "dark"), [(14, False), (16, True)])
def test_small_letters_of_a_file_of_600_x_6000_pixels_are_read(
    reader: RapidOcr, size: int, dark: bool
) -> None:
    image, draw = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageDraw")
    font = pytest.importorskip("PIL.ImageFont").load_default(size)
    said = [f"message number {i} of this long chat" for i in range(0, 118, 6)]
    sheet = image.new("RGB", (600, 6_000), "#18222d" if dark else "white")
    for i, line in enumerate(said):
        draw.Draw(sheet).text((30 + 200 * (i % 2), 30 + 300 * i), line, "#ddd" if dark else "black", font)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    assert [line.text for line in reader.read([open_picture(file.getvalue())])[0]] == said
