"""Request of a survey: which stars, by which model, run how."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from astroseq_core.errors import SettingsError
from astroseq_core.jobs.job import check_job_name
from astroseq_core.surveys import dask_address
from astroseq_core.surveys.stars import SurveyChoice
from astroseq_core.type_names import JsonObject

LOCAL, DASK = "local", "dask"
#: Maximum number of workers on one machine.
MAX_WORKERS = 256


@dataclass(frozen=True)
class SurveyRequest:
    """Everything that a survey depends on.

    Attributes
    ----------
    name : str
        Name of the survey.
    stars : SurveyChoice
        Selection of the stars.
    model_id : str
        Identifier of the model; "" for the best one of each star.
    workers : int
        Number of stars to prepare at the same time.
    fetch : bool
        Whether to download light curves that are not in the cache.
    engine : str
        "local" for this machine, "dask" for a cluster.
    address : str
        Address of the Dask scheduler; "" for the engine "local".

    Raises
    ------
    SettingsError
        If a value is not valid, or Dask is asked to download.
    """

    name: str
    stars: SurveyChoice = field(default_factory=SurveyChoice)
    model_id: str = ""
    workers: int = 2
    fetch: bool = False
    engine: str = LOCAL
    address: str = ""

    def __post_init__(self) -> None:
        check_job_name(self.name, "a survey")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise SettingsError(f"A survey has 1 to {MAX_WORKERS} workers.")
        if self.engine not in (LOCAL, DASK):
            raise SettingsError(f"'{self.engine}' is no way to run a survey; use {LOCAL} or {DASK}.")
        if self.engine == DASK:
            dask_address.parse_address(self.address)
            if self.fetch:
                raise SettingsError("Dask workers fetch nothing: fill the cache on the Data page first, and leave fetching out.")

    def to_dict(self) -> JsonObject:
        """Return the request as plain JSON values.

        Returns
        -------
        dict of str to object
            The values by field.
        """
        return vars(self) | {"stars": self.stars.to_dict()}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "SurveyRequest":
        """Build a request from plain JSON values.

        Parameters
        ----------
        values : mapping of str to object
            The values by field; all but `name` are optional.

        Returns
        -------
        SurveyRequest
            The request.

        Raises
        ------
        SettingsError
            If a value is not valid or a field is unknown.
        """
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
