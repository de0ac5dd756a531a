"""A finished episode on its way to a file or to the caller."""

from dataclasses import dataclass

from trpg_env.trajectory import Tally, Trajectory, parse_line


@dataclass(slots=True)
class Finished:
    """An episode that has ended, as its line in a file.

    Attributes:
        line: The trajectory as JSON, with the newline.
        tally: What happened in it, in short.
    """

    line: bytes
    tally: Tally
    _trajectory: Trajectory | None = None

    @classmethod
    def of(cls, trajectory: Trajectory) -> "Finished":
        """A trajectory that was played in this process."""
        return cls(trajectory.model_dump_json().encode() + b"\n", Tally.of(trajectory), trajectory)

    @property
    def trajectory(self) -> Trajectory:
        """The trajectory itself."""
        if self._trajectory is None:
            self._trajectory = parse_line(self.line)
        return self._trajectory
