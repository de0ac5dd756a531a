"""How caller and worker talk: length-prefixed msgpack over one socket, a request answered by one reply, nothing else.

Requests are ``[operation, ...]``:

- ``[VALIDATE, sources, which, actions, params, states, whose]`` is answered by a list with, per action, ``True``, ``False``,
  a text, or ``[fault, message]``; ``which`` has each action's index into ``sources``, ``whose`` into ``states`` (None: 0);
- ``[MATCH, patterns, texts, [pattern index, text index, ...]]`` by ``[tables, results]``: ``tables`` maps a pattern's index
  to its group names, or to a text where it does not compile; a result is None (no match), the spans of the groups,
  False (see the table), or a fault's name;
- ``[GROUPS, pattern]`` by a list of names, or a text where it does not compile;
- ``[CHECK, source]`` by None, or a text.

Batches may be answered in part: the worker stops early when half the deadline is gone (so that honest work never
runs into it) and the caller asks again for what is left.

With the fork server, over a socket of its own, the caller talks in single bytes. ``FORK`` comes with the worker's end of a socket
pair, and is answered over that, by the worker: its process id and the names of its layers. ``END`` ends the worker that was forked
first of those that live, and is answered by its exit status (negative: the signal). The fork server's greeting, and its answer
where it cannot fork, are ``[READY or FAILED, ...]``.

The worker answers matches with positions, not texts: replies stay small, and the caller cuts its own text.
"""

import math
import socket
import time
from collections.abc import Callable
from typing import Any, Final

import msgpack

VALIDATE: Final = 1
MATCH: Final = 2
GROUPS: Final = 3
CHECK: Final = 4

FORK: Final = b"f"
END: Final = b"e"

READY: Final = "ready"
FAILED: Final = "failed"

REJECTED: Final = "rejected"
TIMEOUT: Final = "timeout"
MEMORY: Final = "memory"
CRASH: Final = "crash"
EXCEPTION: Final = "exception"
BAD_RESULT: Final = "bad result"

PROCESS: Final = "process"
DEADLINE: Final = "deadline"
RLIMITS: Final = "rlimits"
UNPRIVILEGED: Final = "unprivileged"
NO_NEW_PRIVS: Final = "no_new_privs"
LANDLOCK: Final = "landlock"
SECCOMP: Final = "seccomp"

LAYERS: Final = (PROCESS, DEADLINE, RLIMITS, UNPRIVILEGED, NO_NEW_PRIVS, LANDLOCK, SECCOMP)
"""What may lie around a worker, the outermost first."""

FAULTS: Final = frozenset({REJECTED, TIMEOUT, MEMORY, CRASH, EXCEPTION, BAD_RESULT})

MAX_SOURCE: Final = 16_384
MAX_PATTERN: Final = 65_536
MAX_MESSAGE: Final = 2_000
MAX_REQUEST: Final = 16 * 2**20
MAX_REPLY: Final = 2 * 2**20

_PREFIX: Final = 4
CHUNK: Final = 65_536
_BIG_INT: Final = 1


class FrameError(Exception):
    """A frame that is too long or is not what the protocol allows."""


class Unfit(Exception):
    """A value that cannot be sent."""


def _pack_unusual(value: object) -> object:
    if isinstance(value, int):
        return msgpack.ExtType(_BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    raise TypeError(
        f"a value of type {type(value).__name__} cannot be handed to the sandbox; use plain JSON values"
    )


def _unpack_unusual(code: int, data: bytes) -> object:
    if code == _BIG_INT:
        return int.from_bytes(data, "big", signed=True)
    raise FrameError(f"unknown extension type {code}")


def _refuse_unusual(code: int, data: bytes) -> object:
    raise FrameError(f"unknown extension type {code}")


def make_packer(unicode_errors: str | None = None) -> msgpack.Packer:
    """Return a packer for either side. Not thread-safe."""
    return msgpack.Packer(default=_pack_unusual, unicode_errors=unicode_errors, autoreset=True)


def pack(packer: msgpack.Packer, value: object) -> bytes:
    """Pack a value. Any text can cross, lone surrogates included.

    Raises:
        Unfit: If msgpack cannot pack it.
    """
    try:
        return packer.pack(value)  # type: ignore[no-any-return]
    except UnicodeEncodeError:  # rare, and dearer: with an error handler every text is encoded anew
        return pack(make_packer("surrogatepass"), value)
    except Exception as error:
        raise Unfit(str(error)) from None


def frame(packer: msgpack.Packer, value: object, limit: int) -> bytes:
    """Pack a value with its length prefix.

    Raises:
        Unfit: If it is longer than `limit` bytes, or msgpack cannot pack it.
    """
    body = pack(packer, value)
    if len(body) > limit:
        raise Unfit(f"{len(body):,} bytes, where at most {limit:,} can cross")
    return len(body).to_bytes(_PREFIX, "big") + body


def receive(connection: socket.socket, limit: int) -> bytes:
    """Read one frame's body; a small one takes a single system call.

    Raises:
        EOFError: If the other side has gone.
        FrameError: If the frame is longer than `limit`, or more than one frame came.
        OSError: As the socket does, its timeout included.
    """
    return complete(connection, connection.recv(CHUNK), limit)


def complete(connection: socket.socket, data: bytes, limit: int, patience: float = math.inf) -> bytes:
    """Return the body of the frame that `data` begins, reading what is missing for at most `patience` seconds.

    Raises:
        As `receive` does.
    """
    body = whole(data)
    if body is None:
        return _with_rest(connection, bytearray(data), limit, time.monotonic() + patience)[_PREFIX:]
    return body


def whole(data: bytes) -> bytes | None:
    """Return the body of what is exactly one frame; None for more or less than one."""
    if len(data) > _PREFIX and int.from_bytes(data[:_PREFIX], "big") == len(data) - _PREFIX:
        return data[_PREFIX:]
    return None


def _with_rest(connection: socket.socket, data: bytearray, limit: int, until: float) -> bytes:
    wanted = _PREFIX
    while True:
        if len(data) >= _PREFIX:
            length = int.from_bytes(data[:_PREFIX], "big")
            if length > limit:
                raise FrameError(f"a frame of {length:,} bytes, where at most {limit:,} can cross")
            wanted = _PREFIX + length
        if len(data) > wanted > _PREFIX:
            raise FrameError("more than one frame at once")
        if len(data) == wanted > _PREFIX:
            return bytes(data)
        if not data or time.monotonic() > until:
            raise TimeoutError if data else EOFError
        more = connection.recv(CHUNK)
        if not more:
            raise EOFError
        data += more


def unpack(body: bytes) -> Any:
    """Unpack a request, or a fork server's word.

    Raises:
        FrameError: If it is not msgpack, or holds something the protocol does not know.
        MemoryError: If it does not fit into memory.
    """
    return _unpacked(body, _unpack_unusual)


def unpack_reply(body: bytes) -> Any:
    """Unpack a worker's reply, which has no business with unusual values.

    Raises:
        As `unpack` does.
    """
    return _unpacked(body, _refuse_unusual)


def _unpacked(body: bytes, unusual: Callable[[int, bytes], object]) -> Any:
    try:
        return msgpack.unpackb(body, ext_hook=unusual, unicode_errors="surrogatepass", strict_map_key=False)
    except MemoryError:
        raise
    except Exception as error:
        raise FrameError(f"not a frame: {error}") from None
