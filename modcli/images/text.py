"""What is judged of the text in a picture, and from what was judged back to where it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from modcli.images.picture import Written

#: Of a line's height: how far apart lines of one paragraph are, one below the other and side by side.
_BELOW, _BESIDE = 0.8, 2.0
#: How much higher than its neighbour a line of the same paragraph may be.
_ALIKE = 1.6
#: Four or more single characters with something between them, in one line or one below the other.
_SPACED = re.compile(r"(?<!\w)[^\W_](?:[\s.\-_*·|]{1,3}[^\W_]){3,}(?!\w)")
#: So many letters in a row are seldom one word: spaces were lost, or left out. Not in Thai, Lao, Burmese, Khmer, Chinese
#: and Japanese, which have none.
_RUN = re.compile("[^\\W\\d_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff]{18,}")
#: What makes a word an address, a name or a tag.
_ADDRESS = re.compile(r"://|www\.|[@#/]")
#: Characters that stand for letters, on both sides of a comparison.
_LEET = str.maketrans("013457@$!|l", "oieastasiii")
#: A line is looked for in a text that holds more than the picture says only if it is no shorter.
_TELLING = 4


@dataclass(frozen=True, slots=True)
class PictureText:
    """The text of a picture as it is judged: paragraphs, one a line, and where words are hard to make out in it (letters
    spaced out, spaces lost) the same with those spaces taken out, to be judged as a second part; else ""."""

    text: str
    variant: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """What there is to judge: none, one or two texts."""
        return tuple(part for part in (self.text, self.variant) if part)


def text_of(written: Sequence[Written]) -> PictureText:
    """The text of lines that are in reading order: lines of one paragraph are joined by a space."""
    lines = [line for line in written if line.text.strip()]
    if not lines:
        return PictureText("")
    text = lines[0].text.strip()
    for line, after in pairwise(lines):
        text += _between(line, after) + after.text.strip()
    closed = "\n".join(_closed(line) for line in _SPACED.sub(_letters, text).split("\n"))
    return PictureText(text, closed if closed != text else "")


def quote(written: Sequence[Written], text: str) -> list[Written]:
    """The lines that a judged text was read from, in their order: those in which it stands, or where it holds more than
    the picture does, those that stand in it.

    Case, spaces, punctuation, accents and digits in the place of letters make no difference: the text may be a window
    of what was judged, normalized, or rid of such digits.
    """
    wanted = _skeleton(text)
    if not wanted:
        return []
    skeletons = [_skeleton(line.text) for line in written]
    owners = [place for place, skeleton in enumerate(skeletons) for _ in skeleton]
    whole = "".join(skeletons)
    found: set[int] = set()
    start = whole.find(wanted)
    while start >= 0:
        found.update(owners[start : start + len(wanted)])
        start = whole.find(wanted, start + len(wanted))
    if not found:
        found = {
            place
            for place, skeleton in enumerate(skeletons)
            if len(skeleton) >= _TELLING and skeleton in wanted
        }
    return [line for place, line in enumerate(written) if place in found]


def _between(line: Written, after: Written) -> str:
    """What stands between two lines that follow each other, whichever way the picture is turned."""
    first, second = line.box, after.box
    across = max(first[0], second[0]) - min(first[2], second[2])
    down = max(first[1], second[1]) - min(first[3], second[3])
    heights = [max(1, min(box[2] - box[0], box[3] - box[1])) for box in (first, second)]
    low, high = sorted(heights)
    # One beside the other overlap in height, one below the other in width; in a picture on its side the other way round.
    beside = -down >= low / 2 and across > down
    gap = max(across, down, 0)
    if high > _ALIKE * low or gap > (_BESIDE if beside else _BELOW) * low:
        return "\n"
    return "" if _ideographic(line.text[-1:]) and _ideographic(after.text[:1]) else " "


def _ideographic(character: str) -> bool:
    """Whether this is written without spaces: Chinese and Japanese."""
    return "\u2e80" <= character <= "\u9fff" or "\uff00" <= character <= "\uff9f"


def _letters(run: re.Match[str]) -> str:
    return "".join(character for character in run[0] if character.isalnum())


def _closed(line: str) -> str:
    """A line without its spaces, where some were lost already: wherever they should be, the letters follow each other."""
    words = line.split()
    lost = any(_RUN.search(word) and not _ADDRESS.search(word) for word in words)
    return "".join(words) if lost else line


def _skeleton(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LEET)
    return "".join(character for character in plain if character.isalnum())
