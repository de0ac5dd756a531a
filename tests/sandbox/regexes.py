"""Strategies for patterns: harmless ones, that may be tried without a sandbox, and wild ones."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

_ATOMS = (
    "a", "b", "c", " ", "N", "é", ".", r"\w", r"\d", r"\s", r"\W", "[ab]", "[^a]", "[a-c1]", r"[\w-]", "[]a]", r"\.", r"\x61", r"\N{LATIN SMALL LETTER B}", "ß", "[[a]", "1",
)  # fmt: skip
_ANCHORS = (
    "^",
    "$",
    r"\b",
    r"\B",
    r"\A",
    r"\Z",
    "(?=a)",
    "(?!b)",
    "(?<=a)",
    "(?<!b.)",
    r"\1",
    "(?P=n1)",
    "(?(1)a|b)",
    "(?#go)",
    r"\2",
    "(?<=a*)",
)
_REPEATS = ("?", "*", "+", "*?", "+?", "??", "{1,2}", "{2}", "{,3}?", "++", "*+", "{2,}")
_GROUPS = ("(", "(", "(?:", "(?=", "(?!", "(?>", "(?i:", "(?<=", "(?s-i:")
TEXTS = st.text(alphabet="aabbc N1é\nßſ", max_size=10)


class _Pattern:
    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self._choices = iter(draw(st.binary(min_size=64, max_size=64)))
        self._groups = 0
        self._repeats = 4

    def among(self, choices: Any) -> Any:
        return choices[next(self._choices, 0) * len(choices) >> 8]

    def sequence(self, depth: int) -> str:
        return "".join(self.part(depth) for _ in range(1 + self.among(range(4))))

    def part(self, depth: int) -> str:
        choice = self.among(range(8))
        if choice < 5 or depth > 2:
            atom = self.among(_ATOMS)
            if self._repeats and self.among(range(3)) == 2:
                self._repeats -= 1
                atom += self.among(_REPEATS)
            return str(atom)
        if choice == 5:
            return str(self.among(_ANCHORS))
        opening = self.among(_GROUPS)
        if opening == "(" and self.among(range(2)):
            self._groups += 1
            opening = f"(?P<n{self._groups}>"
        inner = "|".join(self.sequence(depth + 1) for _ in range(1 + self.among(range(3))))
        return f"{opening}{inner}){self.among(('', '', '?', '??'))}"


@st.composite
def harmless_patterns(draw: Callable[[Any], Any]) -> str:
    """Patterns of which no repeat holds another, with four repeats at most: on `TEXTS` they end soon."""
    pattern = _Pattern(draw)
    return str(pattern.among(("", "", "", "(?i)", "(?x)", "(?s)", "(?a)", "(?m)"))) + pattern.sequence(0)


_PIECES = (
    "(", ")", "(?:", "a", "b", "a*", "(a+)+", "(a|a)*", "(a|ab|b)*", r"(\w+\s?)*", "{2,5}", "{1000}", "{0,99999}", "*", "+", "+?", "|", "[", "]", "^", "$", r"\1", r"(\1|a)+", "(?P<x>", "(?P=x)",
    "(?<=", "(?(1)", "(?i)", "(?", "\\", r"\Z", ".*", ".*.*.*", "((a?){9}){9}", "(?>", "\x00", "\ud800", "(((((((((", ")))))))))", "(a{0,50}){0,50}", "[^", "-", "!",
)  # fmt: skip

wild_patterns = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=12).map("".join) | st.tuples(harmless_patterns(), st.text(max_size=3), harmless_patterns()).map("".join)  # fmt: skip
"""Patterns of any kind, for the sandbox alone."""

wild_texts = (
    TEXTS | st.text(max_size=20) | st.sampled_from(["a" * 40 + "!", "ab" * 30, "\ud800", "a" * 5_000])
)
