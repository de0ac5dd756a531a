"""Group commit: what was appended to a file is forced to the disk, several appends at a time."""

import os
import threading

INTERVAL = 0.05
"""Seconds from one commit to the next, at least."""


class GroupCommit:
    """Forces a file to the disk from a thread of its own, as long as there is something new.

    A write survives the death of its process by itself, and the death of the machine once it is committed: at the
    latest `INTERVAL` and one commit after it was asked for.

    Args:
        descriptor: The file; it stays the caller's.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._work, name="trpg_env-commit", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Commit what has been written so far, soon.

        Raises:
            OSError: An earlier commit failed.
        """
        self._wanted.set()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Commit what is left, and end.

        Raises:
            OSError: A commit failed.
        """
        self._closing.set()
        self._wanted.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while self._error is None:
            self._wanted.wait()
            self._wanted.clear()
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                self._error = error
            if self._closing.is_set() and not self._wanted.is_set():
                return
            self._closing.wait(INTERVAL)
