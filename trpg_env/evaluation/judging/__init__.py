"""How well does a model judge? Its judgement beside the engine's on grounded scripts, and beside people's on any.

`Judge` asks a model about every action of an episode, `Judgements` says how far it agrees with the engine; `draw` chooses
turns for people, who fill in a sheet, and `People` says how far they agree with the DM.
"""

from trpg_env.evaluation.judging.asking import judge_all
from trpg_env.evaluation.judging.drawing import Candidate, Drawn, candidate, draw
from trpg_env.evaluation.judging.filled import Filled, SheetError, read_key, read_sheet
from trpg_env.evaluation.judging.judge import Judge, OtherPlay
from trpg_env.evaluation.judging.people import People
from trpg_env.evaluation.judging.record import JUDGEMENTS, Judged, JudgedTurn, Said
from trpg_env.evaluation.judging.report import Judgements, JudgingError, read_judgements

__all__ = [
    "JUDGEMENTS",
    "Candidate",
    "Drawn",
    "Filled",
    "Judge",
    "Judged",
    "JudgedTurn",
    "Judgements",
    "JudgingError",
    "OtherPlay",
    "People",
    "Said",
    "SheetError",
    "candidate",
    "draw",
    "judge_all",
    "read_judgements",
    "read_key",
    "read_sheet",
]
