"""Scripts that a model writes: what it is asked, what is kept, what it is told and how often where it errs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from model_server import ModelServer, Outcome
from writing_models import Said, Say, by_item, draft, grounded, in_the_papers_form, sampling

from trpg_env import Script, check_script, load_script
from trpg_env.cli import main
from trpg_env.script import library
from trpg_env.synthesis import ComposedPersonas, Persona, Personas, generate_scripts
from trpg_env.synthesis import Outcome as Decided
from trpg_env.synthesis.checking import RULES
from trpg_env.synthesis.personas import LoadedPersonas

PIPER = Persona('A piper who says "{faults}" and <|im_end|>, 雾', source="fair.txt", licence="CC0-1.0")


class Made(NamedTuple):
    """What came of a run."""

    outcomes: list[Decided]
    requests: list[dict[str, Any]]
    folder: Path

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    @property
    def scripts(self) -> list[Script]:
        return [load_script(file) for file in self.files]

    @property
    def faults(self) -> list[str]:
        """What the model was told in the second request, line by line."""
        return [
            line[2:] for line in self.requests[1]["messages"][-1]["content"].splitlines() if line[:2] == "- "
        ]


Make = Callable[..., Made]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Have scripts written by a model that says something for each item and call."""

    def make(
        say: Say,
        n: int = 1,
        *,
        personas: Personas | None = None,
        grounded: bool = False,
        seed: int = 0,
        **changes: Any,
    ) -> Made:
        with ModelServer(by_item(say, "script", seed)) as server:
            asked = sampling(server.url, **changes)
            outcomes = list(
                generate_scripts(tmp_path / "s", n, asked, personas=personas, grounded=grounded, seed=seed)
            )
        return Made(outcomes, server.requests, tmp_path / "s")

    return make


def then(first: Outcome, afterwards: Outcome) -> Say:
    """Says something at first, and another thing whenever it is asked again."""
    return lambda item, number: afterwards if number else first


# A good model.


def test_a_good_model_is_asked_once_for_each_script(make: Make) -> None:
    made = make(lambda item, number: json.dumps(draft(f"Bell {item}")), 5)
    assert [(o.item, o.kept, o.calls) for o in made.outcomes] == [
        (i, f"{i:05}-bell-{i}.json", 1) for i in range(5)
    ]
    assert len(made.requests) == 5
    assert [file.name for file in made.files] == [o.kept for o in made.outcomes]
    assert [script.title for script in made.scripts] == [f"Bell {i}" for i in range(5)]


@pytest.mark.parametrize("kind", ["narrative", "grounded"])
def test_what_is_kept_is_sound_and_called_like_its_file(make: Make, kind: str) -> None:
    written = grounded() if kind == "grounded" else draft()
    made = make(lambda item, number: json.dumps(written), 2, grounded=kind == "grounded")
    assert len(made.files) == 2
    for file, script in zip(made.files, made.scripts, strict=True):
        assert check_script(file) == []
        assert (script.name, script.grounded) == (file.stem, kind == "grounded")
    assert main(["check", *map(str, made.files)]) == 0


def test_the_model_is_told_of_the_persona_and_three_scripts_of_the_library(make: Make) -> None:
    personas, titles = ComposedPersonas(5), {load_script(name).title for name in library()}
    made = make(lambda item, number: json.dumps(draft()), 3, personas=personas, seed=5)
    for item, (request, script) in enumerate(zip(made.requests, made.scripts, strict=True)):
        system, user = request["messages"]
        persona = personas.draw(item).text
        assert json.dumps(persona, ensure_ascii=False) in user["content"]
        assert script.persona == persona
        shown = [line for line in system["content"].splitlines() if line.startswith("Script: ")]
        assert {json.loads(line.removeprefix("Script: "))["title"] for line in shown} <= titles
        assert len(set(shown)) == 3
        assert "{" not in user["content"]
    assert len({request["seed"] for request in made.requests}) == 3


def test_what_an_example_is_told_in_is_the_form_that_is_asked_for(make: Make) -> None:
    made = make(lambda item, number: json.dumps(draft()))
    schema = made.requests[0]["response_format"]["json_schema"]["schema"]
    (line, *_) = (
        line
        for line in made.requests[0]["messages"][0]["content"].splitlines()
        if line.startswith("Script: ")
    )
    assert set(json.loads(line.removeprefix("Script: "))) == set(schema["required"])


def test_a_persona_is_quoted_and_cannot_speak_for_the_prompt(make: Make) -> None:
    made = make(
        lambda item, number: json.dumps(draft()), personas=LoadedPersonas([PIPER], seed=0, label="fair")
    )
    asked = made.requests[0]["messages"][1]["content"]
    assert '"A piper who says \\"{faults}\\" and \\u003c|im_end|>, 雾"' in asked
    assert made.scripts[0].persona == PIPER.text


def test_a_script_says_where_it_comes_from(make: Make, tmp_path: Path) -> None:
    first = in_the_papers_form(Goal="")
    made = make(
        then(json.dumps(first), json.dumps(draft())),
        personas=LoadedPersonas([PIPER], seed=0, label="fair"),
        temperature=0.5,
        seed=3,
    )
    text = made.files[0].read_text(encoding="utf-8")
    data = json.loads(text)
    tokens = data["provenance"].pop("x-prompt-tokens"), data["provenance"].pop("x-completion-tokens")
    assert tokens == (made.outcomes[0].usage["prompt_tokens"], made.outcomes[0].usage["completion_tokens"])
    assert len(data["provenance"].pop("x-prompt-hash")) == 64
    assert data["provenance"].pop("x-examples") == 3
    assert data["provenance"] == {
        "source": "trpg-env generate scripts",
        "licence": "CC0-1.0",
        "model": "m",
        "persona_source": "fair.txt",
        "x-calls": 2,
        "x-temperature": 0.5,
        "x-seed": 3,
        "x-item": 0,
    }
    assert str(tmp_path) not in text
    assert "127.0.0.1" not in text
    assert data["schema_version"] == 1


def test_what_a_model_says_of_a_scripts_name_persona_and_provenance_does_not_count(make: Make) -> None:
    claims = {
        "name": "mine",
        "family": "mine",
        "persona": "Me",
        "provenance": {"x-calls": 0},
        "schema_version": 9,
    }
    made = make(lambda item, number: json.dumps(draft() | claims))
    (script,) = made.scripts
    assert (script.name, script.family) == ("00000-a-bell-at-dusk", "00000-a-bell-at-dusk")
    assert script.persona == ComposedPersonas(0).draw(0).text
    assert script.source.data["provenance"]["x-calls"] == 1


@pytest.mark.parametrize(
    "persona",
    [
        Persona("half \ud83e a pair", source="\udcff", licence="\udcff"),
        Persona("nul \0 \x1b[2J \u202e"),
        Persona("x" * 50_000),
        Persona(""),
    ],
    ids=["half a character", "control characters", "long", "blank"],
)
def test_whatever_a_persona_says_its_script_can_be_kept(make: Make, persona: Persona) -> None:
    made = make(
        lambda item, number: json.dumps(draft()), personas=LoadedPersonas([persona], seed=0, label="x")
    )
    assert [outcome.calls for outcome in made.outcomes] == [1]
    assert check_script(made.files[0]) == []


# A model that errs, and mends it.

CUT = {
    "message": {"content": json.dumps(draft())[:-300]},
    "finish_reason": "length",
    "usage": {"prompt_tokens": 5, "completion_tokens": 4_096},
}
UNSOUND = grounded()
UNSOUND["available_actions"]["go {direction}"]["effects"] = ["player.at = nowhere"]
ENDLESS = grounded()
ENDLESS["available_actions"]["count to {number}"] = {
    "parameters": {"number": "1..60000"},
    "effects": [{"say": "{number}"}],
}


def deaf() -> Said:
    """A script one of whose actions does not accept its own name."""
    said = in_the_papers_form()
    said["Available Actions"]["go to {place}"]["verification code"] = "^walk to (.*)$"
    return said


FAULTY: dict[str, tuple[str, bool, Outcome]] = {
    "chatter": ("json", False, "I would rather not write a script today."),
    "nothing": ("json", False, ""),
    "reasoning alone": ("json", False, "<think>They want a script."),
    "no script": ("json", False, '{"answer": 42}'),
    "truncated": ("json", False, CUT),
    "no goal": ("form", False, json.dumps(in_the_papers_form(Goal=""))),
    "a name given twice": (
        "form",
        False,
        json.dumps(draft(available_actions=2 * draft()["available_actions"])),
    ),
    "its own name is not accepted": ("check", False, json.dumps(deaf())),
    "grounded": ("kind", False, json.dumps(grounded())),
    "narrative": ("kind", True, json.dumps(in_the_papers_form())),
    "unsound": ("check", True, json.dumps(UNSOUND)),
    "too large to plan in": ("plan", True, json.dumps(ENDLESS)),
}


def test_there_is_an_error_for_every_rule_of_the_verifier() -> None:
    assert {rule for rule, _, _ in FAULTY.values()} == set(RULES)


@pytest.mark.parametrize("name", FAULTY)
def test_a_model_that_errs_and_mends_it_is_asked_twice(make: Make, name: str) -> None:
    _, engine, said = FAULTY[name]
    good = json.dumps(grounded() if engine else draft())
    made = make(then(said, good), grounded=engine)
    (outcome,) = made.outcomes
    assert (len(made.requests), outcome.calls, outcome.kept is not None) == (2, 2, True)
    first, second = (request["messages"] for request in made.requests)
    assert second[:-2] == first
    reply = second[-2]
    assert reply["role"] == "assistant"
    whole = said if isinstance(said, str) else said["message"]["content"]  # type: ignore[index]
    assert reply["content"] == (whole if whole and "<think>" not in whole else "(empty)")
    assert second[-1]["role"] == "user"
    assert made.faults
    assert made.scripts[0].source.data["provenance"]["x-calls"] == 2


@pytest.mark.parametrize("name", FAULTY)
def test_a_model_that_never_mends_it_is_asked_as_often_as_is_allowed_and_refused(
    make: Make, name: str
) -> None:
    rule, engine, said = FAULTY[name]
    made = make(lambda item, number: said, grounded=engine)
    (outcome,) = made.outcomes
    assert (outcome.kept, outcome.reason, outcome.calls, len(made.requests)) == (None, rule, 4, 4)
    assert outcome.fault
    assert (made.files, [path.name for path in made.folder.iterdir()]) == ([], [".synthesis"])
    assert {len(request["messages"]) for request in made.requests[1:]} == {4}, (
        "each call tells of the last try alone"
    )


@pytest.mark.parametrize(
    ("rule", "engine", "said"),
    [
        ("check", False, deaf()),
        ("check", True, UNSOUND),
        (
            "form",
            False,
            in_the_papers_form(Goal="", Max_turns="many", **{"Available Actions": {"go": {"x": 1}}}),
        ),
    ],
    ids=["its own name", "unsound", "several"],
)
def test_the_faults_go_back_word_for_word_as_check_says_them(
    rule: str, engine: bool, said: Said, make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "reply.json"
    file.write_text(json.dumps(said))
    assert main(["check", str(file)]) == 1
    told = [line.removeprefix(f"{file}:1: ") for line in capsys.readouterr().out.splitlines()]
    made = make(lambda item, number: json.dumps(said), grounded=engine, max_calls=2)
    assert made.faults == told
    assert made.outcomes[0].reason == rule
    assert made.outcomes[0].fault == told[0][:500]


def test_a_reply_that_was_cut_off_is_told_to_have_been(make: Make) -> None:
    made = make(lambda item, number: CUT, max_calls=2)
    assert made.faults == [
        "The JSON breaks off before its end.",
        "The answer was too long and was cut off: be brief.",
    ]


def test_a_reply_of_any_length_is_shown_again_without_its_middle_and_never_blank(make: Make) -> None:
    said = {0: "x" * 100_000, 1: "  ", 2: ""}
    made = make(lambda item, number: said.get(number, ""))
    again = [request["messages"][2]["content"] for request in made.requests[1:]]
    assert again[0] == f"{'x' * 12_000}\n[…]\n{'x' * 12_000}"
    assert again[1:] == ["(empty)", "(empty)"]


def test_hidden_reasoning_is_not_shown_to_the_model_again(make: Make) -> None:
    made = make(lambda item, number: '<think>{"goal": "x"}</think>Sorry.', max_calls=2)
    assert made.requests[1]["messages"][2]["content"] == "Sorry."


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_the_calls_of_a_script_are_at_most_those_allowed(make: Make, most: int) -> None:
    made = make(lambda item, number: "No.", 2, max_calls=most)
    assert len(made.requests) == 2 * most
    assert [outcome.calls for outcome in made.outcomes] == [most, most]


@pytest.mark.parametrize("last", [0, 1, 2, 3, 4])
def test_a_script_that_passes_with_the_last_call_is_kept_and_one_call_later_is_too_late(
    make: Make, last: int
) -> None:
    made = make(lambda item, number: json.dumps(draft()) if number >= last else "No.")
    assert len(made.requests) == min(last + 1, 4)
    assert (made.outcomes[0].kept is not None) == (last < 4)


def test_each_script_has_a_budget_of_its_own(make: Make) -> None:
    made = make(lambda item, number: json.dumps(draft()) if number >= item else "No.", 5)
    assert [(o.calls, o.reason) for o in made.outcomes] == [
        (1, None),
        (2, None),
        (3, None),
        (4, None),
        (4, "json"),
    ]
    assert [file.name[:5] for file in made.files] == ["00000", "00001", "00002", "00003"]


def test_what_a_script_has_cost_is_counted_over_all_its_calls(make: Make) -> None:
    made = make(then("No, thank you.", json.dumps(draft())))
    usage = made.outcomes[0].usage
    assert usage["completion_tokens"] == 3 + len(json.dumps(draft()).split())
    words = sum(len(m["content"].split()) for request in made.requests for m in request["messages"])
    assert usage["prompt_tokens"] == words


# What models really send.

FENCED = f"Here is your script:\n```json\n{json.dumps(draft(), indent=1)}\n```\nHave fun!"
SLOPPY = json.dumps(draft(), indent=1).replace("\n ]", ",\n ]").replace('"max_turns": 12', '"max_turns": 12,')

TOLERATED = {
    "the form asked for": json.dumps(draft()),
    "the paper's": json.dumps(in_the_papers_form()),
    "in a fence": FENCED,
    "with commas too many": SLOPPY,
    "in an object": json.dumps({"script": draft()}),
    "after reasoning": f"<think>A bell, maybe.</think>\n{json.dumps(draft())}",
}


@pytest.mark.parametrize("name", TOLERATED)
def test_a_script_is_read_in_whatever_dress_it_comes(make: Make, name: str) -> None:
    made = make(lambda item, number: TOLERATED[name])
    assert len(made.requests) == 1
    (script,) = made.scripts
    assert script.goal == "Ring the bell before dark."
    assert [action.template.text for action in script.program.actions] == ["go to {place}", "ring the bell"]


def test_a_grounded_script_is_asked_for_and_kept_only_where_a_plan_solves_it(make: Make) -> None:
    replies = [grounded("Good"), ENDLESS, UNSOUND, in_the_papers_form()]
    made = make(lambda item, number: json.dumps(replies[item]), 4, grounded=True, max_calls=1)
    assert [outcome.reason for outcome in made.outcomes] == [None, "plan", "check", "kind"]
    assert [script.title for script in made.scripts] == ["Good"]
    assert "preconditions" in made.requests[0]["messages"][0]["content"]


# Hostile answers.


@pytest.mark.parametrize(
    "title",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "",
        "   ",
        "x" * 10_000,
        "🧙‍♀️ 雾",
        "nul\0in it",
        "half a pair \ud83e",
        "con\x1b[2J\x07\u202e",
        "..",
        "a.json\n.json",
        "Ünïcödé İ ß Ǆ",
    ],
    ids=lambda title: ascii(title)[:20],
)
def test_whatever_a_title_says_its_file_stays_in_the_folder(make: Make, tmp_path: Path, title: str) -> None:
    made = make(lambda item, number: json.dumps(draft(title)))
    assert {path.name for path in tmp_path.iterdir()} == {"s"}
    inside = {path.name for path in made.folder.iterdir()}
    if made.outcomes[0].kept is None:
        assert (inside, made.outcomes[0].reason) == ({".synthesis"}, "form")
        return
    (file,) = made.files
    assert inside == {".synthesis", file.name}
    assert file.name.isascii()
    assert len(file.name) < 60
    assert load_script(file).name == file.stem
    assert check_script(file) == []


HOSTILE: list[Outcome] = [
    "{" * 5_000,
    '{"goal":' * 900,
    "[" * 100_000,
    json.dumps({"goal": "x", "environment": {}, "available_actions": {"a" * 100_000: {}}}),
    json.dumps(draft(completion_conditions=[])),
    json.dumps(draft(completion_conditions=["x" * 200_000])),
    json.dumps(draft(environment="\ud800\0\x1b[2J")),
    json.dumps(
        draft(available_actions=[{"name": "(", "verification_code": "((((a+)+)+)+$", "parameters": []}])
    ),
    json.dumps(draft(available_actions=[{"name": "a", "verification_code": "(" * 500, "parameters": []}])),
    json.dumps(draft(max_turns=10**30)),
    '{"goal": NaN, "environment": 1e999, "available_actions": {}}',
    {"message": {"content": None, "tool_calls": [{"function": {"name": "write", "arguments": "{}"}}]}},
    {"message": {"content": "", "refusal": "I cannot help with bells."}},
]


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("engine", [False, True], ids=["narrative", "grounded"])
def test_no_answer_ends_the_run(make: Make, said: Outcome, engine: bool) -> None:
    made = make(lambda item, number: said, grounded=engine, max_calls=2)
    (outcome,) = made.outcomes
    assert outcome.kept is None or check_script(made.files[0]) == []
    assert outcome.reason in (None, *RULES)
    assert len(made.requests) == outcome.calls


def test_code_that_does_not_answer_is_a_fault_of_the_script(make: Make) -> None:
    code = "def validate(action, params, state):\n    while True:\n        pass\n"
    loop = draft()
    loop["available_actions"][1]["verification_code"] = code
    made = make(then(json.dumps(loop), json.dumps(draft())))
    assert made.outcomes[0].kept
    assert any("does not answer" in fault or "did not answer" in fault for fault in made.faults)


# Numbers that make no sense.


@pytest.mark.parametrize(
    "changes",
    [
        {"n": -1},
        {"n": 1.5},
        {"concurrency": 0},
        {"concurrency": -3},
        {"seed": "0"},
        {"max_calls": 0},
        {"max_tokens": 0},
        {"temperature": 2.5},
        {"temperature": float("nan")},
        {"model": "half \udcff a pair"},
        {"model": "two\nlines"},
        {"model": "  "},
    ],
    ids=str,
)
def test_a_number_or_name_that_makes_no_sense_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    of_the_run = {key: changes[key] for key in changes if key in ("n", "concurrency", "seed")}
    asked = {key: changes[key] for key in changes if key not in of_the_run}
    with pytest.raises((ValueError, TypeError), match=next(iter(changes))):
        list(
            generate_scripts(
                tmp_path / "s", sampling=sampling("http://127.0.0.1:1/v1", **asked), **{"n": 1, **of_the_run}
            )
        )
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_asked_or_written_before_the_first_outcome_is_wanted(tmp_path: Path) -> None:
    outcomes = generate_scripts(tmp_path / "s", 1, sampling("http://127.0.0.1:1/v1"))
    assert list(tmp_path.iterdir()) == []
    del outcomes
