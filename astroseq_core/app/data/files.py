"""The user's own files on the Data page: a watched folder, and uploads."""

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from astroseq_core import settings, targets
from astroseq_core.app.data import state
from astroseq_core.app.explore import tables
from astroseq_core.app.shared import layout, opened, url_state
from astroseq_core.app.shared.folders import list_folder
from astroseq_core.app.shared.layout import escape
from astroseq_core.errors import AstroSeqError, CacheError, EphemerisError, LightCurveError, TargetError, UnknownTargetError
from astroseq_core.io import files, identifiers, local_files, read
from astroseq_core.io import tables as io_tables
from astroseq_core.io.ephemeris_table import REQUIRED_COLUMNS, EphemerisTable, read_table
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.plots.light_curve import single_observation_figure
from astroseq_core.plots.style import PLOTLY_CONFIG
from astroseq_core.preprocessing.prepare import DetrendedLightCurve, prepare
from astroseq_core.scoring.star_source import Source
from astroseq_core.targets import Target


@dataclass(frozen=True, eq=False)
class Upload:
    """Uploaded file that was read: a light curve, or a table of ephemerides.

    Attributes
    ----------
    name : str
        Name of the file.
    data : bytes
        Content of the file.
    detrended : DetrendedLightCurve or None
        The detrended light curve; None for a table.
    table : EphemerisTable or None
        The table; None for a light curve.
    """

    name: str
    data: bytes
    detrended: DetrendedLightCurve | None = None
    table: EphemerisTable | None = None

    @property
    def light_curve(self) -> LightCurve | None:
        """The light curve as read; None for a table."""
        return None if self.detrended is None else self.detrended.light_curve


def light_curve_folder() -> Path:
    """Return the folder of uploaded light curves, which is not part of the cache.

    Returns
    -------
    pathlib.Path
        The folder; it may not exist.
    """
    return settings.data_dir() / "uploads" / "lightcurves"


def ephemeris_folder() -> Path:
    """Return the folder of uploaded tables of ephemerides.

    Returns
    -------
    pathlib.Path
        The folder; it may not exist.
    """
    return settings.data_dir() / "uploads" / "ephemerides"


def read_upload(name: str, data: bytes, target: Target | None = None) -> Upload:
    """Read an uploaded file: a light curve (FITS, `.npz`, CSV) or a CSV table of ephemerides.

    Parameters
    ----------
    name : str
        Name of the file.
    data : bytes
        Content of the file.
    target : Target, optional
        Star of the light curve, where neither content nor name tells it.

    Returns
    -------
    Upload
        The file with what was read from it.

    Raises
    ------
    UnknownTargetError
        If a light curve needs a `target`.
    LightCurveError
        If the file is empty or not a usable light curve.
    EphemerisError
        If a table has no usable ephemeris.
    """
    if not data:
        raise LightCurveError(f"{name} is empty (0 bytes); choose it again.")
    if identifiers.file_ending(Path(name)) == ".csv" and _is_ephemeris_table(data):
        return Upload(name, data, table=_read_ephemerides(name, data))
    return Upload(name, data, detrended=prepare(read.parse_light_curve(data, name, target=target)))


def _is_ephemeris_table(data: bytes) -> bool:
    """Return whether a CSV is a table of ephemerides: it has some of its columns and no flux."""
    header = {column.strip().lower() for column in io_tables.csv_header(data)}
    return "flux" not in header and len(header & set(REQUIRED_COLUMNS)) >= 2


def _read_ephemerides(name: str, data: bytes) -> EphemerisTable:
    with files.temporary_folder(CacheError) as place:
        path = place / safe_file_name(name)
        path.write_bytes(data)
        found = read_table(path)
    if not found.ephemerides:
        why = f" {found.problems[0]}" if found.problems else ""
        raise EphemerisError(f"{name} holds not one usable ephemeris.{why}")
    return found


def safe_file_name(name: str) -> str:
    """Return a safe file name: no folder, no leading dot, only harmless characters.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    str
        File name of at most 80 characters plus the original suffix.

    Examples
    --------
    >>> safe_file_name("../my star.csv"), safe_file_name("...")
    ('my_star.csv', 'file')
    """
    bare = re.split(r"[/\\]", name)[-1]
    ending = identifiers.file_ending(Path(bare))
    stem = re.sub(r"[^A-Za-z0-9._\-]+", "_", bare[: len(bare) - len(ending)]).strip("._-")[:80]
    return (stem or "file") + ending


def save_upload(upload: Upload) -> Path:
    """Save an uploaded file.

    A file of the same name and content is kept as it is; with other content the new name gets a
    number. The star is added to the name of a light curve that does not contain it.

    Parameters
    ----------
    upload : Upload
        The file.

    Returns
    -------
    pathlib.Path
        Path of the saved file.

    Raises
    ------
    CacheError
        If it cannot be written.
    """
    name, place = safe_file_name(upload.name), ephemeris_folder()
    if upload.light_curve is not None:
        place = light_curve_folder()
        if identifiers.target_from_name(Path(name)) != upload.light_curve.target:
            name = f"{upload.light_curve.target.slug}__{name}"
    ending = identifiers.file_ending(Path(name))
    for number in range(1, 10_000):
        path = place / (name if number == 1 else f"{name[: len(name) - len(ending)]}-{number}{ending}")
        if not path.exists():
            break
        if path.read_bytes() == upload.data:
            return path
    files.write_bytes_atomically(path, upload.data, CacheError)
    return path


def list_ephemeris_tables() -> tuple[Path, ...]:
    """Return the uploaded tables of ephemerides.

    Returns
    -------
    tuple of pathlib.Path
        Paths, ordered by name.
    """
    return tuple(sorted(p for p in ephemeris_folder().glob("*.csv") if not p.name.startswith(".")))


def save_targets_table(name: str, data: bytes) -> Path:
    """Save an uploaded table of targets; one of the same name is replaced.

    Parameters
    ----------
    name : str
        Name of the file.
    data : bytes
        Content of the file.

    Returns
    -------
    pathlib.Path
        Path of the saved file.

    Raises
    ------
    LightCurveError
        If the file is not a table of targets.
    TargetError
        If a target in it is not valid.
    CacheError
        If it cannot be written.
    """
    path = settings.data_dir() / "uploads" / "targets" / safe_file_name(name)
    with files.AtomicFile(path) as new:
        new.write(data)
        local_files.read_targets_file(new.path)
    return path


#: Time between two looks at a folder for new files [s].
POLL_SECONDS = 5
#: Most star names listed.
MAX_NAMES_SHOWN = 8


def draw_files() -> None:
    """Draw the tab."""
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        st.markdown(
            "**A folder of yours**  \nFITS, `.npz` and CSV light curves, in folders below it, too. Nothing is copied; "
            "files that are added to it show up by themselves."
        )
        state.FOLDER.fill_field()
        folder = st.text_input(
            "Folder",
            key=state.FOLDER.name,
            on_change=opened.remember_field,
            args=(state.FOLDER.name,),
            placeholder="~/lightcurves",
            label_visibility="collapsed",
            icon=":material/folder_open:",
        )
        state.FOLDER.write(str(folder or "").strip())
        if (folder or "").strip():
            st.fragment(_draw_folder, run_every=POLL_SECONDS)(str(folder).strip())
    with right.container(border=True, height="stretch"):
        st.markdown(
            "**Files from your computer**  \nA light curve (FITS, `.npz` or CSV) or a table of ephemerides (CSV). You see each "
            "before it is kept; it opens in Explore then."
        )
        given = st.file_uploader("Files", accept_multiple_files=True, key="upload", label_visibility="collapsed")
    for number, file in enumerate(given or []):
        with st.container(border=True):
            _draw_upload(file.name, file.getvalue(), f"{number} {file.name}")
    _draw_kept_files()
    if not given and not (folder or "").strip():
        _draw_examples()


#: A light curve and a table of ephemerides as text: what each looks like, its name, and its first lines.
EXAMPLE_FILES = (
    (
        "**A light curve as CSV.** Days of the mission (BTJD, BKJD) or Julian dates; flux in any unit. The star stands in the "
        "file's name, in a column `target_id`, or you are asked.",
        "TIC_261136679__mine.csv",
        "time,flux,flux_err\n1325.295367,1.00012,0.00012\n1325.296756,0.99987,0.00012\n1325.298145,1.00003,0.00012\n",
    ),
    (
        "**Known transits as CSV.** One row a signal; they are laid over the light curves and folded on. Depth and errors may be "
        "added.",
        "known.csv",
        "target_id,name,period_days,t0,t0_system,duration_hours\nTIC 261136679,pi Men c,6.26784,2458325.50400,BJD,2.95\n",
    ),
)


def _draw_examples() -> None:
    """Draw what files look like, with examples to take away."""
    for column, (words, name, text) in zip(st.columns(2, gap="medium"), EXAMPLE_FILES, strict=True):
        with column:
            st.markdown(words)
            st.code(text.rstrip(), language=None)
            st.download_button(
                f"Save as {name}", text, name, "text/csv", key=f"example {name}", type="tertiary", icon=":material/download:"
            )
    st.caption(
        "FITS files of the missions, QLP, eleanor, K2SFF, EVEREST and others are read as they are; docs/files.md lists all."
    )


def _draw_folder(folder: str) -> None:
    """Draw the number of stars and files in a folder, and a button that opens them."""
    with layout.errors_as_messages():
        listing = list_folder(folder)
        paths, found = listing.paths, listing.files
        if not paths:
            st.warning(
                f"There is no light curve in {escape(folder)} yet; FITS, .npz and CSV files are looked for.",
                icon=":material/folder_off:",
            )
            return
        stars = list(found.by_target)
        count = sum(map(len, found.by_target.values()))
        more = f" and {len(stars) - MAX_NAMES_SHOWN} more" if len(stars) > MAX_NAMES_SHOWN else ""
        st.markdown(
            f"**{len(stars)}** star{'s' * (len(stars) != 1)} in **{count}** file{'s' * (count != 1)}: "
            f"{escape(', '.join(stars[:MAX_NAMES_SHOWN]))}{more}."
            if stars
            else f"{len(paths)} files, and of none can its star be told. {escape(identifiers.NAMING_ADVICE)}"
        )
        layout.draw_problems(found.problems)
        if stars and st.button("Open in Explore", key="open folder", type="primary"):
            _open_in_explore(stars[0], folder)


def _open_in_explore(star: str, folder: str, table: str = "") -> None:
    named = {"ephemerides": table} if table else {}
    st.switch_page(
        url_state.EXPLORE, query_params={"source": Source.FOLDER.address_word, "folder": folder, "target": star, **named}
    )


def _draw_upload(name: str, data: bytes, key: str) -> None:
    """Draw the preview of an uploaded file with a button that saves it, or what is wrong with it."""
    try:
        try:
            upload = read_upload(name, data)
        except UnknownTargetError as error:
            star = _ask_target(name, error, key)
            if star is None:
                return
            upload = read_upload(name, data, star)
        if upload.detrended is not None:
            _draw_light_curve(upload, key)
        else:
            _draw_ephemerides(upload)
        _draw_keep_button(upload, key)
    except AstroSeqError as error:
        st.error(f"**{escape(name)}** cannot be used. {escape(error)}", icon=":material/error:")


def _ask_target(name: str, error: UnknownTargetError, key: str) -> Target | None:
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


def _draw_light_curve(upload: Upload, key: str) -> None:
    detrended = upload.detrended
    if detrended is None:
        return
    curve = detrended.light_curve
    st.markdown(
        f"**{escape(upload.name)}**: {curve.target}, {curve.instrument.name}, {len(detrended.time):,} usable cadences every "
        f"{detrended.cadence_minutes:.3g} min, {detrended.noise_text} per cadence"
    )
    st.plotly_chart(
        single_observation_figure(detrended, (), height=260),
        key=f"preview {key}",
        config={**PLOTLY_CONFIG, "displayModeBar": False},
        alt=f"Light curve in {upload.name}",
    )


def _draw_ephemerides(upload: Upload) -> None:
    table = upload.table
    if table is None:
        return
    stars = len({e.target_id for e in table.ephemerides})
    count = len(table.ephemerides)
    words = f"{count} ephemeri{'des' if count != 1 else 's'} of {stars} star{'s' * (stars != 1)}"
    st.markdown(f"**{escape(upload.name)}**: {words}")
    st.dataframe(
        tables.published_table(table.ephemerides),
        hide_index=True,
        width="stretch",
        height=min(260, 38 + 35 * len(table.ephemerides)),
    )
    layout.draw_problems(tuple(str(p) for p in table.problems))


def _draw_keep_button(upload: Upload, key: str) -> None:
    if st.button("Keep it", key=f"keep {key}", type="primary", icon=":material/save:"):
        path = save_upload(upload)
        st.success(f"Kept as {escape(path)}.", icon=":material/check:")


def _draw_kept_files() -> None:
    """Draw the files that were uploaded before, and a button that opens them."""
    if not light_curve_folder().is_dir() and not list_ephemeris_tables():
        return
    curves = list_folder(light_curve_folder()).files if light_curve_folder().is_dir() else local_files.FilesByTarget({})
    names = [p.name for p in list_ephemeris_tables()]
    count = sum(map(len, curves.by_target.values()))
    st.caption(
        f"Kept so far in {escape(light_curve_folder().parent)}: {count} light curve{'s' * (count != 1)} "
        f"of {len(curves.by_target)} star{'s' * (len(curves.by_target) != 1)}, "
        f"{len(names)} table{'s' * (len(names) != 1)} of ephemerides."
    )
    if curves.by_target:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            star = st.selectbox("Kept star", tuple(curves.by_target), width=220)
            table = st.selectbox("With ephemerides", ("", *names), format_func=lambda n: n or "of the catalogs", width=260)
            if st.button("Open", key="open kept"):
                _open_in_explore(str(star), str(light_curve_folder()), str(ephemeris_folder() / table) if table else "")
