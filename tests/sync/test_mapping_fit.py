"""A mapping fitted to what an org has: names under prefixes found, doubts told, nothing guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.domain.column import Column
from app.domain.control import CancelToken, no_report
from app.domain.mapping import EntityMapping
from app.domain.mapping_edit import add_entity, draft_of, remove_entity
from app.domain.record import Side
from app.errors import WrongUse
from app.sync.mapping_fit import Missing, adapt, find_columns, shipped_drafts, templates
from tests.fakes import SMALL_MAPPING, FakeSide, make_bench, small_mapping

DRAFT = draft_of(SMALL_MAPPING, "small.toml")
PLAN = ("Key__c", "Price__c", "Family__c")


@dataclass
class Org(FakeSide):
    """A side that tells which objects and fields it has."""

    has: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def columns(self, entity: EntityMapping, cancel: CancelToken) -> Sequence[Column]:
        cancel.check()
        return [Column(name) for name in self.has.get(entity.sobject, ())]

    def objects(self, cancel: CancelToken) -> Sequence[str]:
        cancel.check()
        return list(self.has)


def org(**has: Sequence[str]) -> Org:
    tier = {"Tier__c": ("Key__c", "Rate__c", "Plan__c")}
    return Org(Side.SALESFORCE, small_mapping(), has={**tier, **has})


def under(prefix: str, names: Sequence[str]) -> tuple[str, ...]:
    return ("Name", *(prefix + name for name in names))


def test_an_object_of_a_package_is_found_with_its_fields() -> None:
    there = org(ASF3__Plan__c=under("ASF3__", PLAN))
    adapted = adapt(DRAFT, there, CancelToken(), no_report)
    plan = adapted.draft.mapping.entity("plan")
    assert (plan.sobject, plan.salesforce_key) == ("ASF3__Plan__c", "ASF3__Key__c")
    assert [f.salesforce for f in plan.fields] == ["Name", "ASF3__Price__c", "ASF3__Family__c"]
    assert adapted.missing == ()
    assert [one.entity for one in adapted.renames] == ["plan"]


def test_what_an_admin_added_to_a_packages_object_keeps_its_name() -> None:
    there = org(ASF3__Plan__c=(*under("ASF3__", PLAN[:2]), "Family__c"))
    plan = adapt(DRAFT, there, CancelToken(), no_report).draft.mapping.entity("plan")
    assert plan.fields[-1].salesforce == "Family__c"


def test_a_packages_fields_on_an_object_of_the_org_are_found() -> None:
    there = org(Plan__c=("Name", "Key__c", "ASF3__Price__c", "Family__c"))
    adapted = adapt(DRAFT, there, CancelToken(), no_report)
    assert [dict(one.fields) for one in adapted.renames] == [{"Price__c": "ASF3__Price__c"}]


def test_what_two_packages_have_is_not_guessed() -> None:
    there = org(A1__Plan__c=under("A1__", PLAN), B2__Plan__c=under("B2__", PLAN))
    adapted = adapt(DRAFT, there, CancelToken(), no_report)
    assert adapted.draft == DRAFT
    gap = Missing("plan", "", "Plan__c", ("A1__Plan__c", "B2__Plan__c"))
    assert adapted.missing == (gap,)
    chosen = adapt(DRAFT, there, CancelToken(), no_report, "B2__")
    assert chosen.draft.mapping.entity("plan").sobject == "B2__Plan__c"


def test_of_two_packages_fields_the_objects_own_is_meant() -> None:
    names = (*under("A1__", PLAN), "B2__Price__c")
    adapted = adapt(DRAFT, org(A1__Plan__c=names), CancelToken(), no_report)
    assert adapted.draft.mapping.entity("plan").fields[1].salesforce == "A1__Price__c"


def test_what_is_nowhere_is_told() -> None:
    there = org(Plan__c=("Name", "Key__c", "Price__c"))
    adapted = adapt(DRAFT, there, CancelToken(), no_report)
    assert adapted.missing == (Missing("plan", "family", "Family__c"),)


def test_a_connection_that_tells_nothing_cannot_be_adapted_to() -> None:
    side = FakeSide(Side.SALESFORCE, small_mapping())
    with pytest.raises(WrongUse, match="does not tell"):
        adapt(DRAFT, side, CancelToken(), no_report)


def test_what_a_system_tells_stands_beside_what_mappings_name(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    billing = Org(Side.BILLING, bench.mapping, has={"Plan__c": ["=field:region", "price"]})
    bench = replace(bench, connectors={**bench.connectors, Side.BILLING: billing})
    found = find_columns(bench, bench.mapping.entity("plan"), Side.BILLING, CancelToken())
    assert [column.name for column in found] == ["=field:region", "family", "name", "price"]
    assert not find_columns(bench, bench.mapping.entity("plan"), Side.SALESFORCE, CancelToken())
    bench.store.close()


def test_entities_that_come_with_concord_can_be_added_where_they_lack() -> None:
    whole = shipped_drafts("aria")["aria_catalog"]
    (coupon,) = [each for each in templates("aria") if each.entity.name == "coupon"]
    less = remove_entity(whole, "coupon")
    again = add_entity(less, coupon.text).mapping.entity("coupon")
    assert again.fields == whole.mapping.entity("coupon").fields
    assert set(whole.mapping.by_name) <= {each.entity.name for each in templates("aria")}
