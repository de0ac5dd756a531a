"""What is asked of an export: which trajectories, which loss, which files."""

from dataclasses import dataclass

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
        limit: How many records there are at most, 1 or more; None for all.
        seed: Which subset `limit` draws.
        split: The share of families that is held out, above 0 and below 1; None for no split.

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

    def __post_init__(self) -> None:
        if self.min_refinements < 0:
            raise ExportError(f"min_refinements is 0 or more, not {self.min_refinements}")
        if self.limit is not None and self.limit < 1:
            raise ExportError(f"limit is 1 or more, not {self.limit}; leave it out for all records")
        if self.split is not None and not 0 < self.split < 1:
            raise ExportError(
                f"split is a share of families above 0 and below 1, such as 0.05, not {self.split}"
            )


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
