"""The Aria sandbox: Core and AdminTools of one client, over HTTP as Aria speaks it."""

from app.sandbox.aria.system import AriaSystem
from app.sandbox.wire import SystemSettings

__all__ = ["AriaSystem", "create"]


def create(settings: SystemSettings) -> AriaSystem:
    """Return the Aria system with the data set's catalog, drift included."""
    return AriaSystem(settings)
