"""What the page's reader reads: the chosen episodes out of their files, each file read once more and only these lines kept."""

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trpg_env.report.atlas import Atlas
from trpg_env.report.choice import Offered
from trpg_env.report.runs import Run
from trpg_env.report.svg import Svg
from trpg_env.report.transcript import shortened, slug_of, transcript
from trpg_env.trajectory import StoreError, Trajectory, parse_line
from trpg_env.trajectory.reading import BadLine, read_lines

MOST_DATA = 48 << 20
"""How many characters of episodes a page holds at most."""


class Matter(NamedTuple):
    """What there is to read.

    Attributes:
        data: The runs' names, what players were told, and the episodes by run, script, seed and luck, as JSON-like data.
        maps: The maps that episodes refer to by number.
    """

    data: dict[str, Any]
    maps: list[Svg]


def reading_matter(
    runs: Sequence[Run], chosen: Collection[Offered], atlas: Atlas, most: int = MOST_DATA
) -> Matter:
    """Read the chosen episodes.

    Args:
        runs: The runs.
        chosen: Which episodes.
        atlas: Where the maps of their scripts are found.
        most: How many characters of episodes there may be; those after them are left out.

    Raises:
        StoreError: A file has changed since the episodes were chosen.
    """
    size = 0
    found: list[tuple[Any, str, str, int | None, dict[str, Any]]] = []
    for run, t in _episodes(runs, chosen):
        place = atlas.of(t)
        one = {"run": run, **transcript(t, () if place is None else place[1])}
        size += len(json.dumps(one, ensure_ascii=False))
        if size > most:
            break
        order = run, one["family"], one["script"], t.seed, t.luck, t.id
        found.append((order, t.id, shortened(t.instruction), None if place is None else place[0], one))
    found.sort(key=lambda each: each[0])
    # What is numbered is so in the order in which it is read, whatever that of the file.
    told: dict[str, int] = {}
    maps: dict[int, int] = {}
    slugs: set[str] = set()
    for _, id, instruction, map, one in found:
        one |= {"slug": slug_of(id, slugs), "instruction": told.setdefault(instruction, len(told))}
        if map is not None:
            one["map"] = maps.setdefault(map, len(maps))
    episodes = [one for *_, one in found]
    data = {"runs": [run.name for run in runs], "instructions": list(told), "episodes": episodes}
    return Matter(data, [atlas.maps[map] for map in maps])


def _episodes(runs: Sequence[Run], chosen: Collection[Offered]) -> Iterator[tuple[int, Trajectory]]:
    files: dict[Path, dict[int, list[int]]] = {}
    for each in sorted(chosen):
        file = runs[each.run].file
        assert file is not None, "episodes come from files"
        files.setdefault(file, {}).setdefault(each.line, []).append(each.run)
    for file, wanted in files.items():
        for number, text in read_lines(file):
            if number not in wanted:
                continue
            try:
                trajectory = parse_line(text)
            except BadLine as error:
                raise StoreError(f"{file}:{number}: {error}; was the file written to meanwhile?") from None
            yield from ((run, trajectory) for run in wanted[number])
