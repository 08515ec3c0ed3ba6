"""Private names of other packages: few, known, and tested to be still there and still in use."""

import ast
import inspect
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "astroseq_core"
#: Every private name of another object that the package uses, by module.
KNOWN = {
    "archive/mast.py": {"_session", "_portal_api_connection", "_column_configs"},
    "archive/exoplanet_archive.py": {"_session"},
    # tests/signals/test_boosted_trees.py compares what they give with scikit-learn's own answers
    "signals/boosted_trees.py": {"_predictors", "_baseline_prediction"},
}

#: Public, though they begin with an underscore lest a field have their name.
OF_NAMED_TUPLES = {"_replace", "_asdict", "_fields"}


def private_names(path: Path) -> set[str]:
    """Return the private names of other objects that a module uses, without those that it defines itself."""
    found, tree = set(), ast.parse(path.read_text("utf-8"))
    own = OF_NAMED_TUPLES | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            owner = ast.unparse(node.value)
            if owner.split(".")[0] not in ("self", "cls") and (owner, node.attr) != ("os", "_exit") and node.attr not in own:
                found.add(node.attr)
    return found


def test_no_other_private_name_is_used():
    found = {p.relative_to(PACKAGE).as_posix(): private_names(p) for p in PACKAGE.rglob("*.py")}
    assert {name: names for name, names in found.items() if names - KNOWN.get(name, set())} == {}
    assert {name for name in KNOWN if KNOWN[name] - found[name]} == set()


@pytest.mark.filterwarnings("ignore")
def test_the_clients_of_mast_still_use_the_session_and_the_connection_that_are_set():
    import requests
    from astroquery.mast import ObservationsClass
    from astroquery.mast.discovery_portal import PortalAPI

    client = ObservationsClass()
    assert isinstance(client._session, requests.Session)
    assert isinstance(client._portal_api_connection, PortalAPI)
    assert client._portal_api_connection._session is client._session
    assert "self._portal_api_connection" in inspect.getsource(ObservationsClass)
    assert vars(PortalAPI)["_column_configs"] == {}
    assert "self._column_configs" in inspect.getsource(PortalAPI.service_request_async)
    session = requests.Session()
    assert PortalAPI(session)._session is session
    for name in ("MAST_REQUEST_URL", "COLUMNS_CONFIG_URL", "TIMEOUT"):
        assert name in vars(PortalAPI)
    for made in (client._session, session):
        made.close()


@pytest.mark.filterwarnings("ignore")
def test_the_client_of_the_exoplanet_archive_still_uses_the_session_and_the_look_up_that_are_set():
    import requests
    from astroquery.ipac.nexsci.nasa_exoplanet_archive import NasaExoplanetArchiveClass

    client = NasaExoplanetArchiveClass()
    assert isinstance(client._session, requests.Session)
    assert "session=self._session" in inspect.getsource(NasaExoplanetArchiveClass)
    assert "self._request_query_aliases(" in inspect.getsource(NasaExoplanetArchiveClass.query_aliases)
    client._session.close()
