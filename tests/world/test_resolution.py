"""From a text to the action that is meant."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest

from trpg_env.script import Script
from trpg_env.world import VerificationFailed, World
from trpg_env.world.resolution import reads_state

Play = Callable[..., Any]


def understood(play: Play, tiny: dict[str, Any], actions: dict[str, Any], text: str) -> Any:
    tiny["available_actions"] = actions
    ruling = play(tiny)(text)
    return (ruling.name, ruling.parameters) if ruling.error is None else ruling.message


THING = {"thing": ["ball", "red box"]}


@pytest.mark.parametrize(
    ("key", "action", "text", "meaning"),
    [
        # Named groups are parameters, in any spelling of the name
        ("take {thing}", {"verification_code": "(take|get) (the )?(?P<thing>.+)", "parameters": THING}, "get the BALL", {"thing": "ball"}),
        ("take {the thing}", {"verification_code": "take (?P<The_Thing>.+)"}, "take x", {"the thing": "x"}),
        # Unnamed ones fill, in order, the placeholders left; surplus ones are ignored
        ("put {a} in {b}", {"verification_code": "put (.+) into (.+)"}, "put x into y", {"a": "x", "b": "y"}),
        ("put {a} in {b}", {"verification_code": "into (?P<b>.+) put (.+)( now)?"}, "into y put x", {"a": "x", "b": "y"}),
        ("put {a} in {b}", {"verification_code": "(.+) (?P<a>.+)"}, "y x", {"a": "x", "b": "y"}),
        ("wait", {"verification_code": "(wait|rest)( a (bit))?"}, "rest a bit", {}),
        # An optional group that took no part leaves nothing, which free text refuses and so does a list
        ("go {d}", {"verification_code": "go( .+)?", "parameters": {"d": ["east"]}}, "go east", {"d": "east"}),
        ("go {d}", {"verification_code": "go( .+)?", "parameters": {"d": ["east"]}}, "go", 'Valid: east.'),
        ("go {d}", {"verification_code": "go( .+)?"}, "go", "is not a valid d"),
        # Where placeholders have no group, the template is matched too
        ("put {a} in {b}", {"verification_code": "^put (?P<a>\\w+) .*"}, "put x in y z", {"a": "x", "b": "y z"}),
        ("put {a} in {b}", {"verification_code": "^put .*"}, "put x on y", "There is no such action"),
        ("go {d}", {"verification_code": ""}, "go east", {"d": "east"}),
        # All of the text, which is stripped and has single blanks
        ("go {d}", {"verification_code": "go (?P<d>\\w+)"}, "  go \t east\n", {"d": "east"}),
        ("go {d}", {"verification_code": "go (?P<d>\\w+)"}, "go east now", "There is no such action"),
        ("go {d}", {"verification_code": "Go (?P<d>\\w+)"}, "go east", "There is no such action"),
        ("go {d}", {"verification_code": "(?i)Go (?P<d>\\w+)"}, "gO east", {"d": "east"}),
        # Values in the script's spelling
        ("take {thing}", {"parameters": THING}, "TAKE Red_BOX", {"thing": "red box"}),
        ("take {thing}", {"parameters": THING}, "take moon", 'Valid: ball, red box.'),
        ("take {n} coins", {"parameters": {"n": "1..40"}}, "take 07 coins", {"n": "7"}),
        ("take {n} coins", {"parameters": {"n": "1..40"}}, "take 41 coins", "a whole number from 1 to 40"),
        ("say {what}", {"parameters": {"what": {"any": ["Hello"]}}}, "say  GOOD   day_x", {"what": "GOOD day_x"}),
        # Code gets the text and the parameters, canonical where they are valid
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return action == 'take RED_box' and params == {'thing': 'red box'}", "parameters": THING}, "take  RED_box", {"thing": "red box"}),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return 'no ' + params['thing']", "parameters": THING}, "take Moon", "no Moon"),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return True", "parameters": THING}, "take Moon", "Valid: ball, red box."),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return False", "parameters": THING}, "take Moon", "Valid: ball, red box."),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return False", "parameters": THING}, "take ball", "is not a valid"),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return 1 // 0"}, "take ball", "does not accept this"),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return 5"}, "take ball", "does not accept this"),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return None"}, "take ball", "does not accept this"),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    return state['ball']['at'] == 'box' and state['player']['at']"}, "take x", "hall"),
        ("take {thing}", {"verification_code": "def validate(action, params, state):\n    state['ball']['at'] = 'moon'\n    return True"}, "take x", {"thing": "x"}),
        # Nothing at all
        ("wait", {}, "", "The action is empty. The actions are: wait."),
        ("wait", {}, "dance", 'There is no such action: "dance". The actions are: wait.'),
        ("wait", {}, "x" * 5_000, "at most 4,096 characters"),
    ],
)  # fmt: skip
def test_a_text_means(
    key: str, action: dict[str, Any], text: str, meaning: Any, play: Play, tiny: dict[str, Any]
) -> None:
    got = understood(play, tiny, {key: action}, text)
    if isinstance(meaning, str):
        assert isinstance(got, str)
        assert meaning in got
    else:
        assert got == (key, meaning)


def test_the_first_action_that_accepts_is_meant(play: Play, tiny: dict[str, Any]) -> None:
    actions = {
        "take {thing}": {"parameters": {"thing": ["ball"]}},
        "take {what}": {
            "verification_code": "def validate(action, params, state):\n    return params['what'] == 'box' or 'not that'"
        },
        "take {it}": {"parameters": {"it": ["moon", "ball", "box"]}},
    }
    assert understood(play, tiny, actions, "take ball")[0] == "take {thing}"
    assert understood(play, tiny, actions, "take box")[0] == "take {what}"
    assert understood(play, tiny, actions, "take moon")[0] == "take {it}"


def test_else_the_first_that_refused_a_match_says_why(play: Play, tiny: dict[str, Any]) -> None:
    actions = {
        "go {d}": {"parameters": {"d": ["east"]}},
        "take {thing}": {"parameters": {"thing": ["ball"]}},
        "take {what}": {"verification_code": "def validate(action, params, state):\n    return 'not that'"},
    }
    assert '"sun" is not a valid thing for "take {thing}". Valid: ball.' in understood(
        play, tiny, actions, "take sun"
    )
    reverse = dict(reversed(actions.items()))
    assert understood(play, tiny, reverse, "take sun") == "not that"
    ruling = play(tiny | {"available_actions": actions})("take Sun")
    assert (ruling.name, ruling.parameters, ruling.error) == ("take {thing}", {"thing": "Sun"}, "parameter")
    ruling = play(tiny | {"available_actions": actions})("dance")
    assert (ruling.name, ruling.parameters, ruling.error) == (None, {}, "parameter")


def test_a_value_stands_for_the_entity_it_names(play: Play, tiny: dict[str, Any]) -> None:
    tiny["environment"]["items"]["red_box"] = {"at": "hall"}
    tiny["available_actions"] = {
        "take {thing}": {
            "parameters": {"thing": ["RED BOX"]},
            "effects": ["thing.at = player"],
            "observation": "{thing}",
        }
    }
    episode = play(tiny)
    assert episode("take red box").parameters == {"thing": "RED BOX"}
    assert episode.now["red_box"]["at"] == "player"


def test_numbers_are_numbers_in_conditions(play: Play, tiny: dict[str, Any]) -> None:
    tiny["available_actions"] = {
        "pay {n}": {
            "parameters": {"n": "1..40"},
            "preconditions": [{"when": "n <= ball.weight"}],
            "effects": ["ball.weight -= n"],
        }
    }
    episode = play(tiny)
    assert [episode(f"pay {n}").error for n in (3, 1, 2, 1)] == ["logic", None, "logic", None]
    assert episode.now["ball"]["weight"] == 0


def test_code_that_reads_the_state_is_asked_each_time(play: Play, tiny: dict[str, Any]) -> None:
    code = "def validate(action, params, state):\n    return state['player'].get('won') is True or 'not yet'"
    tiny["completion_conditions"] = [{"when": "player.done"}]
    tiny["available_actions"]["boast"] = {"verification_code": code}
    episode = play(tiny)
    assert episode("boast").message == "not yet"
    episode("win")
    assert episode("boast").error is None
    assert "boast" in [a.text for a in episode.world.admissible.now(episode.state.values)]
    assert "boast" not in [a.text for a in episode.world.admissible.now(episode.world.begin(0).values)]


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("def validate(action, params, state):\n    return True", False),
        ("def validate(action, params, state):\n    return state['a']", True),
        ("def validate(a, p, s):\n    return a == p", False),
        ("def validate(a, p, s):\n    return bool(s)", True),
        ("def validate(*all):\n    return all[2] == {}", True),
        ("# def validate(a, b, unused)\ndef validate(a, b, state):\n    return state == {}", True),
        ("def look(x):\n    return x\ndef validate(a, b, state=None):\n    return look(state)", True),
        ("def validate(action: str, params: dict, state: dict):\n    return 'state' in action", True),
    ],
)
def test_whether_code_may_read_the_state_is_never_taken_too_lightly(code: str, reads: bool) -> None:
    assert reads_state(code) is reads


@pytest.mark.parametrize(
    "code", ["def validate(action, params, state):\n    while True:\n        pass", "(a+)+b"]
)
def test_a_check_that_does_not_answer_ends_the_episode_as_data(
    code: str, tiny: dict[str, Any], load: Callable[[Any], Script], play: Play
) -> None:
    tiny["available_actions"]["count {what}"] = {
        "verification_code": code if "def" in code else f"count (?P<what>{code})"
    }
    text = "count " + "a" * 60
    with pytest.raises(VerificationFailed) as raised:
        play(tiny)(text)
    assert raised.value.kind == "timeout"
    env = gym.make("AgentRefine-v0", script=load(tiny))
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(text)
    assert (reward, terminated, truncated, info["error"]["kind"]) == (0, False, True, "timeout")
    assert not any(info["assessment"][f"{k}_error"] for k in ("parameter", "place", "logic"))
    env.close()


@pytest.mark.parametrize("text", ["go  east", " take\tball ", "WIN ", "x" * 5_000, "win"])
def test_texts_that_are_asked_for_together_mean_the_same(text: str, play: Play, tiny: dict[str, Any]) -> None:
    tiny["available_actions"]["go {d}"] = {"verification_code": "go (?P<d>\\w+)"}
    alone, together = play(tiny), play(tiny)
    together.world.resolver.prepare([text, "go  east", text])
    assert alone(text) == together(text)


def test_a_vector_of_environments_takes_texts_as_single_ones_do(
    tiny: dict[str, Any], load: Callable[[Any], Script]
) -> None:
    tiny["available_actions"]["go {d}"] = {
        "verification_code": "go (?P<d>\\w+)",
        "effects": ["player.went = d"],
    }
    texts = [" go   east ", "x" * 5_000, "take  BALL"]
    script = load(tiny)
    vector = gym.make_vec("AgentRefine-v0", num_envs=3, script=script)
    vector.reset(seed=[1, 2, 3])
    hashes = vector.step(texts)[-1]["state_hash"]
    single = gym.make("AgentRefine-v0", script=script)
    for seed, text, state_hash in zip((1, 2, 3), texts, hashes, strict=True):
        single.reset(seed=seed)
        assert single.step(text)[-1]["state_hash"] == state_hash
    vector.close()
    single.close()


def test_a_ruling_has_the_text_with_single_blanks(play: Play, tiny: dict[str, Any]) -> None:
    assert play(tiny)(" take   ball ").text == "take ball"
    assert play(tiny)(" take   moon ").text == "take moon"


OPEN = "def validate(action, params, state):\n    return state['box']['open']\n"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("take ball", None),
        ("take  BALL", None),
        ("take moon", False),  # not among the valid values, whatever the code would say
        ("wait", True),
        ("dance", False),
        ("", False),
        ("nonsense " * 60, False),  # longer than what the resolver keeps
        ("take ball" + " " * 5_000, False),  # longer than an action may be
    ],
)
def test_whether_a_text_is_an_action_hangs_on_the_state_only_where_its_code_is_asked(
    text: str, meant: bool | None, make_world: Callable[[Any], World], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"] = {"take {thing}": {"verification_code": OPEN, "parameters": THING}, "wait": {}}
    tiny["environment"]["items"]["red box"] = {}
    assert make_world(tiny).resolver.is_action(text) is meant


def test_a_text_that_a_later_action_takes_is_one_whatever_code_says_before(
    make_world: Callable[[Any], World], tiny: dict[str, Any]
) -> None:
    tiny["available_actions"] = {
        "take {thing}": {"verification_code": OPEN, "parameters": {"thing": ["ball"]}},
        "{do} {thing}": {"parameters": {"do": ["take"], "thing": ["ball"]}},
    }
    assert make_world(tiny).resolver.is_action("take ball") is True


def test_a_check_that_does_not_answer_is_told_where_its_answer_counts(
    make_world: Callable[[Any], World], tiny: dict[str, Any]
) -> None:
    endless = "def validate(action, params, state):\n    while True:\n        pass\n"
    tiny["available_actions"] = {
        "take {thing}": {"verification_code": endless, "parameters": {"thing": ["ball"]}},
        "wait": {},
    }
    with pytest.raises(VerificationFailed):
        make_world(tiny).resolver.is_action("take ball")
