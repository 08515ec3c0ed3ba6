"""What a survey is asked to do: which stars, by which model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from astroseq_core.background.folder import check_name
from astroseq_core.errors import SettingsError
from astroseq_core.surveys import scheduler
from astroseq_core.surveys.choice import SurveyChoice

LOCAL, DASK = "local", "dask"
#: The most workers on one machine.
MOST_WORKERS = 256


@dataclass(frozen=True)
class SurveyRequest:
    """Everything that a survey depends on.

    ``model_id``: "" for the one that suits each star; ``workers``: so many stars are prepared at once beside the network;
    ``fetch``: whether what is not in the cache is fetched; ``engine``: "local" for this machine, or "dask" with the
    ``address`` of a scheduler.
    """

    name: str
    stars: SurveyChoice = field(default_factory=SurveyChoice)
    model_id: str = ""
    workers: int = 2
    fetch: bool = False
    engine: str = LOCAL
    address: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "a survey")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise SettingsError(f"A survey has 1 to {MOST_WORKERS} workers.")
        if self.engine not in (LOCAL, DASK):
            raise SettingsError(f"'{self.engine}' is no way to run a survey; use {LOCAL} or {DASK}.")
        if self.engine == DASK:
            scheduler.parse(self.address)
            if self.fetch:
                raise SettingsError("Dask workers fetch nothing: fill the cache on the Data page first, and leave fetching out.")

    def to_dict(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        return vars(self) | {"stars": self.stars.to_dict()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "SurveyRequest":
        """The request of those values; raises SettingsError where they are none."""
        known = {one.name: one.type for one in fields(SurveyRequest)}
        if unknown := sorted(set(values) - set(known)):
            raise SettingsError(f"A survey has no setting '{unknown[0]}'; it has {', '.join(sorted(known))}.")
        for name, value in values.items():
            wanted: Any = {"workers": int, "fetch": bool, "stars": Mapping}.get(name, str)
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                raise SettingsError(f"The {name} of a survey cannot be {value!r}.")
        if "name" not in values:
            raise SettingsError("A survey needs a name.")
        return SurveyRequest(**{**values, "stars": SurveyChoice.from_dict(values.get("stars", {}))})
