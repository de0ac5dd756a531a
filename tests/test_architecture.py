"""The house: arrows point down only, nothing runs in circles, other people's code runs in the sandbox alone."""

import ast
import graphlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import trpg_env

PACKAGE = Path(trpg_env.__file__).parent

FLOORS: list[set[str]] = [
    {"sandbox"},
    {"script"},
    {"world"},
    {"check", "llm", "pddl"},
    {"dm"},
    {"envs"},
    {"agents", "suites", "trajectory"},
    {"rollout", "synthesis", "tuning", "evaluation", "diversity", "chats", "testing"},
    {"report"},
    {"cli"},
]
FLOOR = {package: level for level, packages in enumerate(FLOORS) for package in packages}
ROOF = {"__init__", "__main__"}
"""The package itself and the program: they may see everything, and nothing looks up to them."""
GROUND = {"_version", "prompts"}

FILES = {
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): ast.parse(
        file.read_text(encoding="utf-8")
    )
    for file in sorted(PACKAGE.rglob("*.py"))
    if "scripts_library" not in file.parts
}


def package_of(module: str) -> str:
    """The floor's package that a module belongs to: `trpg_env.script.load` → `script`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports(tree: ast.AST, *, when_running: bool = False) -> Iterator[str]:
    """Every module of ours that is imported, anywhere in a file, as written out in full."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if when_running and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        if when_running and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "trpg_env")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "trpg_env":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in FILES or f"{inner}.__init__" in FILES else node.module


@pytest.mark.parametrize("module", [module for module in FILES if package_of(module) not in ROOF | GROUND])
def test_a_file_imports_from_its_own_package_and_the_floors_below(module: str) -> None:
    own = package_of(module)
    assert own in FLOOR, f"{own} has no floor yet: give it one"
    for imported in imports(FILES[module]):
        other = package_of(imported)
        assert other == own or other in GROUND or FLOOR.get(other, 99) < FLOOR[own], (
            f"{module} imports {imported}"
        )


def test_nothing_runs_in_circles() -> None:
    """Not within a package either; imports for types alone and inside functions do not run when a module does."""

    def file_of(module: str) -> str:
        return module if module in FILES else f"{module}.__init__"

    graph = {
        module: {file_of(imported) for imported in imports(tree, when_running=True)} - {module}
        for module, tree in FILES.items()
    }
    graphlib.TopologicalSorter(graph).prepare()


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


@pytest.mark.parametrize("module", [module for module in FILES if package_of(module) != "sandbox"])
def test_nothing_is_evaluated_outside_the_sandbox(module: str) -> None:
    assert not set(calls(FILES[module])) & {"eval", "exec", "compile", "__import__"}


@pytest.mark.parametrize("module", [module for module in FILES if package_of(module) != "cli"])
def test_nothing_is_printed_below_the_command_line(module: str) -> None:
    assert "print" not in set(calls(FILES[module]))


@pytest.mark.parametrize("module", FILES)
def test_no_generator_of_random_numbers_is_shared(module: str) -> None:
    for node in ast.walk(FILES[module]):
        if isinstance(node, ast.Import):
            assert "random" not in {alias.name for alias in node.names}
        if isinstance(node, ast.Attribute):
            assert not ast.unparse(node).startswith(("np.random.seed", "numpy.random.seed", "np.random.rand"))


@pytest.mark.parametrize("module", FILES)
def test_every_module_says_what_it_is_for(module: str) -> None:
    if FILES[module].body:  # type: ignore[attr-defined]
        assert ast.get_docstring(FILES[module])  # type: ignore[arg-type]


HEAVY = [
    "openai",
    "aiohttp",
    "torch",
    "transformers",
    "tokenizers",
    "pyarrow",
    "ray",
    "xllamacpp",
    "jinja2",
    "unified_planning",
    "textworld",
    "jericho",
    "scienceworld",
    "py4j",
    "minigrid",
]


def test_importing_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    look = f"import sys, trpg_env; print([m for m in {HEAVY} if m in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", look],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert ran.stdout.strip() == "[]"


def test_playing_and_exporting_need_none_of_the_extras(tmp_path: Path) -> None:
    # `None` in `sys.modules` makes an import fail as if the distribution were not there.
    play = (
        "import sys\n"
        f"for name in {HEAVY} + ['hypothesis', 'pytest']: sys.modules[name] = None\n"
        "from trpg_env import check_script, export, rollout\n"
        "from trpg_env.agents import ErringAgent\n"
        "from trpg_env.cli import main\n"
        "from trpg_env.testing import play\n"
        "assert play('cool-tomato', ['dance'])[0].error == 'parameter'\n"
        "assert export(rollout('cool-tomato', ErringAgent(), 2), 'messages', 'out').read.episodes == 2\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", play], cwd=tmp_path, timeout=60, check=True)


def test_what_the_top_level_offers_is_there() -> None:
    for name in trpg_env.__all__:
        assert getattr(trpg_env, name) is not None
    assert set(trpg_env.__all__) <= set(dir(trpg_env))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = trpg_env.nothing  # type: ignore[attr-defined]
