"""All kinds of input, by family."""

from tests.fuzz import archives, job_requests, light_curves, links, names, signal_views, stores
from tests.fuzz.harness import Kind

FAMILIES = (light_curves, names, archives, links, job_requests, stores, signal_views)


def all_kinds() -> tuple[Kind, ...]:
    """Return every kind."""
    return tuple(kind for family in FAMILIES for kind in family.KINDS)
