"""A run of synthesis: items that a model is asked for, kept or refused, taken up again where it was interrupted.

What became of each item is appended to a journal when it is decided, and every answer of a model's is recorded when it
arrives, in a folder of the run's own beside what it makes. So a run that was killed asks nothing again that had an
answer: items in the journal are done, and the others are written once more, from the recording as far as that goes.
"""

from collections.abc import Awaitable, Generator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Protocol, TypeVar

from trpg_env.synthesis.outcome import OUTCOMES, Outcome
from trpg_env.synthesis.running import in_flight
from trpg_env.trajectory import Journal

P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)
P_contra = TypeVar("P_contra", contravariant=True)

RECORDING: Final = "calls.sqlite"
JOURNAL: Final = "items.jsonl"

PATIENCE: Final = 20
"""How many items in a row a model may fail at before a run gives up: nobody is served by failing at all of them."""


class Writer(Protocol[P_co]):
    """Has a model write one item after another."""

    def write(self, item: int) -> Awaitable[tuple[Outcome, P_co | None]]:
        """What became of an item, and what was made."""
        ...


class Shelf(Protocol[P_contra]):
    """Where what was made is kept."""

    def keep(self, product: P_contra) -> None:
        """Put it there; where it is there already it stays the same.

        Raises:
            WriteFailed: The disk is full or broken.
        """
        ...

    def has(self, outcome: Outcome) -> bool:
        """Whether what an outcome says is kept is there."""
        ...

    @property
    def torn(self) -> Path | None:
        """Where half a product was set aside that was found when the shelf was taken up; None where there was none."""
        ...


class GaveUp(RuntimeError):
    """The model failed at many items in a row; what was made before stands. The text says why."""


class Synthesis(Generic[P]):
    """A run in progress; a context manager.

    Args:
        folder: The run's own folder.
        run: What tells this run from another, as JSON-like data.
        n: How many items it has.
        shelf: Where what is made is kept.
        called: What people call the run: where they have told it to put what it makes.

    Attributes:
        n: How many items it has.
        path: Its journal.
        found: What became of the items that were decided before; what is no longer on the shelf is not.
        torn: Where torn last lines were set aside, of the journal and of the shelf.

    Raises:
        StoreError: The folder belongs to another run or is in use, or its journal cannot be written.
        WriteFailed: The disk is full or broken.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any], n: int, shelf: Shelf[P], called: Path) -> None:
        self.n, self._shelf = n, shelf
        decided: list[Outcome] = []
        self._journal = Journal(folder / JOURNAL, OUTCOMES, run, map(str, range(n)), decided.append, called)
        self.path: Final = self._journal.path
        self.torn: Final = [torn for torn in (self._journal.torn, shelf.torn) if torn is not None]
        self.found: Final = [one for one in decided if one.kept is None or shelf.has(one)]

    def outcomes(self, writer: Writer[P], concurrency: int, patience: int = PATIENCE) -> Generator[Outcome]:
        """Write what is left.

        Args:
            writer: Has the items written.
            concurrency: How many are in flight.
            patience: At how many in a row the model may fail.

        Yields:
            What became of each item, as soon as it is decided and what was made is kept. An item at which the model
            failed is not decided: it is yielded, and asked for again when the run is taken up.

        Raises:
            GaveUp: The model failed at too many items in a row.
            WriteFailed: The disk is full or broken.
        """
        failed, done = 0, {outcome.item for outcome in self.found}
        jobs = (partial(_written, writer, item) for item in range(self.n) if item not in done)
        with closing(in_flight(jobs, concurrency)) as written:
            for outcome, product in written:
                # In this order: what is kept always belongs to a run that is known, and what the journal has and the
                # shelf has not is kept when the run is taken up.
                if not outcome.failed and outcome.id not in self._journal:
                    self._journal.append(outcome.model_dump_json().encode() + b"\n")
                if product is not None:
                    self._shelf.keep(product)
                yield outcome
                failed = failed + 1 if outcome.failed else 0
                if failed >= max(patience, concurrency):
                    raise GaveUp(
                        f"{failed} items in a row failed, the last with {outcome.reason}: {outcome.fault}"
                    )

    def close(self) -> None:
        """Force everything to the disk and let go of the journal.

        Raises:
            WriteFailed: The disk refused.
        """
        self._journal.close()

    def __enter__(self) -> "Synthesis[P]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.__exit__(kind, error, trace)


async def _written(writer: Writer[P], item: int) -> tuple[Outcome, P | None]:
    return await writer.write(item)
