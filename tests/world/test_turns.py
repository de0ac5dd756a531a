"""A turn: its order, its errors, chance, events, milestones, and how an episode ends."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

from trpg_env.script import Script
from trpg_env.world import SeededFate, World

Play = Callable[..., Any]


def script(tiny: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return tiny | changes


@pytest.mark.parametrize(
    ("when", "error"),
    [
        ("player.at == den", "place"),
        ("not (1 == 1 and player.at != den)", "place"),
        ("den in player.at.exits", "place"),
        ("place_of(ball) == den", "place"),
        ("any(place_of(i) == den for i in items)", "place"),
        ("not visible(ball)", "place"),
        ("far", "place"),
        ("further(ball)", "place"),
        ("ball.at == den", "logic"),
        ("player.won", "logic"),
        ("inside(ball, den)", "logic"),
        ("false", "logic"),
    ],
)
def test_the_kind_of_an_error_follows_from_what_the_condition_reads(
    when: str, error: str, play: Play, tiny: dict[str, Any]
) -> None:
    define = {"far": "player.at == den", "further(x)": "x.n and nearby(x) or far", "nearby(x)": "true"}
    actions = {
        "act": {"preconditions": [{"when": when}]},
        "bet": {"preconditions": [{"when": when, "error": "parameter"}]},
    }
    episode = play(script(tiny, define=define, available_actions=actions))
    assert episode("act").error == error
    assert episode("bet").error == "parameter"


def test_the_first_precondition_that_fails_speaks(play: Play, tiny: dict[str, Any]) -> None:
    conditions = [
        {"when": "true", "message": "no"},
        {"when": "player.a", "error": "place", "message": "first, {player.at}"},
        {"when": "false", "error": "parameter", "message": "second"},
    ]
    tiny["available_actions"]["act"] = {"preconditions": conditions, "effects": ["player.won = true"]}
    tiny["available_actions"]["allow"] = {"effects": ["player.a = true"]}
    episode = play(tiny)
    assert (episode("act").error, episode("act").message) == ("place", "first, hall")
    episode("allow")
    assert (episode("act").error, episode("act").message) == ("parameter", "second")


def test_an_erroneous_action_costs_a_turn_and_changes_nothing(play: Play, tiny: dict[str, Any]) -> None:
    tiny["events"] = [{"when": "true", "effects": ["player.ticks += 1"], "observation": "tick"}]
    tiny["failure_conditions"] = [{"when": "turn >= 3"}]
    tiny["available_actions"]["win"]["preconditions"] = [{"when": "player.ticks == 5"}]
    episode = play(tiny)
    for text in ("win", "wim", "take moon", ""):
        before, world = episode.state, episode.now
        ruling = episode(text)
        assert ruling.error
        assert ruling.message
        assert (ruling.observation, ruling.success, ruling.failure) == ("", False, False)
        assert episode.now == world
        assert episode.state.turn == before.turn + 1
        assert episode.state._replace(values=None) == before._replace(values=None)


def test_effects_come_before_events_and_events_come_in_script_order_once(
    play: Play, tiny: dict[str, Any]
) -> None:
    tiny["environment"]["player"]["log"] = []
    tiny["available_actions"]["act"] = {"effects": ["player.log += 'effect'", "player.a = true"]}
    tiny["events"] = [
        {"when": "player.b", "effects": ["player.log += 'late'"]},
        {"when": "player.a", "effects": ["player.log += 'first'", "player.b = true", "player.a = false"]},
        {"when": "player.a", "effects": ["player.log += 'never'"]},
        {"when": "player.b", "effects": ["player.log += 'second'", "player.b = true"]},
    ]
    episode = play(tiny)
    episode("act")
    assert episode.now["player"]["log"] == ["effect", "first", "second"]


def test_progress_sees_the_events_and_failure_wins_over_completion(play: Play, tiny: dict[str, Any]) -> None:
    tiny["milestones"] = [{"when": "player.bell"}, {"when": "ball.at == player"}]
    tiny["failure_conditions"] = [{"when": "player.won and not player.safe"}]
    tiny["events"] = [{"when": "player.won", "effects": ["player.bell = true"]}]
    tiny["available_actions"]["be safe"] = {"effects": ["player.safe = true"]}
    episode = play(tiny)
    lost = episode("win")
    assert (lost.success, lost.failure, lost.progress) == (False, True, 0.5)
    assert lost.state.completed == (0,)
    episode = play(tiny)
    assert (episode("be safe").progress, episode("win").success) == (0, True)


def test_milestones_that_hold_at_the_start_do_not_count(play: Play, tiny: dict[str, Any]) -> None:
    tiny["milestones"] = [
        {"when": "ball.at == box"},
        {"when": "ball.at == player"},
        {"when": "box.at == player"},
        {"when": "ball.at == player and box.at == player"},
    ]
    tiny["available_actions"]["drop {thing}"] = {
        "effects": ["thing.at = hall"],
        "parameters": {"thing": ["box", "ball"]},
    }
    episode = play(tiny)
    assert episode.state.progress == 0
    steps = ["take ball", "drop ball", "drop ball", "take box", "take ball"]
    assert [round(episode(step).progress, 3) for step in steps] == [0.333, 0.333, 0.333, 0.667, 1.0]


def test_success_makes_progress_one(play: Play, tiny: dict[str, Any]) -> None:
    tiny["milestones"] = [{"when": "ball.at == player"}, {"when": "box.at == player"}]
    episode = play(tiny)
    episode("take box")
    won = episode("win")
    assert (won.before, won.progress, won.success) == (0.5, 1.0, True)


def test_without_milestones_the_completion_conditions_are_the_way(play: Play, tiny: dict[str, Any]) -> None:
    tiny["completion_conditions"] = [{"when": "player.won"}, {"when": "ball.at == player"}]
    episode = play(tiny)
    assert [(r.progress, r.success, r.state.completed) for r in (episode("win"), episode("take ball"))] == [
        (0.5, False, (0,)),
        (1.0, True, (0, 1)),
    ]


def test_milestones_all_held_at_the_start_leave_success_alone_to_count(
    play: Play, tiny: dict[str, Any]
) -> None:
    tiny["milestones"] = [{"when": "true"}]
    episode = play(tiny)
    assert [r.progress for r in (episode("take ball"), episode("win"))] == [0, 1]


@pytest.mark.parametrize(
    "when",
    [
        "player.at[player.want]",
        "any(p[player.want] for p in places)",
        "hall['lit']",
        "player['at'].lit",
        "seen(player.at)",
        "hall.deep.lit.lit",
        "turn == 1",
    ],
)
def test_a_milestone_is_reached_however_it_reads_what_was_set(
    when: str, play: Play, tiny: dict[str, Any]
) -> None:
    tiny["define"] = {"seen(x)": "lights(x, 'lit')", "lights(x, a)": "x[a]"}
    tiny["environment"]["player"]["want"] = "lit"
    tiny["environment"]["places"]["hall"]["deep"] = {"lit": "hall"}
    tiny["milestones"] = [{"when": when}, {"when": "player.won"}]
    tiny["available_actions"]["light"] = {"effects": ["hall.lit = true"]}
    assert play(tiny)("light").progress == 0.5


def make(script: Any, **keywords: Any) -> Any:
    return gym.make("AgentRefine-v0", script=script, **keywords)


def test_success_on_the_last_turn_is_termination_and_not_truncation(
    tiny: dict[str, Any], load: Callable[[Any], Script]
) -> None:
    env = make(load(tiny | {"max_turns": 2}))
    env.reset(seed=1)
    assert env.step("take ball")[2:4] == (False, False)
    assert env.step("win")[2:4] == (True, False)
    env.reset(seed=1)
    env.step("nonsense")
    assert env.step("nonsense")[2:4] == (False, True)
    env.close()


def test_failure_ends_an_episode_without_success(tiny: dict[str, Any], load: Callable[[Any], Script]) -> None:
    env = make(load(tiny | {"failure_conditions": [{"when": "ball.at == player"}]}))
    env.reset(seed=1)
    _, reward, terminated, truncated, info = env.step("take ball")
    assert (reward, terminated, truncated, info["success"]) == (0, True, False, False)
    with pytest.raises(gym.error.ResetNeeded):
        env.step("win")
    env.close()


@pytest.mark.parametrize(
    "text", ["\ud800", "win\0", "🫖" * 5_000, " ", "take \udfff", "ẞ", "{thing}", "take {thing}", "win\nwin"]
)
def test_no_text_makes_a_step_raise(text: str, tiny: dict[str, Any], load: Callable[[Any], Script]) -> None:
    tiny["available_actions"]["say {what}"] = {
        "verification_code": "^say (.+)$",
        "effects": ["player.said = what"],
        "observation": "{what}",
    }
    tiny["available_actions"]["cry {what}"] = {
        "verification_code": "def validate(action, params, state):\n    return state['player']['at'] == 'hall' and len(params['what']) > 0\n",
        "effects": ["player.said = what"],
    }
    env = make(load(tiny))
    env.reset(seed=1)
    for action in (text, f"say {text}", f"cry {text}"):
        info = env.step(action)[-1]
        assert info["error"]["kind"] is None
        restored = env.unwrapped.snapshot()
        env.unwrapped.restore(restored)
    env.close()


# Chance

CHANCES = [
    {"chance": 0.5, "then": ["player.a = true"]},
    {"chance": 0.5, "then": ["player.b = true"]},
    {"for": "i in items", "then": [{"chance": 0.5, "then": ["i.hit = true"]}]},
]


def outcome(play: Play, tiny: dict[str, Any], steps: list[str], **keywords: Any) -> Any:
    tiny["available_actions"]["act"] = {"effects": CHANCES}
    tiny["environment"]["items"] = {f"item {i}": {} for i in range(8)} | tiny["environment"]["items"]
    episode = play(tiny, **keywords)
    for step in steps:
        episode(step)
    return episode.now


def test_two_branches_of_an_episode_meet_the_same_fate(play: Play, tiny: dict[str, Any]) -> None:
    one = outcome(play, tiny, ["take ball", "act"], seed=3)
    other = outcome(play, tiny, ["nonsense", "act"], seed=3)
    one["ball"].pop("at"), other["ball"].pop("at")
    assert one == other


def test_seed_luck_turn_and_place_each_make_another_fate(play: Play, tiny: dict[str, Any]) -> None:
    first = outcome(play, tiny, ["act"])
    assert outcome(play, tiny, ["act"]) == first
    assert any(outcome(play, tiny, ["act"], seed=s) != first for s in range(1, 4))
    assert any(outcome(play, tiny, ["act"], luck=k) != first for k in range(1, 4))
    assert any(outcome(play, tiny, ["no"] * n + ["act"]) != first for n in range(1, 4))
    hits = [of.get("hit", False) for e, of in first.items() if e.startswith("item")]
    assert 0 < sum(hits) < 8


def test_fate_is_a_function_of_its_arguments_alone() -> None:
    fates = [SeededFate(seed, luck) for seed in range(4) for luck in range(4)]
    draws = [[fate(turn, "effects[0]", (), 0.5) for turn in range(64)] for fate in fates]
    assert len({tuple(d) for d in draws}) == len(fates)
    assert [[fate(turn, "effects[0]", (), 0.5) for turn in range(64)] for fate in fates] == draws
    share = sum(map(sum, draws)) / (64 * len(fates))
    assert 0.4 < share < 0.6
    assert not any(SeededFate(s, 0)(1, "x", (), 0.0) for s in range(200))
    assert all(SeededFate(s, 0)(1, "x", (), 1.0) for s in range(200))


# Variations

VARIED: dict[str, Any] = {
    "ball.at": ["box", "hall", "nowhere"],
    "player.m['a']": [1, 2.0],
    "box.tag": [[1], {"x": "Hall"}],
}


def test_variations_are_counted_with_the_last_path_fastest(
    make_world: Callable[[Any], World], play: Play, tiny: dict[str, Any]
) -> None:
    tiny["variations"] = VARIED
    assert make_world(tiny).program.variation_count == 12
    starts = [play(tiny, variation=i).now for i in range(12)]
    drawn = [(s["ball"].get("at"), s["player"]["m"]["a"], s["box"]["tag"]) for s in starts]
    tags: list[Any] = [[1], {"x": "Hall"}]
    assert drawn == [(at, a, tag) for at in ("box", "hall", None) for a in (1, 2) for tag in tags]
    for wrong in (-1, 12):
        with pytest.raises(ValueError, match="0 to 11"):
            play(tiny, variation=wrong)


def test_values_that_belong_together_vary_together(play: Play, tiny: dict[str, Any]) -> None:
    tiny["variations"] = [{"ball.at": "hall", "box.open": False}, {"ball.at": "den"}, {}]
    starts = [play(tiny, variation=i).now for i in range(3)]
    assert [(s["ball"]["at"], s["box"]["open"]) for s in starts] == [
        ("hall", False),
        ("den", True),
        ("box", True),
    ]


def test_the_variation_is_drawn_from_the_seed_alone(
    tiny: dict[str, Any], load: Callable[[Any], Script]
) -> None:
    tiny["variations"] = VARIED
    env = make(load(tiny))

    def start(**options: Any) -> str:
        return str(env.reset(seed=options.pop("seed"), options=options)[1]["state_hash"])

    starts = {seed: start(seed=seed) for seed in range(40)}
    assert len(set(starts.values())) == 12
    assert all(start(seed=s, luck=5) == starts[s] for s in range(5))
    assert len({start(seed=1, variation=i) for i in range(12)}) == 12
    env.close()


def test_a_milestone_counts_or_not_by_the_variation(play: Play, tiny: dict[str, Any]) -> None:
    tiny["variations"] = {"ball.at": ["player", "box"]}
    tiny["milestones"] = [{"when": "ball.at == player"}, {"when": "player.won"}]
    assert [play(tiny, variation=i).state.counted for i in range(2)] == [1, 2]
