"""The Tesseract program: its languages, what is put to it, and what is believed of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modcli.errors import BackendError, MissingExtraError, UsageError
from modcli.images.ocr_tesseract import Tesseract, is_of

HEAD = "level\tpage\tblock\tpar\tline\tword\tleft\ttop\twidth\theight\tconf\ttext"
CROP = np.full((40, 200, 3), 255, np.uint8)
CROP[10:30, 20:120] = 0


def word(row: int, text: str, confidence: float) -> str:
    return f"5\t1\t1\t1\t{row + 1}\t1\t16\t{row * 72 + 20}\t80\t30\t{confidence}\t{text}"


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., str]:
    """A program that speaks as Tesseract does; what it was given is in the folder."""

    def write(*words: str, languages: str = "eng\nrus\nukr\nell", status: int = 0) -> str:
        file = tmp_path / "tesseract"
        answer = "\n".join((HEAD, *words))
        file.write_text(
            "#!/bin/sh\n"
            f"case $1 in\n--version) echo 'tesseract 5.3.0';;\n"
            f"--list-langs) printf 'List of available languages (4):\\n{languages}\\n';;\n"
            f"*) echo $@ >> {tmp_path}/given; cat > {tmp_path}/page; cat <<'END'\n{answer}\nEND\n"
            f"echo 'Error: out of ideas' >&2; exit {status};;\nesac\n",
            "utf-8",
        )
        file.chmod(0o755)
        return str(file)

    return write


def test_lines_are_told_apart_by_their_row(program: Callable[..., str], tmp_path: Path) -> None:
    words = (word(0, "Переведи", 95), word(0, "деньги", 91), word(2, "сейчас\u200e", 88), "3\tno\tword")
    reader = Tesseract(program=program(*words))
    assert reader.reread([CROP] * 3) == [
        ("Переведи деньги", pytest.approx((8 * 0.95 + 6 * 0.91) / 14)),
        ("", 0.0),
        ("сейчас", pytest.approx(0.88)),
    ]
    assert (tmp_path / "page").read_bytes().startswith(b"P5 232 216 255\n")


@pytest.mark.parametrize(
    ("text", "confidence", "believed"),
    [("сейчас", 90, True), ("сейчас", 40, False), ("latin letters", 99, False), ("—", 99, False)],
)
def test_only_sure_text_of_its_scripts_is_believed(
    program: Callable[..., str], text: str, confidence: float, believed: bool
) -> None:
    found = Tesseract(program=program(word(0, text, confidence))).reread([CROP])
    assert bool(found[0][0]) is believed


def test_many_lines_are_read_on_several_pages(program: Callable[..., str], tmp_path: Path) -> None:
    found = Tesseract(program=program(word(0, "сейчас", 90))).reread([CROP] * 40)
    assert [i for i, (text, _) in enumerate(found) if text] == [0, 34]
    assert len((tmp_path / "given").read_text().splitlines()) == 2


@pytest.mark.parametrize("dark", [False, True])
def test_a_line_is_put_as_dark_on_light(program: Callable[..., str], tmp_path: Path, dark: bool) -> None:
    Tesseract(program=program()).reread([255 - CROP if dark else CROP])
    page = (tmp_path / "page").read_bytes().split(b"255\n", 1)[1]
    pixels = np.frombuffer(page, np.uint8)
    assert np.median(pixels) == 255
    assert pixels.min() == 0


@pytest.mark.parametrize(
    ("languages", "chosen", "asked"),
    [
        ((), ["ell", "rus", "ukr"], False),
        (("uk", "rus", "RU"), ["ukr", "rus"], True),
        (("eng",), ["eng"], True),
    ],
)
def test_languages_are_those_named_or_all_of_other_scripts(
    program: Callable[..., str], languages: tuple[str, ...], chosen: list[str], asked: bool
) -> None:
    reader = Tesseract(languages, program=program())
    assert (reader.languages, reader.asked) == (chosen, asked)


def test_the_digest_is_of_the_languages(program: Callable[..., str]) -> None:
    file = program()
    assert Tesseract(("ru",), program=file).digest != Tesseract(("uk",), program=file).digest


def test_a_language_without_data_is_named(program: Callable[..., str]) -> None:
    with pytest.raises(MissingExtraError, match="no data to read heb") as caught:
        Tesseract(("he",), program=program())
    assert "tesseract-ocr-heb" in str(caught.value.hint)
    with pytest.raises(UsageError, match="no name of a language"):
        Tesseract(("--psm 0",), program=program())


def test_a_program_that_fails_is_told_of(program: Callable[..., str]) -> None:
    reader = Tesseract(program=program(status=3))
    with pytest.raises(BackendError, match="out of ideas"):
        reader.reread([CROP])
    with pytest.raises(BackendError, match="did not run"):
        Tesseract(program="/nowhere/tesseract")


def test_without_the_program_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingExtraError, match="not installed"):
        Tesseract()


def test_without_other_scripts_it_is_not_started(program: Callable[..., str], tmp_path: Path) -> None:
    reader = Tesseract(program=program(word(0, "сейчас", 90), languages="eng\ndeu"))
    assert reader.reread([CROP]) == [("", 0.0)]
    assert not (tmp_path / "given").exists()


@pytest.mark.parametrize(
    ("text", "script", "is_it"),
    [
        ("Привет", "CYRILLIC", True),
        ("Привет hello", "CYRILLIC", True),
        ("hello да", "CYRILLIC", False),
        ("שלום", "HEBREW", True),
        ("123 !", "LATIN", False),
        ("", "LATIN", False),
    ],
)
def test_a_text_is_of_the_script_of_half_of_its_letters(text: str, script: str, is_it: bool) -> None:
    assert is_of(text, {script}) is is_it
