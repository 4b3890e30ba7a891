"""Ordinary pictures that are drawn by code: what heads compare a category's pictures with.

No photograph can be shipped without somebody's rights in it, and the same drawings serve every embedder. They are of the
kinds that people post beside photographs: things on white, pages of text, screens, charts, and soft scenes and textures
with the colours of photographs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.errors import MissingExtraError
from modcli.images.picture import Picture

SIZE = 320
#: Drawings of each kind.
_EACH = 8
#: Changes whenever other drawings come out: a part of every key under which their features are kept.
VERSION = 1

_Random = np.random.Generator
_WORDS = (
    *(
        "the",
        "a",
        "we",
        "you",
        "in",
        "on",
        "for",
        "and",
        "this",
        "that",
        "today",
        "new",
        "home",
        "work",
        "time",
    ),
    *("open", "more", "see", "all", "good", "day", "list", "page"),
)


@cache
def drawings() -> tuple[Picture, ...]:
    """The drawings, always the same. Raises MissingExtraError without Pillow."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"pictures need Pillow ({error})", hint="pip install 'modcli[images]'"
        ) from error
    made = []
    for kind, draw in _KINDS.items():
        for number in range(_EACH):
            seed = hashlib.sha256(f"{VERSION}, {kind}, {number}".encode()).digest()
            pixels = draw(np.random.default_rng(int.from_bytes(seed[:8], "big")))
            digest = hashlib.sha256(pixels.tobytes()).hexdigest()
            made.append(Picture(f"{kind} {number}", digest, "drawn", SIZE, SIZE, pixels))
    return tuple(made)


def _cloud(random: _Random) -> NDArray[np.uint8]:
    """Noise with the spectrum of photographs (1 / frequency), in two mixed colours."""
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None])
    power = random.uniform(0.8, 1.8)
    planes = []
    for _ in range(3):
        spectrum = np.fft.rfft2(random.normal(size=(SIZE, SIZE))) / np.maximum(frequency, 1 / SIZE) ** power
        plane = np.fft.irfft2(spectrum, (SIZE, SIZE))
        planes.append((plane - plane.mean()) / max(float(plane.std()), 1e-9))
    grey, other, third = planes
    tint = random.uniform(-0.6, 0.6, 3)
    mixed = grey[..., None] + 0.4 * other[..., None] * tint + 0.2 * third[..., None] * tint[::-1]
    return _bytes(random.uniform(70, 170, 3) + random.uniform(25, 50) * mixed)


def _scene(random: _Random) -> NDArray[np.uint8]:
    """A sky, a ground, and a few things between them, soft."""
    image, draw = _canvas(_colour(random, 120, 255))
    horizon = int(random.uniform(0.4, 0.8) * SIZE)
    draw.rectangle((0, horizon, SIZE, SIZE), fill=_colour(random, 30, 150))
    for _ in range(int(random.integers(2, 8))):
        x, width, height = random.uniform(0, SIZE), random.uniform(10, 90), random.uniform(20, 150)
        box = (x, horizon - height, x + width, horizon + height / 4)
        (draw.rectangle if random.random() < 0.5 else draw.ellipse)(box, fill=_colour(random, 20, 200))
    soft = np.asarray(image.filter(_blur(random.uniform(1, 4))), np.float64)
    return _bytes(soft + random.normal(0, 6, soft.shape))


def _texture(random: _Random) -> NDArray[np.uint8]:
    """Waves across each other: cloth, brick, bark."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    waves = np.zeros((SIZE, SIZE))
    for _ in range(3):
        angle, pitch = random.uniform(0, np.pi), random.uniform(5, 50)
        wave = np.sin(
            2 * np.pi * pitch * (rows * np.sin(angle) + columns * np.cos(angle)) + random.uniform(0, 6)
        )
        waves += np.sign(wave) if random.random() < 0.3 else wave
    colour = random.uniform(60, 200, 3)
    return _bytes(colour + waves[..., None] * random.uniform(10, 30) + random.normal(0, 9, (SIZE, SIZE, 3)))


def _thing(random: _Random) -> NDArray[np.uint8]:
    """One thing in the middle of a white page, of a few plain shapes."""
    image, draw = _canvas((255, 255, 255))
    for _ in range(int(random.integers(1, 7))):
        x, y = random.uniform(0.3, 0.7, 2) * SIZE
        reach = random.uniform(15, 100)
        shade, outline = _colour(random, 0, 255), _colour(random, 0, 90)
        corners = int(random.integers(3, 9))
        angles = np.sort(random.uniform(0, 2 * np.pi, corners))
        reaches = reach * random.uniform(0.5, 1, corners)
        points = [(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, reaches, strict=True)]
        if random.random() < 0.5:
            draw.ellipse(
                (x - reach, y - reach * 0.7, x + reach, y + reach * 0.7), fill=shade, outline=outline
            )
        else:
            draw.polygon(points, fill=shade, outline=outline)
    return np.asarray(image.filter(_blur(random.uniform(0, 1.5))), np.uint8)


def _sketch(random: _Random) -> NDArray[np.uint8]:
    """Lines of a pen on white."""
    image, draw = _canvas((255, 255, 255))
    for _ in range(int(random.integers(2, 9))):
        steps = random.normal(0, 22, (int(random.integers(4, 30)), 2)).cumsum(axis=0) + SIZE / 2
        draw.line(
            [tuple(step) for step in steps], fill=_colour(random, 0, 160), width=int(random.integers(1, 8))
        )
    return np.asarray(image, np.uint8)


def _page(random: _Random) -> NDArray[np.uint8]:
    """A page of text, light or dark."""
    dark = random.random() < 0.3
    image, draw = _canvas((24, 26, 30) if dark else (250, 250, 248))
    size = int(random.integers(10, 30))
    for y in range(12, SIZE - size, int(size * 1.5)):
        if random.random() < 0.85:
            draw.text((14, y), _line(random), fill=(225,) * 3 if dark else (25,) * 3, font=_font(size))
    return np.asarray(image, np.uint8)


def _chat(random: _Random) -> NDArray[np.uint8]:
    """Bubbles of a conversation."""
    image, draw = _canvas(_colour(random, 215, 255))
    for y in range(10, SIZE - 40, 52):
        left = 12 if random.random() < 0.5 else 90
        draw.rounded_rectangle((left, y, left + 205, y + 40), 14, fill=_colour(random, 130, 245))
        draw.text((left + 12, y + 12), _line(random)[:28], fill=(20, 20, 20), font=_font(14))
    return np.asarray(image, np.uint8)


def _chart(random: _Random) -> NDArray[np.uint8]:
    """Bars, with an axis and numbers."""
    image, draw = _canvas((255, 255, 255))
    shade = _colour(random, 30, 220)
    draw.line((30, 20, 30, 290, 310, 290), fill=(60, 60, 60), width=2)
    for x in range(42, 300, int(random.integers(22, 50))):
        height = int(random.integers(15, 250))
        draw.rectangle((x, 290 - height, x + 16, 290), fill=shade)
        draw.text((x, 295), str(height), fill=(60, 60, 60), font=_font(11))
    return np.asarray(image, np.uint8)


_KINDS: dict[str, Callable[[_Random], NDArray[np.uint8]]] = {
    "cloud": _cloud,
    "scene": _scene,
    "texture": _texture,
    "thing": _thing,
    "sketch": _sketch,
    "page": _page,
    "chat": _chat,
    "chart": _chart,
}


def _canvas(colour: tuple[int, ...]) -> tuple[Any, Any]:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (SIZE, SIZE), colour)
    return image, ImageDraw.Draw(image)


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _blur(radius: float) -> Any:
    from PIL import ImageFilter

    return ImageFilter.GaussianBlur(radius)


def _line(random: _Random) -> str:
    return " ".join(random.choice(_WORDS, int(random.integers(3, 9))))


def _colour(random: _Random, least: int, most: int) -> tuple[int, ...]:
    return tuple(int(value) for value in random.integers(least, most + 1, 3))


def _bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
