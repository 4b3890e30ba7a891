"""How well text in pictures is read, and how fast: pictures drawn here, in ten fonts and much that makes reading hard.

    python benchmarks/ocr.py [--engines modcli,rapidocr,tesseract] [--sets fonts,sizes,...] [--misread]

Engines: `modcli` is modcli/images/ocr.py as it is, `rapidocr` that package with its own settings, `tesseract` the
program on the whole picture (English, page mode 3). Words: the share of the words drawn that were read, in order; CER:
edit distance by the characters drawn, spaces counting as one, line ends as spaces; exact: pictures without an error when
spaces are left out. Time is CPU seconds of this process (Tesseract's too) on one thread, decoding not included. Fonts are
Debian's (fonts-dejavu, -liberation, -freefont-ttf, -roboto-unhinted, -open-sans, -lato, -comic-neue, -inconsolata,
-dancingscript, -lobster); what is not on the machine is named and left out.
"""

from __future__ import annotations

import argparse
import io
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from modcli.images.decoding_pixels import pixels_of
from modcli.images.ocr import RapidOcr
from modcli.images.ocr_tesseract import Tesseract
from modcli.images.picture import Picture
from modcli.images.text import text_of

FOLDER = Path("/usr/share/fonts")
FONTS = {
    "DejaVu Sans": "truetype/dejavu/DejaVuSans.ttf",
    "DejaVu Serif Bold": "truetype/dejavu/DejaVuSerif-Bold.ttf",
    "Liberation Sans Narrow": "truetype/liberation/LiberationSansNarrow-Regular.ttf",
    "Liberation Serif Italic": "truetype/liberation/LiberationSerif-Italic.ttf",
    "Liberation Mono": "truetype/liberation/LiberationMono-Regular.ttf",
    "FreeSerif": "truetype/freefont/FreeSerif.ttf",
    "Roboto Black": "truetype/roboto/unhinted/RobotoTTF/Roboto-Black.ttf",
    "Open Sans Light": "truetype/open-sans/OpenSans-Light.ttf",
    "Comic Neue": "opentype/comic-neue/ComicNeue-Regular.otf",
    "Lobster Two": "opentype/lobster/lobster.otf",
    "Dancing Script": "opentype/dancingscript/DancingScript-Regular.otf",
}
PLAIN, MEME, SEMITIC = FONTS["DejaVu Sans"], FONTS["Roboto Black"], "truetype/freefont/FreeSans.ttf"
TEXTS = (
    "Your parcel is on hold, pay the\ncustoms fee of 2.99 within 24 hours",
    "Nobody wants you here,\ngo back to where you came from",
    "Send one coin today and I send\ntwo back, my followers only",
    "The library opens at nine on\nMonday, bring your own card",
    "I know where you live and\nwhen you leave for work",
    "Lost grey cat near the old mill,\nanswers to Pepper",
)
#: Read for the first time after everything was set as it is.
OTHERS = (
    "Meet me behind the station\nat a quarter past seven",
    "He is such a clown, block\nhim and tell the others",
    "Only today: cheap watches,\nno questions, ships worldwide",
    "Bread, milk, two lemons\nand the good coffee",
    "You looked awful in that\nvideo, delete your account",
    "Verify your wallet or your\ntokens will be burned",
    "The river rose 40 cm overnight,\nstay away from the bridge",
    "They are vermin and we\nshould treat them so",
    "Free tickets! Scan the code\nand enter your card",
    "Page 12, exercise 3:\nwrite five sentences",
)
LEET = (
    "fr33 m0n3y f0r 4ll my f0ll0w3rs",
    "y0u 4r3 4 l0s3r",
    "cl1ck th3 l1nk n0w",
    "k1ck h1m 0ut 0f th3 gr0up",
    "$end me y0ur p4ssw0rd",
    "ch34p m3d$ n0 qu3st10ns",
)
SPACED = ("F R E E  M O N E Y", "g o  a w a y", "d i e t  p i l l s", "C L I C K  H E R E")
SCRIPTS = {
    "Russian": ("Переведи деньги сейчас\nили потеряешь всё", PLAIN),
    "Ukrainian": ("Надішли гроші на картку\nі нікому не кажи", PLAIN),
    "Greek": ("Στείλε τα χρήματα τώρα\nαλλιώς θα τα χάσεις όλα", PLAIN),
    "Hebrew": ("שלח את הכסף עכשיו\nאו שתפסיד הכול", SEMITIC),
    "Arabic": ("أرسل المال الآن\nأو تخسر كل شيء", PLAIN),
    "German": ("Überweise das Geld sofort,\nsonst verlierst du alles", PLAIN),
    "Polish": ("Wyślij pieniądze już teraz\nalbo stracisz wszystko", PLAIN),
}
CHATS = (
    ("Mia", ("Are you coming tonight?", "We start at eight", "Bring the board game please")),
    ("Unknown", ("Hi mum, my phone broke", "This is my new number", "Can you pay a bill for me today?")),
    ("Kai", ("Everyone in class hates you", "Just leave the school already", "Nobody would miss you")),
    ("Coach", ("Training moved to Thursday", "Same hall, half past six", "Tell the others")),
)
SCAMS = (
    (
        "Bank alert",
        "Your account was limited. Confirm your identity at secure-login.example or it will be closed.",
    ),
    ("Prize centre", "Congratulations! You have won a phone. Pay 1.95 for shipping to claim your prize."),
    ("Tax office", "A refund of 318.40 is waiting for you. Enter your card number to receive it."),
    ("Crypto desk", "Double your deposit in 24 hours, guaranteed. Only 17 places left, act now."),
)


@dataclass(frozen=True)
class Drawn:
    """A picture and what is written on it, lines parted by line ends; `set` is its kind and `case` what is special."""

    set: str
    case: str
    text: str
    image: Image.Image


def font(file: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FOLDER / file), size)


def plate(
    text: str,
    *,
    file: str = PLAIN,
    size: int = 28,
    ink: str | tuple[int, ...] = "black",
    ground: str | tuple[int, ...] = "white",
) -> Image.Image:
    """Lines of text with a margin around them."""
    face, gap = font(file, size), size // 3
    left, top, right, bottom = ImageDraw.Draw(Image.new("RGB", (1, 1))).multiline_textbbox(
        (0, 0), text, face, spacing=gap
    )
    image = Image.new("RGB", (int(right - left) + 2 * size, int(bottom - top) + 2 * size), ground)
    ImageDraw.Draw(image).multiline_text((size - left, size - top), text, ink, face, spacing=gap)
    return image


def scene(width: int, height: int, seed: int) -> Image.Image:
    """Something like a photograph out of focus: soft blots of colour and some grain."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = random.normal(0, 8, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(coarse, float) + grain, 0, 255).astype(np.uint8))


def fonts() -> Iterator[Drawn]:
    for name, file in FONTS.items():
        for text in TEXTS:
            yield Drawn("fonts", name, text, plate(text, file=file))


def sizes() -> Iterator[Drawn]:
    for size in (9, 12, 16, 40, 90):
        for text in TEXTS:
            yield Drawn("sizes", f"{size} px", text, plate(text, size=size))


def rotations() -> Iterator[Drawn]:
    for angle in (5, 15, 30, 45, 90, 135, 180, 270):
        for text in TEXTS:
            turned = plate(text).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
            yield Drawn("rotations", f"{angle} degrees", text, turned)


def contrasts() -> Iterator[Drawn]:
    grounds = {
        "gray, 64 apart": (128, 192),
        "gray, 24 apart": (160, 184),
        "gray, 12 apart": (160, 172),
        "white on black": (255, 0),
    }
    for name, (ink, ground) in grounds.items():
        for text in TEXTS:
            yield Drawn("contrasts", name, text, plate(text, ink=(ink,) * 3, ground=(ground,) * 3))
    for text in TEXTS:
        yield Drawn("contrasts", "red on green", text, plate(text, ink=(200, 40, 40), ground=(40, 130, 60)))


def damage() -> Iterator[Drawn]:
    def jpeg(image: Image.Image) -> Image.Image:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=8)
        return Image.open(io.BytesIO(stream.getvalue())).convert("RGB")

    ways: dict[str, Callable[[Image.Image], Image.Image]] = {
        "JPEG, quality 8": jpeg,
        "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2.5)),
        "struck through": lambda image: _struck(image),
    }
    for name, way in ways.items():
        for text in TEXTS:
            yield Drawn("damage", name, text, way(plate(text)))


def _struck(image: Image.Image) -> Image.Image:
    pen = ImageDraw.Draw(image)
    for y in range(0, image.height, 17):
        pen.line((0, y, image.width, y + 9), (120, 120, 120), 1)
    return image


def memes() -> Iterator[Drawn]:
    for seed, text in enumerate(TEXTS):
        image, above, below = scene(720, 540, seed), *text.upper().split("\n")
        face, pen = font(MEME, 34), ImageDraw.Draw(image)
        for line, y in ((above, 40), (below, 490)):
            pen.text((360, y), line, "white", face, anchor="mm", stroke_width=3, stroke_fill="black")
        yield Drawn("memes", "outlined on a scene", text.upper(), image)


def mixed() -> Iterator[Drawn]:
    """Everything at once, by chance; texts of its own."""
    random = np.random.default_rng(8)
    for i in range(60):
        text, file = OTHERS[i % len(OTHERS)], list(FONTS.values())[int(random.integers(len(FONTS)))]
        ground = int(random.integers(60, 256))
        ink = (
            ground - int(random.integers(40, 200)) if ground > 150 else ground + int(random.integers(40, 100))
        )
        size, angle = (
            int(random.integers(12, 50)),
            float(random.choice([0, 0, 0, random.uniform(-40, 40), 90, 180])),
        )
        grounds = (ground, min(255, ground + 10), max(0, ground - 20))
        image = plate(text, file=file, size=size, ink=(max(0, ink),) * 3, ground=grounds)
        yield Drawn(
            "mixed",
            "by chance",
            text,
            image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=grounds),
        )


def leet() -> Iterator[Drawn]:
    for text in LEET:
        yield Drawn("leetspeak", "digits for letters", text, plate(text))
    for text in SPACED:
        yield Drawn("leetspeak", "letters spaced out", text, plate(text))


def screenshots() -> Iterator[Drawn]:
    for who, said in CHATS:
        image = Image.new("RGB", (1080, 1200), (236, 229, 221))
        pen = ImageDraw.Draw(image)
        pen.rectangle((0, 0, 1080, 130), (32, 96, 86))
        pen.text((60, 40), who, "white", font(FONTS["Roboto Black"], 46))
        for i, text in enumerate(said):
            face = font(PLAIN, 36)
            width, y = int(face.getlength(text)) + 60, 190 + 150 * i
            x = 40 if i != 1 else 1040 - width
            pen.rounded_rectangle((x, y, x + width, y + 90), 24, "white" if i != 1 else (220, 248, 198))
            pen.text((x + 30, y + 22), text, "black", face)
        yield Drawn("screenshots", "chat", "\n".join((who, *said)), image)
    for title, body in SCAMS:
        image = Image.new("RGB", (1080, 700), (24, 26, 32))
        pen, face = ImageDraw.Draw(image), font(FONTS["Open Sans Light"], 38)
        pen.rounded_rectangle((40, 60, 1040, 560), 36, (46, 50, 60))
        pen.text((90, 100), title, "white", font(FONTS["Roboto Black"], 44))
        lines = wrapped(body, face, 880)
        pen.multiline_text((90, 190), "\n".join(lines), (230, 230, 230), face, spacing=18)
        yield Drawn("screenshots", "scam message", "\n".join((title, *lines)), image)
    yield _scrolled()


def _scrolled() -> Drawn:
    said = [text for _, texts in CHATS for text in texts] * 3
    image = Image.new("RGB", (600, 60 * len(said) + 40), "white")
    for i, text in enumerate(said):
        ImageDraw.Draw(image).text((30, 30 + 60 * i), text, "black", font(PLAIN, 22))
    return Drawn("screenshots", "scrolled, 600 x 2200", "\n".join(said), image)


def large() -> Iterator[Drawn]:
    """Small letters in large pictures: a chat that somebody scrolled through, a page on a desktop."""
    shapes = {
        "scrolled, 600 x 6000": (600, 6_000),
        "scrolled, 1080 x 9000": (1_080, 9_000),
        "desktop, 1920 x 1080": (1_920, 1_080),
    }
    for case, (width, height) in shapes.items():
        for size, ink, ground in ((14, "black", "white"), (16, (221, 221, 221), (24, 34, 45))):
            image, face, said = Image.new("RGB", (width, height), ground), font(PLAIN, size), []
            for i, y in enumerate(range(20, height - 2 * size, 4 * size)):
                _, texts = CHATS[i % len(CHATS)]
                said.append(f"{i}. {texts[i % len(texts)]}")
                ImageDraw.Draw(image).text((20 + width // 4 * (i % 3), y), said[-1], ink, face)
            yield Drawn("large", f"{case}, {size} px", "\n".join(said), image)


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def scripts() -> Iterator[Drawn]:
    for name, (text, file) in SCRIPTS.items():
        yield Drawn("scripts", name, text, plate(text, file=file, size=34))


def empty() -> Iterator[Drawn]:
    for seed in range(12):
        yield Drawn("no text", "scene", "", scene(640, 480, seed))
    for seed in range(6):
        random = np.random.default_rng(seed)
        image = Image.new("RGB", (640, 480), "white")
        for _ in range(30):
            x, y = int(random.integers(600)), int(random.integers(440))
            size, colour = (
                int(random.integers(10, 90)),
                tuple(int(each) for each in random.integers(0, 256, 3)),
            )
            ImageDraw.Draw(image).ellipse((x, y, x + size, y + size), colour)
        yield Drawn("no text", "circles", "", image)


SETS = {
    **{"fonts": fonts, "sizes": sizes, "rotations": rotations, "contrasts": contrasts, "damage": damage},
    **{
        "memes": memes,
        "mixed": mixed,
        "leetspeak": leet,
        "screenshots": screenshots,
        "large": large,
        "scripts": scripts,
        "no text": empty,
    },
}


def modcli_engine() -> Callable[[Image.Image], str]:
    reader = RapidOcr(threads=1, scripts=Tesseract() if shutil.which("tesseract") else None)

    def read(image: Image.Image) -> str:
        pixels, _ = pixels_of(image)  # at the size that files are kept at
        picture = Picture("drawn", "", "png", *image.size, pixels)
        return text_of(reader.read([picture])[0]).text

    return read


def rapidocr_engine() -> Callable[[Image.Image], str]:
    from rapidocr import RapidOCR

    settings = {"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
    engine = RapidOCR(params=settings)
    return lambda image: "\n".join(engine(np.ascontiguousarray(np.asarray(image)[:, :, ::-1])).txts or ())


def tesseract_engine() -> Callable[[Image.Image], str]:
    program = shutil.which("tesseract") or "tesseract"

    def read(image: Image.Image) -> str:
        stream = io.BytesIO()
        image.save(stream, "PPM")
        command = [program, "stdin", "stdout", "-l", "eng", "--psm", "3"]
        return subprocess.run(
            command, input=stream.getvalue(), capture_output=True, check=True
        ).stdout.decode()

    return read


ENGINES = {"modcli": modcli_engine, "rapidocr": rapidocr_engine, "tesseract": tesseract_engine}


@dataclass
class Tally:
    """What came out of some pictures."""

    pictures: int = 0
    exact: int = 0
    words: int = 0
    right: int = 0
    characters: int = 0
    edits: int = 0
    seconds: float = 0.0

    def add(self, drawn: str, read: str, seconds: float) -> None:
        wanted, got = drawn.split(), read.split()
        blocks = SequenceMatcher(None, wanted, got, autojunk=False).get_matching_blocks()
        self.pictures += 1
        self.exact += "".join(wanted) == "".join(got)
        self.words += len(wanted)
        self.right += sum(block.size for block in blocks)
        self.characters += len(" ".join(wanted))
        self.edits += distance(" ".join(wanted), " ".join(got))
        self.seconds += seconds

    def row(self) -> str:
        words = f"{self.right / self.words:.3f}" if self.words else "-"
        errors = f"{self.edits / self.characters:.3f}" if self.characters else f"{self.edits} false"
        each = self.seconds / self.pictures
        return f"{self.exact}/{self.pictures} | {words} | {errors} | {1000 * each:.0f} ms | {1 / each:.1f}"


def distance(one: str, other: str) -> int:
    """Levenshtein's."""
    before = list(range(len(other) + 1))
    for i, character in enumerate(one, 1):
        now = [i]
        for j, second in enumerate(other, 1):
            now.append(min(before[j] + 1, now[-1] + 1, before[j - 1] + (character != second)))
        before = now
    return before[-1]


def spent() -> float:
    """CPU seconds of this process and of those that it has run."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", default="modcli,rapidocr,tesseract")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--misread", action="store_true", help="print what was read otherwise than drawn")
    arguments = parser.parse_args()
    for name in [name for name, file in FONTS.items() if not (FOLDER / file).exists()]:
        print(f"left out, not on this machine: {name}")
        del FONTS[name]
    for name in arguments.engines.split(","):
        read, total, cases = ENGINES[name](), Tally(), {}
        for each in (drawn for kind in arguments.sets.split(",") for drawn in SETS[kind]()):
            start = spent()
            text = read(each.image)
            seconds = spent() - start
            for tally in (
                cases.setdefault((each.set, ""), Tally()),
                cases.setdefault((each.set, each.case), Tally()),
                total,
            ):
                tally.add(each.text, text, seconds)
            if arguments.misread and text.split() != each.text.split():
                print(f"{each.set}, {each.case}: {each.text!r} read as {text!r}")
        print(
            f"\n{name}\n\n| set | case | exact | words | CER | CPU | a CPU second |\n|---|---|---|---|---|---|---|"
        )
        for (kind, case), tally in cases.items():
            print(f"| {kind} | {case or 'all'} | {tally.row()} |")
        print(f"| all | | {total.row()} |")
        print(f"\nlargest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


if __name__ == "__main__":
    main()
