"""Light-curve cache: one `.npz` file per observation, pixel columns beside it, plus an index."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from astroseq_core import settings, targets
from astroseq_core.errors import AstroSeqError, CacheError, CorruptFileError
from astroseq_core.io import cache_extras, cache_index, cache_records, files, npz
from astroseq_core.io.cache_extras import AbsenceStore, PixelColumnStore
from astroseq_core.io.cache_index import LIGHT_CURVE_KIND, CacheEntry, CacheKey
from astroseq_core.io.cache_records import CachedObservation, VerifyReport
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.targets import Target
from astroseq_core.type_names import AnyArray, Arrays, JsonObject
from astroseq_core.typed_json import DAMAGE, convert

log = logging.getLogger(__name__)

_ARRAYS_PREFIX = "arrays:"
#: Number of targets in one query of the index.
TARGETS_PER_QUERY = 1000


class LightCurveCache(PixelColumnStore, AbsenceStore):
    """Cache of light curves, one `.npz` file each, and of other arrays that can be recomputed.

    Pixel columns are stored in files of their own, which are counted and deleted with their light
    curve.

    Several threads and processes may use one folder at once. Files are written under temporary
    names, renamed when they are complete, and checked by their SHA-256 on reading. A damaged file
    is moved to `damaged/` and treated as absent.

    Parameters
    ----------
    folder : Path, optional
        Folder of the cache; by default `lightcurves` in AstroSeq's cache folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = settings.cache_dir() / "lightcurves" if folder is None else Path(folder)
        self._index = cache_index.CacheIndex(self.folder, self._entries_on_disk)

    # ---- light curves

    def put(self, curve: LightCurve, *, author: str | None = None, exposure_seconds: float | None = None) -> None:
        """Store a light curve under its target, observation, author and exposure.

        Parameters
        ----------
        curve : LightCurve
            The light curve.
        author : str, optional
            Author to store it under; by default its own.
        exposure_seconds : float, optional
            Exposure to store it under [s]; by default its cadence.
        """
        key = CacheKey(
            LIGHT_CURVE_KIND,
            curve.target.slug,
            curve.observation,
            curve.author if author is None else author,
            round(curve.cadence_minutes * 60 if exposure_seconds is None else exposure_seconds),
        )
        self._write(key, *cache_records.pack_light_curve(curve))

    def get(
        self, target: Target, observation: str, *, author: str | None = None, exposure_seconds: float | None = None
    ) -> LightCurve | None:
        """Load the light curve of an observation.

        If no author or exposure is given, those closest to the mission's usual product come first.

        Parameters
        ----------
        target : Target
            The star.
        observation : str
            Name of the observation.
        author : str, optional
            Only light curves of this author.
        exposure_seconds : float, optional
            Only light curves of this exposure [s].

        Returns
        -------
        LightCurve or None
            The light curve; None if none is stored.

        Raises
        ------
        CacheError
            If the file cannot be read or a newer version of AstroSeq wrote it.
        """
        where, values = ["kind = ?", "target = ?", "observation = ?"], [LIGHT_CURVE_KIND, target.slug, observation]
        if author is not None:
            where.append("author = ?")
            values.append(author)
        if exposure_seconds is not None:
            where.append("exposure = ?")
            values.append(str(round(exposure_seconds)))
        usual = target.mission

        def rank(entry: CacheEntry) -> tuple[bool, float]:
            return entry.key.author != usual.author, abs(entry.key.exposure_seconds - 60 * usual.cadence_minutes)

        found = self._read_first(" AND ".join(where), tuple(values), rank)
        return None if found is None else cache_records.unpack_light_curve(*found)

    def targets(self) -> tuple[str, ...]:
        """Return the identifiers of all targets with a light curve.

        Returns
        -------
        tuple of str
            Identifiers, sorted by catalog and number.
        """
        with self._index.open() as connection:
            rows = connection.execute("SELECT DISTINCT target FROM files WHERE kind = ?", (LIGHT_CURVE_KIND,)).fetchall()
        stars = [star for row in rows if (star := cache_index.star_or_none(row[0])) is not None]
        return tuple(star.id for star in sorted(stars, key=lambda star: (star.prefix, int(star.number))))

    def observations(self, target: Target) -> tuple[str, ...]:
        """Return the names of a target's stored observations.

        Parameters
        ----------
        target : Target
            The star.

        Returns
        -------
        tuple of str
            Names, sorted, each once.
        """
        return tuple(dict.fromkeys(entry.observation for entry in self.entries(target)))

    def entries(self, target: Target | None = None) -> tuple[CachedObservation, ...]:
        """Return the stored light curves of one target or of all.

        Parameters
        ----------
        target : Target, optional
            The star; by default all.

        Returns
        -------
        tuple of CachedObservation
            Light curves sorted by target, observation, author and exposure. Sizes include the pixel
            columns.
        """
        kinds: tuple[object, ...] = (LIGHT_CURVE_KIND, cache_extras.PIXELS_KIND)
        where, values = ("kind IN (?, ?)", kinds) if target is None else ("kind IN (?, ?) AND target = ?", (*kinds, target.slug))
        with self._index.open() as connection:
            found = [
                e
                for e in cache_extras.merge_pixel_entries(cache_index.select_entries(connection, where, values))
                if e.key.kind == LIGHT_CURVE_KIND
            ]
        return tuple(
            CachedObservation(
                targets.parse_star(e.key.target).id,
                e.key.observation,
                e.key.author,
                e.key.exposure_seconds,
                e.size_bytes,
                *cache_index.file_times(self.folder / e.file),
            )
            for e in found
        )

    def files(self, target: Target) -> tuple[CacheEntry, ...]:
        """Return the index entries of a target's light curves, without looking at the files.

        Parameters
        ----------
        target : Target
            The star.

        Returns
        -------
        tuple of CacheEntry
            The entries, with their SHA-256.
        """
        with self._index.open() as connection:
            return tuple(cache_index.select_entries(connection, "kind = ? AND target = ?", (LIGHT_CURVE_KIND, target.slug)))

    def index_entries_by_target(self) -> Iterator[tuple[str, tuple[CacheEntry, ...]]]:
        """Iterate over all targets and the index entries of their light curves.

        Targets are read from the index in batches, so that memory does not grow with their number.

        Yields
        ------
        tuple of (str, tuple of CacheEntry)
            Identifier of a target and its entries; targets come in the order of their slugs.
        """
        after = ""
        while True:
            with self._index.open() as connection:
                entries = cache_index.select_entries_after(connection, LIGHT_CURVE_KIND, after, TARGETS_PER_QUERY)
            for slug, group in groupby(entries, key=lambda entry: entry.key.target):
                after = slug
                yield targets.parse_star(slug).id, tuple(group)
            if not entries:
                return

    # ---- other arrays

    def save_arrays(self, kind: str, key: str, **arrays: AnyArray) -> None:
        """Store arrays that can be recomputed.

        Parameters
        ----------
        kind : str
            Kind of the arrays, any text.
        key : str
            Key within the kind, any text.
        **arrays : ndarray
            Arrays of any shape, by name.
        """
        self._write(
            CacheKey(_ARRAYS_PREFIX + kind, "", key), {"kind": kind, "key": key}, {k: np.asarray(v) for k, v in arrays.items()}
        )

    def load_arrays(self, kind: str, key: str) -> Arrays | None:
        """Load stored arrays.

        Parameters
        ----------
        kind : str
            Kind of the arrays.
        key : str
            Key within the kind.

        Returns
        -------
        dict of str to ndarray, or None
            The arrays by name; None if none are stored.
        """
        found = self._read_first("kind = ? AND observation = ?", (_ARRAYS_PREFIX + kind, key))
        return None if found is None else found[1]

    # ---- upkeep

    def verify(self) -> VerifyReport:
        """Check every file, move damaged ones aside, correct the index and delete leftovers.

        Returns
        -------
        VerifyReport
            What was found.
        """
        damaged: list[str] = []
        missing: list[str] = []
        with self._index.open() as connection:
            entries = cache_index.select_entries(connection)
        for entry in entries:
            try:
                self._read(entry)
            except FileNotFoundError:
                missing.append(entry.file)
                self._forget(entry)
            except CorruptFileError as error:
                damaged.append(entry.file)
                self._set_aside(entry, error)
        with self._index.open(write=True) as connection:
            damaged += cache_index.delete_damaged_rows(connection)
        known = {entry.file for entry in entries}
        adopted: list[str] = []
        for entry in self._entries_on_disk(skip=known):
            with self._index.open(write=True) as connection:
                if cache_index.find_entry(connection, entry.key) is None:
                    cache_index.upsert_entry(connection, entry)
                    adopted.append(entry.file)
        leftovers = files.remove_stale_temporaries(self.folder)
        return VerifyReport(len(entries), tuple(damaged), tuple(missing), tuple(adopted), leftovers)

    def purge(self, target: Target | None = None) -> int:
        """Delete all files and records of one target, or of all.

        Parameters
        ----------
        target : Target, optional
            The star; by default all.

        Returns
        -------
        int
            Freed space [bytes].
        """
        with self._index.open(write=True) as connection:
            entries = [e for e in cache_index.select_entries(connection) if target is None or e.key.target == target.slug]
            for entry in entries:
                files.remove_file(self.folder / entry.file)
                cache_index.delete_entry(connection, entry)
        self.delete_absences(target)
        self.delete_failures(target)
        freed = sum(entry.size_bytes for entry in entries)
        if target is None:
            for path in (*self._paths(), *(self.folder / cache_index.DAMAGED_FOLDER).glob("*")):
                freed += path.stat().st_size
                files.remove_file(path)
            files.remove_stale_temporaries(self.folder)
        return freed

    def size_bytes(self) -> int:
        """Return the total size of all stored files.

        Returns
        -------
        int
            Size [bytes].
        """
        with self._index.open() as connection:
            (total,) = connection.execute("SELECT COALESCE(SUM(bytes), 0) FROM files").fetchone()
        return int(total)

    def trim(self, budget_bytes: int | None = None, keep: Iterable[Target] = ()) -> tuple[str, ...]:
        """Delete the least recently read files until the cache is within its size limit.

        Parameters
        ----------
        budget_bytes : int, optional
            The limit [bytes]; by default the one that was set.
        keep : iterable of Target, optional
            Targets whose files are kept regardless of the limit.

        Returns
        -------
        tuple of str
            The deleted files.
        """
        limit = self.budget_bytes if budget_bytes is None else budget_bytes
        if limit is None:
            return ()
        spared = {target.slug for target in keep}
        with self._index.open(write=True) as connection:
            entries = cache_index.select_entries(connection)
            own = cache_extras.pixel_entries_by_owner(entries)
            out = cache_index.entries_to_evict(
                [e for e in cache_extras.merge_pixel_entries(entries) if e.key.target not in spared],
                sum(e.size_bytes for e in entries) - limit,
                self.folder,
            )
            for entry in [*out, *(own[e.key] for e in out if e.key in own)]:
                files.remove_file(self.folder / entry.file)
                cache_index.delete_entry(connection, entry)
        return tuple(entry.file for entry in out)

    # ---- files

    def _write(self, key: CacheKey, header: JsonObject, arrays: Arrays) -> None:
        data = npz.encode_npz({**header, "cache_key": list(key.row)}, arrays)
        digest = files.sha256_hex(data)
        # The name contains the content's hash, so two processes that store different data never write the same file.
        final = self.folder / _relative_path(key, digest)
        with files.AtomicFile(final) as new:
            new.write(data)
            with self._index.open(write=True) as connection:
                before = cache_index.find_entry(connection, key)
                new.replace()
                entry = CacheEntry(key, final.relative_to(self.folder).as_posix(), digest, len(data))
                cache_index.upsert_entry(connection, entry)
                if before is not None and before.file != entry.file:
                    files.remove_file(self.folder / before.file)

    def _read_first(
        self,
        where: str,
        values: tuple[str, ...],
        rank: Callable[[CacheEntry], tuple[bool, float]] = lambda entry: (False, 0.0),
        wanted: Callable[[JsonObject], bool] | None = None,
    ) -> tuple[JsonObject, Arrays] | None:
        """Return header and arrays of the first undamaged entry, by `rank`, whose header is wanted."""
        for _ in range(2):  # another process may have replaced a file that was just listed
            with self._index.open() as connection:
                entries = sorted(
                    cache_index.select_entries(connection, where, values), key=lambda entry: (rank(entry), entry.key)
                )
            vanished = False
            for entry in entries:
                try:
                    found = self._read(entry)
                except FileNotFoundError:
                    vanished = True
                except CorruptFileError as error:
                    self._set_aside(entry, error)
                else:
                    if wanted is not None and not wanted(found[0]):
                        continue
                    cache_index.mark_as_read(self.folder / entry.file)
                    return found
            if not vanished:
                return None
        for entry in entries:
            if not (self.folder / entry.file).exists():
                self._forget(entry)
        return None

    def _read(self, entry: CacheEntry) -> tuple[JsonObject, Arrays]:
        path = self.folder / entry.file
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise CacheError(f"The cached file {path} cannot be read ({error.strerror}); check its permissions.") from error
        if files.sha256_hex(data) != entry.sha256:
            raise CorruptFileError(f"The cached file {entry.file} has changed since it was written.")
        header, arrays = npz.decode_npz(data, path.name)
        if entry.key.kind == LIGHT_CURVE_KIND:
            cache_records.check_light_curve(header, arrays, entry.file)
        return header, arrays

    def damaged(self) -> tuple[tuple[str, str], ...]:
        """Return what is damaged: files that were set aside, and rows of the index that no file can have made.

        Returns
        -------
        tuple of (str, str)
            Name of a file, and a sentence: what is wrong, and what to do.
        """
        aside = sorted(path for path in (self.folder / cache_index.DAMAGED_FOLDER).glob("*") if path.is_file())
        words = "It was damaged and set aside; it is fetched or made again when it is needed, and `cache purge` deletes it."
        with self._index.open() as connection:
            rows = cache_index.damaged_rows(connection)
        return (
            *((path.relative_to(self.folder).as_posix(), words) for path in aside),
            *((file, f"Its row in the index is damaged ({why}); `cache verify` removes the row.") for file, why in rows),
        )

    def _forget(self, entry: CacheEntry) -> None:
        with self._index.open(write=True) as connection:
            cache_index.delete_entry(connection, entry)

    def _set_aside(self, entry: CacheEntry, error: AstroSeqError) -> None:
        log.warning("%s It is set aside in %s/ and will be made again.", error, cache_index.DAMAGED_FOLDER)
        aside = self.folder / cache_index.DAMAGED_FOLDER / entry.file.replace("/", "__")
        with self._index.open(write=True) as connection:
            cache_index.delete_entry(connection, entry)
            try:
                aside.parent.mkdir(exist_ok=True)
                os.replace(self.folder / entry.file, aside)
            except FileNotFoundError:
                pass  # another process was faster
            except OSError as reason:
                raise files.write_error(aside.parent, reason) from reason

    def _paths(self) -> list[Path]:
        """Return all files of light curves and arrays, indexed or not, without temporary ones."""
        found = (*self.folder.glob("curves/*/*.npz"), *self.folder.glob("arrays/*/*/*.npz"))
        return sorted(path for path in found if not path.name.startswith("."))

    def _entries_on_disk(self, skip: Iterable[str] = ()) -> list[CacheEntry]:
        """Return the entries of all undamaged files on disk; damaged ones are left in place."""
        entries: list[CacheEntry] = []
        for path in self._paths():
            file = path.relative_to(self.folder).as_posix()
            if file in skip:
                continue
            try:
                data = path.read_bytes()
                header, arrays = npz.decode_npz(data, path.name)
                row = convert(header["cache_key"], list[object], "its key")
                found = cache_index.entry_from_row((*row, file, files.sha256_hex(data), len(data)))
                if isinstance(found, str):
                    raise CorruptFileError(found)
                if found.key.kind == LIGHT_CURVE_KIND:
                    cache_records.check_light_curve(header, arrays, file)
            except (OSError, *DAMAGE) as error:
                log.warning("%s is left out of the cache's index: %s", file, error)
                continue
            entries.append(found)
        return entries


def _relative_path(key: CacheKey, digest: str) -> str:
    """Return the path of a key's file, relative to the cache's folder.

    Texts of a key are made safe before they become part of a path.
    """
    name = files.sha256_hex("\0".join(map(str, key.row)).encode())[:12]
    if key.kind == LIGHT_CURVE_KIND:
        return f"curves/{files.safe_name(key.target)}/{files.safe_name(key.observation)}-{name}-{digest[:12]}.npz"
    return f"arrays/{files.safe_name(key.kind.removeprefix(_ARRAYS_PREFIX))}/{name[:2]}/{name}-{digest[:12]}.npz"
