"""Queue of surveys."""

from dataclasses import dataclass

from astroseq_core import settings
from astroseq_core.jobs.job import RESULT_NAME, Job, read_job, read_progress
from astroseq_core.jobs.progress import Progress
from astroseq_core.jobs.queue import JobEntry, Queue
from astroseq_core.surveys.request import SurveyRequest


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
