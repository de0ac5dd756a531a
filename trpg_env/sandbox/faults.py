"""What the sandbox answers and what it raises: the only words its two sides have in common with the rest of the project.

Untrusted code that misbehaves is data (a `Verdict` with a fault), a pattern or source that cannot be used is the
author's mistake (`SourceRejected`), and a sandbox that cannot run at all is ours (`SandboxFault`).
"""

from dataclasses import dataclass

from trpg_env.sandbox.protocol import REJECTED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification code said about one action.

    Attributes:
        accepted: Whether the code returned exactly ``True``. Always False when there is a fault.
        message: The text the code returned, or what went wrong and what to write instead; None for a plain True or False.
        fault: None where the code answered; else one of ``rejected``, ``timeout``, ``memory``, ``crash``, ``exception``,
            ``bad result``.
    """

    accepted: bool
    message: str | None = None
    fault: str | None = None


class SourceRejected(ValueError):
    """A pattern or verification code that cannot be used; its text says why and what to write instead.

    Attributes:
        fault: ``rejected`` where the text itself is at fault (malformed, or refused by the policy); ``timeout``,
            ``memory`` or ``crash`` where it was tried and did not come to an answer.
    """

    def __init__(self, message: str, fault: str = REJECTED) -> None:
        super().__init__(message, fault)
        self.fault = fault

    def __str__(self) -> str:
        return str(self.args[0])


class SandboxFault(RuntimeError):
    """The sandbox itself does not work: its worker process cannot be started or breaks the protocol at once."""
