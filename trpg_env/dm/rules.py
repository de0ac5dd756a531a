"""The dungeon master that narrates from the script's own texts."""

from trpg_env.dm.opening import opening
from trpg_env.dm.protocol import Narration
from trpg_env.world import AnyWorld, Ruling, SeededFate, State, World

_new = tuple.__new__
"""Makes a named tuple from a tuple of its fields, at a third of what its own constructor costs."""


class RulesDM:
    """Tells what the script says, word for word; keeps nothing.

    Example:
        >>> RulesDM().kind
        'rules'
    """

    kind = "rules"

    def open(self, world: AnyWorld, state: State, fate: SeededFate) -> Narration:
        """The opening scene: the script's opening, or what the player sees at the start."""
        assert isinstance(world, World), "a narrative script takes another DM"
        return Narration(
            "A new episode begins; the player learns where they are and what they see.",
            opening(world, state),
        )

    def answer(self, world: AnyWorld, before: State, ruling: Ruling) -> Narration:
        """The script's observation, or what was wrong."""
        _, name, _, error, message, observation, _, success, failure, progress, earlier = ruling
        if error is None:
            thought = f'The player\'s action is "{name}" and nothing stands against it; it is carried out.'
            if success:
                thought += " With it the goal is reached."
            elif failure:
                thought += " With it the episode is lost."
            elif progress > earlier:
                thought += " It brings them nearer to the goal."
            return _new(Narration, (thought, observation, None))
        if error == "parameter":
            thought = (
                "The player's text is no action that the script accepts: a parameter error. Nothing changes."
            )
        else:
            thought = f'The player tries "{name}", but its conditions do not hold: a {error} error. Nothing changes.'
        return Narration(thought, message)

    def snapshot(self) -> None:
        """Nothing is kept."""

    def restore(self, snapshot: None) -> None:
        """Nothing was kept."""
