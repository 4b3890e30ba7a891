"""How fast pictures are opened, hashed, sampled and judged, and whether memory stays flat.

    python benchmarks/images.py [--count 10000] [--seconds 2]
    python benchmarks/images.py --check 10000 [--threads 2]

All pictures are drawn here. Printed are, of each format and size, pictures a second from a file's bytes to at most
2,048 pixels a side (decode, turn, resize); hashes a second; frames a second of an animation and a video; comparisons
with a list of hashes; and, first, the resident memory over `--count` pictures of mixed formats and sizes. One thread.
With `--check`, so many pictures of mixed formats, 320 x 240, with a message on one in ten, go through `modcli check
--image` with the scripted backend, two detectors of nudity, example pictures and the reader of text; printed are its
resident memory as verdicts come out, pictures a second end to end, and of each stage and the embedder alone on the same
pictures. The machine, its load and the versions are those of whoever runs it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from modcli.errors import MissingExtraError
from modcli.images.decoding import open_picture
from modcli.images.detectors_opening import Opening, open_detectors
from modcli.images.embedder_opening import open_image_embedder
from modcli.images.frames import sample
from modcli.images.hashes import Fingerprint, Groups, Hash, HashList, Index, hashes_of, pdq_installed
from modcli.images.ocr import RapidOcr
from modcli.images.picture import Picture
from modcli.settings import load_settings
from modcli.weights.locate import ModelFile, ensure

SIZES = {"480 x 320": (480, 320), "1920 x 1280": (1920, 1280), "4032 x 3024": (4032, 3024)}
FORMATS = {
    "JPEG": {"quality": 85},
    "PNG": {},
    "WEBP": {"quality": 80},
    "AVIF": {"quality": 70, "speed": 10},
    "GIF": {},
    "HEIF": {},
}


#: Of the pictures that are judged, with how many of a kind.
JUDGED = {
    "JPEG": {"quality": 85},
    "PNG": {"compress_level": 1},
    "WEBP": {"quality": 80},
    "GIF": {},
    "BMP": {},
}
SAID = (
    "Send 50 coins, get 100 back",
    "The pool opens at noon",
    "Who lost a grey cat?",
    "Win a phone, tap now",
)
PROFILE = """\
categories:
  money:
    action: block
    definition: Promises quick money or winnings to who sends something first.
    examples: ["Send 50 coins, get 100 coins back", {image: example-0.png}, {image: example-1.png}]
  nudity:
    action: block
    definition: Naked people.
    detectors: [nudity]
"""
#: Pictures that the stages are timed on, one by one.
TIMED = 300


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


def resident(process: int | str = "self") -> float:
    """The resident memory of a process now, in MiB (Linux); 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
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


def drawn(folder: Path, count: int) -> list[str]:
    """Draws the pictures, no two alike; one in ten has a line of text. Returns their files."""
    whole, face, files = photo((4_000, 3_000)), ImageFont.load_default(20), []
    chance = np.random.default_rng(10)
    for number in range(count):
        left, top = int(chance.integers(0, 3_680)), int(chance.integers(0, 2_760))
        image = whole.crop((left, top, left + 320, top + 240))
        if not number % 10:
            pen = ImageDraw.Draw(image)
            pen.rectangle((10, 100, 310, 140), "white")
            pen.text((20, 108), SAID[number // 10 % len(SAID)], "black", face)
        form = list(JUDGED)[number % len(JUDGED)]
        file = folder / f"{number:06}.{form.lower()}"
        if form == "GIF":
            image = image.quantize(
                64, Image.Quantize.FASTOCTREE
            )  # Pillow's own way takes a quarter of a second
        image.save(file, form, **JUDGED[form])
        files.append(str(file))
    for number in range(2):
        coin = Image.new("RGB", (320, 240), "white")
        ImageDraw.Draw(coin).ellipse((80 + 20 * number, 40, 240 + 20 * number, 200), "gold", "black", 6)
        coin.save(folder / f"example-{number}.png")
    (folder / "profile.yaml").write_text(PROFILE)
    return files


def check(count: int, threads: int) -> None:
    """Judges so many pictures with the program itself, and then times its stages."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = drawn(folder, count)
        command = [sys.executable, "-m", "modcli", "check", "--backend", "scripted", "--format", "jsonl"]
        command += [
            "-p",
            str(folder / "profile.yaml"),
            "--threads",
            str(threads),
            "--no-cache",
            "--image",
            *files,
        ]
        start, actions, most = time.perf_counter(), Counter[str](), [0.0] * 10
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            for number, line in enumerate(running.stdout):
                if not number:
                    began = time.perf_counter()  # models are loaded before the first
                verdict = json.loads(line)
                actions["error" if verdict.get("error") else verdict["action"]] += 1
                if not number % 8:
                    tenth = number * 10 // count
                    most[tenth] = max(most[tenth], resident(running.pid))
        taken, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = used.ru_utime + used.ru_stime
        print(
            f"{sum(actions.values()):,} pictures judged ({dict(actions)}), {began - start:.1f} s to the first: "
            f"{count / taken:,.1f} a second, {count / processor:,.1f} a CPU second; load {os.getloadavg()[0]:.1f}"
        )
        tenths = ", ".join(f"{one:,.0f}" for one in most)
        print(f"resident MiB, the most in each tenth: {tenths}; at most {used.ru_maxrss / 1024:,.0f}\n")
        stages([open_picture(Path(file)) for file in files[:TIMED]], files[:TIMED])


def stages(pictures: list[Picture], files: list[str]) -> None:
    """Each stage alone, on one thread."""
    settings = load_settings({}, os.environ, Path.cwd())

    def locate(name: str) -> ModelFile:
        return ensure(name, settings.data_dir, offline=settings.offline)

    def looks() -> Iterator[tuple[str, Callable[[], object]]]:
        yield "open: decode, turn, resize", lambda: [open_picture(Path(file)) for file in files]
        embedder = open_image_embedder("auto", locate, settings.cache_dir, threads=1)
        yield f"embedder {embedder.name}", lambda: embedder.embed(pictures)
        for detector in open_detectors("nudity", Opening(locate, settings.cache_dir, threads=1)).detectors:
            yield detector.name, lambda detector=detector: detector.detect(pictures)
        reader = RapidOcr(threads=1)
        yield "text, one picture in ten has some", lambda: reader.read(pictures)

    print(f"{'one thread, ' + str(len(pictures)) + ' pictures':<44} {'a second':>12} {'a CPU second':>14}")
    for name, work in looks():
        row(name, work, 0.1, len(pictures))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each row")
    parser.add_argument("--check", type=int, metavar="COUNT", help="judge so many pictures instead")
    parser.add_argument("--threads", type=int, default=0, help="of --check; 0: all cores")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.check, arguments.threads)
        return
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
