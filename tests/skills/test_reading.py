"""Reading skills: every layout, and every bad input. Nothing is lost in silence, and nothing hangs."""

from __future__ import annotations

import gc
import io
import itertools
import json
import os
import socket
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from modcli.skills.coverage import coverage_findings
from modcli.skills.files import Limits
from modcli.skills.reading import read_skills
from modcli.skills.skill import Front, Level, Read, Role, Skill, SkillFile
from modcli.sources.post import Problem

EXAMPLES = Path(__file__).parents[2] / "examples" / "skills"
MAIN = "---\nname: {name}\ndescription: Sorts files.\n---\n# Hi\n"


def skill_at(folder: Path, **more: str | bytes) -> Path:
    """A skill in a folder, with more files; a double underscore stands for a slash, a single one for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_text(MAIN.format(name=folder.name))
    for name, content in more.items():
        file = folder / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def read(path: Path, limits: Limits | None = None) -> tuple[list[Skill], list[Problem]]:
    found = list(read_skills(path, limits=limits) if limits else read_skills(path))
    return [one for one in found if isinstance(one, Skill)], [
        one for one in found if isinstance(one, Problem)
    ]


def only(path: Path, limits: Limits | None = None) -> Skill:
    skills, problems = read(path, limits)
    assert not problems
    (skill,) = skills
    return skill


def files(skill: Skill) -> dict[str, SkillFile]:
    found = {file.path: file for file in skill.files}
    assert len(found) == len(skill.files)
    assert found[skill.main.path] is skill.main
    return found


def problems_of(skill: Skill) -> list[str]:
    return [f"{one.rule} {one.path}" for one in coverage_findings(skill) if one.level is Level.PROBLEM]


# Layouts


@pytest.mark.parametrize("name", ["SKILL.md", "skill.md", "skills.md", "Skill.MD"])
def test_a_folder_with_one(tmp_path: Path, name: str) -> None:
    folder = skill_at(tmp_path / "tidy", scripts__run_py="print(1)\n")
    (folder / "SKILL.md").rename(folder / name)
    skill = only(folder)
    assert (skill.name, skill.description, skill.kind) == ("tidy", "Sorts files.", "skill")
    assert skill.root == str(folder)
    assert skill.front.body_line == 5
    assert skill.main.role is Role.SKILL
    found = files(skill)
    assert found["scripts/run.py"].role is Role.SCRIPT
    assert found["scripts/run.py"].text == "print(1)\n"
    assert coverage_findings(skill) == []


def test_a_name_unlike_its_folder_is_noted(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy").rename(tmp_path / "other")
    assert only(folder).front.notes == ((2, "`name` is not that of the folder, `other`"),)


def test_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(skill_at(tmp_path / "tidy"))
    for path in (Path(), Path("..") / "tidy", Path("../tidy/.")):
        skill = only(path)
        assert skill.front.notes == ()
        assert skill.root.rpartition("/")[2] == "tidy"


def test_a_single_file(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", a_py="")
    skill = only(folder / "SKILL.md")
    assert [file.path for file in skill.files] == ["SKILL.md"]
    assert skill.root == str(folder)
    assert "beside it" in skill.notes[0]
    assert skill.front.notes == ()


def test_two_that_differ_in_case_alone(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", skill_md="# Other")
    if (folder / "SKILL.md").read_text() == "# Other":
        pytest.skip("names do not differ by case here")
    skill = only(folder)
    assert skill.main.path == "SKILL.md"
    assert "clients differ" in skill.notes[0]
    assert files(skill)["skill.md"].role is Role.SKILL


def test_nested_skills_are_skills_of_their_own(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "outer", a_py="1", deep__er__b_py="2")
    skill_at(folder / "deep" / "inner", c_py="3")
    outer, inner = read(folder)[0]
    assert sorted(files(outer)) == ["SKILL.md", "a.py", "deep/er/b.py"]
    assert sorted(files(inner)) == ["SKILL.md", "c.py"]
    assert inner.root == f"{folder}/deep/inner"


def test_a_git_checkout(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy")
    for name in (
        ".git/config",
        ".git/HEAD",
        ".git/objects/ab/cd",
        ".git/hooks/post-checkout",
        ".git/hooks/a.sample",
    ):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    skill = only(folder)
    assert sorted(files(skill)) == [".git/", ".git/config", ".git/hooks/post-checkout", "SKILL.md"]
    assert files(skill)[".git/hooks/post-checkout"].role is Role.SCRIPT
    assert [one.level for one in coverage_findings(skill)] == [Level.NOTE]


PLUGIN = {
    ".claude-plugin/plugin.json": '{\n  "name": "kit",\n  "description": "A kit."\n}',
    "commands/go.md": "---\ndescription: Goes.\n---\nGo.",
    "commands/more/README.md": "About commands.",
    "agents/helper.md": "---\nname: helper\ndescription: Helps.\n---\nHelp.",
    "hooks/hooks.json": "{}",
    ".mcp.json": "{}",
    "skills/tidy/SKILL.md": MAIN.format(name="tidy"),
    "skills/tidy/agents/a.md": "Part of the skill.",
}


def laid(folder: Path, layout: dict[str, str]) -> Path:
    for name, content in layout.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def zipped(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, str | bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def packings(tmp_path: Path, layout: dict[str, str]) -> Iterator[Path]:
    yield laid(tmp_path / "folder", layout)
    yield zipped(tmp_path / "a.zip", dict(layout))
    yield tarred(tmp_path / "a.tar.gz", dict(layout))


def test_a_plugin_however_it_is_packed(tmp_path: Path) -> None:
    for path in packings(tmp_path, PLUGIN):
        skills, problems = read(path)
        assert not problems
        assert [(one.kind, one.name) for one in skills] == [
            ("plugin", "kit"),
            ("agent", "helper"),
            ("command", "go"),
            ("skill", "tidy"),
        ]
        plugin, agent, command, skill = skills
        roles = {file.path: file.role for file in plugin.files}
        assert roles == {
            ".claude-plugin/plugin.json": Role.MANIFEST,
            "hooks/hooks.json": Role.HOOKS,
            ".mcp.json": Role.MCP,
            "commands/more/README.md": Role.DOCUMENT,
        }
        assert plugin.description == "A kit."
        assert plugin.front.lines["description"] == 3
        assert (agent.main.role, command.main.role) == (Role.AGENT, Role.COMMAND)
        assert command.description == "Goes."
        assert sorted(files(skill)) == ["SKILL.md", "agents/a.md"]
        assert skill.root.endswith("skills/tidy")


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ({".claude/settings.json": "{}", ".claude/commands/a.md": "x"}, ["plugin", "command"]),
        ({".claude/commands/a.md": "x", ".claude/skills/b/SKILL.md": "x"}, ["command", "skill"]),
        ({".claude-plugin/marketplace.json": '{"name": "m"}', "p/agents/a.md": "x"}, ["plugin", "agent"]),
        ({"skills/.curated/a/SKILL.md": "x", "skills/.system/b/SKILL.md": "x"}, ["skill", "skill"]),
        ({"hooks/hooks.json": "{}"}, ["plugin"]),
        ({"SKILL.md": "x", ".claude-plugin/plugin.json": "{}", "commands/a.md": "x"}, ["skill", "command"]),
        ({"a/SKILL.md": "x", "a/_meta.json": "{}", "b/skills.md": "x"}, ["skill", "skill"]),
    ],
)
def test_other_layouts(tmp_path: Path, layout: dict[str, str], expected: list[str]) -> None:
    for path in packings(tmp_path, layout):
        skills, problems = read(path)
        assert [one.kind for one in skills] == expected
        assert not problems


def test_what_names_files_to_leave_out_is_not_obeyed(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", _clawhubignore="evil.py", evil_py="1")
    skill = only(folder)
    assert "evil.py" in files(skill)
    assert skill.notes == (".clawhubignore names files to leave out; it was not obeyed",)


def test_a_dump_of_folders_and_archives(tmp_path: Path) -> None:
    skill_at(tmp_path / "dump" / "a")
    zipped(tmp_path / "dump" / "b.skill", {"b/SKILL.md": MAIN.format(name="b"), "b/x.py": "1"})
    zipped(tmp_path / "dump" / "c.zip", {"d.tar.gz": tarred(tmp_path / "d", {"SKILL.md": "x"}).read_bytes()})
    (tmp_path / "dump" / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    skills, problems = read(tmp_path / "dump")
    assert {one.root.removeprefix(str(tmp_path)) for one in skills} == {
        "/dump/a",
        "/dump/b.skill!b",
        "/dump/c.zip!d.tar.gz",
    }
    assert [Path(one.location.name).name for one in problems] == ["broken.zip"]
    assert problems[0].message.startswith("cannot be read")


def test_archives_of_archives_of_archives_of_skills(tmp_path: Path) -> None:
    path = zipped(tmp_path / "3.zip", {"SKILL.md": "x"})
    for number in (2, 1):
        path = zipped(tmp_path / f"{number}.zip", {f"{number + 1}.zip": path.read_bytes()})
    skills, problems = read(path)
    assert not skills
    assert "an archive 3 deep in others" in problems[0].message


def test_a_dump_is_read_one_by_one(tmp_path: Path) -> None:
    for number in range(60):
        skill_at(tmp_path / f"s{number}", big_txt="x" * 200_000)
    tracemalloc.start()
    count = 0
    for _ in read_skills(tmp_path):
        count += 1
        assert tracemalloc.get_traced_memory()[0] < 4_000_000
    tracemalloc.stop()
    assert count == 60


def test_rows(tmp_path: Path) -> None:
    path = tmp_path / "skills.jsonl"
    path.write_text(json.dumps({"skill_md": MAIN.format(name="a")}) + "\n[1]\n")
    skills, problems = read(path)
    assert [(one.kind, one.name, one.root) for one in skills] == [("row", "a", f"{path}:1")]
    assert [str(one.location) for one in problems] == [f"{path}:2"]


@pytest.mark.parametrize("make", ["nothing", "empty", "loose", "fifo", "binary", "7z", "zip"])
def test_where_there_is_no_skill_a_problem_says_so(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x"
    if make == "empty":
        path.mkdir()
    elif make == "loose":
        laid(path, {"README.md": "x", "a/b.py": "x"})
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "binary":
        path.write_bytes(b"\x7fELF" + b"\0" * 100)
    elif make == "7z":
        path.write_bytes(b"7z\xbc\xaf\x27\x1c" + b"\0" * 600)
    elif make == "zip":
        zipped(path, {"README.md": "x"})
    skills, problems = read(path)
    if make == "binary":  # somebody named it: it is a skill that cannot be read
        assert skills[0].main.read is Read.BINARY
        return
    assert not skills
    assert len(problems) == 1
    assert problems[0].hint


# Bad input


def test_a_file_of_a_gigabyte(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy")
    with (folder / "run.sh").open("wb") as stream:
        stream.write(b"echo start\n" * 1_000_000)
        stream.seek((1 << 30) - 9)
        stream.write(b"echo end\n")
    skill = only(folder)
    file = files(skill)["run.sh"]
    assert (file.read, file.size, len(file.content)) == (Read.CUT, 1 << 30, 10 << 20)
    assert file.text is not None
    assert file.text.startswith("echo start\n")
    assert file.text.endswith("echo end\n")
    assert file.why.startswith("1,063,256,064 of 1,073,741,824 bytes were not read, between")
    assert problems_of(skill) == ["coverage-cut run.sh"]


def test_a_gigabyte_of_skill_md(tmp_path: Path) -> None:
    folder = tmp_path / "tidy"
    folder.mkdir()
    with (folder / "SKILL.md").open("wb") as stream:
        stream.write(MAIN.format(name="tidy").encode() + b"\n" * 11_000_000)
        stream.truncate(1 << 30)
    skill = only(folder)
    assert skill.name == "tidy"
    assert problems_of(skill) == ["coverage-cut SKILL.md"]


def test_links_are_told_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "away").mkdir()
    folder = skill_at(tmp_path / "tidy", a_py="1", inner__b_py="2")
    (folder / "circle").symlink_to("circle")
    (folder / "up").symlink_to("..")
    (folder / "inner" / "self").symlink_to("../inner")
    (folder / "top").symlink_to(".")
    (folder / "out.txt").symlink_to("../secret.txt")
    (folder / "away").symlink_to(tmp_path / "away")
    (folder / "gone.py").symlink_to("nothing")
    (folder / "same.py").symlink_to("a.py")
    skill = only(folder)
    found = {path: (file.read, file.why) for path, file in files(skill).items() if file.why}
    assert found == {
        "circle": (Read.SKIPPED, "a link that leads in a circle"),
        "up": (Read.SKIPPED, "a link out of the folder, to .."),
        "inner/self": (Read.WHOLE, "a link to a folder that it is in itself: a loop"),
        "top": (Read.WHOLE, "a link to a folder that it is in itself: a loop"),
        "out.txt": (Read.SKIPPED, "a link out of the folder, to ../secret.txt"),
        "away": (Read.SKIPPED, f"a link out of the folder, to {tmp_path}/away"),
        "gone.py": (Read.SKIPPED, "a link to nothing"),
        "same.py": (Read.WHOLE, "a link to a.py"),
    }
    assert not any(file.content for path, file in files(skill).items() if path in found)
    assert "coverage-skipped out.txt" in problems_of(skill)
    assert "coverage-remark same.py" not in problems_of(skill)


def test_a_link_to_another_skill_is_out_of_the_skill(tmp_path: Path) -> None:
    skill_at(tmp_path / "all" / "a", x_py="1")
    (skill_at(tmp_path / "all" / "b") / "x.py").symlink_to("../a/x.py")
    file = files(read(tmp_path / "all")[0][1])["x.py"]
    assert (file.read, file.why) == (Read.SKIPPED, "a link to a/x.py, which is out of the skill")


def test_folders_of_links_to_skills(tmp_path: Path) -> None:
    target = skill_at(tmp_path / "store" / "tidy")
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "tidy").symlink_to(target)
    skills, problems = read(tmp_path / "skills")
    assert not skills
    assert "a link out of the folder" in problems[0].message
    # One that somebody names is followed.
    assert only(tmp_path / "skills" / "tidy").name == "tidy"


def test_links_to_what_is_read_anyway_are_no_problem(tmp_path: Path) -> None:
    skill_at(tmp_path / "all" / "tidy")
    (tmp_path / "all" / "alias").symlink_to("tidy")
    assert only(tmp_path / "all").name == "tidy"


def test_a_skill_md_that_is_a_link_out(tmp_path: Path) -> None:
    (tmp_path / "away.md").write_text(MAIN)
    (tmp_path / "tidy").mkdir()
    (tmp_path / "tidy" / "SKILL.md").symlink_to("../away.md")
    skill = only(tmp_path / "tidy")
    assert skill.main.read is Read.SKIPPED
    assert skill.front == Front()
    assert problems_of(skill) == ["coverage-skipped SKILL.md"]


def test_pipes_and_sockets_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = skill_at(tmp_path / "tidy")
    os.mkfifo(folder / "pipe.py")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.sh")
        skill = only(folder)
    assert files(skill)["pipe.py"].why == "a named pipe, which is never opened"
    assert files(skill)["s.sh"].why == "a socket, which is never opened"
    assert len(problems_of(skill)) == 2


def test_a_skill_md_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "SKILL.md")
    assert only(tmp_path).main.read is Read.SKIPPED


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permissions(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", a_py="1", shut__b_py="2")
    (folder / "a.py").chmod(0)
    (folder / "shut").chmod(0)
    try:
        found = files(only(folder))
    finally:
        (folder / "shut").chmod(0o700)
    assert "permission denied" in found["a.py"].why
    assert "permission denied" in found["shut/"].why


def test_what_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = skill_at(tmp_path / "tidy", a_py="1", shut__b_py="2")
    scan, opened = os.scandir, os.open

    def refused(path: object, *rest: object) -> object:
        if str(path).endswith(("shut", "a.py")):
            raise PermissionError(13, "Permission denied")
        return scan(path) if not rest else opened(path, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refused)
    monkeypatch.setattr(os, "open", refused)
    skill = only(folder)
    assert files(skill)["a.py"].why == "it could not be read: permission denied"
    assert files(skill)["shut/"].why == "cannot be looked into: permission denied"
    assert len(problems_of(skill)) == 2


def test_odd_names_are_kept(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy")
    names = [b"a\nb.py", b"\x1b[2J.md", b"\xff\xfe.sh", "\u202egnp.exe".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"x")
    skill = only(folder)
    assert {os.fsencode(file.path) for file in skill.files} == {*names, b"SKILL.md"}
    assert len(skill.digest) == 64
    found = coverage_findings(skill)
    assert [(one.rule, one.level) for one in found] == [("coverage-name", Level.WARNING)] * 4
    assert all(one.fingerprint() for one in found)


def test_many_files_are_counted(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", z_py="1")
    for number in range(50):
        (folder / f"{number:02}.png").write_bytes(b"\x89PNG\0\0\0\0")
    skill = only(folder, Limits(files=10))
    reads = [file.read for file in skill.files]
    assert (len(reads), reads.count(Read.SKIPPED)) == (52, 42)
    assert files(skill)["z.py"].read is Read.WHOLE, "what runs is read before pictures"
    assert "10 files of the skill were read before it" in files(skill)["49.png"].why
    # Beyond what is listed, the number is told.
    skill = only(folder, Limits(files=10, listed=20))
    assert (len(skill.files), skill.unlisted) == (21, 31)
    assert "coverage-unlisted " in problems_of(skill)
    assert len(coverage_findings(only(folder, Limits(files=10)))) == 21 + 8


def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    """In an archive: as many in a folder take a while to write."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("SKILL.md", MAIN.format(name="many"))
        empty = zipfile.ZipInfo("x")
        for number in range(20_000):
            empty = zipfile.ZipInfo(f"f/{number}.py")
            archive.writestr(empty, b"")
    skill = only(path, Limits(files=100, listed=15_000))
    assert skill.unlisted + len(skill.files) == 20_001
    assert sum(file.read is Read.SKIPPED for file in skill.files) + skill.unlisted == 20_001 - 100


def test_a_budget_of_bytes(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", a_py="x" * 500, b_py="y" * 500, c_png="z" * 500)
    skill = only(folder, Limits(skill=800))
    found = files(skill)
    assert [found[name].read for name in ("SKILL.md", "a.py", "b.py", "c.png")] == [
        Read.WHOLE,
        Read.WHOLE,
        Read.CUT,
        Read.SKIPPED,
    ]
    assert sum(len(file.content) for file in skill.files) == 800


def test_a_cut_within_a_letter_is_no_damage(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", a_py="a" * 79 + "é")
    file = files(only(folder, Limits(file=80, tail=0)))["a.py"]
    assert (file.read, file.encoding, file.text) == (Read.CUT, "utf-8", "a" * 79)
    assert file.why == "1 of 81 bytes were not read at its end"


def test_a_deep_folder(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy")
    deep = folder.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "x.py").write_text("1")
    skill = only(folder)
    (cut,) = [file for file in skill.files if file.read is Read.SKIPPED]
    assert cut.why == "more than 100 folders deep"


def test_nested_archives_are_read_two_deep(tmp_path: Path) -> None:
    third = zipped(tmp_path / "3.zip", {"c.py": "3"}).read_bytes()
    second = zipped(tmp_path / "2.zip", {"b.py": "2", "3.zip": third}).read_bytes()
    folder = skill_at(
        tmp_path / "tidy", one_zip=zipped(tmp_path / "1.zip", {"a.py": "1", "2.zip": second}).read_bytes()
    )
    found = files(only(folder))
    assert {"one.zip!a.py", "one.zip!2.zip!b.py"} < found.keys()
    assert found["one.zip!2.zip!b.py"].text == "2"
    assert found["one.zip!2.zip!b.py"].role is Role.SCRIPT
    assert found["one.zip!2.zip!3.zip!"].why == "what is in it was not looked at: 3 deep in archives"


def test_office_documents_show_what_is_in_them(tmp_path: Path) -> None:
    document: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": "<w/>",
        "word/vbaProject.bin": b"\xd0\xcf\x11\xe0" + b"\0" * 99,
        "word/embeddings/run.sh": "echo",
    }
    folder = skill_at(tmp_path / "tidy", a_docm=zipped(tmp_path / "d", document).read_bytes())
    skill = only(folder)
    found = files(skill)
    assert found["a.docm!word/vbaProject.bin"].role is Role.SCRIPT
    assert found["a.docm!word/embeddings/run.sh"].text == "echo"
    assert [f"{one.level} {one.path}" for one in coverage_findings(skill)] == [
        "warning a.docm!word/vbaProject.bin"
    ]


def test_an_archive_behind_a_text_or_a_picture_is_found(tmp_path: Path) -> None:
    hidden = zipped(tmp_path / "h.zip", {"evil.sh": "echo"}).read_bytes()
    folder = skill_at(tmp_path / "tidy", a_png=b"\x89PNG\0\0" + hidden, b_md=b"# Text\n" + hidden)
    found = files(only(folder))
    assert {"a.png!evil.sh", "b.md!evil.sh"} < found.keys()
    assert found["b.md"].read is Read.UNDECODABLE


def test_a_zip_bomb_does_not_go_off(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("SKILL.md", MAIN.format(name="bomb"))
        with archive.open("zeros.py", "w") as member:
            for _ in range(100):
                member.write(b"\0" * (1 << 20))
    tracemalloc.start()
    skill = only(path)
    inner = only(skill_at(tmp_path / "tidy", b_zip=path.read_bytes()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000
    assert files(skill)["zeros.py"].why.startswith("an archive bomb")
    assert "coverage-skipped b.zip!zeros.py" in problems_of(inner)


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"SKILL.md": MAIN.format(name="a"), "x.py": "print(1)\n" * 100})
    data = path.read_bytes()
    path.write_bytes(data.replace((900).to_bytes(4, "little"), (9).to_bytes(4, "little")))
    file = files(only(path))["x.py"]
    assert file.read is Read.SKIPPED
    assert "bad crc-32" in file.why


def test_names_that_lead_out_of_an_archive(tmp_path: Path) -> None:
    for pack, ending in ((zipped, "a.zip"), (tarred, "a.tar.gz")):
        path = pack(
            tmp_path / ending,
            {"SKILL.md": "x", "../../.bashrc": "evil", "/etc/x.sh": "evil", "a/./b.py": "1"},
        )
        skill = only(path)
        found = files(skill)
        assert found["../../.bashrc"].text == "evil"
        assert sorted(problems_of(skill)) == ["coverage-path ../../.bashrc", "coverage-path /etc/x.sh"]
        assert "a/b.py" in found


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_stand_twice_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("SKILL.md", "good")
        archive.writestr("SKILL.md", "evil")
    skill = only(path)
    assert {file.text for file in skill.files} == {"good", "evil"}
    assert problems_of(skill) == ["coverage-path SKILL.md (2)"]


def test_an_encrypted_member_and_a_link_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("SKILL.md", "x")
        link = zipfile.ZipInfo("out.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "../../etc/passwd")
        archive.writestr("secret.py", "x" * 100)
    data = bytearray(path.read_bytes())
    for place in (data.index(b"PK\x03\x04", data.index(b"passwd")) + 6, data.rindex(b"PK\x01\x02") + 8):
        data[place] |= 1
    path.write_bytes(data)
    found = files(only(path))
    assert found["secret.py"].why == "it is encrypted"
    assert found["out.txt"].why == "a link out of the archive, to ../../etc/passwd"


def test_a_tar_that_is_cut_off(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tar.gz", {"SKILL.md": "x", "b.bin": os.urandom(50_000), "c.py": "1"})
    path.write_bytes(path.read_bytes()[:30_000])
    skills, problems = read(path)
    assert [one.main.text for one in skills] == ["x"]
    assert any("cut off" in one.message for one in problems)


def test_bad_front_matter_is_no_reason_to_skip(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_text("---\nname: [\ndescription: Use when: asked\n\tx: *y\n")
    skill = only(tmp_path)
    assert skill.description.startswith("Use when: asked")
    assert skill.front.notes


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "gbk"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = "---\nname: tidy\ndescription: 这个技能读取文件，然后把结果写到目录里。\n---\n"
    folder = tmp_path / "tidy"
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(text.encode(encoding))
    skill = only(folder)
    assert skill.description == "这个技能读取文件，然后把结果写到目录里。"
    assert ("a guess" in skill.main.why) == (encoding == "gbk")
    assert not problems_of(skill)


def test_bytecode_stands_beside_its_source(tmp_path: Path) -> None:
    folder = skill_at(tmp_path / "tidy", a_py="1", ____pycache____a_pyc="")
    cache = folder / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "a.cpython-311.pyc").write_bytes(b"\xa7\r\r\n" + b"\0" * 12 + b"\xe3")
    file = files(only(folder))["__pycache__/a.cpython-311.pyc"]
    assert (file.role, file.read) == (Role.SCRIPT, Read.BINARY)


def test_no_file_stays_open(tmp_path: Path) -> None:
    def opened() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("what is open cannot be seen here")
    inner = tarred(tmp_path / "t.tar.gz", {"x.py": "1"}).read_bytes()
    path = zipped(
        tmp_path / "a.zip", {"SKILL.md": "x", "t.tar.gz": inner, "u.tar.gz": inner[:40], "v.py": "1"}
    )
    before = opened()
    for take in (1, None):
        # Also where somebody stops in the middle.
        for _ in itertools.islice(read_skills(path), take):
            pass
        list(itertools.islice(read_skills(tmp_path / "t.tar.gz"), take))
    assert opened() == before


def test_the_examples() -> None:
    skills, problems = read(EXAMPLES)
    assert not problems
    assert [(one.kind, one.name) for one in skills] == [
        ("skill", "Meeting Notes"),
        ("plugin", "recipe-kit"),
        ("command", "shopping-list"),
        ("skill", "recipe-card"),
        ("skill", "tidy-photos"),
    ]
    assert [line for line, _ in skills[0].front.notes] == [2, 2, 3, 3, 4]
    assert (
        skills[0].description
        == "Turns a transcript into notes: who decided what, and who does what until when"
    )
    assert not any(one.front.notes for one in skills[3:])
    assert not any(coverage_findings(one) for one in skills)
