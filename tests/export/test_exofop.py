"""ExoFOP drafts: what stands in them, what may not, and a checker that names every fault of an edited file."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from astroseq_core.errors import ExportError
from astroseq_core.export import exofop, exofop_file, records
from astroseq_core.export.exofop_file import Problem
from astroseq_core.export.records import Record
from tests.export import export_rows

TAG = "20260115_ana_survey_1"


@pytest.fixture
def judged() -> tuple[Record, ...]:
    """A candidate with a note that no file should hold as it is, and a known planet of the TOI list."""
    export_rows.fill()
    return records.records_for_stars(["TIC 2", "TIC 5"])


@pytest.fixture
def text(judged: tuple[Record, ...]) -> str:
    return exofop.draft_text(judged, TAG, "tfopwg")


def test_a_draft_comes_back_with_its_values(text: str):
    first, second = exofop_file.read_rows(text)
    assert first.values | {"notes": ""} == dict.fromkeys(exofop_file.COLUMNS, "") | {
        "target": "TIC2.01",
        "flag": "newctoi",
        "disp": "PC",
        "discovery": "TESS",
        "period": "3.5000000",
        "period_unc": "0.0000200",
        "epoch": "2459000.250000",
        "epoch_unc": "0.002000",
        "depth": "1234.5",
        "depth_unc": "12.2",
        "duration": "3.2500",
        "duration_unc": "0.0500",
        "tag": TAG,
        "group": "tfopwg",
        "prop_period": "0",
    }
    assert (second.values["target"], second.values["flag"], second.values["disp"]) == ("TOI700.01", "newparams", "CP")
    assert len(exofop_file.COLUMNS) == 46
    assert exofop_file.validate(text, exofop_file.file_name(7, date(2026, 1, 5))) == ()


def test_it_says_that_it_is_a_draft_and_what_is_missing(text: str):
    comments = [line for line in text.splitlines() if line.startswith("\\")]
    assert comments == text.splitlines()[: len(comments)]
    assert "DRAFT, not for upload" in comments[0]
    ready = text.replace("DRAFT", "made")
    assert exofop_file.validate(ready) == (
        Problem(6, "paper", "it is empty; a new candidate needs the address of its refereed paper"),
    )


def test_notes_are_ascii_on_one_short_line(judged: tuple[Record, ...], text: str):
    note = exofop_file.read_rows(text)[0].values["notes"]
    assert note.isascii()
    assert note.isprintable()
    assert note.startswith('=HYPERLINK("x")/odd-even 3sigma second line')
    assert note.endswith("flags OED SSE")
    long = exofop.format_note(replace(judged[0], note="word " * 60))
    assert len(long) <= exofop_file.NOTE_LENGTH
    assert long.endswith("...")
    assert exofop.format_note(replace(judged[0], note="\\ no comment", flags="")) == "no comment"
    assert exofop.format_note(replace(judged[0], note="", flags="")) == "Vetted with AstroSeq."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"star_id": "SIM 1", "simulated": 1}, "simulated"),
        ({"star_id": "KIC 11446443"}, "KIC number"),
        ({"disposition": ""}, "nobody has judged"),
        ({"disposition": "FA"}, "its disposition is FA"),
        ({"disposition": "UNSURE"}, "its disposition is UNSURE"),
        ({"period_days": None}, "no period"),
        ({"depth_ppm": None}, "depth was not measured"),
        ({"depth_ppm": -3.0}, "depth was not measured"),
    ],
)
def test_what_cannot_stand_in_it_is_refused(judged: tuple[Record, ...], change: dict, reason: str):
    wrong = replace(judged[0], **change)
    good, left = exofop.select_exportable((wrong, judged[1]))
    assert good == (judged[1],)
    assert (left[0].star_id, len(left)) == (wrong.star_id, 1)
    assert reason in left[0].reason
    with pytest.raises(ExportError, match=reason):
        exofop.draft_text((judged[1], wrong), TAG)


def test_a_draft_needs_candidates_and_a_tag(judged: tuple[Record, ...]):
    with pytest.raises(ExportError, match="at least one candidate"):
        exofop.draft_text((), TAG)
    with pytest.raises(ExportError, match="needs a tag"):
        exofop.draft_text(judged, " \n ")
    assert exofop_file.file_name(12, date(2026, 3, 4)) == "params_planet_20260304_012.txt"
    with pytest.raises(ExportError, match="001 to 999"):
        exofop_file.file_name(1000)


def test_small_errors_keep_digits_that_count(judged: tuple[Record, ...]):
    row = exofop_file.read_rows(exofop.draft_text((replace(judged[0], period_err_days=3.21e-9),), TAG))[0]
    assert row.values["period_unc"] == "0.0000000032"


def cell(name: str, value: str) -> Callable[[str], str]:
    """The first row of the file with another value in a column."""

    def changed(text: str) -> str:
        lines = text.split("\n")
        number = next(n for n, line in enumerate(lines) if line.startswith("TIC"))
        cells = lines[number].split("|")
        cells[exofop_file.COLUMNS.index(name)] = value
        lines[number] = "|".join(cells)
        return "\n".join(lines)

    return changed


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("target", "SIM1.01", "is simulated"),
        ("target", "KIC11446443.01", "TIC52368076.01"),
        ("target", "TIC 2.01", "TIC52368076.01"),
        ("target", "TIC2", "TIC52368076.01"),
        ("target", "TOI700.01", "no new candidate on a TIC star"),
        ("target", "", "TIC52368076.01"),
        ("flag", "new", "none of newctoi, newparams"),
        ("disp", "FA", "none of PC, CP, FP"),
        ("disp", "", "none of PC, CP, FP"),
        ("period", "0", "above 0"),
        ("period", "-3.5", "above 0"),
        ("period", "3,5", "no number"),
        ("period", "nan", "no number"),
        ("period", "1_0", "no number"),
        ("epoch", "2000.25", "no full BJD"),
        ("epoch", "59000.25", "no full BJD"),
        ("depth_unc", "1e400", "no number"),
        ("depth", "12345678", "more than all light"),
        ("depth_unc", "0", "above 0"),
        ("duration", "90", "no shorter than the period"),
        ("inc_unc", "0.1", "an error without a value in inc"),
        ("r_planet_err", "0.1", "an error without a value in r_planet"),
        ("ecc", "1.5", "not from 0"),
        ("time_peri", "1500", "no full BJD"),
        ("notes", "n" * 121, "121 characters"),
        ("notes", "", "needs a note"),
        ("notes", "3σ", r"'\u03c3' is no plain ASCII"),
        ("notes", "a\x07b", r"'\x07' is no plain ASCII"),
        ("tag", "", "name the data"),
        ("prop_period", "6", "none of 0, 12"),
        ("prop_period", "12", "must be 0"),
        ("paper", "Smith 2026", "no address"),
    ],
)
def test_each_fault_is_named_by_row_and_column(text: str, name: str, value: str, reason: str):
    problems = exofop_file.validate(cell(name, value)(text))
    assert [(p.row, p.column) for p in problems] == [(6, name)], problems
    assert reason in problems[0].reason
    assert str(problems[0]).startswith(f"line 6, {name}: ")


def test_a_value_that_is_missing_is_named_with_its_error(text: str):
    problems = exofop_file.validate(cell("epoch", "")(text))
    assert {(p.column, p.reason.split(";")[0]) for p in problems} == {
        ("epoch", "it is empty"),
        ("epoch_unc", "an error without a value in epoch"),
    }


def test_the_number_of_columns_and_doubled_rows(text: str):
    lines = text.rstrip("\n").split("\n")
    doubled = "\n".join((*lines, "", "\\ a comment", lines[5]))
    assert [(p.row, p.column) for p in exofop_file.validate(doubled)] == [(10, "target")]
    assert "line 6" in exofop_file.validate(doubled)[0].reason
    piped = "\n".join((*lines, lines[6].replace("TOI700.01", "TOI700.02") + "|more"))
    assert [(p.row, p.column) for p in exofop_file.validate(piped)] == [(8, "")]
    assert "47 columns, where 46" in exofop_file.validate(piped)[0].reason
    assert len(exofop_file.read_rows(piped)) == 2


def test_a_header_of_another_time_is_named(text: str):
    old = text.replace("disp|discovery|candname|", "disp|")
    problems = exofop_file.validate(old)
    assert [(p.row, p.column) for p in problems] == [(5, "discovery"), (5, "")]
    assert "column 4 is called 'period'" in problems[0].reason
    headless = "\n".join(line for line in text.split("\n") if not line.startswith("target|"))
    assert exofop_file.validate(headless) == ()
    twice = text + "|".join(exofop_file.COLUMNS) + "\n"
    assert [p.row for p in exofop_file.validate(twice)] == [8]


def test_files_from_other_systems_and_empty_ones(text: str):
    assert exofop_file.validate(text.replace("\n", "\r\n")) == ()
    assert [p.row for p in exofop_file.validate("\\ nothing\n\n")] == [0]
    assert [p.row for p in exofop_file.validate(text, "planets.txt")] == [0]
    assert [p.row for p in exofop_file.validate(text, "params_planet_20261301_001.txt")] == [0]


def test_every_problem_is_found_at_once(text: str):
    wrong = cell("epoch", "1")(cell("disp", "X")(cell("notes", "é")(text)))
    assert {p.column for p in exofop_file.validate(wrong)} == {"epoch", "disp", "notes"}
    assert re.match(r"line \d+", str(exofop_file.validate(wrong)[0]))
