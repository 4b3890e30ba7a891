"""How often the answer on a skill's purpose is right, on the labelled skills of skill_purposes.py.

    python -m benchmarks.skill_purpose judge --part held-out [--checkouts FOLDER]
    python -m benchmarks.skill_purpose speed --folder FOLDER [--skills 30]

`judge` answers by the cascade (the card first), by everything, and by the description alone, which is the baseline of
HarmfulSkillBench's study. `speed` judges skills of about 4 KB below a folder, by the cascade and then by everything;
what the cascade has read is not read again, and counted for both. --checkouts holds folders OWNER+NAME, see
skill_purposes_public.yaml.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.skill_purposes import (
    EXPLICIT,
    IMPLICIT,
    NEAR,
    PLAIN,
    SECURITY,
    STATED,
    UNCLEAR,
    UNSTATED,
    Case,
    public,
    written,
)
from modcli.cascade.moderator import Moderator
from modcli.cli.assemble import build_workbench
from modcli.cli.assemble_skills import purpose_judging
from modcli.cli.stream import tell
from modcli.errors import Location
from modcli.evaluation.intervals import wilson
from modcli.item import Item
from modcli.judges.tasks import as_judged
from modcli.profile import Action, Profile
from modcli.profiles.find import Shelf
from modcli.profiles.load import load_stacked
from modcli.settings import load_settings
from modcli.skills.card import MOST_DESCRIPTION, MOST_PASSAGES, passages
from modcli.skills.examination import examine, is_suspicious
from modcli.skills.purpose import Answer, Judging, PurposeJudge
from modcli.skills.reading import read_skills
from modcli.skills.skill import Skill

PROFILE = str(Path(__file__).parents[1] / "profiles" / "skills.yaml")
BATCH = 16
#: Sizes of a SKILL.md that count as 4 KB.
ABOUT_4_KB = range(3_000, 5_001)


@dataclass(frozen=True)
class Told:
    """What was said of a skill: the answer, the categories that acted, and the stage that settled it."""

    answer: Answer
    categories: frozenset[str]
    stage: str


Judged = list[tuple[Case, Told]]


def main() -> None:
    arguments = _arguments()
    profile = load_stacked((arguments.profile,), Shelf(Path(tempfile.gettempdir())))
    if arguments.what == "speed":
        speed(arguments, profile)
        return
    with tempfile.TemporaryDirectory() as folder:
        cases = written(Path(folder)) + (public(arguments.checkouts) if arguments.checkouts else [])
    mine = [case for case in cases if arguments.part in (case.part, "all") and case.kind != UNCLEAR]
    mine = [case for case in mine if case.number // 2 % arguments.every == 0]
    moderator, judging = _judging(arguments, profile)
    start, tokens = time.perf_counter(), moderator.statistics.tokens
    by_cascade = by_purpose(profile, judging, mine, arguments.most)
    told(arguments, profile, "the cascade", by_cascade)
    for kind in (PLAIN, EXPLICIT, IMPLICIT):
        stages = [one.stage for case, one in by_cascade if case.kind == kind]
        print(f"settled by the card, {kind}: {share(stages.count('card'), len(stages))}")
    took = moderator.statistics.tokens - tokens
    print(f"{took} tokens were read, the rest was known: {time.perf_counter() - start:.0f} s", flush=True)
    told(arguments, profile, "the description alone", by_description(judging, mine))
    if arguments.few:
        few = [case for case in mine if len(passages(case.skill).pieces) <= arguments.few]
        by_all = by_purpose(profile, judging, few, arguments.most, everything=True)
        told(arguments, profile, "everything", by_all)
        known = {id(case): one for case, one in by_cascade}
        same = sum(known[id(case)].answer is one.answer for case, one in by_all)
        print(f"the cascade and everything give the same answer: {share(same, len(by_all))}")
    moderator.close()


def told(arguments: argparse.Namespace, profile: Profile, name: str, judged: Judged) -> None:
    """Print what was found, and add it to the file that keeps it."""
    print(f"\n## By {name}, {len(judged)} skills, {arguments.part}")
    report(profile, judged)
    sys.stdout.flush()
    if arguments.keep is None:
        return
    with arguments.keep.open("a", encoding="utf-8") as file:
        for case, one in judged:
            row = {
                "by": name,
                "name": case.skill.name,
                "label": case.label,
                "kind": case.kind,
                "part": case.part,
            }
            row |= {"answer": one.answer, "categories": sorted(one.categories), "stage": one.stage}
            file.write(json.dumps(row) + "\n")


def by_purpose(
    profile: Profile, judging: Judging, cases: Sequence[Case], most: int, *, everything: bool = False
) -> Judged:
    """As `check --skill` answers; skills in which rules find something are read in full."""
    judge = PurposeJudge(judging, as_judged(profile), everything=everything, most=most)
    judged: Judged = []
    for start in range(0, len(cases), BATCH):
        some = cases[start : start + BATCH]
        skills = [case.skill for case in some]
        for case, one in zip(
            some, judge.judge(skills, [is_suspicious(examine(s)) for s in skills]), strict=True
        ):
            acted = {name for name, found in one.categories.items() if found.verdict.action.severity}
            judged.append((case, Told(one.answer, frozenset(acted), one.stage)))
        tell(f"{len(judged)} of {len(cases)}")
    return judged


def by_description(judging: Judging, cases: Sequence[Case]) -> Judged:
    """By name and description, and nothing else."""
    texts = [f"{c.skill.name}: {' '.join(c.skill.description.split())[:MOST_DESCRIPTION]}" for c in cases]
    verdicts = judging.judge([Item(str(i), text, Location(text[:20])) for i, text in enumerate(texts)])
    answers = {Action.BLOCK: Answer.NOT, Action.WARN: Answer.PERSON, Action.ALLOW: Answer.FINE}
    return [
        (
            case,
            Told(
                answers[verdict.action],
                frozenset(name for name, found in verdict.categories.items() if found.action.severity),
                "description",
            ),
        )
        for case, verdict in zip(cases, verdicts, strict=True)
    ]


def report(profile: Profile, judged: Judged) -> None:
    """Every figure with its 95% interval (Wilson's)."""
    blocked = {c.name for c in profile.categories if c.action is Action.BLOCK}
    right = {
        case.label: Answer.NOT if case.label in blocked else Answer.PERSON for case, _ in judged if case.label
    }
    flags = (Answer.NOT, Answer.PERSON)
    print("| group | answered as it should be | by the right category | flagged at all |\n|---|---|---|---|")
    groups: Mapping[str, Callable[[Case], bool]] = {
        "harmful, explicit": lambda c: c.kind == EXPLICIT and c.label in blocked,
        "harmful, implicit": lambda c: c.kind == IMPLICIT and c.label in blocked,
        "needs a person, explicit": lambda c: c.kind == EXPLICIT and c.label not in blocked,
        "needs a person, implicit": lambda c: c.kind == IMPLICIT and c.label not in blocked,
        "needs a person or harmful, public": lambda c: bool(c.label) and c.kind == "public",
    }
    for name, belongs in groups.items():
        of = [(c, t) for c, t in judged if belongs(c)]
        cells = (
            sum(t.answer is right[c.label] for c, t in of),
            sum(c.label in t.categories for c, t in of),
            sum(t.answer in flags for _, t in of),
        )
        print(f"| {name} | {' | '.join(share(count, len(of)) for count in cells)} |")
    print("\n| group | blocked | for a person | dual-use | flagged at all |\n|---|---|---|---|---|")
    for kind, name in {
        PLAIN: "plain, public",
        NEAR: "near what is harmful, written",
        SECURITY: "security tooling, public",
        STATED: "security, states authorization",
        UNSTATED: "security, states none",
    }.items():
        answers = [t.answer for c, t in judged if c.kind == kind]
        counts = [answers.count(one) for one in (Answer.NOT, Answer.PERSON, Answer.DUAL_USE)]
        print(f"| {name} | {' | '.join(share(n, len(answers)) for n in (*counts, counts[0] + counts[1]))} |")
    print("\n| category | precision | recall |\n|---|---|---|")
    for category in profile.categories:
        if category.action is not Action.ALLOW:
            precision_and_recall(
                category.name, [(c.label == category.name, category.name in t.categories) for c, t in judged]
            )
    # Security tooling without a word on authorization has no one right answer, and is left out of these.
    clear = [(c, t) for c, t in judged if c.kind not in (UNSTATED, SECURITY)]
    precision_and_recall("**any of them**", [(bool(c.label), t.answer in flags) for c, t in clear])
    precision_and_recall("**harmful**", [(c.label in blocked, t.answer is Answer.NOT) for c, t in clear])


def precision_and_recall(name: str, pairs: Sequence[tuple[bool, bool]]) -> None:
    """A row of a table, of (is so, was said to be so)."""
    hits = sum(is_so and said for is_so, said in pairs)
    said, so = sum(said for _, said in pairs), sum(is_so for is_so, _ in pairs)
    print(f"| {name} | {share(hits, said)} | {share(hits, so)} |")


def speed(arguments: argparse.Namespace, profile: Profile) -> None:
    """Seconds and tokens of the cascade, and what everything takes on top."""
    found = [one for one in read_skills(arguments.folder) if isinstance(one, Skill)]
    skills = [one for one in found if sum(file.size for file in one.files) in ABOUT_4_KB]
    skills = sorted(skills, key=lambda one: one.digest)[: arguments.skills]
    start = time.perf_counter()
    in_full = [is_suspicious(examine(one)) for one in skills]
    rules = (time.perf_counter() - start) / len(skills)
    moderator, judging = _judging(arguments, profile)
    # The shots are read once for a profile: no part of the time of a skill.
    judging.judge([Item("first", "Sorts lists by date and writes them to a file.", Location("first"))])
    answers, tokens, seconds = [], 0, 0.0
    print(
        f"{len(skills)} skills of 3 to 5 KB; rules {rules:.3f} s a skill, {sum(in_full)} to be read in full by them"
    )
    for name, everything in (("cascade", False), ("everything", True)):
        judge = PurposeJudge(judging, as_judged(profile), everything=everything)
        before, start = moderator.statistics.tokens, time.perf_counter()
        answers.append([one.answer for one in judge.judge(skills, in_full)])
        seconds += time.perf_counter() - start
        tokens += moderator.statistics.tokens - before
        told = ", ".join(
            f"{stage} {judge.shares.skills[stage]} skills, {judge.shares.pieces[stage]} pieces, "
            f"{judge.shares.seconds[stage]:.0f} s"
            for stage in judge.shares.seconds
        )
        each = seconds / len(skills)
        print(
            f"{name}: {tokens} tokens, {each:.2f} s a skill, {1000 * each / 60:.0f} minutes for 1,000; {told}"
        )
    moderator.close()
    same = sum(a is b for a, b in zip(*answers, strict=True))
    print(
        f"the same answer: {share(same, len(skills))}; fine: {share(answers[0].count(Answer.FINE), len(skills))}"
    )


def share(count: int, of: int) -> str:
    """A share with its interval."""
    if not of:
        return "-"
    interval = wilson(count, of)
    return f"{count} of {of} ({interval.low:.0%} to {interval.high:.0%})"


def _judging(arguments: argparse.Namespace, profile: Profile) -> tuple[Moderator, Judging]:
    settings = load_settings(
        {"profile": [arguments.profile], "model": arguments.model}, os.environ, Path.cwd()
    )
    bench = build_workbench(settings, tell=tell)
    return purpose_judging(bench, settings, profile, on_error=Action.WARN, verdicts=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("judge", "speed"))
    parser.add_argument("--checkouts", type=Path)
    parser.add_argument("--part", default="held-out", choices=("held-out", "development", "all"))
    parser.add_argument("--every", type=int, default=1, help="2: the first, third, ... of each part alone")
    parser.add_argument("--profile", default=PROFILE)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--most", type=int, default=MOST_PASSAGES, help="passages that are read of a skill")
    parser.add_argument(
        "--few", type=int, default=8, help="everything is read of skills of so many passages; 0: of none"
    )
    parser.add_argument("--keep", type=Path, help="one JSON object a skill and way")
    parser.add_argument("--folder", type=Path, help="skills to take the time of")
    parser.add_argument("--skills", type=int, default=30)
    return parser.parse_args()


if __name__ == "__main__":
    main()
