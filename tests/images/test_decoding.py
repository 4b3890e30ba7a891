"""Pictures are opened as what they are, whatever they are called, and what is no picture is one clear error."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from modcli.errors import MissingExtraError, SourceError
from modcli.images import decoding
from modcli.images.decoding import ANIMATED, CUT, open_picture
from modcli.images.decoding_pixels import KEPT, LONGEST, kept_size
from modcli.images.formats import is_picture, is_video, told_as
from modcli.images.picture import Picture
from tests.images.drawing import corners, moving, saved, scene

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
QUARTERS = ((0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75))


def colours(picture: Picture) -> list[tuple[int, ...]]:
    """Those in the middle of each quarter, row by row, each channel as 0 or 255."""
    height, width, _ = picture.pixels.shape
    found = [picture.pixels[int(y * height), int(x * width)] for y, x in QUARTERS]
    return [tuple(int(value > 127) * 255 for value in pixel) for pixel in found]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, depth: int = 8, colour: int = 0, rows: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("form", "kind", "options"),
    [
        ("JPEG", "jpeg", {"quality": 95}),
        ("JPEG", "jpeg", {"quality": 95, "progressive": True}),
        ("PNG", "png", {}),
        ("GIF", "gif", {}),
        ("WEBP", "webp", {"lossless": True}),
        ("AVIF", "avif", {"quality": 95}),
        ("BMP", "bmp", {}),
        ("TIFF", "tiff", {}),
        ("TIFF", "tiff", {"compression": "tiff_lzw"}),
        ("JPEG2000", "jp2", {}),
    ],
)
def test_formats(form: str, kind: str, options: dict[str, object]) -> None:
    data = saved(corners(), form, **options)
    picture = open_picture(data, name="x")
    assert (picture.format, picture.width, picture.height, picture.notes) == (kind, 60, 40, ())
    assert picture.pixels.shape == (40, 60, 3)
    assert picture.pixels.dtype == np.uint8
    assert colours(picture) == [RED, GREEN, BLUE, WHITE]
    assert picture.digest == hashlib.sha256(data).hexdigest()
    assert is_picture(data[:4096]) == kind


def test_heic() -> None:
    heif = pytest.importorskip("pillow_heif")
    data = bytes_of_heif(heif, corners((128, 96)))
    picture = open_picture(data)
    assert (picture.format, picture.width, picture.height) == ("heic", 128, 96)
    assert colours(picture) == [RED, GREEN, BLUE, WHITE]


def bytes_of_heif(heif: object, image: Image.Image) -> bytes:
    file = io.BytesIO()
    heif.from_pillow(image).save(file, quality=90)  # type: ignore[attr-defined]
    return file.getvalue()


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        *(
            ("1", "PNG"),
            ("L", "JPEG"),
            ("L", "PNG"),
            ("LA", "PNG"),
            ("P", "PNG"),
            ("P", "BMP"),
            ("RGBA", "PNG"),
        ),
        *(
            ("RGBA", "WEBP"),
            ("CMYK", "JPEG"),
            ("CMYK", "TIFF"),
            ("I;16", "PNG"),
            ("I;16", "TIFF"),
            ("F", "TIFF"),
        ),
        ("YCbCr", "JPEG"),
    ],
)
def test_modes_are_all_eight_bits_of_three_channels(mode: str, form: str) -> None:
    grey = Image.linear_gradient("L").resize((32, 64))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = grey.convert(mode) if mode not in ("CMYK", "YCbCr") else grey.convert("RGB").convert(mode)
    picture = open_picture(saved(image, form))
    assert picture.pixels.shape == (64, 32, 3)
    assert picture.pixels[2].mean() < 40
    assert picture.pixels[-3].mean() > 215


def test_dark_pictures_of_sixteen_bits_stay_dark() -> None:
    image = Image.fromarray(np.full((4, 4), 0x1234, np.uint16))
    assert (open_picture(saved(image)).pixels == 0x12).all()


def test_a_palette_with_a_see_through_colour() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((0, 0), 0)
    picture = open_picture(saved(image, transparency=0))
    assert tuple(picture.pixels[0, 0]) == WHITE
    assert tuple(picture.pixels[1, 1]) == (10, 20, 30)


def test_see_through_is_white_and_white_on_nothing_is_put_on_black() -> None:
    clear = Image.new("RGBA", (10, 10), (200, 0, 0, 0))
    clear.putpixel((3, 3), (10, 20, 30, 255))
    picture = open_picture(saved(clear))
    assert tuple(picture.pixels[0, 0]) == WHITE
    assert tuple(picture.pixels[3, 3]) == (10, 20, 30)
    clear.putpixel((3, 3), (255, 255, 255, 255))
    hidden = open_picture(saved(clear))
    assert tuple(hidden.pixels[0, 0]) == (0, 0, 0)
    assert tuple(hidden.pixels[3, 3]) == WHITE
    assert "black" in hidden.notes[0]


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_turns_the_picture_and_is_forgotten(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010F] = "A maker of cameras"
    # The stored image is turned the other way, so that the shown one is the same for each.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = corners().transpose(undo[turn]) if turn in undo else corners()
    for form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        picture = open_picture(saved(stored, form, exif=exif), name="turned")
        assert colours(picture) == [RED, GREEN, BLUE, WHITE], form
        assert (picture.width, picture.height) == (60, 40)
        assert "maker" not in repr(picture)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_turned_heic_is_turned_once(turn: int) -> None:
    """It says twice how it is to be turned: in a box of its own, and in its EXIF."""
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = corners((128, 96))
    stored.info["exif"] = exif.tobytes()  # written with the box that turns it
    heif.register_heif_opener()
    picture = open_picture(saved(stored, "HEIF", exif=exif.tobytes(), quality=90))
    shown = np.asarray(ImageOps.exif_transpose(with_exif(corners((128, 96)), exif)))
    assert picture.pixels.shape == shown.shape
    assert np.abs(picture.pixels.astype(int) - shown).mean() < 8


def with_exif(image: Image.Image, exif: Image.Exif) -> Image.Image:
    with Image.open(io.BytesIO(saved(image, "PNG", exif=exif))) as opened:
        opened.load()
    return opened


@pytest.mark.parametrize(("colour", "values"), [(2, (60, 120, 180)), (6, (60, 120, 180, 255))])
def test_colours_of_sixteen_bits(colour: int, values: tuple[int, ...]) -> None:
    pixel = b"".join(bytes((value, 7)) for value in values)
    picture = open_picture(png(5, 4, depth=16, colour=colour, rows=(b"\0" + pixel * 5) * 4))
    assert picture.pixels.shape == (4, 5, 3)
    assert np.abs(picture.pixels.astype(int) - values[:3]).max() <= 1


def test_broken_exif_does_not_matter() -> None:
    data = saved(corners(), "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + b"\xff" * 30)
    assert colours(open_picture(data)) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame(form: str) -> None:
    picture = open_picture(moving([corners(), scene(1, (60, 40))], form))
    assert ANIMATED in picture.notes
    assert colours(picture) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("size", [(1, 1), (60_000, 1), (1, 60_000), (60_000, 30)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP"])
def test_absurd_sizes_are_made_smaller(size: tuple[int, int], form: str) -> None:
    picture = open_picture(saved(Image.new("RGB", size, (0, 0, 255)), form))
    assert (picture.width, picture.height) == size
    assert picture.pixels.shape[1::-1] == kept_size(size)
    assert max(picture.pixels.shape) <= LONGEST
    assert picture.pixels[..., 2].min() > 240


def test_a_scrolled_screenshot_keeps_its_letters() -> None:
    picture = open_picture(saved(Image.new("RGB", (600, 6_000), (0, 0, 255)), "PNG"))
    assert picture.pixels.shape == (6_000, 600, 3)


@given(st.integers(1, 70_000), st.integers(1, 70_000), st.sampled_from([64, 1_024, KEPT]))
def test_what_is_kept_is_within_its_area_and_of_the_same_form(width: int, height: int, kept: int) -> None:
    wide, high = kept_size((width, height), kept)
    assert 1 <= wide <= min(width, LONGEST)
    assert 1 <= high <= min(height, LONGEST)
    assert wide * high <= kept**2
    if width * height <= kept**2 and max(width, height) <= LONGEST:
        assert (wide, high) == (width, height)
    elif min(wide, high) > 20:
        assert wide / high == pytest.approx(width / height, rel=0.06)
        assert wide * high > 0.9 * kept**2 or max(wide, high) > 0.99 * LONGEST


def test_a_large_jpeg_is_decoded_at_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("RGB", (12_000, 6_000), (0, 0, 255)), "JPEG")
    sizes = []
    pixels_of = decoding.pixels_of
    monkeypatch.setattr(
        decoding, "pixels_of", lambda image, turn: (sizes.append(image.size), pixels_of(image, turn))[1]
    )
    picture = open_picture(data)
    assert (picture.width, picture.height, picture.pixels.shape) == (12_000, 6_000, (1_448, 2_896, 3))
    assert sizes == [(3_000, 1_500)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(60_000, 60_000), id="png"),
        pytest.param(
            saved(Image.new("L", (8, 8)), "JPEG").replace(
                b"\x08\x00\x08\x00\x08", b"\x08\xff\xdc\xff\xdc", 1
            ),
            id="jpeg",
        ),
        pytest.param(saved(corners(), "GIF").replace(b"\x3c\x00\x28\x00", b"\xff\xff\xff\xff", 1), id="gif"),
        pytest.param(
            saved(Image.new("RGB", (8, 8)), "BMP")[:18]
            + struct.pack("<ii", 50_000, 50_000)
            + b"\1\0\x18\0"
            + b"\0" * 90,
            id="bmp",
        ),
    ],
)
def test_a_bomb_is_refused_before_it_is_decoded(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_loads", lambda _: pytest.fail("it was decoded"))
    with pytest.raises(SourceError, match=r"bomb\.png: it has .* pixels, more than") as caught:
        open_picture(data, name="bomb.png")
    assert caught.value.hint


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
def test_of_a_file_cut_short_what_is_there_is_judged(form: str) -> None:
    noise = Image.effect_noise((320, 240), 90).convert("RGB")
    data = saved(Image.blend(scene(3), noise, 0.3), form)
    picture = open_picture(data[: len(data) * 2 // 3], name="cut")
    assert CUT in picture.notes
    whole = open_picture(data).pixels
    there = slice(-60, -20) if form == "BMP" else slice(20, 60)  # a BMP begins below
    assert np.abs(picture.pixels[there].astype(int) - whole[there]).mean() < 4


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_of_a_file_with_nothing_in_it_there_is_an_error(form: str) -> None:
    data = saved(scene(3), form)
    for length in (24, 40):
        with pytest.raises(SourceError, match="cut: it") as caught:
            open_picture(data[:length], name="cut")
        assert caught.value.hint


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP"])
@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (b"PK\x03\x04" + b"zip" * 9, "a ZIP archive"),
        (b"<html><script>", "HTML"),
        (b"\x00\x00\x00\x18ftypisom" + b"video" * 9, "mp4 data"),
        (b"MZ\x90\x00" * 9, "a program"),
    ],
)
def test_what_lies_behind_the_end_is_told(form: str, behind: bytes, told: str) -> None:
    data = saved(corners(), form)
    assert open_picture(data).notes == ()
    assert open_picture(data + b"\x00" * 64).notes == ()
    if form == "AVIF" and told == "mp4 data":
        return  # its boxes are of the same form
    (note,) = open_picture(data + behind).notes
    assert note == f"{len(behind):,} bytes behind its end: {told}"


def test_the_further_pictures_of_a_phone_s_jpeg_are_no_strangers() -> None:
    data = saved(corners(), "MPO", save_all=True, append_images=[corners().resize((30, 20))])
    assert open_picture(data).notes == ()
    (note,) = open_picture(data + b"PK\x03\x04" * 3).notes
    assert note == "12 bytes behind its end: a ZIP archive"


def test_a_jpeg_s_end_is_not_one_in_its_segments() -> None:
    data = saved(corners(), "JPEG", comment=b"\xff\xd9 no end", progressive=True)
    assert open_picture(data).notes == ()


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    file = tmp_path / "holiday.JPG"
    file.write_bytes(saved(corners(), "PNG"))
    assert open_picture(file).notes == ("its name says jpeg, it is png",)
    file.write_text("Dear friends, here is a letter.")
    with pytest.raises(SourceError, match=r"holiday\.JPG: it is no picture, but text") as caught:
        open_picture(file)
    assert caught.value.hint
    assert caught.value.location


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\x00" * 100, "it is no picture"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04 ...", "a ZIP archive"),
        (b"BM, said the cat, and left.", "but text"),
        (b"\xff\x0a" + b"\x00" * 20, "JPEG XL is not read"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", "it is a video"),
    ],
)
def test_what_is_no_picture(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x.jpg"
    file.write_bytes(content)
    for source in (file, content):
        with pytest.raises(SourceError, match=message) as caught:
            open_picture(source, name="x.jpg")
        assert caught.value.hint
        assert str(caught.value).startswith("x.jpg: ")


def test_folders_missing_files_and_pipes(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="it is a folder"):
        open_picture(tmp_path)
    with pytest.raises(SourceError, match="No such file"):
        open_picture(tmp_path / "nowhere.png")
    with pytest.raises(SourceError, match="cannot be read"):
        open_picture(Path("a\x00b.png"))
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(SourceError, match="no regular file"):
        open_picture(tmp_path / "pipe.png")


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    secret = tmp_path / "secret.png"
    secret.write_bytes(saved(corners()))
    inside = tmp_path / "archive" / "inside.png"
    inside.write_bytes(saved(corners()))
    (tmp_path / "archive" / "out.png").symlink_to(secret)
    (tmp_path / "archive" / "in.png").symlink_to(inside)
    (tmp_path / "archive" / "loop.png").symlink_to("loop.png")
    within = tmp_path / "archive"
    assert open_picture(within / "in.png", within=within).width == 60
    for path in (within / "out.png", within / ".." / "secret.png"):
        with pytest.raises(SourceError, match="leaves its folder"):
            open_picture(path, within=within)
    assert open_picture(within / "out.png").width == 60
    with pytest.raises(SourceError):
        open_picture(within / "loop.png", within=within)


def test_files_too_long_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MOST_BYTES", 100)
    file = tmp_path / "x.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 200)
    with pytest.raises(SourceError, match="208 bytes, more than 100"):
        open_picture(file)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError) as caught:
        open_picture(b"\x89PNG\r\n\x1a\n")
    assert caught.value.hint == "pip install 'modcli[images]'"


def test_heic_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingExtraError, match="pillow-heif"):
        open_picture(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")


def test_what_the_first_bytes_say() -> None:
    assert is_picture(b'\xef\xbb\xbf<?xml version="1.0"?><!-- a --><svg xmlns="x">') == "svg"
    assert is_picture("<svg >".encode("utf-16")) == "svg"
    assert is_picture(b"<html><svg></svg>") == ""
    assert is_picture(b"") == is_video(b"") == ""
    assert is_video(b"\x1aE\xdf\xa3....") == "matroska"
    assert is_video(b"RIFF....AVI LIST") == "avi"
    assert told_as(b"#!/bin/sh") == "a script"


def opened(data: bytes) -> Picture | None:
    """The picture, or None after an error that is in order."""
    try:
        return open_picture(data, name="random")
    except SourceError as error:
        return None if error.hint and error.location else pytest.fail("no hint")


HEADS = [
    saved(scene(1, (24, 16)), form)
    for form in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "JPEG2000")
]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", *(head[:40] for head in HEADS)]))
def test_random_bytes_never_crash_it(content: bytes, head: bytes) -> None:
    picture = opened(head + content)
    assert picture is None or picture.pixels.ndim == 3


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(HEADS), st.integers(0, 10**6), st.binary(min_size=1, max_size=6), st.integers(1, 10**6)
)
def test_damaged_files_never_crash_it(data: bytes, at: int, change: bytes, length: int) -> None:
    at %= len(data)
    damaged = (data[:at] + change + data[at + len(change) :])[: length % len(data) + 1]
    picture = opened(damaged)
    assert picture is None or (picture.pixels.shape[2] == 3 and picture.pixels.size <= 3 * KEPT**2)
