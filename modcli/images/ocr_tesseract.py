"""Text of scripts that RapidOCR does not know, read by the Tesseract program where it is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from modcli.errors import BackendError, MissingExtraError, UsageError
from modcli.images.picture import Pixels

#: Scripts that RapidOCR's default weights do not read, as Unicode names their letters, and Tesseract's languages.
SCRIPTS = {
    "CYRILLIC": ("rus", "ukr", "bel", "bul", "srp", "mkd", "kaz", "mon"),
    "GREEK": ("ell", "grc"),
    "ARABIC": ("ara", "fas", "urd", "pus", "uig"),
    "HEBREW": ("heb", "yid"),
    "DEVANAGARI": ("hin", "mar", "nep", "san"),
    "BENGALI": ("ben", "asm"),
    "GURMUKHI": ("pan",),
    "GUJARATI": ("guj",),
    "TAMIL": ("tam",),
    "TELUGU": ("tel",),
    "KANNADA": ("kan",),
    "MALAYALAM": ("mal",),
    "SINHALA": ("sin",),
    "THAI": ("tha",),
    "LAO": ("lao",),
    "KHMER": ("khm",),
    "MYANMAR": ("mya",),
    "GEORGIAN": ("kat",),
    "ARMENIAN": ("hye",),
    "ETHIOPIC": ("amh", "tir"),
    "HANGUL": ("kor",),
}
#: ISO 639-1 codes that people write, and Tesseract's names of the languages.
_SHORT_NAMES = {
    **{
        "ru": "rus",
        "uk": "ukr",
        "be": "bel",
        "bg": "bul",
        "sr": "srp",
        "mk": "mkd",
        "kk": "kaz",
        "mn": "mon",
    },
    **{
        "el": "ell",
        "ar": "ara",
        "fa": "fas",
        "ur": "urd",
        "ps": "pus",
        "ug": "uig",
        "he": "heb",
        "yi": "yid",
    },
    **{
        "hi": "hin",
        "mr": "mar",
        "ne": "nep",
        "sa": "san",
        "bn": "ben",
        "as": "asm",
        "pa": "pan",
        "gu": "guj",
    },
    **{
        "ta": "tam",
        "te": "tel",
        "kn": "kan",
        "ml": "mal",
        "si": "sin",
        "th": "tha",
        "lo": "lao",
        "km": "khm",
    },
    **{
        "my": "mya",
        "ka": "kat",
        "hy": "hye",
        "am": "amh",
        "ti": "tir",
        "ko": "kor",
        "vi": "vie",
        "en": "eng",
    },
    **{
        "de": "deu",
        "fr": "fra",
        "es": "spa",
        "it": "ita",
        "pt": "por",
        "pl": "pol",
        "tr": "tur",
        "cs": "ces",
    },
}
_SCRIPT_OF = {language: script for script, languages in SCRIPTS.items() for language in languages}
#: Languages read at once where none was named: each takes time, and makes the others less sure.
_MOST_LANGUAGES = 6
#: Marks for the direction of writing, which Tesseract puts at the end of a line.
_DIRECTION = "\u200e\u200f "
#: Below this sureness Tesseract's words are guesses.
_SURE = 0.6
#: Pixels: a line as it is put to Tesseract, what is around it, and the most that a strip of lines is high.
_HEIGHT, _MARGIN, _LONGEST = 40, 16, 2400
_WIDEST = 3000
_SECONDS = 60.0


class Tesseract:
    """Reads lines through the `tesseract` program. `languages` are those that a person named (`ru` or `rus`), all that
    are installed for the scripts of `SCRIPTS` where none is: with none of these it reads nothing.

    Raises MissingExtraError where the program or a language that was named is not installed, UsageError where a name
    is none of a language, BackendError where the program does not run.
    """

    def __init__(self, languages: Sequence[str] = (), *, program: str | None = None) -> None:
        found = program or shutil.which("tesseract")
        if not found:
            raise MissingExtraError(
                "the tesseract program is not installed",
                hint="apt install tesseract-ocr, or brew install tesseract",
            )
        self._program = found
        version, installed = _installed(found)
        self.asked = bool(languages)
        self.languages = _named(languages, installed) if languages else _all_of(installed)
        # So that Latin letters are not forced into another alphabet.
        read = [*self.languages, *(["eng"] if "eng" in installed and "eng" not in self.languages else [])]
        self._read_as = "+".join(read)
        self._scripts = {_SCRIPT_OF.get(language, "LATIN") for language in self.languages}
        self.digest = hashlib.sha256(f"tesseract {version} {self._read_as}, 1".encode()).hexdigest()

    def reread(self, crops: Sequence[Pixels]) -> list[tuple[str, float]]:
        """See `ScriptReader.reread`."""
        if not self.languages:
            return [("", 0.0)] * len(crops)
        found: list[tuple[str, float]] = []
        strip: list[NDArray[np.uint8]] = []
        for crop in crops:
            strip.append(_as_row(crop))
            if len(strip) * (_HEIGHT + 2 * _MARGIN) >= _LONGEST:
                found += self._read(strip)
                strip = []
        return found + (self._read(strip) if strip else [])

    def _read(self, rows: Sequence[NDArray[np.uint8]]) -> list[tuple[str, float]]:
        """Rows one below the other, as one page: starting the program for each would take most of the time."""
        width = max(row.shape[1] for row in rows)
        page = np.vstack(
            [np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=255) for row in rows]
        )
        head = f"P5 {page.shape[1]} {page.shape[0]} 255\n".encode()
        command = [self._program, "stdin", "stdout", "-l", self._read_as, "--psm", "6", "--dpi", "150", "tsv"]
        out = _run(command, head + page.tobytes())
        words: list[list[tuple[str, float]]] = [[] for _ in rows]
        for row, text, sure in _words(out):
            if 0 <= row < len(rows):
                words[row].append((text, sure))
        return [self._believed(each) for each in words]

    def _believed(self, words: Sequence[tuple[str, float]]) -> tuple[str, float]:
        text = " ".join(word for word, _ in words).strip(_DIRECTION)
        letters = sum(len(word) for word, _ in words)
        sure = sum(sure * len(word) for word, sure in words) / letters if letters else 0.0
        if sure < _SURE or not is_of(text, self._scripts):
            return "", 0.0
        return text, sure


def is_of(text: str, scripts: set[str]) -> bool:
    """Whether at least half of the letters are of one of these scripts, as Unicode names letters."""
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and 2 * sum(_script(letter) in scripts for letter in letters) >= len(letters)


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _installed(program: str) -> tuple[str, list[str]]:
    """The version, and the languages that there are data for."""
    version = _run([program, "--version"]).partition("\n")[0].strip()
    lines = _run([program, "--list-langs"]).splitlines()
    return version, [line.strip() for line in lines[1:] if line.strip()]


def _all_of(installed: Sequence[str]) -> list[str]:
    """One language of each script first, as one reads most of the script's letters."""
    by_rank = sorted(
        (languages.index(language), language)
        for languages in SCRIPTS.values()
        for language in installed
        if language in languages
    )
    return [language for _, language in by_rank][:_MOST_LANGUAGES]


def _named(languages: Sequence[str], installed: Sequence[str]) -> list[str]:
    named = [_SHORT_NAMES.get(name.strip().lower(), name.strip().lower()) for name in languages]
    for name in named:
        if not name.replace("_", "").isalpha() or not name.isascii():
            raise UsageError(f"{name!r} is no name of a language", hint="such as ru, el, ar, he")
        if name not in installed:
            raise MissingExtraError(
                f"tesseract has no data to read {name}",
                hint=f"apt install tesseract-ocr-{name.replace('_', '-')}; it has {', '.join(installed)}",
            )
    return list(dict.fromkeys(named))


def _as_row(crop: Pixels) -> NDArray[np.uint8]:
    """Gray, dark on light, 40 pixels high with a margin: one look for all lines of a page."""
    gray = Image.fromarray(crop).convert("L")
    width = min(max(round(gray.width * _HEIGHT / gray.height), 1), _WIDEST)
    pixels = np.asarray(gray.resize((width, _HEIGHT), Image.Resampling.BICUBIC), np.float32)
    low, high = np.percentile(pixels, (1, 99))
    stretched = np.clip((pixels - low) / max(high - low, 1) * 255, 0, 255)
    # More of a line is ground than letters.
    dark = np.median(stretched) < 128
    return np.pad(255 - stretched if dark else stretched, _MARGIN, constant_values=255).astype(np.uint8)


def _words(out: str) -> list[tuple[int, str, float]]:
    """Row, text and sureness of each word in Tesseract's TSV: level, page, block, paragraph, line, word, left, top,
    width, height, confidence in percent, text."""
    found = []
    for line in out.splitlines()[1:]:
        fields = line.split("\t")
        if len(fields) == 12 and fields[0] == "5" and fields[11].strip():
            middle = int(fields[7]) + int(fields[9]) / 2
            sure = min(max(float(fields[10]) / 100, 0.0), 1.0)
            found.append((int(middle // (_HEIGHT + 2 * _MARGIN)), fields[11].strip(), sure))
    return found


def _run(command: Sequence[str], given: bytes = b"") -> str:
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        ran = subprocess.run(
            command, input=given, capture_output=True, timeout=_SECONDS, check=True, env=environment
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise BackendError(f"tesseract failed: {said[-1][:200] if said else error.returncode}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendError(f"tesseract did not run: {error}") from error
    return ran.stdout.decode("utf-8", "replace")
