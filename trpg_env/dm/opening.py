"""What a player is told before their first action."""

from trpg_env.world import State, World
from trpg_env.world.code import OUTSIDE, Names

_NOWHERE_ELSE = Names({}, {})


def opening(world: World, state: State) -> str:
    """The script's opening, or what the player sees where it has none.

    Args:
        world: The world in play.
        state: The state at the start.
    """
    text = world.program.opening
    if text is None:
        return world.look(state.values)
    return world.grounder.statements.text(text, _NOWHERE_ELSE)(state.values, OUTSIDE)
