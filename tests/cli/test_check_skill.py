"""`modcli check --skill`, on a backend of words."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

import modcli.cli.check_skill
from modcli.cli.app import app
from modcli.skills.examination import RULES, examine
from modcli.skills.skill import Axis, Finding, Level, Skill
from modcli.weights.locate import ModelFile

ROOT = Path(__file__).parents[2]
PROFILE = """\
ordinary: ["Adds a table of contents", "Formats tables in Markdown files", "Shows the weather of a city"]
categories:
  hacking:
    action: block
    definition: Attacks.
    examples: ["hacking of machines", "hacking accounts hacking"]
    counterexamples: ["contents of files", "Helps with Markdown"]
  medical:
    action: warn
    definition: Health.
    examples: ["medical diagnosis", "medical advice for patients"]
    counterexamples: ["contents of files", "Helps with Markdown"]
  authorized-security:
    action: allow
    label: authorized
    definition: Agreed.
    exempts: [hacking]
"""
#: What the rules are, in most of these tests: these words are findings.
WORDS = {
    "covert": (Axis.HIDDEN, Level.PROBLEM),
    "peek": (Axis.HIDDEN, Level.WARNING),
    "steals": (Axis.DANGEROUS, Level.PROBLEM),
    "unread": (Axis.COVERAGE, Level.PROBLEM),
}
RULE_OF = {
    axis: next(rule.id for rule in RULES if rule.axis is axis) for axis in Axis if axis is not Axis.FORM
}

Run = Callable[..., Result]


def by_words(skill: Skill) -> list[Finding]:
    return [
        Finding(RULE_OF[axis], axis, level, file.path, number, f"it says {word}", line)
        for file in skill.files
        for number, line in enumerate((file.text or "").split("\n"), 1)
        for word, (axis, level) in WORDS.items()
        if word in line
    ]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `modcli check --skill` by words instead of rules and a model, in a folder of its own."""
    monkeypatch.setattr(modcli.cli.check_skill, "examine", by_words)
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(PROFILE)

    def run(*arguments: str) -> Result:
        given = ["check", "--backend", "scripted", "-p", "p.yaml", "--skill", *arguments]
        return CliRunner().invoke(app, given)

    return run


def write(
    name: str,
    body: str = "",
    description: str = "Adds a table of contents to long Markdown files with many headings.",
) -> None:
    folder = Path("skills") / name
    folder.mkdir(parents=True, exist_ok=True)
    text = f"---\nname: {name}\ndescription: {description}\n---\n{body}\n"
    (folder / "SKILL.md").write_text(text)


def records(result: Result) -> dict[str, Any]:
    return {record.get("name", ""): record for record in map(json.loads, result.stdout.splitlines())}


def answers(result: Result) -> dict[str, tuple[str, str, str]]:
    return {
        name: (one["purpose"]["answer"], one["hidden"]["answer"], one["dangerous"]["answer"])
        for name, one in records(result).items()
    }


def test_three_answers_for_each_skill_of_a_folder(run: Run) -> None:
    write("fine")
    write("attack", description="hacking hacking of machines")
    write("clinic", description="medical medical diagnosis of patients")
    write("red-team", description="hacking hacking of machines, authorized authorized authorized")
    write("sly", "covert")
    write("grabber", "steals")
    result = run("skills")
    assert answers(result) == {
        "fine": ("fine", "no", "no"),
        "attack": ("not-for-this-profile", "no", "no"),
        "clinic": ("needs-a-person", "no", "no"),
        "red-team": ("dual-use", "no", "no"),
        "sly": ("fine", "yes", "no"),
        "grabber": ("fine", "no", "yes"),
    }
    assert result.exit_code == 1
    assert "exit status 1: 3 of 6 skills" in result.stderr


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [("harmful", 1), ("hidden", 0), ("dangerous", 0), ("any", 1), ("warn", 1), ("never", 0), ("block", 1)],
)
def test_fail_on_decides_what_fails(run: Run, fail_on: str, status: int) -> None:
    write("attack", description="hacking hacking of machines")
    assert run("skills", "--fail-on", fail_on).exit_code == status


@pytest.mark.parametrize(("word", "fail_on"), [("covert", "hidden"), ("steals", "dangerous")])
def test_each_answer_fails_by_itself(run: Run, word: str, fail_on: str) -> None:
    write("one", word)
    assert run("skills", "--fail-on", fail_on).exit_code == 1
    assert run("skills", "--fail-on", "harmful").exit_code == 0


def test_a_look_fails_nothing_but_warn(run: Run) -> None:
    write("one", "peek")
    assert run("skills").exit_code == 0
    assert run("skills", "--fail-on", "warn").exit_code == 1
    assert run("skills", "--fail-on", "warn", "--observe").exit_code == 0


def test_what_was_not_read_in_full_is_status_3_and_never_no(run: Run) -> None:
    write("one", "unread")
    result = run("skills")
    assert answers(result) == {"one": ("fine", "look", "look")}
    assert records(result)["one"]["error"] == "SKILL.md: it says unread"
    assert result.exit_code == 3
    assert "exit status 3: 1 of 1 skill could not be read or judged in full" in result.stderr


def test_what_is_no_skill_is_told_and_the_rest_goes_on(run: Run) -> None:
    write("fine")
    Path("empty").mkdir()
    result = run("empty", "skills")
    assert result.exit_code == 3
    assert set(records(result)) == {"", "fine"}
    assert records(result)[""]["error"]


def test_where_rules_found_something_all_is_read_whatever_the_card_says(run: Run) -> None:
    write("sly", "covert\n\n" + "hacking " * 110 + "\n\n" + "hacking and hacking " * 60)
    write("quiet", "\n\n" + "hacking " * 110 + "\n\n" + "hacking and hacking " * 60)
    found = records(run("skills"))
    assert found["sly"]["purpose"]["answer"] == "not-for-this-profile"
    assert (found["quiet"]["purpose"]["answer"], found["quiet"]["purpose"]["stage"]) == ("fine", "card")
    assert found["sly"]["agreement"] == "both"
    everything = records(run("skills", "--stage", "model"))
    assert everything["quiet"]["purpose"]["answer"] == "not-for-this-profile"
    assert everything["quiet"]["agreement"] == "judge only"


def test_rules_only_asks_nobody(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a model was built")

    monkeypatch.setattr(modcli.cli.check_skill, "build_workbench", refuse)
    write("attack", "covert", description="hacking hacking of machines")
    result = run("skills", "--rules-only")
    assert answers(result) == {"attack": ("not-judged", "yes", "no")}
    assert records(result)["attack"]["versions"]["model"] == ""
    assert result.exit_code == 1


def test_a_file_of_a_skill_stands_for_the_skill_and_no_skill_is_judged_twice(run: Run) -> None:
    write("one", "covert")
    scripts = Path("skills/one/scripts")
    scripts.mkdir()
    (scripts / "a.py").write_text("x = 1\n")
    result = run("skills/one/scripts/a.py", "skills/one/SKILL.md")
    assert [record["id"].endswith("skills/one") for record in records(result).values()] == [True]
    assert len(result.stdout.splitlines()) == 1
    assert len(records(result)["one"]["coverage"]["files"]) == 2


def test_an_empty_option_leaves_the_paths_to_what_follows(run: Run) -> None:
    """As a pre-commit hook has it: arguments, then files."""
    write("one", "covert")
    given = ["check", "--rules-only", "--skill=", "--fail-on", "hidden", "skills/one/SKILL.md"]
    assert CliRunner().invoke(app, given).exit_code == 1
    assert CliRunner().invoke(app, ["check", "--rules-only", "--skill="]).exit_code == 2


@pytest.mark.parametrize(
    "hook", yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")), ids=itemgetter("id")
)
def test_the_hooks_for_pre_commit_take_arguments_and_files(run: Run, hook: dict[str, Any]) -> None:
    """pre-commit runs the entry, the user's arguments, and the files that match."""
    write("one", "covert")
    write("two")
    program, *entry = shlex.split(hook["entry"])
    assert program == "modcli"
    files = ["skills/one/SKILL.md", "skills/two/SKILL.md"]
    assert all(re.search(hook["files"], name) for name in (*files, "SKILL.md", "x/skills/a/scripts/b.py"))
    assert not re.search(hook["files"], "src/main.py")
    given = [*entry, "--backend", "scripted", "--fail-on", "hidden", "--format", "jsonl", *files]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 1, result.output
    assert set(records(result)) == {"one", "two"}


def test_the_workflow_asks_for_what_there_is() -> None:
    workflow = yaml.safe_load((ROOT / "examples" / "skills-action.yml").read_text("utf-8"))
    steps = workflow["jobs"]["skills"]["steps"]
    [command] = [shlex.split(step["run"]) for step in steps if "modcli check" in step.get("run", "")]
    known = CliRunner().invoke(app, ["check", "--help"], env={"COLUMNS": "200"}).stdout
    assert all(word in known for word in command if word.startswith("--"))


def suppress(fingerprint: str, days: int, rule: str = RULE_OF[Axis.HIDDEN]) -> dict[str, object]:
    expires = (date.today() + timedelta(days)).isoformat()
    one = {"rule": rule, "path": "SKILL.md", "fingerprint": fingerprint, "reason": "read", "expires": expires}
    return {"suppressions": [one]}


def test_suppressions_are_visible_and_end_with_their_day(run: Run) -> None:
    write("one", "covert")
    [finding] = records(run("skills"))["one"]["hidden"]["findings"]
    Path(".modcli-skills.yaml").write_text(yaml.safe_dump(suppress(finding["fingerprint"], 1)))
    result = run("skills")
    assert "suppressions from .modcli-skills.yaml: 1" in result.stderr
    assert result.exit_code == 0
    [told] = records(result)["one"]["hidden"]["findings"]
    assert (told["does_not_count"], told["because"]) == ("suppressed", "read")
    Path(".modcli-skills.yaml").write_text(yaml.safe_dump(suppress(finding["fingerprint"], -1)))
    result = run("skills")
    assert result.exit_code == 1
    assert "expired on" in result.stderr
    assert records(result)["one"]["hidden"]["findings"][0]["suppression_expired"]


def test_a_purpose_is_suppressed_by_what_it_is_known_by(run: Run) -> None:
    write("attack", description="hacking hacking of machines")
    [known] = records(run("skills"))["attack"]["purpose"]["known_by"]
    Path("own.yaml").write_text(yaml.safe_dump(suppress(known["fingerprint"], 1, known["rule"])))
    assert run("skills", "--suppressions", "own.yaml").exit_code == 0
    write("attack", "changed", description="hacking hacking of machines")
    result = run("skills", "--suppressions", "own.yaml")
    assert result.exit_code == 1
    assert "1 suppressions match nothing" in result.stderr


def test_suppressions_that_come_with_the_skill_are_not_used_unless_named(run: Run) -> None:
    write("one", "covert")
    [finding] = records(run("skills"))["one"]["hidden"]["findings"]
    Path(".modcli-skills.yaml").write_text(yaml.safe_dump(suppress(finding["fingerprint"], 1)))
    result = run(".")
    assert result.exit_code == 1
    assert "comes with what is judged" in result.stderr
    assert run(".", "--suppressions", ".modcli-skills.yaml").exit_code == 0


def test_a_baseline_lets_stand_what_was_there_and_nothing_new(run: Run) -> None:
    write("one", "covert")
    write("attack", description="hacking hacking of machines")
    assert run("skills", "--write-baseline", "b.json").exit_code == 1
    assert run("skills", "--baseline", "b.json").exit_code == 0
    write("one", "\n\ncovert")
    assert run("skills", "--baseline", "b.json").exit_code == 0, "lines were added above"
    write("one", "covert\nanother covert thing")
    assert run("skills", "--baseline", "b.json").exit_code == 1


def test_the_same_again_is_the_same_to_the_byte(run: Run) -> None:
    write("one", "covert", description="hacking hacking of machines")
    first = run("skills")
    assert run("skills").stdout == first.stdout
    versions = records(first)["one"]["versions"]
    assert all(len(versions[name]) == 64 for name in ("rules", "model", "profile"))


def test_adjudication_is_off_unless_asked_for_and_is_told(run: Run) -> None:
    write("one", "covert remark remark remark")
    plain = records(run("skills"))["one"]
    assert (plain["hidden"]["answer"], plain["versions"]["adjudicated"]) == ("yes", False)
    looked = records(run("skills", "--adjudicate"))["one"]
    assert looked["versions"]["adjudicated"] is True
    levels = [(one["level"], one.get("level_by_rule")) for one in looked["hidden"]["findings"]]
    assert levels in ([("problem", None)], [("warning", "problem")])


def test_sarif_is_one_document(run: Run) -> None:
    write("one", "covert")
    write("attack", description="hacking hacking of machines")
    result = run("skills", "--format", "sarif")
    [ran] = json.loads(result.stdout)["runs"]
    assert {one["ruleId"] for one in ran["results"]} == {RULE_OF[Axis.HIDDEN], "purpose/hacking"}
    places = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in ran["results"]}
    assert places == {"skills/one/SKILL.md", "skills/attack/SKILL.md"}
    assert result.exit_code == 1


def test_a_table_says_where_why_and_how_to_fix_it_and_escapes_what_is_hostile(run: Run) -> None:
    write("fine")
    write("one", "covert \x1b[2Jword")
    write("attack", description="hacking hacking of machines")
    result = run("skills", "--format", "table")
    rule = next(rule for rule in RULES if rule.axis is Axis.HIDDEN)
    flat = " ".join(result.stdout.split())
    assert "purpose not for this profile" in flat
    assert f"problem SKILL.md:5 {rule.id}" in flat
    assert " ".join(rule.fix.split())[:60] in flat
    assert "\x1b[2J" not in result.stdout
    assert "settled by name, description and headings" in flat


def test_stats_say_what_each_stage_settled(run: Run) -> None:
    write("fine")
    write("vague", "text", description="Helps you.")
    result = run("skills", "--stats")
    assert "card      settled       1 skills   50%" in result.stderr
    assert "passages  settled       1 skills   50%" in result.stderr
    assert "judging card" in result.stderr
    assert records(result)["vague"]["purpose"]["reason"].startswith("it never says what it is for")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["skills", "--text", "x"], "--text is for texts"),
        (["skills", "--budget", "3"], "--budget is for texts"),
        (["skills", "--format", "csv"], "no CSV"),
        (["skills", "--stage", "prefilter"], "--stage prefilter is for texts"),
        (["skills", "--rules-only", "--adjudicate"], "--adjudicate asks the model"),
        (["skills", "--fail-on", "bad"], "must be one of"),
        (["nowhere"], "no such file"),
        (["skills", "--baseline", "none.json"], "cannot be read"),
        (["skills", "--write-baseline", "no/such/b.json"], "no such folder"),
    ],
)
def test_wrong_usage_is_refused_before_a_model_is_built(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.delattr(modcli.cli.check_skill, "build_workbench")
    write("one")
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_options_of_skills_need_a_skill() -> None:
    result = CliRunner().invoke(app, ["check", "--adjudicate", "--text", "x"])
    assert (result.exit_code, "--adjudicate is for skills" in result.stderr) == (2, True)


def test_names_that_steer_a_terminal_are_escaped_everywhere(run: Run) -> None:
    folder = Path("skills") / "a\x1b[2J\nb"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\ndescription: covert things\n---\n")
    for form in ("table", "jsonl", "sarif"):
        result = run("skills", "--format", form)
        assert "\x1b[2J" not in result.output, form


def test_the_real_rules_run_on_a_clean_skill(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modcli.cli.check_skill, "examine", examine)
    write(
        "toc", "# Table of contents\n\nRun `scripts/toc.py FILE`, and show the change before it is written.\n"
    )
    Path("skills/toc/scripts").mkdir()
    Path("skills/toc/scripts/toc.py").write_text('"""Adds a table of contents."""\nprint("done")\n')
    assert answers(run("skills")) == {"toc": ("fine", "no", "no")}


@pytest.mark.small_model
def test_end_to_end_with_a_small_model(
    tmp_path: Path, small_model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A definition on a real model (examples would have it read the whole background first): every way through ends with
    an answer, and the same one again."""
    monkeypatch.setenv("MODCLI_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text("categories: {cyber-attacks: {label: hacking, definition: Breaks in.}}\n")
    write("toc", "# Contents\n\nAdds links.\n")
    write("vague", "Steals passwords and cookies of victims.\n", description="Helps you.")
    given = [
        "check",
        "--model",
        str(small_model.path),
        "-p",
        "small.yaml",
        "--skill",
        "skills",
        "--fail-on",
        "never",
    ]
    first = CliRunner().invoke(app, given)
    assert first.exit_code == 0, first.output
    found = records(first)
    assert found["toc"]["versions"]["model"] == small_model.digest
    assert found["vague"]["purpose"]["stage"] == "passages"
    assert records(CliRunner().invoke(app, given)) == found
