"""What reading costs the judgement of texts: the same texts judged as they are, and drawn into pictures and read.

    python -m benchmarks.ocr_recall DATA_FOLDER [--rows 60] [--shots 4] [--tasks sms_spam,paradetox]

DATA_FOLDER and profiles are those of benchmarks/accuracy.py: a category of the default profile with its definition, some
examples and as many counterexamples, threshold 0.5. Rows are the first ones of the dev file, as many of the category as
not. Each is drawn in one of the ways below, in turn, goes through a file and the decoder, is read by modcli/images/ocr.py
and joined by modcli/images/text.py; its verdict is the strictest of the parts that are judged (as read, and with letters
joined that were spaced out). All are judged at the depth `reading`, by the default model; with `--model prefilter` by the
first stage of the cascade alone, from the score on that tells most of the train rows right: quick, and worse.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.accuracy import TASKS, Row, drawn, rows_of
from benchmarks.ocr import FONTS, PLAIN, font, plate, scene, wrapped
from modcli.backends.base import Backend
from modcli.backends.llama_cpp import LlamaCpp
from modcli.backends.scripted import Scripted
from modcli.cascade.moderator import Moderator, Stage
from modcli.cascade.parts import parts_of
from modcli.cascade.prefilter import UntunedPrefilter
from modcli.cascade.preparation import Preparation
from modcli.cli.assemble_embedder import build_embedder
from modcli.embedders.base import Embedder
from modcli.errors import Location
from modcli.evaluation.intervals import wilson
from modcli.images.decoding import open_picture
from modcli.images.ocr import RapidOcr
from modcli.images.text import text_of
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load
from modcli.prompts.reading import READING
from modcli.settings import load_settings
from modcli.states.reader import Reader
from modcli.states.store import StateStore
from modcli.weights.locate import locate

#: Longer texts are left out: they would not stand in one picture.
LONGEST = 400
#: Rows that the threshold of the prefilter is drawn from.
TRAIN = 200


def lines_of(text: str, file: str, size: int, width: int) -> str:
    return "\n".join(wrapped(text, font(file, size), width))


def chat(text: str, _seed: int) -> Image.Image:
    """A bubble of a chat, on a phone."""
    image, face = Image.new("RGB", (1080, 1400), (236, 229, 221)), font(PLAIN, 36)
    pen, lines = ImageDraw.Draw(image), wrapped(text, face, 820)
    pen.rounded_rectangle((40, 90, 960, 150 + 56 * len(lines)), 24, "white")
    for i, line in enumerate(lines):
        pen.text((80, 120 + 56 * i), line, "black", face)
    return image


def meme(text: str, seed: int) -> Image.Image:
    """White with a black outline, on something like a photograph."""
    face, lines = font(FONTS["Roboto Black"], 32), lines_of(text, FONTS["Roboto Black"], 32, 660).split("\n")
    image = scene(720, max(540, 60 + 48 * len(lines)), seed)
    for i, line in enumerate(lines):
        place = (30, 30 + 48 * i)
        ImageDraw.Draw(image).text(place, line, "white", face, stroke_width=3, stroke_fill="black")
    return image


def small(text: str, _seed: int) -> Image.Image:
    """14 pixels high, grey on grey."""
    return plate(lines_of(text, PLAIN, 14, 460), size=14, ink=(120,) * 3, ground=(190,) * 3)


def turned(text: str, seed: int) -> Image.Image:
    """In one of ten fonts, askew."""
    file = list(FONTS.values())[seed % len(FONTS)]
    image = plate(lines_of(text, file, 26, 600), file=file, size=26)
    return image.rotate((-12, 8, 20)[seed % 3], Image.Resampling.BICUBIC, expand=True, fillcolor="white")


WAYS: dict[str, Callable[[str, int], Image.Image]] = {
    "chat bubble": chat,
    "meme": meme,
    "14 px, grey on grey": small,
    "ten fonts, askew": turned,
}


@dataclass(frozen=True)
class Outcome:
    """A text, how it was drawn, whether it belongs to the category, whether it is blocked as it is and as it was read,
    and how many of its words were read."""

    way: str
    positive: bool
    as_text: bool
    as_read: bool
    words: int
    right: int


def reads(rows: Sequence[Row], reader: RapidOcr) -> list[tuple[str, ...]]:
    """What there is to judge of each row, drawn and read."""
    found, ways = [], list(WAYS.values())
    for number, row in enumerate(rows):
        file = io.BytesIO()
        ways[number % len(ways)](row.text, number).save(file, "JPEG", quality=80)
        (lines,) = reader.read([open_picture(file.getvalue())])
        found.append(text_of(lines).parts)
    return found


Blocked = Callable[[Sequence[Sequence[str]]], list[bool]]


def by_prefilter(profile: Profile, embedder: Embedder, train: Sequence[Row]) -> Blocked:
    """Whether any of the texts of each row scores as high as most of the category do in the train rows."""
    stage = UntunedPrefilter(as_judged(profile), lambda: embedder)

    def scores(texts: Sequence[Sequence[str]]) -> np.ndarray:
        flat = [(i, text) for i, parts in enumerate(texts) for text in parts]
        answers = stage.answers([parts_of(Item(str(i), text, Location("row"))) for i, text in flat])
        found = np.full(len(texts), -np.inf)
        for (i, _), answer in zip(flat, answers, strict=True):
            if answer is not None:
                found[i] = max(found[i], answer.log_odds.max())
        return found

    known, truth = scores([(row.text,) for row in train]), np.array([row.positive for row in train])
    threshold = max(known, key=lambda one: float(((known >= one) == truth).mean()))
    return lambda texts: [bool(one >= threshold) for one in scores(texts)]


def blocked(moderator: Moderator, texts: Sequence[Sequence[str]]) -> list[bool]:
    """Whether any of the texts of each row is blocked."""
    flat = [Item(str(i), text, Location("row", i + 1)) for i, parts in enumerate(texts) for text in parts]
    fired: set[str] = set()
    for at in range(0, len(flat), 32):
        batch = flat[at : at + 32]
        verdicts = moderator.judge(batch)
        fired |= {
            item.id for item, verdict in zip(batch, verdicts, strict=True) if verdict.action is Action.BLOCK
        }
    return [str(i) in fired for i in range(len(texts))]


def table(task: str, outcomes: Sequence[Outcome]) -> None:
    for way in [*WAYS, "all"]:
        own = [one for one in outcomes if way in (one.way, "all")]
        agree = sum(one.as_text is one.as_read for one in own)
        among = wilson(agree, len(own))
        positives = [one for one in own if one.positive]
        others = [one for one in own if not one.positive]
        words = sum(one.right for one in own) / max(1, sum(one.words for one in own))
        print(
            f"| {task} | {way} | {len(own)} | {words:.3f} | {agree}/{len(own)} ({among.low:.0%} to {among.high:.0%}) "
            f"| {sum(o.as_text for o in positives)} and {sum(o.as_read for o in positives)} of {len(positives)} "
            f"| {sum(o.as_text for o in others)} and {sum(o.as_read for o in others)} of {len(others)} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="auto", help="a model of the registry, `prefilter`, or `scripted`")
    parser.add_argument("--rows", type=int, default=60, help="of each task, half of them of the category")
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--tasks", default="sms_spam,paradetox")
    parser.add_argument("--store", type=Path, help="keep states here between runs")
    options = parser.parse_args()
    settings = load_settings({}, os.environ, Path.cwd())
    backend: Backend
    if options.model in ("scripted", "prefilter"):
        backend, name, digest = Scripted(), options.model, "0" * 64
    else:
        file = locate(options.model, settings.data_dir)
        backend, name, digest = (
            LlamaCpp(file.path, name=file.name, digest=file.digest),
            file.name,
            file.digest,
        )
    default = load("default", Shelf(settings.config_dir / "profiles"))
    ocr = RapidOcr(threads=1)
    print(f"{name}, {options.shots} examples and {options.shots} counterexamples\n")
    print("| set | drawn | texts | words read | same verdict | found as text and as picture | falsely |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.store or Path(temporary)
        store = StateStore(folder, model=digest, prompt=READING.digest, width=backend.facts.width)
        for task in options.tasks.split(","):
            rows = [row for row in rows_of(options.data / f"{task}.dev.jsonl") if len(row.text) <= LONGEST]
            sides = [
                [row for row in rows if row.positive is side][: options.rows // 2] for side in (True, False)
            ]
            chosen = [row for side in sides for row in side]
            train = rows_of(options.data / f"{task}.train.jsonl")
            profile = drawn(default.by_name[TASKS[task]], train, options.shots, 0)
            judge: Blocked
            if options.model == "prefilter":
                judge = by_prefilter(profile, build_embedder(settings), train[:TRAIN])
            else:
                reader = Reader(lambda: backend, store)
                preparation = Preparation(profile, backend, reader)
                judge = partial(
                    blocked,
                    Moderator(
                        profile, backend, reader, preparation, digest="", model=digest, stage=Stage.READING
                    ),
                )
            read = reads(chosen, ocr)
            as_text, as_read = judge([(row.text,) for row in chosen]), judge(read)
            ways, outcomes = list(WAYS), []
            for i, row in enumerate(chosen):
                wanted, got = row.text.split(), (read[i][0] if read[i] else "").split()
                blocks = SequenceMatcher(None, wanted, got, autojunk=False).get_matching_blocks()
                right = sum(block.size for block in blocks)
                outcomes.append(
                    Outcome(ways[i % len(ways)], row.positive, as_text[i], as_read[i], len(wanted), right)
                )
            table(task, outcomes)
        store.close()


if __name__ == "__main__":
    main()
