"""Names of scripts, models and tokenizers as a dataset publishes them: without the folders of who made it."""

import os
from pathlib import Path, PurePosixPath, PureWindowsPath


def public_script(script: str | None) -> str | None:
    r"""What a record calls its script: a library name as it is, a path's file name, None for a mapping.

    Example:
        >>> public_script("ship"), public_script("/home/ada/scripts/ship.yaml"), public_script(None)
        ('ship', 'ship.yaml', None)
    """
    return None if script is None else _last(script)


def public_model(model: str) -> str:
    """What a card calls a model: a name on a hub as it is, an absolute path's last part.

    Example:
        >>> public_model("meta/llama-3"), public_model("/home/ada/models/llama-3")
        ('meta/llama-3', 'llama-3')
    """
    absolute = PurePosixPath(model).is_absolute() or PureWindowsPath(model).is_absolute()
    return _last(model) if absolute else model


def public_tokenizer(given: object) -> str:
    """What a card calls a tokenizer: a name on the hub as it is, the last part of a folder that is there.

    Args:
        given: As `export` takes it: a folder, a name, or a tokenizer of `transformers`.

    Example:
        >>> public_tokenizer("Qwen/Qwen3-8B"), public_tokenizer("/home/ada/qwen")
        ('Qwen/Qwen3-8B', 'qwen')
    """
    named = given if isinstance(given, str | os.PathLike) else getattr(given, "name_or_path", "")
    name = os.fspath(named) or type(given).__name__
    return _last(str(Path(name).resolve())) if Path(name).is_dir() else public_model(name)


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
