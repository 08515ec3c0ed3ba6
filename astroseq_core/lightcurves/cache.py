"""The cache of light curves and of other arrays that can be made again."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroseq_core import settings, targets
from astroseq_core.errors import AstroSeqError, CacheError, CorruptFileError
from astroseq_core.lightcurves import budget, cached, index, sidecars, storage
from astroseq_core.lightcurves.cached import CachedObservation, VerifyReport
from astroseq_core.lightcurves.index import Entry, Key
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.remembered import Remembered
from astroseq_core.lightcurves.sidecars import Sidecars
from astroseq_core.targets import Target

log = logging.getLogger(__name__)

CURVE = "lightcurve"
_ARRAYS = "arrays:"
#: How many targets are listed by one question to the index.
TARGETS_AT_ONCE = 1000


class LightCurveCache(Sidecars, Remembered):
    """Light curves, one ``.npz`` each, and an index in ``folder`` (default ``lightcurves`` in the cache's folder).

    What the products say beside the flux stands in files of their own (see Sidecars), counted and deleted with their light curve.

    Several threads and processes may use one folder at once. Files are written under temporary names, renamed when they are
    whole, and checked by their SHA-256 on reading; a damaged one is moved to ``damaged/`` and counts as not there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = settings.cache_dir() / "lightcurves" if folder is None else Path(folder)
        self._index = index.Index(self.folder, self._entries_on_disk)

    # ---- light curves

    def put(self, curve: LightCurve, *, author: str | None = None, exposure_seconds: float | None = None) -> None:
        """Store a light curve under its target, observation, author and exposure (default: its own author and cadence)."""
        key = Key(
            CURVE,
            curve.target.slug,
            curve.observation,
            curve.author if author is None else author,
            round(curve.cadence_minutes * 60 if exposure_seconds is None else exposure_seconds),
        )
        self._write(key, *cached.pack(curve))

    def get(
        self, target: Target, observation: str, *, author: str | None = None, exposure_seconds: float | None = None
    ) -> LightCurve | None:
        """The light curve stored for that observation, or None.

        Where no author or exposure is given, those of the mission's usual product come first.
        Raises CacheError when a newer AstroSeq wrote it.
        """
        where, values = ["kind = ?", "target = ?", "observation = ?"], [CURVE, target.slug, observation]
        if author is not None:
            where.append("author = ?")
            values.append(author)
        if exposure_seconds is not None:
            where.append("exposure = ?")
            values.append(str(round(exposure_seconds)))
        usual = target.mission

        def rank(entry: Entry) -> tuple[bool, float]:
            return entry.key.author != usual.author, abs(entry.key.exposure_seconds - 60 * usual.cadence_minutes)

        found = self._read_first(" AND ".join(where), tuple(values), rank)
        return None if found is None else cached.unpack(*found)

    def get_or_make(
        self,
        target: Target,
        observation: str,
        make: Callable[[], LightCurve],
        *,
        author: str | None = None,
        exposure_seconds: float | None = None,
    ) -> LightCurve:
        """The stored light curve, else the one that ``make`` returns, which is then stored.

        ``make`` is called at most once: also where a stored file is damaged, which is set aside. What it raises is passed on.
        """
        if (found := self.get(target, observation, author=author, exposure_seconds=exposure_seconds)) is not None:
            return found
        curve = make()
        if (curve.target, curve.observation) != (target, observation):
            raise CacheError(
                f"{observation} of {target} was asked for and {curve.observation} of {curve.target} was made; nothing is stored."
            )
        self.put(curve, author=author, exposure_seconds=exposure_seconds)
        return curve

    def targets(self) -> tuple[str, ...]:
        """The identifiers of the targets with a light curve, by catalogue and number."""
        with self._index.open() as connection:
            rows = connection.execute("SELECT DISTINCT target FROM files WHERE kind = ?", (CURVE,)).fetchall()
        stars = [targets.parse_star(row[0]) for row in rows]
        return tuple(star.id for star in sorted(stars, key=lambda star: (star.prefix, int(star.number))))

    def observations(self, target: Target) -> tuple[str, ...]:
        """The names of a target's stored observations, sorted, each once."""
        return tuple(dict.fromkeys(entry.observation for entry in self.entries(target)))

    def entries(self, target: Target | None = None) -> tuple[CachedObservation, ...]:
        """What is stored of a target, or of all, in the order of targets, observations, authors and exposures."""
        kinds: tuple[object, ...] = (CURVE, sidecars.PIXELS)
        where, values = ("kind IN (?, ?)", kinds) if target is None else ("kind IN (?, ?) AND target = ?", (*kinds, target.slug))
        with self._index.open() as connection:
            found = [e for e in sidecars.with_their_own(index.find(connection, where, values)) if e.key.kind == CURVE]
        return tuple(
            CachedObservation(
                targets.parse_star(e.key.target).id,
                e.key.observation,
                e.key.author,
                e.key.exposure_seconds,
                e.size_bytes,
                *budget.times(self.folder / e.file),
            )
            for e in found
        )

    def files(self, target: Target) -> tuple[Entry, ...]:
        """What the index says of a target's light curves, their hashes too, without looking at a file."""
        with self._index.open() as connection:
            return tuple(index.find(connection, "kind = ? AND target = ?", (CURVE, target.slug)))

    def files_by_target(self) -> Iterator[tuple[str, tuple[Entry, ...]]]:
        """Each target's identifier and what the index says of its light curves.

        Targets come in the order of their names, some at a time, so that memory does not grow with their number.
        """
        after = ""
        while True:
            with self._index.open() as connection:
                entries = index.after(connection, CURVE, after, TARGETS_AT_ONCE)
            for slug, group in groupby(entries, key=lambda entry: entry.key.target):
                after = slug
                yield targets.parse_star(slug).id, tuple(group)
            if not entries:
                return

    # ---- other arrays

    def store_arrays(self, kind: str, key: str, **arrays: NDArray[Any]) -> None:
        """Store arrays that can be made again, of any shape, under a kind and a key of any text."""
        self._write(Key(_ARRAYS + kind, "", key), {"kind": kind, "key": key}, {k: np.asarray(v) for k, v in arrays.items()})

    def load_arrays(self, kind: str, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays stored under that kind and key, or None."""
        found = self._read_first("kind = ? AND observation = ?", (_ARRAYS + kind, key))
        return None if found is None else found[1]

    # ---- upkeep

    def verify(self) -> VerifyReport:
        """Check every file, set the damaged aside, put the index right, and delete what ended processes left."""
        damaged: list[str] = []
        missing: list[str] = []
        with self._index.open() as connection:
            entries = index.find(connection)
        for entry in entries:
            try:
                self._read(entry)
            except FileNotFoundError:
                missing.append(entry.file)
                self._forget(entry)
            except CorruptFileError as error:
                damaged.append(entry.file)
                self._set_aside(entry, error)
        known = {entry.file for entry in entries}
        adopted: list[str] = []
        for entry in self._entries_on_disk(skip=known):
            with self._index.open(write=True) as connection:
                if index.with_key(connection, entry.key) is None:
                    index.upsert(connection, entry)
                    adopted.append(entry.file)
        leftovers = storage.remove_leftovers(self.folder)
        return VerifyReport(len(entries), tuple(damaged), tuple(missing), tuple(adopted), leftovers)

    def purge(self, target: Target | None = None) -> int:
        """Delete all that is stored and remembered of one target, or everything; the bytes that were freed."""
        with self._index.open(write=True) as connection:
            entries = [e for e in index.find(connection) if target is None or e.key.target == target.slug]
            for entry in entries:
                storage.remove(self.folder / entry.file)
                index.delete(connection, entry)
        self.forget_absent(target)
        self.forget_failed(target)
        freed = sum(entry.size_bytes for entry in entries)
        if target is None:
            for path in (*self._paths(), *(self.folder / index.DAMAGED).glob("*")):
                freed += path.stat().st_size
                storage.remove(path)
            storage.remove_leftovers(self.folder)
        return freed

    def size_bytes(self) -> int:
        """The bytes of everything stored."""
        with self._index.open() as connection:
            (total,) = connection.execute("SELECT COALESCE(SUM(bytes), 0) FROM files").fetchone()
        return int(total)

    def trim(self, budget_bytes: int | None = None, keep: Iterable[Target] = ()) -> tuple[str, ...]:
        """Delete files, those not read for longest first, until all fit into a budget (default: the one that was set).

        Returns the deleted files. Targets of ``keep`` stay, whatever the budget.
        """
        limit = self.budget_bytes if budget_bytes is None else budget_bytes
        if limit is None:
            return ()
        spared = {target.slug for target in keep}
        with self._index.open(write=True) as connection:
            entries = index.find(connection)
            own = sidecars.beside(entries)
            out = budget.over(
                [e for e in sidecars.with_their_own(entries) if e.key.target not in spared],
                sum(e.size_bytes for e in entries) - limit,
                self.folder,
            )
            for entry in [*out, *(own[e.key] for e in out if e.key in own)]:
                storage.remove(self.folder / entry.file)
                index.delete(connection, entry)
        return tuple(entry.file for entry in out)

    # ---- files

    def _write(self, key: Key, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        data = storage.encode({**header, "cache_key": list(key.row)}, arrays)
        digest = storage.sha256(data)
        # The content's hash in the name: two processes that store different data never write one file.
        final = self.folder / _file(key, digest)
        temporary = storage.write_temporary(final, data)
        try:
            with self._index.open(write=True) as connection:
                before = index.with_key(connection, key)
                os.replace(temporary, final)
                entry = Entry(key, final.relative_to(self.folder).as_posix(), digest, len(data))
                index.upsert(connection, entry)
                if before is not None and before.file != entry.file:
                    storage.remove(self.folder / before.file)
        except OSError as error:
            raise storage.cannot_write(final.parent, error) from error
        finally:
            storage.remove(temporary)

    def _read_first(
        self,
        where: str,
        values: tuple[str, ...],
        rank: Callable[[Entry], Any] | None = None,
        wanted: Callable[[dict[str, Any]], bool] | None = None,
    ) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
        """The header and arrays of the first sound entry, by ``rank``, that meets the condition and whose header is wanted."""
        for _ in range(2):  # another process may have put a new file in the place of one just listed
            with self._index.open() as connection:
                entries = sorted(index.find(connection, where, values), key=rank or (lambda entry: entry.key))
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
                    budget.touch(self.folder / entry.file)
                    return found
            if not vanished:
                return None
        for entry in entries:
            if not (self.folder / entry.file).exists():
                self._forget(entry)
        return None

    def _read(self, entry: Entry) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        path = self.folder / entry.file
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise CacheError(f"The cached file {path} cannot be read ({error.strerror}); check its permissions.") from error
        if storage.sha256(data) != entry.sha256:
            raise CorruptFileError(f"The cached file {entry.file} has changed since it was written.")
        return storage.decode(data, path.name)

    def _forget(self, entry: Entry) -> None:
        with self._index.open(write=True) as connection:
            index.delete(connection, entry)

    def _set_aside(self, entry: Entry, error: AstroSeqError) -> None:
        log.warning("%s It is set aside in %s/ and will be made again.", error, index.DAMAGED)
        aside = self.folder / index.DAMAGED / entry.file.replace("/", "__")
        with self._index.open(write=True) as connection:
            index.delete(connection, entry)
            try:
                aside.parent.mkdir(exist_ok=True)
                os.replace(self.folder / entry.file, aside)
            except FileNotFoundError:
                pass  # another process was faster
            except OSError as reason:
                raise storage.cannot_write(aside.parent, reason) from reason

    def _paths(self) -> list[Path]:
        """The files of light curves and arrays, in the index or not; temporary ones are no part of it."""
        found = (*self.folder.glob("curves/*/*.npz"), *self.folder.glob("arrays/*/*/*.npz"))
        return sorted(path for path in found if not path.name.startswith("."))

    def _entries_on_disk(self, skip: Iterable[str] = ()) -> list[Entry]:
        """The entries of the files that are there and whole; others are left where they are, and are not in the index."""
        entries: list[Entry] = []
        for path in self._paths():
            file = path.relative_to(self.folder).as_posix()
            if file in skip:
                continue
            try:
                data = path.read_bytes()
                header, _ = storage.decode(data, path.name)
                key = Key(*header["cache_key"])
            except (OSError, AstroSeqError, KeyError, TypeError) as error:
                log.warning("%s is left out of the cache's index: %s", file, error)
                continue
            entries.append(Entry(key, file, storage.sha256(data), len(data)))
        return entries


def _file(key: Key, digest: str) -> str:
    """The file of a key, relative to the cache's folder: no text of a key becomes a path as it stands."""
    name = storage.sha256("\0".join(map(str, key.row)).encode())[:12]
    if key.kind == CURVE:
        return f"curves/{storage.safe_name(key.target)}/{storage.safe_name(key.observation)}-{name}-{digest[:12]}.npz"
    return f"arrays/{storage.safe_name(key.kind.removeprefix(_ARRAYS))}/{name[:2]}/{name}-{digest[:12]}.npz"
