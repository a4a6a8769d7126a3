"""Redeeming a coupon on a subscription (orb.md §2.3, §2.5)."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.orb.adjustments import new_interval
from app.sandbox.orb.errors import constraint, invalid, not_found
from app.sandbox.orb.subscription_rows import timezone_of
from app.sandbox.orb.times import add_months, local_day, midnight
from app.sandbox.orb.world import Row, World


def _coupon(world: World, sent: Mapping[str, Any]) -> Row:
    plain, code = sent.get("coupon_id"), sent.get("coupon_redemption_code")
    if (plain is None) == (code is None):
        raise invalid("coupon_id: exactly one of coupon_id and coupon_redemption_code is needed")
    if plain is not None:
        return world.at("coupon", plain)
    for row in world.table("coupon").rows.values():
        if row["redemption_code"] == code and row["archived_at"] is None:
            return row
    raise not_found("coupon", str(code))


def redeem(world: World, row: Row, sent: Mapping[str, Any], start: str) -> None:
    """Redeem a coupon on a subscription from a moment on.

    Raises:
        OrbError: There is no such coupon, it is archived, or it has been redeemed too often.
    """
    coupon = _coupon(world, sent)
    if coupon["archived_at"] is not None:
        raise constraint("The coupon is archived.")
    most = coupon["max_redemptions"]
    if most is not None and coupon["times_redeemed"] >= most:
        raise constraint("The coupon has been redeemed as often as it may be.")
    end = None
    if coupon["duration_in_months"] is not None:
        timezone = timezone_of(world, row)
        day = local_day(start, timezone)
        end = midnight(add_months(day, coupon["duration_in_months"], day.day), timezone)
    coupon["times_redeemed"] += 1
    row["redeemed_coupon"] = {"coupon_id": coupon["id"], "start_date": start, "end_date": end}
    discount = coupon["discount"]
    name = f"{discount['discount_type']}_discount"
    adjustment = {
        "id": world.new_id("adjustment"),
        "is_invoice_level": True,
        "filters": [],
        "applies_to_price_ids": [],
        "reason": coupon["redemption_code"],
        "replaces_adjustment_id": None,
        "adjustment_type": name,
        name: discount[name],
        "plan_phase_order": None,
    }
    row["adjustment_intervals"].append(new_interval(world, adjustment, start, end))
