"""The prompts, as text files beside this one."""

import hashlib
from functools import cache
from importlib import resources


@cache
def prompt(name: str) -> str:
    """The text of a prompt.

    Args:
        name: The file's name without its ending.
    """
    return resources.files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8").strip()


def prompt_hash(*names: str) -> str:
    """SHA-256 of prompts, in hexadecimal digits: tells data made with one wording from data made with another."""
    return text_hash(*map(prompt, names))


def text_hash(*texts: str) -> str:
    """SHA-256 of texts that are prompts, in hexadecimal digits."""
    return hashlib.sha256("\0".join(texts).encode(errors="surrogatepass")).hexdigest()
