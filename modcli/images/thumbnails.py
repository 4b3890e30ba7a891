"""Small pictures for reports: made anew from pixels, so that nothing else of a file is in them."""

from __future__ import annotations

import io
from collections.abc import Sequence

from modcli.errors import MissingExtraError
from modcli.images.frames import sample
from modcli.images.picture import Picture

#: The longer side, in pixels, and the quality of the JPEG.
SIDE, QUALITY = 160, 70
#: Seconds that the frames of one file may take.
SECONDS = 5.0


def thumbnail_of(data: bytes, name: str, at: float | None = None) -> bytes:
    """A JPEG, at most `SIDE` pixels a side, of a picture, or of the frame nearest to the second `at` of what moves.

    Raises SourceError where it cannot be opened, MissingExtraError where a package of the extras is not installed.
    """
    return encoded(_nearest(sample(data, name=name, seconds=SECONDS).frames, at))


def encoded(picture: Picture, side: int = SIDE) -> bytes:
    """The pixels of a picture, made smaller, as a JPEG without any metadata. Raises MissingExtraError."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("pictures need Pillow", hint="pip install 'modcli[images]'") from error
    image = Image.fromarray(picture.pixels)
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()


def _nearest(frames: Sequence[Picture], at: float | None) -> Picture:
    if at is None:
        return frames[0]
    return min(frames, key=lambda frame: abs((frame.seconds or 0.0) - at))
