"""AdminTools calls that write plans; what hangs on a plan is in plan_parts (aria.md §2.2)."""

from typing import Any

from app.sandbox.aria.context import Answer, Context, admin_plan
from app.sandbox.aria.errors import AriaError, Code, duplicate, invalid, not_found
from app.sandbox.aria.inputs import CLEAR, Inputs, read_int
from app.sandbox.aria.plan_inputs import PLAN_TYPES, PlanType
from app.sandbox.aria.plan_parts import check_currency, write_schedules, write_services
from app.sandbox.aria.plan_settings import check_exclusions, setting_values
from app.sandbox.aria.tables import Row, Tables

_MERGE, _REPLACE = 1, 2
_RELATIONSHIP = {"is_mandatory": 0, "is_default": 0, "min_units": None, "max_units": None}


def create_new_plan(context: Context, sent: Inputs) -> Answer:
    """Answer create_new_plan_m: a plan with its schedules, services, tiers, parents and fields."""
    tables = context.tables
    number = tables.next_number("plan")
    fresh = {
        "plan_no": number,
        "client_plan_id": str(number),  # where the client gives no id of its own (inferred)
        "plan_desc": "",
        "display_ind": 1,
        "proration_invoice_timing_cd": "I",
        "active_ind": 1,
        "has_accounts": False,
    }
    plan = _write_header(tables, fresh, sent, _type_of(sent))
    write_services(tables, plan, sent, write_schedules(tables, plan, sent, replace=True))
    _write_relationships(tables, plan, sent)
    return {"plan_no": number}


def edit_plan(context: Context, sent: Inputs) -> Answer:
    """Answer edit_plan_m.

    Directive 1 leaves schedules, services and tiers alone that are not sent. Directive 2 replaces
    them: what is not sent is gone. Without a directive 2 is assumed, which is the one that hurts
    (inferred).
    """
    tables, plan = context.tables, admin_plan(context, sent)
    directive = sent.get("edit_directives", _REPLACE)
    if directive not in (_MERGE, _REPLACE):
        raise AriaError(Code.BAD_DIRECTIVE, f"invalid edit_directives: {directive}")
    kind = _type_of(sent)
    if kind.supp_plan_ind != plan["supp_plan_ind"]:
        raise AriaError(
            Code.NOT_ALLOWED, "a master plan cannot become a supplemental one, nor back"
        )
    plan = _write_header(tables, plan, sent, kind)
    replace = directive == _REPLACE
    schedules = write_schedules(tables, plan, sent, replace=replace)
    if replace:
        number = plan["plan_no"]
        tables.remove_where("rate", lambda row: bool(row["plan_no"] == number))
        tables.remove_where("service", lambda row: bool(row["plan_no"] == number))
    write_services(tables, plan, sent, schedules)
    _write_relationships(tables, plan, sent)
    return {"plan_no": plan["plan_no"]}


def add_rate_schedule_on_plan(context: Context, sent: Inputs) -> Answer:
    """Answer add_rate_schedule_on_plan_m: further schedules, without tiers."""
    plan = admin_plan(context, sent)
    write_schedules(context.tables, plan, sent, replace=False)
    return {"plan_no": plan["plan_no"]}


def delete_plans(context: Context, sent: Inputs) -> Answer:
    """Answer delete_plans_m: all or none; a plan that has, or whose parent has, accounts stays."""
    tables = context.tables
    numbers = [read_int("plan_nos", value) for value in sent["plan_nos"]]
    for number in numbers:
        plan = tables.get("plan", number)
        if plan is None:
            raise AriaError(
                Code.MISSING, f"missing required parameters: plan {number} does not exist"
            )
        if plan["has_accounts"] or _has_busy_parent(tables, number):
            raise AriaError(Code.NOT_ALLOWED, f"plan {number} cannot be deleted: accounts use it")
        delete_plan(tables, plan)
    return {"plan_nos": [{"plan_no": number} for number in numbers]}


def delete_plan(tables: Tables, plan: Row) -> None:
    """Delete a plan and everything that is its own; services stay, for they are the client's."""
    number = plan["plan_no"]
    for kind in ("rate", "service", "rate_schedule"):
        tables.remove_where(kind, lambda row: bool(row["plan_no"] == number))
    tables.remove_where(
        "plan_relationship", lambda row: number in (row["plan_no"], row["parent_plan_no"])
    )
    for plan_set in tables.all("plan_set"):
        if number in plan_set["plan_nos"]:
            rest = [other for other in plan_set["plan_nos"] if other != number]
            tables.change("plan_set", plan_set, plan_nos=rest)
    tables.remove("plan", plan)


def _has_busy_parent(tables: Tables, number: int) -> bool:
    links = tables.group("plan_relationship", "plan_no", number)
    return any(tables.at("plan", link["parent_plan_no"])["has_accounts"] for link in links)


def _type_of(sent: Inputs) -> PlanType:
    if sent["plan_type"] not in PLAN_TYPES:
        raise invalid("plan_type", f"is not one of {', '.join(PLAN_TYPES)}")
    return PLAN_TYPES[sent["plan_type"]]


def _write_header(tables: Tables, plan: Row, sent: Inputs, kind: PlanType) -> Row:
    check_currency(tables, "currency", sent["currency"])
    changed: dict[str, Any] = {
        "plan_name": sent["plan_name"],
        "currency_cd": sent["currency"],
        "supp_plan_ind": kind.supp_plan_ind,
        "billing_ind": kind.billing_ind,
        "prepaid_ind": kind.prepaid_ind,
    }
    if "plan_description" in sent:
        changed["plan_desc"] = unless_cleared(sent["plan_description"])
    if "active" in sent:
        changed["active_ind"] = sent["active"]
    if "proration_invoice_timing_cd" in sent:
        if sent["proration_invoice_timing_cd"] not in ("A", "I"):
            raise invalid("proration_invoice_timing_cd", "is neither A nor I")
        changed["proration_invoice_timing_cd"] = sent["proration_invoice_timing_cd"]
    if "client_plan_id" in sent:
        check_free(tables, "plan", "client_plan_id", sent["client_plan_id"], plan["plan_no"])
        changed["client_plan_id"] = sent["client_plan_id"]
    changed |= field_values(tables, sent, "Plan") | setting_values(tables, plan, sent)
    return tables.change("plan", plan, **changed)


def field_values(tables: Tables, sent: Inputs, on: str) -> dict[str, Any]:
    """Return the supplemental fields sent, by name; several values stay a list, `~` or [] clears.

    Raises:
        AriaError: 1013 for a field that is not defined on this kind of object.
    """
    defined = {
        row["field_name"]: row for row in tables.group("supp_field", "associated_object", on)
    }
    found: dict[str, Any] = {}
    for row in sent.get("supplemental_obj_field", []):
        name, values = row.get("field_name"), row.get("field_value", [])
        if name not in defined:
            raise not_found(f"supplemental field {name}")
        most = defined[name]["max_no_sel"]
        if len(values) > most:
            raise invalid(f"supplemental_obj_field {name}", f"takes at most {most} values")
        kept = [str(value) for value in values if value != CLEAR]
        found[name] = kept if most > 1 else (kept[0] if kept else None)
    return found


def unless_cleared(text: str) -> str:
    """Return a nullable text as stored: `~` empties it (aria.md §1.3)."""
    return "" if text == CLEAR else text


def check_free(tables: Tables, kind: str, name: str, client_id: str, number: int) -> None:
    """Raise 1015 when another row of the kind has this client-defined id."""
    if "|" in client_id:
        raise invalid(
            name, "may not hold a vertical bar"
        )  # AdminTools lists are piped (aria.md §1.3)
    if tables.number(kind, client_id) not in (None, number):
        raise duplicate(name, client_id)


def _write_relationships(tables: Tables, plan: Row, sent: Inputs) -> None:
    """Replace the parents or children that were sent; what a kept one says of units stays."""
    number = plan["plan_no"]
    if "exclusion_plans" in sent:
        excluded = {plan_named(tables, one, "exclusion_plans") for one in sent["exclusion_plans"]}
        kept_out = check_exclusions(excluded, plan)
        tables.change("plan", tables.at("plan", number), exclusion_plans=kept_out)
    if "parent_plans" in sent or "parent_client_plan_ids" in sent:
        names = ("parent_plans", "parent_client_plan_ids")
        parents = {
            plan_named(tables, value, name) for name in names for value in sent.get(name, [])
        }
        if parents and not plan["supp_plan_ind"]:
            raise invalid("parent_plans", "a master plan has no parent")
        kept = {
            row["parent_plan_no"]: row
            for row in tables.group("plan_relationship", "plan_no", number)
        }
        _replace_links(tables, kept, {(parent, number): parent for parent in parents})
    if "child_plans" in sent:
        children = {plan_named(tables, value, "child_plans") for value in sent["child_plans"]}
        if any(not tables.at("plan", child)["supp_plan_ind"] for child in children):
            raise invalid("child_plans", "a master plan is nobody's child")
        rows = tables.group("plan_relationship", "parent_plan_no", number)
        kept = {row["plan_no"]: row for row in rows}
        _replace_links(tables, kept, {(number, child): child for child in children})


def _replace_links(
    tables: Tables, held: dict[int, Row], wanted: dict[tuple[int, int], int]
) -> None:
    for other, row in held.items():
        if other not in wanted.values():
            tables.remove("plan_relationship", row)
    for (parent, child), other in sorted(wanted.items()):
        if other not in held:
            ends = {"parent_plan_no": parent, "plan_no": child}
            tables.put("plan_relationship", {**ends, **_RELATIONSHIP})


def plan_named(tables: Tables, value: Any, name: str) -> int:
    """Return the number of a plan given by number or client-defined id; an unknown one is 1010."""
    text = str(value)
    number = tables.number("plan", text)
    if number is None and text.isascii() and text.isdigit():
        number = int(text)
    if number is None or tables.get("plan", number) is None:
        raise AriaError(Code.MISSING, f"missing required parameters: {name}: no plan {text[:40]}")
    return number
