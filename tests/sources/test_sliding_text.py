"""A window of text over bytes: the characters are those of the whole, and each knows its byte."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.sources import sliding_text
from modcli.sources.sliding_text import SlidingText


@given(
    text=st.text(max_size=30),
    junk=st.binary(max_size=4),
    window=st.sampled_from([1, 2, 5, 1 << 18]),
    kept=st.integers(1, 9),
)
def test_every_character_knows_its_byte(text: str, junk: bytes, window: int, kept: int) -> None:
    data = b"a" + text.encode() + junk + text.encode()
    expected = data.decode("utf-8", "surrogateescape")
    found, places = "", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sliding_text, "CHUNK", window)
        sliding = SlidingText(io.BytesIO(data))
        while sliding.fill():
            # Some of it is left for the next time.
            done = max(0, len(sliding.text) - kept)
            places += [sliding.byte_at(i) for i in range(done)]
            found, sliding.at = found + sliding.text[:done], done
    places += [sliding.byte_at(i) for i in range(len(sliding.text))]
    assert found + sliding.text == expected
    before = [len(expected[:i].encode("utf-8", "surrogateescape")) for i in range(len(expected))]
    assert places == before
    assert sliding.ended
    assert not sliding.failure


@given(text=st.text(min_size=1, max_size=20), index=st.integers(0, 19))
def test_a_jump_goes_to_a_byte(text: str, index: int) -> None:
    data, index = text.encode(), min(index, len(text))
    sliding = SlidingText(io.BytesIO(data))
    sliding.fill()
    assert sliding.jump(sliding.byte_at(index))
    sliding.fill()
    assert sliding.text == text[index:].removeprefix("\ufeff" if not index else "")
    assert sliding.drain() == len(data) + 1
    assert not sliding.jump(len(data) + 1)
    assert not sliding.fill()


def test_a_mark_at_the_beginning_is_no_character() -> None:
    sliding = SlidingText(io.BytesIO("\ufeffab\ufeff".encode()))
    sliding.fill()
    assert (sliding.text, sliding.byte_at(0)) == ("ab\ufeff", 3)


def test_what_is_not_utf8_is_named() -> None:
    sliding = SlidingText(io.BytesIO("\xe4\xe4".encode() + b"\xff\xe4x"))
    sliding.fill()
    assert sliding.broken(0, 2) == ""
    assert sliding.broken(0, 5) == "byte 0xff at byte 4 is not UTF-8"
    assert sliding.broken(3, 4) == "byte 0xe4 at byte 5 is not UTF-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be"])
def test_utf16_is_refused(encoding: str) -> None:
    sliding = SlidingText(io.BytesIO("\ufeffa".encode(encoding)))
    assert not sliding.fill()
    assert sliding.failure == "is UTF-16 or UTF-32 text; modcli reads UTF-8"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(5, "Input/output error"), "cannot be read any further: Input/output error"),
        (EOFError(), "cannot be read any further: the data end too early"),
    ],
)
def test_what_came_before_a_failure_is_kept(error: Exception, said: str) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise error
            return super().read(3)

    sliding = SlidingText(Failing(b"abcdef"))
    assert sliding.fill()
    assert (sliding.text, sliding.failure) == ("abc", said)
