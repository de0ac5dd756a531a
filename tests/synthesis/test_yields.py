"""What came of a run, in a line, in lines, as JSON."""

import json
from collections.abc import Iterable

import pytest

from trpg_env.synthesis import Outcome, Yield
from trpg_env.synthesis.prices import Price


def usage(
    calls: int, sent: int = 100, cached: int = 0, answered: int = 10, retries: int = 0
) -> dict[str, int]:
    return {
        "calls": calls,
        "retries": retries,
        "prompt_tokens": sent,
        "cached_tokens": cached,
        "completion_tokens": answered,
    }


OUTCOMES = [
    Outcome(item=0, kept="a.json", usage=usage(1, sent=1_000_000, cached=500_000)),
    Outcome(item=1, kept="b.json", usage=usage(3)),
    Outcome(item=2, kept="c.json", usage=usage(1)),
    Outcome(item=3, reason="json", usage=usage(4)),
    Outcome(item=4, reason="budget"),
    Outcome(item=5, reason="json", usage=usage(4, retries=2)),
    Outcome(item=6, reason="model:timeout", usage=usage(2, answered=1_000)),
]
PRICE = Price(2.0, 1.0, 10.0, "EUR")


def test_items_are_kept_or_refused_or_failed() -> None:
    made = Yield.of(OUTCOMES)
    assert (made.items, made.decided, made.kept) == (7, 6, 3)
    assert made.kept_by_calls == {1: 2, 3: 1}
    assert made.refused == {"json": 2, "budget": 1}
    assert made.failed == {"model:timeout": 1}
    assert made.usage["calls"] == 15


@pytest.mark.parametrize("order", [OUTCOMES, OUTCOMES[::-1]], ids=["", "reversed"])
def test_the_order_in_which_items_are_decided_changes_nothing(order: Iterable[Outcome]) -> None:
    assert Yield.of(order).as_dict(PRICE) == Yield.of(OUTCOMES).as_dict(PRICE)


def test_while_a_run_goes_on_all_of_it_stands_in_a_line() -> None:
    assert Yield.of(OUTCOMES).line(PRICE) == (
        "kept 3, refused 3 (json 2, budget 1), failed 1 (model:timeout 1), 15 calls, 1M + 1.05k tokens, about 1.51 EUR"
    )
    assert Yield.of(OUTCOMES[:1]).line() == "kept 1, 1 call, 1M + 10 tokens"
    assert Yield().line() == "kept 0, 0 calls, 0 + 0 tokens"


def test_the_summary_is_lines_for_people() -> None:
    assert Yield.of(OUTCOMES).lines(PRICE) == [
        "items               7",
        "kept                3 (42.9%)",
        "refused             3 (json 2, budget 1)",
        "failed              1 (model:timeout 1)",
        "calls               15 (5.00 for each that is kept)",
        "of those kept       2 after 1 call, 1 after 3 calls",
        "tokens              1,000,500 sent, 500,000 of them cached, 1,050 answered",
        "cost                about 1.51 EUR",
    ]
    assert Yield().lines() == [
        "items               0",
        "kept                0",
        "refused             0",
        "calls               0",
        "tokens              0 sent, 0 of them cached, 0 answered",
    ]


def test_the_summary_is_plain_json_with_the_same_keys_always() -> None:
    full, empty = Yield.of(OUTCOMES).as_dict(PRICE), Yield().as_dict()
    assert json.loads(json.dumps(full)) == full
    assert full.keys() == empty.keys()
    assert full["yield"] == pytest.approx(3 / 7)
    assert full["kept_by_calls"] == {"1": 2, "3": 1}
    assert full["refused"] == {"json": 2, "budget": 1}
    assert full["failed"] == {"model:timeout": 1}
    assert full["usage"] == usage(15, 1_000_500, 500_000, 1_050, 2)
    assert full["cost"] == {"amount": pytest.approx(1.5115), "currency": "EUR"}
    assert (empty["yield"], empty["cost"], empty["usage"]["calls"]) == (0.0, None, 0)


def test_a_usage_of_unknown_names_counts_what_is_known() -> None:
    made = Yield.of([Outcome(item=0, reason="json", usage={"calls": 1, "whatever": 9})])
    assert made.usage["calls"] == 1
    assert "whatever" not in made.as_dict()["usage"]
