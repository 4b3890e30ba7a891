"""Frames of a video: all are looked at where it is short, here and there where it is long."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from modcli.errors import MissingExtraError, SourceError
from modcli.images.decoding_pixels import kept_size
from modcli.images.formats import HEAD, is_video, refusal
from modcli.images.frames_choice import SIDE, Choice, frame_of, shrink
from modcli.images.picture import Pixels, Sampled

#: A video of at most so many seconds is decoded frame by frame, a longer one here and there.
SHORT = 60.0
#: Between the key frames of a long one, at most so many frames are decoded to reach a place.
FORWARD = 40
#: The most pixels of a frame.
MOST_PIXELS = 40_000_000
#: How FFmpeg calls the reader of each container. Its name is always given: a playlist under a video's name, which names
#: other files and addresses, is then no video.
_READERS = {"mp4": "mp4", "matroska": "matroska", "avi": "avi", "mpeg": "mpeg", "ogg": "ogg", "flv": "flv"}


def sample_video(source: Path | bytes, *, most: int, name: str, side: int, deadline: float) -> Sampled:
    """At most `most` frames of a video, each of at most `side` squared pixels; `deadline` is of `time.monotonic`.

    Raises SourceError where nothing can be decoded, MissingExtraError where PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("videos need PyAV", hint="pip install 'modcli[video]'") from error
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            kind = _READERS[is_video(file.read(HEAD))]
            file.seek(0)
            with av.open(file, mode="r", format=kind, io_open=_refuse, timeout=10) as container:
                return _sampled(container, kind, most, name, side, deadline)
    except (SourceError, MissingExtraError):
        raise
    except Exception as error:  # the reader of a hostile file may fail in any way
        raise refusal(name, "it begins as a video, and no frame can be read from it", _DAMAGED) from error


_DAMAGED = "it is damaged, cut short or of a kind that is not read: try another player, or leave it out"


def _sampled(container: Any, kind: str, most: int, name: str, side: int, deadline: float) -> Sampled:
    if not container.streams.video:
        raise refusal(name, "it has sound and no pictures", "sound is not judged")
    stream = container.streams.video[0]
    if stream.codec_context is None or stream.width * stream.height > MOST_PIXELS:
        raise refusal(
            name, f"its frames have {stream.width:,} x {stream.height:,} pixels: not decoded", _DAMAGED
        )
    stream.thread_type = "NONE" if stream.width * stream.height < 500_000 else "AUTO"
    duration = _duration(container, stream)
    choice, seen = Choice(most), _Seen()
    if duration is not None and duration <= SHORT:
        _offer(choice, seen, _decoded(container, stream, deadline), side)
        why = "where it changes, out of all frames"
    else:
        why = "where it changes, out of frames at equal distances"
        if duration is not None:
            # Key frames first: they stand where an encoder saw a change, and cost least. Then what lies between them.
            places = [duration * place / (4 * most) for place in _spread(4 * most)]
            stream.codec_context.skip_frame = "NONKEY"
            _offer(choice, seen, _sought(container, stream, places, 0, deadline), side)
            stream.codec_context.skip_frame = "DEFAULT"
            _offer(choice, seen, _sought(container, stream, places, FORWARD, deadline), side)
        if len(seen.times) < most:
            # No way to find a place in it: from the beginning, as far as time allows.
            container.seek(0)
            stream.codec_context.skip_frame = "DEFAULT"
            _offer(choice, seen, _decoded(container, stream, deadline), side)
    if not choice.kept:
        raise refusal(name, "it begins as a video, and no frame can be read from it", _DAMAGED)
    last = max(seen.times)
    if seen.error:
        why = f"the file is cut short or damaged behind second {last:.1f}"
    elif duration is not None and duration <= SHORT and last < 0.8 * duration and time.monotonic() < deadline:
        why = f"the file is cut short behind second {last:.1f} of {duration:.1f}"
    elif time.monotonic() > deadline:
        why = f"looked at {len(seen.times):,} frames, up to second {last:.1f}: it takes too long"
    total = int(stream.frames or round((duration or last) * float(stream.average_rate or 0))) or len(
        seen.times
    )
    frames = tuple(frame_of(kind, name, kept) for kept in choice.kept)
    return Sampled(frames, max(total, len(frames)), max(duration or 0.0, last), why)


class _Seen:
    """The times of the frames that were looked at, and whether reading them ended in an error."""

    def __init__(self) -> None:
        self.times: set[float] = set()
        self.error = False


def _offer(choice: Choice, seen: _Seen, frames: Iterator[Any], side: int) -> None:
    try:
        for index, frame in enumerate(frames):
            seconds = max(float(frame.time or 0.0), 0.0)
            if seconds in seen.times:
                continue
            seen.times.add(seconds)
            small = frame.to_ndarray(format="rgb24", width=4 * SIDE, height=4 * SIDE)
            choice.offer(seconds, index, shrink(small), partial(_pixels, frame, side))
    except Exception:  # a damaged part ends it: what was seen before counts
        if not choice.kept:
            raise
        seen.error = True


def _decoded(container: Any, stream: Any, deadline: float) -> Iterator[Any]:
    for packet in container.demux(stream):
        yield from packet.decode()
        if time.monotonic() > deadline:
            return


def _spread(count: int) -> list[int]:
    """All numbers below `count`, such that what comes first is spread over the whole."""
    bits = max(count - 1, 1).bit_length()
    return sorted(range(count), key=lambda number: int(f"{number:0{bits}b}"[::-1], 2))


def _sought(container: Any, stream: Any, places: list[float], forward: int, deadline: float) -> Iterator[Any]:
    """The key frame at or before each place, in seconds; with `forward`, the frame of that place instead, or that many
    frames behind the key frame where the place is farther."""
    start = float((stream.start_time or 0) * stream.time_base)
    for place in places:
        container.seek(int((start + place) / stream.time_base), stream=stream)
        found = None
        for frame in islice(container.decode(stream), max(forward, 1)):
            found = frame
            if not forward or (frame.time or 0.0) >= start + place or time.monotonic() > deadline:
                break
        if found is not None:
            yield found
        if time.monotonic() > deadline:
            return


def _duration(container: Any, stream: Any) -> float | None:
    """In seconds, as the file says; None where it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration else None


def _pixels(frame: Any, side: int) -> tuple[Pixels, tuple[int, int]]:
    """A frame as it is shown: turned as the video says (a phone held upright)."""
    from PIL import Image

    width, height = kept_size((frame.width, frame.height), side)
    image = Image.fromarray(frame.to_ndarray(format="rgb24", width=width, height=height))
    size = (frame.width, frame.height)
    if frame.rotation % 90 == 0 and frame.rotation % 360:
        image = image.rotate(frame.rotation, expand=True)
        size = size if frame.rotation % 180 == 0 else size[::-1]
    return np.array(image, dtype=np.uint8), size


def _refuse(*_: Any) -> Any:
    raise OSError("a video opens no other file")
