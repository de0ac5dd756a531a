"""`trpg-env import messages`: others' conversations as trajectories."""

import argparse
import hashlib
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trpg_env.chats import Again, BadRecord, ChatError, Records, import_chats
from trpg_env.cli.progress import Progress
from trpg_env.cli.terminal import WrongUse, complain, show, tell
from trpg_env.trajectory import Store, StoreError, Trajectory, WriteFailed
from trpg_env.trajectory.reading import kind_of, reason
from trpg_env.trajectory.tally import Tally

_UNNAMED = "imported"
_SUFFIXES = (".jsonl", ".json", ".parquet")
"""What files of conversations are mostly called; which are read does not hang on it."""


def add_to(kinds: Any) -> None:
    """Add the command to the parser."""
    command = kinds.add_parser(
        "messages",
        help="conversations that others have kept",
        description="Turn chat messages into trajectories, for trpg-env diversity, report, verify --stats and export: "
        '{"messages": [{"role", "content"}]} as in OpenAI\'s data and our own, or {"conversations": [{"from", "value"}]} as in '
        "ShareGPT's; JSON Lines, a JSON array, or Parquet. What a file does not say stays unknown: a reply has an error only "
        'where the message has "error", and an episode reached its goal only where the record has "success". Exit 1 if a '
        "record is no conversation; the others are imported all the same.",
        epilog="example: trpg-env import messages agentgym.json --out agentgym.jsonl",
    )
    command.add_argument("file", metavar="FILE", help="the conversations")
    command.add_argument(
        "--out",
        required=True,
        metavar="FILE.jsonl",
        help="the trajectories; a file that was begun so is gone on with",
    )
    command.add_argument(
        "--family",
        metavar="NAME",
        help="the family of the records that name none, by which trpg-env export splits and excludes (default: the name of FILE)",
    )
    command.add_argument(
        "--completed",
        action="store_true",
        help="the records that do not say how they ended reached the goal, as where data were chosen by that",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import a file."""
    file, out = Path(options.file), Path(options.out)
    digest = _digest(options.file)
    if not options.out:
        raise WrongUse("--out is empty; name the file for the trajectories")
    if out.exists() and out.samefile(file):
        raise WrongUse(f"--out {out} is the file to be read; name another one")
    family = file.stem or _UNNAMED if options.family is None else options.family
    described = {"import": "messages", "sha256": digest, "family": family, "completed": options.completed}
    try:
        records = Records(file)
        total = len(records)
        with Store(out, described, _ids(records, family, options.completed)) as store:
            return _imported(records, total, store, family, options.completed)
    except WriteFailed as error:
        complain(f"{error}; put that right, then call the command again with the same arguments")
        return 1
    except (ChatError, StoreError) as error:
        raise WrongUse(str(error)) from None


def _ids(records: Records, family: str, completed: bool) -> Iterator[str]:
    """What the trajectories will be called; nothing is read unless somebody asks."""
    for _, found in import_chats(records, family, completed=completed):
        if isinstance(found, Trajectory):
            yield found.id


def _imported(records: Records, total: int, store: Store, family: str, completed: bool) -> int:
    if store.torn is not None:
        tell(f"the last line of {store.path} was torn; it is set aside in {store.torn}")
    if store.episodes:
        tell(f"{store.path} has {store.episodes} episodes already")
    counts: Counter[str] = Counter()
    with Progress(total, "conversations", begun=0, after=1.0) as shown:
        for place, found in import_chats(records, family, completed=completed):
            if isinstance(found, BadRecord):
                counts["bad"] += 1
                with shown.aside():
                    complain(f"{place}: {found}")
            elif isinstance(found, Again):
                counts["again"] += 1
            else:
                counts.update(_counted(found))
                if found.id not in store:
                    store.append(found.model_dump_json().encode() + b"\n")
            shown.advance()
    for line in _lines(counts):
        show(line)
    show(f"{'written to':<20}{store.path}")
    if not counts["episodes"]:
        complain(
            f"{records.path}: there is no conversation in it; trpg-env import messages --help says what one looks like"
        )
    return 1 if counts["bad"] or not counts["episodes"] else 0


def _counted(trajectory: Trajectory) -> Counter[str]:
    tally = Tally.of(trajectory)
    players = [player for player, _ in trajectory.exchanges()]
    return Counter(
        episodes=1,
        completed=int(trajectory.success),
        turns=len(tally.errors),
        errors=len(tally.errors) - tally.errors.count("."),
        unread=sum(not player.action for player in players),
    )


def _lines(counts: Counter[str]) -> Iterator[str]:
    yield f"{'imported':<20}{counts['episodes']} of {counts['episodes'] + counts['again'] + counts['bad']} conversations"
    if counts["again"]:
        yield f"{'left out':<20}{counts['again']}, which are there a second time"
    if counts["bad"]:
        yield f"{'not read':<20}{counts['bad']}, each named above"
    yield f"{'said to succeed':<20}{counts['completed']}"
    yield f"{'turns':<20}{counts['turns']}"
    yield f"{'said to be errors':<20}{counts['errors']}"
    if counts["unread"]:
        name = "reply names" if counts["unread"] == 1 else "replies name"
        yield f"{'without an action':<20}{counts['unread']} {name} no thought and action; kept as it was said"


def _inside(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())


def _digest(file: str) -> str:
    """SHA-256 of a regular file: what tells one import from another."""
    try:
        mode = Path(file).stat().st_mode if file else 0
        if not file:
            raise WrongUse("FILE is empty; name a file of conversations")
        if not stat.S_ISREG(mode):
            inner = min(_inside(Path(file)), default=None) if stat.S_ISDIR(mode) else None
            better = "a regular file of conversations" if inner is None else f"a file in it, such as {inner}"
            raise WrongUse(f"{file} is {kind_of(mode)}; name {better}")
        with Path(file).open("rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise WrongUse(f"{file} cannot be read: {reason(error)}") from None
