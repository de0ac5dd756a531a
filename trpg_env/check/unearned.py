"""Success that nobody earned: playing at random, or doing nothing, must not reach the goal."""

from collections.abc import Mapping, Sequence

import numpy as np

from trpg_env.check.report import Findings
from trpg_env.check.watch import WatchedWorld
from trpg_env.script.effects import Assign, walk_effects
from trpg_env.world import SeededFate, State
from trpg_env.world.sampling import sample_action

EPISODES = 20
"""How many episodes are played, with the seeds from 0."""
MAX_TURNS = 1_000
"""How many turns of an episode are played at most."""

_CONDITIONS = ("completion_conditions",)


def check_unearned(world: WatchedWorld, texts: Mapping[int, str], findings: Findings) -> None:
    """Find episodes that succeed although the player knows nothing or does nothing.

    Args:
        world: The script's world.
        texts: For each action, by index, a text that means it.
        findings: Where faults go.

    Raises:
        VerificationFailed: A pattern or code did not answer.
    """
    turns = min(world.script.max_turns, MAX_TURNS)
    chosen = [_random_texts(world, seed, turns) for seed in range(EPISODES)]
    world.resolver.prepare([*dict.fromkeys(text for episode in chosen for text in episode)])
    lucky = {seed: n for seed, episode in enumerate(chosen) if (n := _play_random(world, seed, episode))}
    if lucky:
        seed, n = next(iter(lucky.items()))
        findings.fault(
            _CONDITIONS,
            f"{len(lucky)} of {EPISODES} episodes of random valid actions reach the goal (with seed {seed} in {n}"
            " turns); ask for more steps that build on each other",
        )
    idle = [
        texts[a.index] for a in world.program.actions if a.index in texts and not _changes(world, a.index)
    ]
    for seed in range(EPISODES if idle else 0):
        if n := _play_idle(world, seed, idle, turns):
            findings.fault(
                _CONDITIONS,
                f'the goal is reached by doing nothing ("{idle[0]}", seed {seed}, {n} turns);'
                " let it hang on what the player does, not on events alone",
            )
            return


def _changes(world: WatchedWorld, index: int) -> bool:
    return any(isinstance(e, Assign) for e in walk_effects(world.program.actions[index].effects))


def _random_texts(world: WatchedWorld, seed: int, turns: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [sample_action(world.program.actions, rng) for _ in range(turns)]


def _begin(world: WatchedWorld, seed: int) -> tuple[State, SeededFate]:
    return world.begin(world.variation_of(seed)), SeededFate(seed, 0)


def _play_random(world: WatchedWorld, seed: int, texts: Sequence[str]) -> int:
    """How many turns random play takes to the goal; 0 where it does not get there."""
    state, fate = _begin(world, seed)
    for turn, text in enumerate(texts, start=1):
        ruling = world.rule(state, text, fate)
        if ruling.success or ruling.failure:
            return turn * ruling.success
        state = ruling.state
    return 0


def _play_idle(world: WatchedWorld, seed: int, idle: Sequence[str], turns: int) -> int:
    """How many turns it takes to the goal to do only what changes nothing; 0 where it is not reached."""
    state, fate = _begin(world, seed)
    for turn in range(1, turns + 1):
        for text in idle:
            ruling = world.rule(state, text, fate)
            if ruling.error is None:
                break
        if ruling.success or ruling.failure:
            return turn * ruling.success
        state = ruling.state
    return 0
