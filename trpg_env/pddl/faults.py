"""What is wrong with PDDL: the first fault, with its file and line, in one sentence."""

from trpg_env.script.faults import Fault

_LONGEST = 60


class PddlError(ValueError):
    """PDDL that cannot be read, or that a script cannot say.

    Attributes:
        fault: What is wrong, in which file and line.

    Example:
        >>> print(PddlError("the action has no name", file="blocks.pddl", line=12))
        blocks.pddl:12: the action has no name
    """

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        self.fault = Fault(message, file=file, line=line)
        super().__init__(str(self.fault))

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self.fault,)


def _again(fault: Fault) -> PddlError:
    return PddlError(fault.message, file=fault.file, line=fault.line)


def shown(text: str) -> str:
    r"""A piece of a file as messages quote it: what cannot be printed escaped, the beginning of what is long.

    Example:
        >>> print(shown("on-table"), shown("é"))
        'on-table' '\xe9'
    """
    return ascii(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")
