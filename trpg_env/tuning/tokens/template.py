"""A chat template: what a model reads of a conversation, rendered as Hugging Face's `transformers` renders it.

A template is somebody else's Jinja text. It runs in Jinja's sandbox, without access to anything but the messages.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trpg_env.tuning.conversation import Message
from trpg_env.tuning.options import ExportError
from trpg_env.tuning.summary import one_line

if TYPE_CHECKING:
    import jinja2


class ChatTemplate:
    """A compiled chat template.

    Args:
        source: The template's text.
        tokens: What it may call by name, such as `bos_token` and `eos_token`.
        moment: What it is told where it asks for the date; the same for a whole dataset.

    Raises:
        ExportError: It is no template.
    """

    def __init__(self, source: str, tokens: Mapping[str, str], moment: datetime) -> None:
        self._tokens = dict(tokens)
        self._template = _compiled(source, moment)

    def render(self, messages: Sequence[Message], *, reply_next: bool = False) -> str:
        """The text of a conversation.

        Args:
            messages: The conversation.
            reply_next: Whether the text goes on to where the next reply begins.

        Raises:
            ExportError: The template refuses the conversation, or breaks.
        """
        told = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return self._template.render(
                messages=told,
                add_generation_prompt=reply_next,
                tools=None,
                documents=None,
                **self._tokens,
            )
        except Exception as error:  # whatever a template raises
            hint = (
                "; some templates know no system message: leave system_prompt out"
                if messages[0].role == "system"
                else ""
            )
            raise ExportError(
                f"the chat template refuses the conversation: {one_line(str(error) or type(error).__name__, 300)}{hint}"
            ) from None


def _compiled(source: str, moment: datetime) -> "jinja2.Template":
    import jinja2  # noqa: PLC0415  (an extra)
    from jinja2.ext import Extension, loopcontrols  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    class Generation(Extension):
        """`{% generation %}`: marks what a model says, for others; here it is only what it contains."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return jinja2.nodes.Scope(body, lineno=line)

    def raise_exception(message: object) -> None:
        raise jinja2.TemplateError(str(message))

    def tojson(value: object, ensure_ascii: bool = False, **layout: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **layout)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = moment.strftime
    try:
        return environment.from_string(source)
    except jinja2.TemplateError as error:
        raise ExportError(f"the chat template is none: {one_line(str(error))}") from None
