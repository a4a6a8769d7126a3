"""Which calls read what: the catalog in the fewest calls, single plans where few are asked for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from app.connectors.aria.catalog import FIELD_PREFIX, SOURCES, Answers
from app.connectors.aria.client import AriaClient, AriaRefused
from app.connectors.aria.values import Row, is_on, rows, text, whole
from app.connectors.overlap import overlapped
from app.connectors.protocol import Page, ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.reader import RecordReader
from app.domain.record import Record, Side

GROUPS = (
    frozenset({"plan_set", "plan", "plan_relationship", "service", "rate_schedule", "rate"}),
    frozenset({"promotion"}),
    frozenset({"item", "item_price"}),
    frozenset({"coupon"}),
    frozenset({"discount_rule"}),
    frozenset({"message_template"}),
)
"""Entities that the same calls read."""
FEW = 3
"""Keys whose plans are read one by one rather than with the whole catalog."""
_PAGE = 2000
_UNKNOWN_CALL = "-1"
# Whose key is PLAN or PLAN|…: services and rates have such keys too, but a supplemental plan that
# is asked for alone comes without them (aria.md §2.1).
_BY_PLAN = frozenset({"plan", "plan_relationship"})
_WHOLE_PLANS = {"include_all_rate_schedules": "true", "include_plan_hierarchy": "true"}


class CatalogReads:
    """Reads groups of entities; `promo_code` narrows the plans to those behind it."""

    def __init__(self, client: AriaClient, promo_code: str) -> None:
        self._client = client
        self._promo_code = promo_code
        self._behind: dict[str, str] = {}
        """Supplemental plan → the promotion code behind which it was seen last, "" for none."""

    @property
    def entities(self) -> frozenset[str]:
        """The entities of the catalog."""
        return frozenset(SOURCES)

    def groups(self, entities: Sequence[EntityMapping]) -> list[tuple[EntityMapping, ...]]:
        """Return the entities in groups that are read together."""
        found = (tuple(e for e in entities if e.name in names) for names in GROUPS)
        return [group for group in found if group]

    def incremental(self, entity: EntityMapping) -> bool:
        """No: the catalog's calls take no date of change (aria.md §5)."""
        del entity
        return False

    def pages(self, request: ReadRequest, cancel: CancelToken) -> Iterator[Page]:
        """Yield the records of each entity asked for, in pages."""
        by_keys = request.scope is Scope.KEYS
        if by_keys and not request.keys:
            return
        wanted = frozenset(request.keys) if by_keys else None
        answers = self._answers(request.entities, wanted, cancel)
        for entity in request.entities:
            cancel.check()
            names = [f.billing for f in entity.fields if f.billing.startswith(FIELD_PREFIX)]
            fields = tuple(name.removeprefix(FIELD_PREFIX) for name in names)
            yield from _pages(entity, replace(answers, field_names=fields), wanted)

    def forecast(self, entity: EntityMapping, keys: int) -> int:
        """Return the calls that a read of that many keys takes."""
        if not keys:
            return 0
        if entity.name in _BY_PLAN and keys <= FEW:
            return keys
        return 2 if entity.name == "plan_set" else 1

    def read_once(self, entity: EntityMapping, key: str) -> str:
        """Return the key: of few plans each is asked for by itself."""
        del entity
        return key

    def whole_plan(self, plan_id: str, cancel: CancelToken) -> Row | None:
        """Return one plan with all its services and rates; None where there is none.

        Asked for by its id, a supplemental plan comes without services and rates (aria.md §2.1):
        it is found among the plans behind one of its promotion codes, or in the whole catalog. That
        takes one call where the plan was read before, as it is before each write; else two.
        """
        if (code := self._behind.get(plan_id)) is not None:
            found = _plan(self._plans_behind(code, cancel), plan_id)
            if found is not None:
                return found
        found = _plan(self._plans({"client_plan_id": plan_id}, cancel), plan_id)
        if found is None or not _stripped(found):
            return found
        return _plan(self._plans_behind(_code_of(found), cancel), plan_id)

    def _answers(
        self,
        entities: Sequence[EntityMapping],
        wanted: frozenset[str] | None,
        cancel: CancelToken,
    ) -> Answers:
        names = {entity.name for entity in entities}
        if names <= GROUPS[0]:
            return self._catalog(names, wanted, cancel)
        if "promotion" in names:
            answer = self._client.admin("get_promotions_m", {}, cancel)
            return Answers(promotions=rows(answer, "promotions"))
        if "coupon" in names:
            answer = self._client.admin("get_coupons_m", {}, cancel)
            return Answers(coupons=rows(answer, "coupons"))
        if "discount_rule" in names:
            return Answers(discount_rules=self._discount_rules(cancel))
        if "message_template" in names:
            answer = self._client.core("get_email_templates_m", {}, cancel)
            return Answers(templates=rows(answer, "templates_by_client"))
        everything = {"include_inactive_items": "true", "return_no_cost_items": "true"}
        answer = self._client.core("get_client_items_all_m", everything, cancel)
        return Answers(items=rows(answer, "all_client_item_details"))

    def _catalog(
        self, names: set[str], wanted: frozenset[str] | None, cancel: CancelToken
    ) -> Answers:
        tasks: list[Callable[[], Sequence[Row]]] = [
            partial(self._plans_for, names, wanted, cancel),
        ]
        if "plan_set" in names:
            tasks.append(partial(self._plan_sets, cancel))
        results = list(overlapped(tasks, len(tasks), cancel))
        return Answers(
            plans=results[0],
            plan_sets=results[1] if "plan_set" in names else (),
            only_seen_sets=bool(self._promo_code),
        )

    def _plans_for(
        self, names: set[str], wanted: frozenset[str] | None, cancel: CancelToken
    ) -> Sequence[Row]:
        if wanted is not None and len(wanted) <= FEW and names <= _BY_PLAN:
            return self._single_plans(sorted({key.split("|")[0] for key in wanted}), cancel)
        return self._plans_behind(self._promo_code, cancel)

    def _single_plans(self, ids: Sequence[str], cancel: CancelToken) -> list[Row]:
        tasks = [partial(self._plans, {"client_plan_id": plan_id}, cancel) for plan_id in ids]
        return [plan for plans in overlapped(tasks, FEW, cancel) for plan in plans]

    def _plans(self, filters: dict[str, str], cancel: CancelToken) -> Sequence[Row]:
        answer = self._client.core("get_client_plans_all_m", _WHOLE_PLANS | filters, cancel)
        found = rows(answer, "all_client_plan_dtls")
        supplemental = (plan for plan in found if is_on(plan.get("supp_plan_ind")))
        self._behind |= {text(p.get("client_plan_id")): _code_of(p) for p in supplemental}
        return found

    def _plans_behind(self, code: str, cancel: CancelToken) -> Sequence[Row]:
        return self._plans({"promo_code": code} if code else {}, cancel)

    def _discount_rules(self, cancel: CancelToken) -> Sequence[Row]:
        """Return the discount rules; none where Aria knows no such call: its name is inferred."""
        try:
            answer = self._client.admin("get_discount_rules_m", {}, cancel)
        except AriaRefused as error:
            if error.code != _UNKNOWN_CALL:
                raise
            return ()
        return rows(answer, "discount_rules")

    def _plan_sets(self, cancel: CancelToken) -> Sequence[Row]:
        return rows(self._client.admin("get_promo_plan_sets_m", {}, cancel), "promo_plan_set")


def _plan(plans: Iterable[Row], plan_id: str) -> Row | None:
    return next((plan for plan in plans if text(plan.get("client_plan_id")) == plan_id), None)


def _code_of(plan: Row) -> str:
    """Return the first promotion code behind which a plan is, "" for none."""
    sets = rows(plan, "promotional_plan_sets")
    promotions = (row for plan_set in sets for row in rows(plan_set, "promotions_for_set"))
    return next(filter(None, (text(row.get("promo_code")) for row in promotions)), "")


def _stripped(plan: Row) -> bool:
    """Return whether a plan may have come without its services (aria.md §2.1, §4.9)."""
    return is_on(plan.get("supp_plan_ind")) and not rows(plan, "plan_services")


def _pages(
    entity: EntityMapping, answers: Answers, wanted: frozenset[str] | None
) -> Iterator[Page]:
    source = SOURCES[entity.name]
    reader = RecordReader(entity, Side.BILLING)
    found = source.rows(answers)
    while piece := list(islice(found, _PAGE)):
        records: list[Record] = []
        unkeyed = 0
        for row in piece:
            number = whole(row.get(source.id_column)) if source.id_column else None
            record = reader.record(row, side_id="" if number is None else str(number))
            if record is None:
                unkeyed += 1
            elif wanted is None or record.key in wanted:
                records.append(record)
        yield Page(entity.name, records, unkeyed)
