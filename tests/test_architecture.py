"""The shape of the package: what may import what, what `--help` may load, and how long anything may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1] / "modcli"
MODULES = sorted(ROOT.rglob("*.py"))

#: Each part may import those above it, and itself. `cli` is the last.
ORDER = (
    *("errors", "settings_file", "settings_values", "settings", "item", "profile", "verdict"),
    *("profiles", "sources", "prompts", "weights", "backends", "embedders", "states", "judges"),
    *("cascade", "audit", "images", "skills", "evaluation", "diagnosis", "reports", "cli"),
)
#: Parts that are values in, values out: nothing of these may be imported there.
WORLD = {"os", "pathlib", "socket", "sqlite3", "subprocess", "shutil", "tempfile", "urllib", "sys"}
PURE = ("item", "profile", "verdict", "prompts")
#: The only parts that may import a vendor's package.
VENDORS = {
    "llama_cpp": {"backends"},
    "transformers": {"backends", "embedders"},
    "torch": {"backends", "embedders", "images"},
    "vllm": {"backends"},
    "onnxruntime": {"embedders", "images"},
    "tokenizers": {"embedders"},
    "sentence_transformers": {"embedders", "images"},
    "huggingface_hub": {"weights"},
    "typer": {"cli"},
    "rich": {"cli", "reports"},
    "jinja2": {"prompts", "reports"},
    "selectolax": {"sources"},
    "libipld": {"sources"},
    "pygal": {"reports"},
    "PIL": {"images"},
    "onnx": {"images"},
    "nudenet": {"images"},
    "av": {"images"},
    "rapidocr": {"images"},
    "markdown_it": {"skills"},
    "tree_sitter": {"skills"},
    "pyarrow": {"reports"},
    "textual": {"cli"},
    "ray": {"audit"},
    "sklearn": {"cascade", "evaluation"},
    "setfit": {"evaluation"},
    "datasets": {"evaluation"},
    "detoxify": {"evaluation"},
    "yaml": {"profiles", "skills"},
    "ruamel": {"profiles"},
    "pydantic": {"profiles"},
}
#: Where a module is loaded by its name, and why.
IMPORTLIB = {
    "cli/app.py": "a command is loaded when it is run",
    "backends/transformers_choice.py": "torch is loaded where there may be a GPU",
    "cli/assemble_backend.py": "a backend is loaded when its model is",
    "cli/assemble_vision.py": "a model that sees is loaded where there is a picture",
    "cli/extras.py": "what it is for",
    "cli/check_images.py": "pictures are judged by packages of an extra",
    "cli/review.py": "the screen is loaded where there is a terminal",
    "diagnosis/machine.py": "vendors' packages, to see whether they load",
    "weights/hub_folder.py": "the hub's library is slow to load, and seldom needed",
}
#: Modules whose tests are another's, and whose.
TESTED_WITH = {
    "errors.py": "cli/test_check.py",
    "settings_values.py": "test_settings.py",
    "audit/schema.py": "audit/test_store.py",
    "audit/totals.py": "cli/test_audit.py",
    "cli/audit_export.py": "cli/test_audit.py",
    "cli/audit_options.py": "cli/test_audit.py",
    "cli/audit_rejudge.py": "cli/test_audit.py",
    "cli/audit_run.py": "cli/test_audit.py",
    "cli/audit_show.py": "cli/test_audit.py",
    "reports/audit_export.py": "cli/test_audit.py",
    "reports/audit_html.py": "cli/test_report.py",
    "reports/page.py": "reports/test_audit_items.py",
    "reports/audit_terminal.py": "cli/test_audit.py",
    "reports/mastodon_packages.py": "reports/test_mastodon_files.py",
    "reports/mastodon_reasons.py": "reports/test_mastodon_files.py",
    "reports/mastodon_terminal.py": "reports/test_mastodon_files.py",
    "reports/mastodon_undo.py": "reports/test_mastodon_files.py",
    "sources/outbox.py": "sources/test_exports.py",
    "sources/sections.py": "sources/test_statuses.py",
    "sources/post.py": "audit/test_ingest.py",
    "item.py": "sources/test_text.py",
    "skills/files.py": "skills/test_reading.py",
    "images/formats.py": "images/test_decoding.py",
    "images/decoding_ends.py": "images/test_decoding.py",
    "images/decoding_pixels.py": "images/test_decoding.py",
    "images/frames_choice.py": "images/test_frames.py",
    "images/frames_gif.py": "images/test_frames.py",
    "images/frames_video.py": "images/test_frames.py",
    "images/hashes_lists.py": "images/test_hashes.py",
    "images/embedder.py": "images/test_efficientnet.py",
    "images/embedder_runtime.py": "images/test_efficientnet.py",
    "images/picture.py": "images/test_decoding.py",
    "images/parts.py": "images/test_moderating.py",
    "images/quoting.py": "images/test_remembering.py",
    "audit/media_listing.py": "audit/test_media.py",
    "images/watching.py": "images/test_moderating.py",
    "skills/skill.py": "skills/test_reading.py",
    "skills/capabilities.py": "skills/test_code.py",
    "skills/capabilities_calls.py": "skills/test_code.py",
    "skills/capabilities_commands.py": "skills/test_code.py",
    "skills/capabilities_names.py": "skills/test_code.py",
    "skills/code_bash.py": "skills/test_code.py",
    "skills/code_javascript.py": "skills/test_code.py",
    "skills/code_linked.py": "skills/test_dangerous.py",
    "skills/code_markdown.py": "skills/test_code.py",
    "skills/code_program.py": "skills/test_code.py",
    "skills/code_powershell.py": "skills/test_code_others.py",
    "skills/code_python.py": "skills/test_code.py",
    "skills/code_ruby.py": "skills/test_code_others.py",
    "skills/code_targets.py": "skills/test_code.py",
    "skills/flows.py": "skills/test_code.py",
    "skills/compiled.py": "skills/test_dangerous.py",
    "skills/dangerous_endpoints.py": "skills/test_dangerous.py",
    "skills/dangerous_orders.py": "skills/test_dangerous.py",
    "skills/dangerous_form.py": "skills/test_dangerous.py",
    "skills/dangerous_hosts.py": "skills/test_dangerous.py",
    "skills/dangerous_rules.py": "skills/test_dangerous.py",
    "skills/hidden_early.py": "skills/test_hidden.py",
    "skills/hidden_encoded.py": "skills/test_hidden.py",
    "skills/hidden_padding.py": "skills/test_hidden.py",
    "skills/hidden_rules.py": "skills/test_hidden.py",
    "skills/hidden_page.py": "skills/test_rendered.py",
    "skills/hidden_styles.py": "skills/test_rendered.py",
    "skills/orders_languages.py": "skills/test_orders.py",
    "skills/units.py": "skills/test_reading.py",
    "backends/base.py": "backends/test_contract.py",
    "backends/llama_session.py": "backends/test_llama_cpp.py",
    "backends/transformers_session.py": "backends/test_transformers.py",
    "backends/taps.py": "backends/test_llama_cpp.py",
    "cascade/chains.py": "cascade/test_teaching.py",
    "cascade/costs.py": "cascade/test_teaching.py",
    "cli/app.py": "cli/test_check.py",
    "cli/answers.py": "cli/test_profile_learn.py",
    "cli/assemble.py": "cli/test_check.py",
    "cli/assemble_images.py": "cli/test_check_images.py",
    "cli/assemble_worker.py": "cli/test_audit_ray.py",
    "cli/editor.py": "cli/test_profile.py",
    "cli/check_depth.py": "cli/test_check.py",
    "cli/options.py": "cli/test_eval.py",
    "cli/eval_run.py": "cli/test_eval.py",
    "cli/passthrough.py": "cli/test_stream.py",
    "cli/skill_options.py": "cli/test_check_skill.py",
    "cli/skill_tally.py": "cli/test_check_skill.py",
    "skills/examination.py": "cli/test_check_skill.py",
    "cli/review_learning.py": "cli/test_review.py",
    "cli/review_session.py": "cli/test_review_screen.py",
    "reports/skills_terminal.py": "cli/test_check_skill.py",
    "reports/audit_question.py": "cli/test_review_screen.py",
    "cli/profile_view.py": "cli/test_profile.py",
    "evaluation/baselines_worker.py": "evaluation/test_baselines_outside.py",
    "evaluation/predictions.py": "evaluation/test_run.py",
    "evaluation/whole_rows.py": "evaluation/test_metrics.py",
    "evaluation/scoring.py": "evaluation/test_metrics.py",
    "evaluation/measurement.py": "evaluation/test_metrics.py",
    "evaluation/columns.py": "evaluation/test_metrics.py",
    "evaluation/pairs.py": "evaluation/test_comparison.py",
    "evaluation/row_findings.py": "evaluation/test_rows.py",
    "diagnosis/finding.py": "diagnosis/test_machine.py",
    "diagnosis/installed.py": "cli/test_doctor.py",
    "profiles/plan.py": "profiles/test_edit.py",
    "profiles/form.py": "profiles/test_document.py",
    "profiles/picture_forms.py": "profiles/test_pictures.py",
    "prompts/guards/base.py": "prompts/guards/test_forms.py",
    "prompts/reading.py": "prompts/test_prompt.py",
    "reports/base.py": "reports/test_jsonl.py",
    "reports/evaluation_report.py": "cli/test_eval.py",
    "reports/terminal_text.py": "reports/test_terminal.py",
    "states/scores.py": "states/test_asker.py",
    "sources/lines.py": "sources/test_text.py",
    "weights/hub_worker.py": "weights/test_hub.py",
    "weights/inventory.py": "cli/test_models.py",
    "weights/places.py": "weights/test_locate.py",
    "weights/transport.py": "weights/test_fetch.py",
}
MOST_LINES, LONGEST_FUNCTION = 400, 60
VAGUE = {"utils", "util", "helpers", "manager"}


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def part(file: Path) -> str:
    """The part of the package that a file is of: its folder, or its own name."""
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(file)))


def functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in nodes(file) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@cache
def imports(file: Path) -> tuple[tuple[str, int], ...]:
    """The dotted names of all that is imported somewhere in a module, with their lines."""
    found = []
    for statement in nodes(file):
        if isinstance(statement, ast.Import):
            found += [(alias.name, statement.lineno) for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, "imports are absolute"
            # What is imported may itself be a module.
            dotted = [f"{statement.module}.{alias.name}" for alias in statement.names]
            found += [(one, statement.lineno) for one in (statement.module or "", *dotted)]
    return tuple(found)


def first_party(file: Path) -> set[Path]:
    """The files of the package that one imports."""
    found = set()
    for dotted, _ in imports(file):
        if dotted.split(".")[0] == "modcli":
            path = ROOT.joinpath(*dotted.split(".")[1:])
            found |= {
                option for option in (path.with_suffix(".py"), path / "__init__.py") if option.is_file()
            }
    return found - {file, ROOT / "__init__.py"}


def test_every_part_has_its_place() -> None:
    parts = {part(file) for file in MODULES} - {"__init__", "__main__"}
    assert parts <= set(ORDER)


def test_imports_point_one_way() -> None:
    wrong = {}
    for file in MODULES:
        if part(file) in ORDER:
            above = ORDER[: ORDER.index(part(file)) + 1]
            wrong[name(file)] = {name(found) for found in first_party(file) if part(found) not in above}
    assert not {file: below for file, below in wrong.items() if below}, "parts that may not import these"


def test_item_imports_nothing_but_errors() -> None:
    assert {name(file) for file in first_party(ROOT / "item.py")} == {"errors.py"}


def test_no_cycles() -> None:
    done: set[Path] = set()

    def visit(file: Path, way: tuple[Path, ...]) -> None:
        assert file not in way, " -> ".join(name(step) for step in (*way[way.index(file) :], file))
        if file not in done:
            for imported in first_party(file):
                if imported.name != "__init__.py":
                    visit(imported, (*way, file))
            done.add(file)

    for file in MODULES:
        visit(file, ())


def test_no_first_party_import_hides_in_a_function() -> None:
    """Nor behind a name: `importlib` loads modules where the table says so."""
    hidden = []
    for file in MODULES:
        inside = [range(node.lineno, (node.end_lineno or 0) + 1) for node in functions(file)]
        hidden += [
            f"{name(file)}:{line} imports {dotted}"
            for dotted, line in imports(file)
            if dotted.split(".")[0] == "modcli" and any(line in lines for lines in inside)
        ]
        if name(file) not in IMPORTLIB and any(map(loaded, nodes(file))):
            hidden.append(f"{name(file)}: importlib")
    assert not hidden


def loaded(node: ast.AST) -> bool:
    """Whether it names a function that loads a module by its name."""
    loaders = ("import_module", "__import__")
    if isinstance(node, ast.Name):
        return node.id in loaders
    if isinstance(node, ast.Attribute):
        return node.attr in loaders
    return isinstance(node, ast.alias) and node.name.split(".")[-1] in loaders


def test_vendors_and_the_world_stay_where_they_belong() -> None:
    strangers = {}
    for file in MODULES:
        packages = {dotted.split(".")[0] for dotted, _ in imports(file)}
        strangers[name(file)] = {
            vendor for vendor in packages & VENDORS.keys() if part(file) not in VENDORS[vendor]
        }
        if part(file) in PURE:
            strangers[name(file)] |= packages & WORLD
    assert not {file: found for file, found in strangers.items() if found}


def test_concrete_backends_know_no_moderation() -> None:
    """They import the protocol, prompts, errors and each other."""
    for file in (ROOT / "backends").glob("*.py"):
        assert {part(found) for found in first_party(file)} <= {"backends", "prompts", "errors"}, name(file)


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from modcli.cli.app import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {module.split(".")[0] for module in ran.stderr.splitlines()}
    heavy = {*VENDORS, "numpy", "PIL", "pandas", "platformdirs", "sqlite3"} - {"typer"}
    assert not loaded & heavy
    assert "check" in ran.stdout


def test_every_module_has_a_test() -> None:
    """tests/ mirrors modcli/; where a module's test is another's, the table says whose."""
    tests = ROOT.parent / "tests"
    missing, outdated = [], []
    for file in MODULES:
        if file.name not in ("__init__.py", "__main__.py"):
            own = file.relative_to(ROOT).with_name(f"test_{file.name}").as_posix()
            expected = TESTED_WITH.get(name(file), own)
            missing += [name(file)] if not (tests / expected).is_file() else []
            outdated += [name(file)] if expected != own and (tests / own).exists() else []
    assert not missing
    assert not outdated, "the table is out of date"


def test_tables_name_what_there_is() -> None:
    names = {name(file) for file in MODULES}
    assert TESTED_WITH.keys() <= names
    assert IMPORTLIB.keys() <= names


def test_nothing_is_too_long() -> None:
    long = []
    for file in MODULES:
        lines = len(file.read_text("utf-8").splitlines())
        long += [f"{name(file)}: {lines} lines"] if lines > MOST_LINES else []
        for node in functions(file):
            lines = (node.end_lineno or 0) - node.lineno + 1
            long += [f"{name(file)}: {node.name}, {lines} lines"] if lines > LONGEST_FUNCTION else []
    assert not long


def test_names_say_what_is_in_a_module() -> None:
    vague = [name(file) for file in MODULES if VAGUE & set(file.relative_to(ROOT).with_suffix("").parts)]
    assert not vague
    untold = [name(file) for file in MODULES if file.stem != "__main__" and not ast.get_docstring(tree(file))]
    assert not untold, "its first line says it"
