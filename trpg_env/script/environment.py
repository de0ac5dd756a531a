"""`environment` and `variations`: kinds, entities and their attributes, with every name resolved."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trpg_env.script.effects import parse_path
from trpg_env.script.expressions import Scope
from trpg_env.script.faults import Path
from trpg_env.script.names import TAKEN, fold, suggestion
from trpg_env.script.nodes import Attribute, Entity, Expression, Item
from trpg_env.script.program import Setting
from trpg_env.script.reading import ExpressionError

MAX_LENGTH = 10_000
_USUAL_KINDS = ("places", "items", "people")
_OWN_KEYS = frozenset({"player", *_USUAL_KINDS})
_OWN_ATTRIBUTES = frozenset({"at", "exits", "description", "container", "open", "hidden"})

Report = Callable[[Path, str], None]
Axes = tuple[tuple[tuple[Setting, ...], ...], ...]
_Axis = list[tuple[Path, tuple[Setting, ...]]]

DRAWS = 64
"""How many combinations of variations are looked at before they are drawn."""


@dataclass
class Environment:
    """The entities of a script, while they are read."""

    entities: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kind_of: dict[str, str] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)


def read_names(data: object) -> Environment:
    """The kinds and entities of an environment, nothing judged: all that a narrative script needs."""
    environment = Environment()
    if isinstance(data, dict):
        for kind, members in _spelled(data, _OWN_KEYS).items():
            if kind != "player" and _is_kind(kind, members):
                environment.kinds[kind] = tuple(members)
                for name in members:
                    environment.spellings.setdefault(fold(name), name)
    return environment


def read_environment(data: object, report: Report) -> Environment:
    """Read a grounded script's environment; what is wrong goes to `report`."""
    if not isinstance(data, dict):
        report(
            ("environment",),
            "a grounded script's environment is a mapping of kinds to entities, and `player`",
        )
        data = {}
    data = _spelled(data, _OWN_KEYS)
    environment = Environment()
    raw: dict[str, tuple[Path, dict[str, Any]]] = {}
    for kind, members in data.items():
        if kind == "player" or not _is_kind(kind, members):
            if kind in _USUAL_KINDS:
                report(
                    ("environment", kind),
                    f"{kind} are a mapping from each name to its attributes, a mapping too",
                )
            continue
        if fold(kind) in TAKEN - {"items", "places"}:
            report(("environment", kind), f"the name {kind!r} is taken by the language; choose another")
        environment.kinds[kind] = tuple(members)
        for name, attributes in members.items():
            path: Path = ("environment", kind, name)
            if _acceptable(name, path, environment, report):
                environment.spellings[fold(name)] = name
                environment.kind_of[name] = kind
                raw[name] = (path, _spelled(attributes or {}, _OWN_ATTRIBUTES))
    player = data.get("player")
    if player is not None and not isinstance(player, dict):
        report(("environment", "player"), "player is a mapping of attributes")
        player = None
    environment.spellings["player"] = "player"
    raw["player"] = (("environment", "player"), _spelled(player or {}, _OWN_ATTRIBUTES))
    for name, (path, attributes) in raw.items():
        environment.entities[name] = {
            attribute: resolve(environment, name, attribute, value, (*path, attribute), report)
            for attribute, value in attributes.items()
        }
    _refuse_cycles(environment, raw, report)
    return environment


def _spelled(data: Mapping[str, Any], own: frozenset[str]) -> dict[str, Any]:
    """A mapping in which the language's own keys stand in their own spelling, whatever case the file has them in."""
    return {fold(key) if fold(key) in own and fold(key) not in data else key: x for key, x in data.items()}


def _is_kind(kind: str, members: object) -> bool:
    if not isinstance(members, dict):
        return False
    nested = [isinstance(m, dict) or m is None for m in members.values()]
    return all(nested) and (kind in _USUAL_KINDS or any(isinstance(m, dict) for m in members.values()))


def _acceptable(name: str, path: Path, environment: Environment, report: Report) -> bool:
    folded = fold(name)
    if not folded or len(name) > 200 or not name.isprintable() or any(c in name for c in "{}"):
        report(path, "a name is a text of 1 to 200 printable characters without braces")
    elif folded in TAKEN or folded in ("player", "nowhere"):
        report(path, f"the name {name!r} is taken by the language; choose another")
    elif folded in environment.spellings:
        report(path, f"the name {name!r} is given twice (case and underscores do not count)")
    else:
        return True
    return False


def resolve(
    environment: Environment, entity: str, attribute: str, value: Any, path: Path, report: Report
) -> Any:
    """An attribute's value as the state holds it: lists as tuples, `at` and `exits` in the names' own spelling."""
    if attribute == "at":
        return _resolve_at(environment, value, path, report)
    if attribute == "exits" and environment.kind_of.get(entity) == "places":
        return _resolve_exits(environment, value, path, report)
    return freeze(value, path, report)


def freeze(value: Any, path: Path, report: Report) -> Any:
    """JSON-like data as values of the language."""
    if isinstance(value, list | tuple):
        if len(value) > MAX_LENGTH:
            report(path, f"a list has at most {MAX_LENGTH:,} elements")
        return tuple(freeze(v, (*path, i), report) for i, v in enumerate(value[:MAX_LENGTH]))
    if isinstance(value, dict):
        return {k: freeze(v, (*path, k), report) for k, v in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) > MAX_LENGTH:
        report(path, f"a text has at most {MAX_LENGTH:,} characters")
    return value


def _resolve_at(environment: Environment, value: Any, path: Path, report: Report) -> str | None:
    if value is None or (isinstance(value, str) and fold(value) == "nowhere"):
        return None
    if not isinstance(value, str) or fold(value) not in environment.spellings:
        hint = suggestion(str(value), environment.spellings.values())
        report(path, f"{value!r} is no place, entity, player or nowhere{hint}")
        return None
    return environment.spellings[fold(value)]


def _resolve_exits(environment: Environment, value: Any, path: Path, report: Report) -> Any:
    def place(name: Any, where: Path) -> Any:
        spelling = environment.spellings.get(fold(name)) if isinstance(name, str) else None
        if spelling is None or environment.kind_of.get(spelling) != "places":
            hint = suggestion(str(name), environment.kinds.get("places", ()))
            report(where, f"an exit leads to {name!r}, which is no place{hint}")
            return name
        return spelling

    if isinstance(value, dict):
        return {direction: place(name, (*path, direction)) for direction, name in value.items()}
    if isinstance(value, list | tuple):
        return tuple(place(name, (*path, i)) for i, name in enumerate(value))
    if value is not None:
        report(path, "exits are a list of places, or a mapping from direction to place")
    return {}


def _refuse_cycles(environment: Environment, raw: Mapping[str, tuple[Path, Any]], report: Report) -> None:
    cyclic = cyclic_at({name: a.get("at") for name, a in environment.entities.items()})
    if cyclic:
        report((*raw[cyclic][0], "at"), f"{cyclic!r} is, through its `at`, inside itself")


def cyclic_at(at: Mapping[str, str | None]) -> str | None:
    """An entity that is inside itself, or None."""
    sound: set[str] = set()
    for start in at:
        chain: dict[str, None] = {}
        name: str | None = start
        while name is not None and name not in sound:
            if name in chain:
                return name
            chain[name] = None
            name = at.get(name)
        sound.update(chain)
    return None


def read_variations(data: object, environment: Environment, scope: Scope, report: Report) -> Axes:
    """Read `variations`: one axis per path, or one axis of mappings that belong together."""
    axes = _read_axes(data, environment, scope, report)
    if axes:
        _refuse_cyclic_draws(axes, environment, report)
    return tuple(tuple(settings for _, settings in axis) for axis in axes)


def _read_axes(data: object, environment: Environment, scope: Scope, report: Report) -> list[_Axis]:
    """The axes, each alternative with its path."""
    if isinstance(data, dict):
        axes = []
        for text, values in data.items():
            path: Path = ("variations", text)
            if not values:
                report(path, "a variation lists at least one value")
            axis: _Axis = []
            for i, value in enumerate(values):
                setting = _setting(text, value, path, (*path, i), environment, scope, report)
                if setting is not None:
                    axis.append(((*path, i), (setting,)))
            axes.append(axis)
        return [axis for axis in axes if axis]
    assert isinstance(data, list)
    alternatives: _Axis = []
    for i, mapping in enumerate(data):
        path = ("variations", i)
        found = [
            _setting(text, value, (*path, text), (*path, text), environment, scope, report)
            for text, value in mapping.items()
        ]
        alternatives.append((path, tuple(s for s in found if s is not None)))
    return [alternatives] if alternatives else []


def _setting(
    text: str,
    value: Any,
    path: Path,
    value_path: Path,
    environment: Environment,
    scope: Scope,
    report: Report,
) -> Setting | None:
    try:
        node: Expression = parse_path(text, scope)
    except ExpressionError as error:
        report(path, str(error))
        return None
    keys: list[Any] = []
    while isinstance(node, Attribute | Item):
        keys.append(node.name if isinstance(node, Attribute) else node.key.value)  # type: ignore[union-attr]
        node = node.base
    if not isinstance(node, Entity):
        report(path, f"{text!r}: a path begins with an entity or player")
        return None
    keys.reverse()
    attribute = str(keys[0])
    if keys[1:]:
        resolved = freeze(value, value_path, report)
    else:
        resolved = resolve(environment, node.name, attribute, value, value_path, report)
    return Setting(node.name, attribute, tuple(keys[1:]), resolved)


def _refuse_cyclic_draws(axes: list[_Axis], environment: Environment, report: Report) -> None:
    """Refuse combinations in which something is inside itself (the first `DRAWS` are looked at)."""
    start = {name: a.get("at") for name, a in environment.entities.items()}
    if cyclic_at(start):
        return
    for draw in itertools.islice(itertools.product(*axes), DRAWS):
        moved = {s.entity: (path, s.value) for path, settings in draw for s in settings if _is_at(s)}
        cyclic = cyclic_at(start | {entity: value for entity, (_, value) in moved.items()})
        if cyclic:
            # The way round passes through something that the variation moved.
            at, name = start | {entity: value for entity, (_, value) in moved.items()}, cyclic
            while name not in moved:
                name = str(at[name])
            report(moved[name][0], f"{cyclic!r} would be, through its `at`, inside itself")
            return


def _is_at(setting: Setting) -> bool:
    return setting.attribute == "at" and not setting.keys
