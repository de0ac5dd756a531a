"""Verification: what was played verifies clean, whoever played it, and what the rules say where nothing can be played."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trpg_env import rollout, verify
from trpg_env.agents import ErringAgent, PlannerAgent, RandomAgent, Turn
from trpg_env.dm import RulesDM
from trpg_env.llm.errors import ContextTooLong
from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, ScriptError, library
from trpg_env.script.instruction import instruction
from trpg_env.trajectory import (
    DMTurn,
    EpisodeError,
    Participant,
    PlayerTurn,
    Trajectory,
    Verifier,
    episode_id,
)
from trpg_env.trajectory.model import Parent

HANGS = "def validate(action, params, state):\n    while params['word'] == 'loop':\n        pass\n    return True\n"
BY_STATE = "def validate(action, params, state):\n    return state['player']['at'] == params['word']\n"


@pytest.fixture(scope="module")
def verifier(sandbox: Sandbox) -> Verifier:
    return Verifier(sandbox)


def places(faults: list[Any]) -> list[str]:
    return [fault.place for fault in faults]


@pytest.mark.parametrize("name", library())
@pytest.mark.parametrize("agent", [PlannerAgent, ErringAgent, RandomAgent])
def test_what_was_played_verifies_clean(
    name: str, agent: Any, load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    script = load(name)
    if script.grounded:
        for trajectory in rollout(script, agent(), 2, 11, luck=1, sandbox=sandbox):
            assert verifier.verify(trajectory, script) == []
            assert verifier.verify(json.loads(trajectory.model_dump_json()), script) == []


def test_a_limit_of_ones_own_verifies_clean(
    load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    script = load("ship")
    played = list(rollout(script, RandomAgent(), 3, max_turns=4, sandbox=sandbox))
    assert {t.outcome for t in played} == {"truncated"}
    assert [verifier.verify(t, script) for t in played] == [[], [], []]


def test_any_text_as_an_action_verifies_clean(
    load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    texts = iter(
        ["", "  TAKE   tomato ", "\ud800\0\u2028", "x" * 5_000, "go\nwest", "ask Ines about \udfff" * 3]
    )

    def player(observation: str, info: dict[str, Any]) -> str:
        return next(texts, "look")

    for trajectory in rollout(load("cool-tomato"), player, 1, sandbox=sandbox):
        assert verifier.verify(trajectory, load("cool-tomato")) == []


class Poet(RulesDM):
    kind = "poet"

    def answer(self, world: Any, before: Any, ruling: Any) -> Any:
        return super().answer(world, before, ruling)._replace(observation=f"Lo! {ruling.observation}")


def test_another_dms_words_are_its_own_and_its_worlds_state_is_not(
    load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    script = load("cool-tomato")
    [played] = rollout(script, ErringAgent(), 1, dm=Poet(), sandbox=sandbox)
    assert verifier.verify(played, script) == []
    record = json.loads(played.model_dump_json())
    record["turns"][2]["observation"] = record["turns"][2]["thought"] = "Anything."
    assert verifier.verify(record, script) == []
    record["turns"][2]["state_hash"] = "00"
    assert places(verifier.verify(record, script)) == ["turns[2].state_hash"]


def test_the_function_loads_the_script_and_starts_a_sandbox_itself(sandbox: Sandbox) -> None:
    [played] = rollout("cool-tomato", PlannerAgent(), 1, sandbox=sandbox)
    assert verify(played, "cool-tomato") == []
    assert verify(played.model_copy(update={"outcome": "failed"}), "cool-tomato", sandbox=sandbox)
    with pytest.raises(ScriptError):
        verify(played, "no-such-script", sandbox=sandbox)
    with pytest.raises(TypeError, match="not a list"):
        verify([played], "cool-tomato", sandbox=sandbox)  # type: ignore[arg-type]


def test_a_script_that_is_only_a_mapping_verifies(
    tiny: dict[str, Any], load: Callable[[Any], Script], sandbox: Sandbox
) -> None:
    [played] = rollout(load(tiny), PlannerAgent(), 1, sandbox=sandbox)
    assert played.script is None
    assert verify(played, tiny, sandbox=sandbox) == []


@pytest.mark.parametrize(
    ("named", "family"),
    [
        ({}, "file"),
        ({"Family": ""}, "file"),
        ({"Name": "own"}, "own"),
        ({"family": "kin"}, "kin"),
        ({"name": "own", "family": "kin"}, "kin"),
    ],
    ids=str,
)
def test_a_family_is_the_scripts_own_else_its_name_else_its_files_when_it_was_played(
    named: dict[str, Any],
    family: str,
    tiny: dict[str, Any],
    load: Callable[[Any], Script],
    verifier: Verifier,
    sandbox: Sandbox,
    tmp_path: Path,
) -> None:
    data = tiny | named
    (tmp_path / "file.json").write_text(json.dumps(data))
    (tmp_path / "moved.json").write_text(json.dumps(data))
    editions = [load(tmp_path / "file.json"), load(tmp_path / "moved.json"), load(data)]
    from_file = next(rollout(editions[0], PlannerAgent(), 1, sandbox=sandbox))
    from_mapping = next(rollout(editions[2], PlannerAgent(), 1, sandbox=sandbox))
    assert from_file.family == family
    for played in (from_file, from_mapping):
        for edition in editions:
            assert verifier.verify(played, edition) == []
            forged = played.model_copy(update={"family": "garden"})
            assert places(verifier.verify(forged, edition)) == ["family"]


def test_a_library_script_without_a_name_of_its_own_goes_by_its_files(
    load: Callable[[Any], Script], verifier: Verifier, tmp_path: Path
) -> None:
    script = load("unix-admin")
    played = written(script, {"action": "ls"}).model_copy(update={"script": "unix-admin"})
    (tmp_path / "copy.json").write_bytes(library()["unix-admin"].read_bytes())
    assert verifier.verify(played, script) == verifier.verify(played, load(tmp_path / "copy.json"))
    assert "script" not in places(verifier.verify(played, script))
    for name in ("night-train", "nobody"):
        other = played.model_copy(update={"script": name})
        assert "script" in places(verifier.verify(other, script))
    other = played.model_copy(update={"script": "nobody", "family": "nobody"})
    assert "script" in places(verifier.verify(other, load(tmp_path / "copy.json")))


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({}, "id"),
        ({"turns": [{"role": "DM"}]}, "turns[0].turn"),
        ({"turns": [{"role": "Narrator"}]}, "turns[0]"),
        ({"turns": 7}, "turns"),
        ({"x" * 500: 1}, "x" * 60),
        ({"id": "\x1b[2J" * 100}, "script"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_mapping_that_is_no_trajectory_has_faults(
    record: dict[str, Any], place: str, load: Callable[[Any], Script], verifier: Verifier
) -> None:
    faults = verifier.verify(record, load("cool-tomato"))
    assert place in places(faults)
    for fault in faults:
        assert fault.message.startswith("episode ")
        assert ": not a trajectory: " in fault.message
        assert str(fault).isprintable()
        assert len(str(fault)) < 400


def test_scripts_are_dropped_when_there_are_too_many(
    tiny: dict[str, Any], load: Callable[[Any], Script], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trpg_env.trajectory.verification.MAX_SCRIPTS", 2)
    verifier = Verifier(sandbox)
    scripts = [load({**tiny, "name": f"tiny {i}"}) for i in range(4)]
    played = [next(rollout(script, PlannerAgent(), 1, sandbox=sandbox)) for script in scripts]
    for _ in range(2):
        assert [verifier.verify(t, s) for t, s in zip(played, scripts, strict=True)] == [[]] * 4
    assert len(verifier._editions) == 2


# Episodes that broke.


def breaking(after: int) -> Callable[..., str]:
    def player(observation: str, info: dict[str, Any]) -> str:
        if info["turn"] == after:
            raise OSError("the model is gone")
        return "take tomato"

    return player


@pytest.mark.parametrize("after", [0, 3])
def test_an_episode_whose_player_broke_is_played_again_to_its_end(
    after: int, load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    script = load("cool-tomato")
    [played] = rollout(script, breaking(after), 1, sandbox=sandbox)
    assert (played.outcome, len(played.turns)) == ("error", 2 * after + 1)
    assert verifier.verify(played, script) == []
    forged = [*played.turns[:-1], played.turns[-1].model_copy(update={"state_hash": "00"})]
    assert places(verifier.verify(played.model_copy(update={"turns": forged}), script)) == [
        f"turns[{2 * after}].state_hash"
    ]
    assert places(verifier.verify(played.model_copy(update={"error": None}), script)) == ["error"]


def test_an_error_after_the_end_of_play_is_found(
    load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    script = load("cool-tomato")
    [played] = rollout(script, RandomAgent(), 1, max_turns=5, sandbox=sandbox)
    error = EpisodeError(kind="player", message="gone")
    forged = played.model_copy(update={"outcome": "error", "error": error})
    assert places(verifier.verify(forged, script)) == ["outcome"]


@pytest.fixture
def talker(tiny: dict[str, Any], load: Callable[[Any], Script]) -> Script:
    tiny["available_actions"]["say {word}"] = {
        "verification_code": HANGS,
        "parameters": {"word": {"any": ["hello"]}},
        "effects": ["player.said += word"],
    }
    return load(tiny)


def saying(*texts: str) -> Callable[..., str]:
    rest = list(texts)
    return lambda observation, info: rest.pop(0)


def test_what_came_before_a_check_that_did_not_answer_is_played_again(
    talker: Script, verifier: Verifier, sandbox: Sandbox
) -> None:
    [played] = rollout(talker, saying("say hello", "take ball", "say loop"), 1, sandbox=sandbox)
    assert played.error is not None
    assert played.error.kind == "timeout"
    assert verifier.verify(played, talker) == []
    for i, key, value in [
        (2, "state_hash", "00"),
        (6, "observation", "You say loop."),
        (6, "logic_error", True),
        (6, "progress", 1.0),
    ]:
        turns = [*played.turns]
        turns[i] = turns[i].model_copy(update={key: value})
        found = places(verifier.verify(played.model_copy(update={"turns": turns}), talker))
        assert f"turns[{i}]" in found[-1]


def test_a_check_that_answers_this_time_proves_nothing(
    talker: Script, verifier: Verifier, sandbox: Sandbox
) -> None:
    [played] = rollout(talker, saying("say hello", "say loop"), 1, sandbox=sandbox)
    turns = [*played.turns]
    turns[3] = turns[3].model_copy(update={"action": "say hello"})
    assert verifier.verify(played.model_copy(update={"turns": turns}), talker) == []


def test_an_error_of_a_check_is_not_put_on_a_turn_that_was_played(
    load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    script = load("cool-tomato")
    [played] = rollout(script, PlannerAgent(), 1, sandbox=sandbox)
    for turns in (played.turns[:3], played.turns[:1]):
        last = turns[-1]
        assert isinstance(last, DMTurn)
        forged = played.model_copy(
            update={
                "turns": turns,
                "success": False,
                "progress": last.progress,
                "outcome": "error",
                "error": EpisodeError(kind="timeout", message="slow"),
            }
        )
        assert places(verifier.verify(forged, script)) == [f"turns[{len(turns) - 1}]"]


def test_a_check_that_does_not_answer_in_an_episode_that_went_on_is_said(
    talker: Script, verifier: Verifier, sandbox: Sandbox
) -> None:
    [played] = rollout(talker, saying("say hello", "win"), 1, sandbox=sandbox)
    turns = [*played.turns]
    turns[1] = turns[1].model_copy(update={"action": "say loop"})
    [fault] = verifier.verify(played.model_copy(update={"turns": turns}), talker)
    assert fault.place == "turns[2]"
    assert "did not answer (timeout)" in fault.message


def test_an_episode_of_which_nothing_is_left_verifies_clean(
    load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    class Mute(Poet):
        def open(self, world: Any, state: Any, fate: Any) -> Any:
            raise ValueError("no words")

    script = load("cool-tomato")
    [played] = rollout(script, PlannerAgent(), 1, dm=Mute(), sandbox=sandbox)
    assert played.outcome == "error"
    assert verifier.verify(played, script) == []


# Where nothing can be played: narrative scripts, and trajectories that a model wrote.

NARRATIVE: dict[str, Any] = {
    "Environment": {"documents": {"info.txt": {}}, "shell": "A plain terminal."},
    "Goal": "Edit config.cfg to set mode=on.",
    "Completion Conditions": ["config.cfg holds mode=on.", "You are home."],
    "Available Actions": {
        "cd {path}": {"verification code": r"^\s*cd\s+(.*?)\s*$", "parameters": {"path": ["home", "user"]}},
        "ls": {"verification code": "^ls$", "parameters": {}},
        "say {word}": {
            "verification code": "def validate(action, params, state):\n    return params['word'] != 'no'\n",
            "parameters": {},
        },
    },
}


def written(script: Script, *answers: dict[str, Any], source: str = "rollout", **changes: Any) -> Trajectory:
    """A trajectory of the answers to `action`s, as a model writes it."""
    turns: list[DMTurn | PlayerTurn] = []
    said: dict[str, Any] = {"thought": "Hm.", "observation": "You see.", "message": "", "state_hash": ""}
    said |= dict.fromkeys(("parameter_error", "place_error", "logic_error"), False)
    said |= {"progress": 0.0, "completed": []}
    turns.append(DMTurn(turn=0, **said))
    for answer in answers:
        said |= dict.fromkeys(("parameter_error", "place_error", "logic_error"), False) | {"completed": []}
        said |= {key: value for key, value in answer.items() if key != "action"}
        turns.append(PlayerTurn(turn=len(turns), thought="So.", action=answer.get("action", "ls")))
        turns.append(DMTurn(turn=len(turns), **said))
    player, dm = Participant(kind="llm", model="m"), Participant(kind="llm", model="m")
    record: dict[str, Any] = {
        "id": episode_id(script.hash, 0, 0, len(answers), player, dm, changes.get("parent")),
        "script": None,
        "script_hash": script.hash,
        "family": script.family,
        "seed": 0,
        "luck": 0,
        "source": source,
        "player": player,
        "dm": dm,
        "instruction": instruction(script, len(answers)),
        "turns": turns,
        "success": False,
        "progress": said["progress"],
        "outcome": "truncated",
    }
    return Trajectory.model_validate(record | changes)


@pytest.fixture(scope="module")
def shell(load: Callable[[Any], Script]) -> Script:
    return load(NARRATIVE)


WELL = [
    {"action": "cd home", "progress": 0.5, "completed": [1], "state_hash": "b"},
    {"action": "fly", "parameter_error": True, "completed": [1]},
    {"action": "cd nowhere", "parameter_error": True, "completed": [1]},
    {"action": "say no", "parameter_error": True, "completed": [1]},
    {"action": "say yes", "place_error": True, "logic_error": True, "completed": [1]},
    {"action": "ls", "progress": 1.0, "completed": [0, 1], "state_hash": "c"},
]


@pytest.mark.parametrize("source", ["rollout", "synthesis"])
def test_a_narrative_trajectory_that_keeps_the_rules_verifies_clean(
    source: str, shell: Script, verifier: Verifier
) -> None:
    done = {"success": True, "outcome": "completed"}
    assert verifier.verify(written(shell, *WELL, source=source, **done), shell) == []


@pytest.mark.parametrize("action", ["fly", "cd nowhere", "say no", "", "x" * 5_000])
@pytest.mark.parametrize("source", ["rollout", "synthesis"])
def test_an_action_that_is_none_must_be_a_parameter_error(
    action: str, source: str, shell: Script, verifier: Verifier
) -> None:
    for answer in ({}, {"logic_error": True}):
        trajectory = written(shell, {"action": "ls"}, {"action": action, **answer}, source=source)
        [fault] = verifier.verify(trajectory, shell)
        assert fault.place == "turns[4].parameter_error"
        assert "matches no action's verification code" in fault.message


def test_verification_code_decides_the_parameter_errors_of_rollouts_alone(
    shell: Script, verifier: Verifier
) -> None:
    answers = {"action": "cd home"}, {"action": "ls", "parameter_error": True}
    assert places(verifier.verify(written(shell, *answers), shell)) == ["turns[4].parameter_error"]
    assert verifier.verify(written(shell, *answers, source="synthesis"), shell) == []


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ([{"action": "fly", "parameter_error": True, "place_error": True}], "turns[2]"),
        ([{}, {"message": "What is wrong?"}], "turns[4].message"),
        ([{"progress": 0.5}, {"progress": 0.25}], "turns[4].progress"),
        ([{"progress": 1.5}, {"progress": 1.5}], "turns[2].progress"),
        ([{"progress": -0.5}], "turns[2].progress"),
        ([{"completed": [2]}], "turns[2].completed"),
        ([{"completed": [-1]}], "turns[2].completed"),
        ([{"completed": [1, 0]}], "turns[2].completed"),
        ([{"completed": [0, 0]}], "turns[2].completed"),
    ],
    ids=str,
)
def test_what_no_dms_turn_may_say_is_found_at_the_first_of_them(
    answers: list[dict[str, Any]], place: str, shell: Script, verifier: Verifier
) -> None:
    for source in ("rollout", "synthesis"):
        assert places(verifier.verify(written(shell, *answers, {}, source=source), shell)) == [place]


@pytest.mark.parametrize(
    ("at", "change", "place"),
    [
        (1, {"completed": [0, 1]}, "turns[4].completed"),
        (1, {"completed": []}, "turns[4].completed"),
        (1, {"progress": 0.75}, "turns[4].progress"),
        (4, {"state_hash": "z"}, "turns[10].state_hash"),
        (5, {"completed": [0]}, "turns[12].completed"),
        (0, {"progress": 0.25}, "turns[2].progress"),
        (0, {"completed": []}, "turns[2].progress"),
    ],
    ids=str,
)
def test_what_a_narrative_world_never_does_is_found_in_rollouts_alone(
    at: int, change: dict[str, Any], place: str, shell: Script, verifier: Verifier
) -> None:
    answers = [*WELL]
    answers[at] = answers[at] | change
    done = {"success": True, "outcome": "completed"}
    assert places(verifier.verify(written(shell, *answers, **done), shell)) == [place]
    written_by_a_model = written(shell, *answers, source="synthesis", **done)
    assert verifier.verify(written_by_a_model, shell) == []


def test_progress_that_is_no_number_is_found(shell: Script, verifier: Verifier) -> None:
    found = places(verifier.verify(written(shell, {"progress": float("nan")}), shell))
    assert "turns[2].progress" in found


def test_success_wants_every_condition_completed_at_some_time(shell: Script, verifier: Verifier) -> None:
    answers = (
        {"completed": [0], "progress": 0.5},
        {"action": "fly", "parameter_error": True, "completed": [1]},
    )
    trajectory = written(shell, *answers, {"progress": 1.0}, success=True, outcome="completed")
    [fault] = verifier.verify(trajectory, shell)
    assert fault.place == "success"
    assert "condition 1 is never completed" in fault.message


def test_a_rollout_has_no_more_turns_than_its_limit_and_is_not_truncated_before(
    shell: Script, verifier: Verifier
) -> None:
    def limited(turns: int, source: str = "rollout") -> list[str]:
        trajectory = written(shell, {}, {}, {}, source=source, instruction=instruction(shell, turns))
        of = (trajectory.script_hash, 0, 0, turns, trajectory.player, trajectory.dm)
        return places(verifier.verify(trajectory.model_copy(update={"id": episode_id(*of)}), shell))

    assert limited(3) == []
    assert limited(2) == ["turns[5]"]
    assert limited(4) == ["outcome"]
    assert limited(2, "synthesis") == limited(4, "synthesis") == []


def test_an_episode_is_truncated_before_its_limit_where_a_context_was_full_and_only_there(
    shell: Script, load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    def full(observation: str, info: dict[str, Any]) -> str:
        if info["turn"] == 3:
            raise ContextTooLong("full")
        return "ls"

    [played] = rollout(load("cool-tomato"), full, 1, sandbox=sandbox)
    assert (played.outcome, len(played.exchanges())) == ("truncated", 3)
    assert verifier.verify(played, load("cool-tomato")) == []
    unsaid = played.model_copy(update={"usage": {"context_too_long": 0}})
    assert places(verifier.verify(unsaid, load("cool-tomato"))) == ["outcome"]

    answers = [{}, {}]
    limits = {"instruction": instruction(shell, 5), "usage": {"context_too_long": 1}}
    early = written(shell, *answers, **limits)
    of = (early.script_hash, 0, 0, 5, early.player, early.dm)
    early = early.model_copy(update={"id": episode_id(*of)})
    assert verifier.verify(early, shell) == []
    assert places(verifier.verify(early.model_copy(update={"usage": {}}), shell)) == ["outcome"]


@pytest.mark.parametrize("kind", ["player", "player:timeout", "environment"])
def test_what_broke_without_an_action_leaves_all_actions_assessed(
    kind: str, shell: Script, load: Callable[[Any], Script], verifier: Verifier, sandbox: Sandbox
) -> None:
    error = EpisodeError(kind=kind, message="gone")
    unassessed = written(shell, {}, {"action": "fly"}, outcome="error", error=error)
    assert places(verifier.verify(unassessed, shell)) == ["turns[4].parameter_error"]
    [played] = rollout(load("cool-tomato"), breaking(2), 1, sandbox=sandbox)
    assert verifier.verify(played.model_copy(update={"error": error}), load("cool-tomato")) == []


@pytest.mark.parametrize("kind", ["dm", "dm:timeout", "timeout"])
def test_where_a_model_broke_the_last_action_is_not_assessed(
    kind: str, shell: Script, verifier: Verifier
) -> None:
    error = EpisodeError(kind=kind, message="gone")
    trajectory = written(shell, {}, {"action": "fly"}, outcome="error", error=error)
    assert verifier.verify(trajectory, shell) == []
    early = written(shell, {"action": "fly"}, {}, outcome="error", error=error)
    assert places(verifier.verify(early, shell)) == ["turns[2].parameter_error"]


def test_a_check_that_does_not_answer_leaves_a_narrative_turn_unverified(
    load: Callable[[Any], Script], verifier: Verifier
) -> None:
    actions = {"say {word}": {"verification code": HANGS, "parameters": {}}}
    script = load(NARRATIVE | {"Available Actions": actions})
    [fault] = verifier.verify(written(script, {"action": "say yes"}, {"action": "say loop"}), script)
    assert (fault.place, "(timeout)" in fault.message) == ("turns[4].parameter_error", True)


def test_a_written_trajectory_of_a_grounded_script_is_not_played(
    load: Callable[[Any], Script], verifier: Verifier
) -> None:
    script = load("cool-tomato")
    answers = [
        {"action": "take tomato"},
        {"action": "take tomato"},
        {"action": "go west", "place_error": True},
    ]
    assert verifier.verify(written(script, *answers, source="synthesis"), script) == []
    wrong = written(script, *answers, {"action": "fly"}, source="synthesis")
    assert places(verifier.verify(wrong, script)) == ["turns[8].parameter_error"]
    assert "turns[0].thought" not in places(verifier.verify(wrong, script))


def test_what_hangs_on_a_state_that_nobody_knows_is_not_decided(
    tiny: dict[str, Any], load: Callable[[Any], Script], verifier: Verifier
) -> None:
    tiny["available_actions"]["say {word}"] = {
        "verification_code": BY_STATE,
        "parameters": {"word": ["hall", "den"]},
    }
    script = load(tiny)
    answers = [{"action": "say hall"}, {"action": "say den"}, {"action": "say den", "parameter_error": True}]
    assert verifier.verify(written(script, *answers, source="synthesis"), script) == []
    wrong = written(script, {"action": "fly"}, source="synthesis")
    assert places(verifier.verify(wrong, script)) == ["turns[2].parameter_error"]


def test_the_rules_dm_writes_no_trajectories(shell: Script, verifier: Verifier) -> None:
    trajectory = written(shell, {}, source="synthesis", dm=Participant(kind="rules"))
    assert places(verifier.verify(trajectory, shell)) == ["source"]


def test_a_branch_has_an_id_of_its_own(shell: Script, verifier: Verifier) -> None:
    trajectory = written(shell, {}, {}, parent=Parent(id="cd", turn=2))
    assert verifier.verify(trajectory, shell) == []
    strayed = trajectory.model_copy(update={"parent": Parent(id="cd", turn=5)})
    assert places(verifier.verify(strayed, shell)) == ["parent.turn", "id"]
    adopted = trajectory.model_copy(update={"parent": None})
    assert places(verifier.verify(adopted, shell)) == ["id"]


def test_a_turn_of_an_agent_is_what_it_did(load: Callable[[Any], Script], sandbox: Sandbox) -> None:
    class Chatty(PlannerAgent):
        def act(self, observation: str, info: Any) -> Turn:
            turn = super().act(observation, info)
            return Turn(turn.thought, turn.action, reasoning="long", reply="Thought: …")

    script = load("ship")
    [played] = rollout(script, Chatty(), 1, sandbox=sandbox)
    assert verify(played, script, sandbox=sandbox) == []
