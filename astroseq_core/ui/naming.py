"""Names that people type: which star each means, asked in the background where the catalogues here do not say."""

from dataclasses import dataclass

import streamlit as st

from astroseq_core import missions, targets
from astroseq_core.archive import names, snapshots
from astroseq_core.archive.names import Resolved
from astroseq_core.errors import AmbiguousNameError, AstroSeqError, TargetError
from astroseq_core.lightcurves.prepare import BY_INSTRUMENT
from astroseq_core.targets import Target
from astroseq_core.ui import jobs
from astroseq_core.ui.jobs import Job
from astroseq_core.ui.page import escape

KIND = "name"


@dataclass(frozen=True)
class Meaning:
    """What a name means as far as is known: ``resolved``, or the ``problem``; both None while ``job`` asks the archives."""

    resolved: Resolved | None = None
    problem: AstroSeqError | None = None
    job: Job | None = None

    @property
    def candidates(self) -> tuple[str, ...]:
        """The stars of an ambiguous name."""
        return self.problem.candidates if isinstance(self.problem, AmbiguousNameError) else ()


def meaning(text: str, mission: str = "") -> Meaning:
    """What a name means: at once where it is an identifier or in the catalogues here, else what the archives are being asked."""
    wanted = missions.mission(mission) if mission in BY_INSTRUMENT else None
    try:
        found = targets.parse(text)
        if isinstance(found, Target) and found.is_simulated:
            return Meaning(Resolved(found, source="its identifier"))
    except TargetError:
        pass  # a planet's or a star's name
    key = f"{KIND} {mission} {' '.join(text.split()).lower()} {_mark()}"
    job = jobs.all_jobs().get(key)
    if job is None:
        job = jobs.all_jobs().start(key, f"Looking up {text}", lambda _: names.resolve(text, wanted))
    if not job.wait(jobs.PROMPT_SECONDS):
        return Meaning(job=job)
    return Meaning(job.result, job.problem, job)


def _mark() -> str:
    """Changes with the catalogues, so that a name unknown before is looked up again after a refresh."""
    return " ".join("" if s.date is None else f"{s.date:%s}" for s in snapshots.status())


def asking(found: Meaning) -> None:
    """Say that the archives are being asked, until they have answered."""
    job = found.job
    if job is None:
        return

    def draw() -> bool:
        st.info(f"{escape(job.words)}: the archives' name services are being asked …", icon=":material/travel_explore:")
        return job.is_running

    jobs.watch(True, draw)


def refused(found: Meaning) -> None:
    """Say why a name means nothing, and offer to ask again where it was a passing failure."""
    st.error(escape(found.problem), icon=":material/error:")
    if found.job is not None and not isinstance(found.problem, TargetError):
        st.button("Try again", key=f"again {found.job.key}", on_click=jobs.all_jobs().forget, args=(found.job.key,))
