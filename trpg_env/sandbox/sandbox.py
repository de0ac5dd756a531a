"""The caller's side: asks a worker, and turns whatever becomes of it into verdicts and groups."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar

from trpg_env.sandbox import protocol, questions
from trpg_env.sandbox.faults import SandboxFault, SourceRejected, Verdict
from trpg_env.sandbox.process import WorkerDied, WorkerProcess, WorkerTimeout
from trpg_env.sandbox.protocol import CRASH, MEMORY, REJECTED, TIMEOUT
from trpg_env.sandbox.questions import Check, Faulted, Groups, Pair

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")

_TRIES = 3
"""How often a question is put that was not answered for reasons from outside."""

_FROM_OUTSIDE = frozenset({0, -1, -2, -3, -9, -15, -24})
"""Exit statuses that say nothing about the code that was running: the worker retired, or somebody else ended it."""

_CHECKS_AT_ONCE = 256
_PAIRS_AT_ONCE = 2_000

_sandboxes: "weakref.WeakSet[Sandbox]" = weakref.WeakSet()


class Sandbox:
    r"""Runs verification code and patterns that nobody vouches for.

    A worker process is started at the first use, and again whenever one had to be ended; `close` (or leaving ``with``, or
    the sandbox's own end) ends it. Any thread may use a sandbox; calls take turns. A forked child starts a worker of its
    own, and a pickled or copied sandbox is a new one with the same settings. A closed one starts anew when used.

    Example:
        >>> code = "def validate(action, params, state):\n    return state['hp'] > 3 or 'You are too weak.'"
        >>> with Sandbox() as sandbox:
        ...     sandbox.validate(code, "lift rock", {}, {"hp": 2}).message
        'You are too weak.'
    """

    _asking: bool
    _worker: WorkerProcess | None
    _finalizer: "weakref.finalize[[], Sandbox] | None"

    def __init__(self, deadline: float = 0.2, require: Iterable[str] = ()) -> None:
        """Make a sandbox; nothing is started yet, unless something is required.

        Args:
            deadline: Seconds after which code or a pattern that has not answered is given up.
            require: Layers of `protection` to insist on, or the name of one. By default the sandbox does with those that the
                system has.

        Raises:
            ValueError: If the deadline is not a positive number of seconds, an hour at most, or there is no layer of a name.
            SandboxFault: If a required layer cannot be had here.
        """
        if not 0 < deadline <= 3_600:
            raise ValueError(f"deadline must be a number of seconds above 0, at most 3600, not {deadline!r}")
        self._require = (require,) if isinstance(require, str) else tuple(require)
        for name in self._require:
            if name not in protocol.LAYERS:
                raise ValueError(
                    f"there is no layer {name!r} to require; choose from {', '.join(protocol.LAYERS)}"
                )
        self._deadline = float(deadline)
        self._forget()
        _sandboxes.add(self)
        if self._require:
            self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Self], tuple[float, tuple[str, ...]]]:
        return (type(self), (self.deadline, self._require))

    def __repr__(self) -> str:
        require = f", require={self._require!r}" if self._require else ""
        return f"{type(self).__name__}(deadline={self.deadline:g}{require})"

    @property
    def deadline(self) -> float:
        """Seconds after which code or a pattern that has not answered is given up."""
        return self._deadline

    @property
    def protection(self) -> tuple[str, ...]:
        """The layers in force around the code, the outermost first.

        Always ``process`` and ``deadline``; where the system has them ``rlimits``, ``unprivileged`` (not root),
        ``no_new_privs``, ``landlock`` and ``seccomp``. What each stops is told in docs/security.md.

        Raises:
            SandboxFault: If no worker can be started to look.
        """
        with self._lock:
            return (self._worker or self._start()).layers

    def close(self) -> None:
        """End the worker, if there is one."""
        with self._lock:
            if self._asking:
                self._abandon()
            else:
                self._discard()

    def validate(self, source: str, action: str, params: Mapping[str, Any], state: Any) -> Verdict:
        """Ask verification code about an action. Never raises.

        Args:
            source: Python that defines ``validate(action, params, state)``.
            action: The player's text.
            params: The parameters' values; the code gets a copy.
            state: The world as plain JSON values; the code gets a copy.

        Returns:
            What the code said, or the fault with which it said nothing.
        """
        checks = [(source, action, params, state)]
        try:
            return questions.read_verdicts(checks, self._ask(questions.validation(checks)))[0]
        except Faulted as faulted:
            return self._blame_code(checks[0], faulted)
        except SandboxFault as broken:
            return Verdict(False, str(broken), CRASH)

    def validate_many(self, checks: Iterable[Check]) -> list[Verdict]:
        """Ask about many actions in as few round trips as can be; actions that share a state share its crossing too.

        Args:
            checks: For each action what `validate` takes: source, action, params and state.

        Returns:
            The same verdicts as one by one.

        Raises:
            ValueError, TypeError: If a check is not made of those four. Nothing that they hold makes it raise.
        """
        checks = list(checks)
        try:
            return self._in_chunks(
                checks, _CHECKS_AT_ONCE, questions.validation, questions.read_verdicts, self._blame_code
            )
        except SandboxFault as broken:
            return [Verdict(False, str(broken), CRASH)] * len(checks)

    def match(self, pattern: str, text: str) -> Groups | None:
        """Match all of a text, as `re.fullmatch` does.

        Args:
            pattern: Python's regular expression; at most 65,536 characters.
            text: The text.

        Returns:
            None where it does not match; else the text (or None) of each group, by its name, or its number if it has none.

        Raises:
            SourceRejected: If the pattern does not compile or does not answer in time; see its `fault`.
            SandboxFault: If the sandbox itself does not work.
        """
        answer = self.match_many([(pattern, text)])[0]
        if isinstance(answer, SourceRejected):
            raise answer
        return answer

    def match_many(self, pairs: Iterable[Pair]) -> list[Groups | SourceRejected | None]:
        """Match many pairs of pattern and text in as few round trips as can be.

        Args:
            pairs: Pattern and text, as `match` takes them.

        Returns:
            For each pair what `match` returns, or the `SourceRejected` it would raise. A pattern that once did not come to an
            answer is not tried on its other texts.

        Raises:
            SandboxFault: If the sandbox itself does not work.
        """
        condemned: dict[str, SourceRejected] = {}

        def blame(pair: Pair, faulted: Faulted) -> Groups | SourceRejected | None:
            rejected = self._blame_pattern(faulted)
            if faulted.fault != REJECTED:
                condemned[pair[0]] = rejected
            return rejected

        def known(pair: Pair) -> SourceRejected | None:
            return condemned.get(pair[0]) if condemned and isinstance(pair[0], str) else None

        return self._in_chunks(
            list(pairs), _PAIRS_AT_ONCE, questions.matching, questions.read_matches, blame, known=known
        )

    def groups(self, pattern: str) -> tuple[str | int, ...]:
        """Return a pattern's groups in order: the name of each, or its number if it has none.

        Args:
            pattern: Python's regular expression.

        Raises:
            SourceRejected: If the pattern does not compile; see its `fault`.
            SandboxFault: If the sandbox itself does not work.
        """
        try:
            questions.require_pattern(pattern)
            answer = self._ask([protocol.GROUPS, pattern])
            if isinstance(answer, list) and all(isinstance(name, (str, int)) for name in answer):
                return tuple(answer)
            raise questions.no_answer(answer, said=True)
        except Faulted as faulted:
            raise self._blame_pattern(faulted) from None

    def check(self, source: str) -> None:
        """Check that verification code is within the language, without running it.

        Args:
            source: Python that defines ``validate(action, params, state)``; at most 16,384 characters.

        Raises:
            SourceRejected: If it is not; the text names the line and what to write instead.
            SandboxFault: If the sandbox itself does not work.
        """
        try:
            questions.require_source(source)
            answer = self._ask([protocol.CHECK, source])
            if answer is not None:
                raise questions.no_answer(answer, said=True)
        except Faulted as faulted:
            verdict = self._blame_code(None, faulted)
            raise SourceRejected(str(verdict.message), faulted.fault) from None

    def _in_chunks(
        self,
        items: Sequence[_Item],
        size: int,
        request: Callable[[Sequence[_Item]], list[Any]],
        read: Callable[[Sequence[_Item], Any], list[_Answer]],
        blame: Callable[[_Item, Faulted], _Answer],
        *,
        known: Callable[[_Item], _Answer | None] = lambda _: None,
    ) -> list[_Answer]:
        """Ask in chunks; where one comes to nothing, ask for each of its items alone, to find out whose doing it was."""
        answers: list[_Answer] = []
        at_once, until = size, 0
        while (done := len(answers)) < len(items):
            if done >= until:
                at_once, until = size, done + size
            answer = known(items[done])
            if answer is not None:
                answers.append(answer)
                continue
            batch = items[done : min(done + at_once, until)]
            try:
                answers += read(batch, self._ask(request(batch)))
            except Faulted as faulted:
                if len(batch) > 1:
                    at_once = 1
                else:
                    answers.append(blame(batch[0], faulted))
        return answers

    def _ask(self, request: list[Any]) -> Any:
        with self._lock:
            nested = self._asking
            if nested:
                # A signal handler asks in the middle of a call of its own thread, which will begin anew.
                self._abandon()
            self._asking = True
            try:
                frame = protocol.frame(self._packer, request, protocol.MAX_REQUEST)
                return self._exchange(frame)
            except protocol.Unfit as error:
                raise questions.unfit(str(error)) from None
            finally:
                self._asking = nested

    def _exchange(self, frame: bytes) -> Any:
        tries = 0
        while True:
            worker = self._worker or self._start()
            try:
                answer = worker.exchange(frame)
                if questions.is_last(answer):  # so that the next call need not find out
                    self._replace()
                return answer
            except (WorkerTimeout, WorkerDied, protocol.FrameError) as error:
                tries += 1
                if worker is not self._worker and tries < _TRIES:
                    worker.stop()
                    continue
                status = self._replace()
                if isinstance(error, WorkerTimeout):
                    raise Faulted(TIMEOUT, "") from None
                if isinstance(error, protocol.FrameError):
                    raise Faulted(CRASH, "the worker gave an answer that is none") from None
                if tries == _TRIES or status not in _FROM_OUTSIDE:
                    how = f"signal {-status}" if status < 0 else f"exit status {status}"
                    raise Faulted(CRASH, f"the worker process died ({how})") from None
            except BaseException:  # an answer still on its way would be taken for the next one
                self._discard()
                worker.stop()
                raise

    def _start(self) -> WorkerProcess:
        worker = self._worker = WorkerProcess(self.deadline)
        self._finalizer = weakref.finalize(self, worker.stop)
        self._insist()
        return worker

    def _insist(self) -> None:
        layers = self._worker.layers if self._worker else ()
        missing = [name for name in self._require if name not in layers]
        if missing:
            self._discard()
            raise SandboxFault(
                f"This system cannot put {' and '.join(missing)} around verification code, only {', '.join(layers)}; "
                "ask for less with require=, or use another kernel"
            )

    def _replace(self) -> int:
        """Have another worker in place of this one, which is ended; return its exit status."""
        if self._worker is None:
            return 0
        try:
            status = self._worker.replace()
        except SandboxFault:  # the fork server went too, and that was none of the code's doing
            self._discard()
            return 0
        except BaseException:
            self._discard()
            raise
        self._insist()
        return status

    def _abandon(self) -> None:
        """Let go of a worker that is in the middle of a call, and have that call notice."""
        worker, self._worker = self._worker, None
        if worker is not None and self._finalizer is not None:
            self._finalizer.detach()
            worker.hang_up()

    def _discard(self) -> None:
        self._worker = None
        if self._finalizer is not None:
            self._finalizer()
            self._finalizer = None

    def _forget(self) -> None:
        self._lock = threading.RLock()  # a signal handler may close or ask in the middle of a call
        self._asking = False
        self._packer = protocol.make_packer()
        self._worker = None
        self._finalizer = None

    def _blame_code(self, _: object, faulted: Faulted) -> Verdict:
        message = {
            REJECTED: f"The verification code cannot be used: {faulted.message}",
            TIMEOUT: f"The verification code did not answer within {self.deadline:g} s; look for a loop without end or a slow pattern",
            MEMORY: "The verification code used more memory than it may; build smaller values",
        }.get(faulted.fault, f"The verification code brought its process down: {faulted.message}")
        return Verdict(False, questions.clean(message), faulted.fault)

    def _blame_pattern(self, faulted: Faulted) -> SourceRejected:
        message = {
            REJECTED: f"The pattern cannot be used: {faulted.message}",
            TIMEOUT: f"The pattern timed out: no answer within {self.deadline:g} s; avoid repeats inside repeats",
            MEMORY: "The pattern used more memory than it may; write a smaller one",
        }.get(faulted.fault, f"The pattern brought its process down: {faulted.message}")
        return SourceRejected(questions.clean(message), faulted.fault)


def _forget_workers() -> None:
    # In a forked child: the workers are the parent's, and a lock may have been held by a thread that is not here.
    for sandbox in list(_sandboxes):
        sandbox._discard()
        sandbox._forget()


os.register_at_fork(after_in_child=_forget_workers)
