"""ScienceWorld's simulator: one Java process, spoken to by py4j, which ends when its owner does, however that ends.

The package's own Python class is not used: it lists all valid actions at each step, which costs more than the step, opens a
port that every user of the machine can send Java calls to, and leaves its process to be waited for by nobody.
"""

import os
import shutil
import subprocess
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from trpg_env.suites.benchmark import MissingExtra

_MAX_HEAP = "512m"
_OPTIONS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:+UnlockExperimentalVMOptions",
    # Objects' own hash codes are random, and the order of what is seen hangs on them: let all be the same.
    "-XX:hashCode=2",
    "-XX:+UseSerialGC",
    f"-Xmx{_MAX_HEAP}",
)
_NO_JAVA = "scienceworld needs Java 11 or later; run: apt-get install default-jre-headless (or set JAVA_HOME to where it is)"
_PATIENCE = 5.0


class SimulatorEnded(RuntimeError):
    """The Java process has ended without being asked to."""


def java() -> str:
    """The program that runs Java.

    Raises:
        MissingExtra: There is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if found is None:
        raise MissingExtra(_NO_JAVA)
    return found


class Simulator:
    """A simulator that runs; `close` ends it, as do its owner's end and its being forgotten.

    Raises:
        MissingExtra: There is no Java, or it does not run ScienceWorld.
    """

    def __init__(self) -> None:
        from py4j import java_gateway as py4j  # noqa: PLC0415  (an extra)
        from scienceworld.constants import (  # noqa: PLC0415
            BASEPATH,
            JAR_PATH,
        )

        path = os.pathsep.join((py4j.find_jar_path(), JAR_PATH))
        server = ("py4j.GatewayServer", "--die-on-broken-pipe", "--enable-auth", "0")
        self._process = subprocess.Popen(  # noqa: S603 - the user's own Java
            (java(), *_OPTIONS, "-classpath", path, *server),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=BASEPATH,
            process_group=0,  # an interrupt from the keyboard is ours to answer
        )
        self._end = weakref.finalize(self, _end, self._process)
        assert self._process.stdout is not None
        port, token = self._process.stdout.readline(), self._process.stdout.readline()
        if not port.strip().isdigit():
            self.close()
            raise MissingExtra(f"{_NO_JAVA}; what {java()} starts is not it")
        parameters = py4j.GatewayParameters(port=int(port), auth_token=token.decode().strip())
        gateway = py4j.JavaGateway(gateway_parameters=parameters)
        self._end.detach()
        self._end = weakref.finalize(self, _end, self._process, gateway)
        jvm = cast("Any", gateway.jvm)
        # It tells of each step at length, and nobody reads that.
        jvm.java.lang.System.setOut(jvm.java.io.PrintStream(os.devnull))
        self._server: Any = jvm.scienceworld.runtime.pythonapi.PythonInterface()

    def load(self, task: str, variation: int, simplifications: str, *, gold: bool = False) -> None:
        """Begin a variation of a task.

        Args:
            task: The task's name.
            variation: Which of its variations, from 0 on.
            simplifications: Their names, with commas between.
            gold: Whether a gold path is sought, which takes seconds.

        Raises:
            ValueError: It knows no such task or variation.
            SimulatorEnded: The process has ended.
        """
        if wrong := self._call("load", task, variation, simplifications, gold):
            raise ValueError(f"ScienceWorld cannot play {task}, variation {variation}: {wrong}")

    def gold(self) -> list[str]:
        """The gold path of what was loaded with it."""
        return list(self._call("getGoldActionSequence"))

    def step(self, action: str) -> str:
        """Take an action, and tell what was observed; the empty text where the simulator failed on it."""
        return str(self._call("step", action) or "")

    def look(self) -> str:
        """What is seen; costs no time in the world."""
        return str(self._call("freeActionLook"))

    def inventory(self) -> str:
        """What is carried; costs no time in the world."""
        return str(self._call("freeActionInventory"))

    def objects(self) -> list[str]:
        """How each object in reach is called, in order."""
        return list(self._call("getPossibleObjects") or ())

    def templates(self) -> Sequence[str]:
        """The actions, with `OBJ` where an object is named."""
        return list(self._call("getPossibleActions") or ())

    def valid(self) -> list[str]:
        """Every action on objects in reach that would be carried out; slow."""
        return list(self._call("getValidActionObjectCombinations") or ())

    def close(self) -> None:
        """End the process, and wait until it has ended."""
        self._end()

    def _call(self, method: str, *values: Any) -> Any:
        from py4j.protocol import Py4JError, Py4JJavaError  # noqa: PLC0415

        try:
            return getattr(self._server, method)(*values)
        except Py4JJavaError:
            return None
        except (Py4JError, OSError) as error:
            raise SimulatorEnded(
                f"ScienceWorld's Java process has ended ({type(error).__name__}); it may have run out of memory"
            ) from None


def _end(process: "subprocess.Popen[bytes]", gateway: Any = None) -> None:
    if gateway is not None:
        gateway.close()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
