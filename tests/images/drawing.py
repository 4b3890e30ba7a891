"""Pictures that tests draw: nothing is read from a file."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageDraw

SCENE = (320, 240)


def scene(seed: int = 0, size: tuple[int, int] = SCENE) -> Image.Image:
    """A landscape of shapes and colours, another one for each seed."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    width, height = size
    for place in range(12):
        turn = (seed * 31 + 7) * (place + 3)
        left, top = turn * 37 % width, turn * 53 % height
        colour = (turn * 91 % 256, turn * 57 % 256, turn * 23 % 256)
        reach = (turn * 13 % (width // 3) + width // 10, turn * 17 % (height // 3) + height // 10)
        shape = draw.ellipse if place % 2 else draw.rectangle
        shape((left, top, left + reach[0], top + reach[1]), fill=colour)
    return image


def corners(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red above left, green above right, blue below left, white below right: how it is turned can be seen."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    half, middle = size[0] // 2, size[1] // 2
    draw.rectangle((0, 0, half - 1, middle - 1), fill=(255, 0, 0))
    draw.rectangle((half, 0, size[0], middle - 1), fill=(0, 255, 0))
    draw.rectangle((0, middle, half - 1, size[1]), fill=(0, 0, 255))
    return image


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def moving(frames: list[Image.Image], form: str = "GIF", **options: Any) -> bytes:
    """The bytes of an animation, 0.1 seconds a frame."""
    return saved(frames[0], form, save_all=True, append_images=frames[1:], duration=100, **options)
