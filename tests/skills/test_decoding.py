"""Bytes to text: encodings told apart, and nothing lost in silence."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.skills.decoding import Decoded, decode, decode_anyway

ENGLISH = "---\nname: tidy\n---\n# Tidy\n\nSorts the files of a folder.\n"
CHINESE = "# 说明\n\n这个技能读取文件，然后把结果写到目录里。请不要运行其他命令。\n"
TAIWAN = "# 說明\n\n這個技能讀取檔案，然後把結果寫到目錄裡。請不要執行其他命令。\n"
JAPANESE = "# 説明\n\nこのスキルはファイルを読み、結果をフォルダに書きます。\n"
KOREAN = "# 설명\n\n이 기술은 파일을 읽고 결과를 폴더에 쓰는 것이다.\n"
RUSSIAN = "# Описание\n\nЭтот навык читает файлы и пишет результат в папку.\n"
FRENCH = "# Résumé\n\nCette compétence lit les fichiers et écrit le résultat.\n"


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        (ENGLISH, "utf-8", "utf-8"),
        (ENGLISH, "utf-8-sig", "utf-8-sig"),
        (ENGLISH, "utf-16", "utf-16"),
        (ENGLISH, "utf-16-le", "utf-16-le"),
        (ENGLISH, "utf-16-be", "utf-16-be"),
        (ENGLISH, "utf-32", "utf-32"),
        (ENGLISH, "utf-32-be", "utf-32-be"),
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-16-le", "utf-16-le"),
        (CHINESE, "gbk", "gb18030"),
        (TAIWAN, "big5", "big5"),
        (JAPANESE, "shift_jis", "cp932"),
        (KOREAN, "euc_kr", "euc_kr"),
        (RUSSIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (FRENCH, "latin-1", "cp1252"),
        ("größe", "latin-1", "cp1252"),
    ],
)
def test_encodings_are_told_apart(text: str, encoding: str, expected: str) -> None:
    found = decode(text.encode(encoding))
    assert (found.text, found.encoding, found.bad) == (text, expected, 0)


def test_what_is_a_guess_says_so() -> None:
    assert decode(CHINESE.encode("gbk")).guess
    assert not decode(CHINESE.encode()).guess


def test_bytes_that_do_not_decode_are_counted_and_replaced() -> None:
    damaged = CHINESE.encode().replace("读".encode(), b"\xff", 1)
    found = decode(damaged)
    assert found.encoding == "utf-8"
    assert found.bad == 1
    assert found.text == CHINESE.replace("读", "\ufffd", 1)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
        b"\x7fELF" + b"\0" * 500,
        b"%PDF-1.4\n1 0 obj\n<<>>\nstream\n\xc3\x28\xff\xd5\nendstream\n",
        random.Random(1).randbytes(5000),
        b"\0" * 4096,
    ],
)
def test_binary_is_told_by_content(data: bytes) -> None:
    assert decode(data) == Decoded(None)


@pytest.mark.parametrize("start", [b"GIF89a", b"%PDF-1.7", b"MZ", b"PK\x03\x04"])
def test_a_sign_of_a_binary_does_not_make_text_binary(start: bytes) -> None:
    assert decode(start + b"\n" + ENGLISH.encode() * 5).text is not None


def test_a_few_nul_bytes_do_not_hide_a_text() -> None:
    text = ENGLISH * 5 + "\0"
    assert decode(text.encode()).text == text


def test_what_is_text_by_its_name_is_read_anyway() -> None:
    found = decode_anyway(b"echo hi\n\0\0\xff\xfe")
    assert found.text is not None
    assert found.text.startswith("echo hi\n")
    assert found.bad == 2


def test_empty() -> None:
    assert decode(b"") == Decoded("", "utf-8")


@given(st.binary(max_size=300))
def test_nothing_is_raised(data: bytes) -> None:
    found = decode(data)
    assert (found.text is None) == (found.encoding == "")


@given(st.text(st.characters(exclude_characters="\ufeff", exclude_categories=("Cs", "Cc"))))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode(text.encode()) == Decoded(text, "utf-8")
