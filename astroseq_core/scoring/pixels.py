"""What stands beside the light curves of an opened star, wherever they come from."""

from collections.abc import Iterable

from astroseq_core.errors import AstroSeqError
from astroseq_core.lightcurves import pixels
from astroseq_core.lightcurves.cache import LightCurveCache
from astroseq_core.lightcurves.lightcurve import LightCurve
from astroseq_core.lightcurves.pixels import PixelColumns
from astroseq_core.scoring.opening import Source


def of(curve: LightCurve, source: Source, folder: str = "") -> PixelColumns | None:
    """The pixel columns beside one light curve of an opened star, None where its product has none.

    ``folder`` as in the star's request, for files. Raises CorruptFileError where the file is damaged.
    """
    if curve.target.is_simulated:
        from astroseq_core.simulate import pixels as simulated

        return simulated.of(curve)
    if source is Source.FILES:
        return pixels.of(curve, folder)
    return pixels.of(curve, cache=LightCurveCache())


def of_curves(
    curves: Iterable[LightCurve], source: Source, folder: str = ""
) -> tuple[tuple[PixelColumns | None, ...], tuple[str, ...]]:
    """The pixel columns beside each light curve, in their order, and one sentence for each that could not be read."""
    found: list[PixelColumns | None] = []
    problems: list[str] = []
    for curve in curves:
        try:
            found.append(of(curve, source, folder))
        except AstroSeqError as error:
            found.append(None)
            problems.append(str(error))
    return tuple(found), tuple(problems)
