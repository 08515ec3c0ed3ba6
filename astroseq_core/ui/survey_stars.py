"""The survey form's stars: where they come from, and how many there are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from astroseq_core.archive import toi
from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves import local
from astroseq_core.surveys import sources
from astroseq_core.surveys.choice import (
    CACHE,
    FOLDER,
    SECTORS,
    SIMULATED,
    SOURCES,
    TARGETS,
    TOI,
    SurveyChoice,
)
from astroseq_core.training import sources as toi_sources
from astroseq_core.training.choice import DISPOSITIONS, StarChoice
from astroseq_core.training.choice import TOI as TRAINING_TOI
from astroseq_core.ui import address, page, uploads
from astroseq_core.ui import survey_address as written
from astroseq_core.ui.stars import ALL_MISSIONS

HELP = (
    "**simulated** stars need no download. **A list of stars** is written or a CSV; **TOIs** come by disposition; **sectors** "
    "(quarters, campaigns), **whole cache** and **a folder** take light curves that are here."
)
#: How long a count of stars holds [s].
COUNT_SECONDS = 20


@dataclass(frozen=True)
class Stars:
    """The ``choice``, or the ``problem`` with it in a sentence; ``fetch``: whether what is not here is to be fetched."""

    source: str
    choice: SurveyChoice | None
    problem: str = ""
    fetch: bool = False


def choose(number: int) -> Stars:
    """Draw it, and say what was chosen; ``number``: of the form."""
    st.markdown("**Stars**")
    source = str(
        st.segmented_control("Score", SOURCES, default=written.one("source", SOURCES, SIMULATED), required=True,
                             key=f"survey source {number}", format_func=lambda s: written.NAMES[s], help=HELP) or SIMULATED
    )  # fmt: skip
    fields: dict[str, Any] = {
        SIMULATED: _simulated, TARGETS: _targets, TOI: _toi, SECTORS: _sectors, FOLDER: _folder, CACHE: _cache,
    }  # fmt: skip
    said: dict[str, Any] = fields[source](f"{source} {number}")
    fetch = bool(said.pop("fetch", False))
    texts: dict[str, str | None] = dict.fromkeys(name for names in written.FIELDS.values() for name in names)
    texts |= {name: _text(value) for name, value in said.items()} | {"fetch": "true" if fetch else None}
    written.write({"source": None if source == SIMULATED else source} | texts)
    try:
        return Stars(source, SurveyChoice(source=source, **said), fetch=fetch)
    except AstroSeqError as error:
        return Stars(source, None, str(error))


def _text(value: Any) -> str | None:
    """A field's value as the address says it, None where it is the usual one."""
    if isinstance(value, tuple):
        return ",".join(value) or None
    return str(value) if value else None


def _mission(key: str, label: str, nothing: str = ALL_MISSIONS) -> str:
    choices = (nothing, *written.INSTRUMENTS)
    found = st.selectbox(label, choices, index=choices.index(written.one("mission", choices, nothing)), key=f"mission {key}",
                         width=200)  # fmt: skip
    return "" if found == nothing else str(found)


def _count(key: str, label: str, nothing: str, help_text: str | None = None) -> int:
    """A number of stars, 0 where the field is empty; ``nothing`` stands in it then."""
    high = written.WHOLE["count"][1]
    found = st.number_input(label, 1, high, written.number("count", 0) or None, step=1, key=f"count {key}", width=200,
                            placeholder=nothing, help=help_text)  # fmt: skip
    return int(found or 0)


def _row() -> Any:
    return st.container(horizontal=True, vertical_alignment="bottom", gap="medium")


def _simulated(key: str) -> dict[str, Any]:
    with _row():
        mission = _mission(key, "Seen as")
        count = _count(key, "Stars", "the built-in sixty", "Other stars than those; each is made from its number alone.")
        seed = 0
        if count:
            low, high = written.WHOLE["seed"]
            seed = int(st.number_input("Seed", low, high, written.number("seed", 0), key=f"seed {key}", width=200,
                                       help="The same seed gives the same stars."))  # fmt: skip
    return {"mission": mission, "count": count, "seed": seed}


def _targets(key: str) -> dict[str, Any]:
    names = st.text_area("Stars", written.text("targets").replace(",", ", "), key=f"targets {key}", height=80,
                         placeholder="TIC 261136679, TOI 700, KIC 11446443",
                         help="Commas or new lines between; any name that is known here does.")  # fmt: skip
    left, right = st.columns(2)
    given = right.file_uploader("or hand over a CSV", type="csv", key=f"targets upload {key}",
                                help="With target_id and, optionally, path of a local light curve.")  # fmt: skip
    if given is not None and st.session_state.get(f"taken {key}") != given.file_id:
        st.session_state[f"taken {key}"] = given.file_id
        with page.sentences():
            st.session_state[f"targets file {key}"] = str(uploads.save_targets(given.name, given.getvalue()))
    where = f"targets file {key}"
    if where not in st.session_state:
        st.session_state[where] = written.text("targets_file")
    path = left.text_input("CSV with target_id", key=where, placeholder="~/targets.csv",
                           help="And, optionally, path: of a local light curve.")  # fmt: skip
    found = tuple(dict.fromkeys(n.strip() for n in (names or "").replace("\n", ",").split(",") if n.strip()))
    return {"targets": found, "targets_file": (path or "").strip(), "fetch": _fetch(key)}


def _fetch(key: str) -> bool:
    return bool(st.checkbox("Fetch light curves that are not in the cache", written.text("fetch") == "true", key=f"fetch {key}",
                            help="From MAST; without it such stars fail with a reason."))  # fmt: skip


def _toi(key: str) -> dict[str, Any]:
    named = [d for d in written.text("dispositions").split(",") if d in DISPOSITIONS]
    chosen = st.pills(
        "Dispositions", DISPOSITIONS, selection_mode="multi", default=named, key=f"dispositions {key}",
        help="None chosen takes all. " + ", ".join(f"**{d}** {toi.DISPOSITIONS[d]}" for d in DISPOSITIONS),
    )  # fmt: skip
    dispositions = tuple(d for d in DISPOSITIONS if d in (chosen or ()))
    with _row():
        count = _count(key, "At most", "all")
        here, in_all = toi_sources.coverage(StarChoice(TRAINING_TOI, dispositions=dispositions))
        if in_all:
            st.caption(f"{here:,} of {in_all:,} stars cached", width="content")
        else:
            st.caption("There is no TOI list here yet.", width="content")
            page.link(address.TOIS, "Get the TOI list", ":material/download:")
    return {"dispositions": dispositions, "count": count, "fetch": _fetch(key)}


def _sectors(key: str) -> dict[str, Any]:
    choices = written.INSTRUMENTS
    with _row():
        mission = st.selectbox("Mission", choices, index=choices.index(written.one("mission", choices, choices[0])),
                               key=f"mission {key}", width=200)  # fmt: skip
        words = {"TESS": "Sectors", "Kepler": "Quarters", "K2": "Campaigns"}[str(mission)]
        numbers = st.text_input(words, written.text("sectors").replace(",", ", "), key=f"sectors {key}", placeholder="1, 2, 9",
                                width=260, help="Of what is in the cache; commas between.")  # fmt: skip
        count = _count(key, "At most", "all")
    return {"mission": str(mission), "sectors": tuple(n.strip() for n in (numbers or "").split(",") if n.strip()), "count": count}


def _folder(key: str) -> dict[str, Any]:
    folder = st.text_input("Folder", written.text("folder"), key=f"folder {key}", placeholder="~/lightcurves",
                           help="FITS, .npz or CSV; folders below it count too.")  # fmt: skip
    with _row():
        return {"folder": (folder or "").strip(), "mission": _mission(key, "Mission"), "count": _count(key, "At most", "all")}


def _cache(key: str) -> dict[str, Any]:
    with _row():
        mission, count = _mission(key, "Mission"), _count(key, "At most", "all")
        page.link(address.DATA, "Download more", ":material/download:")
    return {"mission": mission, "count": count}


def how_many(choice: SurveyChoice) -> tuple[int, str]:
    """How many stars the choice has, and that in a few words; where it has none, the words say why."""
    try:
        if choice.source == FOLDER:
            # Whose they are is told from inside some files: that is left to the survey.
            files = len(local.list_light_curves(Path(choice.folder).expanduser()))
            return files, f"{files:,} light-curve file{'s' * (files != 1)} in the folder."
        count = _counted(choice)
    except AstroSeqError as error:
        return 0, str(error)
    return count, f"{count:,} star{'s' * (count != 1)}." if count else "No star is like that here."


@st.cache_data(show_spinner=False, ttl=COUNT_SECONDS, max_entries=64)  # type: ignore[untyped-decorator]
def _counted(choice: SurveyChoice) -> int:
    return sources.count_of(choice)
