"""What a search for a plan finds."""

from dataclasses import dataclass

from trpg_env.world.values import Value


@dataclass(frozen=True)
class Plan:
    """What a search found.

    Attributes:
        actions: The actions of the plan, as texts; None where there is none or the search gave up.
        states: How many states were looked at.
        decided: Whether the search came to an end within its budget: without a plan there then is none.
        path: The state's values before each action of the plan, with the luck that the plan counts on.
    """

    actions: tuple[str, ...] | None
    states: int
    decided: bool
    path: tuple[list[Value], ...] = ()
