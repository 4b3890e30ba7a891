"""How fast pictures are opened, hashed and sampled, and whether memory stays flat.

    python benchmarks/images.py [--count 10000] [--seconds 2]

All pictures are drawn here. Printed are, of each format and size, pictures a second from a file's bytes to at most
2,048 pixels a side (decode, turn, resize); hashes a second; frames a second of an animation and a video; comparisons
with a list of hashes; and, first, the resident memory over `--count` pictures of mixed formats and sizes. One thread.
The machine, its load and the versions are those of whoever runs it.
"""

from __future__ import annotations

import argparse
import io
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from modcli.errors import MissingExtraError
from modcli.images.decoding import open_picture
from modcli.images.frames import sample
from modcli.images.hashes import Fingerprint, Groups, Hash, HashList, Index, hashes_of, pdq_installed

SIZES = {"480 x 320": (480, 320), "1920 x 1280": (1920, 1280), "4032 x 3024": (4032, 3024)}
FORMATS = {
    "JPEG": {"quality": 85},
    "PNG": {},
    "WEBP": {"quality": 80},
    "AVIF": {"quality": 70, "speed": 10},
    "GIF": {},
    "HEIF": {},
}


def photo(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Something with the detail of a photograph: noise of several sizes, in colours."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((size[1], size[0], 3), np.float32)
    for scale, strength in ((8, 120), (32, 70), (128, 40), (512, 15)):
        coarse = rng.integers(0, 256, (scale, scale, 3), dtype=np.uint8)
        picture += np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC), np.float32) * (
            strength / 245
        )
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    if form == "HEIF":
        import pillow_heif

        pillow_heif.from_pillow(image).save(file, quality=70)
    else:
        image.save(file, form, **options)
    return file.getvalue()


def rate(work: Callable[[], object], seconds: float) -> tuple[float, float]:
    """How often a second, by the clock and by the time of the processor."""
    work()
    start, used, times = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - start < seconds:
        work()
        times += 1
    return times / (time.perf_counter() - start), times / max(time.process_time() - used, 1e-9)


def row(what: str, work: Callable[[], object], seconds: float, times: int = 1) -> None:
    try:
        clock, processor = rate(work, seconds)
    except MissingExtraError as error:
        print(f"{what:<44} {error.hint}")
        return
    print(f"{what:<44} {clock * times:>12,.1f} {processor * times:>14,.1f}")


def resident() -> float:
    """The resident memory of this process now, in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def animation(frames: int, size: tuple[int, int]) -> bytes:
    whole = photo((size[0] + frames, size[1]))
    pictures = [whole.crop((at, 0, at + size[0], size[1])) for at in range(frames)]
    return saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:], duration=40)


def video(frames: int, size: tuple[int, int]) -> bytes:
    import av

    whole, file = photo((size[0] + frames, size[1])), io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for at in range(frames):
            image = whole.crop((at, 0, at + size[0], size[1]))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return file.getvalue()


def flat(count: int) -> None:
    """Opens, fingerprints and forgets `count` pictures of mixed formats and sizes."""
    files = [
        saved(photo(size), form, **options)
        for form, options in FORMATS.items()
        if form != "HEIF"
        for size in ((480, 320), (1280, 853))
    ]
    files.append(saved(photo((4032, 3024)), "JPEG", quality=85))
    groups = Groups()
    start, early, most = time.perf_counter(), 0.0, 0.0
    for number in range(count):
        groups.place(Fingerprint.of(open_picture(files[number % len(files)])))
        if not number % 50:
            most = max(most, resident())
        if number == count // 10:
            early = most
    taken = time.perf_counter() - start
    print(
        f"{count:,} pictures opened and grouped, {count / taken:,.0f} a second: at most {early:,.0f} MiB in the first "
        f"tenth of them, {most:,.0f} MiB in all\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each row")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    flat(arguments.count)
    print(f"{'':<44} {'a second':>12} {'a CPU second':>14}")
    for size_name, size in SIZES.items():
        image = photo(size)
        for form, options in FORMATS.items():
            data = saved(image, form, **options)
            row(
                f"open {form} {size_name}, {len(data) // 1024:,} KiB",
                lambda data=data: open_picture(data),
                arguments.seconds,
            )
    pixels = np.asarray(photo((1280, 853)))
    picture = open_picture(saved(photo((1280, 853)), "JPEG"))
    row("phash 1280 x 853", lambda: hashes_of(pixels, ["phash"]), arguments.seconds)
    if pdq_installed():
        row("PDQ 1280 x 853", lambda: hashes_of(pixels, ["pdq"]), arguments.seconds)
    row("fingerprint for groups 1280 x 853", lambda: Fingerprint.of(picture), arguments.seconds)
    known = HashList("known", tuple(Hash("phash", secrets.token_hex(8)) for _ in range(1_000_000)))
    index = Index([known])
    row("picture and mirror against 1,000,000 phashes", lambda: index.near(picture), arguments.seconds)
    moving, film = animation(150, (480, 270)), video(150, (1280, 720))
    row("frames of a GIF 480 x 270 looked at", lambda: sample(moving), arguments.seconds, 150)
    row("frames of a video 1280 x 720 looked at", lambda: sample(film), arguments.seconds, 150)


if __name__ == "__main__":
    main()
