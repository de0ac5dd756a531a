"""The simplest expressions of each kind that `vocabulary` names, and those that are meant to hurt."""

from collections.abc import Sequence

LEAVES: dict[str, Sequence[str]] = {
    "i": ("0", "1", "2", "3", "-1", "7", "12", "100", "255"),
    "n": ("0", "1", "2", "3", "5", "12"),
    "f": ("0.5", "1.0", "-2.25", "1e9", "math.pi", "1e-9"),
    "b": ("True", "False"),
    "c": ("1j", "(1.5+2j)"),
    "s": ("''", "'a'", "'north'", "'go north'", "'12'", "'É ß'", r"'a\nb\tc'", r"'\ud800\x1b[0m\x00'", "'%s {}'", "string.digits", r"'\N{BULLET}😀'"),
    "z": ("'o'", "' '", "','", "'é'"),
    "y": ("b''", "b'ab'", r"b'\xff\x00'", "b'1'"),
    "N": ("None",),
    "l": ("[]", "[1, 2, 3]", "['b', 'a']", "[[1], {'a': 2}]", "[None, True, 1.5]"),
    "t": ("()", "(1, 'a')", "('north', 'south')", "((1, 2), (3,))"),
    "d": ("{}", "{'a': 1}", "{'hp': 3, 'north': [1]}", "{1: 'x', (2, 3): None}"),
    "D": ("defaultdict(list)", "defaultdict(int, {'a': 1})", "defaultdict(lambda: defaultdict(int))"),
    "C": ("Counter()", "Counter('abca')", "Counter({'a': 2, 'b': -1})"),
    "S": ("set()", "{1, 2}", "{'a', 'b'}"),
    "F": ("frozenset()", "frozenset('ab')"),
    "r": ("range(3)", "range(5, 0, -2)", "range(0)"),
    "k": ("{'a': 1}.keys()", "{}.keys()"),
    "K": ("{'a': 1}.items()", "{1: []}.items()"),
    "v": ("{'a': 1}.values()",),
    "m": (r"re.match('(?P<a>.)(.)?', 'ab')", r"re.search(r'(?P<a>\w)( x)?', 'go')"),
    "p": (r"re.compile(r'(?P<a>\w)(x)?')", "re.compile('[ab]+?', re.I | re.M)", "re.compile('')"),
    "P": ("'a'", r"r'\w+'", r"r'(\w+) (?P<b>\w+)'", "'[^a-c]*?'", "'(a|b|ab)*c?'", "'(?i)N(o)?(?=r)'", r"r'(.)\1'", "'('", "'(?<=a)b{2,3}'", "'((a*)*b?)*'"),
    "w": ("''", r"r'<\g<0>>'", "(lambda found: found.group().upper())", "(lambda found: found.group(0) * 2)", r"r'\1'"),
    "G": ("0", "1", "2", "'a'"),
    "R": ("re.I", "re.X | re.S", "re.NOFLAG", "re.A"),
    "T": ("int", "list", "str", "dict", "float", "(int, str)", "lambda: 3", "str | None"),
    "e": ("ValueError('bad', 1)", "KeyError('k')", "Exception()", "StopIteration(3)", "re.error('m', 'p q', 1)", "ZeroDivisionError([])"),
    "E": ("re.error('m', 'p q', 1)",),
    "g": ("iter([1, 2])", "(x for x in 'ab')", "iter('')", "zip('ab', [1, 2])"),
    "u": ("str", "len", "bool", "repr", "(lambda x: x)", "(lambda x: [x])", "(lambda *x, **k: x)", "str.upper", "abs", "{}.get", "[].append", "'{}'.format"),
    "U": ("max", "(lambda x, y=1: (x, y))", "(lambda x, y: x == y)", "divmod", "isinstance", "'{}{}'.format"),
    "x": ("None", "0", "''", "[]", "...", "True"),
}  # fmt: skip

HOSTILE: dict[str, Sequence[str]] = {
    "i": ("10**9", "2**63", "-(2**64)", "10**40", "10**5000", "1 << 100000", "int('9' * 4000)"),
    "n": ("1000", "10**6", "-(10**9)"),
    "f": ("math.inf", "-math.nan", "1e308", "5e-324"),
    "s": ("'a' * 10**6", "'%' * 999", "'é' * 5000", r"'\x00' * 3000", "('{:>999}' * 99).format(*[1] * 99)"),
    "l": ("[[]] * 10**5", "[0] * 10**6", "[*range(3000)]", "[[[[[[]]]]]] * 9"),
    "t": ("((),) * 999", "tuple(range(999))"),
    "d": ("dict.fromkeys(range(9999), [])", "{x: {x: {}} for x in range(99)}"),
    "P": ("'(a+)+$'", r"r'(\w|\w\w)*!'", "'(' * 99 + ')' * 99", "'(?:a{0,99}){0,99}'", "'a' * 9999", "'(?P<n>' * 30"),
    "o": ("range(10**9)", "iter(int, 1)", "'ab' * 10**5"),
    "u": ("(lambda x: 1 / 0)", "(lambda x: next(iter([])))", "(lambda x: [x] * 9999)"),
    "x": ("validate", "math", "re", "str", "int", "re.search", "re.error", "Ellipsis", "print", "print()"),
}  # fmt: skip

ITERABLES = "ltdsSgrFkKvDCy"
ANYTHING = "isltdbfNSFDCrgmpecykKvu"
SPECIFICATIONS = {
    "i": ("", "05d", "x", "#x", ",", "+", "e", "c", ">{3}", "b"),
    "f": ("", ".2f", ".3e", "%", "g", "010.1f", ".{2}f"),
    "s": ("", ">12", "<5", "^8", ".3", "-^{9}", "s"),
    "x": ("", ">9", ".4", "q", "=", "\U0001f600^5"),
}
UNLIKE_PYTHON = {"groupindex", "fromkeys"}
"""Names that stand for something else here than in Python, on purpose."""
