"""Lines of text in a picture: where they stand, which way they are read, and in which order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from modcli.images.picture import Picture, Pixels, Written

#: Longer than this, a side is cut into pieces where the picture is also much longer than wide: made small as a whole,
#: a scrolled screenshot would lose its letters.
_LONG, _ELONGATED = 1600, 2.5
#: Of a piece's width: how far two neighbours overlap, so that a line that one cuts is whole in the other.
_OVERLAP = 0.25
#: Of the lower line's height: how far apart the middles of two lines are that stand side by side.
_ROW = 0.6
#: The cosine of 45 degrees, and a little less: directions are rounded to pixels.
_WAY = 0.7

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A line that was found in the pixels of a picture.

    `quad` has shape (4, 2): the corners as x and y in pixels, clockwise from the one that is left and up as the picture
    stands. `turns` says how its reading direction lies to the side from the first to the second corner, in quarter
    turns clockwise. `crop` is the line alone, upright as far as is known. `text` is empty where it could not be read.
    """

    quad: Points
    turns: int
    crop: Pixels
    text: str = ""
    sureness: float = 0.0

    @property
    def direction(self) -> Points:
        """Shape (2,): from where reading starts to where it ends, of length 1; along x where the line has no length."""
        corner = self.turns % 4
        way = self.quad[(corner + 1) % 4] - self.quad[corner]
        length = float(np.hypot(*way))
        return way / length if length else np.array([1.0, 0.0])

    @property
    def height(self) -> float:
        """Across the reading direction, in pixels."""
        corner = self.turns % 4
        return float(np.hypot(*(self.quad[(corner + 3) % 4] - self.quad[corner])))

    @property
    def middle(self) -> Points:
        """Shape (2,)."""
        return np.asarray(self.quad.mean(axis=0))

    def along(self, axis: int) -> float:
        """How far it stretches down (axis 0) or across (1), in pixels."""
        return float(np.ptp(self.quad[:, 1 - axis]))

    def moved(self, left: float, top: float) -> Line:
        """The line where its picture is a piece of a larger one."""
        return replace(self, quad=self.quad + np.array([left, top]))

    def written(self, picture: Picture) -> Written:
        """With its box in pixels of the picture's file."""
        height, width = picture.pixels.shape[:2]
        scale = np.array([picture.width / width, picture.height / height])
        limits = np.array([picture.width, picture.height])
        low = np.clip(np.floor(self.quad.min(axis=0) * scale), 0, limits)
        high = np.clip(np.ceil(self.quad.max(axis=0) * scale), 0, limits)
        return Written(
            self.text, (int(low[0]), int(low[1]), int(high[0]), int(high[1])), round(self.sureness, 4)
        )


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Rows from top to bottom and each from left to right, as a person turns the picture to read them.

    Lines that are read about the same way belong together; the way that most letters go comes first.
    """
    left, ordered = list(lines), []
    while left:
        letters = [
            sum(len(other.text) for other in left if _same_way(line, other)) + len(line.text) / 2
            for line in left
        ]
        first = left[letters.index(max(letters))]
        ordered += _rows([line for line in left if _same_way(first, line)])
        left = [line for line in left if not _same_way(first, line)]
    return ordered


def _same_way(one: Line, other: Line) -> bool:
    """Whether their directions are at most 45 degrees apart."""
    return one is other or float(one.direction @ other.direction) >= _WAY


def _rows(lines: Sequence[Line]) -> list[Line]:
    """Lines of about one direction, in order."""
    along = sum((line.direction * max(len(line.text), 1) for line in lines), np.zeros(2))
    along = along / (np.hypot(*along) or 1.0)
    down = np.array([-along[1], along[0]])
    placed = sorted(((float(line.middle @ down), line) for line in lines), key=lambda place: place[0])
    rows: list[list[tuple[float, Line]]] = []
    for depth, line in placed:
        if rows:
            first_depth, first = rows[-1][0]
            if depth - first_depth < _ROW * min(line.height, first.height):
                rows[-1].append((depth, line))
                continue
        rows.append([(depth, line)])
    return [line for row in rows for _, line in sorted(row, key=lambda place: float(place[1].middle @ along))]


def covered(line: Line, others: Sequence[Line]) -> bool:
    """Whether its middle lies in the box around one of the others."""
    return any(
        bool(np.all(line.middle >= other.quad.min(axis=0)) and np.all(line.middle <= other.quad.max(axis=0)))
        for other in others
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a picture that is read on its own: where it starts, along which axis (0: down, 1: across), its pixels,
    and from where to where along that axis the middle of a line lies that is its own and no neighbour's."""

    start: int
    axis: int
    pixels: Pixels
    owned: tuple[float, float]
    overlap: int = 0

    def owns(self, line: Line) -> bool:
        """Whether a line, placed in the whole picture, is this piece's."""
        return self.owned[0] <= float(line.middle[1 - self.axis]) < self.owned[1]

    def place(self, line: Line) -> Line:
        """A line of the piece, in the whole picture."""
        return line.moved(0, self.start) if self.axis == 0 else line.moved(self.start, 0)


def pieces(pixels: Pixels) -> Iterator[Piece]:
    """The whole picture, or overlapping parts of one that is long and narrow. Every place is owned by one of them."""
    axis = 0 if pixels.shape[0] >= pixels.shape[1] else 1
    long, short = pixels.shape[axis], pixels.shape[1 - axis]
    if long <= _LONG or long <= _ELONGATED * short:
        yield Piece(0, axis, pixels, (-np.inf, np.inf))
        return
    length = min(long, max(2 * short, _LONG // 2))
    overlap = max(int(_OVERLAP * short), 64)
    count = int(np.ceil((long - overlap) / (length - overlap)))
    starts = np.linspace(0, long - length, count).round().astype(int).tolist()
    borders = [(start + length + after) / 2 for start, after in itertools.pairwise(starts)]
    owned = zip([-np.inf, *borders], [*borders, np.inf], strict=True)
    for start, own in zip(starts, owned, strict=True):
        part = pixels[start : start + length] if axis == 0 else pixels[:, start : start + length]
        yield Piece(start, axis, part, own, overlap)
