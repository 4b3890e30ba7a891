"""Opening a picture that anybody may have made: within limits, by what it is and not by its name."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import warnings
from pathlib import Path
from typing import Any

from modcli.errors import MissingExtraError, SourceError
from modcli.images.decoding_ends import behind_the_end
from modcli.images.decoding_pixels import KEPT, kept_size, pixels_of, turn_of, turned_size
from modcli.images.formats import HEAD, is_picture, is_video, named_format, refusal, told_as
from modcli.images.picture import Picture, Pixels
from modcli.images.svg import render

#: The most bytes of a picture's file, and the most pixels: checked before anything is decoded. A photograph of a phone
#: has up to 200 million; a baseline JPEG is decoded at an eighth, so it may have more.
MOST_BYTES = 256 * 2**20
MOST_PIXELS = 100_000_000
MOST_PIXELS_BASELINE = 1_000_000_000
#: Notes of a picture that others act on.
CUT = "the file is cut short: judged is what is there"
ANIMATED = "animated: this is its first frame"
PAGES = "several pages: this is the first"

#: Pillow's own name of each format, and the module of its reader.
READERS = {
    "jpeg": ("JPEG", "JpegImagePlugin"),
    "png": ("PNG", "PngImagePlugin"),
    "gif": ("GIF", "GifImagePlugin"),
    "webp": ("WEBP", "WebPImagePlugin"),
    "avif": ("AVIF", "AvifImagePlugin"),
    "bmp": ("BMP", "BmpImagePlugin"),
    "tiff": ("TIFF", "TiffImagePlugin"),
    "jp2": ("JPEG2000", "Jpeg2KImagePlugin"),
}


def open_picture(source: Path | bytes, *, name: str = "", within: Path | None = None) -> Picture:
    """A still picture, the first frame of an animated one, of at most `KEPT` times `KEPT` pixels (`kept_size`).

    `source` is a file or its bytes; `name` is what it is called in messages and compared with what it is. `within` is
    a folder that the file must not leave through a symbolic link. EXIF turns the picture and is then forgotten.

    Raises SourceError (with the file and a hint) where it is missing, a folder, empty, larger than the limits, no
    picture, or broken from the start; MissingExtraError where a package of the extra `images` is not installed.
    """
    name = name or (str(source) if isinstance(source, Path) else "<picture>")
    data = source if isinstance(source, bytes) else read_file(source, name=name, within=within)
    kind = _format(data, name)
    notes = [*notes_of_file(kind, data, name)]
    if kind == "svg":
        pixels, size, told = render(data, name, KEPT)
    else:
        pixels, size, told = _decoded(kind, data, name)
    notes += told
    return Picture(name, hashlib.sha256(data).hexdigest(), kind, *size, pixels, notes=tuple(notes))


def read_file(path: Path, *, name: str = "", within: Path | None = None, first: int = 0) -> bytes:
    """The bytes of a regular file of at most `MOST_BYTES`, at least one; with `first`, so many of them, however long the
    file is. Raises SourceError where it is missing, no file, too long or empty."""
    name = name or str(path)
    try:
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            raise refusal(name, "it is a link that leaves its folder", "such links are not followed")
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise refusal(name, "it is a folder", f"name the files in it, as in {name.rstrip('/')}/*")
        if not stat.S_ISREG(found.st_mode):
            raise refusal(name, "it is no regular file", "name a file")
        if found.st_size > MOST_BYTES and not first:
            raise refusal(
                name,
                f"it has {found.st_size:,} bytes, more than {MOST_BYTES:,}",
                "make it smaller, or leave it out",
            )
        with path.open("rb") as file:
            data = file.read(first or MOST_BYTES)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a loop of links, up to Python 3.12
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise refusal(name, f"it cannot be read: {reason}", "check the path, and who may read it") from error
    if not data:
        raise refusal(name, "it is empty", "it may not have been copied to its end: copy it again")
    return data


def reader(kind: str, data: bytes) -> Any:
    """Pillow's image of some bytes, its header read and nothing decoded. Pillow's own limit of pixels does not apply.

    Raises MissingExtraError where Pillow (for HEIC, pillow-heif) is not installed, and what the reader raises.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("pictures need Pillow", hint="pip install 'modcli[images]'") from error
    # What it warns of (metadata that is broken, for one) is neither the user's fault nor news to him.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    stream = io.BytesIO(data)
    if kind == "heic":
        try:
            from pillow_heif import HeifImageFile
        except ImportError as error:
            raise MissingExtraError("HEIC needs pillow-heif", hint="pip install 'modcli[images]'") from error
        return HeifImageFile(stream)
    Image.init()
    return Image.OPEN[READERS[kind][0]][0](stream, "")


def _format(data: bytes, name: str) -> str:
    if not data:
        raise refusal(name, "it is empty", "it may not have been copied to its end: copy it again")
    head = data[:HEAD]
    kind = is_picture(head)
    if kind == "jxl":
        raise refusal(name, "JPEG XL is not read", "convert it to PNG or JPEG")
    if not kind and is_video(head):
        raise refusal(name, "it is a video", "videos are judged by frames sampled from them")
    if not kind:
        raise refusal(
            name,
            f"it is no picture, but {told_as(head)}",
            "the content counts, not the name; judge text as text",
        )
    return kind


def notes_of_file(kind: str, data: bytes, name: str) -> list[str]:
    """What is odd about a file before it is decoded: another name than its content, something behind its end."""
    notes = []
    said = named_format(name)
    if said and said != kind:
        notes.append(f"its name says {said}, it is {kind}")
    if told := behind_the_end(kind, data):
        notes.append(told)
    return notes


def _decoded(kind: str, data: bytes, name: str) -> tuple[Pixels, tuple[int, int], tuple[str, ...]]:
    try:
        image = reader(kind, data)
        size = image.size
        refuse_bomb(kind, image, name)
        moves = getattr(image, "is_animated", False) and kind != "jpeg"  # a phone's JPEG has further previews
        notes = [PAGES if kind == "tiff" else ANIMATED] if moves else []
        if kind == "jpeg":
            # The least of 1/2, 1/4, 1/8 that is not much smaller than what is kept (a phone's 4,032 pixels are halved):
            # what is left out is never decoded.
            image.draft(None, kept_size(size, KEPT * 3 // 4))
        if not _loads(image):
            notes.append(CUT)
        turn = turn_of(image)
        pixels, told = pixels_of(image, turn)
    except (SourceError, MissingExtraError):
        raise
    except MemoryError as error:
        raise refusal(name, "it does not fit into memory", "make it smaller, or leave it out") from error
    except Exception as error:  # the reader of a hostile file may fail in any way
        raise broken(kind, name) from error
    return pixels, turned_size(size, turn), (*notes, *told)


def refuse_bomb(kind: str, image: Any, name: str) -> None:
    """Raises SourceError where an image that is not decoded yet has more pixels than the limit."""
    width, height = image.size
    baseline = kind == "jpeg" and not image.info.get("progressive")
    most = MOST_PIXELS_BASELINE if baseline else MOST_PIXELS
    if width * height > most:
        raise refusal(
            name,
            f"it has {width:,} x {height:,} pixels, more than {most:,}: not decoded",
            "make it smaller, or leave it out",
        )
    if width < 1 or height < 1:
        raise broken(kind, name)


def broken(kind: str, name: str) -> SourceError:
    """What to raise where a file that begins as `kind` gives no picture."""
    return refusal(
        name,
        f"it begins as {kind}, and no picture can be read from it",
        "it is damaged, cut short or of a rare kind: download it again, or convert it to PNG",
    )


def _loads(image: Any) -> bool:
    """Decodes an image; whether all of it was there. Raises what the reader does where nothing was."""
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # Rows up to where it broke are decoded; without tiles to read, Pillow takes the image as it is.
        image.tile = []
        if image.getbbox(alpha_only=False) is None:
            raise OSError("nothing was decoded") from error
        return False
    return True
