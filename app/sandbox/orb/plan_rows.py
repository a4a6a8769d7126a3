"""Plans as Orb shows them (orb.md §2.2)."""

from app.sandbox.orb.world import Row, shown

_PHASE = ("id", "description", "duration", "duration_unit", "name", "order")


def brief_plan(plan: Row | None) -> Row | None:
    """Return a plan as other things name it."""
    if plan is None:
        return None
    return {name: plan[name] for name in ("id", "external_plan_id", "name")}


def show_version(plan: Row, version: int) -> Row:
    """Return one version of a plan."""
    found: Row = plan["_versions"][version]
    phases = [{name: phase[name] for name in _PHASE} for phase in plan["plan_phases"] or ()]
    return {
        "created_at": found["created_at"],
        "version": version,
        "plan_phases": phases or None,
        "prices": [shown(price) for price in found["prices"]],
        "adjustments": found["adjustments"],
    }


def show_plan(plan: Row) -> Row:
    """Return a plan with the prices and adjustments of its default version."""
    version = show_version(plan, plan["version"])
    return {**shown(plan), "prices": version["prices"], "adjustments": version["adjustments"]}
