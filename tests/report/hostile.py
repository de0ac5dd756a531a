"""Episodes in which every text tries to become markup or a program."""

from trpg_env.trajectory import EpisodeError, Participant, Trajectory

SIGN = "window.hacked = true"
"""What a text does if it is run."""

ATTACKS = (
    f"</script><script>{SIGN}</script>",
    f"<!--<script>{SIGN}//--></script>",
    f"</template><img src=x onerror='{SIGN}'>",
    f'"><svg onload="{SIGN}"><style>@import "http://example.invalid/x.css";</style>',
    f"'-({SIGN})-'\u2028{SIGN}\u2029",
    f"{{{{ {SIGN} }}}}{{% raw %}}${{{SIGN}}}",
    f"javascript:{SIGN}",
    "\u202e\u2066 mirrored \x00\x07\x1b[31m \ufeff\uffff &lt;b&gt; ]]>",
)
TEXT = " ".join(ATTACKS)
LONG = "x" * 100_000 + "ab " * 10


def attacked(trajectory: Trajectory, number: int) -> Trajectory:
    """An episode with attacks in all its texts."""
    turns = []
    for turn in trajectory.turns:
        if turn.role == "DM":
            texts = {"thought": TEXT, "observation": TEXT + LONG, "state_hash": TEXT}
            turns.append(turn.model_copy(update=texts | ({"message": TEXT} if turn.message else {})))
        else:
            texts = dict.fromkeys(("thought", "action", "reasoning", "reply"), TEXT)
            turns.append(turn.model_copy(update=texts))
    return trajectory.model_copy(
        update={
            "id": f"{TEXT}{number}",
            "script": f"/{TEXT}.yaml",
            "script_hash": f"{TEXT}{number % 2}",
            "family": f"{TEXT}{number % 2}",
            "player": Participant(
                kind=TEXT, model=TEXT, sampling={TEXT: TEXT, "a": [1, {TEXT: None}]}, prompt_hash=TEXT
            ),
            "dm": Participant(kind=TEXT, model=TEXT),
            "instruction": TEXT,
            "turns": turns,
            "outcome": "error" if number == 0 else trajectory.outcome,
            "error": EpisodeError(kind=TEXT, message=TEXT) if number == 0 else None,
        }
    )
