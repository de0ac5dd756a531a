"""`openai`: OpenAI's chat format for supervised fine-tuning, with `weight` on each assistant message.

The format knows no other keys, so id, script, family and what was erroneous are not in it.
"""

from collections.abc import Iterator

from trpg_env.tuning.conversation import Message
from trpg_env.tuning.formats.base import Columns, Episode, Format, Record, one_by_one
from trpg_env.tuning.options import Options

_ABOUT = """\
OpenAI's chat format for supervised fine-tuning: one `{"messages": [...]}` a line. An assistant message with `weight` 1
counts towards the loss, one with `weight` 0 does not. Upload a data file with the purpose `fine-tune`; where there is a
`test.jsonl`, it is the job's `validation_file`."""

_COLUMNS: Columns = {"messages": {"role": "string", "content": "string", "weight": "int64"}}


def _records(episode: Episode, options: Options) -> Iterator[Record]:
    yield {"messages": [_message(message) for message in episode.messages]}


def _message(message: Message) -> dict[str, str | int]:
    record: dict[str, str | int] = {"role": message.role, "content": message.content}
    if message.loss is not None:
        record["weight"] = int(message.loss)
    return record


OPENAI = Format("openai", _ABOUT, _COLUMNS, one_by_one(_records))
