"""The wordings that are exchanged for one another. Each keeps the meaning in the templates that it is meant for."""

from collections.abc import Mapping

PREPOSITIONS: Mapping[str, str] = {
    "with": "using",
    "in": "inside",
    "on": "upon",
    "from": "out of",
    "about": "regarding",
}
"""For `preposition`: an environment has the first of these exchanged that its templates have, so `with` in ALFWorld."""

FRONTED = ("from", "with", "in", "on", "about", "to", "for", "of")
"""For `order`: the first of these that an environment's templates have goes to the front with what belongs to it."""

VERBS: tuple[Mapping[str, str], ...] = (
    {"go to": "move to", "go": "move", "walk to": "move to", "walk": "move"},
    {"forward": "advance"},
    {"cd": "chdir"},
    {"read": "peruse"},
    {"take": "grab"},
    {"open": "undo"},
)
"""For `verb`: an environment has the first group exchanged that its templates have, where it is all before a placeholder."""

PARAPHRASES: Mapping[str, str] = {
    "advance": "press on",
    "attach": "enclose",
    "attack": "strike at",
    "begin": "start",
    "buy": "purchase",
    "cat": "print",
    "cd": "enter",
    "clean": "wash",
    "close": "shut",
    "cool": "chill",
    "cp": "duplicate",
    "detach": "remove",
    "drink": "swallow",
    "drop": "let go of",
    "edit": "change",
    "empty": "pour out",
    "examine": "inspect",
    "fit": "install",
    "forward": "step ahead",
    "gather": "collect",
    "go": "head",
    "go to": "head for",
    "hang": "suspend",
    "heat": "warm up",
    "hide": "keep out of sight",
    "inventory": "list belongings",
    "lead": "guide",
    "lift": "hoist",
    "listen": "prick up ears",
    "look": "look about",
    "look around": "look about",
    "ls": "list",
    "open": "pull open",
    "put": "place",
    "read": "peruse",
    "rinse": "wash out",
    "rm": "delete",
    "scan": "take a scan",
    "sell": "hand over",
    "send": "dispatch",
    "show": "present",
    "sign": "put name to",
    "spread": "scatter",
    "take": "pick up",
    "tell": "inform",
    "turn": "rotate",
    "use": "operate",
    "view": "display",
    "wait": "let time pass",
    "walk": "stroll",
    "walk to": "head for",
    "wash": "scrub",
}
"""For `paraphrase`: what a template begins with, and what it begins with instead."""

_PARTICLES = "about around at away back by down for in into of off on out over through to under up"
PARTICLES = frozenset(_PARTICLES.split())
"""Words that make another verb of the one before them, which is then not paraphrased."""

_EVERYDAY = """
a able all aft back below best black blue can close closed cold cool dark down east empty fine first five forward four front
full green grey half hand head here high hold home hot in inside last left light like long look low may mean might mine must near
next no none north not note nothing now off on one open other out outside over past play put quiet read red report rest right round
run saw second self sent set short shut six something south still take ten the there three top two under up wait warm watch
well west white will with yellow you
"""
EVERYDAY = frozenset(_EVERYDAY.split())
"""Names that stand in texts with another meaning more often than as names; `entities` leaves them as they are."""
