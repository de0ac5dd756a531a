"""ALFWorld's games: what is played, told and measured, on the games that are at hand."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trpg_env.cli.main import main
from trpg_env.envs.game import GameEnv, Task
from trpg_env.suites import Data, DataError, benchmark, make
from trpg_env.suites.alfworld import BENCHMARK, TEMPLATES, Alfworld

DATA = Path(os.environ.get("TRPG_DATA", Path(__file__).resolve().parents[3] / "shared" / "heldout"))
GAMES = DATA / "alfworld" / "json_2.1.1" / "valid_unseen"
pytestmark = pytest.mark.skipif(
    not GAMES.is_dir(), reason="needs ALFWorld's games in the folder alfworld of TRPG_DATA"
)


@cache
def tasks() -> list[Task]:
    return list(BENCHMARK.tasks(Data(DATA), None))


def one_of_each() -> list[Task]:
    return list({task.family: task for task in tasks()}.values())


def begun(task: Task) -> Alfworld:
    game = Alfworld()
    game.begin(task, 0)
    return game


def called(*words: str) -> Task:
    return next(task for task in tasks() if all(word in task.name for word in words))


def played(game: Alfworld, *actions: str) -> Any:
    return [game.act(action) for action in actions][-1]


def walkthrough(task: Task) -> list[str]:
    found: list[str] = json.loads((GAMES / task.name / "game.tw-pddl").read_bytes())["walkthrough"]
    return found


def to_the_end(game: Alfworld) -> Any:
    told = None
    for _ in range(30):
        action = game.expert()
        if action is None:
            break
        told = game.act(action)
        assert told.error is None
    return told


def test_the_tasks_are_in_agentboards_order_and_of_its_six_kinds() -> None:
    found = tasks()
    assert [task.name for task in found] == sorted(task.name for task in found)
    assert len({task.hash for task in found}) == len(found)
    assert {task.family for task in found} <= {
        "pick_and_place_simple", "look_at_obj_in_light", "pick_clean_then_place_in_recep",
        "pick_heat_then_place_in_recep", "pick_cool_then_place_in_recep", "pick_two_obj_and_place",
    }  # fmt: skip
    assert {task.max_turns for task in found} == {30}


@pytest.mark.parametrize("seed", range(3))
def test_each_games_own_walkthrough_and_the_expert_win_with_full_progress(seed: int) -> None:
    for task in tasks()[seed::3]:
        game = begun(task)
        told = [game.act(action) for action in walkthrough(task)]
        assert told[-1].success
        assert told[-1].progress == 1
        assert not any(one.error or one.success for one in told[:-1])
        game.begin(task, 0)
        told = to_the_end(game)
        assert told.success
        assert told.progress == 1


def test_the_expert_wins_from_wherever_others_have_got_to() -> None:
    for task in one_of_each():
        for seed in range(4):
            game, rng = begun(task), np.random.default_rng(seed)
            wandered = [game.act(str(rng.choice(game.admissible()))) for _ in range(40)]
            house = game._house
            stuck = house.held and not any(house.layout.takes(one, house.held) for one in house.layout.kinds)
            assert wandered[-1].success or stuck or to_the_end(game).success


def test_what_fits_nowhere_can_be_picked_up_and_never_be_put_down() -> None:
    game = begun(called("pick_cool", "Lettuce", "174840_771703"))
    layout = game._house.layout
    (roll,) = [name for name in layout.objects if name.startswith("papertowelroll")]
    (home,) = game._house.homes(roll)
    played(game, f"go to {home}", f"open {home}")
    assert played(game, f"take {roll} from {home}").error is None
    assert game.expert() is None


def test_a_random_player_hardly_gets_anywhere() -> None:
    for task in one_of_each():
        game, rng = begun(task), np.random.default_rng(0)
        told = [game.act(game.sample(rng)) for _ in range(30)]
        assert not any(one.success for one in told)
        assert all(one.error != "parameter" for one in told)


def test_progress_is_agentboards_share_of_subgoals_found_in_observations() -> None:
    game = begun(called("pick_clean", "Bowl", "061130"))
    told = {
        action: game.act(action).progress for action in [*walkthrough(called("pick_clean", "Bowl", "061130"))]
    }
    assert told == {
        "go to countertop 3": 0.25,
        "take bowl 1 from countertop 3": 0.5,
        "go to sinkbasin 1": 0.5,
        "clean bowl 1 with sinkbasin 1": 0.75,
        "go to cabinet 4": 0.75,
        "move bowl 1 to cabinet 4": 1,
    }


def test_progress_once_made_is_not_lost() -> None:
    game = begun(called("pick_clean", "Bowl", "061130"))
    played(game, "go to countertop 3", "take bowl 1 from countertop 3")
    assert played(game, "move bowl 1 to countertop 3", "go to cabinet 1", "fly").progress == 0.5


@pytest.mark.parametrize(
    ("family", "subgoals", "difficulty"),
    [
        ("pick_and_place", ["a mug", "You pick up the mug"], "easy"),
        ("look_at_obj", ["a bowl", "You pick up the bowl", "a desklamp"], "hard"),
        ("pick_two", ["a cd", "You pick up the cd", "You move the cd"], "hard"),
        ("pick_heat", ["a apple", "You pick up the apple", "You heat the apple"], "hard"),
    ],
)
def test_subgoals_and_difficulty_hang_on_the_kind_of_task(
    family: str, subgoals: list[str], difficulty: str
) -> None:
    kinds = {"a mug": "Mug", "a bowl": "Bowl", "a cd": "CD", "a apple": "Apple"}
    task = called(family, f"-{kinds[subgoals[0]]}-")
    patterns = [pattern.pattern for pattern in begun(task)._subgoals]
    assert len(patterns) == len(subgoals)
    assert all(subgoal in pattern for subgoal, pattern in zip(subgoals, patterns, strict=True))
    assert task.difficulty == difficulty


@pytest.mark.parametrize(
    "written",
    [
        "move bowl 1 to cabinet 4",
        "put bowl 1 in/on cabinet 4",
        "put bowl 1 in cabinet 4",
        "put bowl 1 on cabinet 4",
        "  move bowl 1 to cabinet 4.\n",
    ],
)
def test_putting_is_understood_as_these_games_and_as_agentboard_write_it(written: str) -> None:
    game = begun(called("pick_clean", "Bowl", "061130"))
    played(game, *walkthrough(called("pick_clean", "Bowl", "061130"))[:-1])
    told = game.act(written)
    assert (told.success, told.name, dict(told.parameters)) == (
        True,
        "move",
        {"obj": "bowl 1", "recep": "cabinet 4"},
    )
    assert told.observation == "You move the bowl 1 to the cabinet 4."


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("fly to the moon", "parameter"),
        ("", "parameter"),
        ("Go to cabinet 1", "parameter"),
        ("go to cabinet 99", "parameter"),
        ("go to bowl 1", "parameter"),
        ("take cabinet 1 from countertop 3", "parameter"),
        ("open fridge 1", "place"),
        ("take bowl 1 from countertop 3", "place"),
        ("heat bowl 1 with microwave 1", "place"),
        ("move bowl 1 to sinkbasin 1", "logic"),
        ("open sinkbasin 1", "logic"),
        ("go to sinkbasin 1", "logic"),
        ("clean bowl 1 with sinkbasin 1", "logic"),
        ("examine bowl 1", "logic"),
    ],
)
def test_what_cannot_be_done_is_told_apart_and_changes_nothing(action: str, kind: str) -> None:
    game = begun(called("pick_clean", "Bowl", "061130"))
    played(game, "go to sinkbasin 1")
    before = game.state()
    told = game.act(action)
    assert (told.observation, told.error) == ("Nothing happens.", kind)
    assert told.message
    assert game.state() == before


def test_one_carries_one_thing_and_puts_it_only_where_it_fits() -> None:
    game = begun(called("pick_clean", "Bowl", "061130"))
    played(game, "go to countertop 3", "take bowl 1 from countertop 3")
    for action in game.admissible():
        assert not action.startswith("take")
    others = game._house.contents("countertop 3")
    assert game.act(f"take {others[0]} from countertop 3").message == "You carry bowl 1 already."
    assert played(game, "go to stoveburner 1", "move bowl 1 to stoveburner 1").error == "logic"


def test_look_tells_again_what_was_last_come_upon_as_in_agentboard() -> None:
    game = Alfworld()
    opening = game.begin(called("pick_clean", "Bowl", "061130"), 0).observation
    assert game.act("look").observation == opening
    seen = game.act("go to countertop 3").observation
    assert played(game, "take bowl 1 from countertop 3", "go to countertop 3", "look").observation == seen


def test_check_valid_actions_lists_what_can_be_done() -> None:
    game = begun(one_of_each()[0])
    assert game.act("check valid actions").observation == f"You can now: {', '.join(game.admissible())}."


def test_every_admissible_action_is_carried_out_and_no_other_is() -> None:
    for task in one_of_each():
        game = begun(task)
        played(game, *walkthrough(task)[:2])
        admissible = set(game.admissible())
        layout, held = game._house.layout, game._house.held or "knife 1"
        every = {
            one.format(recep=recep, thing=recep)
            for one in TEMPLATES.values()
            for recep in layout.receptacles
            if "obj" not in one
        }
        every |= {
            f"{do} {held} {word} {recep}"
            for do, word in (
                ("take", "from"),
                ("move", "to"),
                ("heat", "with"),
                ("cool", "with"),
                ("clean", "with"),
            )
            for recep in layout.receptacles
        }
        before = game.state()
        for action in every - admissible:
            assert game.act(action).error is not None
        assert game.state() == before
        for action in sorted(admissible)[::4]:
            again = begun(task)
            assert played(again, *walkthrough(task)[:2], action).error is None


def test_samples_are_templates_filled_with_the_episodes_things() -> None:
    game, rng = begun(one_of_each()[0]), np.random.default_rng(1)
    assert len(game.entities()) == len(set(game.entities()))
    for action in {game.sample(rng) for _ in range(200)}:
        told = game.act(action)
        assert told.error != "parameter"
        assert told.name in TEMPLATES
        assert set(told.parameters.values()) <= set(game.entities())


def test_states_tell_worlds_apart_and_not_turns() -> None:
    game = begun(called("pick_clean", "Bowl", "061130"))
    start = game.state()
    assert played(game, "inventory", "fly", "look").error is None
    assert game.state() == start
    there = [game.act("go to countertop 3"), game.state()][1]
    held = [game.act("take bowl 1 from countertop 3"), game.state()][1]
    assert len({start, there, held}) == 3
    game.act("move bowl 1 to countertop 3")
    assert game.state() == there


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=60), st.sampled_from(["take mug 1 from " * 400, "go to \ud800 1", "open \x00"])
        )
    )
)
def test_no_text_makes_it_raise(texts: list[str]) -> None:
    game = begun(one_of_each()[0])
    for text in texts:
        assert game.act(text).error in (None, "parameter", "place", "logic")


def test_a_game_leaves_nothing_behind_for_the_next_one() -> None:
    one, other = one_of_each()[:2]
    game = begun(one)
    to_the_end(game)
    used = [game.begin(other, 0), game.state(), *(game.act(action) for action in walkthrough(other))]
    fresh = Alfworld()
    assert used == [
        fresh.begin(other, 0),
        fresh.state(),
        *(fresh.act(action) for action in walkthrough(other)),
    ]


def test_a_game_is_the_same_in_every_process() -> None:
    code = (
        "import sys, numpy as np; from trpg_env.suites import Data; from trpg_env.suites.alfworld import BENCHMARK, Alfworld\n"
        "task = BENCHMARK.tasks(Data(sys.argv[1]), None)[0]; game = Alfworld(); rng = np.random.default_rng(0)\n"
        "print(task.hash, game.begin(task, 0))\n"
        "for _ in range(50): print(game.act(str(rng.choice(game.admissible()))), game.act(game.sample(rng)), game.state())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code, str(DATA)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_it_passes_gymnasiums_own_check() -> None:
    env = gym.make("TRPG/alfworld-v0", data=str(DATA), admissible_actions=True)
    check_env(env.unwrapped, skip_render_check=True)
    observation, info = env.reset(seed=3)
    assert "Your" not in observation.splitlines()[0]
    assert info["admissible_actions"]
    assert isinstance(env.unwrapped, GameEnv)


def test_the_instruction_tells_goal_and_actions_and_no_hidden_thing() -> None:
    env = make("alfworld", data=DATA, task=called("pick_clean", "Bowl", "061130").name)
    observation, _ = env.reset(seed=0)
    assert observation.startswith(
        "You are in a house, and have a task in it: clean some bowl and put it in cabinet.\n"
    )
    assert "bowl 1" not in observation
    for template in TEMPLATES.values():
        assert template.split(" {")[0] in observation or template == "help"


def test_evaluate_plays_it_from_end_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRPG_DATA", str(DATA))
    for player in ("random", "expert"):
        out = tmp_path / player
        assert (
            main(["evaluate", "--suite", "alfworld", "-n", "2", "--player", player, "--out", str(out)]) == 0
        )
        results = json.loads((out / "results.json").read_text())
        assert results["suite"]["split"] == "valid_unseen"
    assert "alfworld" in capsys.readouterr().out


def copied(to: Path, **changed: Any) -> Data:
    task = one_of_each()[0]
    game = json.loads((GAMES / task.name / "game.tw-pddl").read_bytes())
    folder = to / "alfworld/json_2.1.1/valid_unseen" / task.name
    folder.mkdir(parents=True)
    (folder / "game.tw-pddl").write_text(
        json.dumps({**game, **{k: change(game[k]) for k, change in changed.items()}})
    )
    return Data(to)


def test_the_first_release_of_the_games_is_the_same_task(tmp_path: Path) -> None:
    def older(grammar: str) -> str:
        grammar = grammar[: grammar.index("action help")]
        grammar = grammar.replace("You arrive at {r.name}.", "You arrive at {lend.name}.")
        grammar = grammar.replace("move {o} to {r}", "put {o} in/on {r}")
        return grammar.replace(
            "You move the {o.name} to the {r.name}.", "You put the {o.name} in/on the {r.name}."
        )

    def without_help(domain: str) -> str:
        return domain[: domain.index("(:action help")] + ")"

    (task,) = BENCHMARK.tasks(copied(tmp_path, grammar=older, pddl_domain=without_help), None)
    assert task.hash == one_of_each()[0].hash


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"grammar": lambda text: text.replace("You close", "You shut")},
            "has other rules or texts than ALFWorld's games",
        ),
        (
            {"pddl_domain": lambda text: text.replace("(openable ?r)", "")},
            "has other rules or texts than ALFWorld's games",
        ),
        ({"grammar": lambda text: text.replace("o.name", "__import__('os')")}, "has other rules or texts"),
        (
            {"pddl_problem": lambda text: text.replace("holds ?a ?o", "opened ?r")},
            "its goal is not that of a task of the kind look",
        ),
        (
            {"grammar": lambda text: text.replace("Your task is to: ", "Your task is to: \x1b[2J")},
            "has other rules or texts",
        ),
        ({"grammar": lambda text: text.replace("You close", "\ud800")}, "has other rules or texts"),
        ({"solvable": lambda solvable: False}, "has no game that can be won"),
        ({"grammar": lambda text: 3}, "'grammar' is to be a str"),
    ],
)
def test_games_that_are_not_alfworlds_are_refused_and_nothing_in_them_is_run(
    tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        BENCHMARK.tasks(copied(tmp_path, **changed), None)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_file_that_is_no_game_is_refused_by_name(tmp_path: Path, text: str) -> None:
    data = copied(tmp_path)
    path = next(tmp_path.rglob("game.tw-pddl"))
    path.write_text(text)
    with pytest.raises(DataError, match=r"game\.tw-pddl is no game of ALFWorld"):
        BENCHMARK.tasks(data, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("(atLocation agent1", "(nowhere agent1"), "where the player is"),
        (
            lambda text: text.replace("(receptacleType ", "(rtype ", 1),
            "do not each have a kind, a spot and a name",
        ),
        (lambda text: text.replace("(:init", "(:start"), "has no"),
        (
            lambda text: text.replace("(:init", "(:init (opened) (isClean a b) (inReceptacle) (atLocation)"),
            None,
        ),
    ],
)
def test_facts_that_do_not_fit_together_are_told_when_the_game_begins(
    tmp_path: Path, change: Any, says: str | None
) -> None:
    (task,) = BENCHMARK.tasks(copied(tmp_path, pddl_problem=change), None)
    if says is None:
        assert begun(task).expert()
    else:
        with pytest.raises(DataError, match=says):
            begun(task)


def test_a_missing_split_says_where_to_get_the_games(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"valid_seen is not there; get it from ALFWorld's releases .*json_2\.1\.2"
    ):
        BENCHMARK.tasks(Data(tmp_path), "valid_seen")


def test_games_that_alfworld_leaves_out_are_left_out(tmp_path: Path) -> None:
    data = copied(tmp_path)
    kept = tmp_path / "alfworld/json_2.1.1/valid_unseen"
    (game,) = kept.rglob("game.tw-pddl")
    for name in (
        "pick_and_place_with_movable_recep-Mug-None-Desk-1",
        "pick_and_place_simple-AppleSliced-None-Desk-1",
    ):
        (kept / name).mkdir()
        shutil.copytree(game.parent, kept / name / "trial_1")
    assert len(BENCHMARK.tasks(data, None)) == 1


def test_whose_rules_they_are_is_told() -> None:
    assert benchmark("alfworld").rules["progress"].startswith("AgentBoard")
    assert BENCHMARK.splits[0] == "valid_unseen"
