"""Small pictures: of the right size, of the right frame, and with nothing else of the file."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from modcli.errors import SourceError
from modcli.images.thumbnails import SIDE, thumbnail_of
from tests.images.drawing import corners, moving, saved, scene


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_they_are_small_and_hold_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x8825] = "A camera", 6, {1: "N"}
    data = saved(corners((600, 400)), "JPEG", exif=exif, quality=95)
    assert b"A camera" in data
    made = thumbnail_of(data, "a.jpg")
    assert b"A camera" not in made
    image = opened(made)
    assert (image.format, max(image.size)) == ("JPEG", SIDE)
    assert not image.getexif()
    # Turned as EXIF says: red was above left and is above right now.
    assert image.size[1] > image.size[0]
    right = image.getpixel((image.size[0] - 5, 5))
    assert isinstance(right, tuple)
    assert right[0] > 200
    assert right[1] < 60


def test_a_small_picture_is_not_made_larger() -> None:
    assert opened(thumbnail_of(saved(corners((40, 30))), "a.png")).size == (40, 30)


def test_the_frame_that_was_flagged() -> None:
    data = moving([Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")])
    colours = []
    for at in (None, 0.1, 9.0):
        colour = opened(thumbnail_of(data, "a.gif", at)).getpixel((20, 15))
        assert isinstance(colour, tuple)
        colours.append(max(range(3), key=lambda i, colour=colour: colour[i]))  # type: ignore[misc]
    assert colours == [0, 1, 2]


def test_what_is_no_picture() -> None:
    with pytest.raises(SourceError):
        thumbnail_of(b"no picture", "a.png")
    assert len(thumbnail_of(saved(scene(1, (4000, 3000))), "a.png")) < 20_000
