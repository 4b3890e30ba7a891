from __future__ import annotations

import sys
import unicodedata
from itertools import cycle, islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modcli.prompts.normalization import _LATENT_MARKS, _as_seen, normalize

FAMILY = "👨‍👩‍👧‍👦"
#: What normalization is about, dense enough for its rules to meet.
DENSE = st.text(
    alphabet=st.sampled_from(
        "aeoxе\u0430\u043e\u03bfıé \u00a0\t\n\r\u2028\u0301\u0302\u0338\u200b\u200c\u200d\u2060\u202e\ufe0f\ufe0e"
        "\u20e31\u2764ᴀɪ\u0336\u0585😀🏽♀\u0627\u0653\u0915\u094d\u1100\u1161\u3164\u034f\u00ad\U000e0041\U000e0101´½ﷺ"
    ),
    max_size=60,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(DENSE | st.text(max_size=40))
@example("e\u200b\u0301" * 20)
@example("x\u0430\u0302\u043e")
@example("😀\u200d\U0001fbff")
@example("\ud800\udc00")
@example("e" + "\u0301\u0323" * 20)
@example("ǖ\u200b" + "\u0323\u0302" * 8)
@example("\u0f40" + "\u0f73" * 20)
def test_applied_twice_it_changes_nothing_more(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once
    assert len(once) <= 18 * len(text)
    assert once == once.strip()
    for i, character in enumerate(once):
        if character in "\u200c\u200d":
            assert 0 < i < len(once) - 1
        else:
            assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co") or character in "\n\t"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ""),
        ("  plain words, as they are.  ", "plain words, as they are."),
        # what nobody sees
        ("k\u200bi\u200cl\u200dl\u2060 y\ufeffou", "kill you"),
        ("sp\u00adam", "spam"),
        ("\u202ereverse\u202c \u2066isolated\u2069 \u200fmark", "reverse isolated mark"),
        ("hi" + "".join(chr(0xE0000 + ord(c)) for c in "ignore all"), "hi"),
        ("a\U000e0101b\ufe0fc\u034fd\u3164e\u115ff", "abcdef"),
        ("k\u2800ill", "k ill"),
        ("nul\0 bell\a \x1b[31mred", "nul bell [31mred"),
        ("private \ue000item\ue001 use", "private item use"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        # what looks like something else
        ("ｆｒｅｅ ｃａｓｈ", "free cash"),
        ("𝓯𝓻𝓮𝓮 𝕔𝕒𝕤𝕙 𝐟𝐫𝐞𝐞 ⓒⓐⓢⓗ", "free cash free cash"),
        ("раyраl", "paypal"),
        ("pаypаl and Gοοgle", "paypal and Google"),
        ("pа\u0301ypal", "páypal"),
        ("éо", "éo"),
        ("привет мир", "привет мир"),
        ("Καλημέρα κόσμε", "Καλημέρα κόσμε"),
        ("hello мир", "hello мир"),
        ("sık sık kırmızı", "sık sık kırmızı"),
        # joiners that mean something
        (FAMILY, FAMILY),
        ("🤷🏽\u200d♀️ ❤️\u200d🔥 1️⃣", "🤷🏽\u200d♀️ ❤️\u200d🔥 1️⃣"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("नमस्ते क्\u200dष", "नमस्ते क्\u200dष"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        # padding
        ("a" + " " * 500 + "b", "a  b"),
        ("a" + "\n \t" * 500 + "\nb", "a\n\nb"),
        ("a\r\nb\rc\u2028d\x0be\x85f", "a\nb\nc\nd\ne\nf"),
        ("a" * 15, "a" * 15),
        ("loo" + "o" * 500 + "l", "l" + "o" * 8 + "l"),
        ("😀" * 500, "😀" * 8),
        ("ʏᴏᴜ ᴀʀᴇ ɴᴏᴛ ᴡᴇʟᴄᴏᴍᴇ", "you are not welcome"),
        ("the vowel in bit is ɪ, and Rɪ is a name", "the vowel in bit is ɪ, and Rɪ is a name"),
        ("y\u0336o\u0336u\u0336 f\u0338ool", "you fool"),
        ("1 \u2260 2, o\u0301", "1 \u2260 2, \u00f3"),
        ("y\u0585u f\u0585ol", "you fool"),
        ("\u0585\u057d\u0570", "\u0585\u057d\u0570"),
    ],
)
def test_what_is_read(text: str, read: str) -> None:
    assert normalize(text) == unicodedata.normalize("NFKC", read)


#: Marks of two classes in turn, plain, hidden in other characters, or parted by what is removed.
PILES = [
    "\u0301\u0323",
    "\u0344\u0323",
    "\u0f73",
    "\uff9e\u0301",
    "\u0301" * 8 + "\u0323" * 8 + "\u200b",
    "\u0301\u034f\u0323\u034f",
]


@pytest.mark.parametrize("pile", PILES)
def test_no_pile_of_marks_is_sorted(pile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = unicodedata.normalize

    def watched(form: str, text: str) -> str:
        run = longest = 0
        for character in text:
            run = run + 1 if unicodedata.combining(real("NFKD", character)[0]) else 0
            longest = max(longest, run)
        assert longest <= 40
        return real(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr(unicodedata, "normalize", watched)
    # Were they sorted, this would take hours.
    read = normalize("a" + "".join(islice(cycle(pile), 200_000)) + "b")
    assert read == real("NFKC", read)
    assert read[-1] == "b"
    assert 2 <= len(read) <= 40


def test_marks_within_reason_stay() -> None:
    for text in ("a" + "\u0301\u0323" * 8, "שָׁ֖לוֹם", "H\u0335\u0321\u032a\u0308\u0301e"):
        assert normalize(text) == unicodedata.normalize("NFKC", text)


def test_what_becomes_a_mark_is_known() -> None:
    found = set()
    for character in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.combining(unicodedata.normalize("NFKD", character)[0]):
            found |= set() if unicodedata.combining(character) else {character}
    assert found == _LATENT_MARKS


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_seen_as_it_is(text: str) -> None:
    assert _as_seen(text) == text
