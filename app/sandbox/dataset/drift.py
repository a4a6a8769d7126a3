"""The drift of a data set: what people did on both sides since these were last in step."""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random

from app.sandbox.dataset import drift_new
from app.sandbox.dataset.counts import Counts
from app.sandbox.dataset.draft import Draft, Pair
from app.sandbox.dataset.money import tidy
from app.sandbox.dataset.values import Edit, Row, Tables


def drift_edits(
    aria: Mapping[str, list[Row]], salesforce: Tables, counts: Counts, random: Random
) -> tuple[Edit, ...]:
    """Return edits of every kind on both systems, about a hundred differences a round."""
    draft = Draft(aria, salesforce, random)
    _retire_a_plan(draft)
    for round_no in range(1, counts.drift + 1):
        for step in _STEPS:
            step(draft)
        drift_new.add_new_records(draft, round_no)
    drift_new.put_new_plans_in_sets(draft)
    drift_new.add_what_salesforce_rejects(draft)
    return tuple(draft.edits)


def _retire_a_plan(draft: Draft) -> None:
    """Deactivate the smallest add-on: Aria stops listing it, Salesforce still has all of it."""
    tiers = Counter(row["plan_no"] for row in draft.aria["rate"])
    addons = [pair for pair in draft.pairs("plan") if pair.aria["supp_plan_ind"]]
    pair = min(addons, key=lambda pair: (tiers[pair.aria["plan_no"]], pair.key))
    draft.change_aria(pair, active_ind=0)
    draft.drop_plan(pair.aria["plan_no"])


def _one_field_in_aria(draft: Draft) -> None:
    for _ in range(6):
        pair = draft.pick("rate")
        draft.change_aria(pair, rate_per_unit=_dearer(pair.aria["rate_per_unit"], "0.00001"))
    for _ in range(3):
        pair = draft.pick("item_price")
        draft.change_aria(pair, price=_dearer(pair.aria["price"], "0.01"))
    for _ in range(2):
        pair = draft.pick("rate_schedule")
        draft.change_aria(pair, schedule_name=f"{pair.aria['schedule_name']} (2026)")
        draft.change_aria(draft.pick("coupon"), end_date="2027-06-30")
        pair = draft.pick("plan")
        draft.change_aria(pair, display_ind=1 - pair.aria["display_ind"])


def _shared_field_in_aria(draft: Draft) -> None:
    for _ in range(3):
        pair = draft.pick("plan")
        draft.change_aria(pair, plan_name=f"{pair.aria['plan_name']} 2026")
    for _ in range(2):
        pair = draft.pick_text("item", "item_desc")
        draft.change_aria(pair, item_desc=f"{pair.aria['item_desc']} — new model")
        pair = _own_service(draft)
        draft.change_aria(pair, service_desc=f"{pair.salesforce['Name']} (net)")
    pair = draft.pick("promotion")
    draft.change_aria(pair, promo_desc=f"{pair.aria['promo_desc']}, extended")
    pair = draft.pick("plan_set")
    draft.change_aria(pair, promo_plan_set_name=f"{pair.aria['promo_plan_set_name']} NG")


def _many_fields_in_aria(draft: Draft) -> None:
    for _ in range(2):
        pair = draft.pick_where("plan", lambda pair: not pair.aria["prepaid_ind"])
        timing = "I" if pair.aria["proration_invoice_timing_cd"] == "A" else "A"
        draft.change_aria(
            pair,
            plan_name=f"{pair.aria['plan_name']} relaunch",
            plan_desc="Relaunched: more included units,\nsame price.",
            proration_invoice_timing_cd=timing,
            billing_ind=1 - pair.aria["billing_ind"],
            display_ind=1 - pair.aria["display_ind"],
        )
    pair = draft.pick("item")
    draft.change_aria(
        pair,
        item_label=f"{pair.aria['item_label']} II",
        coa_id="4990",
        purchase_scope=1 - pair.aria["purchase_scope"],
        stock_level=Decimal("12.5"),
    )


def _only_in_salesforce(draft: Draft) -> None:
    """Edit fields that both sides own: Concord may carry these to Aria."""
    for _ in range(2):
        pair = draft.pick("plan")
        draft.change_salesforce(pair, Name=f"{pair.salesforce['Name']} (Sales)")
        draft.change_salesforce(draft.pick("plan"), Description__c="Text by product marketing.")
        draft.change_salesforce(draft.pick("coupon"), Description__c="See the campaign page.")
        pair = draft.pick("item")
        draft.change_salesforce(pair, Name=f"{pair.salesforce['Name']} (Sales)")
    pair = _own_service(draft)
    draft.change_salesforce(pair, Name=f"{pair.salesforce['Name']} (Sales)")
    pair = draft.pick("plan_set")
    draft.change_salesforce(pair, Name=f"{pair.salesforce['Name']} (Sales)")


def _against_the_owner(draft: Draft) -> None:
    """Edit fields in Salesforce that billing owns, and one in Aria that Salesforce owns."""
    for _ in range(2):
        pair = draft.pick("rate")
        draft.change_salesforce(pair, Rate__c=_dearer(pair.salesforce["Rate__c"], "0.01"))
    pair = draft.pick("plan")
    draft.change_salesforce(pair, Billable__c=not pair.salesforce["Billable__c"])
    pair = draft.pick("rate_schedule")
    draft.change_salesforce(pair, Default__c=not pair.salesforce["Default__c"])
    draft.change_aria(draft.pick("plan"), sf_family="Billing's own family")


def _conflicts(draft: Draft) -> None:
    for _ in range(2):
        pair = draft.pick("plan")
        draft.change_aria(pair, plan_name=f"{pair.aria['plan_name']} Complete")
        draft.change_salesforce(pair, Name=f"{pair.salesforce['Name']} Classic")
    pair = draft.pick("plan")
    draft.change_aria(pair, plan_desc="Billing says: twelve months minimum.")
    draft.change_salesforce(pair, Description__c="Sales says: no minimum term.")
    pair = draft.pick("item")
    draft.change_aria(pair, item_label=f"{pair.aria['item_label']} 2026")
    draft.change_salesforce(pair, Name=f"{pair.salesforce['Name']} MkII")
    pair = draft.pick("coupon")
    draft.change_aria(pair, coupon_desc="Until the end of March")
    draft.change_salesforce(pair, Description__c="Until the end of May")


def _agreements(draft: Draft) -> None:
    """Make the same change on both sides: no difference, but a new base."""
    for _ in range(2):
        pair = draft.pick("plan")
        text = f"{pair.aria['plan_name']}: same words on both sides."
        draft.change_aria(pair, plan_desc=text)
        draft.change_salesforce(pair, Description__c=text)
    pair = draft.pick("coupon")
    draft.change_aria(pair, coupon_desc="Agreed with sales")
    draft.change_salesforce(pair, Description__c="Agreed with sales")


def _families(draft: Draft) -> None:
    """Edit what Salesforce owns: to be carried to Aria."""
    for family in ("Strategic", "Legacy", "Über-Familie & Partner"):
        draft.change_salesforce(draft.pick("plan"), Family__c=family)


def _empties(draft: Draft) -> None:
    """Turn null into "" (no difference), text into "" in Aria, and text into null in Salesforce."""
    pair = draft.pick_where("plan", lambda pair: not pair.aria["plan_desc"])
    draft.change_aria(pair, plan_desc="" if pair.aria["plan_desc"] is None else None)
    draft.change_aria(draft.pick_text("plan", "plan_desc"), plan_desc="")
    draft.change_salesforce(draft.pick_text("plan", "plan_desc"), Description__c=None)


def _deleted_in_salesforce(draft: Draft) -> None:
    for kind in ("rate", "rate", "rate", "coupon", "item_price", "plan_relationship"):
        pair = draft.pick(kind)
        draft.in_salesforce("delete", pair.sobject, pair.key)


def _duplicates(draft: Draft) -> None:
    """Insert a second record of the same key, as an import without the external id does."""
    for kind in ("coupon", "coupon", "item"):
        pair = draft.pick(kind)
        copy = {**pair.salesforce, "Description__c": "Imported by hand"}
        draft.in_salesforce("insert", pair.sobject, pair.key, copy)


def _more_tiers(draft: Draft) -> None:
    """Split the open last tier in two: one tier changed, one new."""
    for _ in range(2):
        pair = draft.pick_where("rate", lambda pair: pair.aria["to_unit"] is None)
        bound = tidy(pair.aria["from_unit"] + 999)
        draft.change_aria(pair, to_unit=bound)
        sequence = pair.aria["rate_seq_no"] + 1
        price = tidy((pair.aria["rate_per_unit"] * 9 / 10).quantize(Decimal("0.00001")))
        upper = {"from_unit": bound + 1, "to_unit": None, "rate_per_unit": price}
        key = f"{pair.key.rpartition('|')[0]}|{sequence}"
        draft.in_aria("insert", "rate", key, **{**pair.aria, **upper, "rate_seq_no": sequence})


def _own_service(draft: Draft) -> Pair:
    """Draw a service on one plan only: the name of a shared one stands in several records."""
    used = Counter(row["service_no"] for row in draft.aria["service"])
    return draft.pick_where("service", lambda pair: used[pair.aria["service_no"]] == 1)


def _dearer(amount: Decimal, step: str) -> Decimal:
    raised = (amount * Decimal("1.07")).quantize(Decimal(step))
    return tidy(raised if raised > amount else amount + Decimal(step))


_STEPS: tuple[Callable[[Draft], None], ...] = (
    _one_field_in_aria,
    _shared_field_in_aria,
    _many_fields_in_aria,
    _only_in_salesforce,
    _against_the_owner,
    _conflicts,
    _agreements,
    _families,
    _empties,
    _deleted_in_salesforce,
    _duplicates,
    _more_tiers,
)
