"""A stand-in for MAST and the NASA Exoplanet Archive on this machine, which can misbehave on demand.

``python -m tests.standin --port 8642`` starts it by hand; ``StandIn`` starts it in a test.
"""

from tests.standin.faults import Fault, Kind, Rule
from tests.standin.server import Request, Response, Route, StandIn, State

__all__ = ["Fault", "Kind", "Request", "Response", "Route", "Rule", "StandIn", "State"]
