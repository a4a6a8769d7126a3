"""Updates of the catalog's texts: what Aria has is read, and sent back with the change in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import AriaClient, AriaRefused
from app.connectors.aria.plan_edit import CLEAR, NotSendable, edited_plan
from app.connectors.aria.reads import CatalogReads
from app.connectors.aria.values import (
    Row,
    day,
    flag,
    given,
    named,
    number,
    rows,
    scalars,
    text,
    whole,
)
from app.domain.control import CancelToken
from app.domain.convert import raw_value
from app.domain.mapping import EntityMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import NoBase, Side, decimal_text
from app.errors import AnswerLost, AnswerUnreadable

_NAMES = frozenset({"plan_name", "service_desc", "item_label", "promo_plan_set_name"})


@dataclass(frozen=True, slots=True)
class Change:
    """What to change on which record: billing names and new texts, `""` where one is cleared."""

    key: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One writing call, ready to be sent."""

    name: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Writer:
    """How an entity is updated.

    Attributes:
        columns: The billing names that can be set; `=field:` stands for all supplemental fields.
        calls: How many calls one update takes, the reads before it included.
    """

    columns: tuple[str, ...]
    calls: int
    prepare: Callable[["CatalogWrites", Change, CancelToken], Call]


@dataclass(frozen=True, slots=True)
class CatalogWrites:
    """Updates the catalog's texts, and is what a writer works with."""

    client: AriaClient
    reads: CatalogReads

    @property
    def entities(self) -> frozenset[str]:
        """The entities whose texts can be set."""
        return frozenset(WRITERS)

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return update: nothing of the catalog is inserted or deleted in Aria."""
        return frozenset({Verb.UPDATE}) if self.writable(entity) else frozenset()

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the mapping's names of the texts that an update can set."""
        columns = WRITERS[entity.name]
        return frozenset(f.name for f in entity.fields if _settable(columns, f.billing))

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return how many calls one operation takes; none where a value cannot be sent."""
        writer = WRITERS[entity.name]
        try:
            _change(entity, writer, operation)
        except NotSendable:
            return 0
        return writer.calls

    def details(self, call: str, inputs: Mapping[str, Any], cancel: CancelToken) -> Row:
        """Return AdminTools' view of one record."""
        return self.client.admin(call, inputs, cancel)

    def write(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        """Return the outcome of one update; raises an `AppError` only when nothing was sent."""
        writer = WRITERS[entity.name]
        named = operation.changes[0].name if len(operation.changes) == 1 else ""
        try:
            call = writer.prepare(self, _change(entity, writer, operation), cancel)
            self._send(call, cancel)
        except AriaRefused as error:
            return Outcome(operation, OutcomeState.FAILED, error.words, named)
        except NotSendable as error:
            return Outcome(operation, OutcomeState.FAILED, str(error), named)
        except AnswerLost as error:
            return Outcome(operation, OutcomeState.UNKNOWN, error.summary, named)
        return Outcome(operation, OutcomeState.WRITTEN, side_id=operation.side_id)

    def _send(self, call: Call, cancel: CancelToken) -> None:
        try:
            self.client.change(call.name, call.inputs, cancel)
        except AnswerUnreadable as error:  # something came, and it may have been carried out
            raise AnswerLost(error.summary, error.hint) from error


def _settable(writer: Writer, column: str) -> bool:
    if column.startswith(FIELD_PREFIX):
        return FIELD_PREFIX in writer.columns
    return column in writer.columns


def _change(entity: EntityMapping, writer: Writer, operation: Operation) -> Change:
    texts: dict[str, str] = {}
    for change in operation.changes:
        field = entity.fields[entity.index[change.name]]
        if not _settable(writer, field.billing) or isinstance(change.after, NoBase):
            message = f"Not sent: {change.name} of a {entity.label} cannot be set in Aria."
            raise NotSendable(message)
        try:
            value = raw_value(field, Side.BILLING, change.after)
        except TypeError as error:
            message = f"Not sent: {error}."
            raise NotSendable(message) from error
        if value is None and field.billing in _NAMES:
            message = f"Not sent: a {entity.label} cannot be without a {change.name} in Aria."
            raise NotSendable(message)
        texts[field.billing.removeprefix(FIELD_PREFIX)] = text(value)
    return Change(operation.key, texts)


def _plan(desk: CatalogWrites, change: Change, cancel: CancelToken) -> Call:
    plan = desk.reads.whole_plan(change.key, cancel)
    if plan is None:
        message = f"Not sent: Aria's catalog has no active plan {change.key} any more."
        raise NotSendable(message)
    asked = {"client_plan_id": change.key, "include_rs_summary": "true"}
    details = desk.details("get_plan_details_m", asked, cancel)
    return Call("edit_plan_m", edited_plan(plan, details, change.texts))


def _service(desk: CatalogWrites, change: Change, cancel: CancelToken) -> Call:
    """Rename the client's service: it changes on every plan that has it."""
    asked = {"client_service_id": change.key.partition("|")[2]}
    held = desk.details("get_service_details_m", asked, cancel)
    kept = {name: text(held.get(name)) for name in ("service_type", "gl_cd", "tax_group")}
    inputs = {
        **asked,
        **kept,
        "service_no": whole(held.get("service_no")),
        "taxable_ind": flag(held.get("taxable_ind")),
        "usage_type": text(named(held.get("usage_type"))),
        "service_name": change.texts["service_desc"],
    }
    return Call("update_service_m", given(inputs))


def _item(desk: CatalogWrites, change: Change, cancel: CancelToken) -> Call:
    held = desk.details("get_inventory_item_details_m", {"client_sku": change.key}, cancel)
    item_no = whole(held.get("item_no"))
    prices = _prices(desk, item_no, cancel)
    name = change.texts.get("item_label", text(held.get("item_name")))
    description = change.texts.get("item_desc", text(held.get("item_desc")))
    kept = ("modify_price_ind", "client_service_id")
    inputs = {
        **{column: held.get(column) for column in kept},
        "active_ind": flag(held.get("active_ind")),
        "service_no": named(held.get("service_no")),
        "days_to_expiry": named(held.get("days_to_expiry")),
        "item_no": text(item_no),
        "item_type": whole(held.get("item_type")),
        "client_sku": change.key,
        "item_name": name,
        "item_desc": description or CLEAR,
        "currency_cd": "|".join(prices),
        "item_price": "|".join(prices.values()),
    }
    return Call("update_inventory_item_m", given(inputs))


def _prices(desk: CatalogWrites, item_no: int | None, cancel: CancelToken) -> dict[str, str]:
    """Return an item's prices by currency, from Core: AdminTools' shape is unknown (§2.2)."""
    asked = {"filter_item_no": item_no, "include_inactive_items": "true"}
    asked |= {"return_no_cost_items": "true"}
    answer = desk.client.core("get_client_items_all_m", asked, cancel)
    items = rows(answer, "all_client_item_details")
    same = (row for row in items if whole(row.get("item_no")) == item_no)
    prices = [row for item in same for row in rows(item, "all_item_prices")]
    amounts = {text(row.get("currency_cd")): number(row.get("price")) for row in prices}
    known = {name: decimal_text(value) for name, value in amounts.items() if value is not None}
    if not known or len(known) != len(prices):
        message = "Not sent: Aria does not show all prices of this item; an update replaces them."
        raise NotSendable(message)
    return known


def _coupon(desk: CatalogWrites, change: Change, cancel: CancelToken) -> Call:
    held = desk.details("get_coupon_details_m", {"coupon_cd": change.key}, cancel)
    kept = ("coupon_msg", "no_of_uses")
    inputs = {
        **{name: held.get(name) for name in kept},
        **{name: day(held.get(name)) for name in ("start_date", "end_date")},
        "status_ind": flag(held.get("status_ind")),
        "coupon_cd": change.key,
        "coupon_desc": change.texts["coupon_desc"] or CLEAR,
    }
    return Call("update_coupon_m", given(inputs))


def _promotion(desk: CatalogWrites, change: Change, cancel: CancelToken) -> Call:
    held = desk.details("get_promotion_details_m", {"promo_cd": change.key}, cancel)
    uses = text(held.get("no_of_uses"))
    dates = {name: day(held.get(name)) for name in ("start_date", "exp_date")}
    inputs = {
        **({"no_of_uses": uses} if uses not in {"", "0"} else dates),
        "promo_cd": change.key,
        "promo_desc": change.texts["promo_desc"] or CLEAR,
        "promo_plan_set_no": _set_of_promotion(desk, held, cancel),
    }
    return Call("update_promotion_m", given(inputs))


def _set_of_promotion(desk: CatalogWrites, held: Row, cancel: CancelToken) -> int:
    """Return the number of the promotion's plan set, of which its details tell the name only."""
    name, description = text(held.get("plan_type_name")), text(held.get("plan_type_desc"))
    answer = desk.details("get_promo_plan_sets_m", {}, cancel)
    same = [r for r in rows(answer, "promo_plan_set") if text(r.get("promo_plan_set_name")) == name]
    if len(same) > 1:
        same = [row for row in same if text(row.get("promo_plan_set_desc")) == description]
    found = whole(same[0].get("promo_plan_set_no")) if len(same) == 1 else None
    if found is None:
        message = f"Not sent: which plan set {name!r} is does not show, and an update needs it."
        raise NotSendable(message)
    return found


def _plan_set(desk: CatalogWrites, change: Change, cancel: CancelToken) -> Call:
    asked = {"client_plan_type_id": change.key}
    held = desk.details("get_promo_plan_set_details_m", asked, cancel)
    plans = [row.get("plan_no") for row in rows(held, "plan")] or scalars(held, "plan")
    described = change.texts.get("promo_plan_set_desc", text(held.get("promo_plan_set_desc")))
    inputs = {
        **asked,
        "promo_plan_set_no": whole(held.get("promo_plan_set_no")),
        "promo_plan_set_name": change.texts.get(
            "promo_plan_set_name", text(held.get("promo_plan_set_name"))
        ),
        "promo_plan_set_desc": described or CLEAR,
        "plan_no": "|".join(text(plan) for plan in plans),
    }
    return Call("update_promo_plan_set_m", given(inputs))


WRITERS: Mapping[str, Writer] = {
    "plan": Writer(("plan_name", "plan_desc", FIELD_PREFIX), 3, _plan),
    "service": Writer(("service_desc",), 2, _service),
    "item": Writer(("item_label", "item_desc"), 3, _item),
    "coupon": Writer(("coupon_desc",), 2, _coupon),
    "promotion": Writer(("promo_desc",), 3, _promotion),
    "plan_set": Writer(("promo_plan_set_name", "promo_plan_set_desc"), 2, _plan_set),
}
"""The entities that Concord updates in Aria."""
