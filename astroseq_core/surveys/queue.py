"""Queue of surveys, and the request of one: which stars, by which model, run how."""

import importlib.util
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from astroseq_core import settings
from astroseq_core.errors import SettingsError
from astroseq_core.jobs.job import RESULT_NAME, Job, check_job_name, read_job, read_progress
from astroseq_core.jobs.progress import Progress
from astroseq_core.jobs.queue import JobEntry, Queue
from astroseq_core.surveys.stars import SurveyChoice
from astroseq_core.type_names import JsonObject

#: Address as a scheduler prints it at start-up; an IPv6 address is in brackets.
_ADDRESS = re.compile(r"(?:tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})")
#: Time limit for the scheduler's answer [s].
ANSWER_SECONDS = 3.0
INSTALL_HINT = "Scoring on Dask needs two more packages; install them with: pip install 'dask[distributed]'."


def parse_address(address: str) -> tuple[str, int]:
    """Parse the address of a Dask scheduler.

    Parameters
    ----------
    address : str
        Address such as `tcp://192.168.0.2:8786`; an IPv6 host is in brackets.

    Returns
    -------
    tuple of (str, int)
        Host and port.

    Raises
    ------
    SettingsError
        If the address is not valid.

    Examples
    --------
    >>> parse_address("tcp://192.168.0.2:8786")
    ('192.168.0.2', 8786)
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[2]) < 65_536:
        text = f"'{address}' is no address of a Dask scheduler; give" if address else "A Dask scheduler has an address; give"
        raise SettingsError(f"{text} the one that it prints when it starts, such as tcp://192.168.0.2:8786.")
    return found[1].strip("[]"), int(found[2])


def check_scheduler(address: str, seconds: float = ANSWER_SECONDS) -> None:
    """Check that a Dask scheduler answers.

    Parameters
    ----------
    address : str
        Address of the scheduler.
    seconds : float, optional
        Time limit [s].

    Raises
    ------
    SettingsError
        If Dask is not installed, the address is not valid, or nothing answers.
    """
    host, port = parse_address(address)
    if importlib.util.find_spec("distributed") is None:
        raise SettingsError(INSTALL_HINT)
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise SettingsError(f"No Dask scheduler answers at {address} ({why}); start one there or correct the address.") from error


LOCAL, DASK = "local", "dask"
#: Phases of a survey before its first score: stars are counted, what scores them is loaded, they are read. Then none is named.
COUNTING, LOADING, READING = "counting", "loading", "reading"
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
            parse_address(self.address)
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


@dataclass(frozen=True)
class Survey(Job[SurveyRequest]):
    """A survey, as read from its folder.

    Attributes
    ----------
    result : Progress or None
        The progress at the end: stars done, failed and skipped, and the numbers `segments`,
        `segments_per_second`, `seconds` and `peak_memory_gib`; None while it is not done.
    """

    result: Progress | None = None

    @property
    def latest(self) -> Progress:
        """The result, or the latest progress if there is none."""
        return self.progress if self.result is None else self.result


def read_survey(entry: JobEntry) -> Survey:
    """Read a survey from its folder.

    Parameters
    ----------
    entry : JobEntry
        Where it is.

    Returns
    -------
    Survey
        The survey.

    Raises
    ------
    SettingsError
        If there is no survey in the folder.
    """
    job = read_job(entry.folder, SurveyRequest.from_dict, entry.created, entry.note, "survey")
    result, warnings = read_progress(entry.folder / RESULT_NAME)
    return Survey(**vars(job) | {"result": result, "warnings": (*job.warnings, *warnings)})


#: All surveys. One that is done can be repeated: scored stars are skipped, failed ones are tried again.
SURVEYS: Queue[SurveyRequest, Survey] = Queue(
    "survey", settings.surveys_dir, read_survey, "astroseq_core.surveys.work", can_repeat=True
)
