"""The tasks of the paper (arXiv 2511.05532): binary, multi-class and multi-label, by shots, with and without definitions;
and plain in-context learning with the same shots."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from modcli.cascade.moderator import Stage
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.base import Job, Outcome, Setting
from modcli.evaluation.protocols.label_words import LabelAnswers, ask, label_prompt
from modcli.evaluation.protocols.measures import Answers, Measured, measure
from modcli.evaluation.protocols.sets import Drawn, PublicSet, draw
from modcli.profile import Action, Category, Profile, Shot, Task
from modcli.profiles.find import Found, Origin, Shelf, shipped_folder
from modcli.profiles.load import load_found

TASKS = "tasks"
#: The binary sets.
BINARY = ("sms_spam", "paradetox", "sst2")
MULTI_LABEL = "openai_moderation"
#: Shots, half of them examples and half counterexamples; of one shot, an example.
SHOTS = (0, 1, 2, 4, 8, 32)
#: Of several tasks at once: shots of each original label (there are six), as in the paper, whose total is six times.
OF_EACH_LABEL = (0, 1, 4, 8)
#: Of several labels at once: rows of each label, and as many in all of none.
OF_EACH_CATEGORY = (0, 1, 4, 8)
#: Plain in-context learning runs the whole model for every row and draw: fewer numbers of shots, and the paper's three
#: draws at most.
PLAIN_SHOTS, PLAIN_DRAWS = (0, 1, 8, 32), 3

ONE = ("accuracy", "precision", "recall", "f1", "auroc", "auprc", "calibration error")
CLASSES = ("class weighted f1", "class macro f1", "class accuracy")
LABELS = ("auprc", "auroc", "any f1", "any f1, labels known", "f1", "calibration error")


def named(shots: int, *, defined: bool) -> str:
    """A condition as it is called in a table."""
    return f"{shots} shot{'s' * (shots != 1)}, {'definition' if defined else 'label word'}"


def measured(draws: Sequence[Answers], metrics: Sequence[str]) -> Outcome:
    """An outcome from answers over the same rows. Raises ValueError where there is no draw."""
    return Outcome(
        measure(draws, metrics),
        rows=len(draws[0]),
        draws=len(draws),
        failed=sum(answers.failed for answers in draws),
    )


def conditions(setting: Setting, numbers: Sequence[int]) -> list[tuple[int, bool]]:
    """Numbers of shots, each with and without a definition. By reading alone nothing can be judged without a shot."""
    read_only = setting.stage is Stage.READING
    return [(number, defined) for number in numbers for defined in (True, False) if number or not read_only]


def halves(shots: int) -> tuple[int, int]:
    """How many examples and counterexamples so many shots are."""
    return (shots + 1) // 2, shots // 2


def binary(setting: Setting) -> list[Job]:
    """Each binary set by itself."""
    return [
        Job(
            TASKS,
            "binary",
            (one.name,),
            named(shots, defined=defined),
            partial(_binary, setting, one, shots, defined),
        )
        for one in setting.among(*BINARY)
        for shots, defined in conditions(setting, SHOTS)
    ]


def _binary(setting: Setting, one: PublicSet, shots: int, defined: bool) -> Outcome:
    rows = setting.rows_of(one.name)
    return measured(
        [
            Answers.of(setting.predict(_profile(one, drawn, defined), rows.reported))
            for drawn in _draws(setting, one, shots)
        ],
        ONE,
    )


def _draws(setting: Setting, one: PublicSet, shots: int, most: int | None = None) -> list[Drawn]:
    """A draw for each seed; without shots there is but one."""
    seeds = list(setting.seeds)[:most] if shots else [setting.seed]
    pool = setting.rows_of(one.name).pool
    return [draw(pool, one.only.name, *halves(shots), seed=seed) for seed in seeds]


def _profile(one: PublicSet, drawn: Drawn, defined: bool) -> Profile:
    return Profile(one.name, (_category(one, drawn, defined),), task=Task.BINARY)


def _category(one: PublicSet, drawn: Drawn, defined: bool) -> Category:
    return one.only.category(defined=defined, examples=drawn.examples, counterexamples=drawn.counterexamples)


def plain(setting: Setting) -> list[Job]:
    """Plain in-context learning on each binary set: label scores at full depth, no heads."""
    if setting.stage is Stage.READING:
        return []
    return [
        Job(
            TASKS,
            "plain in-context",
            (one.name,),
            named(shots, defined=defined),
            partial(_plain, setting, one, shots, defined),
        )
        for one in setting.among(*BINARY)
        for shots, defined in conditions(setting, PLAIN_SHOTS)
    ]


def _plain(setting: Setting, one: PublicSet, shots: int, defined: bool) -> Outcome:
    rows = setting.rows_of(one.name).reported
    return asked(
        [
            ask(setting.bench, label_prompt(_category(one, drawn, defined)), rows)
            for drawn in _draws(setting, one, shots, PLAIN_DRAWS)
        ]
    )


def asked(draws: Sequence[LabelAnswers]) -> Outcome:
    """What label words alone are worth: the threshold where background posts put it, and at even odds."""
    found = measured([answers.at_offset for answers in draws], ONE)
    even = measure([answers.at_even for answers in draws], ("accuracy", "f1"))
    more: dict[str, Measured] = {f"{name} at even odds": one for name, one in even.items()}
    return Outcome({**found.metrics, **more}, found.rows, found.draws, found.failed)


def reasons(setting: Setting) -> list[Job]:
    """Reasons in the shots: those shots of the default profile that have one, with it and without."""
    if setting.stage is Stage.READING:
        return []
    return [
        Job(
            TASKS,
            "reasons",
            (one.name,),
            f"shots of the default profile {how} reasons",
            partial(_reasons, setting, one, told),
        )
        for one in setting.among(*BINARY)
        for how, told in (("without", False), ("with", True))
    ]


def _reasons(setting: Setting, one: PublicSet, told: bool) -> Outcome:
    category = with_reasons(one.only.name)
    given = {shot.text: shot.reason for shot in (*category.examples, *category.counterexamples)}
    prompt = label_prompt(category, reasons=given if told else None)
    return asked([ask(setting.bench, prompt, setting.rows_of(one.name).reported)])


def with_reasons(name: str) -> Category:
    """A category of the profile that ships, with those of its shots that say why they are labelled so."""
    folder = shipped_folder()
    found = Found("default", folder / "default.yaml", Origin.SHIPPED)
    known = load_found(found, Shelf(folder)).by_name[name]

    def reasoned(shots: Sequence[Shot]) -> tuple[Shot, ...]:
        return tuple(shot for shot in shots if shot.reason)

    return Category(
        name=known.name,
        action=Action.BLOCK,
        definition=known.definition,
        label=known.label,
        examples=reasoned(known.examples),
        counterexamples=reasoned(known.counterexamples),
    )


def mixed(setting: Setting, sets: Sequence[PublicSet]) -> list[LabelledRow]:
    """As many rows of each set; each row is what its own set says, and nothing else."""
    rows = [setting.rows_of(one.name).reported for one in sets]
    most = min(len(some) for some in rows)
    generator = np.random.default_rng([setting.seed, most])
    return [some[i] for some in rows for i in np.sort(generator.permutation(len(some))[:most])]


def multi_class(setting: Setting) -> list[Job]:
    """Exactly one of toxicity, spam, negative sentiment and none."""
    return _of_several(setting, "multi-class", Task.MULTI_CLASS, CLASSES)


def multi_task(setting: Setting) -> list[Job]:
    """Harmful, which is any of the three, or not."""
    return _of_several(setting, "multi-task", Task.BINARY, ONE)


def _of_several(setting: Setting, part: str, task: Task, metrics: Sequence[str]) -> list[Job]:
    sets = setting.among(*BINARY)
    if len(sets) < 2:
        return []

    def work(each: int, defined: bool) -> Outcome:
        rows = mixed(setting, sets)
        return measured(
            [
                Answers.of(
                    setting.predict(several(setting, sets, each, seed, task=task, defined=defined), rows)
                )
                for seed in (setting.seeds if each else [setting.seed])
            ],
            metrics,
        )

    names = tuple(one.name for one in sets)
    return [
        Job(TASKS, part, names, named(2 * len(sets) * each, defined=defined), partial(work, each, defined))
        for each, defined in conditions(setting, OF_EACH_LABEL)
    ]


def several(
    setting: Setting,
    sets: Sequence[PublicSet],
    each: int,
    seed: int,
    *,
    task: Task = Task.MULTI_LABEL,
    defined: bool = True,
) -> Profile:
    """A profile that blocks the categories of several binary sets, with `each` examples and counterexamples of each."""
    drawn = {
        one.name: draw(setting.rows_of(one.name).pool, one.only.name, each, each, seed=seed) for one in sets
    }
    return Profile("several", tuple(_category(one, drawn[one.name], defined) for one in sets), task=task)


def multi_label(setting: Setting) -> list[Job]:
    """Any number of the moderation categories at once."""

    def work(one: PublicSet, each: int, defined: bool) -> Outcome:
        return measured(
            [
                Answers.of(
                    setting.predict(
                        labelled(setting, one, each, seed, defined=defined),
                        setting.rows_of(one.name).reported,
                    )
                )
                for seed in (setting.seeds if each else [setting.seed])
            ],
            LABELS,
        )

    def called(each: int, defined: bool) -> str:
        how = "definitions" if defined else "label words"
        return f"{each} of each label and as many of none, {how}" if each else f"0 shots, {how}"

    return [
        Job(TASKS, "multi-label", (one.name,), called(each, defined), partial(work, one, each, defined))
        for one in setting.among(MULTI_LABEL)
        for each, defined in conditions(setting, OF_EACH_CATEGORY)
    ]


def labelled(setting: Setting, one: PublicSet, each: int, seed: int, *, defined: bool = True) -> Profile:
    """A multi-label profile whose shots are posts with all of their labels: `each` of every category (all there are of a
    rare one), and as many without a label. A shot whose label nobody knows is neither for nor against it."""
    pool = setting.rows_of(one.name).pool
    by_text = {row.item.text: row for row in pool}
    chosen: dict[str, LabelledRow] = {}
    for category in one.categories:
        for shot in draw(pool, category.name, each, 0, seed=seed, fewer=True).examples:
            chosen.setdefault(shot.text, by_text[shot.text])
    without = [row for row in pool if not row.labels]
    # Of no category at all: nothing is unknown of that.
    for shot in draw(without, "", 0, -1, seed=seed).counterexamples[: len(chosen)]:
        chosen.setdefault(shot.text, by_text[shot.text])
    categories = tuple(
        category.category(
            defined=defined,
            examples=[Shot(text) for text, row in chosen.items() if category.name in row.labels],
            counterexamples=[
                Shot(text) for text, row in chosen.items() if category.name not in row.labels | row.unknown
            ],
        )
        for category in one.categories
    )
    return Profile(one.name, categories, task=Task.MULTI_LABEL)
