"""Write docs/files.md: the light-curve files that can be read, from the table that the readers use.

`python -m tools.write_files` writes the page; with `--check` it only says whether the page is up to date.
"""

import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from astroseq_core.io import conventions, identifiers, one_per_time, product_order
from tools.write_columns import table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "files.md"


def names(words: Iterable[str]) -> str:
    """Return words as a list in code type."""
    return ", ".join(f"`{word}`" for word in words)


def paragraph(text: str) -> list[str]:
    """Return an empty line and the lines of a paragraph."""
    return ["", *textwrap.wrap(text, 130, break_long_words=False, break_on_hyphens=False)]


def page() -> str:
    """Return the text of the page."""
    products = [
        (
            product.name,
            ", ".join(
                [f"{key} has `{text}`" if text else key for key, text in product.keywords]
                + ([f"columns {names(product.columns)}"] if product.columns else [])
            )
            or "anything else",
            names(c.name for c in product.flux) if product.flux != conventions.FLUX_COLUMNS else "as below",
            product.days or "as the header or unit says",
            names(product.quality) if product.quality != conventions.QUALITY_COLUMNS else "as below",
        )
        for product in conventions.FITS_PRODUCTS
    ]
    fluxes = [(f"`{c.name}`", c.unit or "as the numbers say", "yes" if c.flattened else "") for c in conventions.FLUX_COLUMNS]
    units: dict[tuple[str, float], list[str]] = {}
    for name, unit in conventions.FLUX_UNITS.items():
        units.setdefault((unit.kind, unit.factor), []).append(name)
    days: dict[float, list[str]] = {}
    for name, zero in conventions.DAY_NAMES.items():
        days.setdefault(zero, []).append(name)
    numbers: dict[str, list[str]] = {}
    for keyword, prefix in conventions.NUMBER_KEYWORDS.items():
        numbers.setdefault(prefix, []).append(keyword)
    number_rules = "; ".join(f"a {prefix} number in {names(keywords)}" for prefix, keywords in numbers.items())
    digit_rules = ", ".join(f"{digits} digits ({prefix})" for prefix, digits in conventions.MAX_DIGITS.items())
    lines = [
        "# Files that can be read",
        *paragraph(
            "Made by `python -m tools.write_files` from `astroseq_core/io/conventions.py`, from which the readers take every "
            "decision; change that, and make this page anew."
        ),
        *paragraph(
            f"Light curves are files whose names end in {names(identifiers.FORMATS)}: one star and one observation each, at "
            "least 50 cadences, times in rising order. Where something cannot be decided, the file is refused with one "
            "sentence that says "
            f"what to add. Nothing above {conventions.MAX_BYTES / 1e6:.0f} MB, packed or unpacked, or "
            f"{conventions.MAX_CADENCES / 1e6:.0f} million cadences is read, of text nothing above "
            f"{conventions.MAX_TEXT_BYTES / 1e6:.0f} MB. "
            "Target pixel files, folded light curves and images are named as what they are."
        ),
        "",
        "## FITS",
        *paragraph(
            "The first table with times and fluxes is read. The first product whose marks fit says which column is the flux, and "
            "what the days are where neither the header nor the unit says it. If the first flux column has only gaps, "
            "the next is "
            "read, and the author names it. Kepler's files serve K2, too. SPOC's with exposures over 150 s are those "
            "of full-frame "
            "images (TESS-SPOC)."
        ),
        "",
        *table(("product", "told by", "flux, the best first", "days", "quality"), products),
        "",
        "## Tables of text, `.npz`, and other FITS tables",
        *paragraph(
            "Columns are told by their names, in any case and with a unit in brackets behind them, as in `Flux "
            "(ppm)`. Text may be "
            "separated by commas, semicolons, tabs or spaces, all but the first with decimal commas; a header may stand in a "
            "comment, as `numpy.savetxt` writes it. Two or three columns without a header are time, flux and flux error."
        ),
        *paragraph(
            "An `.npz` has the arrays `time` and `flux`, and may have `flux_err`, `quality` and, each with one text, "
            "`target_id`, "
            "`mission`, `time_system`, `flux_unit`, `author`, `flattened`, `version`; a comment line of a text gives "
            "the same, as in "
            "`# time_system: BTJD`."
        ),
        "",
        f"- Time: {names(conventions.TIME_COLUMNS)}.",
        f"- Errors: the flux column's name with {names(conventions.ERROR_SUFFIXES)} behind it, or",
        f"  {names(conventions.ERROR_COLUMNS)}.",
        f"- Quality bits: {names(conventions.QUALITY_COLUMNS)}; lightkurve's binary digits are understood.",
        f"- Background, of FITS: {names(conventions.BACKGROUND_COLUMNS)}.",
        f"- Centroids, of FITS: {names(column for pair in conventions.CENTROID_COLUMNS for column in pair)}.",
        "",
        *table(("flux, the best first", "unit if none is given", "trends removed"), fluxes),
        "",
        "## Times",
        *paragraph(
            "In order: Julian dates are told by their size; the header's zero point "
            f"({names(conventions.REFERENCE_KEYWORDS)}, each also with I and F); the unit, as in `BJD - 2457000, "
            "days`; the column's "
            "name; TIMESYS or `time_system`; the product. Plain numbers must be the mission's own days; where they "
            "could be MJD or "
            "BJD - 2400000, half a day apart, the file is refused. Days of UTC become TDB; heliocentric days count as "
            "barycentric "
            "(4 s at most). Calendar dates need UTC or TDB in their header."
        ),
        "",
        *table(("days", "zero point [BJD]"), [(names(words), f"{zero:.1f}") for zero, words in days.items()]),
        "",
        "## Fluxes",
        *paragraph(
            "A relative flux may lie about one or about zero, ppm also about a million. Magnitudes become flux: "
            "brighter is smaller. "
            "Other units are proportional to the light. Without a unit, fluxes on both sides of zero that stay below one are "
            f"relative, those whose median was subtracted are ppm from {conventions.SURELY_PPM:.0f} on, and below "
            "that the file is "
            "refused; all others are counts."
        ),
        "",
        *table(("unit", "kind", "size"), [(names(words), kind, f"{size:g}") for (kind, size), words in units.items()]),
        "",
        "## Stars",
        *paragraph(
            f"The content comes before the name. In order: {number_rules} (from {conventions.SMALLEST_EPIC + 1} on, "
            "Kepler's are EPIC "
            "numbers); an identifier, or a bare number of the mission's catalog, in "
            f"{names(conventions.NAME_KEYWORDS)}; a column "
            f"{names(conventions.TARGET_COLUMNS)}; the only identifier in the comments of a text. Then the file's name: "
            "`TIC_261136679__anything` (KIC, EPIC, SIM likewise), or that of a product of the missions or MAST. The "
            "mission stands in "
            f"{names(conventions.MISSION_KEYWORDS)}."
        ),
        *paragraph(
            f"A number has at most {digit_rules}; a longer one, such as a Gaia source's, is never taken for one. To "
            "group the files "
            "of a folder, names of the missions and names such as `TIC_261136679__anything` are believed without "
            "opening the file; "
            "if its content says another star, the file is refused. A file of which neither says the star is refused, too: "
            "`score` gives it a row with its name and the reason, and pages list it. `target_id,path` in a file for "
            "`--targets-file` says the star from outside."
        ),
        "",
        "## Several light curves of one time",
        *paragraph(
            "No time counts twice, wherever light curves come from. The same bytes are taken once. Of one sector, quarter or "
            "campaign (as the name says) one light curve is taken; where the name does not say it, the times do: of a light "
            "curve that covers the time of a better one the rest is taken, if it is at least "
            f"{one_per_time.MIN_REST:.0%} of its usable cadences, and nothing otherwise. Gaps above "
            f"{one_per_time.MAX_GAP_DAYS:g} d are not covered. What is left out is named with the reason: on Explore, on "
            "standard error, and in a star's `left_out`. One that cannot be used gives way to the next best."
        ),
        *paragraph(
            "The better one is, in this order: what you prefer (`--prefer`, `prefer=` of `open_star`, the choice on Explore: an "
            "author, a method, an exposure, a file); a product's best flux before its others, so that PDCSAP_FLUX comes before "
            "SAP_FLUX of any author; the product, in the order of the table, and anything else after these; the cadence nearest "
            "to the mission's usual one, so that 120 s come before 20 s; the most usable cadences. From the cache, and from MAST "
            "without a wish, all light curves of a star are of one author and cadence, as their noise differs."
        ),
        "",
        *table(("product", "method", "why there"), product_order.PRODUCT_ORDER),
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Write or check the page; the exit status is 1 if it is not up to date."""
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print(f"{PAGE} is not up to date; run python -m tools.write_files.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
