"""Pictures to verdicts, by scripted eyes: pixels say what is seen, written and known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.errors import BackendError, Location, MissingExtraError, PrefixTooLong, SourceError
from modcli.images.moderating import NOTHING_LOOKED, Eyes, ImageModerator
from modcli.images.ocr import Transcript
from modcli.images.parts import Opinion
from modcli.images.picture import Known, Picture, Sampled, Written
from modcli.item import Item, Kind
from modcli.profile import Action, Category, Profile
from modcli.verdict import CategoryVerdict, Verdict

PROFILE = Profile(
    "p",
    (
        Category("nudity", Action.BLOCK),
        Category("scam", Action.BLOCK),
        Category("gloom", Action.WARN),
        Category("art", Action.ALLOW, exempts=("nudity",)),
    ),
)


def shown(
    name: str = "a.png",
    *,
    nudity: int = 0,
    art: int = 0,
    text: int = 0,
    known: int = 0,
    seconds: float | None = None,
    notes: tuple[str, ...] = (),
) -> Picture:
    """A picture whose first pixels say, in percent, what is in it."""
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[0, :, 0] = nudity, art, text, known
    return Picture(name, "", "png", 40, 20, pixels, seconds, notes)


class Scripted:
    """Tells nudity and art by the pixels."""

    tells = frozenset({"nudity", "art"})
    digest = "0"

    def __init__(self, broken_at: int = 255) -> None:
        self.batches: list[int] = []
        self._broken_at = broken_at

    def look(self, pictures: Sequence[Picture]) -> list[list[Opinion]]:
        self.batches.append(len(pictures))
        found = []
        for picture in pictures:
            nudity, art = (int(value) / 100 for value in picture.pixels[0, :2, 0])
            if nudity * 100 == self._broken_at:
                raise BackendError("the runtime failed")
            found.append(
                [
                    Opinion("nudity", nudity, 0.8, "detector", "skin"),
                    Opinion("nudity", nudity / 2, 0.5, "image examples"),
                    Opinion("art", art, 0.5, "image words"),
                ]
            )
        return found


TEXTS = {
    1: [Written("a nice day", (5, 6, 30, 12), 0.9)],
    2: [Written("hello there", (1, 2, 30, 8), 0.9), Written("free coins", (3, 9, 30, 16), 0.9)],
    4: [Written("get c o i n s", (5, 6, 30, 12), 0.9)],
    3: [Written("what a sad", (0, 0, 9, 9), 0.9)],
}


class Reader:
    name, digest = "scripted", "1"

    def transcribe(self, pictures: Sequence[Picture]) -> list[Transcript]:
        numbers = [int(picture.pixels[0, 2, 0]) for picture in pictures]
        return [
            Transcript(error="it broke") if number == 9 else Transcript(tuple(TEXTS.get(number, ())))
            for number in numbers
        ]

    def read(self, pictures: Sequence[Picture]) -> list[list[Written]]:
        return [list(transcript.lines) for transcript in self.transcribe(pictures)]


class Texts:
    """Blocks what speaks of coins, warns of a sad day; a text of only "broken" cannot be judged."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        self.seen += [item.text for item in items]
        return [self._verdict(item.text) for item in items]

    def _verdict(self, text: str) -> Verdict:
        if text == "broken":
            return Verdict("", Action.WARN, error="cannot")
        scam = 0.9 if "coins" in text else 0.1
        gloom = 0.7 if "sad" in text and "day" in text else 0.2
        found = {
            "scam": CategoryVerdict(scam, 0.5, Action.BLOCK if scam > 0.5 else Action.ALLOW),
            "gloom": CategoryVerdict(gloom, 0.5, Action.WARN if gloom > 0.5 else Action.ALLOW),
        }
        action = Action.BLOCK if scam > 0.5 else Action.WARN if gloom > 0.5 else Action.ALLOW
        return Verdict("", action, found, "prompt", f"scam {scam}", "m")


def known_at(value: int) -> Callable[[Picture], Known | None]:
    return lambda picture: Known("list.txt", "ff", 3, True) if picture.pixels[0, 3, 0] == value else None


def eyes(**changed: object) -> Eyes:
    usual: dict[str, object] = {"blocked": known_at(1), "allowed": known_at(2), "sights": [Scripted()]}
    usual["reader"] = Reader()
    return Eyes(**(usual | changed))  # type: ignore[arg-type]


def judged(
    *media: Picture | Sampled | str, text: str = "", with_: Eyes | None = None, texts: Texts | None = None
) -> list[Verdict]:
    by_name = {str(i): one for i, one in enumerate(media)}

    def open_(item: Item) -> Sampled:
        one = by_name[item.id]
        if isinstance(one, str):
            raise SourceError(one, location=Location(item.id))
        return one if isinstance(one, Sampled) else Sampled([one], 1, 0.0, "a still picture")

    moderator = ImageModerator(PROFILE, with_ or eyes(), texts or Texts(), open_, digest="d")
    return moderator.judge([Item(name, text, Location(name), kind=Kind.IMAGE) for name in by_name])


def video(*frames: Picture, total: int = 0) -> Sampled:
    return Sampled(frames, total or len(frames), float(len(frames)), "every second")


def test_the_picture_decides() -> None:
    (verdict,) = judged(shown(nudity=90))
    assert (verdict.action, verdict.part, verdict.stage) == (Action.BLOCK, "picture", "detector")
    assert verdict.reason == "picture: nudity 0.90 (from 0.80) (skin)"
    assert verdict.untold == ("scam", "gloom")
    assert verdict.categories["nudity"].probability == 0.9
    assert verdict.profile == "d"


def test_an_exception_holds_within_the_picture_and_not_beyond() -> None:
    assert judged(shown(nudity=85, art=99))[0].action is Action.ALLOW
    (verdict,) = judged(shown(nudity=85, art=99, text=2))
    assert verdict.action is Action.BLOCK
    assert verdict.part.startswith("text in the picture")


def test_what_no_model_can_tell_is_said_of_what_is_allowed() -> None:
    (verdict,) = judged(shown(nudity=3))
    assert verdict.action is Action.ALLOW
    assert verdict.error is None
    assert verdict.reason.endswith("; no model can tell from the picture itself: scam, gloom")
    assert verdict.as_record()["untold"] == ["scam", "gloom"]


def test_a_text_decides_and_is_quoted_with_its_place() -> None:
    texts = Texts()
    (verdict,) = judged(shown(text=2), texts=texts)
    assert verdict.action is Action.BLOCK
    assert verdict.part == 'text in the picture: "free coins" at (3, 9)'
    assert verdict.decided_on == "hello there free coins"
    assert verdict.stage == "prompt"
    assert texts.seen == ["hello there free coins", "hello there", "free coins"]
    assert verdict.picture is not None
    assert verdict.picture["text"] == [
        {"text": "hello there", "at": [1, 2], "sureness": 0.9},
        {"text": "free coins", "at": [3, 9], "sureness": 0.9},
    ]


def test_a_meme_is_judged_together_with_its_text() -> None:
    (verdict,) = judged(shown(text=3), text="day")
    assert (verdict.action, verdict.part) == (Action.WARN, "text beside and in the picture")
    assert judged(shown(text=3))[0].action is Action.ALLOW
    (verdict,) = judged(shown(), text="coins for you")
    assert (verdict.action, verdict.part) == (Action.BLOCK, "text beside the picture")


def test_letters_that_are_spaced_out_are_judged_joined_as_well() -> None:
    (verdict,) = judged(shown(text=4))
    assert verdict.action is Action.BLOCK
    assert verdict.decided_on == "get coins"


def test_what_one_of_two_models_sees_is_warned_of() -> None:
    class Doubting(Scripted):
        def look(self, pictures: Sequence[Picture]) -> list[list[Opinion]]:
            return [[replace(own[0], doubted=True), *own[1:]] for own in super().look(pictures)]

    (verdict,) = judged(shown(nudity=90), with_=eyes(sights=[Doubting()]))
    assert verdict.action is Action.WARN
    assert verdict.categories["nudity"].action is Action.WARN
    assert "nudity 0.90" in verdict.reason


def test_known_pictures_come_first() -> None:
    sight = Scripted()
    blocked, allowed = judged(shown(known=1), shown(known=2, nudity=99, text=2), with_=eyes(sights=[sight]))
    assert (blocked.action, blocked.part, blocked.stage) == (Action.BLOCK, "known picture", "known")
    assert blocked.reason == "known picture: as in list.txt (3 bits apart, mirrored)"
    assert (allowed.action, allowed.untold) == (Action.ALLOW, ())
    assert not sight.batches, "no model was asked"
    assert judged(shown(known=2), text="coins")[0].action is Action.BLOCK, (
        "what stands beside it is not known"
    )


def test_one_that_cannot_be_opened_is_an_error_and_the_rest_goes_on() -> None:
    first, broken, last = judged(shown(), "it is empty", shown(nudity=90))
    assert [first.id, broken.id, last.id] == ["0", "1", "2"]
    assert (broken.action, broken.error, broken.reason) == (Action.WARN, "it is empty", "could not be judged")
    assert last.action is Action.BLOCK


def test_without_the_extra_for_videos_pictures_are_judged() -> None:
    def open_(item: Item) -> Sampled:
        if item.id == "v":
            raise MissingExtraError("videos need av", hint="pip install 'modcli[video]'")
        return Sampled([shown(nudity=90)], 1, 0.0, "a still picture")

    moderator = ImageModerator(PROFILE, eyes(), Texts(), open_, digest="d", on_error=Action.BLOCK)
    video, still = moderator.judge([Item(id, "", Location(id), kind=Kind.IMAGE) for id in "vs"])
    assert (video.action, video.error) == (Action.BLOCK, "videos need av: pip install 'modcli[video]'")
    assert (still.action, still.error) == (Action.BLOCK, None)


def test_a_runtime_that_fails_loses_only_what_it_fails_at() -> None:
    sight = Scripted(broken_at=50)
    verdicts = judged(shown(), shown(nudity=50), shown(nudity=90), with_=eyes(sights=[sight]))
    assert [verdict.error for verdict in verdicts] == [None, "the runtime failed", None]
    assert verdicts[2].action is Action.BLOCK


def test_what_concerns_all_is_raised() -> None:
    class TooLong(Texts):
        def judge(self, items: Sequence[Item]) -> list[Verdict]:
            raise PrefixTooLong("the profile is too long")

    with pytest.raises(PrefixTooLong):
        judged(shown(text=1), texts=TooLong())
    with pytest.raises(PrefixTooLong):
        judged(video(shown(text=1), shown()), texts=TooLong())


def test_nothing_passes_in_silence() -> None:
    (verdict,) = judged(shown(), with_=Eyes())
    assert (verdict.action, verdict.error) == (Action.WARN, NOTHING_LOOKED)
    (verdict,) = judged(video(shown(), shown()), with_=Eyes())
    assert verdict.error == NOTHING_LOOKED
    (verdict,) = judged(shown(text=9))
    assert (verdict.action, verdict.error) == (Action.WARN, "it broke")
    (verdict,) = judged(shown(text=9, nudity=90))
    assert (verdict.action, verdict.error) == (Action.BLOCK, None)
    (verdict,) = judged(shown(), with_=Eyes(reader=Reader()))
    assert verdict.reason == "no text in it; no model can tell from the picture itself: nudity, scam, gloom"
    assert "cut short" in judged(shown(notes=("the file is cut short",)))[0].reason


def test_stills_are_seen_together_and_stay_in_order() -> None:
    sight = Scripted()
    stills = [shown(nudity=90 * (i % 3 == 0)) for i in range(20)]
    verdicts = judged(*stills[:10], video(shown(), shown()), *stills[10:], with_=eyes(sights=[sight]))
    assert [verdict.id for verdict in verdicts] == [str(i) for i in range(21)]
    blocked = [verdict.action is Action.BLOCK for verdict in verdicts]
    assert blocked == [i % 3 == 0 for i in range(10)] + [False] + [i % 3 == 0 for i in range(10, 20)]
    assert max(sight.batches) == 8


def frames(flags: str) -> Sampled:
    return video(*(shown(nudity=95 * int(flag), seconds=4.0 * i) for i, flag in enumerate(flags)))


def test_frames_that_agree_block_early() -> None:
    sight = Scripted()
    (verdict,) = judged(frames("00000111" + "0" * 20), with_=eyes(sights=[sight]))
    assert (verdict.action, verdict.part) == (Action.BLOCK, "frame at 0:20")
    assert "in 3 of 10 frames judged, at 0:20, 0:24, 0:28" in verdict.reason
    assert sight.batches == [5, 5], "the rest was not looked at"
    assert verdict.picture is not None
    assert verdict.picture["flagged_at"] == [20.0, 24.0, 28.0]
    assert verdict.picture["decided_after"] == 10


def test_a_frame_alone_is_warned_of() -> None:
    (verdict,) = judged(frames("0000100000"))
    assert verdict.action is Action.WARN
    assert verdict.reason.endswith("in 1 of 10 frames judged, at 0:16: too few to block")
    assert verdict.categories["nudity"].action is Action.WARN


def test_a_text_or_a_known_picture_in_one_frame_is_enough() -> None:
    calm = [shown(seconds=float(i)) for i in range(7)]
    (verdict,) = judged(video(*calm, shown(text=2, seconds=72.0)))
    assert verdict.action is Action.BLOCK
    assert verdict.part == 'frame at 1:12, text in the picture: "free coins" at (3, 9)'
    (verdict,) = judged(video(*calm, shown(known=1, seconds=3.0)))
    assert verdict.part == "frame at 0:03, known picture"


def test_a_calm_video_says_what_was_judged() -> None:
    (verdict,) = judged(frames("000000"))
    assert verdict.action is Action.ALLOW
    assert verdict.part == "frames"
    assert verdict.reason.endswith("; 6 of 6 frames judged: every second")
    assert "no model can tell" in verdict.reason


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 3), st.integers(0, 2)), max_size=12
    )
)
def test_an_item_is_what_its_strictest_part_is(pictures: list[tuple[int, int, int, int]]) -> None:
    media = [shown(nudity=nudity, art=art, text=text, known=known) for nudity, art, text, known in pictures]
    for verdict, (nudity, art, text, known) in zip(judged(*media), pictures, strict=True):
        seen = nudity >= 80 and not (art >= 50 and art > nudity)
        strict = known == 1 or (known == 0 and (seen or text == 2))
        assert verdict.action is (Action.BLOCK if strict else Action.ALLOW)
        assert all(one.action.severity <= verdict.action.severity for one in verdict.categories.values())
