"""Every call that the Orb sandbox answers."""

from app.sandbox.orb import (
    alerts,
    balance,
    catalog,
    costs,
    credit_notes,
    credits_api,
    customers,
    events,
    features,
    invoices,
    pending_changes,
    plans,
    prices,
    subscriptions,
    webhooks,
)
from app.sandbox.orb.agenda import catch_up
from app.sandbox.orb.router import Router
from app.sandbox.orb.world import World


def settle(world: World) -> None:
    """Let everything happen that is due in a world by its present."""
    catch_up(world, world.now)


def router() -> Router:
    """Return the table of all calls; fixed words stand before blanks."""
    return Router(
        [
            *features.ROUTES,
            *customers.ROUTES,
            *balance.ROUTES,
            *credits_api.ROUTES,
            *catalog.ROUTES,
            *plans.ROUTES,
            *prices.ROUTES,
            *subscriptions.routes(settle),
            *pending_changes.routes(settle),
            *costs.ROUTES,
            *invoices.ROUTES,
            *credit_notes.ROUTES,
            *alerts.ROUTES,
            *events.ROUTES,
            *webhooks.ROUTES,
        ]
    )
