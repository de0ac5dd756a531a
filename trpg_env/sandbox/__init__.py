r"""Other people's code, run safely: verification code and patterns are hostile text until they have answered.

None of it is compiled or executed in this process. A worker process with nothing in its hands does it, under limits of its
own and a deadline that the caller keeps.

Example:
    >>> from trpg_env.sandbox import Sandbox
    >>> with Sandbox() as sandbox:
    ...     sandbox.match(r"go (?P<direction>\w+)", "go north")
    {'direction': 'north'}
"""

from trpg_env.sandbox.faults import SandboxFault, SourceRejected, Verdict
from trpg_env.sandbox.sandbox import Sandbox

__all__ = ["Sandbox", "SandboxFault", "SourceRejected", "Verdict"]
