"""The form's stars: where the real ones come from, and how many simulated ones join them."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from astroseq_core import missions, targets
from astroseq_core.archive import toi
from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.training import sources
from astroseq_core.training.choice import CACHE, DISPOSITIONS, FOLDER, SIMULATED, SOURCES, TOI, StarChoice
from astroseq_core.training.recipes import Recipe
from astroseq_core.ui import address, downloads, page, train_check
from astroseq_core.ui import train_address as written
from astroseq_core.ui import train_settings as settings
from astroseq_core.ui.page import escape
from astroseq_core.ui.train_field import field, key

NAMES = {SIMULATED: "simulated only", CACHE: "cached stars", TOI: "TOIs", FOLDER: "a folder"}
ANY = "all that the recipe takes"
#: One download fetches at most so many stars; the next follows when it is done.
AT_ONCE = 25


@dataclass(frozen=True)
class Stars:
    """The choice of real stars, or the sentence that says what is wrong with it, and ``numbers`` of simulated ones by setting."""

    choice: StarChoice | str
    numbers: dict[str, Any]


def usual_source(recipe: Recipe) -> str:
    """The source that needs nothing else, where the recipe has simulated stars; a folder where it has none."""
    if recipe.labels == train_check.SEQUENTIAL:
        return FOLDER
    return SIMULATED if any(recipe.simulated.values()) else FOLDER


def choose(recipe: Recipe, start: dict[str, object]) -> Stars:
    """Draw it, and say what was chosen."""
    st.markdown("**Stars**")
    usual = usual_source(recipe)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        source = st.segmented_control(
            "Learn from", SOURCES, default=written.one("source", SOURCES, usual), required=True, key=key(recipe, "source"),
            format_func=lambda s: NAMES[s],
            help="**simulated only** needs no download. Real stars of the **cache**, of the **TOI** list or of a **folder** "
            "come with the simulated ones below.",
        )  # fmt: skip
        numbers = {}
        if recipe.labels != train_check.SEQUENTIAL:
            for setting in settings.simulated(recipe):
                with st.container(width=200):
                    numbers[setting.name] = field(recipe, setting, start)
    source = str(source or usual)
    said: dict[str, Any] = {}
    if source == CACHE:
        said = _cache(recipe)
    elif source == TOI:
        said = _toi(recipe)
    elif source == FOLDER:
        said = _folder(recipe)
    exclude = _excluded(recipe) if source != SIMULATED else ()
    texts = {name: ",".join(v) if isinstance(v, tuple) else v for name, v in (said | {"exclude": exclude}).items()}
    written.write({"source": source if source != usual else None})
    written.write({name: texts.get(name) or None for name in written.STARS if name not in ("source", "verdicts")})
    try:
        parsed = tuple(targets.parse_star(name).id for name in exclude)
        return Stars(StarChoice(source=source, exclude=parsed, **said), numbers)
    except AstroSeqError as error:
        return Stars(str(error), numbers)


def _cache(recipe: Recipe) -> dict[str, Any]:
    choices = (ANY, *(m for m in missions.MISSIONS if m in recipe.instruments))
    at_first = written.one("mission", choices, ANY)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        mission = st.selectbox("Mission", choices, index=choices.index(at_first), key=key(recipe, "mission"), width=260)
        chosen = "" if mission == ANY else str(mission)
        here = sum(sources.coverage(StarChoice(CACHE, mission=m))[0] for m in ((chosen,) if chosen else recipe.instruments))
        st.caption(f"{here:,} star{'s' * (here != 1)} of {chosen or ' and '.join(recipe.instruments)} in the cache")
        page.link(address.DATA, "Download more", ":material/download:")
    return {"mission": chosen}


def _toi(recipe: Recipe) -> dict[str, Any]:
    chosen = st.pills(
        "Dispositions", DISPOSITIONS, selection_mode="multi", default=written.several("dispositions", DISPOSITIONS),
        key=key(recipe, "dispositions"), help="None chosen takes all. "
        + ", ".join(f"**{d}** {toi.DISPOSITIONS[d]}" for d in DISPOSITIONS),
    )  # fmt: skip
    dispositions = tuple(d for d in DISPOSITIONS if d in (chosen or ()))
    choice = StarChoice(TOI, dispositions=dispositions)
    here, in_all = sources.coverage(choice)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if not in_all:
            st.caption("There is no TOI list here yet.")
            page.link(address.TOIS, "Get the TOI list", ":material/download:")
        else:
            st.caption(f"**{here:,} of {in_all:,} cached**")
            count = min(AT_ONCE, in_all - here)
            st.button(f"Download {count} more", key="download toi stars", icon=":material/download:", on_click=_download,
                      args=(dispositions,), disabled=not count or downloads.running())  # fmt: skip
            page.link(address.DATA, "Choose on the Data page", ":material/database:")
    return {"dispositions": dispositions}


def _download(dispositions: tuple[str, ...]) -> None:
    here = set(LightCurveCache().targets())
    missing = [name for name in sources.toi_stars(dispositions) if name not in here][:AT_ONCE]
    downloads.begin([targets.parse_star(name) for name in missing])


def _folder(recipe: Recipe) -> dict[str, Any]:
    left, right = st.columns(2)
    folder = left.text_input("Folder", written.text("folder"), key=key(recipe, "folder"), placeholder="~/lightcurves",
                             help="FITS, .npz or CSV; folders below it count too.")  # fmt: skip
    wanted = recipe.labels != "injected"
    table = right.text_input("Ephemerides (CSV)", written.text("ephemerides"), key=key(recipe, "ephemerides"),
                             placeholder="what transits in them" if wanted else "optional: stars in it are left out",
                             help="Columns target_id, name, period_days, t0, t0_system, duration_hours.")  # fmt: skip
    return {"folder": (folder or "").strip(), "ephemerides": (table or "").strip()}


def _excluded(recipe: Recipe) -> tuple[str, ...]:
    """Stars that are not to be trained on."""
    names = st.text_input("Leave out", written.text("exclude"), key=key(recipe, "exclude"),
                          placeholder="no star, or TIC 261136679, KIC 11446443",
                          help="Stars to keep for judging by eye; commas between.")  # fmt: skip
    found = tuple(dict.fromkeys(n.strip() for n in (names or "").split(",") if n.strip()))
    if found:
        st.caption(f"{len(found)} left out: {escape(', '.join(found))}")
    return found
