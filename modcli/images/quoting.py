"""Words that were read in a picture, where a verdict quotes them."""

from __future__ import annotations

import re

_QUOTE = re.compile(r'(text in the picture): ".*" at (\(\d+, \d+\))', re.DOTALL)


def without_words(told: str) -> str:
    """What a verdict says of a picture (its part, its reason) without the words that it quotes, but where they are."""
    return _QUOTE.sub(r"\1 at \2", told)
