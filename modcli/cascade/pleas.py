"""What is left of an item without a plea to the filter: it is judged as well where one is suspected."""

from __future__ import annotations

import re
from dataclasses import replace

from modcli.cascade.parts import Parts

#: Sentences that are left out at either end, at most.
MOST = 2
#: Where sentences part: behind their closing mark, at a line break, around brackets and braces, and before a capital, or
#: a sign of another script, that follows a small letter: many posts end without a mark.
_BOUNDARY = re.compile(
    r"(?<=[.!?…])[\"'”’»)*]*\s+|(?<=[。！？])|\n+|(?<=[\]}>])\s*|\s*(?=[\[{<])|(?<=[^\W\d_A-Z])\s+(?=[A-ZÀ-ÞА-Я぀-ヿ一-鿿\"“„])"
)


def without_ends(parts: Parts) -> Parts:
    """The first window without its first sentences and the last one without its last, one and two of them; of a text
    that is a single sentence, either half. The parts as they are where nothing would be left."""
    if not parts.texts:
        return parts
    rests: dict[str, None] = {}
    first, last = parts.texts[0], parts.texts[-1]
    for text, is_end in ((last, True), (first, False)):
        cuts = _cuts(text)
        for cut in cuts[::-1][:MOST] if is_end else cuts[:MOST]:
            rests[(text[:cut] if is_end else text[cut:]).strip()] = None
    return replace(parts, texts=tuple(rests) or parts.texts)


def _cuts(text: str) -> list[int]:
    """Where a text may be cut in two that both hold a letter or a digit, ascending."""
    ends = [match.end() for match in _BOUNDARY.finditer(text)]
    cuts = [cut for cut in dict.fromkeys(ends) if _says(text[:cut]) and _says(text[cut:])]
    if cuts:
        return cuts
    words = list(re.finditer(r"\S+", text))
    return [words[len(words) // 2].start()] if len(words) > 1 else []


def _says(text: str) -> bool:
    return any(character.isalnum() for character in text)
