"""The Orb sandbox: one account of Orb, live and test mode, over HTTP as Orb speaks it."""

from app.sandbox.orb.system import OrbSystem
from app.sandbox.wire import SystemSettings

__all__ = ["OrbSystem", "create"]


def create(settings: SystemSettings) -> OrbSystem:
    """Return the Orb system; its data set is made when it is first asked for."""
    return OrbSystem(settings)
