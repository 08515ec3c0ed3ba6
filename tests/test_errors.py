import inspect
import sys

import numpy as np
import pytest

from astroseq_core import errors
from astroseq_core.vetting import periodogram


def test_every_error_hangs_on_one_tree_and_says_what_it_means():
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    assert len(found) > 10
    assert all(issubclass(c, errors.AstroSeqError) and c.__doc__ for c in found)
    assert all(issubclass(c, errors.LightCurveError) for c in (errors.CorruptFileError, errors.TooShortError, errors.AllNaNError))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'a\x1b[31m\x00' is no star.", "'a\ufffd[31m\ufffd' is no star."),
        ("'a\n\tb' is no star.", "'a  b' is no star."),
        ("'\udc80\u202e' is no star.", "'\ufffd\ufffd' is no star."),
        ("π Mensae has 3 ± 1 planets – “maybe”.", "π Mensae has 3 ± 1 planets – “maybe”."),
    ],
)
def test_a_message_holds_only_what_can_be_shown(text: str, shown: str):
    assert str(errors.TargetError(text)) == shown
    assert str(errors.AmbiguousNameError(text, ("TIC 1",))).startswith(f"'{shown}'")


def test_a_long_message_keeps_its_begin_and_its_advice():
    text = str(errors.NotOpenedError(f"The address names {'x' * 10_000}, which was never opened here.", "/x"))
    assert len(text) == errors.MAX_MESSAGE
    assert text.startswith("The address names xxx")
    assert text.endswith("which was never opened here.")


def test_what_a_plain_install_lacks_is_asked_for_in_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "transitleastsquares", None)  # as Python marks a module that cannot be imported
    time = np.arange(0.0, 20.0, 0.02)
    with pytest.raises(errors.SettingsError, match=r"Transit least squares needs .*'astroseq\[train\]'"):
        periodogram._tls(time, np.zeros(len(time)), np.full(len(time), 1e-3))
