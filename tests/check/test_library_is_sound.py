import pytest

from trpg_env.check import CheckReport, check_script, inspect_script
from trpg_env.sandbox import Sandbox
from trpg_env.script import library, load_script


@pytest.mark.parametrize("name", library())
def test_every_library_script_is_sound_and_decided(name: str, sandbox: Sandbox) -> None:
    report = inspect_script(name, sandbox=sandbox)
    assert report == CheckReport(faults=(), notes=())
    assert report.solved is load_script(name, sandbox=sandbox).grounded


def test_a_script_that_cannot_be_loaded_has_the_faults_of_its_loading() -> None:
    faults = check_script({"goal": "Rest."})
    assert [fault.message for fault in faults] == [
        "`environment` is missing",
        "`available_actions` is missing",
    ]


def test_what_is_no_script_at_all_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="not a int"):
        check_script(3)  # type: ignore[arg-type]


def test_faults_name_the_file_and_the_line(tmp_path, sandbox: Sandbox) -> None:
    path = tmp_path / "bell.yaml"
    path.write_text(
        "goal: Ring the bell.\n"
        "environment: {items: {bell: {rung: false}}, player: {}}\n"
        "completion_conditions:\n"
        "  - when: bell.rung\n"
        "available_actions:\n"
        "  ring the bell:\n"
        "    effects: [bell.rung = true]\n"
        "  polish the bell:\n"
        "    preconditions:\n"
        "      - when: bell.dul\n"
        "    observation: It shines.\n",
        encoding="utf-8",
    )
    faults = check_script(path, sandbox=sandbox)
    assert [(fault.file, fault.line, fault.place) for fault in faults] == [
        (str(path), 3, "completion_conditions"),
        (str(path), 8, 'available_actions["polish the bell"]'),
        (str(path), 10, 'available_actions["polish the bell"].preconditions[0].when'),
    ]
