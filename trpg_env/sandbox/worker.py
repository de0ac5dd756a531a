"""The worker's side: answers requests, one at a time, until its caller goes.

No call leaves anything behind for a later one. Code runs in a fresh namespace on inputs of its own; what it leaves in memory is
freed, cycles included, before its answer is sent, so that whatever freeing sets off falls into its own deadline; and a
worker that ran out of memory, or cannot give the next call its share, answers and ends.
"""

import gc
import re
import socket
import sys
import time
import warnings
from types import CodeType
from typing import Any

from trpg_env.sandbox import limits, protocol
from trpg_env.sandbox.checks import Refused
from trpg_env.sandbox.facades import BUILTINS
from trpg_env.sandbox.guards import scrub
from trpg_env.sandbox.patterns import compile_pattern
from trpg_env.sandbox.policy import FILENAME, compile_source
from trpg_env.sandbox.protocol import BAD_RESULT, EXCEPTION, MEMORY, REJECTED

_KEPT_TEXT = 250_000
"""Characters of source and of patterns whose compiled form is kept."""

_SHORT = 0.001

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


class _Worker:
    def __init__(self, deadline: float) -> None:
        self.pause = deadline / 2
        self.tired = False
        self.learned = False
        self.sources = _Cache()
        self.patterns = _Cache()

    # A compiled form, or the text that says why there is none.

    def code(self, source: str) -> CodeType | str:
        if source in self.sources:
            return self.sources[source]  # type: ignore[no-any-return]
        try:
            made: CodeType | str = compile_source(source)
        except Refused as refused:
            made = str(refused)
        self.learned = True
        return self.sources.keep(source, made)  # type: ignore[no-any-return]

    def pattern(self, pattern: str) -> "tuple[re.Pattern[str], list[str | int]] | str":
        if pattern in self.patterns:
            return self.patterns[pattern]  # type: ignore[no-any-return]
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
        self.learned = True
        return self.patterns.keep(pattern, made)  # type: ignore[no-any-return]

    # Operations

    def validate(self, sources: list[str], items: list[list[Any]]) -> list[Any]:
        answers: list[Any] = []
        until = time.monotonic() + self.pause
        for index, action, params, state in items:
            try:
                answer = self.run(sources[index], action, params, state)
            except MemoryError:
                self.tired = True
                if not answers:
                    answers.append(_OUT_OF_MEMORY)
                break  # else a fresh worker tries it again: earlier calls may have been what filled the memory
            answers.append(answer)
            if time.monotonic() > until:
                break
        return answers

    def run(self, source: str, action: str, params: Any, state: Any) -> Any:
        code = self.code(source)
        if type(code) is str:
            return [REJECTED, code]
        namespace: dict[str, Any] = {"__builtins__": BUILTINS, "__name__": "validator"}
        try:
            exec(code, namespace)  # noqa: S102  (what this process is for)
            return _answer(namespace["validate"](action, params, state))
        except MemoryError:
            raise
        except BaseException as error:
            return [EXCEPTION, _described(error)]
        finally:
            namespace.clear()

    def match(self, patterns: list[str], texts: list[str], pairs: list[int]) -> Any:
        tables: dict[int, Any] = {}
        results: list[Any] = []
        until = time.monotonic() + self.pause
        for p, t in zip(pairs[::2], pairs[1::2], strict=True):
            try:
                made = self.pattern(patterns[p])
                if isinstance(made, str):
                    tables[p] = made
                    results.append(False)
                else:
                    tables[p] = made[1]
                    found = made[0].fullmatch(texts[t])
                    results.append(found and found.regs[1:])
            except MemoryError:
                self.tired = True
                if not results:
                    results.append(MEMORY)
                break
            if time.monotonic() > until:
                break
        return [tables, results]

    def answer(self, operation: int, arguments: list[Any]) -> Any:
        if operation == protocol.VALIDATE:
            return self.validate(*arguments)
        if operation == protocol.MATCH:
            return self.match(*arguments)
        if operation == protocol.GROUPS:
            made = self.pattern(*arguments)
            return made if type(made) is str else made[1]
        if operation == protocol.CHECK:
            code = self.code(*arguments)
            return code if type(code) is str else None
        raise protocol.FrameError(f"unknown operation {operation}")

    def reply(self, body: bytes, packer: Any) -> bytes:
        operation, *arguments = protocol.unpack(body)
        try:
            answer = self.answer(operation, arguments)
        except MemoryError:
            self.tired = True
            answer = MEMORY
        del arguments
        gc.collect(0)
        if self.learned:
            self.learned = False
            gc.freeze()  # what is kept need not be gone through again each time
        return protocol.frame(packer, answer, protocol.MAX_REPLY)


def _answer(result: Any) -> Any:
    if result is True or result is False:
        return result
    if type(result) is str:
        return result[: protocol.MAX_MESSAGE + 1]
    got = "nothing" if result is None else f"a {type(result).__name__}"
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


def _serve(connection: socket.socket, worker: _Worker, packer: Any, budget: float) -> None:
    renew_at = 0.0
    while not worker.tired:
        seconds = time.process_time()
        if seconds >= renew_at:
            renew_at = seconds + budget
            limits.grant_cpu(renew_at + budget)
        try:
            body = protocol.receive(connection, protocol.MAX_REQUEST)
        except EOFError:
            return
        began = time.monotonic()
        connection.sendall(worker.reply(body, packer))
        # What a short call leaves (in caches) is little, and to ask costs more than the call did.
        if time.monotonic() - began > _SHORT and not limits.has_room():
            return


def main(deadline: float) -> None:
    """Greet the caller on descriptor 0, then serve it.

    Args:
        deadline: The seconds after which the caller will end this process; half of it is a batch's allowance.
    """
    connection = socket.socket(fileno=0)
    packer = protocol.make_packer()
    try:
        warnings.simplefilter("ignore")
        sys.unraisablehook = lambda _: None
        worker = _Worker(deadline)
        worker.code(
            "def validate(action, params, state):\n    return True\n"
        )  # whatever compiling loads, it loads now
        layers = limits.restrict()
        # Only what calls leave behind is ever looked at, and only between calls.
        gc.disable()
        gc.collect()
        gc.freeze()
    except Exception as error:
        connection.sendall(protocol.frame(packer, [protocol.FAILED, repr(error)], protocol.MAX_REPLY))
        raise
    connection.sendall(protocol.frame(packer, [protocol.READY, layers], protocol.MAX_REPLY))
    _serve(connection, worker, packer, 2 * deadline + 5)
