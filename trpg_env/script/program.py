"""What a script means: names resolved, expressions and effects parsed. Data only, frozen; made by `analyse`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trpg_env.script.domains import Domain
from trpg_env.script.effects import Effect, Text
from trpg_env.script.faults import Path
from trpg_env.script.nodes import Expression
from trpg_env.script.templates import Template

ErrorKind = Literal["parameter", "place", "logic"]


@dataclass(frozen=True)
class Pattern:
    """Verification by a regular expression; never compiled outside the sandbox.

    Attributes:
        source: The pattern.
        groups: For each of its groups that fills a placeholder: the group's name or number → the placeholder.
        complete: Whether the groups fill every placeholder; otherwise the template is matched for the rest.
    """

    source: str
    groups: tuple[tuple[str | int, str], ...]
    complete: bool


@dataclass(frozen=True)
class Code:
    """Verification by Python source that defines `validate`; never run outside the sandbox."""

    source: str


@dataclass(frozen=True)
class Precondition:
    """A condition of an action, the error that its failing is, and what the player is told."""

    when: Expression
    error: ErrorKind
    message: Text | None


@dataclass(frozen=True)
class Action:
    """An action of a script.

    Attributes:
        index: Its place in script order.
        key: Its key in the file.
        template: Its name.
        domains: The values of each placeholder, in order.
        verification: How a text is accepted; None where the template itself is matched.
    """

    index: int
    key: str
    template: Template
    description: str
    domains: tuple[Domain, ...]
    verification: Pattern | Code | None
    preconditions: tuple[Precondition, ...]
    effects: tuple[Effect, ...]
    observation: Text | None

    @property
    def path(self) -> Path:
        """Where it stands in the script."""
        return ("available_actions", self.key)


@dataclass(frozen=True)
class Event:
    """What happens by itself when its condition holds."""

    when: Expression
    effects: tuple[Effect, ...]
    observation: Text | None


@dataclass(frozen=True)
class Condition:
    """A condition with its text for people; `when` is None in a narrative script."""

    text: str
    when: Expression | None


@dataclass(frozen=True)
class Definition:
    """A named expression with parameters."""

    name: str
    parameters: tuple[str, ...]
    body: Expression


@dataclass(frozen=True)
class Setting:
    """One value that a variation puts into the world: entity, attribute, keys within the attribute."""

    entity: str
    attribute: str
    keys: tuple[Any, ...]
    value: Any


@dataclass(frozen=True)
class Program:
    """A whole script, ready to be compiled.

    Attributes:
        grounded: Whether the engine plays it.
        entities: Entity → its attributes (lists as tuples), in the order of the file, `player` last.
        kinds: Kind → the names of its entities.
        kind_of: Entity → its kind; `player` has none.
        spellings: Folded name → the entity's own spelling.
        milestones: The script's, or where it has none its completion conditions.
        variations: One tuple of alternatives per axis; an alternative is the settings that belong together.
        attributes: Every attribute's name that an entity has or an effect may give it.
        opening: What the player is told at the start; None where that is what they see.
    """

    grounded: bool
    actions: tuple[Action, ...]
    entities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kind_of: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    completion: tuple[Condition, ...] = ()
    failure: tuple[Condition, ...] = ()
    milestones: tuple[Condition, ...] = ()
    events: tuple[Event, ...] = ()
    variations: tuple[tuple[tuple[Setting, ...], ...], ...] = ()
    attributes: frozenset[str] = frozenset()
    opening: Text | None = None

    @property
    def variation_count(self) -> int:
        """How many combinations of variations there are; 1 where there are none."""
        count = 1
        for axis in self.variations:
            count *= len(axis)
        return count

    @property
    def places(self) -> tuple[str, ...]:
        """The names of all places."""
        return self.kinds.get("places", ())
