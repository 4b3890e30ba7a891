"""Draws the pictures of this folder: a message that asks for money, a sign that asks for nothing, a chart that moves.

Run it in this folder with Pillow installed: `python draw.py`. Nothing in the pictures is anybody's.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent


def message() -> Image.Image:
    """A chat in which a stranger promises coins."""
    picture = Image.new("RGB", (480, 300), "#e5ddd5")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((20, 24, 400, 78), 12, fill="white")
    draw.text((36, 40), "Hi, is this still your number?", "#222222", font=ImageFont.load_default(20))
    draw.rounded_rectangle((20, 98, 460, 226), 12, fill="white")
    for row, line in enumerate(
        ("Send me 100 coins today and", "I double your money tomorrow.", "Last chance, join now!")
    ):
        draw.text((36, 114 + 34 * row), line, "#222222", font=ImageFont.load_default(22))
    return picture


def sign() -> Image.Image:
    """A sign at a lake."""
    picture = Image.new("RGB", (320, 220), "#cfe8ff")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((152, 120, 168, 220), fill="#7a5a3a")
    draw.rectangle((40, 30, 280, 126), fill="#2d6a4f", outline="white", width=4)
    for row, line in enumerate(("Swimming is free", "until eight o'clock")):
        draw.text((62, 48 + 34 * row), line, "white", font=ImageFont.load_default(22))
    return picture


def chart() -> list[Image.Image]:
    """A line that rises, in eight frames; on the last ones stands what it is for."""
    frames = []
    for count in range(1, 9):
        picture = Image.new("P", (240, 160), 0)
        picture.putpalette([255, 255, 255, 30, 120, 60, 20, 20, 20])
        draw = ImageDraw.Draw(picture)
        points = [(20 + 26 * i, 130 - 12 * i - 6 * (i % 2)) for i in range(count + 1)]
        draw.line(points, fill=1, width=4)
        if count > 5:
            draw.text((16, 10), "Double your money", 2, font=ImageFont.load_default(22))
        frames.append(picture)
    return frames


if __name__ == "__main__":
    message().save(HERE / "message.png", optimize=True)
    sign().save(HERE / "sign.png", optimize=True)
    first, *rest = chart()
    first.save(HERE / "chart.gif", save_all=True, append_images=rest, duration=500, loop=0)
