"""Words that were read in a picture, where a verdict quotes them."""

from __future__ import annotations

import re

_QUOTE = re.compile(r'(text in the picture): ".*" at (\(\d+, \d+\))', re.DOTALL)
_PLACE = re.compile(r" at (?:\(\d+, \d+\)|\d+:\d\d(?::\d\d)?)")


def without_words(told: str) -> str:
    """What a verdict says of a picture (its part, its reason) without the words that it quotes, but where they are."""
    return _QUOTE.sub(r"\1 at \2", told)


def part_kind(part: str) -> str:
    """The part that decided, without what was read in it, where it stands and at which second: few enough to choose
    from."""
    return _PLACE.sub("", without_words(part))
