"""What little is needed to learn a category: three amounts of evidence, and beside them what the same rows, or a whole
train split, teach to baselines.

- a definition and unlabelled posts: nobody has labelled anything (self-training);
- a definition and a few shots of each category;
- both of these;
- a definition and some hundred labelled rows in natural proportions, as a profile collects them from answers.

Nothing is chosen on the rows that are reported: sample, shots and answers come from the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from modcli.cascade.preparation import PROMPT_SHOTS, shot_text, taps_of
from modcli.errors import Location, UsageError
from modcli.evaluation.baselines import Baseline, thresholds, truth_of_rows
from modcli.evaluation.predictions import LabelledRow
from modcli.evaluation.protocols.base import Job, Outcome, Part, Setting
from modcli.evaluation.protocols.measures import Answers, Measured, measure
from modcli.evaluation.protocols.sets import LONGEST_SHOT, PublicSet, draw
from modcli.item import Item
from modcli.judges.background import LABELLED_EVERY, bank
from modcli.profile import Profile, Shot
from modcli.prompts.normalization import normalize

LEARNING = "learning"
SETS = ("sst2", "sms_spam", "paradetox", "openai_moderation")
#: Unlabelled posts, shots on each side of each category, and labelled rows.
SAMPLE, SIDE, LABELLED = 300, 4, 256

#: For the estimate of the cost: characters of a token, tokens that close a question, and tokens of the default model in
#: a second on two cores of a CPU.
_CHARACTERS, _FRAME, _SPEED = 4, 10, 80

UNLABELLED = f"definition and {SAMPLE} unlabelled posts"
SHOTS = f"{2 * SIDE} shots and definitions"
BOTH = f"{2 * SIDE} shots, definitions and {SAMPLE} unlabelled posts"
ANSWERS = f"{LABELLED} labelled examples and definitions"
WHOLE = "all labelled rows"

ONE = ("accuracy", "f1", "auroc", "auprc", "calibration error")
LABELS = ("auprc", "auroc", "any f1", "f1", "calibration error")

#: What the figures are held against, by arm, then set: this project's aims, not anybody's results.
TARGETS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    UNLABELLED: {
        "sst2": {"accuracy": 0.90, "calibration error": 0.08},
        "sms_spam": {"f1": 0.85, "calibration error": 0.08},
        "paradetox": {"accuracy": 0.80, "calibration error": 0.08},
        "openai_moderation": {"auprc": 0.50, "any f1": 0.74, "calibration error": 0.08},
    },
    SHOTS: {
        "sst2": {"accuracy": 0.93, "calibration error": 0.06},
        "sms_spam": {"f1": 0.90, "calibration error": 0.06},
        "paradetox": {"accuracy": 0.84, "calibration error": 0.06},
        "openai_moderation": {"auprc": 0.55, "any f1": 0.78, "calibration error": 0.06},
    },
    ANSWERS: {
        "sst2": {"accuracy": 0.95, "calibration error": 0.04},
        "sms_spam": {"f1": 0.96, "calibration error": 0.04},
        "paradetox": {"accuracy": 0.92, "calibration error": 0.04},
        "openai_moderation": {"auprc": 0.70, "any f1": 0.83, "calibration error": 0.04},
    },
}

#: From a seed to the rows that are learned from.
Draw = Callable[[int], Sequence[LabelledRow]]


def learning(setting: Setting) -> list[Job]:
    """modcli with each amount of evidence on each set, then the baselines on the same rows. What it will cost is told
    beforehand."""
    jobs: list[Job] = []
    for line in cost(setting):
        setting.bench.tell(line)
    baselines = setting.baselines()
    for one in setting.among(*SETS):
        jobs += [
            _job(one, UNLABELLED, partial(_unlabelled, setting, one)),
            _job(one, SHOTS, partial(_taught, setting, one, SHOTS, partial(shots_of, setting, one))),
            _job(one, BOTH, partial(_taught, setting, one, BOTH, partial(shots_of, setting, one))),
            _job(one, ANSWERS, partial(_taught, setting, one, ANSWERS, partial(answers_of, setting, one))),
        ]
        for baseline in baselines:
            if baseline.judges(_names(one)):
                jobs += _baseline_jobs(setting, one, baseline)
    return jobs


PARTS: Mapping[str, Part] = {LEARNING: learning}


def shots_of(setting: Setting, one: PublicSet, seed: int) -> list[LabelledRow]:
    """A few rows of each category, and as many that are not of it; nothing is known of the other categories. Where
    the pool has fewer of one, all of them."""
    found = []
    for category in _names(one):
        others = frozenset(_names(one)) - {category}
        drawn = draw(setting.rows_of(one.name).pool, category, SIDE, SIDE, seed, fewer=True)
        found += [_row(shot, frozenset({category}), others) for shot in drawn.examples]
        found += [_row(shot, frozenset(), others) for shot in drawn.counterexamples]
    return found


def answers_of(setting: Setting, one: PublicSet, seed: int) -> list[LabelledRow]:
    """Some hundred rows of the pool as they come, or all where it has fewer."""
    return _some(setting.rows_of(one.name).pool, LABELLED, [seed, 2])


def sample_of(setting: Setting, one: PublicSet, seed: int) -> list[str]:
    """The texts of some hundred rows of the pool as they come, or of all where it has fewer."""
    return [row.item.text for row in _some(setting.rows_of(one.name).pool, SAMPLE, [seed, 3])]


def profile_of(one: PublicSet, rows: Sequence[LabelledRow] = ()) -> Profile:
    """A profile with the definitions, in which each row is an example of its labels, and a counterexample of the
    categories that it is known not to have. Long texts come last: the first stand in the prompt."""
    short_first = sorted(rows, key=lambda row: len(normalize(row.item.text)) > LONGEST_SHOT)
    categories = [
        category.category(
            examples=_shots(row for row in short_first if category.name in row.labels),
            counterexamples=_shots(
                row for row in short_first if category.name not in row.labels | row.unknown
            ),
        )
        for category in one.categories
    ]
    return Profile(one.name, tuple(categories))


def judge(
    setting: Setting, profile: Profile, rows: Sequence[LabelledRow], sample: Sequence[str] = ()
) -> Answers:
    """The rows by a profile, self-trained on a sample of unlabelled posts where there is one."""
    return Answers.of(setting.predict(profile, rows, shots=PROMPT_SHOTS, sample=sample))


def cost(setting: Setting) -> list[str]:
    """What the protocol will cost the model, a line for each set: an upper bound, as what is known is not done
    again, and what the reading is sure of is not asked about."""
    lines, all_tokens = [], 0
    taps = taps_of(setting.bench.backend.facts.layers)
    posts = len(bank()[::LABELLED_EVERY])
    for one in setting.among(*SETS):
        rows, draws, count = setting.rows_of(one.name), setting.draws, len(one.categories)
        texts = [shot_text(Shot(row.item.text)) for row in (*rows.pool, *rows.reported)]
        drawn = min(len(rows.pool), draws * (SAMPLE + LABELLED + 2 * SIDE * count))
        read = min(drawn + len(rows.reported), setting.bench.reader.missing(texts, taps))
        # Self-training asks once about each text, as its prompt is the same in every draw.
        asked = min(len(rows.pool), draws * SAMPLE) + len(rows.reported)
        asked += 2 * draws * (len(rows.reported) + posts)
        tokens = asked * round(np.mean([len(text) for text in texts]) / _CHARACTERS + _FRAME * count)
        all_tokens += tokens
        each = f", each with {count} questions" if count > 1 else ""
        lines.append(
            f"{one.name}: rows {len(rows.reported):,}, draws {draws}: at most {read:,} texts to read, and {asked:,} to"
            f" ask about at full depth{each} (about {tokens:,} tokens)"
        )
    minutes = all_tokens / _SPEED / 60
    took = f"{minutes / 60:.1f} hours" if minutes > 90 else f"{minutes:.0f} minutes"
    return [
        *lines,
        f"in all at most {took} at {_SPEED} tokens a second; --rows and --draws make it less, and with"
        " --stage reading only the samples are asked about",
    ]


@dataclass(frozen=True)
class _Told:
    """An arm as baselines see it."""

    arm: str
    rows: Draw
    draws: int


def _baseline_jobs(setting: Setting, one: PublicSet, baseline: Baseline) -> list[Job]:
    if baseline.learn is None:
        return [_job(one, f"{baseline.name}: not measured, {baseline.missing}", lambda: Outcome({}, 0, 0))]
    if not baseline.trained:
        return [_job(one, baseline.name, partial(_as_it_comes, setting, one, baseline))]
    arms = []
    if baseline.few:
        arms.append(_Told(SHOTS, partial(shots_of, setting, one), setting.draws))
    if baseline.many:
        arms.append(_Told(ANSWERS, partial(answers_of, setting, one), setting.draws))
    if baseline.full:
        arms.append(_Told(WHOLE, lambda _seed: setting.rows_of(one.name).pool, 1))
    return [
        _job(
            one,
            f"{baseline.name}: {arm.arm.removesuffix(' and definitions')}",
            partial(_learned, setting, one, baseline, arm),
        )
        for arm in arms
    ]


def _job(one: PublicSet, condition: str, work: Callable[[], Outcome]) -> Job:
    return Job(LEARNING, LEARNING, (one.name,), condition, work)


def _unlabelled(setting: Setting, one: PublicSet) -> Outcome:
    rows = setting.rows_of(one.name).reported
    profile = profile_of(one)
    draws = [judge(setting, profile, rows, sample_of(setting, one, seed)) for seed in setting.seeds]
    return _outcome(setting, one, draws, UNLABELLED)


def _taught(setting: Setting, one: PublicSet, arm: str, drawn: Draw) -> Outcome:
    rows = setting.rows_of(one.name).reported
    draws = [
        judge(
            setting, profile_of(one, drawn(seed)), rows, sample_of(setting, one, seed) if arm == BOTH else ()
        )
        for seed in setting.seeds
    ]
    return _outcome(setting, one, draws, arm)


def _learned(setting: Setting, one: PublicSet, baseline: Baseline, told: _Told) -> Outcome:
    draws = [_judged(setting, one, baseline, told.rows(seed), seed) for seed in setting.seeds[: told.draws]]
    return _outcome(setting, one, draws, told.arm)


def _as_it_comes(setting: Setting, one: PublicSet, baseline: Baseline) -> Outcome:
    return _outcome(setting, one, [_judged(setting, one, baseline, (), setting.seed)])


def _judged(
    setting: Setting, one: PublicSet, baseline: Baseline, train: Sequence[LabelledRow], seed: int
) -> Answers:
    """A category is found from even odds on, or from a threshold chosen on the train rows; never on what is reported."""
    if baseline.learn is None:
        raise ValueError(f"{baseline.name} cannot be measured here")
    rows = setting.rows_of(one.name).reported
    names = _names(one)
    found = baseline.learn(train, rows, names, seed)
    fires = thresholds(baseline.learn, train, names, seed) if baseline.folds else 0.5
    return Answers(truth_of_rows(rows, names), found, found >= fires)


def _outcome(setting: Setting, one: PublicSet, draws: Sequence[Answers], arm: str = "") -> Outcome:
    """With the aims beside the figures."""
    names = ONE if len(one.categories) == 1 else LABELS
    found = measure(draws, names, seed=setting.seed)
    aims = TARGETS.get(arm, {}).get(one.name, {})
    metrics: dict[str, Measured] = {}
    for name in names:
        metrics[name] = found[name]
        if name in aims:
            metrics[f"{name} (target)"] = Measured((aims[name],), float("nan"), float("nan"))
    return Outcome(
        metrics,
        rows=len(setting.rows_of(one.name).reported),
        draws=len(draws),
        failed=sum(answers.failed for answers in draws),
    )


def _names(one: PublicSet) -> list[str]:
    return [category.name for category in one.categories]


def _shots(rows: Iterable[LabelledRow]) -> tuple[Shot, ...]:
    return tuple(Shot(row.item.text) for row in rows)


def _row(shot: Shot, labels: frozenset[str], unknown: frozenset[str]) -> LabelledRow:
    return LabelledRow(Item(shot.text, shot.text, Location("pool")), labels, unknown)


def _some(pool: Sequence[LabelledRow], count: int, seed: Sequence[int]) -> list[LabelledRow]:
    """Drawn without replacement; draws of one seed are nested. Raises UsageError where there is nothing to draw from."""
    if not pool:
        raise UsageError("there are no rows to learn from", hint="give the set a train split")
    return [pool[i] for i in np.random.default_rng(seed).permutation(len(pool))[:count]]
