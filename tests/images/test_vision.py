"""A profile's categories as a model that sees tells them; scripted: a picture is the word for its colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modcli.backends.base import Readout
from modcli.backends.vision import Shown
from modcli.backends.vision_scripted import ScriptedVision
from modcli.errors import Location, PrefixTooLong, ProfileError, SourceError
from modcli.images.debate import Debater
from modcli.images.moderating import Eyes, ImageModerator, Sight
from modcli.images.picture import Picture, Sampled
from modcli.images.vision import DEBATE, VISION, VisionSight, beside, build_vision_sight, sized
from modcli.item import Item, Kind
from modcli.profile import Action, Category, ImageShot, Profile, Task
from modcli.prompts.prompt import Prefix, Question
from modcli.verdict import Verdict

COLOURS = {"red": (210, 30, 30), "green": (30, 180, 40), "blue": (30, 40, 200), "yellow": (230, 220, 40)}
HOT = Category("hot", Action.BLOCK, "Things that are red.")
COLD = Category("cold", Action.WARN, "Things that are blue.")
BARE = Category("bare", Action.BLOCK)
WORDS = {"hot": ["red", "flames"], "cold": ["blue"], "ordinary": []}


def picture(colour: str, *, beside: str = "", seconds: float | None = None) -> Picture:
    pixels = np.full((30, 30, 3), COLOURS[colour], np.uint8)
    return Picture(f"{colour}.png", colour, "png", 30, 30, pixels, seconds, beside=beside)


def opened(path: Path) -> Picture:
    return picture(path.stem.split("-")[0])


def shots(*names: str) -> tuple[ImageShot, ...]:
    return tuple(ImageShot(f"{name}.png", name) for name in names)


class Counting(ScriptedVision):
    """Counts what it looks at."""

    def __init__(self, keywords: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(keywords or WORDS)
        self.looked = 0
        self.prefixes: set[str] = set()

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str | Shown],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        self.looked += len(texts)
        self.prefixes.add(prefix.digest)
        return super().read(prefix, texts, taps=taps, questions=questions)


def built(
    *categories: Category,
    folder: Path,
    backend: ScriptedVision | None = None,
    task: Task = Task.MULTI_LABEL,
    debater: Debater | None = None,
) -> VisionSight:
    profile = Profile("p", categories, task=task)
    sight = build_vision_sight(profile, backend or Counting(), opened, folder, debater=debater)
    as_one: Sight = sight
    assert as_one.tells == sight.tells
    return sight


def test_definitions_are_told_by_label_words(tmp_path: Path) -> None:
    sight = built(HOT, COLD, BARE, folder=tmp_path)
    assert sight.tells == {"hot", "cold"}, "a word alone says nothing"
    red, green = sight.look([picture("red"), picture("green")])
    assert [(one.category, one.stage, one.probability > 0.5) for one in red] == [
        ("hot", VISION, True),
        ("cold", VISION, False),
    ]
    assert all(one.probability < 0.5 for one in green)
    assert red[0].threshold == 0.5
    assert red[0].told == "scripted vision"
    assert not red[0].doubted


def test_the_text_beside_is_read_with_the_picture(tmp_path: Path) -> None:
    (opinions,) = built(HOT, folder=tmp_path).look([picture("green", beside="flames flames")])
    assert opinions[0].probability > 0.5


def test_a_long_text_beside_keeps_both_ends() -> None:
    text = "begin " + "x y " * 2000 + "\x1b[31mend"
    found = beside(picture("red", beside=text))
    assert found.startswith("begin")
    assert found.endswith("end")
    assert "\x1b" not in found
    assert len(found) < 1300
    assert beside(picture("red", beside="short")) == "short"


@pytest.mark.parametrize(
    ("size", "expected"), [((1500, 2000), (768, 1024)), ((1, 60000), (1, 1024)), ((30, 40), (30, 40))]
)
def test_large_pictures_are_shown_smaller(size: tuple[int, int], expected: tuple[int, int]) -> None:
    large = replace(picture("red"), pixels=np.full((*size, 3), COLOURS["red"], np.uint8))
    found = sized(large)
    assert found.shape[:2] == expected
    assert (found == COLOURS["red"]).all()


def test_own_thresholds_and_allowed_categories(tmp_path: Path) -> None:
    fine = Category("fine", Action.ALLOW, "Things that are green.")
    exception = Category("sunset", Action.ALLOW, "Sunsets.", exempts=("hot",))
    sight = built(replace(HOT, threshold=0.9), fine, exception, folder=tmp_path)
    assert sight.tells == {"hot", "sunset"}, "what is allowed is asked for where it is an exception"
    assert {one.category: one.threshold for one in sight.look([picture("red")])[0]} == {
        "hot": 0.9,
        "sunset": 0.5,
    }


def test_examples_make_heads_on_the_hidden_states(tmp_path: Path) -> None:
    shown = replace(BARE, images=shots("yellow-1", "yellow-2"), counterimages=shots("green-1"))
    sight = built(shown, folder=tmp_path)
    assert sight.tells == {"bare"}
    (yellow,), (green,), (blue,) = sight.look([picture(name) for name in ("yellow", "green", "blue")])
    assert yellow.probability > 0.5 > max(green.probability, blue.probability)
    assert yellow.shots == ("yellow-1.png",)
    assert yellow.told == "scripted vision: like yellow-1.png"


def test_a_definition_and_examples_count_together(tmp_path: Path) -> None:
    """The head finds yellow, the words find red: with both of them each finds more than the other alone."""
    both = replace(HOT, images=shots("yellow-1", "yellow-2"), counterimages=shots("green-1"))
    backend = Counting({"hot": ["red", "yellow"], "ordinary": []})
    alone = built(replace(both, definition=""), folder=tmp_path, backend=backend).look([picture("yellow")])
    fused = built(both, folder=tmp_path, backend=backend).look([picture("yellow")])
    assert fused[0][0].probability > alone[0][0].probability


def test_the_drawings_are_looked_at_once(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    told: list[str] = []
    build_vision_sight(Profile("p", (HOT,)), first, opened, tmp_path, tell=told.append)
    assert first.looked == 16
    assert told == ["the vision model looks at 16 drawings to compare with: once for this profile"]
    build_vision_sight(Profile("p", (HOT,)), second, opened, tmp_path, tell=told.append)
    assert second.looked == 0
    assert len(told) == 1


def test_what_is_kept_and_does_not_fit_is_made_anew(tmp_path: Path) -> None:
    built(HOT, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    np.save(file, np.zeros((3, 7), np.float32))
    backend = Counting()
    built(HOT, folder=tmp_path, backend=backend)
    assert backend.looked == 16


def test_classes_share_one_probability(tmp_path: Path) -> None:
    sight = built(HOT, COLD, folder=tmp_path, task=Task.MULTI_CLASS)
    assert len(sight.eye.questions) == 1
    (opinions,) = sight.look([picture("blue")])
    assert sum(one.probability for one in opinions) <= 1
    assert max(opinions, key=lambda one: one.probability).category == "cold"


def test_words_that_begin_alike(tmp_path: Path) -> None:
    alike = replace(HOT, name="plain", label="ordinary things")
    sight = built(alike, COLD, folder=tmp_path)
    assert sight.tells == {"cold"}
    assert sight.notes[0].startswith("plain: the vision model cannot be asked")
    with pytest.raises(ProfileError, match="label words"):
        built(alike, COLD, folder=tmp_path, task=Task.MULTI_CLASS)


def test_nothing_to_tell_looks_at_nothing(tmp_path: Path) -> None:
    backend = Counting()
    sight = built(BARE, folder=tmp_path, backend=backend)
    assert sight.look([picture("red")]) == [[]]
    assert backend.looked == 0


def test_an_example_that_is_missing_and_a_prompt_that_is_too_long(tmp_path: Path) -> None:
    def missing(path: Path) -> Picture:
        raise SourceError("no such file", location=Location(str(path)))

    profile = Profile("p", (replace(HOT, images=shots("gone")),))
    with pytest.raises(SourceError) as caught:
        build_vision_sight(profile, Counting(), missing, tmp_path)
    assert caught.value.hint == "it is an example picture of the profile"
    with pytest.raises(PrefixTooLong):
        built(replace(HOT, definition="red " * 20_000), folder=tmp_path)


class Wavering(Counting):
    """Is even about red until it has heard a debate; then it is sure."""

    def read(
        self,
        prefix: Prefix,
        texts: Sequence[str | Shown],
        *,
        taps: Sequence[int] = (),
        questions: Sequence[Question] = (),
    ) -> list[Readout]:
        readouts = super().read(prefix, texts, taps=taps, questions=questions)
        heard = "judge of a debate" in prefix.messages[0].content
        score = 9.0 if heard else 1.0
        found = []
        for text, readout in zip(texts, readouts, strict=True):
            red = isinstance(text, Shown) and int(text.pixels[0, 0, 0]) == COLOURS["red"][0]
            answers = tuple(np.array([score if red else -5.0, 0.0]) for _ in readout.log_probabilities)
            found.append(replace(readout, log_probabilities=answers))
        return found


def test_what_is_unsure_is_debated_and_told(tmp_path: Path) -> None:
    backend = Wavering()
    debater = Debater(backend, 2)
    sight = built(replace(HOT, threshold=0.995), folder=tmp_path, backend=backend, debater=debater)
    assert sight.offsets["hot"] == pytest.approx(-5 + 1.75 * 0.5)
    red, green, frame = sight.look([picture("red"), picture("green"), picture("red", seconds=1.0)])
    assert red[0].stage == DEBATE
    assert red[0].probability > 0.995
    assert red[0].note.startswith("hot was debated in 2 rounds: 0.99 became 1.00")
    assert red[0].note in red[0].told
    assert green[0].stage == VISION, "it is sure of that"
    assert frame[0].stage == VISION, "one frame decides nothing"
    assert debater.costs.debates == 1
    assert debater.costs.generations == 4
    assert len(backend.told) == 4


class Texts:
    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        return [Verdict("", Action.ALLOW) for _ in items]


def moderated(sight: VisionSight, item: Item, found: Picture) -> Verdict:
    moderator = ImageModerator(
        sight.profile, Eyes(sights=[sight]), Texts(), lambda _: Sampled([found], 1, 0.0, "all"), digest="d"
    )
    return moderator.judge([item])[0]


def test_verdicts_name_the_model_and_what_is_told_is_no_longer_untold(tmp_path: Path) -> None:
    sight = built(HOT, BARE, folder=tmp_path)
    item = Item("1", "", Location("a"), kind=Kind.IMAGE)
    blocked = moderated(sight, item, picture("red"))
    assert (blocked.action, blocked.stage, blocked.part) == (Action.BLOCK, VISION, "picture")
    assert "scripted vision" in blocked.reason
    assert blocked.untold == ("bare",)
    allowed = moderated(sight, item, picture("green"))
    assert allowed.action is Action.ALLOW
    with_text = replace(item, text="flames flames")
    assert moderated(sight, with_text, picture("green")).action is Action.BLOCK


def test_the_verdict_says_that_it_was_debated_also_where_it_is_allowed(tmp_path: Path) -> None:
    backend = Wavering()
    sight = built(
        replace(HOT, threshold=0.9999), folder=tmp_path, backend=backend, debater=Debater(backend, 1)
    )
    sight = replace(sight, offsets={"hot": -8.0})  # even the judge of the debate is not sure enough
    item = Item("1", "", Location("a"), kind=Kind.IMAGE)
    verdict = moderated(sight, item, picture("red"))
    assert "hot was debated in 1 round" in verdict.reason
    assert verdict.picture is not None
    assert verdict.picture["debated"][0].startswith("hot was debated in 1 round")
    assert verdict.stage == DEBATE


def test_digests_follow_what_decides(tmp_path: Path) -> None:
    backend = Counting()
    sights = [
        built(HOT, folder=tmp_path, backend=backend),
        built(replace(HOT, definition="Other."), folder=tmp_path, backend=backend),
        built(replace(HOT, threshold=0.7), folder=tmp_path, backend=backend),
        built(replace(HOT, images=shots("red-1")), folder=tmp_path, backend=backend),
        built(HOT, folder=tmp_path, backend=backend, debater=Debater(backend, 1)),
        built(HOT, folder=tmp_path, backend=backend, debater=Debater(backend, 2)),
        built(HOT, folder=tmp_path, backend=Counting({"hot": ["orange"]})),
    ]
    assert len({sight.digest for sight in sights}) == len(sights)
    assert built(HOT, folder=tmp_path, backend=backend).digest == sights[0].digest
