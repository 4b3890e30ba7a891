"""Frames of what moves: those that stand for all of it, within limits of time."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from modcli.errors import MissingExtraError, SourceError
from modcli.images import frames, frames_video
from modcli.images.decoding import CUT
from modcli.images.frames import sample
from modcli.images.frames_choice import SIDE, Choice
from modcli.images.frames_gif import CONTEXT, excerpt, map_of
from modcli.images.picture import Sampled
from tests.images.drawing import moving, saved, scene

SIZE = (64, 48)
FLASH = 33


def story(length: int = 60) -> list[Image.Image]:
    """Red, green and blue for a third each, with a dot that moves, and one yellow frame in the second."""
    found = []
    for number in range(length):
        colour = ("red", "green", "blue")[number * 3 // length]
        image = Image.new("RGB", SIZE, "yellow" if number == FLASH else colour)
        image.paste("white", (number % 50, 5, number % 50 + 8, 13))
        found.append(image)
    return found


def colours(sampled: Sampled) -> set[str]:
    names = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
    found = set()
    for frame in sampled.frames:
        corner = frame.pixels[-1, -1].astype(int)
        found |= {name for name, colour in names.items() if np.abs(corner - colour).max() < 40}
    return found


def film(images: list[Image.Image], *, rate: int = 10, gop: int = 12, kind: str = "matroska") -> bytes:
    """A video of MPEG-4 in a container."""
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height = images[0].size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = gop
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation(form: str) -> None:
    found = sample(moving(story(), form), most=6, name="a")
    assert colours(found) == {"red", "green", "blue", "yellow"}
    assert len(found.frames) == 6
    times = [frame.seconds for frame in found.frames]
    assert times == sorted(times)
    assert times[0] == 0
    assert 3.3 in [round(seconds or 0, 2) for seconds in times]
    assert (found.total, round(found.seconds, 2)) == (60, 6.0)
    assert found.frames[0].format == form.lower()
    assert len({frame.digest for frame in found.frames}) == 6
    assert found.as_record()["frames"] == 60


@pytest.mark.parametrize("kind", ["matroska", "mp4", "avi"])
def test_a_video(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(film(story(), kind=kind))
    for source in (file, file.read_bytes()):
        found = sample(source, most=6)
        assert colours(found) == {"red", "green", "blue", "yellow"}
        assert found.total == 60
        assert abs(found.seconds - 6) < 0.2
        assert found.frames[0].format == kind
        assert found.frames[0].pixels.shape == (48, 64, 3)


def test_a_still_picture_is_one_frame() -> None:
    for form in ("PNG", "JPEG", "GIF", "WEBP"):
        found = sample(saved(scene(1), form))
        assert (len(found.frames), found.total, found.frames[0].seconds) == (1, 1, None)


def test_what_is_odd_about_the_file_stands_at_its_first_frame() -> None:
    found = sample(moving(story(4)) + b"PK\x03\x04" * 9, name="x.png")
    assert found.frames[0].notes == (
        "its name says png, it is gif",
        "36 bytes behind its end: a ZIP archive",
    )


def test_pages_are_frames() -> None:
    found = sample(saved(scene(1), "TIFF", save_all=True, append_images=[scene(2, (90, 200))]))
    assert [frame.pixels.shape for frame in found.frames] == [(240, 320, 3), (200, 90, 3)]
    assert found.why == "the pages that differ, out of all"


def test_a_broken_frame_hides_nothing_behind_it() -> None:
    data = moving(story())
    found = map_of(data, deadline=time.monotonic() + 9)
    at = found.starts[10] + data[found.starts[10] : found.ends[10]].index(b",") + 5
    damaged = data[:at] + b"\x00\x00\x00\x00" + data[at + 4 :]
    sampled = sample(damaged, most=16)
    assert {"red", "green", "blue"} <= colours(sampled)
    assert sampled.why.endswith("some are damaged")


def test_of_a_first_frame_cut_short_what_is_there_is_judged() -> None:
    noise = Image.effect_noise((64, 48), 90)
    data = moving([noise, noise.rotate(90, expand=False)])
    found = map_of(data, deadline=time.monotonic() + 9)
    (frame,) = sample(data[: (found.starts[0] + found.ends[0]) // 2]).frames
    assert CUT in frame.notes


def test_frames_that_are_the_same_are_one() -> None:
    found = sample(moving([scene(1), scene(1).copy(), scene(2)], "WEBP", lossless=True))
    assert len(found.frames) == 2


def test_a_gif_of_a_million_frames_is_not_decoded_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [moving(story(6)[at : at + 1]) for at in (0, 5)]
    maps = [map_of(part, deadline=time.monotonic() + 9) for part in parts]
    first, last = (part[found.starts[0] : found.ends[0]] for part, found in zip(parts, maps, strict=True))
    assert len(maps[0].starts) == 1
    # Each frame without a palette of its own: the last scene stands at the very end.
    data = parts[0][: maps[0].prelude] + first * 999_900 + last * 100 + b";"
    decoded = []
    reader = frames.reader
    monkeypatch.setattr(
        frames, "reader", lambda kind, part: (decoded.append(len(part)), reader(kind, part))[1]
    )
    found = sample(data, most=8)
    assert found.total == 1_000_000
    assert len(decoded) <= 17
    assert max(decoded[1:]) < (CONTEXT + 2) * (len(first) + len(last)) + 1_000
    assert "of 1,000,000 frames" in found.why
    assert found.frames


def test_far_frames_of_a_gif_are_as_they_are_shown() -> None:
    data = moving(story())
    found = map_of(data, deadline=time.monotonic() + 9)
    assert found.ended
    assert len(found.starts) == 60
    assert found.duration == pytest.approx(6)
    part, place = excerpt(data, found, 50)
    with Image.open(io.BytesIO(part)) as image, Image.open(io.BytesIO(data)) as whole:
        image.seek(place)
        whole.seek(50)
        shown, there = np.asarray(image.convert("RGB")), np.asarray(whole.convert("RGB"))
    assert np.abs(shown.astype(int) - there).mean() < 12


def test_the_frames_of_a_long_gif_are_looked_at_here_and_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_DECODED", 20)
    found = sample(moving(story()), most=16)
    assert {"red", "green", "blue"} <= colours(found)
    assert "at equal distances" in found.why
    webp = sample(moving(story(), "WEBP"), most=16)
    assert "first 20 of 60 frames" in webp.why


@pytest.mark.parametrize("form", ["GIF", "PNG"])
def test_of_an_animation_cut_short_what_is_there_is_judged(form: str) -> None:
    data = moving(story(), form)
    found = sample(data[: len(data) // 2], most=8)
    assert "cut short" in found.why
    assert "red" in colours(found)


def test_of_a_video_cut_short_what_is_there_is_judged() -> None:
    data = film(story())
    found = sample(data[: len(data) // 2], most=8)
    assert "cut short" in found.why
    assert "red" in colours(found)


@pytest.mark.parametrize("gop", [12, 10_000])
def test_a_long_video_is_looked_at_here_and_there(gop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames_video, "SHORT", 2.0)
    found = sample(film(story(), gop=gop), most=16)
    assert {"red", "green", "blue"} <= colours(found)
    assert "at equal distances" in found.why
    times = [frame.seconds or 0 for frame in found.frames]
    assert times == sorted(times)


def test_time_is_limited() -> None:
    for data in (moving(story()), film(story())):
        found = sample(data, most=8, seconds=0.0)
        assert found.frames
        assert "too long" in found.why


def test_what_a_video_may_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    data = film(story(6))
    monkeypatch.setattr(frames_video, "MOST_PIXELS", 100)
    with pytest.raises(SourceError, match="64 x 48 pixels: not decoded"):
        sample(data)


def test_sound_alone_is_no_video() -> None:
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8_000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8_000
        container.mux(stream.encode(sound))
    with pytest.raises(SourceError, match="sound and no pictures"):
        sample(file.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x18ftypisom" + b"nothing" * 20,
        b"\x1aE\xdf\xa3" + b"\x00" * 200,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"",
        b"GIF89a" + b"\x00" * 20,
    ],
)
def test_what_moves_not_at_all(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.mp4"
    file.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        sample(file, name="x.mp4")
    assert caught.value.hint
    assert str(caught.value).startswith("x.mp4: ")


def test_a_link_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "secret.gif").write_bytes(moving(story(4)))
    (tmp_path / "a" / "x.gif").symlink_to(tmp_path / "secret.gif")
    with pytest.raises(SourceError, match="leaves its folder"):
        sample(tmp_path / "a" / "x.gif", within=tmp_path / "a")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError) as caught:
        sample(b"\x1aE\xdf\xa3" + b"\x00" * 200)
    assert caught.value.hint == "pip install 'modcli[video]'"


def test_a_film_is_turned_as_it_says() -> None:
    """As a phone held upright writes it: the matrix in its header turns by a quarter."""
    image = Image.new("RGB", SIZE, "blue")
    image.paste("red", (0, 0, 64, 24))  # above, before it is turned
    data = film([image] * 3, kind="mp4")
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    plain = b"".join(
        number.to_bytes(4, "big", signed=True) for number in (65_536, 0, 0, 0, 65_536, 0, 0, 0, 1 << 30)
    )
    assert data[at : at + 36] == plain
    numbers = (0, 65_536, 0, -65_536, 0, 0, 48 << 16, 0, 1 << 30)  # clockwise
    turned = b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)
    (frame,) = sample(data[:at] + turned + data[at + 36 :]).frames
    assert (frame.width, frame.height, frame.pixels.shape) == (48, 64, (64, 48, 3))
    assert frame.pixels[32, 40, 0] > 200, "what was above is now at the right"
    assert frame.pixels[32, 8, 2] > 200


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 255)), min_size=1, max_size=60), st.integers(1, 9)
)
def test_the_choice_is_in_order_and_within_its_number(offers: list[tuple[float, int]], most: int) -> None:
    choice = Choice(most)
    for index, (seconds, level) in enumerate(offers):
        signature = np.full((SIDE, SIDE, 3), level / 255, np.float32)
        choice.offer(seconds, index, signature, lambda: (np.zeros((1, 1, 3), np.uint8), (1, 1)))
    times = [kept.seconds for kept in choice.kept]
    assert 1 <= len(times) <= most
    assert times == sorted(times)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([moving(story(6)), moving(story(6), "PNG")]),
    st.integers(0, 10**6),
    st.binary(min_size=1, max_size=5),
)
def test_damaged_animations_never_crash_it(data: bytes, at: int, change: bytes) -> None:
    at %= len(data)
    damaged: Any = data[:at] + change + data[at + len(change) :]
    try:
        found = sample(damaged, name="damaged")
    except SourceError as error:
        if not error.hint:
            raise
    else:
        assert found.frames
