"""What verification code can call, read off the policy's own tables, and what its arguments had better be.

A program that fails in its first line tests little, so `SIGNATURES` says of what kinds the arguments of a name are; a name
without a signature is called with whatever comes. A kind is a letter (or a few):

- values: b bool, c complex, C Counter, d dict, D defaultdict, e exception, E re.error, f float, F frozenset, g iterator, i int,
  k keys, K items, l list, m match, p pattern, r range, s text, S set, t tuple, v values, y bytes, N None, x anything;
- for arguments also: G a group, h something to hash, n a small int, o something to iterate over, P a pattern's text, q texts,
  Q ints, R flags of re, T types, u a function of one argument, U of two, w a replacement, z one character;
- a word in quotes stands for itself.
"""

import collections
import inspect
import re
from collections.abc import Iterable
from typing import NamedTuple

from trpg_env.sandbox.language.facades import EXCEPTIONS, MODULES, NAMES
from trpg_env.sandbox.language.guards import METHODS, VALUES


class Callable(NamedTuple):
    """A name to be called: on what (a kind, a module, or nothing), with what (None: it is a value), and what comes of it."""

    on: str
    name: str
    takes: str | None
    gives: str


KINDS: dict[type, str] = {
    str: "s", bytes: "y", int: "i", bool: "b", float: "f", complex: "c", list: "l", tuple: "t", range: "r", dict: "d",
    collections.defaultdict: "D", collections.Counter: "C", set: "S", frozenset: "F", type({}.keys()): "k", type({}.items()): "K",
    type({}.values()): "v", re.Match: "m", re.Pattern: "p", re.error: "E",
}  # fmt: skip

_DICT = """clear()N copy()d fromkeys(o x?)d get(h x?)x items()K keys()k pop(h x)x popitem()t setdefault(h x?)x update(d)N values()v"""
_SET = """copy()S difference(H H?)S intersection(H)S isdisjoint(H)b issubset(H)b issuperset(H)b symmetric_difference(H)S union(H H?)S"""
_RE = """findall(P s)l finditer(P s)g fullmatch(P s)x match(P s)x search(P s)x split(P s n?)l sub(P w s n?)s subn(P w s)t"""

SIGNATURES: dict[str, str] = {
    "s": """capitalize()s casefold()s center(n z?)s count(s n? n?)i encode()y encode('"utf-8"' '"ignore"')y endswith(s n?)b expandtabs(n?)s
        find(s n? n?)i format(x x? k=x?)s format_map(d)s index('""')i isalnum()b isalpha()b isascii()b isdecimal()b isdigit()b isidentifier()b
        islower()b isnumeric()b isprintable()b isspace()b istitle()b isupper()b join(q)s ljust(n z?)s lower()s lstrip(s?)s maketrans(z z s?)d
        maketrans(d)d partition(z)t removeprefix(s)s removesuffix(s)s replace(s s n?)s rfind(s)i rindex('""')i rjust(n z?)s rpartition(z)t
        rsplit(z? n?)l rstrip(s?)s split(z? n?)l splitlines(b?)l startswith(s n?)b strip(s?)s swapcase()s title()s translate(d)s upper()s
        zfill(n)s""",
    "y": "count(y)i decode()s endswith(y)b find(y n?)i hex()s startswith(y)b",
    "i": "bit_count()i bit_length()i numerator:i denominator:i real:i imag:i",
    "f": """as_integer_ratio()t fromhex('"0x1.8p+1"')f hex()s is_integer()b""",
    "l": """append(x)N clear()N copy()l count(x)i extend(o)N index(x n?)i insert(n x)N pop(n?)x remove(x)N reverse()N sort()N
        sort(key='repr')N sort(key='str' reverse=b)N""",
    "t": "count(x)i index(x)i",
    "r": "count(i)i index(i)i start:i stop:i step:i",
    "d": _DICT,
    "D": _DICT.replace("copy()d", "copy()D").replace(" fromkeys(o x?)d", " fromkeys(o x?)D"),
    "C": _DICT.replace("copy()d", "copy()C") + " elements()g most_common(n?)l subtract(o)N total()i update(o)N",
    "S": _SET + """ add(h)N clear()N difference_update(H)N discard(h)N intersection_update(H)N pop()x remove(h)N
        symmetric_difference_update(H)N update(o o?)N""",
    "F": _SET.replace(")S", ")F"),
    "k": "isdisjoint(o)b",
    "K": "isdisjoint(o)b",
    "m": """end(G?)i endpos:i expand(s)s group(G? G?)x groupdict(x?)d groups(x?)t lastgroup:x lastindex:x pos:i re:p span(G?)t start(G?)i
        string:s""",
    "p": _RE.replace("P ", "") + " flags:i groups:i pattern:s groupindex:d",
    "E": "args:t msg:s pattern:x pos:x lineno:x colno:x",
    "re": _RE + " compile(P R?)p escape(s)s error(s)e",
    "string": "capwords(s z?)s",
    "collections": "Counter(o?)C Counter(d)C defaultdict(T? d?)D",
    "math": """comb(n n)i dist('(0, 1)' '(2, 3)')f factorial(n)i frexp(f)t fsum(Q)f gcd(i i)i hypot(f f)f isqrt(n)i lcm(n n)i ldexp(f n)f
        log(f f?)f modf(f)t nextafter(f f)f perm(n n)i prod(Q)x ceil(f)i floor(f)i trunc(f)i""",
    "": """abs(i)i all(o)b any(o)b bin(i)s bool(x)b callable(x)b chr(n)s complex(f f?)c dict()d dict(d)d dict(k=x)d divmod(i '7')t enumerate(o n?)g
        filter(u o)g float(i)f frozenset(H?)F hex(i)s int(f)i int('"12"' '8')i iter(o)g len(o)i list(o?)l map(u o)g map(U o o)g max(Q)i
        max(o key='repr' default=x)x min(i i)i min(x x key='str')x next(g x)x oct(i)s ord(z)i pow(i n '97')i range(n n?)r reversed(l)g
        round(f n?)f set(q?)S slice(n? n?)x sorted(Q)l sorted(o key='repr')l sum(Q i?)i tuple(o?)t zip(o o?)g zip(o o strict=b)g
        Counter(q?)C Counter(d)C defaultdict(T? d?)D format(x)s format(i '"05d"')s isinstance(x T)b print(x x?)N repr(x)s str(x)s str()s""",
}  # fmt: skip
"""By the receiver's kind, or the module, or nothing."""

GUESS = "x? x?"
"""What a name takes of which nothing is known."""

_SIGNATURE = re.compile(r"(\w+)(?:\(([^)]*(?:\([^)]*\)[^)]*)*)\)|:)(\w)")


def _known(on: str, names: Iterable[str]) -> list[Callable]:
    """What is known of the names that the policy lets through, and a guess at the rest."""
    names = list(names)
    found = []
    for match in _SIGNATURE.finditer(SIGNATURES.get(on, "")):
        name, takes, gives = match.groups()
        if name in names:
            found.append(Callable(on, name, takes, gives))
    known = {callable.name for callable in found}
    return found + [Callable(on, name, GUESS, "x") for name in names if name not in known]


def _of_module(module: str) -> list[Callable]:
    table = MODULES[module].table
    found = []
    for known in _known(module, table):
        value = table[known.name]
        if not callable(value) or (
            isinstance(value, type(re.Match)) and module == "re" and known.gives == "x"
        ):
            gives = {str: "s", int: "i", float: "f"}.get(type(value), "x")
            found.append(Callable(module, known.name, None, gives))
        elif module == "math" and known.takes == GUESS:
            count = [p.default for p in inspect.signature(value).parameters.values()].count(
                inspect.Parameter.empty
            )
            found.append(Callable(module, known.name, " ".join("f" * count), "f"))
        else:
            found.append(known)
    return found


EXAMPLES: dict[type, str] = {
    slice: "slice(1, 2, 3)",
    StopIteration: "StopIteration(3)",
    UnicodeDecodeError: "UnicodeDecodeError('utf-8', b'a', 0, 1, 'no')",
    UnicodeEncodeError: "UnicodeEncodeError('utf-8', 'a', 0, 1, 'no')",
}
"""Values of types that have attributes and no kind."""


def _of_type(owner: type) -> list[Callable]:
    names = [*METHODS.get(owner, ()), *VALUES.get(owner, ())]
    if owner in EXAMPLES:
        return [Callable(f"'{EXAMPLES[owner]}'", name, None, "x") for name in names]
    return [
        call._replace(takes=None) if call.name in VALUES.get(owner, ()) else call
        for call in _known(KINDS.get(owner, "x"), names)
    ]


METHOD_CALLS = [call for owner in {**METHODS, **VALUES} for call in _of_type(owner)] + _known("E", ["args"])

FUNCTION_CALLS = [
    *_known("", [n for n in NAMES if n not in {*EXCEPTIONS, *MODULES, "Ellipsis", "NotImplemented"}]),
    *(Callable("", name, "s?", "e") for name in EXCEPTIONS if not name.startswith("Unicode")),
    *(Callable("", name, None, "x") for name in ("Ellipsis", "NotImplemented", *EXCEPTIONS, *MODULES)),
    *(call for module in MODULES for call in _of_module(module)),
]

CALLS = METHOD_CALLS + FUNCTION_CALLS
BY_RESULT: dict[str, list[Callable]] = collections.defaultdict(list)
for _call in CALLS:
    BY_RESULT[_call.gives].append(_call)
