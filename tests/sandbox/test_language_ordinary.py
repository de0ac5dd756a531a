"""Ordinary verification code gives the answer that plain Python gives.

Every sample is our own text, so that this test may run it with `exec` too: that is what it is compared with.
"""

import collections
import copy
import math
import re
import string
import sys
import types
from typing import Any

import pytest

from trpg_env.sandbox import Sandbox, Verdict
from trpg_env.sandbox.language.guards import METHODS, VALUES

ACTION = "go to the Old Mill with 3 lamps"
PARAMS = {"direction": "north", "count": "2", "item": None}
STATE = {
    "hp": 12,
    "inventory": ["lamp", "rope"],
    "npc": {"name": "Mira"},
    "exits": {"north": "hall"},
    "turn": 17,
}

# A sample is a whole validator, or the lines of one's body; its name comes first.
SAMPLES = r"""
### a pattern with named groups
m = re.match(r'^\s*go\s+(?:to\s+)?(?P<place>.+?)\s+with\s+(?P<n>\d+)', action, re.IGNORECASE)
if m is None:
    return 'Use: go to <place>'
return f"{m['place']}|{m[2]}|{m.group('place', 'n')}|{m.groupdict()}|{m.span('n')}|{m.lastgroup}|{m.regs}|{m!r}"
### compiled patterns and flags
_WORD = re.compile(r'''
    (?P<first>\w)   # a letter (or digit
    (?P<rest>\w*)
''', re.X | re.I)
def validate(action, params, state):
    named = {'pattern': _WORD.pattern[:4], 'groups': _WORD.groups, 'index': dict(_WORD.groupindex), 'flags': _WORD.flags}
    turned = _WORD.sub(r'\g<rest>\1', action)
    return f"{turned} {_WORD.subn('-', action, 2)} {_WORD.findall('a b')} {named}"
### replacing, splitting, finding
swap = re.search(r'(\w+) (\w+)', action).expand(r'\2 \1')
up = re.sub(r'\b([a-z])(\w*)', lambda m: m[1].upper() + m.group(2), action)
return f"{up} {re.split('[ ]+', action, maxsplit=2)} {swap} {[x.start() for x in re.finditer('o', action)]} {re.escape('a.b')}"
### a broken pattern
try:
    re.compile('go (' + action)
except re.error as e:
    return f'{e.msg} at {e.pos} of {e.pattern}: {e}'
### nothing found
return re.match('x', action).group()
### values deep inside the state
who = state.get('npc', {}).get('name', 'nobody')
first = (state.get('inventory') or [None])[0]
return f"{who} {first} {state.get('x', {}).get('y', {}).get('z', 'none')} {'north' in state['exits']} {[*state]}"
### a missing key
return state['nowhere']['at all']
### a number out of the parameters
try:
    n = int(params.get('count', ''))
except (TypeError, ValueError):
    return 'How many?'
else:
    ok = 1 <= n <= 5
finally:
    state['tried'] = True
return ok and state['tried']
### numbers
x = 7; y = 2.5
x += 1; x *= 3; x //= 2; x **= 2; x %= 100; x <<= 2; x |= 3; x &= 0xff; x ^= 1; x >>= 1; y -= .5; y /= 4
return f'{x} {y} {-7 // 2} {-7 % 3} {7.5 % 2} {divmod(17, 5)} {2 ** -1} {~5} {1_000 + 0b11} {round(2.675, 2)} {round(2.5)} {abs(3 - 4j)} {int("ff", 16)} {float("1e3")} {pow(2, 5, 7)}'
### methods of numbers
return f'{(5).bit_length()} {True.real} {(2.5).as_integer_ratio()} {(2.0).is_integer()} {(1 + 2j).imag} {(1 + 2j).conjugate()} {float.fromhex("0x1p1")} {(7).numerator} {(258).to_bytes(2, "big")}'
### math
import math
from math import sqrt, floor as down, pi
def validate(action, params, state):
    return f'{sqrt(16)} {down(pi)} {math.hypot(3, 4)} {math.ceil(2.1)} {math.isclose(.1 + .2, .3)} {math.gcd(12, 18)} {math.inf} {math.prod([2, 3])} {math.degrees(math.tau)}'
### a domain error
return math.sqrt(-1)
### f-strings
n = 3
return f'{n=} {n = :>4} {action!r:>40.9}|{1234.5:,.2f}|{.256:.1%}|{255:#06x}|{n:{n + 1}d}|{"a" "b":*^7}|{[1, "x"]}|{ {"a": 1}["a"] }|{{}}|{"é"!a}|{(lambda: 4)()}|{None}'
### an f-string that does not fit
return f'{[1]:>5}'
### str.format
return '{} {}'.format('a', ['b']) + '{0} {1} {d!r:>5} {2:{w}.{p}f} {{}}'.format('a', ['b'], 2.5, w=6, p=1, d='v')
### str.format_map
return '{a} {b!r:>4} {c}'.format_map({'a': 1, 'b': 'q', 'c': [2], 'unused': len}) + '{no}'.format_map(defaultdict(lambda: '?'))
### percent
t = '%s has %03d of %r, %5.1f%% %-4s| %x %c %+d' % ('Bo', 5, [1], 12.345, 'ab', 255, 'z', 7)
t += '%(a)s %(b)02d' % {'a': 'x', 'b': 3} + '%s' % None + '%(q)s' % defaultdict(int) + '%*d' % (4, 2)
return t
### percent, assigned
state['turn'] %= 5
rows = ['%s!', 10]
rows[0] %= 'hey'; rows[-1] %= 4
t = '%d'; t %= 3
return f"{state['turn']} {rows} {t}"
### percent that does not fit
return '%d' % 'x'
### methods of texts
t = str.maketrans('aeiou', 'AEIOU', 'x')
tabs, lines = 'a\tb'.expandtabs(2), 'a\nb'.splitlines()
return f"{action.translate(t)} {action.title().swapcase()} {action.partition(' ')} {action.rsplit(maxsplit=1)} {action.removeprefix('go ').zfill(40)} {action.find('Mill')} {action.count('l')} {tabs} {'ß'.casefold()} {action.isascii()} {action.startswith(('go', 'run'), 0)} {lines} {string.capwords('a b')}"
### methods without their value
return f"{[*map(str.upper, ['a'])]} {sorted(['b', 'A'], key=str.lower)} {str.join('-', 'ab')} {str.format('{}', 1)} {list(map(dict.get, [{1: 2}], [1]))} {set.union({1}, {2})} {dict.fromkeys('ab', 0)} {'{:>3}'.format(7)}"
### bytes
b = action.encode('utf-8')
return f"{len(b)} {b[:2]} {b.decode()} {'é'.encode('ascii', 'replace')} {b.upper().split()[0]} {bytes([65])} {isinstance(b, bytes)} {str(b'x', 'utf-8')}"
### texts of other tongues
größe = len('Öffne die Tür')
return f'{größe} 世界 {"İ".lower()!r} {"Straße".upper()}' '\N{BULLET} \u00e9\x41' 'joined' r'\raw'
### lists
xs = [3, 1, 2]
xs[1:2] = ['a', 'b']; del xs[0]; xs[::2] = [9] * 2; xs.extend((4, 5)); xs.insert(0, 7); xs.append(xs.pop()); xs[0], xs[-1] = xs[-1], xs[0]
ys = sorted([3, 1, 2], reverse=True); ys.sort(key=lambda v: v % 3); ys.reverse(); ys += [1]; ys.remove(1)
return f'{xs} {ys} {xs.index(9)} {xs.count(9)} {xs[-2:]} {xs[::-1]} {[0] * 2 + [1]} {[1, 2] < [1, 3]} {xs.copy() == xs}'
### dicts
d = {**{'a': 1}, 'b': 2} | {'c': 3}
d['a'] += 5; d |= {'d': 4}; d.setdefault('e', []).append(1); d.update({'f': 6}, g=7); del d['b']
return f"{d} {d.pop('zz', None)} {list(d.items())[-1]} {d.keys() & {'a', 'q'}} {max(d, key=lambda k: str(d[k]))} {dict(zip('ab', [1, 2]))} {params.items()} {d.values()}"
### sets
a, b = {1, 2}, frozenset([2, 3])
s = set(); s.add(1); s |= {5}; s.discard(9); s ^= {1, 4}; s.update([6], (7,))
return f'{sorted(a | b)} {a & b} {a - b} {sorted(a ^ b)} {a <= b} {a.isdisjoint({9})} {sorted(s)} {b.union([4]) > b} {len({x % 2 for x in range(9)})}'
### tuples, ranges and slices
t = (1, *'ab')
r = range(10, 0, -3)
return f'{t} {t + (2,)} {t.index("a")} {()} {(1,)} {r} {list(r)} {r[1]} {r.step} {7 in r} {action[slice(2, None, 5)]} {slice(1, 2).stop}'
### unpacking
first, *middle, (last, [deep]) = [1, 2, 3, (4, [5])]
for i, (k, *vs) in enumerate([('a', 1, 2), ('b',)], start=1):
    middle.append((i, k, vs))
a, b = b, a = 1, 2
return f'{first} {middle} {last} {deep} {a} {b} {[*range(2), *"x"]}'
### comprehensions
grid = [[x * y for x in range(3)] for y in range(3) if y]
return f'{grid} {[v for row in grid for v in row if v % 2 == 0]} {({k: v for k, v in enumerate("ab")})} {sum(x for row in grid for x in row)} {[(y := x + 1) for x in range(3)]} {y}'
### built-in functions
xs = [3, 1, 2]
return f"{any(x > 2 for x in xs)} {all([])} {min([], default=0)} {max(xs, key=lambda x: -x)} {sum([[1], [2]], [])} {list(zip(xs, 'ab'))} {list(filter(None, [0, 1]))} {list(reversed(xs))} {next((x for x in xs if x > 9), 'none')} {[*map(lambda a, b: a + b, xs, xs)]} {callable(len)} {ascii('é')} {chr(65)}{ord('A')} {bin(5)} {repr('q')} {format(3.14159, '.2f')} {list(iter([1]))}"
### nothing to choose from
return min([])
### generators
def count(n):
    while True:
        got = yield n
        if got == 'stop':
            return 'done'
        n += got or 1
def both():
    end = yield from count(5)
    yield end
g = both()
return f"{next(g)} {g.send(3)} {g.send('stop')} {list(g)} {[x for x, _ in zip(count(0), 'abc')]} {g.close()}"
### the value a generator ends with
def g():
    return 7
    yield
try:
    next(g())
except StopIteration as stop:
    return f'{stop.value}'
### closures
def counter(start=0, *, step=1):
    n = start
    def tick(times=1):
        nonlocal n
        for _ in range(times):
            n += step
        return n
    return tick
t = counter(5, step=2)
t()
return f'{t(3)} {[f() for f in [lambda i=i: i * i for i in range(3)]]}'
### parameters of every kind
def f(a, /, b=2, *rest, c, d=4, **more):
    return f'{a}{b}{rest}{c}{d}{more}'
return f(1, c=3) + f(*[1, 2, 3], **{'c': 5, 'e': 6}) + (lambda *xs, k=1: f'{xs}{k}')(1, k=2)
### too few arguments
return (lambda a, b: a)(1)
### recursion
def depth(x): return 1 + max(map(depth, x.values()), default=0) if isinstance(x, dict) else 0
memo = {}
def ways(n):
    if n not in memo:
        memo[n] = 1 if n < 2 else ways(n - 1) + ways(n - 2)
    return memo[n]
return f'{depth(state)} {ways(50)}'
### recursion without end
def f(n): return f(n + 1)
return f(0)
### loops
out = []
for i in range(5):
    if i == 1: continue
    if i == 3: break
    out.append(i)
else:
    out.append('never')
while out and out[-1] != 9:
    out.append(9)
else:
    out.append('end')
while (at := action.find('o')) >= 0:
    action = action[:at] + '0' + action[at + 1:]
return f'{out} {action}'
### conditions
a = 'x' if not params['item'] else 'y'
return f'{a} {1 < 2 <= 2 != 3} {None is None} {"a" not in "b"} {0 or [] or "z"} {1 and 0} {not a} {3 == 3.0}'
### exceptions
def risky(n):
    if n == 0: raise ValueError('zero', n)
    if n == 1: raise TypeError
    if n == 2: return {}['k']
    if n == 3: raise RuntimeError('wrapped') from ValueError('inner')
    if n == 4: raise PermissionError('You may not')
    assert n != 5, 'five'
    return 'fine'
out = []
for n in range(7):
    try:
        out.append(risky(n))
    except ValueError as e:
        out.append(f'{e} {e!r} {e.args}')
    except (TypeError, KeyError) as e:
        out.append('%s|%r' % (e, e))
    except OSError as e:
        out.append('{} {!r}'.format(e, e))
    except:
        out.append('another')
return f"{out} {[ValueError('a'), KeyError('b')]}"
### an exception of one's own
raise NotImplementedError('not yet')
### raised again
try:
    int('q')
except ValueError as e:
    kept = e
    try:
        raise
    except ValueError as again:
        return again is kept
### a text that cannot be written
try:
    'é'.encode('ascii')
except UnicodeEncodeError as e:
    return f'{e.reason} {e.start} {e.object}'
### an assertion
assert action.startswith('run'), 'Run, I said.'
### a misspelt method
return action.startwith('go')
### an attribute of a dict
return state.hp
### kinds
seven = [isinstance(x, int | str | None) for x in (1, 'a', None, [])]
return f'{seven} {isinstance([], (list, tuple))} {isinstance(True, int)} {isinstance({}, dict)} {isinstance(Counter(), dict)} {isinstance(defaultdict(int), defaultdict)} {isinstance(re.compile("a"), re.Pattern)} {isinstance(ValueError(), LookupError)} {isinstance("a", str | bytes)}'
### conversions by a table
casts = {'count': int, 'direction': str, 'item': bool}
return str({k: casts[k](v) for k, v in params.items()}) + str(object=3)
### counters
c = Counter('banana')
c.update('bb'); c.subtract({'a': 1}); c['z'] += 1; del c['n']
return f"{c} {c.most_common(1)} {c.total()} {sorted(c.elements())} {c['none']} {c + Counter('b')} {Counter('aab') - Counter('a')} {Counter(a=1) == {'a': 1}}"
### dicts with defaults
from collections import defaultdict
def validate(action, params, state):
    d = defaultdict(list); n = defaultdict(lambda: defaultdict(int)); t = defaultdict(str)
    for w in action.split():
        d[len(w)].append(w); n[w[0]][len(w)] += 1
    t['a'] += 'x'
    return f'{dict(d)} {d} {t!r} {dict(n["t"])} {defaultdict(set, {1: 2})}'
### imports
import re as r, string
import collections
from re import match, IGNORECASE
from collections import Counter as C
def validate(action, params, state):
    import math as m
    from string import digits, ascii_lowercase as low
    return bool(match('GO', action, IGNORECASE) and r.search(digits[3], action)) and C('aa')['a'] == m.floor(2.5) and low in string.ascii_letters and collections.Counter is C
### a loop within finally
seen = []
try:
    seen.append(1)
finally:
    for n in range(5):
        if n == 3:
            break
        seen.append(n)
return f'{seen}'
### annotations
from typing import Any, Callable, Optional
LIMIT: 'Final[int]' = 3
Words = str | list[str]
def first(xs: list[Any], default: Optional[str] = None) -> str | None:
    x: Callable[[str], bool]
    return next(iter(xs), default)
def validate(action: str, params: dict[str, Any], state: dict) -> bool | str:
    words: list[str] = action.split()
    state['k']: int = 4
    kinds = (isinstance(words, list | None), isinstance('', int | str), isinstance(None, str | None), isinstance(1, (str | bytes, int)))
    return f'{first(words)} {kinds} {isinstance(state, dict)} {LIMIT}'
### a module that prepares tables
'''A validator.'''
DIRECTIONS = ('north', 'south')
INITIALS = {d[0]: d for d in DIRECTIONS}
COUNT = len(DIRECTIONS) if DIRECTIONS else 0
ALIASES = {**{short: long for short, long in INITIALS.items()}, 'w': 'west'}
MODE = 'many' if COUNT > 1 else 'few'
LIMIT = 3
LIMIT += 1
HANDLERS = {'up': lambda s: s.upper(), 'low': str.lower}
def validate(action, params, state):
    return f'{ALIASES} {MODE} {LIMIT} {_helper(action)}' + HANDLERS['up']('x')
def _helper(text, _cache={}):
    return _cache.setdefault(text, len(text))
### globals
seen = []
n = 0
def bump():
    global n
    n += 1
    seen.append(n)
def validate(action, params, state):
    bump(); bump()
    return n == 2 and seen == [1, 2]
### printing
print('debug', action, sep=', ', end='', file=None, flush=True)
return True
### names of one's own for built-in ones
id = type = object = list = 3
return f'{id}{type}{object}{list}'
### functions under a condition
if state['hp'] > 3:
    def strong(): return True
else:
    def strong(): return False
def later(): ...
def nothing(): pass
x = 1
del x
return strong() and later() is nothing()
### a variable that is gone
x = 1
del x
return x
### containers that hold themselves
x = [1]; x.append(x)
d = {}; d['d'] = d
return f'{x} {d} {[True, None, 1.5, ..., b"x", 1j, NotImplemented, frozenset([1])]}'
### layout
# a comment
def validate ( action, params , state ) :  # another
	if (action
			and True):  # inside

		return ("long "
			'text') + \
			"end"
### three parameters and more
def validate(action, params, state=None, *, verbose=True, **more):
    return verbose and state is not None and not more
### defaults
def validate(text, values=None, /, world=None):
    return bool(values) and 'hp' in world
"""

ORDINARY = dict(sample.split("\n", 1) for sample in SAMPLES.split("\n### ")[1:])
PROVIDED = {"re": re, "math": math, "string": string, "Counter": collections.Counter, "defaultdict": collections.defaultdict}  # fmt: skip


def whole(code: str) -> str:
    if "def validate" in code:
        return code
    return "def validate(action, params, state):\n" + "".join(f"    {line}\n" for line in code.splitlines())


def plainly(code: str) -> Verdict:
    """What Python itself makes of it."""
    namespace: dict[str, Any] = {**PROVIDED, "print": lambda *_, **__: None, "__name__": "validator"}
    try:
        exec(code, namespace)  # our own text
        answer = namespace["validate"](ACTION, copy.deepcopy(PARAMS), copy.deepcopy(STATE))
    except Exception as error:
        return Verdict(False, type(error).__name__, "exception")
    return Verdict(answer is True, answer if isinstance(answer, str) else None)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_code_answers_as_in_plain_python(sandbox: Sandbox, name: str) -> None:
    code = whole(ORDINARY[name])
    expected, verdict = plainly(code), sandbox.validate(code, ACTION, PARAMS, STATE)
    if expected.fault:
        assert verdict.fault == "exception", verdict
        assert (
            f" {expected.message}" in str(verdict.message).replace(":", "").replace("(", "").split(" line")[0]
        )
    else:
        assert verdict == expected


BASE = "def validate(action, params, state):\n    if action:\n        return 'yes'\n    return True\n"


@pytest.mark.parametrize(
    "source",
    [
        BASE.replace("\n", "\r\n"),
        BASE.replace("\n", "\r"),
        "\ufeff" + BASE,
        "\f\n" + BASE.replace("    if", "\f    if"),
        "#!/usr/bin/env python3\n# -*- coding: latin-1 -*-\n" + BASE,
        BASE.replace(":", ":   ").replace("    ", "\t"),
        "\n\n" + BASE.rstrip() + "   ",
    ],
    ids=["windows", "old mac", "byte order mark", "form feed", "coding", "tabs", "no newline"],
)
def test_how_the_file_was_saved_does_not_matter(sandbox: Sandbox, source: str) -> None:
    assert sandbox.validate(source, "go", {}, {}) == Verdict(False, "yes")


LEFT_OUT: dict[type, set[str]] = {
    collections.defaultdict: {"default_factory"},
    types.GeneratorType: {
        "throw",
        "gi_code",
        "gi_frame",
        "gi_running",
        "gi_state",
        "gi_suspended",
        "gi_yieldfrom",
    },
    type({}.keys()): {"mapping"},
    type({}.items()): {"mapping"},
    re.Pattern: {"scanner"},
}


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="what a later Python brings has not been judged yet")
@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.__name__)
def test_every_public_method_of_a_served_type_is_there_but_those_named_here(kind: type) -> None:
    public = {name for name in dir(kind) if not name.startswith("_")}
    assert public - {*METHODS[kind], *VALUES.get(kind, ())} <= LEFT_OUT.get(kind, set())
    assert {*METHODS[kind]} <= public


def test_all_of_math_is_served(sandbox: Sandbox) -> None:
    names = ", ".join(name for name in vars(math) if not name.startswith("_"))
    sandbox.check(f"from math import {names}\n{BASE}")


def test_what_str_is_called_with_decides_the_codec(sandbox: Sandbox) -> None:
    for call in ("'a'.encode('idna')", "b'a'.decode('punycode')", "str(b'a', 'idna')", "bytes('a', 'utf-7')"):
        verdict = sandbox.validate(whole(f"return str({call})"), "", {}, {})
        assert verdict.fault == "exception" and "use 'utf-8'" in str(verdict.message), verdict
