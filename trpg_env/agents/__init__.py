"""Who plays: the agent's protocol, and the players."""

from trpg_env.agents.erring import ErringAgent
from trpg_env.agents.expert import ExpertAgent
from trpg_env.agents.human import HumanAgent
from trpg_env.agents.planner import PlannerAgent
from trpg_env.agents.protocol import Agent, CallableAgent, Function, Turn, as_agent
from trpg_env.agents.random import RandomAgent
from trpg_env.agents.react import LLMAgent

__all__ = [
    "Agent",
    "CallableAgent",
    "ErringAgent",
    "ExpertAgent",
    "Function",
    "HumanAgent",
    "LLMAgent",
    "PlannerAgent",
    "RandomAgent",
    "Turn",
    "as_agent",
]
