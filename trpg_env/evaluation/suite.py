"""What an agent is evaluated on: a suite of items, each with what tells it from every other.

Nothing here knows what an item is made of. A benchmark that is played as a Gymnasium environment of texts is a suite like
the scripts are, once its episodes are trajectories.
"""

from pydantic import Field

from trpg_env.trajectory.record import Record


class Item(Record):
    """What one or more episodes are played on.

    Attributes:
        name: What people call it.
        hash: Tells it from every other, and one version of it from another: a script's hash.
        family: A train/held-out split keeps a family on one side.
        max_turns: After how many actions an episode of it is truncated.
        difficulty: How hard it is, in the suite's own words; None where the suite does not say.
    """

    name: str
    hash: str
    family: str
    max_turns: int | None = None
    difficulty: str | None = None


class Part(Record):
    """The part of a suite that is played, cut by families as a dataset is.

    Attributes:
        side: `held_out` or `training`.
        share: The share of families that is held out, above 0 and below 1.
    """

    side: str
    share: float


class Suite(Record):
    """Items to be evaluated on.

    Attributes:
        name: The suite's name, such as `scripts`.
        items: The items, each once.
        left_out: The names of items that this player or this DM cannot play.
        part: Which part of the suite the items are; None for all of it.
        split: The split that the items are of, by name; None where the suite has one set of items.
        rules: For a benchmark of others, whose tasks, instruction, progress, success and limit of turns these are.

    Example:
        >>> Suite(name="scripts", items=[Item(name="ship", hash="3f", family="ship")]).by_hash()["3f"].name
        'ship'
    """

    name: str
    items: list[Item]
    left_out: list[str] = Field(default_factory=list)
    part: Part | None = None
    split: str | None = None
    rules: dict[str, str] = Field(default_factory=dict)

    def by_hash(self) -> dict[str, Item]:
        """The items by what tells them apart."""
        return {item.hash: item for item in self.items}
