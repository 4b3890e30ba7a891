"""Pictures that are almost the same as one that was judged take its verdict."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from modcli.images.hashes import Fingerprint, Groups
from modcli.images.picture import Picture
from modcli.verdict import Verdict

#: What decided, where a verdict is that of another picture; texts have the same word for it.
GROUP = "group"
#: First pictures of groups that are remembered, at 4 kB each: of those that were not judged anew for longest, some go.
MOST = 20_000


class NearPictures:
    """The first picture of each group of near-duplicates, with its verdict, as far as `most` of them are remembered."""

    def __init__(self, most: int = MOST) -> None:
        self._groups = Groups(most)
        self._verdicts: OrderedDict[tuple[int, str | None], Verdict] = OrderedDict()
        self._most = most

    def number(self, picture: Picture) -> int:
        """The number of its group; a new one where it is near to none. Raises MissingExtraError without ImageHash."""
        return self._groups.place(Fingerprint.of(picture))

    def known(self, number: int, beside: str) -> Verdict | None:
        """The verdict on the first of a group, where it holds for a picture with this text beside it."""
        return self._verdicts.get((number, None)) or self._verdicts.get((number, beside))

    def remember(self, number: int, beside: str | None, verdict: Verdict) -> None:
        """Keep the verdict on the first of a group; `beside` is None where it holds whatever stands beside."""
        self._verdicts[number, beside] = verdict
        if len(self._verdicts) > self._most:
            self._verdicts.popitem(last=False)


def taken(verdict: Verdict, id: str, picture: Picture) -> Verdict:
    """The verdict of another picture, for this one: it says of which."""
    told = {"format": picture.format, "width": picture.width, "height": picture.height}
    return replace(
        verdict,
        id=id,
        stage=GROUP,
        reason=f"nearly the same as {verdict.id}: {verdict.reason}",
        picture={**told, "like": verdict.id},
        cached=False,
    )
