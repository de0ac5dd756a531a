"""A Hugging Face tokenizer with its chat template, from a folder, from the hub, or as `transformers` holds it.

`transformers` is not needed: `tokenizers` reads `tokenizer.json`, and what else there is to know is JSON beside it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trpg_env.trajectory.reading import reason
from trpg_env.tuning.options import ExportError
from trpg_env.tuning.summary import one_line

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NO_LIMIT = 10**9
"""A `model_max_length` from here on means that none is known."""

_INSTALL = "pip install 'trpg-env[tokens]'"
_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")
_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_FLAGS = ("special", "lstrip", "rstrip", "single_word", "normalized")


@dataclass(frozen=True, slots=True)
class ChatTokenizer:
    """A tokenizer and what goes with it.

    Attributes:
        tokenizer: The tokenizer; it neither truncates nor pads.
        template: Its chat template's text.
        tokens: Its special tokens, by the names that templates call them.
        max_length: The most tokens that its model reads; None where that is not known.
    """

    tokenizer: "Tokenizer"
    template: str
    tokens: Mapping[str, str]
    max_length: int | None

    @property
    def special(self) -> list[str]:
        """Its special tokens."""
        return [one.content for one in self.tokenizer.get_added_tokens_decoder().values() if one.special]

    @property
    def splits_at(self) -> list[str]:
        """The special tokens at which it splits a text, whatever stands around them."""
        added = self.tokenizer.get_added_tokens_decoder().values()
        return [one.content for one in added if one.special and not (one.lstrip or one.single_word)]


def load_tokenizer(given: object) -> ChatTokenizer:
    """The tokenizer that a user names.

    Args:
        given: A folder with `tokenizer.json` and a chat template, a name on the hub such as
            `Qwen/Qwen3-8B`, or a tokenizer of `transformers`.

    Raises:
        ExportError: It is not there, cannot be read, or has no chat template; or the extra is not installed.
    """
    try:
        import jinja2  # noqa: F401, PLC0415  (an extra)
        import pyarrow  # noqa: F401, PLC0415
        import tokenizers  # noqa: F401, PLC0415
    except ImportError:
        raise ExportError(f"tokens needs an extra that is not installed; run: {_INSTALL}") from None
    if given is None:
        raise ExportError(
            "tokens needs a tokenizer (--tokenizer, in Python tokenizer=): the folder of a Hugging Face tokenizer, or its name "
            "on the hub"
        )
    if getattr(given, "backend_tokenizer", None) is not None:
        return _of_transformers(given)
    if not isinstance(given, str | os.PathLike) or not os.fspath(given):
        raise ExportError(
            f"tokenizer is a folder, a name on the hub, or a fast tokenizer of transformers, not {one_line(repr(given))}"
        )
    path = Path(given)
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    if not there:
        return _read(_fetched(str(given)), str(given))
    if path.is_file():
        return _from_file(path)
    return _read({name: path / name for name in _FILES if (path / name).is_file()}, str(path))


def _from_file(path: Path) -> ChatTokenizer:
    if path.name == _FILES[0]:
        return load_tokenizer(path.parent)
    how = (
        " (transformers writes one: AutoTokenizer.from_pretrained(FOLDER, gguf_file=FILE).save_pretrained(OTHER))"
        if path.suffix == ".gguf"
        else ""
    )
    raise ExportError(f"{path} is a file; name the folder of a tokenizer, with tokenizer.json in it{how}")


def _fetched(name: str) -> dict[str, Path]:
    """The files of a tokenizer on the hub, which keeps them for the next time.

    Raises:
        ExportError: It has no such tokenizer, or is not reached.
    """
    from huggingface_hub import hf_hub_download  # noqa: PLC0415  (comes with tokenizers)
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError  # noqa: PLC0415

    files = {}
    for file in _FILES:
        try:
            files[file] = Path(hf_hub_download(name, file))
        except Exception as error:  # whatever a network and a server can do
            if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
                continue
            raise ExportError(
                f"there is no folder {one_line(name)!r}, and the hub has not given a tokenizer of that name: "
                f"{one_line(str(error), 300)}"
            ) from None
    return files


def _read(files: Mapping[str, Path], name: str) -> ChatTokenizer:
    from tokenizers import Tokenizer  # noqa: PLC0415  (an extra)

    if _FILES[0] not in files:
        raise ExportError(
            f"{name} has no {_FILES[0]}; write it with transformers: "
            f"AutoTokenizer.from_pretrained({name!r}).save_pretrained(FOLDER)"
        )
    try:
        tokenizer = Tokenizer.from_str(_text(files[_FILES[0]]))
    except Exception as error:  # it raises nothing more special
        if isinstance(error, ExportError):
            raise
        raise ExportError(
            f"{files[_FILES[0]]} is no tokenizer that this version of tokenizers reads: {one_line(str(error))}"
        ) from None
    config = _json(files.get("tokenizer_config.json"))
    if config.get("split_special_tokens"):
        raise ExportError(
            f"{name} takes special tokens apart (split_special_tokens in tokenizer_config.json), and a chat template is "
            "made of them; set it to false"
        )
    jinja = files.get("chat_template.jinja")
    template = _text(jinja) if jinja is not None else config.get("chat_template")
    tokens = _json(files.get("special_tokens_map.json")) | {
        key: config[key] for key in _NAMED if config.get(key) is not None
    }
    _add_tokens(tokenizer, config.get("added_tokens_decoder"), tokens, name)
    return _made(name, tokenizer, template, tokens, config.get("model_max_length"))


def _add_tokens(tokenizer: "Tokenizer", decoder: object, named: Mapping[str, object], name: str) -> None:
    """Give a tokenizer the special tokens that only its configuration knows, as `transformers` does.

    Args:
        tokenizer: The tokenizer.
        decoder: `added_tokens_decoder` of its configuration: number → token and how it is read.
        named: The tokens that have a name, such as `eos_token`.
        name: What the tokenizer is called.

    Raises:
        ExportError: A token has another number there.
    """
    from tokenizers import AddedToken  # noqa: PLC0415  (an extra)

    wanted: dict[str, tuple[int | None, dict[str, bool]]] = {}
    for number, one in decoder.items() if isinstance(decoder, Mapping) else ():
        if (
            isinstance(one, Mapping)
            and isinstance(text := one.get("content"), str)
            and str(number).isdecimal()
        ):
            wanted[text] = int(number), {flag: bool(one.get(flag)) for flag in _FLAGS}
    for value in named.values():
        if text := _token(value):
            wanted.setdefault(text, (None, {"special": True}))
    known = {one.content: one for one in tokenizer.get_added_tokens_decoder().values()}
    for text, (number, flags) in wanted.items():
        there = known.get(text)
        if there is None or (number is not None and {flag: getattr(there, flag) for flag in _FLAGS} != flags):
            tokenizer.add_tokens([AddedToken(text, **flags)])
        if number is not None and tokenizer.token_to_id(text) != number:
            raise ExportError(
                f"{name} numbers {one_line(text)!r} {number} in tokenizer_config.json and {tokenizer.token_to_id(text)} in "
                "tokenizer.json; save it again with save_pretrained"
            )


def _of_transformers(given: Any) -> ChatTokenizer:
    from tokenizers import Tokenizer  # noqa: PLC0415  (an extra)

    tokens = {key: getattr(given, key, None) for key in _NAMED}
    return _made(
        str(getattr(given, "name_or_path", "") or type(given).__name__),
        Tokenizer.from_str(given.backend_tokenizer.to_str()),
        getattr(given, "chat_template", None),
        tokens,
        getattr(given, "model_max_length", None),
    )


def _made(
    name: str, tokenizer: "Tokenizer", template: object, tokens: Mapping[str, object], longest: object
) -> ChatTokenizer:
    tokenizer.no_truncation()
    tokenizer.no_padding()
    _whole_offsets(tokenizer)
    known = isinstance(longest, int) and not isinstance(longest, bool) and 0 < longest < NO_LIMIT
    return ChatTokenizer(
        tokenizer,
        _default(template, name),
        {key: text for key, value in tokens.items() if (text := _token(value)) is not None},
        int(str(longest)) if known else None,
    )


def _whole_offsets(tokenizer: "Tokenizer") -> None:
    """Let a token's place be all that it stands for: byte-level tokenizers leave its blanks out.

    What would add tokens at the ends goes too: a chat template writes them itself.
    """
    from tokenizers.processors import TemplateProcessing  # noqa: PLC0415

    tokenizer.post_processor = TemplateProcessing(single="$A", pair="$A $B", special_tokens=[])


def _default(template: object, name: str) -> str:
    """The template to use, where there may be several by name."""
    if isinstance(template, list):
        template = {one.get("name"): one.get("template") for one in template if isinstance(one, dict)}
    if isinstance(template, dict):
        template = template.get("default")
    if not isinstance(template, str) or not template.strip():
        raise ExportError(
            f"the tokenizer {name} has no chat template, so nothing says what a model reads of a conversation; write one "
            "beside it, in chat_template.jinja (those of base models have none: take the template of the tuned model)"
        )
    return template


def _token(value: object) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _json(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        data = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(f"{path} is no JSON: {one_line(str(error))}") from None
    if not isinstance(data, dict):
        raise ExportError(f"{path} is no JSON object")
    return data


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read: {reason(error)}") from None
