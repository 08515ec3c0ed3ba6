"""The queue of surveys: one at a time, each in a process of its own that outlives the page that asked for it."""

import contextlib

from astroseq_core import settings
from astroseq_core.background.folder import CANCEL, REQUEST, State, next_of, write_json
from astroseq_core.background.launch import launch, one_at_a_time, put_back
from astroseq_core.errors import SettingsError
from astroseq_core.surveys import folder as folders
from astroseq_core.surveys.folder import Survey
from astroseq_core.surveys.request import SurveyRequest

MODULE = "astroseq_core.surveys.work"


def begin(request: SurveyRequest) -> Survey:
    """A new survey in the queue, begun at once where no other is under way; a name that is taken gets a number behind it."""
    place, number = settings.surveys_dir(), 1
    while True:
        folder = place / (request.name if number == 1 else f"{request.name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise SettingsError(f"{folder} cannot be made ({error.strerror}); check the disk.") from error
        break
    write_json(folder / REQUEST, request.to_dict())
    advance()
    return folders.read(folder)


def all_surveys() -> tuple[Survey, ...]:
    """All surveys, the newest first."""
    found = []
    for path in settings.surveys_dir().glob(f"*/{REQUEST}"):
        with contextlib.suppress(SettingsError):
            found.append(folders.read(path.parent))
    return tuple(sorted(found, key=lambda s: (-s.created, s.survey_id)))


def get(survey_id: str) -> Survey:
    """The survey of that name; raises SettingsError where there is none."""
    for survey in all_surveys():
        if survey.survey_id == survey_id:
            return survey
    raise SettingsError(f"There is no survey '{survey_id}'.")


def advance() -> Survey | None:
    """Begin the survey that waits longest, where none is under way; the survey that was begun."""
    with one_at_a_time(settings.surveys_dir()) as alone:
        survey = next_of(all_surveys()) if alone else None
        if survey is not None:
            launch(survey.folder, MODULE)
        return survey


def cancel(survey_id: str) -> None:
    """Stop a survey, or take it out of the queue; what is scored stays."""
    survey = get(survey_id)
    if survey.state in (State.QUEUED, State.RUNNING):
        (survey.folder / CANCEL).touch()


def resume(survey_id: str) -> None:
    """Put a survey that has ended back into the queue: stars that are scored already are passed over, failed ones are not."""
    survey = get(survey_id)
    if survey.state in (State.QUEUED, State.RUNNING):
        raise SettingsError(f"{survey_id} is {survey.state} already.")
    put_back(survey.folder)
    advance()


def delete(survey_id: str) -> None:
    """Forget a survey; its scores stay. Raises SettingsError while it is under way."""
    import shutil

    survey = get(survey_id)
    if survey.state is State.RUNNING:
        raise SettingsError(f"{survey_id} is running; cancel it first.")
    aside = survey.folder.with_name(f".deleted-{survey.survey_id}")
    shutil.rmtree(aside, ignore_errors=True)
    survey.folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)
