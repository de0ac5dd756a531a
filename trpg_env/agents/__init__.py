"""Who plays: the agent's protocol, and players that need no model."""

from trpg_env.agents.erring import ErringAgent
from trpg_env.agents.human import HumanAgent
from trpg_env.agents.planner import PlannerAgent
from trpg_env.agents.protocol import Agent, CallableAgent, Function, Turn, as_agent
from trpg_env.agents.random import RandomAgent

__all__ = [
    "Agent",
    "CallableAgent",
    "ErringAgent",
    "Function",
    "HumanAgent",
    "PlannerAgent",
    "RandomAgent",
    "Turn",
    "as_agent",
]
