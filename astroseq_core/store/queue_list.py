"""A queue's stars from a table that a person gives."""

import os
from pathlib import Path

from astroseq_core.ephemeris import RowProblem
from astroseq_core.errors import TargetError
from astroseq_core.store.queue_orders import Item


def from_csv(source: Path | str, name: str = "the list") -> tuple[tuple[Item, ...], tuple[RowProblem, ...]]:
    """The stars of a CSV with ``target_id`` and, optionally, ``path`` of a light curve, in its order, and each unusable row.

    ``source``: the file, or its text. Several rows of a star are several light curves of it. A TOI or KOI number is looked up in
    the catalogues that are here. Relative paths are from the file's folder, of a text from the working folder. Raises
    LightCurveError or a subclass when the table cannot be read as one.
    """
    from astroseq_core import missions
    from astroseq_core.archive import names
    from astroseq_core.lightcurves import local, reading

    if isinstance(source, Path):
        source = source.expanduser()
        name, folder = source.name, source.parent
        data = reading.read_bytes(source)
    else:
        folder, data = Path(), source.encode("utf-8", "replace")
    rows, problems = local.parse_targets(data, name, folder)
    paths: dict[str, list[Path]] = {}
    for row in rows:
        where = f"{name}, line {row.line}"
        try:
            target_id = names.resolve(row.target_id, online=False).target.id
        except TargetError as error:
            problems.append(RowProblem(row.target_id, where, str(error)))
            continue
        if row.path is not None and not row.path.exists():
            problems.append(RowProblem(row.target_id, where, f"There is no file or folder {row.path}; check the path."))
            continue
        paths.setdefault(target_id, []).extend([row.path] if row.path is not None else [])
    problems.sort(key=lambda problem: int(problem.where.rsplit(" ", 1)[1]))
    simulated = f"{missions.SIMULATED.prefix} "
    return tuple(Item(t, _place(t, files, t.startswith(simulated))) for t, files in paths.items()), tuple(problems)


def _place(target_id: str, files: list[Path], simulated: bool) -> dict[str, str]:
    """What Explore's address says to open the star: the file, the folder that holds all of several, or the cache."""
    if files:
        absolute = sorted({str(path.absolute()) for path in files})
        folder = absolute[0] if len(absolute) == 1 else os.path.commonpath(absolute)
        return {"source": "files", "folder": folder, "target": target_id}
    return {"target": target_id} if simulated else {"source": "cache", "target": target_id}
