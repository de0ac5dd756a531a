import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from trpg_env.sandbox import Sandbox
from trpg_env.script import Script, library, load_script
from trpg_env.world import Ruling, SeededFate, State, World

Load = Callable[[Any], Script]
MakeWorld = Callable[[Any], World]

settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("steady")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fuzz", type=float, default=0, metavar="SECONDS", help="fuzz the sandbox anew, each test so long"
    )


TINY: dict[str, Any] = {
    "goal": "Win.",
    "environment": {
        "places": {"hall": {"exits": {"east": "den"}}, "den": {"exits": ["hall"]}},
        "items": {"box": {"at": "hall", "container": True, "open": True}, "ball": {"at": "box", "weight": 2}},
        "player": {"at": "hall"},
    },
    "completion_conditions": [{"text": "You have won.", "when": "player.won"}],
    "available_actions": {
        "win": {"effects": ["player.won = true"]},
        "take {thing}": {"parameters": {"thing": ["box", "ball"]}, "effects": ["thing.at = player"]},
    },
}


class Play:
    """A script in play: each call is an action."""

    def __init__(self, world: World, variation: int = 0, seed: int = 0, luck: int = 0) -> None:
        self.world = world
        self.fate = SeededFate(seed, luck)
        self.state: State = world.begin(variation)

    def __call__(self, text: str) -> Ruling:
        ruling = self.world.rule(self.state, text, self.fate)
        self.state = ruling.state
        return ruling

    @property
    def now(self) -> dict[str, dict[str, Any]]:
        """Entity → its attributes that are not null, as plain data."""
        world = self.world.save(self.state)["world"]
        return {e: {a: x for a, x in of.items() if x is not None} for e, of in world.items()}


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture(scope="session")
def load(sandbox: Sandbox) -> Load:
    """Load a script with the session's sandbox; a library script is read once."""
    library_script = cache(lambda name: load_script(name, sandbox=sandbox))
    return lambda script: (
        library_script(script) if _of_the_library(script) else load_script(script, sandbox=sandbox)
    )


@pytest.fixture(scope="session")
def make_world(sandbox: Sandbox, load: Load) -> MakeWorld:
    """The world of a script; a library script's is made once, since episodes leave no trace in a world."""
    library_world = cache(lambda name: World(load(name), sandbox))
    return lambda script: library_world(script) if _of_the_library(script) else World(load(script), sandbox)


def _of_the_library(script: Any) -> bool:
    return isinstance(script, str) and script in library()


@pytest.fixture(scope="session")
def play(make_world: MakeWorld) -> Callable[..., Play]:
    """Begin to play a script: `play(script)("take ball")` is a ruling."""
    return lambda script, **keywords: Play(make_world(script), **keywords)


@pytest.fixture
def tiny() -> dict[str, Any]:
    """A tiny grounded script, to be changed at will."""
    return copy.deepcopy(TINY)


@pytest.fixture(scope="session")
def doing(play: Callable[..., Play]) -> Callable[..., Play]:
    """Carry out effects in the tiny script's world; gives the play after that turn."""

    def doing(effects: list[Any], times: int = 1, **changes: Any) -> Play:
        script = copy.deepcopy(TINY) | {k: v for k, v in changes.items() if k != "entities"}
        for kind, entities in changes.get("entities", {}).items():
            script["environment"].setdefault(kind, {}).update(entities)
        script["available_actions"] = {"act": {"effects": effects}, **changes.get("available_actions", {})}
        episode = play(script)
        for _ in range(times):
            episode.last = episode("act")  # type: ignore[attr-defined]
        return episode

    return doing
