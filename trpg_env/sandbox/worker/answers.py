"""The worker's side: answers requests, one at a time, until its caller goes.

No call leaves anything behind for a later one. Code runs in a fresh namespace on inputs of its own (see `Validator` for when these
can be shared, there being no way to tell); what it leaves in memory is freed, cycles included, before its answer is sent,
and none of it is code that would run then; a worker that ran out of memory, or cannot give the next call its share,
answers and ends.
"""

import gc
import re
import socket
import time
from collections.abc import Callable
from itertools import count, repeat
from typing import Any

from trpg_env.sandbox import protocol
from trpg_env.sandbox.confinement import limits
from trpg_env.sandbox.language.checks import TOO_DEEP, Refused
from trpg_env.sandbox.language.patterns import compile_pattern
from trpg_env.sandbox.language.policy import FILENAME
from trpg_env.sandbox.language.texts import scrub
from trpg_env.sandbox.language.validator import Validator
from trpg_env.sandbox.protocol import BAD_RESULT, EXCEPTION, MEMORY, REJECTED

_KEPT_TEXT = 250_000
"""Characters of source and of patterns whose compiled form is kept."""

_SHORT = 0.001
"""Seconds: what a shorter call leaves (in caches) is little, and to look for it would cost more than the call did."""

_A_FEW = 8
"""So many short calls leave little in cycles too; then it is freed."""

_NOW_AND_THEN = 64
"""After so many calls it is looked for all the same."""

_ORDINARY = (
    [protocol.MATCH, [r"(?i)go (?P<where>\w+)"], ["go north"], [0, 0]],
    [
        protocol.VALIDATE,
        ["def validate(action, params, state):\n    return re.search('a+', action) is None or f'{params} {state}'"],
        None, ["go"], [{"where": "north"}], [{"exits": ["north"]}], None,
    ],
)  # fmt: skip

_OUT_OF_MEMORY = [MEMORY, "it used more memory than it may; build smaller values"]


class _Cache(dict[str, Any]):
    """Compiled forms by their text; forgets everything when it has grown too large."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def keep(self, text: str, value: Any) -> Any:
        self.size += len(text) + 100
        if self.size > _KEPT_TEXT:
            self.clear()
            re.purge()
            self.size = len(text) + 100
        self[text] = value
        return value


class Worker:
    """What answers requests: knows the compiled forms of what it was asked about before.

    Args:
        deadline: The seconds after which the caller will end this process; half of it is a batch's allowance.
    """

    def __init__(self, deadline: float) -> None:
        self._pause = deadline / 2
        self._budget = 2 * deadline + 5
        self._tired = False
        self._learned = False
        self._looked = False
        self._validators = _Cache()
        self._patterns = _Cache()
        self._packer = protocol.make_packer()
        self._operations: dict[int, Callable[..., Any]] = {
            protocol.VALIDATE: self._validate,
            protocol.MATCH: self._match,
            protocol.GROUPS: self._groups,
            protocol.CHECK: self._check,
        }
        self.warm_up()

    # A compiled form, or the text that says why there is none.

    def _validator(self, source: str) -> Validator | str:
        if source in self._validators:
            return self._validators[source]  # type: ignore[no-any-return]
        try:
            made: Validator | str = Validator(source)
        except Refused as refused:
            made = str(refused)
        except MemoryError:
            if not limits.has_room():
                raise
            made = TOO_DEEP  # what the parser says of a source that is
        self._learned = True
        return self._validators.keep(source, made)  # type: ignore[no-any-return]

    def _pattern(self, pattern: str) -> "tuple[re.Pattern[str], list[str | int]] | str":
        if pattern in self._patterns:
            return self._patterns[pattern]  # type: ignore[no-any-return]
        made: tuple[re.Pattern[str], list[str | int]] | str
        try:
            compiled = compile_pattern(pattern)
            names: list[str | int] = list(range(1, compiled.groups + 1))
            for name, number in compiled.groupindex.items():
                names[number - 1] = name
            made = (compiled, names)
        except RecursionError:
            made = "the pattern is nested too deeply; write a flatter one"
        except MemoryError:
            raise
        except Exception as error:
            made = str(error)
        self._learned = True
        return self._patterns.keep(pattern, made)  # type: ignore[no-any-return]

    def _validate(
        self,
        sources: list[str],
        which: list[int] | None,
        actions: list[str],
        params: list[Any],
        states: list[Any],
        whose: list[int] | None,
    ) -> list[Any]:
        answers: list[Any] = []
        clock = time.monotonic
        last = clock()
        until = last + self._pause
        shared = len(states) < len(actions)
        clean: dict[int, bytes] = {}
        made: dict[int, Validator | str] = {}
        rows = zip(which or repeat(0), actions, params, whose or repeat(0), strict=False)
        for n, (s, action, given, w) in enumerate(rows):
            try:
                validator = made.get(s)
                if validator is None:
                    validator = made[s] = self._validator(sources[s])
                if isinstance(validator, str):
                    answer: Any = [REJECTED, validator]
                else:
                    state = states[w]
                    if shared and validator.spoils:
                        if w not in clean:
                            clean[w] = protocol.pack(self._packer, state)
                        state = protocol.unpack(clean[w])
                    answer = self._run(validator, action, given, state)
            except MemoryError:
                self._tired = True
                if not answers:
                    answers.append(_OUT_OF_MEMORY)
                break  # else a fresh worker tries it again: earlier calls may have been what filled the memory
            answers.append(answer)
            if n % _A_FEW == _A_FEW - 1:
                gc.collect(0)
            now = clock()
            if now > until or (now - last > _SHORT and not self._recovers()):
                break
            last = now
        return answers

    def _recovers(self) -> bool:
        """Tell, after a check that was not short, whether the next of its batch can have the memory it is promised."""
        self._looked = True
        gc.collect()
        self._tired = self._tired or not limits.has_room()
        return not self._tired

    @staticmethod
    def _run(validator: Validator, action: str, params: Any, state: Any) -> Any:
        namespace = None
        try:
            function = validator.function
            if function is None:
                namespace = validator.define()
                function = namespace["validate"]
                if validator.keep(namespace):
                    namespace = None
            result = function(action, params, state)
            if result is True or result is False:
                return result
            return _answer(result)
        except MemoryError:
            raise
        except BaseException as error:
            return [EXCEPTION, _described(error)]
        finally:
            if namespace is not None:
                namespace.clear()

    def _match(self, patterns: list[str], texts: list[str], pairs: list[int]) -> Any:
        tables: dict[int, Any] = {}
        results: list[Any] = []
        until = time.monotonic() + self._pause
        for p, t in zip(pairs[::2], pairs[1::2], strict=True):
            try:
                made = self._pattern(patterns[p])
                if isinstance(made, str):
                    tables[p] = made
                    results.append(False)
                else:
                    tables[p] = made[1]
                    found = made[0].fullmatch(texts[t])
                    results.append(found and found.regs[1:])
            except MemoryError:
                self._tired = True
                if not results:
                    results.append(MEMORY)
                break
            if time.monotonic() > until:
                break
        return [tables, results]

    def _groups(self, pattern: str) -> Any:
        made = self._pattern(pattern)
        return made if isinstance(made, str) else made[1]

    def _check(self, source: str) -> Any:
        made = self._validator(source)
        return made if isinstance(made, str) else None

    def _reply(self, body: bytes) -> bytes:
        arguments: list[Any] = []
        try:
            operation, *arguments = protocol.unpack(body)
            answer = self._operations[operation](*arguments)
        except protocol.FrameError:  # a dict whose key is a list, say
            answer = REJECTED
        except MemoryError:
            self._tired = True
            answer = MEMORY
        del arguments
        gc.collect(2 if self._looked else 0)  # to look makes whatever is held meanwhile an older generation
        self._looked = False
        if self._learned:
            self._learned = False
            gc.freeze()  # what is kept need not be gone through again each time
        return protocol.frame(self._packer, answer, protocol.MAX_REPLY)

    def warm_up(self) -> None:
        """Touch what answering touches, so that the first call need not: whatever is loaded late, and pages shared since a fork."""
        for request in _ORDINARY:
            self._reply(protocol.pack(self._packer, request))

    def serve(self, connection: socket.socket) -> None:
        """Answer until the caller goes or memory runs short."""
        renew_at = 0.0
        for turn in count():
            if self._tired:
                return
            try:
                body = protocol.receive(connection, protocol.MAX_REQUEST)
            except EOFError:
                return
            began = time.monotonic()
            if began >= renew_at:
                renew_at = began + self._budget
                limits.grant_cpu(time.process_time() + 2 * self._budget)
            connection.sendall(self._reply(body))
            if turn % _NOW_AND_THEN == 0 or time.monotonic() - began > _SHORT:
                self._tired = self._tired or not limits.has_room()


def _answer(result: Any) -> Any:
    if type(result) is str:
        return result[: protocol.MAX_MESSAGE + 1]
    got = "nothing" if result is None else f"a value of type {type(result).__name__}"
    return [BAD_RESULT, f"validate returned {got}; return True, False or a text that says what is wrong"]


def _described(error: BaseException) -> str:
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILENAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    where = "" if line is None else f" (line {line})"
    try:
        text = scrub(str(error))[: protocol.MAX_MESSAGE]
    except MemoryError:
        raise
    except Exception:
        text = ""
    kind = type(error).__name__
    return (f"{kind}: {text}" if text else kind) + where
