"""`opening`: what a script tells at the start, instead of what the player sees."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

from trpg_env.dm import briefing
from trpg_env.script import Script, ScriptError
from trpg_env.world import World

Load = Callable[[Any], Script]
MakeWorld = Callable[[Any], World]


def first(script: Any, **options: Any) -> str:
    """What a player is told after the instruction."""
    env = gym.make("AgentRefine-v0", script=script)
    observation, _ = env.reset(seed=0, options=options or None)
    return str(observation).split(".\n\n", 1)[1]


def test_it_is_told_instead_of_the_first_place(tiny: dict[str, Any]) -> None:
    assert first(tiny | {"opening": "It is late."}) == "It is late."


def test_it_may_say_what_is_seen_and_what_is_so(tiny: dict[str, Any]) -> None:
    seen = first(tiny)
    assert (
        first(tiny | {"opening": "{look}\nThe ball weighs {ball.weight}."}) == f"{seen}\nThe ball weighs 2."
    )


def test_it_tells_of_the_variation_that_is_played(tiny: dict[str, Any]) -> None:
    script = tiny | {"opening": "It weighs {ball.weight}.", "variations": {"ball.weight": [3, 4]}}
    assert [first(script, variation=i) for i in range(2)] == ["It weighs 3.", "It weighs 4."]


def test_a_model_narrates_it_at_the_start_and_what_is_seen_from_then_on(
    make_world: MakeWorld, tiny: dict[str, Any]
) -> None:
    world = make_world(tiny | {"opening": "It is late."})
    start = world.begin(0)
    assert 'now: "It is late."' in briefing.present(world, start)
    values = start.values.copy()
    values[0] = 1
    assert "It is late" not in briefing.present(world, start._replace(values=values))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"opening": " "}, "opening: is empty"),
        ({"opening": 3}, "opening: a text is expected here"),
        ({"opening": "{baal.weight}"}, "opening: "),
        (
            {"opening": "Late.", "completion_conditions": ["You have won."]},
            "opening: opening is for the engine",
        ),
    ],
)
def test_one_that_cannot_be_told_is_refused(
    load: Load, tiny: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ScriptError, match=said):
        load(tiny | change)
