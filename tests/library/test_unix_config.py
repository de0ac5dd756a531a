"""The library's unix configuration: the beacon brought up, refused in every wrong state, and its settings lost."""

import pytest

from trpg_env.testing import play

SCRIPT = "unix-config"
FROM_HOME, FROM_LOG = 0, 1

READ_LOG = ["cd log", "cat beacon.log", "cd .."]
REMOVE_PID = ["cd run", "rm beacon.pid", "cd ..", "cd .."]
TO_THE_SETTINGS = ["cd etc", "cd beacon.d/"]
CONFIGURE = [
    "cat beacon.conf",
    "cp beacon.conf beacon.conf.bak",
    "chmod +w beacon.conf",
    "edit beacon.conf mode=on",
    "edit beacon.conf port=8080",
    "chmod -w beacon.conf",
]
START = ["systemctl start beacon.service", "curl http://localhost:8080/"]
PLANS = {
    FROM_HOME: [
        "cat notes.txt",
        "cd ..",
        "cd var",
        *READ_LOG,
        *REMOVE_PID,
        *TO_THE_SETTINGS,
        *CONFIGURE,
        *START,
    ],
    FROM_LOG: ["cat beacon.log", "cd ..", *REMOVE_PID, *TO_THE_SETTINGS, *CONFIGURE, *START],
}
AT_SETTINGS = ["cd ..", *TO_THE_SETTINGS, CONFIGURE[0]]


@pytest.mark.parametrize("variation", PLANS)
def test_a_backed_up_and_locked_configuration_brings_the_beacon_up(variation: int) -> None:
    steps = play(SCRIPT, PLANS[variation], variation=variation)
    assert [step.error for step in steps] == [None] * len(steps)
    assert [step.action for step in steps if step.reward] == [
        "rm beacon.pid",
        "cp beacon.conf beacon.conf.bak",
        "edit beacon.conf mode=on",
        "edit beacon.conf port=8080",
        "systemctl start beacon.service",
        "curl http://localhost:8080/",
    ]
    assert [step.reward for step in steps if step.reward] == pytest.approx([1 / 6] * 6)
    assert [step.success for step in steps] == [False] * (len(steps) - 1) + [True]
    assert steps[-1].terminated
    assert steps[-1].observation == "The beacon answers: light steady, bearing true."
    assert steps[-1].state["beacon.conf"] == {
        "at": "beacon.d",
        "read": True,
        "writable": False,
        "mode": "on",
        "port": "8080",
    }


@pytest.mark.parametrize(
    ("before", "wrong", "error", "message", "correction"),
    [
        pytest.param(
            ["cat notes.txt"],
            "cat motd",
            "place",
            "cat: motd: no such file in home.",
            ["cd ..", "cd etc", "cat motd"],
            id="wrong place",
        ),
        pytest.param(
            ["cd .."],
            "cp beacon.conf beacon.conf.bak",
            "place",
            "cp: beacon.conf: no such file in root.",
            [*TO_THE_SETTINGS, "cp beacon.conf beacon.conf.bak"],
            id="file elsewhere",
        ),
        pytest.param(
            AT_SETTINGS,
            "edit beacon.conf mode=on",
            "logic",
            "edit: beacon.conf is write-protected; its permissions come first.",
            ["chmod +w beacon.conf", "edit beacon.conf mode=on"],
            id="wrong order",
        ),
        pytest.param(
            [*AT_SETTINGS[:-1], "chmod +w beacon.conf"],
            "edit beacon.conf mode=on",
            "logic",
            "edit: you do not know what beacon.conf says now, and would be changing it blind.",
            ["cat beacon.conf", "edit beacon.conf mode=on"],
            id="edited unread",
        ),
        pytest.param(
            ["cd ..", "cd var", "cd run", "cat beacon.pid"],
            "rm beacon.pid",
            "logic",
            "rm: beacon.pid may belong to a process that is alive. Nothing that you have read says otherwise.",
            ["cd ..", *READ_LOG, "cd run", "rm beacon.pid"],
            id="deleted on a guess",
        ),
        pytest.param(
            AT_SETTINGS,
            "chmod -w beacon.conf",
            "logic",
            "chmod: beacon.conf has that permission already; nothing to change.",
            ["chmod +w beacon.conf"],
            id="permission as it is",
        ),
        pytest.param(
            ["cd .."],
            "curl localhost:8080",
            "logic",
            "curl: connection refused; nothing listens at localhost:8080.",
            ["curl localhost:80"],
            id="nothing listens",
        ),
        pytest.param(
            ["cd .."],
            "cd tmp",
            "parameter",
            '"tmp" is not a valid path for "cd {path}". Valid: .., home, etc, beacon.d, var, log, run.',
            ["cd var"],
            id="wrong parameter",
        ),
        pytest.param(
            ["cd .."],
            "cd etc/beacon.d",
            "parameter",
            '"etc/beacon.d" is not a valid path for "cd {path}". Valid: .., home, etc, beacon.d, var, log, run.',
            TO_THE_SETTINGS,
            id="two steps at once",
        ),
        pytest.param(
            [*AT_SETTINGS, "chmod +w beacon.conf"],
            "edit beacon.conf mode=8080",
            "parameter",
            "The key mode takes on or off.",
            ["edit beacon.conf mode=on"],
            id="the check's refusal of a number",
        ),
        pytest.param(
            [*AT_SETTINGS, "chmod +w beacon.conf"],
            "edit beacon.conf port=on",
            "parameter",
            "The key port takes a number.",
            ["edit beacon.conf port=8080"],
            id="the check's refusal of a word",
        ),
        pytest.param(
            [*AT_SETTINGS, "chmod +w beacon.conf"],
            "edit beacon.conf port=8081",
            "parameter",
            '"8081" is not a valid value for "edit {file} {key}={value}". Valid: on, off, 80, 8080.',
            ["edit beacon.conf port=8080"],
            id="wrong value",
        ),
    ],
)
def test_a_wrong_turn_is_explained_changes_nothing_and_can_be_put_right(
    before: list[str], wrong: str, error: str, message: str, correction: list[str]
) -> None:
    steps = play(SCRIPT, [*before, wrong, *correction], variation=FROM_HOME)
    last, refused = steps[len(before) - 1], steps[len(before)]
    assert (refused.error, refused.message) == (error, message)
    assert (refused.state, refused.progress) == (last.state, last.progress)
    assert [step.error for step in steps[len(before) + 1 :]] == [None] * len(correction)


def test_a_directory_that_is_not_next_to_this_one_is_a_place_error() -> None:
    listed, refused = play(SCRIPT, ["ls", "cd etc"], variation=FROM_HOME)
    assert (refused.error, refused.state["player"]["at"]) == ("place", "home")
    assert refused.message == "cd: etc: no such directory in home. From here: .."
    assert listed.observation == "Files: notes.txt. Directories: .."


def test_the_service_says_one_after_the_other_why_it_does_not_start() -> None:
    start = "systemctl start beacon"
    steps = play(
        SCRIPT,
        [
            *["cd ..", start, "cd var", *READ_LOG, *REMOVE_PID, start],
            *[*TO_THE_SETTINGS, *CONFIGURE[:4], start, CONFIGURE[4], start, start],
        ],
        variation=FROM_HOME,
    )
    assert [(step.error, step.message) for step in steps if step.action == start] == [
        (
            "logic",
            "systemctl: beacon did not start; a process file of an earlier run still claims to be alive. See the log.",
        ),
        ("logic", "systemctl: beacon started and left at once; its configuration tells it to stay off."),
        ("logic", "systemctl: beacon could not bind its port; another service listens there."),
        (None, ""),
        ("logic", "systemctl: beacon is running already."),
    ]


def test_the_log_and_the_notes_tell_what_is_wrong_and_what_is_wanted() -> None:
    (notes,) = play(SCRIPT, ["cat notes.txt"], variation=FROM_HOME)
    assert "Ours is 8080." in notes.observation
    (log,) = play(SCRIPT, ["cat ./beacon.log"], variation=FROM_LOG)
    for reason in ("mode is off", "port 80 is taken", "beacon.pid is left over"):
        assert reason in log.observation


def test_a_running_service_keeps_a_process_file_that_only_its_stop_removes() -> None:
    up = [*PLANS[FROM_LOG][:-1], "cd ..", "cd ..", "cd var", "cd run"]
    steps = play(SCRIPT, [*up, "rm beacon.pid", "systemctl stop beacon", "ls"], variation=FROM_LOG)
    started, refused, stopped, listed = steps[len(PLANS[FROM_LOG]) - 2], *steps[-3:]
    assert started.observation.splitlines() == ["beacon is up.", "A fresh beacon.pid appears in run."]
    assert (started.state["beacon.pid"]["at"], stopped.state["beacon.pid"]["at"]) == ("run", None)
    assert (refused.error, refused.message) == (
        "logic",
        "rm: beacon.pid belongs to a running process; stop beacon before you delete it.",
    )
    assert (stopped.error, stopped.state["beacon"]["running"]) == (None, False)
    assert listed.observation == "Files: nothing. Directories: .."


def test_a_backup_of_the_new_settings_does_not_count() -> None:
    *_, edited, copied = play(
        SCRIPT, [*AT_SETTINGS, "chmod +w beacon.conf", CONFIGURE[3], CONFIGURE[1]], variation=FROM_HOME
    )
    assert copied.state["beacon.conf.bak"] == {"at": "beacon.d", "mode": "on"}
    assert (copied.error, copied.reward, edited.progress) == (None, 0, pytest.approx(1 / 6))


def test_without_a_backup_a_beacon_that_answers_is_not_enough() -> None:
    hasty = [action for action in PLANS[FROM_LOG] if not action.startswith("cp")]
    answered = play(SCRIPT, hasty, variation=FROM_LOG)[-1]
    assert answered.observation == "The beacon answers: light steady, bearing true."
    assert (answered.success, answered.terminated, answered.progress) == (False, False, pytest.approx(5 / 6))


def test_an_unlocked_configuration_is_not_left_as_it_was_found() -> None:
    *_, answered, locked = play(
        SCRIPT,
        [*PLANS[FROM_LOG][:-3], *START, "chmod -w beacon.conf"],
        variation=FROM_LOG,
    )
    assert (answered.success, answered.state["beacon.conf"]["writable"]) == (False, True)
    assert (locked.success, locked.progress) == (True, 1.0)


def test_a_deleted_configuration_loses() -> None:
    steps = play(SCRIPT, [*AT_SETTINGS, CONFIGURE[1], "rm -f beacon.conf"], variation=FROM_HOME)
    assert [step.error for step in steps] == [None] * 6
    assert [step.terminated for step in steps] == [False] * 5 + [True]
    lost = steps[-1]
    assert lost.observation.splitlines() == [
        "beacon.conf is gone.",
        "A watchdog finds beacon.conf missing and locks the beacon service for the night.",
    ]
    assert lost.state["beacon.conf"]["at"] is None
    assert (lost.success, lost.progress) == (False, pytest.approx(1 / 6))


def test_further_refusals_say_what_is_missing() -> None:
    actions = [
        "cat notes.txt",
        "chmod +w beacon.conf",
        "edit beacon.conf mode=on",
        "rm beacon.pid",
        "systemctl stop beacon",
        "systemctl restart beacon",
        "systemctl start ticketd",
        "curl localhost:443",
        *AT_SETTINGS,
        "chmod +w beacon.conf",
        "edit beacon.conf mode=off",
    ]
    steps = play(SCRIPT, actions, variation=FROM_HOME)
    assert {step.action: (step.error, step.message) for step in steps if step.error} == {
        "chmod +w beacon.conf": ("place", "chmod: beacon.conf: no such file in home."),
        "edit beacon.conf mode=on": ("place", "edit: beacon.conf: no such file in home."),
        "rm beacon.pid": ("place", "rm: beacon.pid: no such file in home."),
        "systemctl stop beacon": ("logic", "systemctl: beacon is not running."),
        "systemctl restart beacon": (
            "parameter",
            '"restart" is not a valid verb for "systemctl {verb} {service}". Valid: start, stop, status.',
        ),
        "systemctl start ticketd": (
            "parameter",
            '"ticketd" is not a valid service for "systemctl {verb} {service}". Valid: beacon.',
        ),
        "curl localhost:443": (
            "parameter",
            '"localhost:443" is not a valid address for "curl {address}". Valid: localhost:80, localhost:8080.',
        ),
        "edit beacon.conf mode=off": ("logic", "edit: mode is off already."),
    }
