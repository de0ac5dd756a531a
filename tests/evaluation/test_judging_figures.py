"""How well a model judges: every figure beside one that was worked out by hand."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_by_hand import JUDGE, KINDS, judged, said, turns

from trpg_env.evaluation import ratios
from trpg_env.evaluation.judging import Judged, JudgedTurn, Judgements, JudgingError
from trpg_env.evaluation.judging.record import parse_line
from trpg_env.evaluation.judging.report import Figure
from trpg_env.evaluation.judging.table import lines
from trpg_env.evaluation.statistic import figures
from trpg_env.trajectory import EpisodeError
from trpg_env.trajectory.agreement import kappa

ARK = judged("ark", "..", "..", "..", "ll", "ll", "ol", ".o", "pp")
DEN = judged("den", "..", "..", "p.", "oo", ".p", "lp")
"""Of these fourteen turns all below is worked out."""

letters = st.sampled_from(sorted(KINDS))
pairs = st.lists(st.tuples(letters, letters).map("".join), min_size=1, max_size=12)


def value(figure: Figure) -> float:
    assert figure.value is not None
    return figure.value


def shares(found: object) -> list[float | None]:
    return [getattr(found, name).value for name in ("precision", "recall", "f1")]


def is_close(found: list[float | None], *wanted: float) -> bool:
    return found == [pytest.approx(one) for one in wanted]


def test_the_models_own_opinions_are_those_worked_out_by_hand() -> None:
    own = Judgements.of([ARK, DEN]).own
    assert own.turns == 14
    assert own.matrix == {
        "none": {"none": 5, "parameter": 1, "place": 0, "logic": 1},
        "parameter": {"none": 1, "parameter": 1, "place": 0, "logic": 0},
        "place": {"none": 0, "parameter": 1, "place": 2, "logic": 0},
        "logic": {"none": 0, "parameter": 0, "place": 1, "logic": 1},
    }
    assert value(own.agreement) == pytest.approx(9 / 14)
    # By chance 7·6 + 2·3 + 3·3 + 2·2 = 61 of 14² = 196; agreed 9·14 = 126.
    assert value(own.kappa) == pytest.approx(65 / 135)
    kinds = own.kinds
    assert is_close(shares(kinds["none"]), 5 / 7, 5 / 6, 10 / 13)
    assert is_close(shares(kinds["parameter"]), 1 / 2, 1 / 3, 2 / 5)
    assert is_close(shares(kinds["place"]), 2 / 3, 2 / 3, 2 / 3)
    assert is_close(shares(kinds["logic"]), 1 / 2, 1 / 2, 1 / 2)
    # Wrong is said of 7 and ruled of 8, both of 6.
    assert is_close(shares(own.error), 6 / 7, 6 / 8, 12 / 15)
    assert value(own.error.agreement) == pytest.approx(11 / 14)
    # By chance 7·6 + 7·8 = 98 of 196; agreed 11·14 = 154.
    assert value(own.error.kappa) == pytest.approx(56 / 98)


def test_in_play_verification_code_decides_on_parameter_errors() -> None:
    in_play = Judgements.of([ARK, DEN]).in_play
    # Three turns are none of the model's business; what it took for no action is right in play.
    assert in_play.turns == 11
    assert in_play.kinds["parameter"] is None
    assert value(in_play.agreement) == pytest.approx(9 / 11)
    # By chance 7·6 + 2·3 + 2·2 = 52 of 121; agreed 9·11 = 99.
    assert value(in_play.kappa) == pytest.approx(47 / 69)
    assert is_close(shares(in_play.kinds["place"]), 2 / 2, 2 / 3, 4 / 5)
    assert is_close(shares(in_play.kinds["logic"]), 1 / 2, 1 / 2, 1 / 2)


def test_a_denominator_says_what_a_figure_is_a_share_of() -> None:
    own = Judgements.of([ARK, DEN]).own
    place = own.kinds["place"]
    assert place is not None
    assert (place.precision.n, place.recall.n, place.f1.n, own.kappa.n) == (3, 3, 6, 14)


def test_conditions_count_where_both_call_the_action_right() -> None:
    right = turns("..", met=(0,), completed=(0, 1))
    missed = turns("..", met=(0, 1), completed=(1,))
    wrong = turns("l.", ".l", met=(0, 1))
    found = Judgements.of([judged("ark", turns=[*right, *missed, *wrong])]).completed
    # Said three times, of which twice rightly; met three times.
    assert is_close(shares(found), 2 / 3, 2 / 3, 2 / 3)
    assert found.f1.n == 6


def test_intervals_come_of_resampling_scripts() -> None:
    agreement = Judgements.of([ARK, DEN]).own.agreement
    # A quarter of the replicates has one script alone: 6 of 8, or 3 of 6.
    assert (agreement.low, agreement.high, agreement.resampled) == (0.5, 0.75, "items")
    of_one = Judgements.of([ARK, judged("ark", "..", seed=1)]).own.agreement
    assert of_one.resampled == "episodes"
    assert Judgements.of([ARK]).own.agreement.low is None


@given(st.lists(pairs, min_size=2, max_size=5))
def test_a_ratio_has_the_interval_that_ratios_have_everywhere(episodes: list[list[str]]) -> None:
    made = [judged(f"script {i}", *each) for i, each in enumerate(episodes)]
    agreed = [[sum(pair[0] == pair[1] for pair in each)] for each in episodes]
    (wanted,) = ratios(
        agreed,
        [[len(each)] for each in episodes],
        [one.script_hash for one in made],
        np.random.default_rng(0),
        resamples=50,
    )
    found = Judgements.of(made, resamples=50).own.agreement
    assert (found.value, found.low, found.high) == pytest.approx((wanted.value, wanted.low, wanted.high))


@given(pairs)
def test_kappa_is_its_definition(each: list[str]) -> None:
    n = len(each)
    agreed = Fraction(sum(pair[0] == pair[1] for pair in each), n)
    chance = sum(
        Fraction(sum(p[0] == k for p in each), n) * Fraction(sum(p[1] == k for p in each), n) for k in KINDS
    )
    found = Judgements.of([judged("ark", *each)], resamples=1).own.kappa.value
    assert found == (None if chance == 1 else pytest.approx(float((agreed - chance) / (1 - chance))))


def test_kappa_is_0_for_one_who_says_the_same_always_and_none_where_both_do() -> None:
    assert Judgements.of([judged("ark", "..", ".l", ".o")]).own.kappa.value == 0
    assert Judgements.of([judged("ark", "..", "..")]).own.kappa.value is None
    assert list(kappa([[[2, 0], [0, 2]], [[0, 2], [2, 0]]])) == [1, -1]


def test_of_several_flags_the_first_counts_and_in_play_that_on_parameters_never() -> None:
    both = JudgedTurn(turn=2, ruled="logic", met=[], said=said("po"))
    assert both.opinions == ("parameter", "logic")
    assert both.opinions_in_play == ("logic", "logic")
    assert JudgedTurn(turn=2, ruled="place", met=[], said=said("lo")).opinions == ("place", "place")
    refused = JudgedTurn(turn=2, ruled="parameter", met=[], said=said("."))
    assert (refused.opinions, refused.opinions_in_play) == ((None, "parameter"), None)


def test_turns_without_a_judgement_are_told_and_in_no_figure() -> None:
    without = [
        JudgedTurn(turn=2 * i + 20, ruled="place", met=[], said=None, fault=fault)  # type: ignore[arg-type]
        for i, fault in enumerate(("format", "format", "context", "reply"))
    ]
    found = Judgements.of([ARK, judged("den", turns=[*DEN.turns, *without])])
    counts = found.counts
    assert (counts.turns, counts.judged, counts.malformed, counts.too_long, counts.unread) == (
        18,
        14,
        2,
        1,
        1,
    )
    assert found.own == Judgements.of([ARK, DEN]).own
    told = "\n".join(lines(found))
    assert "malformed           2 judgements that could not be read" in told
    assert "context too long    1" in told
    assert "unreadable reply    1" in told


def test_an_episode_on_which_the_model_failed_is_counted_apart() -> None:
    gone = EpisodeError(kind="dm:timeout", message="gone")
    found = Judgements.of([ARK, DEN, judged("fen", "lo", "ol", error=gone)])
    assert (found.counts.episodes, found.counts.counted, found.counts.broken) == (3, 2, {"dm:timeout": 1})
    assert found.own == Judgements.of([ARK, DEN]).own
    assert "broken              1 (dm:timeout 1), in none of the figures" in lines(found)


def test_the_order_of_episodes_changes_no_byte() -> None:
    more = [ARK, DEN, judged("fen", "lo"), judged("ark", "..", seed=1)]
    assert Judgements.of(more).text() == Judgements.of(reversed(more)).text()
    data = json.loads(Judgements.of(more).text())
    assert data["usage"] == {"calls": 16}
    assert [(item["name"], item["turns"], item["agreed"]) for item in data["items"]] == [
        ("ark", 9, 7),
        ("den", 6, 3),
        ("fen", 1, 0),
    ]
    assert "decided by verification code always" in data["note"]


def test_several_models_are_refused() -> None:
    other = judged("den", "..", judge=JUDGE.model_copy(update={"model": "n"}))
    with pytest.raises(JudgingError, match="several models judged"):
        Judgements.of([ARK, other])


def test_nothing_judged_is_no_figure() -> None:
    for nothing in ([], [judged("ark")]):
        found = Judgements.of(nothing)
        assert found.own.agreement.value is found.own.kappa.value is None
        assert lines(found)[-1] == "nothing was judged, and nothing can be measured"
        assert json.loads(found.text())["own"]["turns"] == 0


def test_a_line_of_judgements_is_what_was_judged() -> None:
    assert parse_line(ARK.model_dump_json().encode()) == ARK
    assert isinstance(parse_line(DEN.model_dump_json().encode()), Judged)


def test_people_are_told_who_decides_on_parameter_errors() -> None:
    told = lines(Judgements.of([ARK, DEN]))
    assert "  parameter          decided by verification code always" in told
    assert [" ".join(line.split()) for line in told if line.startswith("agreement")] == [
        "agreement 64.3% 50.0% to 75.0% 14",
        "agreement 81.8% 71.4% to 100.0% 11",
    ]
    assert "none                         5         1         0         1" in told


def test_a_figure_of_several_sums_has_none_where_nothing_can_be_resampled() -> None:
    (found,) = figures([[1, 2]], ["a"], lambda sums: sums[:, :1] * sums[:, 1:], np.random.default_rng(0))
    assert found == (2.0, None, None, None)
