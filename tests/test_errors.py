import inspect

from astroseq_core import errors


def test_every_error_hangs_on_one_tree_and_says_what_it_means():
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    assert len(found) > 10
    assert all(issubclass(c, errors.AstroSeqError) and c.__doc__ for c in found)
    assert all(issubclass(c, errors.LightCurveError) for c in (errors.CorruptFileError, errors.TooShortError, errors.AllNaNError))
