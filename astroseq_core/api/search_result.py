"""What a search of the archive found, and how it is downloaded and opened."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astroseq_core.api.inputs import EphemeridesInput, OpenOptions, make_open_star
from astroseq_core.api.star import Star
from astroseq_core.archive import products
from astroseq_core.archive.products import AvailableLightCurve
from astroseq_core.display import html_table
from astroseq_core.errors import ArchiveError, NotInArchiveError
from astroseq_core.io.cache import LightCurveCache
from astroseq_core.io.lightcurve import LightCurve
from astroseq_core.io.one_per_time import LeftOut
from astroseq_core.scoring.star_source import Source
from astroseq_core.targets import Target

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Light curves of one star that MAST has; made by `search`.

    It can be cut like a list: `result[:2].download()`.

    Attributes
    ----------
    target : Target
        The star.
    light_curves : tuple of AvailableLightCurve
        What there is, by observation, author and exposure.
    """

    target: Target
    light_curves: tuple[AvailableLightCurve, ...]

    def __len__(self) -> int:
        return len(self.light_curves)

    def __iter__(self) -> Iterator[AvailableLightCurve]:
        return iter(self.light_curves)

    def __getitem__(self, which: int | slice) -> "SearchResult":
        """Return some of the light curves, by number or slice, as another result."""
        picked = self.light_curves[which]
        return SearchResult(self.target, picked if isinstance(picked, tuple) else (picked,))

    def select(self, author: str | None = None, exposure_seconds: float | None = None) -> "SearchResult":
        """Return the light curves of one author and exposure.

        Parameters
        ----------
        author : str, optional
            Author (pipeline), in any case; by default the mission's usual one.
        exposure_seconds : float, optional
            Exposure [s]; by default the author's usual one, or any if `author` is given.

        Returns
        -------
        SearchResult
            Those of the light curves; empty if there are none.
        """
        found = products.select_light_curves(self.light_curves, self.target.mission, author, exposure_seconds)
        return SearchResult(self.target, found)

    def download(self) -> tuple[LightCurve, ...]:
        """Download the listed light curves into the cache; what is there already is not fetched again.

        Returns
        -------
        tuple of LightCurve
            Those that came, in the order of the list.

        Raises
        ------
        ArchiveError
            If none came; the message says why.
        CacheError
            If the cache is not writable.
        """
        return self._download()[0]

    def open(self, ephemerides: EphemeridesInput | None = None) -> Star:
        """Download the listed light curves and open the star.

        Of several authors or exposures, the mission's usual ones are taken: products of the same data
        must not be counted twice. The star's `left_out` says which are not.

        Parameters
        ----------
        ephemerides : str, Path, Ephemeris or iterable of Ephemeris, optional
            Known signals; by default those of the catalogs.

        Returns
        -------
        Star
            The open star. What did not come is one of its `problems`.

        Raises
        ------
        ArchiveError
            If no light curve came, or none of several kinds is the usual one.
        LightCurveError
            If none can be used.
        """
        kinds = {(item.author, item.exposure_seconds) for item in self.light_curves}
        usual = self if len(kinds) < 2 else self.select()
        if kinds and not usual:
            listed = ", ".join(f"{author} at {exposure:g} s" for author, exposure in sorted(kinds))
            raise NotInArchiveError(f"None of these is a usual light curve of {self.target}; select one of {listed}.")
        curves, problems = usual._download()
        options = OpenOptions(ephemerides=ephemerides)
        taken = usual.light_curves[0]
        left_out = [
            LeftOut(item.observation, f"{item} is left out: the usual ones are taken, by {taken.author}.")
            for item in self.light_curves
            if item not in usual.light_curves
        ]
        return make_open_star(self.target, curves, options, source=Source.CACHE, problems=problems, not_taken=left_out)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the list as a table.

        Returns
        -------
        pandas.DataFrame
            One row a light curve: target_id, observation, author, exposure_seconds, size_bytes, file.
        """
        import pandas as pd

        rows = [(i.target.id, i.observation, i.author, i.exposure_seconds, i.size_bytes, i.filename) for i in self.light_curves]
        return pd.DataFrame(rows, columns=["target_id", "observation", "author", "exposure_seconds", "size_bytes", "file"])

    def _download(self) -> tuple[tuple[LightCurve, ...], tuple[str, ...]]:
        """Return the light curves that came, and one sentence for each that did not."""
        from astroseq_core.archive import fetch

        if not self.light_curves:
            raise NotInArchiveError(f"MAST has no such light curve of {self.target}; author='any' shows what there is.")
        cache = LightCurveCache()
        report = fetch.fetch_light_curves((), chosen=self.light_curves, cache=cache)
        found = (
            cache.get(i.target, i.observation, author=i.author, exposure_seconds=i.exposure_seconds) for i in self.light_curves
        )
        curves = tuple(curve for curve in found if curve is not None)
        problems = tuple(f"{r.observation}: {r.reason}" for r in (*report.absent, *report.failed))
        if not curves:
            raise ArchiveError(" ".join(problems) or f"No light curve of {self.target} came; try again.")
        return curves, problems

    def __repr__(self) -> str:
        lines = "".join(f"\n  {i}: {c.observation} by {c.product} at {c.exposure_seconds:g} s" for i, c in enumerate(self))
        return f"<SearchResult: {len(self)} light curve{'s' * (len(self) != 1)} of {self.target} at MAST{lines}>"

    def _repr_html_(self) -> str:
        rows = [
            (i, item.observation, item.product, f"{item.exposure_seconds:g}", f"{item.size_bytes / 1e6:.1f}")
            for i, item in enumerate(self.light_curves)
        ]
        return html_table(
            f"{len(self)} light curve{'s' * (len(self) != 1)} of {self.target} at MAST",
            ("", "observation", "author", "exposure [s]", "size [MB]"),
            rows,
        )
