"""Where the player was at each turn: found by playing an episode again on the engine."""

from collections.abc import Mapping
from itertools import islice

from trpg_env.envs.react import Refused
from trpg_env.script.names import fold
from trpg_env.trajectory import Trajectory
from trpg_env.trajectory.replies import given
from trpg_env.world import SeededFate, State, VerificationFailed, World

MOST_TURNS = 2_000
"""How many turns of an episode are played again."""


def whereabouts(trajectory: Trajectory, world: World) -> list[str | None]:
    """The player's place at the start and after each turn; None from where play is not what the trajectory says.

    Args:
        trajectory: An episode of the world's script.
        world: The world.
    """
    found: list[str | None] = [None] * (1 + len(trajectory.exchanges()))
    opening = trajectory.turns[0]
    state = world.begin(world.variation_of(trajectory.seed))
    if opening.role != "DM" or opening.state_hash != _hash(state):
        return found
    found[0] = _place(world, state)
    fate = SeededFate(trajectory.seed, trajectory.luck)
    for i, (player, answer) in enumerate(islice(trajectory.exchanges(), MOST_TURNS), start=1):
        text = given(trajectory, player)
        try:
            ruling = (
                world.refuse(state, text, "") if isinstance(text, Refused) else world.rule(state, text, fate)
            )
        except VerificationFailed:
            break
        state = ruling.state
        if answer.state_hash != _hash(state):
            break
        found[i] = _place(world, state)
    return found


def _hash(state: State) -> str:
    return state.hash.to_bytes(16, "big").hex()


def _place(world: World, state: State) -> str | None:
    """Where `at` finally leads, from the player on."""
    at: Mapping[str, int] = world.layout.slots.get("at", {})
    places = {fold(place): place for place in world.program.places}
    who: object = "player"
    for _ in range(len(world.program.entities) + 1):
        if isinstance(who, str) and who != "player" and fold(who) in places:
            return places[fold(who)]
        slot = at.get(who) if isinstance(who, str) else None
        if slot is None:
            return None
        who = state.values[slot]
        if isinstance(who, str):
            who = world.layout.entity(who) or who
    return None
