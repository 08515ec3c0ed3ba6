"""Dispositions: each stands once, and all that use them agree."""

import pytest

from astroseq_core.archive import normalize
from astroseq_core.disposition_codes import CODES, DISPOSITIONS, FALSE_DISPOSITIONS, PLANET_DISPOSITIONS, UNSURE_DISPOSITIONS
from astroseq_core.ephemeris import Ephemeris
from astroseq_core.export import exofop_file
from astroseq_core.store import dispositions
from astroseq_core.store.disposition_entry import Disposition
from astroseq_core.times import Instant, TimeSystem


def test_a_reviewer_says_planet_or_none_or_neither():
    said = [set(PLANET_DISPOSITIONS), set(FALSE_DISPOSITIONS), set(UNSURE_DISPOSITIONS)]
    assert set(DISPOSITIONS) == set().union(*said)
    assert sum(map(len, said)) == len(DISPOSITIONS)
    assert len({c.key for c in CODES.values() if c.key}) == sum(1 for c in CODES.values() if c.key), "a key is of one code"


@pytest.mark.parametrize("code", CODES)
def test_a_signal_is_a_planets_unless_its_disposition_denies_it(code: str):
    signal = Ephemeris("TIC 1", "b", Instant(1500.0, TimeSystem.BTJD), 3.0, 2.0, disposition=code)
    assert signal.is_planet is (CODES[code].is_planet is not False)
    assert (code in normalize.DISPOSITION_CODES) is CODES[code].by_tfopwg
    assert (code in exofop_file.EXOFOP_DISPOSITION) is bool(CODES[code].exofop)


def test_the_store_takes_every_code_of_reviewers():
    for at, code in enumerate(DISPOSITIONS):
        dispositions.add(Disposition(f"TIC {at + 1}", code, "ada", float(at + 1)))
    assert [v.disposition for v in sorted(dispositions.list_current(), key=lambda v: v.at)] == list(DISPOSITIONS)
