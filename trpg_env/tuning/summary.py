"""What an export came to, counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath

from trpg_env.script.names import suggestion
from trpg_env.trajectory import Participant, Statistics, Trajectory
from trpg_env.tuning.conversation import Message
from trpg_env.tuning.licences import Played
from trpg_env.tuning.names import public_model, public_script
from trpg_env.tuning.options import Options
from trpg_env.tuning.subset import family_lot

SHOWN = 12
"""How many families the summary names."""

MET = 1_000
"""How many scripts' families an unknown family is compared with."""

LONGEST = 100
"""The longest name that is shown or compared, in characters."""


@dataclass
class Summary:
    """What an export came to.

    Attributes:
        out: The folder.
        format: The format's name.
        options: What was asked for.
        has_loss: Whether the format says what counts towards the loss.
        records: How many records were written.
        replies: The player's replies in them.
        errors: The erroneous ones among them.
        trained: Those that count towards the loss.
        read: What was read, counted.
        kept: What was written, counted.
        facts: What the records hang on beside the options.
        left_out: Why trajectories were left out, and how many.
        remarks: What was done to episodes on their way, and to how many.
        families: The records of each family, the held-out ones included.
        held_out: The records of each family that is held out.
        excluded: The families among those to be excluded that were met with.
        scripts: The records of each script.
        hashes: The records of each family and script hash.
        sources: Who played, who answered and how the episodes came about, with the records of each.
        files: The data files, and the records in each.
    """

    out: Path
    format: str
    options: Options = field(default_factory=Options)
    has_loss: bool = True
    records: int = 0
    replies: int = 0
    errors: int = 0
    trained: int = 0
    read: Statistics = field(default_factory=Statistics)
    kept: Statistics = field(default_factory=Statistics)
    facts: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    held_out: Counter[str] = field(default_factory=Counter)
    excluded: set[str] = field(default_factory=set)
    scripts: Counter[Played] = field(default_factory=Counter)
    hashes: Counter[tuple[str, str]] = field(default_factory=Counter)
    sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    def add(self, trajectory: Trajectory, messages: Sequence[Message], records: int, file: str) -> None:
        """Count an episode that was written.

        Args:
            trajectory: The episode.
            messages: Its conversation.
            records: How many records it has become.
            file: The data file they are in.
        """
        self.records += records
        self.files[file] += records
        self.kept.add(trajectory)
        self.families[trajectory.family] += records
        self.scripts[trajectory.script, trajectory.script_hash] += records
        self.hashes[trajectory.family, trajectory.script_hash] += records
        self.sources["player", _named(trajectory.player)] += records
        self.sources["DM", _named(trajectory.dm)] += records
        self.sources["made by", trajectory.source] += records
        if self.has_loss:
            self.replies += sum(m.error is not None for m in messages)
            self.errors += sum(m.error is True for m in messages)
            self.trained += sum(m.loss is True for m in messages)
        else:
            errors = [dm.error is not None for _, dm in trajectory.exchanges()]
            self.replies += len(errors)
            self.errors += sum(errors)

    def not_drawn(self) -> None:
        """Count those that were wanted and that the subset does not have, once all are written."""
        rest = self.read.episodes - self.left_out.total() - self.kept.episodes
        if rest:
            self.left_out[f"not among the {self.options.limit} drawn"] += rest

    def warnings(self) -> list[str]:
        """What a user may not have meant."""
        found = []
        options, families = self.options, self.families
        if options.limit is not None and self.kept.episodes < options.limit:
            found.append(f"{options.limit} episodes were asked for, and there are only {self.kept.episodes}")
        if options.split is not None and families and not self.held_out:
            found.append(f"no family is held out at {options.split:g}{self._larger_share()}")
        return found

    def shortfalls(self) -> list[str]:
        """Where what was written is not what was asked for.

        It has no record or none to train on, or a family that was to be left out is not there.
        """
        found = [
            f"no trajectory is of the excluded family {one_line(name)}{self._meant(name)}"
            for name in self._unmet()
        ]
        if not self.records:
            why = "there were no trajectories" if not self.read.episodes else "every trajectory was left out"
            found.append(f"no record was written, and a dataset without records does not load: {why}")
        elif len(self.held_out) == len(self.families):
            found.append(
                "every family is held out, and none is left to train on; a smaller share leaves some"
            )
        return found

    def amount(self) -> str:
        """How many records there are of how many trajectories."""
        several = f", of {self.kept.episodes}" if self.records != self.kept.episodes else ""
        return f"{self.records}{several} of {self.read.episodes} trajectories"

    def lines(self, *, shortfalls: bool = True) -> list[str]:
        """The summary as lines for people.

        Args:
            shortfalls: Whether they are among the lines.
        """
        loss = f", of which {self.trained} count towards the loss" if self.has_loss else ""
        lines = [
            f"records             {self.amount()}",
            f"replies             {self.replies}{loss}",
        ]
        if self.families:
            lines.append(f"families            {len(self.families)}: {_most(self.families)}")
        if self.options.split is not None and self.families:
            families = _of(len(self.held_out), len(self.families), "families")
            records = _of(self.held_out.total(), self.records, "records")
            named = f": {_most(self.held_out)}" if self.held_out else ""
            lines.append(f"held out            {families}, {records}{named}")
        lines += [f"left out            {count}: {reason}" for reason, count in sorted(self.left_out.items())]
        lines += [f"remark              {count}: {remark}" for remark, count in sorted(self.remarks.items())]
        lines += [f"warning             {warning}" for warning in self.warnings()]
        if shortfalls:
            lines += [f"fell short          {shortfall}" for shortfall in self.shortfalls()]
        return [*lines, f"written to          {self.out}"]

    def _unmet(self) -> list[str]:
        return sorted(self.options.exclude - self.excluded)

    def _meant(self, name: str) -> str:
        """What may have been meant by a name that is no family's."""
        for (family, _), counts in self.read.scripts.items():
            file = PurePath(public_script(counts.name) or "")
            if name in (counts.name, file.name, file.stem):
                return f"; {one_line(name)} is a script; its family is {one_line(family)}"
        met = {family for family, _ in islice(self.read.scripts, MET) if len(family) <= LONGEST}
        return suggestion(name[:LONGEST], met)

    def _larger_share(self) -> str:
        """Which share would hold a family out."""
        first = min(self.families, key=family_lot)
        share = int(family_lot(first) * 100 + 1) / 100
        return f"; {share:g} would hold out {one_line(first)}" if share < 1 and len(self.families) > 1 else ""


def one_line(text: str, longest: int = LONGEST) -> str:
    """A text from a script or a model, on one line and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _named(participant: Participant) -> str:
    return (
        f"{participant.kind} ({public_model(participant.model)})" if participant.model else participant.kind
    )


def _of(part: int, whole: int, what: str) -> str:
    return f"{part} of {whole} {what} ({part / whole:.1%})"


def _most(families: Counter[str]) -> str:
    names: Iterable[tuple[str, int]] = sorted(families.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{one_line(family)} {records}" for family, records in names]
    more = [f"and {len(named) - SHOWN} more"] if len(named) > SHOWN else []
    return ", ".join(named[:SHOWN] + more)
