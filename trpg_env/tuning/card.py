"""The dataset card: what a dataset holds, where it comes from, how it is used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trpg_env.tuning.export import Summary


def card(summary: "Summary") -> str:
    """The README of a dataset, with the metadata that dataset hubs read."""
    families = "\n".join(
        f"| {_cell(family)} | {count} |" for family, count in sorted(summary.families.items())
    )
    errors = summary.kept.errors
    return f"""---
pretty_name: Refinement-tuning trajectories
tags: [agents, refinement-tuning, trpg_env]
configs:
- config_name: default
  data_files: data.jsonl
---

# Refinement-tuning trajectories

Episodes played in `trpg_env` environments as conversations, in the `{summary.format}` format: one JSON object a line,
`messages` from the first user message (the instruction and the opening scene) to a correct reply. Each
assistant message says whether it counts towards the loss (`loss`) and whether its action was erroneous (`error`).
Erroneous replies stay in the conversation as context; refinement tuning trains on the correct ones (AgentRefine,
ICLR 2025, Eq. 1).

| | |
|---|---|
| records | {summary.records} of {summary.read.episodes} trajectories |
| replies | {summary.replies} |
| replies with loss | {summary.trained} |
| error turns | parameter {errors["parameter"]}, place {errors["place"]}, logic {errors["logic"]} |
| error-and-refines | {summary.kept.refines} |

| family | records |
|---|---|
{families}

The scripts' licences hold for their texts, which the records contain; the scripts of trpg_env's own library are Apache-2.0.
"""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
