"""Stars of a leaderboard with verdicts and ephemerides in hand, for the tests of exports."""

from dataclasses import replace

from astroseq_core.ephemeris import Ephemeris
from astroseq_core.store import dispositions, ephemerides, scores
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.store.ephemerides import AdoptedEphemeris
from astroseq_core.store.scores import ScoreRow
from astroseq_core.times import Instant, TimeSystem

#: What no format may stumble over: a formula, a pipe, line ends, a quote, mathematics, other alphabets, a control character.
NASTY = '=HYPERLINK("x")|odd–even 3σ\r\nsecond line\x07, $\\frac{a$ <b>&amp; 好 '


def row(target_id: str, score: float, **about: object) -> ScoreRow:
    made = ScoreRow(
        target_id=target_id,
        model_id="m",
        model_sha="abc",
        data_id="d",
        mission="TESS",
        seen_as="TESS",
        num_segments=70,
        star_score=score,
        score_max=0.987654321,
        score_topk=0.5,
        score_fold=score,
        best_period_days=3.123456789,
        best_t0=1325.123456789,
        t0_system="BTJD",
        magnitude=9.5,
        best_duration_hours=2.5,
        num_transits=7,
        period_err_days=1e-4,
        t0_err_days=0.01,
        duration_err_hours=0.2,
    )
    return replace(made, **about)  # type: ignore[arg-type]


def signal(target_id: str, **about: object) -> Ephemeris:
    made = Ephemeris(target_id, "b", Instant(2459000.25, TimeSystem.BJD), 3.5, 3.0, 1000.0, t0_err=0.002, period_err=2e-5)
    return replace(made, **about)  # type: ignore[arg-type]


def fill() -> None:
    """Five stars by one model: a simulated one, one that was judged by two people, one only scored, a single, a TOI."""
    scores.save(
        [
            row("SIM 1", 50.25, mission="Simulated", seen_as="K2", simulated=True, t0_system="BKJD", best_t0=3000.5),
            row("TIC 2", 30.0),
            row("TIC 3", 20.0, match="=1+1", match_kind="TOI", match_ratio="2"),
            row("TIC 4", 10.0, best_period_days=None, period_err_days=None),
            row("TIC 5", 9.0, match="TOI-700.01", match_kind="TOI", match_ratio="1"),
            row("TIC 6", 0.0, status="no light curve", star_score=None),
        ]
    )
    held = signal("TIC 2")
    ephemerides.save(AdoptedEphemeris("TIC 2", signal("TIC 2", period_days=7.0), "person", "ana"))
    ephemerides.save(AdoptedEphemeris("TIC 2", held, "fit", "ana"))
    measured = {"depth_ppm": 1234.5, "depth_err_ppm": 12.25, "duration_hours": 3.25, "duration_err_hours": 0.05}
    dispositions.add(Disposition("TIC 2", "FP", "ben", at=1e9, note="no"))
    dispositions.add(
        Disposition("TIC 2", "PC", "ana", at=1.7e9, note=NASTY, reason_codes=("OED", "SSE"), ephemeris=held, measured=measured)
    )
    dispositions.add(Disposition("TIC 5", "KP", "ana", ephemeris=signal("TIC 5"), measured=measured))
