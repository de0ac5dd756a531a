"""`messages`: the canonical format. Each reply says whether it counts towards the loss and whether it was an error."""

from collections.abc import Iterator

from trpg_env.tuning.formats.base import Columns, Episode, Format, Record, one_by_one
from trpg_env.tuning.names import public_script
from trpg_env.tuning.options import Options

_ABOUT = """\
One JSON object a line: `messages` from the first user message (the instruction and the opening scene) to a correct
reply, and the episode's `id`, `script` and `family`. Each assistant message says whether it counts towards the loss
(`loss`) and whether its action was erroneous (`error`). Refinement tuning trains on the correct replies and keeps the
erroneous ones as context (AgentRefine, ICLR 2025, Eq. 1)."""

_COLUMNS: Columns = {
    "messages": {"role": "string", "content": "string", "loss": "bool", "error": "bool"},
    "id": "string",
    "script": "string",
    "family": "string",
}


def _records(episode: Episode, options: Options) -> Iterator[Record]:
    yield {
        "messages": [message.as_dict() for message in episode.messages],
        "id": episode.trajectory.id,
        "script": public_script(episode.trajectory.script),
        "family": episode.trajectory.family,
    }


MESSAGES = Format("messages", _ABOUT, _COLUMNS, one_by_one(_records))
