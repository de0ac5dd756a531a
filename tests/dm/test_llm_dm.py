"""A language model as dungeon master: what it is asked, what comes of its replies, and that play can go on anywhere."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest
from dm_replies import contents, reply, roles, told_by_all_it_was_asked
from model_server import ModelServer, scripted

from trpg_env.dm import LLMDM, DungeonMaster, briefing
from trpg_env.llm.errors import ModelUnavailable
from trpg_env.script import Script

BASE = "http://127.0.0.1:9/v1"
HEALER = ["read recipe book", "fly away", "gather water mint", "walk to mill"]
TOMATO = ["go west", "open fridge", "dance", "open fridge", "go east"]


# What it is asked


def test_the_opening_scene_is_asked_for_in_the_papers_three_stages(table: Callable[..., Any]) -> None:
    healer = table(reply("You stand in a hut.", "They begin.", logic_error=True, completed=[1]))
    observation, info = healer.env.reset(seed=7)
    assert observation.endswith("\n\nYou stand in a hut.")
    assert info["thought"] == "They begin."
    assert info["assessment"]["logic_error"] is False
    assert info["progress"] == 0
    (body,) = healer.asked
    assert roles(body) == "su"
    assert contents(body, "user") == [briefing.opening()]
    schema = body["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == [
        "thought",
        "observation",
        "parameter_error",
        "place_error",
        "logic_error",
        "completed",
    ]
    assert schema["properties"]["completed"]["items"]["enum"] == list(range(len(conditions(healer))))


def conditions(table: Any) -> list[Any]:
    script: Script = table.env.unwrapped.script
    return script.completion_conditions


@pytest.mark.parametrize("script", ["village-healer", "cool-tomato"])
def test_every_conversation_about_a_script_begins_with_the_same_bytes(
    script: str, table: Callable[..., Any]
) -> None:
    one, other = table(told_by_all_it_was_asked, script), table(told_by_all_it_was_asked, script)
    one.play("go west", "read recipe book", seed=1)
    one.play("dance", seed=2)
    other.play("ask Ines about cold", seed=3)
    prefixes = {json.dumps(body["messages"][0]).encode() for body in one.asked + other.asked}
    assert len(one.asked + other.asked) == 7
    (prefix,) = prefixes
    assert json.loads(prefix) == {"role": "system", "content": briefing.rules(one.env.unwrapped.script)}


@pytest.mark.parametrize("script", ["village-healer", "cool-tomato"])
def test_the_action_stands_in_the_last_message_and_only_there(script: str, table: Callable[..., Any]) -> None:
    played = table(reply(), script)
    played.play("sing loudly", "sing softly")
    for body, text in zip(played.asked[1:], ["sing loudly", "sing softly"], strict=True):
        *earlier, last = body["messages"]
        assert last["role"] == "user"
        assert text in last["content"]
        assert text not in json.dumps(earlier)


def test_a_narrative_episode_is_told_from_its_beginning(table: Callable[..., Any]) -> None:
    said = [reply(f"Scene {i}.", f"Thought {i}.") for i in range(9)]
    healer = table(scripted(said))
    healer.play(*HEALER, *HEALER)
    last = healer.asked[-1]
    assert roles(last) == "s" + "ua" * 8 + "u"
    assert [json.loads(content)["observation"] for content in contents(last, "assistant")] == [
        f"Scene {i}." for i in range(8)
    ]
    turns = [content.partition(".")[0] for content in contents(last, "user")]
    assert turns == ["The game begins", *(f"Turn {i}" for i in range(1, 9))]
    for earlier, later in zip(healer.asked, healer.asked[1:], strict=False):
        assert later["messages"][: len(earlier["messages"])] == earlier["messages"]


def test_of_a_grounded_episode_only_the_last_few_exchanges_are_told_and_only_the_present_world(
    table: Callable[..., Any],
) -> None:
    tomato = table(reply(), "cool-tomato")
    tomato.play(*TOMATO)
    last = tomato.asked[-1]
    assert roles(last) == "suauauau"
    *earlier, now = contents(last, "user")
    assert [text.split(".")[0] for text in earlier] == ["Turn 2", "Turn 3", "Turn 4"]
    assert not any("The world now" in text for text in earlier)
    *_, seen, world = now.splitlines()
    ending = tomato.env.unwrapped
    assert json.loads(seen.partition(": ")[2]) == ending.world.look(ending.state.values)
    assert json.loads(world.partition(": ")[2])["fridge"] == {"open": True}


# What comes of its replies


def test_conditions_add_up_to_progress_and_all_of_them_to_success(table: Callable[..., Any]) -> None:
    count = len(conditions(table(reply())))
    healer = table(scripted([reply(), *(reply(completed=[i]) for i in range(count))]))
    _, *steps = healer.play(*["read recipe book"] * count)
    assert [info["progress"] for *_, info in steps] == [(i + 1) / count for i in range(count)]
    assert [terminated for _, _, terminated, *_ in steps] == [False] * (count - 1) + [True]
    assert [info["success"] for *_, info in steps] == [False] * (count - 1) + [True]


@pytest.mark.parametrize("kind", ["place", "logic"])
def test_the_model_judges_what_code_accepts_in_a_narrative_script(
    kind: str, table: Callable[..., Any]
) -> None:
    wrong = reply("It is dark here.", **{f"{kind}_error": True}, completed=[0])
    *_, (observation, reward, terminated, truncated, info) = table(scripted([reply(), wrong])).play(HEALER[0])
    assert (observation, reward, terminated, truncated) == ("It is dark here.", 0, False, False)
    assert info["assessment"] == {
        "parameter_error": False,
        "place_error": kind == "place",
        "logic_error": kind == "logic",
        "message": "It is dark here.",
    }
    assert info["progress"] == 0
    assert "audit" not in info


@pytest.mark.parametrize(
    ("action", "judged", "flags"),
    [
        ("fly away", {"place_error": True, "logic_error": True, "completed": [0]}, [True, False, False]),
        ("read recipe book", {"parameter_error": True}, [False, False, False]),
        ("read recipe book", {"parameter_error": True, "logic_error": True}, [False, False, True]),
        ("read recipe book", {"place_error": True, "logic_error": True}, [False, True, False]),
    ],
)
def test_code_has_the_last_word_on_parameter_errors_and_the_transcript_keeps_what_counted(
    action: str, judged: dict[str, Any], flags: list[bool], table: Callable[..., Any]
) -> None:
    healer = table(scripted([reply(), reply("No.", "Hm.", **judged), reply()]))
    *_, (*_, info), _ = healer.play(action, "read recipe book")
    assert [info["assessment"][f"{kind}_error"] for kind in ("parameter", "place", "logic")] == flags
    assert info["progress"] == 0
    names = ["parameter_error", "place_error", "logic_error"]
    kept = {"thought": "Hm.", "observation": "No.", **dict(zip(names, flags, strict=True)), "completed": []}
    assert contents(healer.asked[-1], "assistant")[-1] == json.dumps(kept, separators=(",", ":"))


def test_the_opening_completes_nothing_in_the_transcript_either(table: Callable[..., Any]) -> None:
    healer = table(scripted([reply(place_error=True, completed=[0]), reply()]))
    healer.play("read recipe book")
    assert json.loads(contents(healer.asked[-1], "assistant")[0]) == json.loads(reply())


def test_in_a_grounded_script_the_engine_rules_and_the_model_is_audited(table: Callable[..., Any]) -> None:
    wrong = reply("Nothing here.", parameter_error=True, logic_error=True, completed=[1, 0, 1])
    tomato = table(scripted([wrong, wrong, wrong, reply()]), "cool-tomato")
    engine = gym.make("AgentRefine-v0", script="cool-tomato")
    _, expected = engine.reset(seed=7)
    (_, info), *steps = tomato.play("go east", "go west", "dance")
    none = {"parameter_error": False, "place_error": False, "logic_error": False, "completed": []}
    assert info.pop("audit") == none
    assert {**info, "thought": ""} == {**expected, "thought": ""}
    judged = {"parameter_error": True, "place_error": False, "logic_error": True, "completed": [0, 1]}
    for (observation, *rest, info), text, audit in zip(
        steps, ["go east", "go west", "dance"], [judged, judged, none], strict=True
    ):
        _, *due, expected = engine.step(text)
        assert observation == ("You look around." if text == "dance" else "Nothing here.")
        assert info.pop("audit") == audit
        assert rest == due
        assert {**info, "thought": ""} == {**expected, "thought": ""}
    counted = [json.loads(content) for content in contents(tomato.asked[-1], "assistant")]
    assert [said["place_error"] for said in counted] == [False, True, False]
    assert not any(said["parameter_error"] or said["logic_error"] or said["completed"] for said in counted)
    engine.close()


def test_a_condition_that_does_not_exist_is_a_fault_that_the_model_is_told(
    table: Callable[..., Any],
) -> None:
    healer = table(scripted([reply(), reply(completed=[99]), reply("Better.", completed=[0])]))
    *_, (observation, *_, info) = healer.play("read recipe book")
    assert observation == "Better."
    assert info["progress"] > 0
    repair = healer.asked[-1]["messages"]
    assert [message["role"] for message in repair[-3:]] == ["user", "assistant", "user"]
    assert json.loads(repair[-2]["content"])["completed"] == [99]
    assert "completed" in repair[-1]["content"]
    assert "99" in repair[-1]["content"]


def test_what_a_fault_was_is_not_kept_in_the_transcript(table: Callable[..., Any]) -> None:
    healer = table(scripted([reply(), "Welcome, wanderer!", reply("Better."), reply()]))
    healer.play("read recipe book", "read recipe book")
    assert roles(healer.asked[-1]) == "suauau"
    assert "wanderer" not in json.dumps(healer.asked[-1])


@pytest.mark.parametrize("blank", ["", "  \n", "\u0000\u001b"])
def test_an_observation_that_says_nothing_is_asked_for_again(blank: str, table: Callable[..., Any]) -> None:
    healer = table(scripted([reply(), reply(blank), reply("Better.")]))
    assert healer.play("read recipe book")[-1][0] == "Better."
    assert "observation" in healer.asked[-1]["messages"][-1]["content"]


def test_no_control_character_reaches_the_player(table: Callable[..., Any]) -> None:
    said = reply("\x00A \x1b[31mred\x1b[0m\r\n\tdoor.\x9b \ud800", "\x07Hm.")
    *_, (observation, *_, info) = table(scripted([reply(), said])).play("read recipe book")
    assert observation == "A [31mred[0m\n\tdoor. \ufffd"
    assert info["thought"] == "Hm."


def test_more_keys_than_were_asked_for_do_no_harm(table: Callable[..., Any]) -> None:
    healer = table(scripted([reply(), reply("Good.", mood="calm")]))
    assert healer.play("read recipe book")[-1][0] == "Good."
    assert len(healer.asked) == 2


# What it is, and what it cost


def test_it_is_a_dungeon_master_that_says_what_it_is() -> None:
    dm = LLMDM("gpt-test", base_url=BASE, temperature=0.5, max_tokens=300)
    assert isinstance(dm, DungeonMaster)
    assert (dm.kind, dm.model, dm.judges) == ("llm", "gpt-test", True)
    assert dm.sampling == {"temperature": 0.5, "max_tokens": 300}
    assert dm.prompt_hash == LLMDM("other", base_url=BASE).prompt_hash
    assert len(dm.prompt_hash) == 64


def test_what_can_never_answer_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelUnavailable):
        LLMDM("gpt-test")


def test_the_episodes_usage_counts_repairs_and_begins_anew(table: Callable[..., Any]) -> None:
    healer = table(scripted([reply(), "No JSON.", reply()]))
    assert set(healer.dm.usage.values()) == {0}
    healer.play("read recipe book")
    usage = healer.dm.usage
    assert usage["calls"] == 3
    assert usage["retries"] == 0
    assert usage["prompt_tokens"] > usage["completion_tokens"] > 0
    healer.env.reset(seed=8)
    assert healer.dm.usage["calls"] == 1


def test_sampling_goes_along_with_each_request_and_its_seed_is_the_episodes(
    table: Callable[..., Any],
) -> None:
    healer = table(reply())
    for luck in (0, 1, 0):
        healer.env.reset(seed=7, options={"luck": luck})
        healer.env.step("read recipe book")
    seeds = [body["seed"] for body in healer.asked]
    assert seeds[:2] == seeds[4:]
    assert len(set(seeds)) == 4
    assert {body["temperature"] for body in healer.asked} == {0.0}


# Going on from anywhere


@pytest.mark.parametrize(("script", "actions"), [("village-healer", HEALER), ("cool-tomato", TOMATO)])
@pytest.mark.parametrize("way", ["snapshot", "deepcopy", "pickle"])
def test_play_goes_on_from_the_middle_of_an_episode_bit_for_bit(
    way: str, script: str, actions: list[str], table: Callable[..., Any]
) -> None:
    played = table(told_by_all_it_was_asked, script)
    env = played.env
    played.play(*actions)
    if way == "snapshot":
        kept = json.loads(json.dumps(env.unwrapped.snapshot()))
        other = table(told_by_all_it_was_asked, script).env
        other.reset(options={"snapshot": kept})
        assert other.unwrapped.snapshot() == kept
    else:
        other = copy.deepcopy(env) if way == "deepcopy" else pickle.loads(pickle.dumps(env))
    went_on = [other.step(action) for action in actions]
    assert went_on == [env.step(action) for action in actions]
    assert other.unwrapped.dm.usage == played.dm.usage
    other.close()


def test_a_copy_in_the_middle_shares_nothing_but_the_model(table: Callable[..., Any]) -> None:
    healer = table(told_by_all_it_was_asked)
    healer.play(*HEALER)
    before = healer.dm.snapshot()
    other = copy.deepcopy(healer.env)
    other.step("read recipe book")
    assert healer.dm.snapshot() == before
    assert other.unwrapped.dm.snapshot() != before
    other.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: None,
        lambda s: [],
        lambda s: "snapshot",
        lambda s: {},
        lambda s: s | {"transcript": None},
        lambda s: s | {"transcript": "abc"},
        lambda s: s | {"transcript": [["only one"]]},
        lambda s: s | {"transcript": [["one", 2]]},
        lambda s: s | {"transcript": [["a", "b", "c"]]},
        lambda s: s | {"calls": None},
        lambda s: s | {"calls": {"seed": "x"}},
        lambda s: s | {"calls": s["calls"] | {"number": -1}},
    ],
)
def test_what_is_no_snapshot_is_refused_and_changes_nothing(
    change: Callable[[Any], Any], table: Callable[..., Any]
) -> None:
    healer = table(reply())
    healer.play("read recipe book")
    before = healer.dm.snapshot()
    with pytest.raises(ValueError, match="no snapshot") as refused:
        healer.dm.restore(change(before))
    assert "\n" not in str(refused.value)
    assert healer.dm.snapshot() == before
    kept = healer.env.unwrapped.snapshot()
    with pytest.raises(ValueError, match="snapshot"):
        healer.env.unwrapped.restore(kept | {"dm": change(before)})


# Recorded and replayed


@pytest.mark.parametrize(("script", "actions"), [("village-healer", HEALER), ("cool-tomato", TOMATO)])
def test_a_recorded_episode_is_replayed_without_a_server(
    script: str, actions: list[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def played(**keywords: Any) -> list[Any]:
        env = gym.make("AgentRefine-v0", script=script, dm="llm", model="gpt-test", **keywords)
        steps: list[Any] = [env.reset(seed=7), *(env.step(action) for action in actions)]
        steps.append(env.unwrapped.dm.usage)  # type: ignore[attr-defined]
        env.close()
        return steps

    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ModelServer(told_by_all_it_was_asked) as server:
        first = played(base_url=server.url, record=tmp_path / "calls.db")
    assert played(replay=tmp_path / "calls.db") == first
    actions = ["gather willow bark", *actions]
    _, (*_, truncated, info), *_ = played_until_broken = played_one(script, actions[0], tmp_path / "calls.db")
    assert truncated
    assert info["error"]["kind"] == "dm:replay"
    assert "gather willow bark" in info["error"]["message"]
    assert played_until_broken[0] == first[0]


def played_one(script: str, action: str, replay: Any) -> list[Any]:
    env = gym.make("AgentRefine-v0", script=script, dm="llm", model="gpt-test", replay=replay)
    steps = [env.reset(seed=7), env.step(action)]
    env.close()
    return steps
