"""Published figures and ours side by side: lines of a comparison, and the page of all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from astroseq_core.evaluation.class_table import ROWS, ClassRow, class_table
from astroseq_core.evaluation.published import FIGURE_TITLES, SPLITS, PublishedRun
from astroseq_core.evaluation.segment_report import Measured, SegmentReport
from astroseq_core.evaluation.text_tables import UNKNOWN

#: Fields of a report's first confusion matrix; figures under other names than the report's.
_OF_CONFUSION = ("threshold", "precision", "recall", "f1", "predicted_positive_rate", "accuracy")
_REPORT_NAMES = {"loss": "log_loss"}
#: Figures by which a run is told in the overview, the first ones that are stated.
HEADLINES = ("roc_auc", "pr_auc", "f1")
CSV_COLUMNS = (
    "run",
    "recipe",
    "measured_on",
    "split",
    "figure",
    "published",
    "ours",
    "ours_low",
    "ours_high",
    "stars",
    "segments",
    "base_rate",
    "not_reproduced",
)
_MEAN_FIGURES = ("precision", "recall", "f1")
_CLASS_FIGURES = (*_MEAN_FIGURES, "support")

Figure = Measured | float | tuple[float, float] | None


@dataclass(frozen=True)
class OurResult:
    """Result of a recipe that repeats a published run, on one group of test stars.

    Attributes
    ----------
    recipe : str
        Name of the recipe.
    measured_on : str
        What the test stars are, such as "real stars".
    reports : dict of str to SegmentReport
        Reports by split; those of training and validation may be on some of the segments only.
    stars : tuple of (int or None, int or None, int or None)
        Number of stars of each split.
    segments : tuple of (int or None, int or None, int or None)
        Number of segments of each split.
    epochs : int
        Number of epochs done; 0 if there are none.
    best_epoch : int or None
        The epoch that is kept, from 1.
    not_reproduced : tuple of str
        What the stars at hand or the recipe cannot reproduce, in sentences.
    """

    recipe: str
    measured_on: str = ""
    reports: Mapping[str, SegmentReport] = field(default_factory=dict)
    stars: tuple[int | None, ...] = (None, None, None)
    segments: tuple[int | None, ...] = (None, None, None)
    epochs: int = 0
    best_epoch: int | None = None
    not_reproduced: tuple[str, ...] = ()

    def figure(self, split: str, name: str) -> Figure:
        """Return one figure.

        Parameters
        ----------
        split : str
            "train", "validation" or "test".
        name : str
            Name of the figure, as in `FIGURE_TITLES`.

        Returns
        -------
        Measured, float, tuple or None
            The figure; None if it was not measured.
        """
        if name in ("stars", "segments"):
            counts = self.stars if name == "stars" else self.segments
            if (known := counts[SPLITS.index(split)]) is not None:
                return known
        report = self.reports.get(split)
        if report is None:
            return None
        source = report.confusions[0] if name in _OF_CONFUSION else report
        value: Figure = getattr(source, _REPORT_NAMES.get(name, name))
        return value

    @property
    def classes(self) -> tuple[ClassRow, ...]:
        """Class table of the test split; empty if there is none."""
        return class_table(self.reports["test"].confusions[0].counts) if "test" in self.reports else ()


@dataclass(frozen=True)
class ComparisonLine:
    """One figure, published and ours.

    Attributes
    ----------
    split : str
        "train", "validation" or "test".
    title : str
        Name of the figure in words.
    published : Measured, float, tuple or None
        The published one; None if it is not stated.
    ours : Measured, float, tuple or None
        Ours; None if it was not measured.
    """

    split: str
    title: str
    published: Figure
    ours: Figure


def comparison_lines(run: PublishedRun, ours: OurResult) -> Iterator[ComparisonLine]:
    """Yield the figures that are stated or were measured.

    Parameters
    ----------
    run : PublishedRun
        The published run.
    ours : OurResult
        Our result.

    Yields
    ------
    ComparisonLine
        The figures, split after split.
    """
    for split in SPLITS:
        for name, title in FIGURE_TITLES.items():
            line = ComparisonLine(split, title, getattr(run.splits[split], name), ours.figure(split, name))
            if not (line.published is None and line.ours is None):
                yield line


def class_lines(run: PublishedRun, ours: OurResult) -> Iterator[ComparisonLine]:
    """Yield the figures of the class tables, if either has any.

    Parameters
    ----------
    run : PublishedRun
        The published run.
    ours : OurResult
        Our result.

    Yields
    ------
    ComparisonLine
        The figures, of the test split, row after row.
    """
    if not run.classes:
        return
    known, own = ({row.name: row for row in rows} for rows in (run.classes, ours.classes))
    for name in known:
        for figure in _CLASS_FIGURES if name not in ROWS[2:] else _MEAN_FIGURES:
            title = name if name == ROWS[2] else f"{name}: {'segments' if figure == 'support' else FIGURE_TITLES[figure]}"
            line = ComparisonLine("test", title, getattr(known[name], figure), getattr(own.get(name), figure, None))
            if not (line.published is None and line.ours is None):
                yield line


def rows_beside(runs: Sequence[PublishedRun], ours: OurResult) -> list[dict[str, str]]:
    """Return the figures that any of several published runs states, beside ours.

    Parameters
    ----------
    runs : sequence of PublishedRun
        The published runs.
    ours : OurResult
        Our result.

    Returns
    -------
    list of dict of str to str
        A row for each figure, as text: its split and name, each published run, and ours.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for run in runs:
        for line in (*comparison_lines(run, ours), *class_lines(run, ours)):
            if line.published is not None:
                row = rows.setdefault((line.split, line.title), {"figure": f"{line.split}: {line.title}"})
                row[run.name] = format_figure(line.published)
                row["this run"] = format_figure(line.ours)
    columns = ("figure", *(run.name for run in runs), "this run")
    return [{column: row.get(column, UNKNOWN) for column in columns} for row in rows.values()]


def format_figure(value: Figure) -> str:
    """Format a figure for a table.

    Parameters
    ----------
    value : Measured, float, tuple or None
        The figure.

    Returns
    -------
    str
        The number, a range, or a number with its interval; a dash if it is unknown.

    Examples
    --------
    >>> format_figure(0.6305), format_figure((0.57, 0.69)), format_figure(378373), format_figure(1 / 3), format_figure(None)
    ('0.6305', '0.57 to 0.69', '378,373', '0.333', '–')
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, tuple):
        return " to ".join(f"{one:g}" for one in value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Measured):
        return str(value)
    # Sources state at most four decimals, and all that they state is shown.
    stated = f"{value:g}"
    return stated if len(stated) <= len("0.0000") else f"{value:.3f}"


def csv_rows(run: PublishedRun, ours: OurResult) -> Iterator[dict[str, object]]:
    """Yield a row of the table for each figure, or one for a recipe without a result.

    Parameters
    ----------
    run : PublishedRun
        The published run.
    ours : OurResult
        Our result.

    Yields
    ------
    dict of str to object
        Values by `CSV_COLUMNS`.
    """
    about = {
        "run": run.name,
        "recipe": ours.recipe,
        "measured_on": ours.measured_on,
        "not_reproduced": " ".join(ours.not_reproduced),
    }
    for line in (*comparison_lines(run, ours), *class_lines(run, ours)):
        known = line.ours if isinstance(line.ours, Measured) else None
        sizes = {name: ours.figure(line.split, name) for name in ("stars", "segments", "base_rate")}
        yield {
            **about,
            **sizes,
            "split": line.split,
            "figure": line.title,
            "published": " to ".join(map(str, line.published)) if isinstance(line.published, tuple) else line.published,
            "ours": _no_nan(known.value if known else line.ours),
            "ours_low": _no_nan(known.low) if known else None,
            "ours_high": _no_nan(known.high) if known else None,
        }


def _no_nan(value: object) -> object:
    return None if value != value else value


def format_page(results: Sequence[tuple[PublishedRun, Sequence[OurResult]]], about: Sequence[str]) -> str:
    """Format the page of all comparisons as Markdown.

    Parameters
    ----------
    results : sequence of tuple of (PublishedRun, sequence of OurResult)
        Each published run with our results.
    about : sequence of str
        Paragraphs at the beginning: the data and the settings.

    Returns
    -------
    str
        The page.
    """
    blocks = ["# The published experiments, repeated", *about]
    heading = ("run", "published", "ours", "measured on", "stars", "segments", "base rate", "what is not reproduced")
    blocks.append(
        _markdown_table([heading, *(row for run, each in results for ours in each for row in _overview_rows(run, ours))])
    )
    for run, each in results:
        stated = (f"Stated: “{run.stated}”", f"Sampling: {run.sampling}", f"Not stated: {run.unknown}")
        blocks += [f"## {run.name}: {run.title}", "\n".join(f"- {sentence}." for sentence in stated)]
        for ours in each:
            blocks += _section(run, ours)
    return "\n\n".join(blocks) + "\n"


def _overview_rows(run: PublishedRun, ours: OurResult) -> Iterator[tuple[str, ...]]:
    """Yield a row for each headline figure; the sentences stand in the first one."""
    gaps, place = " ".join(ours.not_reproduced), (ours.measured_on or "not run",)
    if run.stopped_at_epoch:
        kept = f"{ours.epochs} epochs, number {ours.best_epoch} kept" if ours.best_epoch else UNKNOWN
        yield run.name, f"stopped near epoch {run.stopped_at_epoch}", kept, *place, UNKNOWN, UNKNOWN, UNKNOWN, gaps
        gaps = "as above" if gaps else ""
    for split, name in _headlines(run):
        sizes = (format_figure(ours.figure(split, size)) for size in ("stars", "segments", "base_rate"))
        known = f"{split} {FIGURE_TITLES[name]} {format_figure(getattr(run.splits[split], name))}"
        yield run.name, known, format_figure(ours.figure(split, name)), *place, *sizes, gaps
        gaps = "as above" if gaps else ""


def _headlines(run: PublishedRun) -> list[tuple[str, str]]:
    """Return split and name of the figures for the overview: those of the test, else of validation, else the test's ROC-AUC."""
    for split in ("test", "validation"):
        if stated := [(split, name) for name in HEADLINES if getattr(run.splits[split], name) is not None]:
            return stated
    return [("test", "roc_auc")]


def _section(run: PublishedRun, ours: OurResult) -> Iterator[str]:
    yield f"### Recipe {ours.recipe}" + (f", on {ours.measured_on}" if ours.measured_on else ": not run")
    if ours.not_reproduced:
        yield "\n".join(f"- {sentence}" for sentence in ours.not_reproduced)
    if run.epochs or run.stopped_at_epoch or ours.epochs:
        theirs = f"at most {run.epochs}" if run.epochs else UNKNOWN
        theirs += f", stopped near {run.stopped_at_epoch}" if run.stopped_at_epoch else ""
        kept = f", number {ours.best_epoch} kept" if ours.best_epoch else ""
        yield f"Epochs: published {theirs}; ours {ours.epochs or UNKNOWN}{kept}."
    if not ours.reports:
        return
    yield _markdown_table(
        [
            ("figure", *(f"{split}, {whose}" for split in SPLITS for whose in ("published", "ours"))),
            *_side_by_side(comparison_lines(run, ours)),
        ]
    )
    if lines := list(class_lines(run, ours)):
        yield _markdown_table(
            [
                ("class", "published", "ours"),
                *((one.title, format_figure(one.published), format_figure(one.ours)) for one in lines),
            ]
        )


def _side_by_side(lines: Iterable[ComparisonLine]) -> Iterator[tuple[str, ...]]:
    known = {(line.title, line.split): line for line in lines}
    for title in FIGURE_TITLES.values():
        row = [known.get((title, split)) for split in SPLITS]
        if any(row):
            cells = ((format_figure(line.published), format_figure(line.ours)) if line else (UNKNOWN, UNKNOWN) for line in row)
            yield title, *(cell for pair in cells for cell in pair)


def _markdown_table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = ("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return "\n".join([head, "|---" * len(lines[0]) + "|", *rest])
