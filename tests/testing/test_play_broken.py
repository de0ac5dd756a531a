"""A check that does not answer is no accepted action, in tests of scripts either."""

import pytest

from trpg_env.testing import play

SCRIPT = {
    "goal": "Pay.",
    "environment": {"player": {}},
    "completion_conditions": [{"when": "player.paid"}],
    "available_actions": {
        "pay": {
            "verification_code": "def validate(action, params, state):\n    while True:\n        pass\n",
            "effects": ["player.paid = true"],
        }
    },
}


def test_the_step_says_why_the_check_did_not_answer():
    (step,) = play(SCRIPT, ["pay"])
    assert (step.error, step.truncated, step.success) == ("timeout", True, False)
    assert "did not answer" in step.message


def test_actions_after_it_are_refused_with_the_cause():
    with pytest.raises(ValueError, match=r"ended with action 1 of 2, 'pay': .*did not answer"):
        play(SCRIPT, ["pay", "pay"])
