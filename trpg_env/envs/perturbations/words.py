"""Words without a meaning, for the names of `entities`; made up, lower-case, easy to say."""

_FIRST = (
    "ba",
    "be",
    "bo",
    "da",
    "de",
    "do",
    "fa",
    "fe",
    "ga",
    "go",
    "ka",
    "ke",
    "ko",
    "la",
    "le",
    "lo",
    "ma",
    "mo",
    "na",
    "no",
)
_SECOND = ("bun", "dil", "fam", "gol", "kem", "lun", "mip", "nad", "rul", "sem", "tov", "vek", "zin")

WORDS = tuple(f"{first}{second}" for first in _FIRST for second in _SECOND)
"""260 of them."""
