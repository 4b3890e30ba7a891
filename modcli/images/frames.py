"""Frames of animated pictures and of videos: a few that stand for all, within limits of time and memory."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from modcli.errors import MissingExtraError, SourceError
from modcli.images.decoding import broken, notes_of_file, open_picture, read_file, reader, refuse_bomb
from modcli.images.decoding_pixels import pixels_of
from modcli.images.formats import HEAD, is_picture, is_video
from modcli.images.frames_choice import SIDE, Choice, Signature, frame_of, shrink
from modcli.images.frames_gif import Map, excerpt, map_of
from modcli.images.frames_video import sample_video
from modcli.images.picture import Pixels, Sampled

#: A frame has at most as many pixels as a square of this side: enough to read what is written in it.
FRAME_SIDE = 1_024
#: So many frames of an animation are decoded at most, and so many pixels in all of them.
MOST_DECODED = 1_500
MOST_PIXELS = 4_000_000_000
#: Seconds that one file may take.
SECONDS = 20.0
_DEFAULT_DELAY = 0.1


def sample(
    source: Path | bytes,
    *,
    most: int = 32,
    name: str = "",
    within: Path | None = None,
    seconds: float = SECONDS,
) -> Sampled:
    """At most `most` frames of an animated GIF, WebP, PNG or AVIF, or of a video, in order; pages of a TIFF count as
    frames of a second; a still picture is one frame.

    Frames are chosen where the picture changes and so that no long stretch is left out; what is too long to be decoded
    within `seconds` is looked at here and there, and `why` says so. The digest of a frame is that of its pixels; the
    first frame has the notes on the file.
    `name` and `within` are as in `open_picture`.

    Raises SourceError where the file cannot be read or no frame of it can be decoded, MissingExtraError where a package
    of the extras `images` or `video` is not installed.
    """
    name = name or (str(source) if isinstance(source, Path) else "<picture>")
    deadline = time.monotonic() + seconds
    head = (
        source[:HEAD]
        if isinstance(source, bytes)
        else read_file(source, name=name, within=within, first=HEAD)
    )
    if is_video(head):
        return sample_video(source, most=most, name=name, side=FRAME_SIDE, deadline=deadline)
    data = source if isinstance(source, bytes) else read_file(source, name=name, within=within)
    kind = is_picture(head)
    if kind in ("gif", "webp", "png", "avif", "tiff") and (
        found := _animation(kind, data, name, most, deadline)
    ):
        first = replace(found.frames[0], notes=tuple(notes_of_file(kind, data, name)))
        return replace(found, frames=(first, *found.frames[1:]))
    return Sampled((open_picture(data, name=name),), 1, 0.0, "a still picture")


def _animation(kind: str, data: bytes, name: str, most: int, deadline: float) -> Sampled | None:
    """None where it does not move, or where not even the first frame is whole."""
    try:
        image = reader(kind, data)
        refuse_bomb(kind, image, name)
        if not getattr(image, "is_animated", False):
            return None
        width, height = image.size
        budget = max(1, min(MOST_DECODED, MOST_PIXELS // (width * height)))
        gif = map_of(data, deadline=deadline - 0.5 * (deadline - time.monotonic())) if kind == "gif" else None
        total = len(gif.starts) if gif else int(image.n_frames)
        if gif is not None and total > budget:
            return _picked(data, gif, name, most, deadline, because="it is too long to be decoded")
        choice = Choice(most)
        now, done, cut = _in_order(image, kind, name, choice, min(total, budget), deadline)
        if gif is not None and cut and done < total - 1:
            # A broken frame in the middle hides nothing behind it.
            return _picked(data, gif, name, most, deadline, because="some are damaged")
        if not choice.kept:
            return None
        cut |= gif is not None and gif.whole and not gif.ended
        why = "where it changes, out of all frames" if kind != "tiff" else "the pages that differ, out of all"
        if cut:
            why = f"the file is cut short or damaged behind frame {done:,}: judged is what is there"
        elif done < total:
            why = f"only the first {done:,} of {total:,} frames were decoded: it is too long"
        return Sampled(tuple(frame_of(kind, name, kept) for kept in choice.kept), total, now, why)
    except (SourceError, MissingExtraError):
        raise
    except Exception as error:  # the reader of a hostile file may fail in any way
        raise broken(kind, name) from error


def _in_order(
    image: Any, kind: str, name: str, choice: Choice, count: int, deadline: float
) -> tuple[float, int, bool]:
    """Offers the first frames, one after the other; the seconds and the frames that were decoded, and whether a broken
    one ended it."""
    now, done, pixels = 0.0, 0, 0
    for index in range(count):
        try:
            image.seek(index)
            refuse_bomb(kind, image, name)  # pages of a TIFF are of different sizes
            image.load()
        except (OSError, EOFError, SyntaxError, ValueError, SourceError):
            return now, done, True
        choice.offer(now, index, signature_of(image), partial(_pixels, image))
        now += _delay(image) if kind != "tiff" else 1.0
        done, pixels = index + 1, pixels + image.width * image.height
        if time.monotonic() > deadline or pixels > MOST_PIXELS:
            break
    return now, done, False


def _picked(data: bytes, gif: Map, name: str, most: int, deadline: float, *, because: str) -> Sampled:
    """Of a GIF that cannot be decoded in order: frames at equal distances, each with the few before it."""
    choice, done = Choice(most), 0
    total = len(gif.starts)
    for index in np.unique(np.linspace(0, total - 1, 2 * most).astype(int)).tolist():
        if done and time.monotonic() > deadline:
            break
        part, place = excerpt(data, gif, index)
        try:
            image = reader("gif", part)
            image.seek(place)
            image.load()
        except (OSError, EOFError, SyntaxError, ValueError):
            continue
        done += 1
        choice.offer(gif.seconds[index], index, signature_of(image), partial(_pixels, image))
    if not choice.kept:
        raise OSError("no frame was decoded")
    least = "" if gif.whole else "at least "
    why = f"looked at {done:,} of {least}{total:,} frames, at equal distances: {because}"
    return Sampled(tuple(frame_of("gif", name, kept) for kept in choice.kept), total, gif.duration, why)


def signature_of(image: Any) -> Signature:
    """A small picture of a loaded image of Pillow, on white, 0 to 1."""
    small, _ = pixels_of(image, kept=SIDE * 4)
    return shrink(small)


def _pixels(image: Any) -> tuple[Pixels, tuple[int, int]]:
    return pixels_of(image, kept=FRAME_SIDE)[0], image.size


def _delay(image: Any) -> float:
    """Seconds that a frame is shown."""
    value = image.info.get("duration", 0)
    shown = float(value) / 1_000 if isinstance(value, int | float) else 0.0
    return shown if 0.02 <= shown < 86_400 else _DEFAULT_DELAY
