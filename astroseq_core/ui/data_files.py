"""The Data page's own files: a folder to watch, and files handed over with a look at each before it is kept."""

from pathlib import Path

import streamlit as st

from astroseq_core import targets
from astroseq_core.errors import AstroSeqError, LightCurveError, TargetError, UnknownTargetError
from astroseq_core.figures.layout import CONFIG
from astroseq_core.figures.star import hero_figure
from astroseq_core.lightcurves import local, naming
from astroseq_core.targets import Target
from astroseq_core.ui import address, page, tables, uploads
from astroseq_core.ui.kept import Kept
from astroseq_core.ui.page import escape
from astroseq_core.ui.uploads import Upload

#: How often a folder is looked at for new files [s].
LOOK_SECONDS = 5
#: So many names of stars are written out.
NAMES_SHOWN = 8


def show() -> None:
    """Draw it."""
    st.markdown("**A folder of yours**  \nFITS, `.npz` and CSV light curves; files that are added to it show up by themselves.")
    folder = st.text_input(
        "Folder", key="folder", bind="query-params", placeholder="~/lightcurves", label_visibility="collapsed",
        icon=":material/folder_open:",
    )  # fmt: skip
    if (folder or "").strip():
        st.fragment(_folder, run_every=LOOK_SECONDS)(str(folder).strip())
    st.space("small")
    st.markdown(
        "**Files from your computer**  \nA light curve (FITS, `.npz`, or CSV with `time,flux`) or a table of ephemerides (CSV "
        "with `target_id,name,period_days,t0,t0_system,duration_hours`). You see each before it is kept."
    )
    given = st.file_uploader("Files", accept_multiple_files=True, key="upload", label_visibility="collapsed")
    for number, file in enumerate(given or []):
        with st.container(border=True):
            _upload(file.name, file.getvalue(), f"{number} {file.name}")
    _kept_so_far()


def _folder(folder: str) -> None:
    """How many files and stars are in the folder now, and the way to them."""
    with page.sentences():
        paths = local.list_light_curves(Path(folder).expanduser())
        found = _grouped(paths)
        if not paths:
            st.warning(
                f"There is no light curve in {escape(folder)} yet; FITS, .npz and CSV files are looked for.",
                icon=":material/folder_off:",
            )
            return
        stars = list(found.by_target)
        count = sum(map(len, found.by_target.values()))
        more = f" and {len(stars) - NAMES_SHOWN} more" if len(stars) > NAMES_SHOWN else ""
        st.markdown(
            f"**{len(stars)}** star{'s' * (len(stars) != 1)} in **{count}** file{'s' * (count != 1)}: "
            f"{', '.join(stars[:NAMES_SHOWN])}{more}."
            if stars
            else f"{len(paths)} files, and of none can its star be told. {escape(naming.HOW_TO_NAME)}"
        )
        page.problems(found.problems)
        if stars and st.button("Open in Explore", key="open folder", type="primary"):
            _explore(stars[0], folder)


def _grouped(paths: list[Path]) -> local.Grouped:
    """The files by star, told anew only where a file came or changed."""
    kept, key = _memory(), tuple((str(p), p.stat().st_mtime_ns) for p in paths if p.exists())
    found = kept.get(key)
    if found is None:
        found = local.group_by_target(paths)
        kept.put(key, found)
    return found  # type: ignore[no-any-return]


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _memory() -> Kept:
    return Kept(4)


def _explore(star: str, folder: str, table: str = "") -> None:
    named = {"ephemerides": table} if table else {}
    st.switch_page(address.EXPLORE, query_params={"source": "files", "folder": folder, "target": star, **named})


def _upload(name: str, data: bytes, key: str) -> None:
    """One file that was handed over: a look at it and the button that keeps it, or what is wrong with it."""
    try:
        try:
            upload = uploads.understand(name, data)
        except UnknownTargetError as error:
            star = _whose(name, error, key)
            if star is None:
                return
            upload = uploads.understand(name, data, star)
        if upload.prepared is not None:
            _curve(upload, key)
        else:
            _table(upload)
        _keep(upload, key)
    except AstroSeqError as error:
        st.error(f"**{escape(name)}** cannot be used. {escape(error)}", icon=":material/error:")


def _whose(name: str, error: UnknownTargetError, key: str) -> Target | None:
    st.warning(
        f"**{escape(name)}** does not say which star it is of.",
        icon=":material/help:",
    )
    text = st.text_input(
        "Which star is it?", key=f"whose {key}", placeholder="TIC 261136679, KIC 11446443 or EPIC 201367065", width=320
    )
    if not text:
        return None
    try:
        return targets.parse_star(text)
    except TargetError as wrong:
        raise LightCurveError(str(wrong)) from error


def _curve(upload: Upload, key: str) -> None:
    prepared = upload.prepared
    if prepared is None:
        return
    curve = prepared.curve
    st.markdown(
        f"**{escape(upload.name)}**: {curve.target}, {curve.instrument.name}, {len(prepared.time):,} usable cadences every "
        f"{prepared.cadence_minutes:.3g} min, {prepared.noise_ppm:,.0f} ppm of noise"
    )
    st.plotly_chart(hero_figure(prepared, (), height=260), key=f"preview {key}", config={**CONFIG, "displayModeBar": False},
                    alt=f"Light curve in {upload.name}")  # fmt: skip


def _table(upload: Upload) -> None:
    table = upload.table
    if table is None:
        return
    stars = len({e.target_id for e in table.ephemerides})
    count = len(table.ephemerides)
    words = f"{count} ephemeri{'des' if count != 1 else 's'} of {stars} star{'s' * (stars != 1)}"
    st.markdown(f"**{escape(upload.name)}**: {words}")
    st.dataframe(
        tables.published(table.ephemerides), hide_index=True, width="stretch", height=min(260, 38 + 35 * len(table.ephemerides))
    )
    page.problems(tuple(str(p) for p in table.problems))


def _keep(upload: Upload, key: str) -> None:
    if st.button("Keep it", key=f"keep {key}", type="primary", icon=":material/save:"):
        path = uploads.save(upload)
        st.success(f"Kept as {escape(path)}.", icon=":material/check:")


def _kept_so_far() -> None:
    """What was handed over before, and the way to it."""
    if not uploads.folder().is_dir() and not uploads.saved_tables():
        return
    curves = _grouped(local.list_light_curves(uploads.folder())) if uploads.folder().is_dir() else local.Grouped({})
    names = [p.name for p in uploads.saved_tables()]
    count = sum(map(len, curves.by_target.values()))
    st.caption(
        f"Kept so far in {escape(uploads.folder().parent)}: {count} light curve{'s' * (count != 1)} of {len(curves.by_target)} "
        f"star{'s' * (len(curves.by_target) != 1)}, {len(names)} table{'s' * (len(names) != 1)} of ephemerides."
    )
    if curves.by_target:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            star = st.selectbox("Kept star", tuple(curves.by_target), width=220)
            table = st.selectbox("With ephemerides", ("", *names), format_func=lambda n: n or "of the catalogues", width=260)
            if st.button("Open", key="open kept"):
                _explore(str(star), str(uploads.folder()), str(uploads.tables_folder() / table) if table else "")
