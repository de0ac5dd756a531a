"""What the documentation shows is what happens: docstrings, the pages' Python, the examples."""

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trpg_env

ROOT = Path(__file__).resolve().parents[1]
NOT_RUN = "<!-- not run -->"

# Modules of extras that are not installed here are left out; `__main__` is a program.
MODULES = ["trpg_env"] + [
    module.name
    for module in pkgutil.walk_packages(trpg_env.__path__, "trpg_env.")
    if not module.name.endswith("__main__")
]
BLOCK = re.compile(r"^(?P<before>[^\n]*)\n+```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(page, line, match["code"], id=f"{page.name} line {line}")
    for page in PAGES
    for text in [page.read_text(encoding="utf-8")]
    for match in BLOCK.finditer(text)
    for line in [text.count("\n", 0, match.start("code")) + 1]
    if match["before"].strip() != NOT_RUN
]
TRAINING = {"refinement_tuning.py", "models_in_files.py"}
"""These want an extra of their own; tests/tuning/test_training_example.py runs them where it is installed."""
EXAMPLES = sorted(file for file in (ROOT / "examples").glob("*.py") if file.name not in TRAINING)


def with_examples(module: str) -> bool:
    source = importlib.util.find_spec(module)
    return (
        source is not None and source.origin is not None and ">>> " in Path(source.origin).read_text("utf-8")
    )


DOCTESTS = [module for module in MODULES if with_examples(module)]


def test_there_is_something_to_run() -> None:
    assert len(DOCTESTS) > 10
    assert BLOCKS
    assert EXAMPLES


@pytest.mark.parametrize("module", DOCTESTS)
def test_the_docstrings_examples_are_true(module: str) -> None:
    # By the module's name and not by `import a.b as c`: the function `rollout` stands where its package would.
    failed, tried = doctest.testmod(
        importlib.import_module(module), optionflags=doctest.ELLIPSIS | doctest.REPORT_NDIFF, verbose=False
    )
    assert tried
    assert not failed


@pytest.mark.parametrize(("page", "line", "code"), BLOCKS)
def test_the_pages_python_runs(
    page: Path, line: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    padded = "\n" * (line - 1) + code
    exec(compile(padded, str(page), "exec"), {"__name__": "page"})


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_the_example_runs(example: Path, tmp_path: Path) -> None:
    arguments = {
        "rollouts_to_data.py": ["out", "24"],
        "narrative_with_a_model.py": ["out", "--max-turns", "1"],
    }.get(example.name, [])
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(example), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
    assert "Traceback" not in ran.stderr


def test_the_readmes_script_is_sound_and_can_be_won(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for i, block in enumerate(blocks):
        file = tmp_path / f"script-{i}.yaml"
        file.write_text(block, encoding="utf-8")
        assert trpg_env.check_script(trpg_env.load_script(file)) == []


def test_the_commands_that_the_readme_shows_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^trpg-env (\w+)", text, re.MULTILINE))
    assert shown
    from trpg_env.cli.main import parser

    usage = parser().format_help()
    for command in shown:
        assert re.search(rf"^\s+{command}\b", usage, re.MULTILINE), command


def test_the_readmes_python_writes_nothing_that_its_commands_have_written() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    written = set(re.findall(r"^trpg-env .* --out (\S+)", text, re.MULTILINE))
    assert written
    for block in BLOCK.finditer(text):
        assert not written & set(re.findall(r'"([^"]*)"', block["code"]))
