"""Whether texts are actions of a script, by its verification code and parameters alone: the paper's rule needs no more."""

from collections.abc import Iterable, Iterator

from trpg_env.envs.react import Refused
from trpg_env.sandbox import Sandbox
from trpg_env.script import Fault, Script
from trpg_env.trajectory.model import Trajectory
from trpg_env.trajectory.replies import given
from trpg_env.trajectory.wording import shown
from trpg_env.world import GroundAction, VerificationFailed
from trpg_env.world.layout import Layout
from trpg_env.world.resolution import Resolver


class Matcher:
    """Finds actions in texts, for a script of either kind; no world is in play.

    Args:
        script: The script. A narrative one has no state: code that reads it gets an empty one.
        sandbox: Where its patterns and code run; it stays the caller's.
    """

    def __init__(self, script: Script, sandbox: Sandbox) -> None:
        program = script.program
        self._resolver = Resolver.of(program, sandbox)
        self._start = Layout(program).start
        self._state_unknown = program.grounded and self._resolver.reads_state

    def prepare(self, texts: Iterable[str]) -> None:
        """Look at many texts with few round trips to the sandbox."""
        self._resolver.prepare(list(texts))

    def accepts(self, text: str) -> bool | None:
        """Whether a text is an action with valid parameters; None where it hangs on a state that nobody knows.

        Raises:
            VerificationFailed: A pattern or code did not answer.
        """
        if self._state_unknown:
            return self._resolver.is_action(text)
        return isinstance(self._resolver.resolve(text, self._start), GroundAction)


def check_parameter_errors(trajectory: Trajectory, matcher: Matcher) -> Iterator[Fault]:
    """Find actions that are none and are not reported as parameter errors (paper, verification of trajectories).

    In a rollout verification code decides parameter errors, so that the reverse is found there too.
    """
    exchanges = trajectory.exchanges()
    if (
        trajectory.error is not None
        and trajectory.error.unjudged
        and exchanges
        and exchanges[-1][1].error is None
    ):
        exchanges.pop()
    matcher.prepare(player.action for player, _ in exchanges)
    for i, (player, dm) in enumerate(exchanges, start=1):
        place = f"turns[{2 * i}].parameter_error"
        try:
            refused = isinstance(given(trajectory, player), Refused)
            accepted = False if refused else matcher.accepts(player.action)
        except VerificationFailed as failed:
            yield Fault(f"cannot be verified: the check of the action did not answer ({failed.kind})", place)
            return
        if accepted is False and not dm.parameter_error:
            yield Fault(
                f"false stands here, but {shown(player.action)} matches no action's verification code and parameters",
                place,
            )
            return
        if accepted and dm.parameter_error and trajectory.source == "rollout":
            yield Fault(
                f"true stands here, but {shown(player.action)} matches an action's verification code and parameters",
                place,
            )
            return
