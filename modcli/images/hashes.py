"""Perceptual hashes: whether a picture is one that is known, and which pictures of many are almost the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.errors import MissingExtraError
from modcli.images.hashes_lists import DIGITS, Hash, HashList
from modcli.images.picture import Known, Picture, Pixels

__all__ = ["NEAR", "SAME", "Fingerprint", "Groups", "Hash", "HashList", "Index", "group", "hashes_of", "near"]

#: From how many differing bits on a picture is another one. PDQ: 31 of 256, as ThreatExchange and HMA have it. phash: 8
#: of 64. Measured on 25 photographs and pages: JPEG of quality 30 and half the size differ by at most 4 bits of phash, a
#: line of text across it by 0 to 12, a crop of 5% by 4 to 24 (PDQ: 30, 58, 8 to 72, 32 to 108); other pictures by 10 and
#: more (88), but for the two views of a stereo pair (4 and 32).
NEAR = {"phash": 8, "pdq": 31}
#: For a list of what is allowed, where a small change may be what is forbidden: the same picture, written anew.
SAME = {"phash": 2, "pdq": 10}
#: A picture of less contrast (standard deviation of grey, 0 to 255) has no hash: all plain ones would be alike.
LEAST_CONTRAST = 4.0
#: PDQ's own measure of how much there is to see, 0 to 100: below it, its authors leave the hash out.
LEAST_QUALITY = 50
#: Two pictures of a group differ by at most so many bits of phash, and nowhere by more than so many grey levels when they
#: are `_SMALL` pixels a side: one word more or less is then another picture (measured: 21 and more; JPEG of quality 30
#: at most 7).
GROUP_BITS = 4
GROUP_LEVELS = 12
_SMALL = 64
_PDQ_SIDE = 512

Words = NDArray[np.uint64]


def hashes_of(pixels: Pixels, algorithms: Iterable[str] = ("phash", "pdq")) -> tuple[Hash, ...]:
    """The hashes of pixels (height, width, 3) by the algorithms named, of those that are installed; none of a picture
    that is plain. phash: ImageHash's, of 8 x 8. PDQ: of the picture at 512 pixels (Facebook, "The TMK+PDQF
    Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019).

    Raises MissingExtraError where ImageHash is not installed.
    """
    image = _image(pixels)
    if np.asarray(image.convert("L").resize((_SMALL, _SMALL)), np.float32).std() < LEAST_CONTRAST:
        return ()
    found = []
    for algorithm in algorithms:
        value = _phash(image) if algorithm == "phash" else _pdq(image)
        if value:
            found.append(Hash(algorithm, value))
    return tuple(found)


def pdq_installed() -> bool:
    """Whether PDQ hashes can be computed."""
    try:
        import pdqhash  # noqa: F401
    except ImportError:
        return False
    return True


class Index:
    """Lists of hashes, ready to be searched: a comparison with each takes about 10 ns a hash.

    `limits` gives the most bits that may differ, by algorithm (`NEAR`, or `SAME` for what is allowed). Raises
    MissingExtraError where a list has PDQ hashes alone and pdqhash is not installed: it would find nothing, in silence.
    """

    def __init__(self, lists: Sequence[HashList], limits: dict[str, int] | None = None) -> None:
        self._limits = {**NEAR, **(limits or {})}
        self._lists: list[tuple[HashList, str, list[Hash], Words]] = []
        for each in lists:
            kinds = {entry.algorithm for entry in each.hashes}
            if kinds == {"pdq"} and not pdq_installed():
                raise MissingExtraError(
                    f"the hashes of {each.name} are PDQ ones: they need pdqhash",
                    hint="pip install 'modcli[pdq]'",
                )
            for algorithm in sorted(kinds):
                entries = [entry for entry in each.hashes if entry.algorithm == algorithm]
                self._lists.append((each, algorithm, entries, _words(entries)))
        self._algorithms = tuple(
            name for name in DIGITS if any(kind == name for _, kind, _, _ in self._lists)
        )

    def near(self, picture: Picture) -> list[Known]:
        """Of each list the hash that the picture, or its mirror image, is nearest to, where it is near enough; the
        nearest first, by the share of the bits that may differ."""
        if not self._lists:
            return []
        best: dict[int, tuple[float, Known]] = {}
        for mirrored in (False, True):
            pixels = picture.pixels[:, ::-1] if mirrored else picture.pixels
            own = {each.algorithm: each for each in hashes_of(pixels, self._algorithms)}
            for each, algorithm, entries, words in self._lists:
                if algorithm not in own:
                    continue
                distances = _distances(words, _words([own[algorithm]])[0])
                at = int(distances.argmin())
                distance, limit = int(distances[at]), self._limits[algorithm]
                known = Known(each.name, entries[at].value, distance, mirrored)
                rank = distance / (limit + 1)
                if distance <= limit and (id(each) not in best or rank < best[id(each)][0]):
                    best[id(each)] = rank, known
        return [known for _, known in sorted(best.values(), key=lambda pair: pair[0])]


def near(picture: Picture, lists: Sequence[HashList], limits: dict[str, int] | None = None) -> list[Known]:
    """As `Index(lists, limits).near(picture)`, for one picture."""
    return Index(lists, limits).near(picture)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What of a picture is compared with others: its phash (None where it is plain) and its grey levels, 64 a side."""

    phash: int | None
    grey: bytes

    @classmethod
    def of(cls, picture: Picture) -> Fingerprint:
        """Raises MissingExtraError where ImageHash is not installed."""
        image = _image(picture.pixels).convert("L")
        small = image.resize((_SMALL, _SMALL), 4)  # 4: the mean of a box
        found = hashes_of(picture.pixels, ("phash",))
        return cls(int(found[0].value, 16) if found else None, small.tobytes())


class Groups:
    """Pictures that are almost the same, as they come: each is compared with the first of every group, so that a group
    does not drift. Takes 4 kB a group. With `most`, so many groups are compared with: the oldest are forgotten."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._hashes = np.empty(1_024, np.uint64)
        self._greys: list[bytes] = []
        self._firsts: list[int] = []
        self._oldest = 0
        self._count = 0

    def place(self, picture: Fingerprint) -> int:
        """The number of the first picture of its group, counted in the order of the calls; its own where it is the first.
        A plain picture is alone."""
        number = self._count
        self._count += 1
        if picture.phash is None:
            return number
        value = np.uint64(picture.phash)
        used = self._hashes[: len(self._firsts), None]
        grey = np.frombuffer(picture.grey, np.uint8).astype(np.int16)
        for at in np.flatnonzero(_distances(used, value.reshape(1)) <= GROUP_BITS).tolist():
            other = np.frombuffer(self._greys[at], np.uint8)
            if int(np.abs(grey - other).max()) <= GROUP_LEVELS:
                return self._firsts[at]
        if len(self._firsts) == self._most:
            at = self._oldest
            self._hashes[at], self._greys[at], self._firsts[at] = value, picture.grey, number
            self._oldest = (at + 1) % self._most
            return number
        if len(self._firsts) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)])
        self._hashes[len(self._firsts)] = value
        self._greys.append(picture.grey)
        self._firsts.append(number)
        return number


def group(pictures: Iterable[Fingerprint]) -> list[int]:
    """For each picture the place of the first that is almost the same, its own where there is none before it."""
    groups = Groups()
    return [groups.place(picture) for picture in pictures]


def _image(pixels: Pixels) -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("pictures need Pillow", hint="pip install 'modcli[images]'") from error
    return Image.fromarray(np.ascontiguousarray(pixels))


def _phash(image: Any) -> str:
    try:
        import imagehash
    except ImportError as error:
        raise MissingExtraError(
            "hashes of pictures need ImageHash", hint="pip install 'modcli[images]'"
        ) from error
    return str(imagehash.phash(image))


def _pdq(image: Any) -> str:
    """As ThreatExchange writes it; "" where pdqhash is not installed, or there is too little to see."""
    try:
        import pdqhash
    except ImportError:
        return ""
    small = image.copy()
    small.thumbnail((_PDQ_SIDE, _PDQ_SIDE))
    bits, quality = pdqhash.compute(np.ascontiguousarray(small))
    return np.packbits(bits.astype(np.uint8)).tobytes().hex() if quality >= LEAST_QUALITY else ""


def _words(hashes: Sequence[Hash]) -> Words:
    """Hashes of one algorithm as rows of 64-bit words, shape (hashes, words)."""
    joined = bytes.fromhex("".join(each.value for each in hashes))
    return np.frombuffer(joined, ">u8").reshape(len(hashes), -1).astype(np.uint64)


def _distances(words: Words, own: Words) -> NDArray[np.int64]:
    """The number of bits in which each row differs from one row."""
    differing = words ^ own
    if hasattr(np, "bitwise_count"):  # NumPy 2
        return np.asarray(np.bitwise_count(differing).sum(axis=1), dtype=np.int64)
    return np.asarray(np.unpackbits(differing.view(np.uint8), axis=1).sum(axis=1), dtype=np.int64)
