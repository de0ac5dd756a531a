"""Trajectories that a model writes, both sides in one answer: what is kept of them, what is asked for again and how often."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from model_server import ModelServer, Outcome
from writing_models import (
    HASTE,
    Said,
    Say,
    by_item,
    dm,
    grounded,
    in_the_papers_form,
    player,
    sampling,
    sent,
    turns,
)

from trpg_env import export, load_script, verify
from trpg_env.cli import main
from trpg_env.sandbox import Sandbox
from trpg_env.script.instruction import instruction
from trpg_env.synthesis import Outcome as Decided
from trpg_env.synthesis import generate_trajectories
from trpg_env.synthesis.judging import RULES
from trpg_env.trajectory import Trajectory, episode_seed, read_trajectories
from trpg_env.world import World


class Made(NamedTuple):
    """What came of a run."""

    outcomes: list[Decided]
    requests: list[dict[str, Any]]
    file: Path

    @property
    def trajectories(self) -> list[Trajectory]:
        return list(read_trajectories(self.file))

    def messages(self, call: int) -> list[dict[str, str]]:
        """The chat of a call."""
        said: list[dict[str, str]] = self.requests[call]["messages"]
        return said


Make = Callable[..., Made]


def script(folder: Path, name: str = "bell", spent: int | None = None, **changes: Any) -> str:
    """A script's file; it says how many calls it has taken."""
    data = {**in_the_papers_form(), "name": name, **changes}
    if spent is not None:
        data["provenance"] = {"x-calls": spent}
    file = folder / f"{name}.json"
    file.write_text(json.dumps(data))
    return str(file)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Have trajectories written by a model that says something for each item and call."""

    def make(
        say: Say, n: int = 1, *, scripts: Any = None, seed: int = 0, least: int = 2, **changes: Any
    ) -> Made:
        chosen = [script(tmp_path)] if scripts is None else scripts
        file = tmp_path / "x.jsonl"
        with ModelServer(by_item(say, "trajectory", seed)) as server:
            asked = sampling(server.url, **changes)
            outcomes = list(generate_trajectories(chosen, file, n, asked, seed=seed, min_refinements=least))
        return Made(outcomes, server.requests, file)

    return make


def as_kept(trajectory: Trajectory) -> list[Said]:
    """A trajectory's turns as a model writes them."""
    keys = {"DM": dm(0, "x"), "Player": player(0, "x")}
    return [{key: getattr(turn, key) for key in keys[turn.role]} for turn in trajectory.turns]


def shown_again(messages: list[dict[str, str]]) -> list[Said]:
    """The turns that a model is told are kept."""
    assert messages[-2]["role"] == "assistant"
    told: list[Said] = json.loads(messages[-2]["content"])["turns"]
    return told


# A good model.


def test_a_good_model_is_asked_once_for_each_trajectory(make: Make) -> None:
    made = make(lambda item, number: sent(turns()), 3)
    assert [(o.item, o.calls, o.reason) for o in made.outcomes] == [(0, 1, None), (1, 1, None), (2, 1, None)]
    assert len(made.requests) == 3
    assert [o.kept for o in made.outcomes] == [t.id for t in made.trajectories]
    assert all(as_kept(t) == turns() for t in made.trajectories)


def test_the_model_is_told_of_the_script_its_turns_and_how_often_to_err(make: Make) -> None:
    made = make(lambda item, number: sent(turns()), least=3, max_calls=1)
    system, user = made.messages(0)
    assert "at least 3 times" in system["content"]
    data = in_the_papers_form()
    for key in ("Environment", "Goal", "Completion Conditions", "Available Actions"):
        assert json.dumps(data[key], ensure_ascii=False, separators=(",", ":")) in user["content"]
    assert "at most 30 actions" in user["content"]
    assert made.outcomes[0].reason == "refinements"


def test_a_trajectory_is_what_our_records_are(make: Make, tmp_path: Path) -> None:
    made = make(lambda item, number: sent(turns()), 1, seed=7, temperature=0.5, max_tokens=900)
    (told,) = made.trajectories
    played = load_script(tmp_path / "bell.json")
    assert (told.source, told.outcome, told.success, told.progress) == ("synthesis", "completed", True, 1.0)
    assert (told.script, told.script_hash) == (str(tmp_path / "bell.json"), played.hash)
    assert (told.seed, told.luck, told.instruction) == (episode_seed(7, 0), 0, instruction(played))
    for who in (told.player, told.dm):
        assert (who.kind, who.model, who.sampling) == ("llm", "m", {"temperature": 0.5, "max_tokens": 900})
        assert who.prompt_hash
    words = sum(len(message["content"].split()) for message in made.messages(0))
    assert told.usage["calls"] == 1
    assert (told.usage["prompt_tokens"], told.usage["completion_tokens"]) == (
        words,
        len(sent(turns()).split()),
    )
    assert told.usage == made.outcomes[0].usage


def test_progress_is_the_share_of_conditions_met_and_an_error_meets_none(make: Make) -> None:
    written = turns()
    written[2] |= {"completed": [0, 1]}  # with a parameter error
    written[4] |= {"completed": [0]}
    written[6] |= {"completed": []}  # a condition that was met stays met
    made = make(lambda item, number: sent(written))
    (told,) = made.trajectories
    assert [turn.progress for turn in told.turns[::2]] == [0, 0, 0.5, 0.5, 0.5, 0.5, 1]
    assert verify(told, told.script) == []


def test_what_follows_the_end_of_an_episode_is_left_out(make: Make) -> None:
    more = [*turns(), player(13, "ring the bell"), dm(14, "Dong again.", completed=[0, 1])]
    made = make(lambda item, number: sent(more))
    assert as_kept(made.trajectories[0]) == turns()


def test_a_trajectory_has_the_same_id_whenever_it_is_written(make: Make, tmp_path: Path) -> None:
    first = make(lambda item, number: sent(turns()), 2)
    ids = [t.id for t in first.trajectories]
    for path in (*tmp_path.glob("x.jsonl.synthesis/*"), *tmp_path.glob("x.jsonl*")):
        if path.is_file():
            path.unlink()
    (tmp_path / "x.jsonl.synthesis").rmdir()
    again = make(lambda item, number: sent(turns(3)) if number else "No.", 2)
    assert [t.id for t in again.trajectories] == ids
    assert len(set(ids)) == 2


def test_temperature_1_and_1_0_are_the_same_run(make: Make) -> None:
    assert len(make(lambda item, number: sent(turns()), 2, temperature=1).outcomes) == 2
    assert make(lambda item, number: sent(turns()), 2, temperature=1.0).outcomes == []


# A model that errs, and mends it.


def without(turn: int, key: str) -> list[Said]:
    """Turns of which one lacks a key."""
    written = turns()
    del written[turn][key]
    return written


def changed(turn: int, **changes: Any) -> list[Said]:
    """Turns of which one is changed."""
    written = turns()
    written[turn] |= changes
    return written


WHOLE = sent(turns())
FAULTY: dict[str, tuple[str, int, Outcome]] = {
    "chatter": ("json", 0, "They all lived happily ever after."),
    "nothing": ("json", 0, ""),
    "broken off in the opening": ("json", 0, WHOLE[:60]),
    "broken off in turn 4": ("json", 4, sent(turns()[:5])[:-40]),
    "no json from turn 6 on": ("json", 6, sent(turns()[:6])[:-2] + ', {"turn": 6, role: DM}]}'),
    "no thought": ("keys", 3, sent(without(3, "thought"))),
    "no action": ("keys", 5, sent(without(5, "action"))),
    "no observation": ("keys", 6, sent(without(6, "observation"))),
    "no place_error": ("keys", 8, sent(without(8, "place_error"))),
    "no role": ("keys", 2, sent(without(2, "role"))),
    "a flag that is a text": ("keys", 4, sent(changed(4, logic_error="no"))),
    "a thought that is a number": ("keys", 1, sent(changed(1, thought=7))),
    "a blank observation": ("keys", 4, sent(changed(4, observation=" "))),
    "no such condition": ("keys", 10, sent(changed(10, completed=[2]))),
    "a turn that is a text": ("keys", 3, sent([*turns()[:3], "The player walks on.", *turns()[4:]])),
    "the player begins": ("order", 0, sent(turns()[1:])),
    "two turns of the DM's": ("order", 3, sent([*turns()[:3], *turns()[4:]])),
    "two turns of the player's": ("order", 4, sent([*turns()[:4], *turns()[3:]])),
    "an opening with an error": ("order", 0, sent(changed(0, place_error=True))),
    "an action that is none": ("unreported", 10, sent(changed(9, action="dance"))),
    "a value that is not valid": ("unreported", 8, sent(changed(7, action="go to the moon"))),
    "an error reported as another": (
        "unreported",
        2,
        sent(changed(2, parameter_error=False, logic_error=True)),
    ),
    "no end": ("unfinished", 11, sent(turns()[:-2])),
    "no answer to the last action": ("unfinished", 12, sent(turns()[:-1])),
    "the opening alone": ("unfinished", 1, sent(turns()[:1])),
    "no refinement": ("refinements", 5, sent(turns(0))),
    "one refinement": ("refinements", 9, sent(turns(1))),
}
"""The rule that is broken, how many turns stand before, and what is said."""


def test_there_is_an_error_for_every_rule_of_the_verifier() -> None:
    assert {rule for rule, _, _ in FAULTY.values()} == set(RULES)


def goes_on(name: str) -> bool:
    rule, kept, _ = FAULTY[name]
    return rule != "refinements" and kept > 0


def rest(name: str) -> list[Said]:
    """What is asked for after an error: the turns that are missing, or all of them."""
    _, kept, _ = FAULTY[name]
    whole = turns()
    if name == "an action that is none":  # it stands, and has to be reported
        whole[10] |= {"parameter_error": True, "completed": []}
    elif name == "a value that is not valid":
        whole[8] |= {"parameter_error": True}
    return whole[kept:] if goes_on(name) else whole


@pytest.mark.parametrize("name", FAULTY)
def test_a_model_that_errs_and_mends_it_is_asked_twice(make: Make, name: str, tmp_path: Path) -> None:
    rule, kept, said = FAULTY[name]
    once = make(lambda item, number: said, max_calls=1)
    assert (once.outcomes[0].reason, len(once.requests)) == (rule, 1)
    (tmp_path / "x.jsonl").rename(tmp_path / "once.jsonl")
    (tmp_path / "x.jsonl.run").unlink()
    (tmp_path / "x.jsonl.synthesis").rename(tmp_path / "once")

    made = make(lambda item, number: sent(rest(name)) if number else said)
    (outcome,) = made.outcomes
    assert (len(made.requests), outcome.calls, outcome.reason) == (2, 2, None)
    messages = made.messages(1)
    assert messages[:-2] == made.messages(0)
    assert messages[-1]["role"] == "user"
    fault = once.outcomes[0].fault
    assert fault is not None
    assert " ".join(messages[-1]["content"].split()).startswith(fault)
    if kept:
        written = json.loads(said)["turns"] if rule == "refinements" else as_kept(made.trajectories[0])
        assert shown_again(messages) == written[:kept]
    else:
        assert messages[-2] == {"role": "assistant", "content": said or "(empty)"}
    if goes_on(name):
        role = "player" if kept % 2 else "DM"
        assert f"Go on from turn {kept}, which is the {role}'s" in messages[-1]["content"]
        assert as_kept(made.trajectories[0])[kept:] == rest(name)
    else:
        assert "a new trajectory from turn 0" in messages[-1]["content"]
        assert as_kept(made.trajectories[0]) == turns()
    assert verify(made.trajectories[0], made.trajectories[0].script) == []


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("most", [1, 3])
def test_a_model_that_never_mends_it_is_asked_as_often_as_is_allowed_and_refused(
    make: Make, name: str, most: int
) -> None:
    rule, _, said = FAULTY[name]
    made = make(lambda item, number: said, max_calls=most)
    (outcome,) = made.outcomes
    assert (outcome.kept, outcome.calls, len(made.requests)) == (None, most, most)
    assert outcome.reason in RULES if most > 1 else outcome.reason == rule
    assert outcome.fault
    assert made.file.read_bytes() == b""


def test_a_trajectory_without_enough_refinements_is_handed_over_whole_and_begun_anew(make: Make) -> None:
    few = turns(1)
    made = make(lambda item, number: sent(turns() if number else few))
    assert shown_again(made.messages(1)) == few
    assert as_kept(made.trajectories[0]) == turns()
    assert "with 1 error-and-refines" in made.messages(1)[-1]["content"]
    assert "there have to be 2 at least" in made.messages(1)[-1]["content"]


def test_a_new_trajectory_counts_alone_though_its_turns_have_no_numbers(make: Make) -> None:
    other = turns()
    other[0]["observation"] = "Another gate."
    made = make(lambda item, number: sent(numbered(other, None) if number else turns(1)))
    assert len(made.requests) == 2
    assert as_kept(made.trajectories[0]) == other


def test_after_a_new_beginning_the_old_turns_are_forgotten(make: Make) -> None:
    other = turns()
    other[0]["observation"] = "Another gate."
    said = {0: sent(turns(1)), 1: sent(other[:5]), 2: sent(other[5:])}
    made = make(lambda item, number: said[number])
    assert shown_again(made.messages(2)) == other[:5]
    assert as_kept(made.trajectories[0]) == other


def test_each_call_tells_of_what_is_kept_and_the_last_fault_alone(make: Make) -> None:
    said = {0: sent(turns()[:3]), 1: sent(turns()[3:7]), 2: "Hm.", 3: sent(turns()[7:])}
    made = make(lambda item, number: said[number])
    assert [len(request["messages"]) for request in made.requests] == [2, 4, 4, 4]
    assert [len(shown_again(made.messages(call))) for call in (1, 2, 3)] == [3, 7, 7]
    assert "There is no list of turns" in made.messages(3)[-1]["content"]
    assert as_kept(made.trajectories[0]) == turns()


@pytest.mark.parametrize("least", [0, 1, 2, 3])
def test_as_many_refinements_as_are_asked_for_are_enough(make: Make, least: int) -> None:
    made = make(lambda item, number: sent(turns(number)), least=least)
    (outcome,) = made.outcomes
    assert (outcome.calls, outcome.reason) == (least + 1, None)
    assert len(made.requests) == least + 1


def test_a_reply_that_was_cut_off_is_told_to_have_been(make: Make) -> None:
    cut = {
        "message": {"content": sent(turns())[:900]},
        "finish_reason": "length",
        "usage": {"prompt_tokens": 9, "completion_tokens": 4_096},
    }
    made = make(lambda item, number: cut, max_calls=2)
    assert (
        "breaks off before its end. The answer was too long and was cut off"
        in made.messages(1)[-1]["content"]
    )


# How models go on.


def numbered(written: list[Said], first: int | str | None) -> list[Said]:
    """Turns that are numbered from somewhere, or not at all."""
    if first is None:
        return [{key: value for key, value in turn.items() if key != "turn"} for turn in written]
    if isinstance(first, str):
        return [turn | {"turn": str(turn["turn"])} for turn in written]
    return [turn | {"turn": first + i} for i, turn in enumerate(written)]


CONTINUATIONS: dict[str, Callable[[int], list[Said]]] = {
    "with the numbers asked for": lambda kept: turns()[kept:],
    "without numbers": lambda kept: numbered(turns()[kept:], None),
    "with numbers as texts": lambda kept: numbered(turns()[kept:], "text"),
    "numbered too high": lambda kept: numbered(turns()[kept:], 40),
    "from the turn before": lambda kept: turns()[kept - 1 :],
    "from three turns before": lambda kept: turns()[max(kept - 3, 0) :],
    "all from turn 0": lambda kept: turns(),
    "all without numbers": lambda kept: numbered(turns(), None),
    "all numbered from 1": lambda kept: numbered(turns(), 1),
}


@pytest.mark.parametrize("kept", [3, 4, 5, 8])
@pytest.mark.parametrize("how", CONTINUATIONS)
def test_turns_are_joined_however_a_model_goes_on(make: Make, how: str, kept: int) -> None:
    made = make(lambda item, number: sent(CONTINUATIONS[how](kept) if number else turns()[:kept]))
    assert len(made.requests) == 2
    assert as_kept(made.trajectories[0]) == turns()


@pytest.mark.parametrize("first", [0, 2])
def test_a_player_that_is_numbered_as_the_dm_goes_on_where_it_was_asked_to(make: Make, first: int) -> None:
    made = make(lambda item, number: sent(numbered(turns()[5:], first) if number else turns()[:5]))
    assert len(made.requests) == 2
    assert as_kept(made.trajectories[0]) == turns()


def test_a_model_that_begins_anew_is_judged_by_what_it_says_now(make: Make) -> None:
    other = turns(3)
    other[0]["observation"] = "Another gate."
    made = make(lambda item, number: sent(other if number else turns()[:5]))
    assert as_kept(made.trajectories[0]) == other


TOLERATED: dict[str, Callable[[list[Said]], str]] = {
    "in a fence": lambda written: f"Sure!\n```json\n{sent(written)}\n```\nThe end.",
    "a bare list": json.dumps,
    "in another object": lambda written: json.dumps({"trajectory": {"turns": written}}),
    "commas too many": lambda written: sent(written).replace("}]}", "},]}"),
    "title case": lambda written: sent(
        {key.title().replace("_", " "): value for key, value in turn.items()} for turn in written
    ),
    "python's constants": lambda written: sent(written).replace("false", "False").replace("true", "True"),
    "after reasoning": lambda written: f"<think>[]</think>{sent(written)}",
}


@pytest.mark.parametrize("name", TOLERATED)
def test_turns_are_read_in_whatever_dress_they_come(make: Make, name: str) -> None:
    dress = TOLERATED[name]
    made = make(lambda item, number: dress(turns()[6:] if number else turns()[:6]))
    assert len(made.requests) == 2
    assert as_kept(made.trajectories[0]) == turns()


# The budget.


@pytest.mark.parametrize(("spent", "most", "asked"), [(0, 4, 4), (1, 4, 3), (3, 4, 1), (3, 7, 4), (2, 3, 1)])
def test_the_calls_that_a_script_has_taken_are_counted_on(
    make: Make, tmp_path: Path, spent: int, most: int, asked: int
) -> None:
    made = make(lambda item, number: "No.", 2, scripts=[script(tmp_path, spent=spent)], max_calls=most)
    assert len(made.requests) == 2 * asked
    assert [(o.calls, o.reason) for o in made.outcomes] == [(asked, "json")] * 2


@pytest.mark.parametrize(("spent", "most"), [(4, 4), (5, 4), (1, 1), (10**9, 4), (4.0, 4)])
def test_a_script_that_has_taken_all_calls_is_not_asked_for(
    make: Make, tmp_path: Path, spent: int, most: int
) -> None:
    made = make(lambda item, number: sent(turns()), scripts=[script(tmp_path, spent=spent)], max_calls=most)
    (outcome,), spent = made.outcomes, int(spent)
    assert (outcome.kept, outcome.reason, outcome.calls, made.requests) == (None, "budget", 0, [])
    assert outcome.fault == f"the script bell took {spent} of {most} calls; a larger max_calls makes room"


def test_with_its_one_call_left_a_trajectory_may_still_pass(make: Make, tmp_path: Path) -> None:
    made = make(lambda item, number: sent(turns()), scripts=[script(tmp_path, spent=3)])
    assert (made.outcomes[0].calls, len(made.trajectories), len(made.requests)) == (1, 1, 1)


@pytest.mark.parametrize("claimed", [True, -3, "4", None, [4]])
def test_a_provenance_that_makes_no_sense_costs_nothing(make: Make, tmp_path: Path, claimed: Any) -> None:
    file = script(tmp_path, provenance={"x-calls": claimed})
    made = make(lambda item, number: "No.", scripts=[file])
    assert len(made.requests) == 4


# Several scripts.


def test_trajectories_are_dealt_out_evenly_each_for_its_script(make: Make, tmp_path: Path) -> None:
    files = [script(tmp_path, name, goal=f"Ring {name}.") for name in ("a", "b", "c")]
    # The paper's keys and ours name the same: one of each.
    for file in files:
        data = json.loads(Path(file).read_text())
        del data["Goal"]
        Path(file).write_text(json.dumps(data))
    made = make(lambda item, number: sent(turns()), 7, scripts=files)
    assert [Path(str(t.script)).stem for t in made.trajectories] == list("abcabca")
    for item, request in enumerate(made.requests):
        assert f"Ring {'abc'[item % 3]}." in request["messages"][1]["content"]
    assert len({t.id for t in made.trajectories}) == 7


def test_a_script_may_be_a_mapping_a_path_or_of_the_library(make: Make, tmp_path: Path) -> None:
    scripts = [in_the_papers_form(), Path(script(tmp_path)), "cool-tomato"]
    made = make(
        lambda item, number: sent(turns(valid="go west" if item == 2 else "ring the bell")),
        3,
        scripts=scripts,
    )
    assert [t.script for t in made.trajectories] == [None, str(tmp_path / "bell.json"), "cool-tomato"]
    for told, played in zip(made.trajectories, scripts, strict=True):
        assert verify(told, played) == []


def test_the_start_of_a_grounded_scripts_episode_is_told(make: Make, sandbox: Sandbox) -> None:
    made = make(lambda item, number: sent(turns(valid="go west")), 8, scripts=["cool-tomato"])
    world = World(load_script("cool-tomato", sandbox=sandbox), sandbox)
    seen = set()
    for told, request in zip(made.trajectories, made.requests, strict=True):
        (setting,) = world.settings(world.variation_of(told.seed))
        start = json.dumps({"tomato.at": str(setting.value)}, separators=(",", ":"))
        assert f"differs at the start in this: {start}\n" in request["messages"][1]["content"]
        seen.add(start)
    assert len(seen) == 2


def test_of_a_script_without_variations_no_start_is_told(make: Make, tmp_path: Path) -> None:
    plain = grounded()
    del plain["variations"]
    made = make(lambda item, number: sent(turns(valid="go west")), scripts=[plain])
    assert "differs at the start" not in made.messages(0)[1]["content"]
    assert verify(made.trajectories[0], plain) == []


def test_a_script_whose_check_does_not_answer_is_refused_and_not_asked_for_again(
    make: Make, tmp_path: Path
) -> None:
    code = "def validate(action, params, state):\n    while True:\n        pass\n"
    actions = {"ring the bell": {"verification code": code}}
    made = make(
        lambda item, number: sent(turns()), scripts=[script(tmp_path, **{"Available Actions": actions})]
    )
    (outcome,) = made.outcomes
    assert (outcome.reason, outcome.calls, len(made.requests)) == ("code", 1, 1)
    assert outcome.fault == "a check of bell does not answer: timeout"


# What is kept is good for everything that trajectories are good for.


@pytest.fixture
def whole(make: Make, tmp_path: Path) -> Iterator[Made]:
    """Trajectories of two scripts, some of which took more than one call."""

    def say(item: int, number: int) -> str:
        valid = "ring the bell" if item % 2 else "go west"
        written = turns(2 + item % 3, valid=valid)
        if number < item % 3:
            return sent(written[: 4 + number])
        return sent(written[4 + number - 1 :] if item % 3 else written)

    yield make(say, 6, scripts=["cool-tomato", script(tmp_path)])


def test_verify_finds_nothing_in_what_is_kept(whole: Made, capsys: pytest.CaptureFixture[str]) -> None:
    assert [o.calls for o in whole.outcomes] == [1, 2, 3, 1, 2, 3]
    assert len(whole.trajectories) == 6
    for told in whole.trajectories:
        assert verify(told, told.script) == []
    assert main(["verify", str(whole.file), "--stats"]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("form", ["messages", "paper"])
def test_what_is_kept_can_be_exported(whole: Made, tmp_path: Path, form: str) -> None:
    export(read_trajectories(whole.file), form, tmp_path / form)
    records = [
        json.loads(line)
        for file in (tmp_path / form).rglob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    assert len(records) == 6
    assert main(["export", str(whole.file), "--format", form, "--out", str(tmp_path / "by-command")]) == 0


def test_hostile_texts_stay_where_they_belong(make: Make) -> None:
    texts = ["<|im_end|>", "{turn} {fault} {role}", "\x1b[2Ja\u202e", "half \ud83e a pair", "nul\0", "雾 🧙"]
    written = turns()
    for i, text in enumerate(texts):
        written[i]["thought"] = text
        written[i]["observation" if i % 2 == 0 else "thought"] = f"so: {text}"
    made = make(lambda item, number: sent(written[7:] if number else written[:7]))
    (told,) = made.trajectories
    assert len(made.requests) == 2
    assert "<|" not in made.messages(1)[-2]["content"]
    assert "{turn} {fault} {role}" in made.messages(1)[-2]["content"]
    assert verify(told, told.script) == []
    assert all(c not in turn.thought for turn in told.turns for c in "\x1b\0\ud83e")


@pytest.mark.parametrize(
    "changes", [{"n": -1}, {"concurrency": 0}, {"min_refinements": -1}, {"seed": 1.0}], ids=str
)
def test_a_number_that_makes_no_sense_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    asked = sampling("http://127.0.0.1:1/v1", limits=HASTE)
    with pytest.raises((ValueError, TypeError), match=next(iter(changes))):
        list(
            generate_trajectories(
                "cool-tomato", tmp_path / "x.jsonl", **{"n": 1, "sampling": asked, **changes}
            )
        )
    assert list(tmp_path.iterdir()) == []


def test_without_a_script_there_is_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one script"):
        list(generate_trajectories([], tmp_path / "x.jsonl", 1, sampling("http://127.0.0.1:1/v1")))


def test_more_turns_than_the_script_gives_are_the_turns_that_the_player_is_told_of(
    make: Make, tmp_path: Path
) -> None:
    """No rule of the paper's limits them, and an instruction that its own trajectory breaks teaches nothing."""
    path = script(tmp_path, max_turns=2)
    made = make(lambda item, call: sent(turns()), scripts=[path])
    assert "takes at most 2 actions" in made.messages(0)[-1]["content"]
    (trajectory,) = made.trajectories
    taken = len(trajectory.turns) // 2
    assert trajectory.instruction == instruction(load_script(path), taken)
    assert taken > 2
    assert verify(trajectory, path) == []


def broken_off(whole: list[Said], kept: int) -> str:
    """A reply that breaks off within the turn behind those that can be kept."""
    return sent(whole[: kept + 1])[:-12]


@pytest.mark.parametrize("kept", [3, 4, 5, 6])
def test_turns_that_are_numbered_from_the_players_first_go_on_from_what_is_kept(
    make: Make, kept: int
) -> None:
    whole = turns()
    rest = [{**turn, "turn": i} for i, turn in enumerate(whole[kept:], start=kept % 2)]
    made = make(lambda item, call: broken_off(whole, kept) if not call else sent(rest))
    if kept % 2:
        assert made.outcomes[0].calls == 2
        assert as_kept(made.trajectories[0]) == whole
    else:  # a turn of the DM's that is numbered 0 may as well begin anew
        assert shown_again(made.messages(2)) == whole[:kept]
        assert f"begins with turn 0, and turn {kept} was asked for" in made.messages(2)[-1]["content"]


@pytest.mark.parametrize("again", [1, 2, 3])
def test_what_is_begun_anew_and_breaks_off_sooner_costs_nothing_that_is_kept(make: Make, again: int) -> None:
    whole = turns()
    said = [broken_off(whole, 6), broken_off(whole, again), sent(whole[6:])]
    made = make(lambda item, call: said[call])
    assert shown_again(made.messages(2)) == whole[:6]
    assert made.outcomes[0].calls == 3
    assert as_kept(made.trajectories[0]) == whole
