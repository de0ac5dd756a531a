"""`trpg-env import pddl`: a script on standard output or in a file, or one line that says what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pddl_texts import BLOCKS, THREE_BLOCKS
from running import Ran

from trpg_env.cli import main
from trpg_env.cli.script_file import as_json, as_yaml
from trpg_env.script import load_script
from trpg_env.script.source import Source

Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command beside a domain and a problem."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "tower.pddl").write_text(BLOCKS, encoding="utf-8")
    (tmp_path / "three.pddl").write_text(THREE_BLOCKS, encoding="utf-8")

    def run(*arguments: str) -> Ran:
        try:
            code = main(["import", *arguments])
        except SystemExit as left:
            code = int(left.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


def test_without_a_file_the_script_is_the_output(run: Run) -> None:
    ran = run("pddl", "tower.pddl", "three.pddl")
    assert ran.code == 0
    script = load_script(json.loads(ran.out))
    assert (script.name, script.family, script.max_turns) == ("tower-three", "tower", 30)
    assert ran.err == "tower-three: 5 actions, 25 with their objects; 2 goal literals\n"


def test_one_is_one_in_what_is_told(run: Run, tmp_path: Path) -> None:
    goal = THREE_BLOCKS.index("(:goal")
    (tmp_path / "one.pddl").write_text(f"{THREE_BLOCKS[:goal]}(:goal (on a b)))", encoding="utf-8")
    ran = run("pddl", "tower.pddl", "one.pddl")
    assert ran.err.endswith("; 1 goal literal\n"), ran.err


@pytest.mark.parametrize("name", ["out.json", "out.yaml", "out.yml"])
def test_a_file_holds_the_same_script(run: Run, name: str) -> None:
    ran = run("pddl", "tower.pddl", "three.pddl", "--out", name, "--max-turns", "12")
    assert (ran.code, ran.out) == (0, f"{name}\n")
    assert (
        load_script(name).hash
        == load_script(json.loads(run("pddl", "tower.pddl", "three.pddl", "--max-turns", "12").out)).hash
    )


def test_a_file_that_is_there_is_not_changed(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert run("pddl", "tower.pddl", "three.pddl", "--out", "out.yaml").code == 0
    (tmp_path / "out.yaml").write_text("mine", encoding="utf-8")
    ran = run("pddl", "tower.pddl", "three.pddl", "--out", "out.yaml")
    assert (ran.code, ran.err) == (
        2,
        "trpg-env: out.yaml is there already, and something else; name another file, or delete it\n",
    )
    assert (tmp_path / "out.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tower.pddl", "missing.pddl"], "missing.pddl: cannot be read: No such file or directory"),
        (["three.pddl", "tower.pddl"], "three.pddl:2: 'problem' stands where a domain begins"),
        (
            ["tower.pddl", "three.pddl", "--out", "out.txt"],
            "'out.txt' does not end in .yaml or .yml or .json",
        ),
        (
            ["tower.pddl", "three.pddl", "--out", "no/out.json"],
            "no/out.json cannot be written: No such file or directory",
        ),
        (["tower.pddl", "three.pddl", "--max-turns", "0"], "0 is too few; 1 or more"),
        (["tower.pddl", "three.pddl", "--max-turns", "1000001"], "1000001 is too many"),
        (["tower.pddl"], "the following arguments are required: PROBLEM"),
    ],
)
def test_wrong_use_is_said_in_one_line(run: Run, arguments: list[str], said: str) -> None:
    ran = run("pddl", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_what_is_not_supported_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tower.pddl").write_text(BLOCKS.replace("(held ?b)\n", "(or (held ?b))\n"), encoding="utf-8")
    ran = run("pddl", "tower.pddl", "three.pddl")
    assert ran.code == 2
    assert ran.err.startswith("trpg-env: tower.pddl:13: the precondition of put-down has a disjunction (or)")


def test_help_shows_an_example(run: Run) -> None:
    assert "example: trpg-env import pddl blocks.pddl problem1.pddl" in run("pddl", "--help").out
    assert "example: trpg-env import pddl" in run("--help").out
    assert "import" in run().err


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=12) | st.sampled_from(["null", "yes", "1", "~", "- a", "{b}", "#"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(["true", "null", "a-b", "1"]), inner, max_size=4),
    max_leaves=40,
)  # fmt: skip


@settings(max_examples=40)
@given(st.dictionaries(st.text(min_size=1, max_size=8), values, min_size=1, max_size=6))
def test_what_is_written_reads_as_what_it_was(data: dict[str, object]) -> None:
    assert Source(as_json(data), "a.json").data == data
    assert Source(as_yaml(data), "a.yaml").data == data
