"""Numbers on the command line."""

import argparse


def count(text: str) -> int:
    """A whole number, 0 or more."""
    if not text.isdecimal() or len(text) > 12:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise argparse.ArgumentTypeError(f"{shown!r} is not a whole number from 0 to 999999999999")
    return int(text)


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    if not count(text):
        raise argparse.ArgumentTypeError("0 is too few; 1 or more")
    return int(text)
