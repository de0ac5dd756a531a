"""The text of `{look}`: the place, its exits, what is visible there with what is visibly in it, what is carried."""

from operator import itemgetter

from trpg_env.script.program import Program
from trpg_env.world.layout import Layout
from trpg_env.world.values import Value, show

_MAX_KEPT = 2_000
_MAX_DEPTH = 40


class Look:
    """Renders `{look}` for a state's values."""

    def __init__(self, program: Program, layout: Layout) -> None:
        places = frozenset(program.places)
        at = layout.slots.get("at", {})
        self._movable = [(name, slot) for name, slot in at.items() if name not in places and name != "player"]
        self._player_at = at.get("player")
        self._places = places
        self._hidden, self._container, self._open, self._description, self._exits = (
            layout.slots.get(name, {}) for name in ("hidden", "container", "open", "description", "exits")
        )

        # What the text hangs on, where the rest never changes; texts are then kept by it.
        told = {*self._description.values(), *self._exits.values()}
        parts = [at, self._hidden, self._container, self._open]
        slots = sorted({slot for of in parts for slot in of.values()} - layout.constant)
        self._key = itemgetter(*slots) if told <= layout.constant and len(slots) > 1 else None
        self._kept: dict[tuple[Value, ...], str] = {}

    def __call__(self, v: list[Value]) -> str:
        """What the player sees.

        Args:
            v: A state's values.
        """
        if self._key is None:
            return self._render(v)
        key = self._key(v)
        try:
            return self._kept[key]
        except (KeyError, TypeError):
            text = self._render(v)
        if len(self._kept) >= _MAX_KEPT:
            self._kept.clear()
        if all(x is None or x.__class__ in (str, bool) for x in key):
            self._kept[key] = text
        return text

    def _render(self, v: list[Value]) -> str:
        inside: dict[str, list[str]] = {}
        for name, slot in self._movable:
            holder = v[slot]
            if holder is not None and holder.__class__ is str and not self._is(self._hidden, name, v):
                inside.setdefault(holder, []).append(name)
        here = v[self._player_at] if self._player_at is not None else None
        lines = []
        if here.__class__ is str:
            lines.append(self._place(here, v))
            exits = self._exits_of(here, v)
            if exits:
                lines.append(exits)
            if not self._is(self._hidden, here, v):
                seen = [self._thing(name, inside, v) for name in inside.get(here, ())]
                lines.append(f"You see: {', '.join(seen) or 'nothing of note'}.")
        lines.append(
            f"You carry: {', '.join(self._thing(n, inside, v) for n in inside.get('player', ())) or 'nothing'}."
        )
        return "\n".join(lines)

    def _place(self, name: str, v: list[Value]) -> str:
        slot = self._description.get(name)
        description = v[slot] if slot is not None else None
        words = "You are in:" if name not in self._places else "Place:"
        return f"{words} {name}." + (f" {show(description)}" if description is not None else "")

    def _exits_of(self, name: str, v: list[Value]) -> str:
        slot = self._exits.get(name)
        exits = v[slot] if slot is not None else None
        if not exits:
            return ""
        if exits.__class__ is dict:
            return (
                f"Exits: {', '.join(f'{direction} ({show(place)})' for direction, place in exits.items())}."
            )
        return f"Exits: {', '.join(map(show, exits))}."

    def _thing(
        self, name: str, inside: dict[str, list[str]], v: list[Value], above: tuple[str, ...] = ()
    ) -> str:
        # Effects may put things inside one another in a circle.
        if name in above or len(above) > _MAX_DEPTH:
            return name
        contents = inside.get(name)
        if name in self._container and v[self._container[name]]:
            if not self._is(self._open, name, v):
                return f"{name} (closed)"
            if not contents:
                return f"{name} (open, empty)"
            return f"{name} (open, with {self._things(contents, inside, v, (*above, name))})"
        if contents:
            return f"{name} (with {self._things(contents, inside, v, (*above, name))})"
        return name

    def _things(
        self, names: list[str], inside: dict[str, list[str]], v: list[Value], above: tuple[str, ...]
    ) -> str:
        return ", ".join([self._thing(name, inside, v, above) for name in names])

    @staticmethod
    def _is(slots: dict[str, int], name: str, v: list[Value]) -> bool:
        slot = slots.get(name)
        return slot is not None and bool(v[slot])
