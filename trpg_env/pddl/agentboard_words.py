"""How AgentBoard words its four PDDL games: facts about that benchmark, for scripts that are to be told as it tells them.

What a player reads there follows from these sentences, and is only comparable if it is the same to the letter: full stops,
blanks after them, and slips included (who holds a shot glass is not said, a ball "is carrying" a gripper). Where
a sentence slips, `ours` has what descriptions of actions say instead, which are our own anyway.

Source: hkust-nlp/AgentBoard (Apache-2.0), `agentboard/environment/pddl_env/pddl_env.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Game:
    """How a game is worded.

    Attributes:
        says: Predicate → sentence, each term by its number in braces. What has none is said by its name and its terms.
        writes: Action → text, each parameter by its number in braces; likewise.
        whole: Whether an observation tells all that is true; otherwise only what is newly so.
        ours: Predicate → our own phrase for it.
    """

    says: Mapping[str, str]
    writes: Mapping[str, str]
    whole: bool
    ours: Mapping[str, str] = field(default_factory=dict)


INVALID = (
    "The action is not valid and therefore takes no effect. Please remember to satisfy the restriction of actions."
    " You can also check valid actions."
)
SATISFIED = "The goal is satisfied."
GOAL = "The goal is to satisfy the following conditions: "
VALID = "Valid actions are:"
CHECK = "check valid actions"
LOOK = "look around"

_BLOCKWORLD = Game(
    says={
        "on": "{0} is on {1}.",
        "clear": "The {0} is clear.",
        "arm-empty": "Your arm is empty.",
        "holding": "You are holding {0}. ",
        "on-table": "{0} is on the table.",
    },
    writes={
        "pickup": "Pickup {0}.",
        "putdown": "Putdown {0}.",
        "stack": "Stack {0} on {1}.",
        "unstack": "Unstack {0} from {1}.",
    },
    whole=True,
)

_GRIPPER = Game(
    says={
        "ball": "{0} is a ball. ",
        "gripper": "{0} is a gripper. ",
        "at-robby": "Robby is at {0}. ",
        "at": "{0} is at {1}. ",
        "free": "{0} is free. ",
        "carry": "{0} is carrying {1}. ",
    },
    writes={"move": "Move from {0} to {1}. ", "pick": "Pick up {0} at {1} with arm {2}. "},
    whole=True,
    ours={"room": "{0} is a room", "carry": "{0} is carried by {1}"},
)

_TYREWORLD = Game(
    says={
        "isopen": "{0} is open.",
        "closed": "{0} is closed.",
        "have": "You have {0}.",
        "in": "{0} is in {1}.",
        "loose": "The nut {0} on the hub {1} is loose.",
        "tight": "The nut {0} on the hub {1} is tight.",
        "unlocked": "{0} is unlocked.",
        "on-ground": "Hub {0} is on the ground.",
        "not-on-ground": "Hub {0} is not on the ground.",
        "inflated": "Wheel {0} is inflated.",
        "not-inflated": "Wheel {0} is not inflated.",
        "fastened": "Hub {0} is fastened.",
        "unfastened": "Hub {0} is unfastened.",
        "free": "{0} is free. ",
        "on": "{0} is on {1}.",
        "intact": "Wheel {0} is intact.",
    },
    writes={
        "open": "Open {0}.",
        "close": "Close {0}.",
        "fetch": "Fetch {0} from {1}.",
        "put-away": "Put-away {0} in {1}.",
        "loosen": "Loosen the nut {0} on the hub {1}.",
        "tighten": "Tighten the nut {0} on the hub {1}.",
        "jack-up": "jack-up the hub {0}.",
        "jack-down": "Jack-down the hub {0}.",
        "undo": "Undo the fastening of the nut {0} on the hub {1}.",
        "do-up": "Do-up the nut {0} on the hub {1}.",
        "remove-wheel": "Remove-wheel {0} from the hub {1}.",
        "put-on-wheel": "put-on-wheel {0} on the hub {1}.",
        "inflate": "Inflate the wheel {0}.",
    },
    whole=False,
)

_BARMAN = Game(
    says={
        "ontable": "{0} is on the table. ",
        "holding": "You are holding {0}. ",
        "empty": "{0} is empty. ",
        "contains": "{0} contains {1}. ",
        "clean": "{0} is clean. ",
        "used": "Pour {0} from a shot glass to a used shaker {1}",
        "dispenses": "{0} dispenses {1}. ",
        "shaker-empty-level": "{0} is at empty level {1}. ",
        "shaker-level": "{0} is at level {1}. ",
        "next": "level {0} is next to level {1}. ",
        "unshaked": "{0} is unshaked. ",
        "shaked": "{0} is shaked. ",
        "cocktail-part1": "{0} part1 ingredient is {1}. ",
        "cocktail-part2": "{0} part2 ingredient is {1}. ",
    },
    writes={
        "grasp": "{0} grasp {1}. ",
        "leave": "{0} leave {1}. ",
        "fill-shot": "fill-shot glass {0} with {1} with {2} and {3} holding {4}. ",
        "refill-shot": "refill-shot {0} with {1} with {2} and {3} holding {4}. ",
        "empty-shot": "use hand {0} to empty-shot glass {1} with beverage {2}. ",
        "clean-shot": "clean-shot glass {0} with {1} with hand {2} holding shot glass and {3}. ",
        "pour-shot-to-clean-shaker": "pour-shot-to-clean-shaker from a shot glass {0} with {1} to a clean shaker {2}"
        " with hand {3} from level {4} to level {5}",
        "pour-shot-to-used-shaker": "pour-shot-to-used-shaker from a shot glass {0} with {1} to a used shaker {2}"
        " with hand {3} from level {4} to level {5}",
        "empty-shaker": "use hand {0} to empty-shaker {1} with ingredient {2} from level {3} to level {4}.",
        "clean-shaker": "use hand {0} and hand {1} to clean-shaker {2}",
        "shake": "shake a cocktail {0} with ingredient {1} and ingredient {2} in a shaker {3} with hand {4} and hand {5}",
        "pour-shaker-to-shot": "pour-shaker-to-shot to a shot glass {0} the ingredient {1} with hand {2} from shaker {3}"
        " from level {4} to level {5}",
    },
    whole=False,
    ours={
        "holding": "hand {0} is holding {1}",
        "handempty": "hand {0} is empty",
        "used": "{0} was last used for {1}",
    },
)

GAMES: Mapping[str, Game] = {
    "barman": _BARMAN,
    "blockworld": _BLOCKWORLD,
    "gripper": _GRIPPER,
    "tyreworld": _TYREWORLD,
}
