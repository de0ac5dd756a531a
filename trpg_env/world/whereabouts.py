"""`place_of`, `inside` and `visible` as closures: where things are, along `at`, however deep."""

from trpg_env.script.program import Program
from trpg_env.world.code import Code, Function, Scope, constant
from trpg_env.world.layout import Layout
from trpg_env.world.values import Value


class Whereabouts:
    """Compiles calls of the functions that follow `at`.

    A thing that is inside itself, which effects can bring about, is in no place and not visible.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        self._program = program
        self._layout = layout
        self._places = frozenset(program.places)
        self._at = layout.slots.get("at", {})

    def code(self, function: str, arguments: list[Code]) -> Code:
        """A call of `place_of`, `visible` or `inside`."""
        run = arguments[0].run
        if arguments[0].constant:
            # Names are spelled the script's way once, not at each call.
            spelled = self._layout.entity(arguments[0].value)
            if spelled is None:
                return constant(None if function == "place_of" else False)
            run = constant(spelled).run
        elif function != "place_of":
            run = self._spelled(run)
        if function == "place_of":
            return Code(self._place_of(run), name=True)
        if function == "visible":
            return Code(self._visible(run))
        other, at = self._spelled(arguments[1].run), self._at
        most = len(self._program.entities)

        def inside(v: list[Value], s: Scope) -> Value:
            x, y = run(v, s), other(v, s)
            if y is None:
                return False
            for _ in range(most):
                slot = at.get(x)
                if slot is None:
                    return False
                x = v[slot]
                if x == y:
                    return True
                if x.__class__ is not str:
                    return False
            return False

        return Code(inside)

    def _spelled(self, run: Function) -> Function:
        entity, entities = self._layout.entity, self._program.entities

        def spelled(v: list[Value], s: Scope) -> Value:
            x = run(v, s)
            return x if x.__class__ is str and x in entities else entity(x)

        return spelled

    def _place_of(self, run: Function) -> Function:
        at, places, most, spelled = self._at, self._places, len(self._program.entities), self._layout.entity

        def place_of(v: list[Value], s: Scope) -> Value:
            x = run(v, s)
            if x.__class__ is not str:
                return None
            if x not in at and x not in places:
                x = spelled(x)
            for _ in range(most + 1):
                if x in places:
                    return x
                slot = at.get(x)
                if slot is None:
                    return None
                x = v[slot]
                if x.__class__ is not str:
                    return None
            return None

        return place_of

    def _visible(self, run: Function) -> Function:
        at, places, most = self._at, self._places, len(self._program.entities)
        hidden, container, opened = (self._layout.slots.get(a, {}) for a in ("hidden", "container", "open"))

        def visible(v: list[Value], s: Scope) -> Value:
            x = run(v, s)
            if x is None or (x in hidden and v[hidden[x]]):
                return False
            slot = at.get(x)
            x_at = None if slot is None else v[slot]
            if x_at is None:
                return x in places
            for _ in range(most):
                if x_at.__class__ is not str:
                    return True
                if x_at in hidden and v[hidden[x_at]]:
                    return False
                if x_at in container and v[container[x_at]] and not (x_at in opened and v[opened[x_at]]):
                    return False
                slot = at.get(x_at)
                if slot is None:
                    return True
                x_at = v[slot]
            return False

        return visible
