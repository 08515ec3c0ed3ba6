"""What a run is asked to do: a recipe, which stars, and a seed."""

from dataclasses import dataclass, field
from typing import Any

from astroseq_core.background.folder import check_name
from astroseq_core.errors import SettingsError
from astroseq_core.training import recipes
from astroseq_core.training.choice import StarChoice
from astroseq_core.training.recipes import Recipe


@dataclass(frozen=True)
class RunRequest:
    """Everything that a run depends on; the same request gives the same split and, on one machine, the same numbers.

    ``verdicts``: whether what vetters decided joins the training set; ``workers``: processes that prepare stars.
    """

    name: str
    recipe: Recipe
    stars: StarChoice = field(default_factory=StarChoice)
    seed: int = 1
    workers: int = 2
    verdicts: bool = False

    def __post_init__(self) -> None:
        check_name(self.name, "a run")
        if self.workers < 1:
            raise SettingsError("A run needs at least one process to prepare its stars.")
        if self.seed < 0:
            raise SettingsError("The seed must be 0 or more.")

    def to_dict(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        return vars(self) | {"recipe": self.recipe.to_dict(), "stars": self.stars.to_dict()}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "RunRequest":
        """The request of those values; raises SettingsError where they are none."""
        try:
            recipe = dict(values["recipe"])
            stars = StarChoice.from_dict(values["stars"])
            made = values | {"recipe": recipes.from_dict(recipe.pop("name"), recipe), "stars": stars}
            return RunRequest(**made)
        except (KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"These are not the settings of a run ({error}).") from None
