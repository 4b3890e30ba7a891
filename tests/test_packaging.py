"""pyproject.toml names what the code imports, and nothing else; what is needed at run time is packaged."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

from modcli import __version__
from modcli.profiles.find import shipped_folder

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

#: Import names that differ from the package's, and modules that come with a package of another name.
PACKAGES = {
    "yaml": "pyyaml",
    "llama_cpp": "llama-cpp-python",
    "huggingface_hub": "huggingface-hub",
    "pydantic_core": "pydantic",
    "sklearn": "scikit-learn",
    "sentence_transformers": "sentence-transformers",
    "PIL": "pillow",
    "pillow_heif": "pillow-heif",
    "resvg_py": "resvg-py",
    "imagehash": "ImageHash",
    "markdown_it": "markdown-it-py",
    "tree_sitter": "tree-sitter",
    "tree_sitter_python": "tree-sitter-python",
    "tree_sitter_bash": "tree-sitter-bash",
    "tree_sitter_javascript": "tree-sitter-javascript",
    "tree_sitter_ruby": "tree-sitter-ruby",
    "tree_sitter_powershell": "tree-sitter-powershell",
}
#: Packages that no extra names: of baselines, two come with setfit and one is measured where somebody has it;
#: what a user may have installed for more, and what comes with another package (cv2 with rapidocr).
OPTIONAL = {"datasets", "transformers", "detoxify", "cv2", "nudenet", "torchao"}


def imported() -> set[str]:
    """The packages that modcli's modules import."""
    names: set[str] = set()
    for file in (ROOT / "modcli").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return {PACKAGES.get(name, name) for name in names - set(sys.stdlib_module_names) - {"modcli"}}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=~! \[]", line)[0] for line in requirements}


def test_dependencies_are_what_is_imported() -> None:
    extras = {
        name for group, lines in PROJECT["project"]["optional-dependencies"].items() for name in names(lines)
    }
    assert imported() - extras - OPTIONAL == names(PROJECT["project"]["dependencies"])


def test_the_version_is_the_same_in_both_places() -> None:
    assert PROJECT["project"]["version"] == __version__


def test_the_changelog_knows_the_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_profiles_ship() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"] == {
        "profiles": "modcli/data/profiles"
    }
    assert {path.stem for path in shipped_folder().glob("*.yaml")} >= {"default", "family", "strict"}
