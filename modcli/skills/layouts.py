"""What files are in a skill, and which files make a folder one: the layouts of clients and registries."""

from __future__ import annotations

import re
from collections.abc import Collection

from modcli.skills.skill import Role

#: Names of what makes a folder a skill, the first one first. Clients differ in which they take.
MAINS = ("SKILL.md", "skill.md", "skills.md")
#: Paths within a folder that make it a plugin, the first one first.
MANIFESTS = (".claude-plugin/plugin.json", ".claude-plugin/marketplace.json")
#: As above, beside one of the folders of a plugin alone: a project may have them as well.
SETTINGS = ("hooks/hooks.json", ".mcp.json", "settings.json", "settings.local.json")
PLUGIN_FOLDERS = ("commands", "agents", "skills", "hooks")
#: Names files to leave out when a skill is published. A reader of a skill does not obey it.
IGNORES = (".clawhubignore", ".skillignore", ".gitattributes")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCRIPTS = _words(
    "py pyw pyx sh bash zsh fish ksh csh ps1 psm1 psd1 bat cmd js mjs cjs jsx ts mts cts tsx rb pl pm php lua go rs c cc"
    " cpp h hpp cs java kt kts swift m r jl scala groovy ex exs clj dart nim zig applescript scpt vbs vbe wsf hta awk sed"
    " tcl el vim sql ipynb mk gradle tf pyc pyo so dylib dll exe com msi scr jar class wasm node o a apk deb rpm app"
    " command desktop service plist reg lnk bin"
)
_DOCUMENTS = _words(
    "md mdx markdown mdown mdc rst txt text adoc asciidoc org tex html htm xhtml pdf doc docx docm dotm odt rtf ppt pptx"
    " pptm odp xls xlsx xlsm ods epub eml prompt"
)
_DATA = _words(
    "json jsonl ndjson json5 yaml yml toml ini cfg conf env properties xml csv tsv lock sig pem crt key log diff patch"
    " parquet sqlite db proto graphql j2 jinja tmpl template zip skill tar gz tgz bz2 xz 7z rar zst"
)
_ASSETS = _words(
    "png jpg jpeg gif webp bmp tif tiff ico icns svg avif heic psd ai eps ttf otf woff woff2 eot mp3 wav ogg flac m4a mp4"
    " mov webm avi mkv css scss less glb gltf"
)
_SCRIPT_NAMES = _words(
    "makefile gnumakefile dockerfile containerfile justfile rakefile gemfile procfile vagrantfile jenkinsfile brewfile"
    " .bashrc .zshrc .profile .bash_profile .envrc vbaproject.bin crontab"
)
_MANIFEST_NAMES = _words(
    "plugin.json marketplace.json _meta.json package.json pyproject.toml manifest.json skill.json clawhub.json"
)
#: Of these, the ones that are no text.
_NO_TEXT = _words(
    "pyc pyo so dylib dll exe com msi scr jar class wasm node o a apk deb rpm app lnk bin scpt plist m reg"
    " pdf doc docx docm dotm odt rtf ppt pptx pptm odp xls xlsx xlsm ods epub"
)
_MEMBER = re.compile(r" \(\d+\)$")


def role_of(path: str, *, runs: bool = False) -> Role:
    """What a file is, by its path within a skill; `runs` says that it is marked as a program."""
    path = _MEMBER.sub("", path.lower())
    name = re.split(r"[/!]", path)[-1]
    stem, _, ending = name.rpartition(".")
    if name in (one.lower() for one in MAINS[:2]):
        return Role.SKILL
    if path.endswith("hooks/hooks.json") or re.search(r"(^|/)\.claude/settings(\.local)?\.json$", path):
        return Role.HOOKS
    if git := re.search(r"(?:^|/)\.git/(.*)", path):
        return Role.SCRIPT if git[1] else Role.ASSET
    if name in (".mcp.json", "mcp.json"):
        return Role.MCP
    if name in _MANIFEST_NAMES:
        return Role.MANIFEST
    if name in _SCRIPT_NAMES or (ending in _SCRIPTS and stem):
        return Role.SCRIPT
    for endings, role in ((_DOCUMENTS, Role.DOCUMENT), (_DATA, Role.DATA), (_ASSETS, Role.ASSET)):
        if ending in endings and "." in name:
            return Role.SCRIPT if runs and role is not Role.ASSET else role
    if runs:
        return Role.SCRIPT
    return Role.DOCUMENT if "." not in name else Role.DATA


def by_content(role: Role, path: str, content: bytes, *, is_text: bool) -> Role:
    """What a file is, once it was read: a program may have any name."""
    if role in (Role.DATA, Role.DOCUMENT, Role.ASSET):
        if content.startswith((b"#!/", b"#! /", b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe", b"\x00asm")):
            return Role.SCRIPT
        if not is_text and role is Role.DOCUMENT and "." not in re.split(r"[/!]", path)[-1]:
            return Role.DATA
    return role


def is_text_by_name(path: str) -> bool:
    """Whether a file is one that an agent reads, or runs from its text, by its name."""
    name = re.split(r"[/!]", _MEMBER.sub("", path.lower()))[-1]
    ending = name.rpartition(".")[2]
    if name in _SCRIPT_NAMES - {"vbaproject.bin"}:
        return True
    return ending in (_SCRIPTS | _DOCUMENTS) - _NO_TEXT and "." in name


def main_of(names: Collection[str]) -> str:
    """Which of the names of a folder makes it a skill; empty where none does."""
    for main in MAINS:
        if main in names:
            return main
    small = sorted(name for name in names if name.lower() in MAINS)
    return small[0] if small else ""


def part_of_plugin(path: str) -> Role | None:
    """What a Markdown file of a plugin is to it: a command or an agent; None for neither."""
    found = re.search(r"(?:^|/)(commands|agents)/(?:[^/]+/)*([^/]+)\.md$", path, re.IGNORECASE)
    if not found or found[2].lower() in ("readme", "license", "changelog"):
        return None
    return Role.COMMAND if found[1].lower() == "commands" else Role.AGENT
