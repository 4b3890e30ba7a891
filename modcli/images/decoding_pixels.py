"""From an image as Pillow decodes it to pixels: turned, on white, 8 bits a channel, at most so large."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from modcli.images.picture import Pixels

#: At most so many pixels are kept as a square of this side has: a limit of the longer side would make a scrolled
#: screenshot so narrow that its letters are lost.
KEPT = 2_048
#: The longer side of what is kept, in pixels, however narrow it is: it is read in stretches, and each takes time.
LONGEST = 16_384
#: Above this mean brightness (0 to 255) what is see-through is put on black: white writing on white is unseen.
_BRIGHT = 235
_ORIENTATION = 0x0112
#: `Image.Transpose` of each orientation of EXIF (Exif 2.32, tag 274), by name.
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def turn_of(image: Any) -> int:
    """How the EXIF of an image says that it is to be turned, 1 to 8; 1 where it says nothing that makes sense."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # EXIF is written by anybody: every way of being wrong is the same here
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def turned_size(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """Width and height once it was turned."""
    return (size[1], size[0]) if turn >= 5 else size


def kept_size(size: tuple[int, int], kept: int = KEPT) -> tuple[int, int]:
    """Width and height of what is kept: at most `kept` squared pixels, no side less than 1 or more than `LONGEST`."""
    width, height = size
    scale = min(kept / math.sqrt(width * height), LONGEST / max(size))
    if scale >= 1:
        return size
    width, height = max(1, math.floor(width * scale)), max(1, math.floor(height * scale))
    return max(1, min(width, kept * kept // height)), max(1, min(height, kept * kept // width))


def pixels_of(image: Any, turn: int = 1, kept: int = KEPT) -> tuple[Pixels, tuple[str, ...]]:
    """The pixels of a loaded image (height, width, 3), RGB, and what is odd about them. `image` is not changed."""
    from PIL import Image

    image, notes = _on_ground(_shrunk(_eight_bits(image), kept))
    if turn in _TURNS:
        image = image.transpose(Image.Transpose[_TURNS[turn]])
    return np.array(image, dtype=np.uint8), notes


def _eight_bits(image: Any) -> Any:
    """In mode RGB, RGBA or L."""
    from PIL import Image

    if image.mode in ("RGB", "RGBA", "L"):
        clear = image.info.get("transparency") if image.mode != "RGBA" else None
        return image if clear is None else image.convert("RGBA")
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_scaled(np.asarray(image), image.mode))
    if image.mode in ("LA", "La", "PA", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _scaled(values: Any, mode: str) -> Pixels:
    """Grey values of 16 or 32 bits or as fractions, as 8 bits: 16 bits by their upper half; others between their least
    and their greatest, since what white is nobody says."""
    if mode.startswith("I;16"):
        return np.asarray(values >> 8, dtype=np.uint8)
    values = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    least, greatest = float(values.min()), float(values.max())
    if mode == "I" and least >= 0 and greatest < 65_536:
        return np.asarray(values if greatest < 256 else values / 256, dtype=np.uint8)
    span = greatest - least
    return np.asarray((values - least) / span * 255 if span else values * 0, dtype=np.uint8)


def _shrunk(image: Any, kept: int) -> Any:
    from PIL import Image

    size = kept_size(image.size, kept)
    return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _on_ground(image: Any) -> tuple[Any, tuple[str, ...]]:
    """In RGB, with nothing see-through left: on white as most pages are, on black where it would be unseen on white."""
    from PIL import Image

    if image.mode != "RGBA":
        return image.convert("RGB"), ()
    lowest, _ = image.getchannel("A").getextrema()
    if lowest == 255:
        return image.convert("RGB"), ()
    values = np.asarray(image)
    alpha = values[..., 3]
    shown = alpha > 16
    dark = bool(shown.any()) and float(values[..., :3][shown].mean()) > _BRIGHT
    ground = Image.new("RGB", image.size, (0, 0, 0) if dark else (255, 255, 255))
    ground.paste(image, mask=image.getchannel("A"))
    return ground, ("white on a see-through ground: judged on black",) if dark else ()
