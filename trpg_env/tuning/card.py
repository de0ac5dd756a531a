"""The dataset card: what a dataset holds, where it comes from, how it is used."""

import re
from collections.abc import Collection, Mapping, Sequence

from trpg_env.tuning.conversation import Ablation
from trpg_env.tuning.folder import files_line
from trpg_env.tuning.formats import Format
from trpg_env.tuning.formats.base import Columns
from trpg_env.tuning.licences import licences
from trpg_env.tuning.names import public_script, public_tokenizer
from trpg_env.tuning.options import Options
from trpg_env.tuning.summary import Summary, one_line

_ABLATIONS: dict[Ablation, str] = {
    "train_errors": "erroneous replies count towards the loss too",
    "mask_refinements": "the correct replies right after erroneous ones do not count towards the loss",
    "drop_refinements": "erroneous replies and the answers to them are cut out; the replies right after them, whose "
    "thoughts may still refer to them, do not count towards the loss",
}

ROWS = 200
"""How many families and how many scripts the tables name."""

_LONGEST = 2_000
"""The longest text in a cell, in characters."""

_MARKUP = re.compile(r"[\\`*$\[\]|~!#&:@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=www)\.")


def card(summary: Summary, format: Format, data_files: Mapping[str, str], names: Collection[str]) -> str:
    """The README of a dataset, with the metadata that dataset hubs read.

    Args:
        summary: What was written.
        format: Its format.
        data_files: The data files, and what `datasets` calls the split in each.
        names: All files of the dataset.
    """
    # A hub's loader stops at an empty file.
    filled = [name for name in data_files if summary.files[name]] or list(data_files)[:1]
    paths = "\n".join(f"  - {{split: {data_files[name]}, path: {name}}}" for name in filled)
    return f"""---
pretty_name: Refinement-tuning trajectories
tags: [agents, refinement-tuning, trpg_env]
configs:
- config_name: default
  data_files:
{paths}
dataset_info:
- config_name: default
  features:
{_features(format.columns)}
{files_line(names)}
---

# Refinement-tuning trajectories

Episodes of `trpg_env` scripts, in the `{format.name}` format; who made them stands under Sources.

{format.about}

```python
from datasets import load_dataset

dataset = load_dataset("path/to/this/folder", split="{data_files[filled[0]]}")
```

## Counts

{_table(("", ""), _counts(summary))}

{_files(summary, list(data_files))}

## Options

{_table(("option", "value"), [*_options(summary.options), *summary.facts.items()])}

## Families

{_table(("family", "records"), _families(summary))}

## Sources

{_table(("", "", "records"), [(*source, n) for source, n in summary.sources.most_common()])}

## Licences

The records contain the scripts' texts, for which the scripts' own licences hold.

{_table(("licence", "records"), licences(summary.scripts).most_common())}

## Scripts

For machines: `trpg-env evaluate --trained-on` reads here which scripts were trained on.

{_table(("script", "family", "SHA-256", "split", "records"), _scripts(summary, list(data_files.values())))}
"""


def _features(columns: Columns) -> str:
    lines = []
    for name, kind in columns.items():
        if isinstance(kind, str):
            lines.append(f"  - {{name: {name}, dtype: {kind}}}")
        elif isinstance(kind, tuple):
            lines.append(f"  - {{name: {name}, list: {kind[0]}}}")
        else:
            lines += [f"  - name: {name}", "    list:"]
            lines += [f"    - {{name: {inner}, dtype: {dtype}}}" for inner, dtype in kind.items()]
    return "\n".join(lines)


def _counts(summary: Summary) -> list[tuple[object, ...]]:
    errors = summary.kept.errors
    kinds = ", ".join(f"{kind} {errors[kind]}" for kind in ("parameter", "place", "logic"))
    rows: list[tuple[object, ...]] = [
        ("records", summary.amount()),
        ("replies", summary.replies),
        ("erroneous replies", summary.errors),
    ]
    if summary.has_loss:
        rows.append(("replies with loss", summary.trained))
    rows += [
        ("error turns in the episodes", kinds),
        ("error-and-refines in the episodes", summary.kept.refines),
    ]
    rows += [(remark, count) for remark, count in sorted(summary.remarks.items())]
    return rows + [(f"left out: {reason}", count) for reason, count in sorted(summary.left_out.items())]


def _files(summary: Summary, data_files: Sequence[str]) -> str:
    if len(data_files) == 1:
        return f"All records are in `{data_files[0]}`."
    train, test = data_files
    if not summary.held_out:
        return f"No family is held out: all records are in `{train}`, and `{test}` is empty."
    said = ", ".join(_cell(family) for family in sorted(summary.held_out)[:ROWS]) or "none"
    more = f" and {len(summary.held_out) - ROWS} more" if len(summary.held_out) > ROWS else ""
    return (
        f"`{train}` has {summary.files[train]} records, `{test}` the {summary.files[test]} of the held-out families: "
        f"{said}{more}. A family is on one side as a whole."
    )


def _options(options: Options) -> list[tuple[object, ...]]:
    chosen: list[tuple[object, ...]] = [
        ("error-and-refines at least", options.min_refinements),
        ("trajectories", "that reach the goal" if options.success_only else "all that did not break"),
        ("ablation", f"{options.ablation}: {_ABLATIONS[options.ablation]}" if options.ablation else "none"),
    ]
    if options.exclude:
        chosen.append(("excluded families", ", ".join(sorted(options.exclude))))
    if options.limit is not None:
        chosen.append(("episodes at most", f"{options.limit}, drawn with seed {options.seed}"))
    if options.split is not None:
        chosen.append(("share of families to be held out", options.split))
    if options.system_prompt:
        chosen.append(("system message", "the `llm` player's"))
    if options.max_prefixes is not None:
        chosen.append(("prefixes of an episode at most", options.max_prefixes))
    if options.tokenizer is not None:
        chosen.append(("tokenizer", public_tokenizer(options.tokenizer)))
    return chosen


def _families(summary: Summary) -> list[tuple[object, ...]]:
    named = summary.families.most_common()
    rows: list[tuple[object, ...]] = [*sorted(named[:ROWS])]
    if rest := named[ROWS:]:
        rows.append((f"and {len(rest)} more", sum(records for _, records in rest)))
    return rows


def _scripts(summary: Summary, splits: Sequence[str]) -> list[tuple[object, ...]]:
    """The scripts by their hashes; the split is told, since a family's name may be cut here."""
    names: dict[str, str] = {}
    for script, script_hash in summary.scripts:
        names.setdefault(script_hash, public_script(script) or "")
    named = summary.hashes.most_common()
    rows: list[tuple[object, ...]] = sorted(
        (
            one_line(names[script_hash]),
            one_line(family),
            one_line(script_hash),
            splits[-1] if family in summary.held_out else splits[0],
            records,
        )
        for (family, script_hash), records in named[:ROWS]
    )
    if rest := named[ROWS:]:
        rows.append((f"and {len(rest)} more", "", "", "", sum(records for _, records in rest)))
    return rows


def _table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *(tuple(map(_cell, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    """A text as it is read in a table: nothing in it is markup, whoever wrote it."""
    shown = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in one_line(str(value), _LONGEST)
    )
    return _MARKUP.sub(r"\\\g<0>", shown).replace("<", "&lt;")
