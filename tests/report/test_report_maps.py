import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import erring

from trpg_env.report.layout import positions, spread
from trpg_env.report.maps import MOST_PLACES, draw_map
from trpg_env.report.places import Places, Way, places_of
from trpg_env.report.whereabouts import whereabouts
from trpg_env.script import Script
from trpg_env.world import World

Load = Callable[[Any], Script]


def test_the_places_are_those_of_the_script_and_each_way_is_there_once(load: Load) -> None:
    places = places_of(load("dungeon"))
    assert "gatehouse" in places.names
    pairs = [{way.start, way.end} for way in places.ways]
    assert all(a != b for a, b in itertools.combinations(pairs, 2))
    assert all(way.both for way in places.ways)


def test_a_way_without_a_way_back_has_an_arrow(load: Load, tiny: dict[str, Any]) -> None:
    tiny["environment"]["places"]["den"]["exits"] = []
    places = places_of(load(tiny))
    assert [way.both for way in places.ways] == [False]
    assert 'class="arrow"' in str(draw_map(places))


def test_an_exit_to_the_north_leads_upwards(load: Load, tiny: dict[str, Any]) -> None:
    tiny["environment"]["places"] = {
        "hall": {"exits": {"North": "attic", "east": "den"}},
        "attic": {"exits": {"south": "hall"}},
        "den": {"exits": ["hall"]},
    }
    hall, attic, den = positions(places_of(load(tiny)))
    assert attic[1] < hall[1] - 0.5
    assert den[0] > hall[0] + 0.5


def test_a_script_without_places_has_no_map(load: Load, tiny: dict[str, Any]) -> None:
    del tiny["environment"]["places"]
    tiny["environment"]["items"] = {"box": {}, "ball": {}}
    tiny["environment"]["player"] = {}
    assert draw_map(places_of(load(tiny))) is None


def test_a_script_with_very_many_places_has_no_map() -> None:
    assert draw_map(Places(tuple(map(str, range(MOST_PLACES + 1))), ())) is None


def test_a_narrative_script_that_writes_its_places_so_has_a_map_too(load: Load) -> None:
    narrative = {
        "goal": "Leave.",
        "environment": {"places": {"cell": {"exits": ["yard"]}, "yard": {}, "odd": 3}, "weather": "rain"},
        "completion_conditions": ["You are out."],
        "available_actions": {"wait": {}},
    }
    assert places_of(load(narrative)) == Places(("cell", "yard", "odd"), (Way(0, 1, False),))


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=14))
@settings(max_examples=40)
def test_boxes_lie_apart_whatever_the_ways(n: int, pairs: list[tuple[int, int]]) -> None:
    ways = tuple(Way(a, b, True) for a, b in dict.fromkeys(pairs) if a < b < n)
    points = positions(Places(tuple(map(str, range(n))), ways))
    assert np.isfinite(points).all()
    placed = spread(points, [60.0] * n, 24, (110, 62))
    for a, b in itertools.combinations(placed, 2):
        assert abs(a[0] - b[0]) >= 60 or abs(a[1] - b[1]) >= 24


def test_the_player_is_where_the_trajectory_says(make_world: Callable[[Any], World]) -> None:
    for episode in erring():
        if episode.script != "dungeon":
            continue
        where = whereabouts(episode, make_world("dungeon"))
        assert len(where) == 1 + len(episode.exchanges())
        assert None not in where
        for place, (player, dm) in zip(where[1:], episode.exchanges(), strict=True):
            if player.action.startswith("go ") and dm.error is None:
                assert str(place) in dm.observation


def test_from_where_play_goes_another_way_the_place_is_not_known(make_world: Callable[[Any], World]) -> None:
    episode = next(t for t in erring() if t.script == "dungeon")
    turns = list(episode.turns)
    turns[6] = turns[6].model_copy(update={"state_hash": "0" * 32})
    where = whereabouts(episode.model_copy(update={"turns": turns}), make_world("dungeon"))
    assert None not in where[:3]
    assert set(where[3:]) == {None}
    other = episode.model_copy(
        update={"turns": [turns[0].model_copy(update={"state_hash": "?"}), *turns[1:]]}
    )
    assert set(whereabouts(other, make_world("dungeon"))) == {None}


@pytest.mark.parametrize("name", ["ship", "warehouse-robot", "office-mail"])
def test_a_map_is_always_the_same(load: Load, name: str) -> None:
    places = places_of(load(name))
    first = draw_map(places)
    assert first is not None
    assert first == draw_map(places)
    assert all(f">{place}</text>" in first for place in places.names)
