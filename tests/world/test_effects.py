"""What effects change, and what texts print."""

from collections.abc import Callable
from typing import Any

import pytest

Doing = Callable[..., Any]

THINGS: dict[str, Any] = {
    "things": {
        "cup": {
            "at": "den",
            "n": 1,
            "t": "ab",
            "l": ["a", 1],
            "m": {"a": 1, "b": {"c": [1, 2]}},
            "empty": [],
            "lit": False,
            "to": "hall",
        },
        "red cup": {"at": "cup"},
        "jar": {"at": "nowhere"},
    }
}


@pytest.mark.parametrize(
    ("effects", "attribute", "value"),
    [
        # In order, each seeing the ones before
        (["cup.n = 5", "cup.n = cup.n * 2", "cup.n += 1"], "n", 11),
        (["cup.x = cup.y", "cup.y = 1"], "x", None),
        # On numbers
        (["cup.n += 2.5"], "n", 3.5),
        (["cup.n -= 1"], "n", 0),
        (["cup.n += null"], "n", 1),
        (["cup.n += 'a'"], "n", None),
        (["cup.n += true"], "n", None),
        (["cup.n -= [1]"], "n", None),
        # On null, a number counts from 0 and anything else starts a list
        (["cup.new += 3"], "new", 3),
        (["cup.new -= 3"], "new", -3),
        (["cup.new += 'a'"], "new", ["a"]),
        (["cup.new += true"], "new", [True]),
        (["cup.new += cup"], "new", ["cup"]),
        (["cup.new += null"], "new", [None]),
        (["cup.new += [1, 1, 2]"], "new", [1, 2]),
        (["cup.new -= 'a'"], "new", None),
        # On a list, the element unless it is there
        (["cup.l += 'b'"], "l", ["a", 1, "b"]),
        (["cup.l += 'a'"], "l", ["a", 1]),
        (["cup.l += 1"], "l", ["a", 1]),
        (["cup.l += true"], "l", ["a", 1, True]),
        (["cup.l += '1'"], "l", ["a", 1, "1"]),
        (["cup.l += null"], "l", ["a", 1, None]),
        (["cup.l -= 1"], "l", ["a"]),
        (["cup.l -= true"], "l", ["a", 1]),
        (["cup.l -= 'z'"], "l", ["a", 1]),
        (["cup.l -= ['a', 1]"], "l", []),
        (["cup.empty += [[1]]", "cup.empty += [[1]]"], "empty", [[1]]),
        (["cup.empty += [cup.m]", "cup.empty += [cup.m]", "cup.empty -= [cup.m]"], "empty", []),
        # On a text
        (["cup.t += 'c'"], "t", "abc"),
        (["cup.t -= 'b'"], "t", None),
        # Keys, chains
        (["cup.m['a'] = 2"], "m", {"a": 2, "b": {"c": [1, 2]}}),
        (["cup.m.a += 2"], "m", {"a": 3, "b": {"c": [1, 2]}}),
        (["cup.m['z'] += 2"], "m", {"a": 1, "b": {"c": [1, 2]}, "z": 2}),
        (["cup.m['z'] += 'a'"], "m", {"a": 1, "b": {"c": [1, 2]}, "z": ["a"]}),
        (["cup.m[cup] = 2"], "m", {"a": 1, "b": {"c": [1, 2]}, "cup": 2}),
        (["cup.m[1] = 2", "cup.m[true] = 3"], "m", {"a": 1, "b": {"c": [1, 2]}, "1": 2, "true": 3}),
        (["cup.m[null] = 2", "cup.m[[1]] = 3"], "m", {"a": 1, "b": {"c": [1, 2]}}),
        (["cup.m.b.c[0] = 9"], "m", {"a": 1, "b": {"c": [9, 2]}}),
        (["cup.m['b']['c'][-1] = 9"], "m", {"a": 1, "b": {"c": [1, 9]}}),
        (["cup.m.b.c[5] = 9"], "m", {"a": 1, "b": {"c": [1, 2]}}),
        (["cup.m.a.z = 9"], "m", {"a": 1, "b": {"c": [1, 2]}}),
        (["cup.m.y.z = 9"], "m", {"a": 1, "b": {"c": [1, 2]}, "y": {"z": 9}}),
        (["cup.new['a']['b'] = 1"], "new", {"a": {"b": 1}}),
        (["cup.l[0] = 'z'"], "l", ["z", 1]),
        (["cup.l[-1] += 1"], "l", ["a", 2]),
        (["cup.l['a'] = 'z'"], "l", ["a", 1]),
        (["cup.n['a'] = 1"], "n", 1),
        (["red_cup.at.n = 7"], "n", 7),
        (["red_cup['at'].n = 7"], "n", 7),
        (["red_cup.at['n'] = 7"], "n", 7),
        (["red_cup.at.l[0] = 7"], "l", [7, 1]),
        (["jar.at.n = 7"], "n", 1),
        (["cup.zz.n = 7"], "n", 1),
        # Whereabouts
        (["cup.at = 'HALL'"], "at", "hall"),
        (["cup.at = 'Nowhere'"], "at", None),
        (["cup.at = nowhere"], "at", None),
        (["cup.at = player"], "at", "player"),
        (["cup['at'].x = 1", "cup.at = 'red_cup'"], "at", "red cup"),
        # When
        ([{"when": "cup.n == 1", "then": ["cup.n = 5"], "else": ["cup.n = 6"]}], "n", 5),
        ([{"when": "cup.zz", "then": ["cup.n = 5"], "else": ["cup.n = 6"]}], "n", 6),
        ([{"when": "cup.zz", "then": ["cup.n = 5"]}], "n", 1),
        ([{"when": "'a'", "then": [{"when": "0", "then": [], "else": ["cup.n = 8"]}]}], "n", 8),
        # For: the set is fixed before the first round
        ([{"for": "i in cup.l", "then": ["cup.l -= i", "cup.seen += i"]}], "seen", ["a", 1]),
        ([{"for": "i in things if not cup.done", "then": ["cup.done = true", "cup.n += 1"]}], "n", 4),
        ([{"for": "k in cup.m", "then": ["cup.seen += k"]}], "seen", ["a", "b"]),
        ([{"for": "i in null", "then": ["cup.n = 5"]}], "n", 1),
        ([{"for": "i in things", "then": [{"for": "j in things if i != j", "then": ["cup.n += 1"]}]}], "n", 7),
        ([{"for": "i in [1, 2, 3]", "then": ["cup.n = cup.n * 10 + i"]}], "n", 1123),
        # Chance for certain
        ([{"chance": 1, "then": ["cup.n = 5"], "else": ["cup.n = 6"]}], "n", 5),
        ([{"chance": 0, "then": ["cup.n = 5"], "else": ["cup.n = 6"]}], "n", 6),
        ([{"chance": 0.0, "then": ["cup.n = 5"]}], "n", 1),
        ([], "n", 1),
    ],
)  # fmt: skip
def test_effects_leave_an_attribute_so(effects: list[Any], attribute: str, value: Any, doing: Doing) -> None:
    got = doing(effects, entities=THINGS).now["cup"].get(attribute)
    assert got == value
    assert repr(got) == repr(value)


@pytest.mark.parametrize(
    "effects",
    [
        ["red_cup.at['lit'] = true"],
        ["red_cup.at.lit = true"],
        ["red_cup['at'].lit = true"],
        ["jar.to = cup", "jar.to['lit'] = true"],
        ["jar.bag['a'] = cup", "jar.bag['a']['lit'] = true"],
        ["jar.bag['a'] = cup", "jar.bag.a.lit = true"],
        ["cup.to['lit'] = true", "cup.lit = hall.lit"],
        [{"for": "i in things if i == cup", "then": ["i.lit = true"]}],
        [{"for": "i in [cup]", "then": ["i['at'].x = 1", "i.lit = true"]}],
    ],
)
def test_what_is_set_by_a_roundabout_way_is_read_as_set(effects: list[Any], doing: Doing) -> None:
    episode = doing(
        [*effects, {"when": "cup.lit", "then": [{"say": "lit"}], "else": [{"say": "dark"}]}], entities=THINGS
    )
    assert episode.last.observation == "lit"


def test_a_mapping_reached_by_a_name_is_read_as_set(doing: Doing) -> None:
    effects = ["cup['m'].a = 5", {"say": "{cup.m.a}"}]
    assert doing(effects, entities=THINGS).last.observation == "5"


def test_an_attribute_that_a_placeholder_names_leads_on_but_is_not_set(
    play: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    tiny["environment"]["places"]["hall"]["lit"] = False
    tiny["available_actions"]["switch {what}"] = {
        "parameters": {"what": ["lit", "at"]},
        "effects": [
            "player.at[what] = true",
            "ball[what].seen = true",
            {"say": "{hall.lit} {player.at.lit}"},
        ],
    }
    episode = play(tiny)
    assert episode("switch lit").observation == "false false"
    episode("switch at")
    assert episode.now["box"]["seen"] is True


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{{x}} {{{cup.n}}}", "{x} {1}"),
        ("{cup}, {red_cup} and {player}", "cup, red cup and player"),
        ("{cup.at}", "den"),
        ("{cup.n} {cup.n + 0.5}", "1 1.5"),
        ("{true} {not true} {null} {nowhere}", "true false nothing nothing"),
        ("{cup.zz.yy}", "nothing"),
        ("{[]} {['a']} {['a', 'b']} {['a', 'b', 3]}", "nothing a a and b a, b and 3"),
        ("{cup.m}", "a and b"),
        ("{cup.empty}", "nothing"),
        ("{i for i in things}", "cup, red cup and jar"),
        ("{i for i in things if i.at == hall}", "nothing"),
        ("{[i for i in things]}", "cup, red cup and jar"),
        ("{count(i for i in things)}", "3"),
        ("{'}'} {\"{\"}", "} {"),
        ("{ cup . n }", "1"),
        ("{'it\\'s'}", "it's"),
        ("{1e-7} {100000000000}", "1e-07 100000000000"),
        ("{cup.n == 1 and 'yes' or 'no'}", "yes"),
    ],
)  # fmt: skip
def test_a_text_prints(text: str, printed: str, doing: Doing) -> None:
    assert doing([{"say": text}], entities=THINGS).last.observation == printed


def test_a_text_that_the_file_reads_as_a_scalar_is_a_text(doing: Doing) -> None:
    assert doing([{"say": 5}, {"say": True}]).last.observation == "5 true"


def test_a_text_is_cut_at_ten_thousand_characters(doing: Doing) -> None:
    entities = {"things": {"pile": {"l": ["word"] * 9_000}}}
    printed = doing([{"say": "{pile.l}{pile.l}"}], entities=entities).last.observation
    assert printed == ("word, " * 2_000)[:10_000]


def test_say_comes_after_the_observation_and_sees_its_own_moment(
    play: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"]["count"] = {
        "preconditions": [{"when": "player.n < 2 or not player.n", "message": "At {player.n} already."}],
        "effects": [{"say": "was {player.n},"}, "player.n += 1", {"say": "is {player.n}."}, "player.n += 1"],
        "observation": "Counted to {player.n}:",
    }
    tiny["events"] = [
        {
            "when": "player.n == 2",
            "effects": [{"say": "Bell."}, "player.n = 7"],
            "observation": "At {player.n}:",
        }
    ]
    episode = play(tiny)
    assert episode("count").observation == "Counted to 2: was nothing, is 1.\nAt 7: Bell."
    refused = episode("count")
    assert (refused.error, refused.message, refused.observation) == ("logic", "At 7 already.", "")


def test_without_a_text_of_its_own_an_action_is_confirmed(
    play: Callable[..., Any], tiny: dict[str, Any]
) -> None:
    assert "take ball" in play(tiny)("TAKE  ball").observation


LOOK: dict[str, Any] = {
    "places": {
        "hall": {"description": "A draughty hall.", "exits": {"east": "den"}},
        "den": {"exits": ["hall", "loft"]},
        "loft": {},
    },
    "items": {
        "chest": {"at": "hall", "container": True, "open": False},
        "coin": {"at": "chest"},
        "bag": {"at": "player", "container": True, "open": True},
        "pin": {"at": "bag"},
        "table": {"at": "hall"},
        "cup": {"at": "table"},
        "ghost": {"at": "hall", "hidden": True},
        "sheet": {"at": "ghost"},
        "spare": {"at": "nowhere"},
    },
    "player": {"at": "hall"},
}


@pytest.fixture
def looking(play: Callable[..., Any], tiny: dict[str, Any]) -> Any:
    tiny["environment"] = LOOK
    tiny["available_actions"] = {
        "look": {"observation": "{look}"},
        "go {p}": {"parameters": {"p": "places"}, "effects": ["player.at = p"], "observation": "{look}"},
        "open chest": {"effects": ["chest.open = true"], "observation": "{look}"},
        "knot": {
            "effects": ["table.at = cup", "cup.at = table", "player.at = table"],
            "observation": "{look}",
        },
        "hide": {"effects": ["hall.hidden = true", "player.at = 5"], "observation": "{look}"},
    }
    return play(tiny)


def test_look_tells_the_place_its_exits_what_is_visible_and_what_is_carried(looking: Any) -> None:
    seen = looking("look").observation
    assert seen == (
        "Place: hall. A draughty hall.\nExits: east (den).\nYou see: chest (closed), table (with cup).\n"
        "You carry: bag (open, with pin)."
    )
    assert "chest (open, with coin)" in looking("open chest").observation
    assert "Exits: hall, loft." in looking("go den").observation
    assert "Exits" not in looking("go loft").observation
    assert "nothing of note" in looking("look").observation


def test_look_ends_however_the_world_is_knotted(looking: Any) -> None:
    assert "cup (with table (with cup))" in looking("knot").observation
    assert looking("hide").observation.startswith("You carry")


def test_look_goes_as_deep_as_things_lie_in_things(play: Callable[..., Any], tiny: dict[str, Any]) -> None:
    tiny["environment"]["items"] = {
        f"doll {i}": {"at": f"doll {i - 1}" if i else "hall"} for i in range(2_000)
    }
    tiny["available_actions"] = {"look": {"observation": "{look}"}}
    assert "doll 0 (with doll 1 (with doll 2 " in play(tiny)("look").observation
