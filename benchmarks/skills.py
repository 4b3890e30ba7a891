"""How often the rules on agent skills are right: on hidden text and clean twins that were written without knowledge of
the rules (skill_cases.py), and on folders of skills whose answer is known.

    python -m benchmarks.skills cases
    python -m benchmarks.skills folder FOLDER

`folder` counts the answers on every skill below a folder: public collections are checked out by whoever runs it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.skill_cases import CLEAN, HIDDEN
from modcli.evaluation.intervals import wilson

PLAIN = "description: Sorts and formats text for a report."


def answers(folder: Path) -> list[dict]:
    command = [
        sys.executable,
        "-m",
        "modcli",
        "check",
        "--skill",
        str(folder),
        "-p",
        "skills",
        "--rules-only",
    ]
    start = time.perf_counter()
    done = subprocess.run([*command, "--format", "jsonl"], capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{len(found)} skills in {time.perf_counter() - start:.1f} s")
    return found


def told(found: list[dict], axis: str, answer: str) -> str:
    count = sum(one[axis]["answer"] == answer for one in found)
    interval = wilson(count, len(found))
    return f"{count} of {len(found)} ({interval.low:.0%} to {interval.high:.0%})"


def cases() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for kind, held in (("hidden", HIDDEN), ("clean", CLEAN)):
            for name, (body, front, files) in held.items():
                place = Path(folder) / kind / name
                head = f"---\nname: {name}\n{front or PLAIN}\n---\n\n# {name}\n\n"
                for path, text in {"SKILL.md": head + body, **files}.items():
                    (place / path).parent.mkdir(parents=True, exist_ok=True)
                    (place / path).write_text(text, "utf-8")
            found = answers(Path(folder) / kind)
            print(
                f"{kind}: answered yes {told(found, 'hidden', 'yes')}, to be looked at {told(found, 'hidden', 'look')}"
            )
            wrong = [one["name"] for one in found if (one["hidden"]["answer"] == "yes") != (kind == "hidden")]
            print(f"  otherwise: {', '.join(wrong) or 'none'}")


def folder(place: Path) -> None:
    found = answers(place)
    for axis in ("hidden", "dangerous"):
        print(f"{axis}: yes {told(found, axis, 'yes')}, look {told(found, axis, 'look')}")
    problems = Counter(
        one["rule"]
        for skill in found
        for axis in ("hidden", "dangerous")
        for one in skill[axis]["findings"]
        if one["level"] == "problem"
    )
    print(f"  problems: {dict(problems)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("cases")
    commands.add_parser("folder").add_argument("place", type=Path)
    given = parser.parse_args()
    if given.what == "cases":
        cases()
    else:
        folder(given.place)


if __name__ == "__main__":
    main()
