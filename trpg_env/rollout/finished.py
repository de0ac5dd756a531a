"""A finished episode on its way to a file or to the caller."""

from dataclasses import dataclass

from pydantic_core import to_json

from trpg_env.rollout.episode import Record
from trpg_env.trajectory import Tally, Trajectory, counted, letter, parse_line


@dataclass(slots=True)
class Finished:
    """An episode that has ended, as its line in a file.

    Attributes:
        line: The trajectory as JSON, with the newline.
        tally: What happened in it, in short.
    """

    line: bytes
    tally: Tally

    @classmethod
    def of(cls, record: Record) -> "Finished":
        """An episode that was played in this process."""
        answers = record["turns"][2::2]
        errors = "".join([letter(t["parameter_error"], t["place_error"], t["logic_error"]) for t in answers])
        usage = counted(record["usage"])
        tally = Tally(
            record["family"], record["script_hash"], record["outcome"], record["success"], errors, usage
        )
        return cls(to_json(record) + b"\n", tally)

    @property
    def trajectory(self) -> Trajectory:
        """The trajectory itself."""
        return parse_line(self.line)
