"""Names of scripts and models as a dataset publishes them: without the folders of who made it."""

from pathlib import PurePosixPath, PureWindowsPath


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


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
