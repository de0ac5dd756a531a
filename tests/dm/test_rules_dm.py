"""The rules DM tells what the script says."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

from trpg_env.dm import DungeonMaster, RulesDM
from trpg_env.script import Script
from trpg_env.world import SeededFate, World


def test_it_is_a_dungeon_master_that_can_be_copied_and_pickled() -> None:
    for dm in (RulesDM(), copy.deepcopy(RulesDM()), pickle.loads(pickle.dumps(RulesDM()))):
        assert isinstance(dm, DungeonMaster)
        assert dm.kind == "rules"
        dm.restore(dm.snapshot())


def test_it_opens_with_what_the_player_sees(make_world: Callable[[Any], World]) -> None:
    world = make_world("cool-tomato")
    opened = RulesDM().open(world, world.begin(1), SeededFate(0, 0))
    assert opened.observation.startswith("Place: hall. A draughty hall.")
    assert opened.thought


def test_it_answers_with_the_scripts_own_words(
    play: Callable[..., Any], load: Callable[[Any], Script]
) -> None:
    episode = play("cool-tomato", variation=1)
    dm = RulesDM()
    for action, observation, thought in [
        ("take tomato", "You take the tomato; it is warm.", "nearer to the goal"),
        ("take tomato", "You hold the tomato already.", "a logic error"),
        ("open fridge", "There is no fridge here.", "a place error"),
        ("dance", "There is no such action", "a parameter error"),
        ("ask Ines about cold", "The fridge cools whatever lies in it.", "carried out"),
    ]:
        before = episode.state
        narration = dm.answer(episode.world, before, episode(action))
        assert narration.observation.startswith(observation)
        assert thought in narration.thought


def test_its_thought_says_how_the_episode_ended(play: Callable[..., Any], tiny: dict[str, Any]) -> None:
    dm = RulesDM()
    won = play(tiny)
    assert "the goal is reached" in dm.answer(won.world, won.state, won("win")).thought
    tiny["failure_conditions"] = [{"text": "No.", "when": "player.won"}]
    lost = play(tiny)
    assert "the episode is lost" in dm.answer(lost.world, lost.state, lost("win")).thought
