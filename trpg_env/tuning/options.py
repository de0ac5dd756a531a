"""What is asked of an export: which trajectories, which loss, which files."""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real

from trpg_env.tuning.conversation import Ablation


class ExportError(ValueError):
    """A dataset that cannot be written; the text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a dataset is to hold.

    Attributes:
        min_refinements: How many error-and-refines a trajectory must have, 0 or more (the paper's 2).
        success_only: Whether only trajectories that reach the goal are written (the paper's choice).
        ablation: What is taken away from refinement tuning.
        exclude: Families that are left out.
        limit: How many episodes there are at most, 1 or more; None for all.
        seed: Which subset `limit` draws, 0 or more.
        split: The share of families that is held out, above 0 and below 1; None for no split.
        system_prompt: Whether each conversation begins with the `llm` player's system message.
        max_prefixes: The most records an episode becomes where a record is a prefix of it, 1 or more; None for all.
        tokenizer: Where records are tokens: a tokenizer's folder, its name on a hub, or the tokenizer.
        max_length: The most tokens in a record, 1 or more; None for as many as the tokenizer says.

    Raises:
        ExportError: A value is out of its range.
    """

    min_refinements: int = 2
    success_only: bool = True
    ablation: Ablation | None = None
    exclude: frozenset[str] = frozenset()
    limit: int | None = None
    seed: int = 0
    split: float | None = None
    system_prompt: bool = False
    max_prefixes: int | None = None
    tokenizer: object = None
    max_length: int | None = None

    def __post_init__(self) -> None:
        if not _is_whole(self.min_refinements, 0):
            raise ExportError(f"min_refinements is a whole number, 0 or more, not {self.min_refinements!r}")
        if self.limit is not None and not _is_whole(self.limit, 1):
            raise ExportError(f"limit is a whole number, 1 or more, not {self.limit!r}; leave it out for all")
        for name in ("max_prefixes", "max_length"):
            value = getattr(self, name)
            if value is not None and not _is_whole(value, 1):
                raise ExportError(f"{name} is a whole number, 1 or more, not {value!r}; leave it out for all")
        if not _is_whole(self.seed, 0):
            raise ExportError(f"seed is a whole number, 0 or more, not {self.seed!r}")
        if self.split is not None and not (isinstance(self.split, Real) and 0 < self.split < 1):
            raise ExportError(
                f"split is a share of families above 0 and below 1, such as 0.05, not {self.split!r}"
            )

    def asks_for(self, name: str) -> bool:
        """Whether an option that not every format takes is asked for."""
        return getattr(self, name) not in (None, False)


WHOLE, TRAIN, HELD_OUT = "data", "train", "test"
"""The data files: all in one, or with a split the two that Hugging Face's `datasets` knows by their names."""

SPECIAL = ("system_prompt", "max_prefixes", "tokenizer", "max_length")
"""The options that not every format takes."""


def families(exclude: object) -> frozenset[str]:
    """The families that are left out, from one name or several.

    Raises:
        ExportError: They are no names.
    """
    names = [exclude] if isinstance(exclude, str) else exclude
    if isinstance(names, Iterable):
        names = list(names)
        if all(isinstance(name, str) for name in names):
            return frozenset(names)
    raise ExportError(f"exclude is a family's name or a list of names, not {exclude!r}")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def one_ablation(*, train_errors: bool, mask_refinements: bool, drop_refinements: bool) -> Ablation | None:
    """The ablation that is asked for, None for refinement tuning itself.

    Raises:
        ExportError: Several are asked for; each says of the same replies what is to become of them.
    """
    asked: dict[Ablation, bool] = {
        "train_errors": train_errors,
        "mask_refinements": mask_refinements,
        "drop_refinements": drop_refinements,
    }
    chosen = [ablation for ablation, wanted in asked.items() if wanted]
    if len(chosen) > 1:
        raise ExportError(
            f"{chosen[0]} and {chosen[1]} contradict each other: they are two ablations; choose one"
        )
    return chosen[0] if chosen else None
