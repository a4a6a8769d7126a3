"""The data set: size, determinism, both sides in step, and every kind of drift."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.sandbox.dataset import Dataset, Edit, build

_ROOT = Path(__file__).resolve().parents[3]
_MAPPING = tomllib.loads((_ROOT / "resources/mappings/aria_catalog.toml").read_text("utf-8"))
_SOBJECTS = {entity["name"]: entity["sobject"] for entity in _MAPPING["entity"]}
_AUTO_NUMBERED = {"Client_Plan_Relationship__c", "Rate_Tier__c", "Aria_Item_Price__c"}


@cache
def small() -> Dataset:
    return build("small", 1)


def edits(system: str, verb: str | None = None, kind: str | None = None) -> list[Edit]:
    return [
        edit
        for edit in small().drift
        if edit.system == system and verb in (None, edit.verb) and kind in (None, edit.type_name)
    ]


def printed(dataset: Dataset) -> str:
    return json.dumps(
        [dataset.aria, dataset.salesforce, [str(e) for e in dataset.drift]], default=str
    )


def test_the_same_size_and_seed_give_the_same_bytes() -> None:
    assert printed(build("small", 7)) == printed(build("small", 7))
    assert printed(build("small", 7)) != printed(build("small", 8))


@pytest.mark.parametrize(
    ("kind", "at_least"),
    [
        ("promotion", 14),
        ("plan_set", 12),
        ("plan", 120),
        ("plan_relationship", 80),
        ("service", 350),
        ("rate_schedule", 200),
        ("rate", 1500),
        ("item", 60),
        ("item_price", 180),
        ("coupon", 40),
        ("currency", 3),
    ],
)
def test_a_small_data_set_has_enough_of_each_kind(kind: str, at_least: int) -> None:
    assert len(small().aria[kind]) >= at_least


def test_a_third_of_the_plans_are_masters() -> None:
    assert Counter(row["supp_plan_ind"] for row in small().aria["plan"]) == {0: 40, 1: 80}


def test_medium_has_about_ten_times_the_plans() -> None:
    assert len(build("medium", 1).aria["plan"]) == 1200


def test_a_number_as_size_gives_about_so_many_records() -> None:
    dataset = build(8000, 3)
    assert 7000 < sum(map(len, dataset.salesforce.values())) < 9000


def test_even_the_smallest_data_set_has_its_drift() -> None:
    kinds = {(edit.system, edit.verb, edit.type_name) for edit in build(1, 1).drift}
    assert kinds == {(edit.system, edit.verb, edit.type_name) for edit in small().drift}


@pytest.mark.parametrize("size", ["huge", "", 0, -5])
def test_a_size_that_is_none_is_refused(size: str | int) -> None:
    with pytest.raises(ValueError, match=r"size|at least one"):
        build(size, 1)


def test_keys_are_unique_in_salesforce_while_in_step() -> None:
    for rows in small().salesforce.values():
        keys = [row["Aria_Key__c"] for row in rows]
        assert len(set(keys)) == len(keys)


def test_rows_have_the_fields_of_the_mapping_and_no_name_where_it_is_numbered() -> None:
    for entity in _MAPPING["entity"]:
        names = {field["salesforce"] for field in entity["fields"]}
        names = {n[:-1] + "r" if _is_reference(entity, n) else n for n in names} | {"Aria_Key__c"}
        sobject = entity["sobject"]
        assert set(small().salesforce[sobject][0]) == names, sobject
        assert ("Name" in names) == (sobject not in _AUTO_NUMBERED)


def test_texts_fit_their_fields_and_stand_as_salesforce_would_keep_them() -> None:
    for entity in _MAPPING["entity"]:
        for field in entity["fields"]:
            if field["type"] == "text":
                texts = [row[field["salesforce"]] for row in small().salesforce[entity["sobject"]]]
                assert all(text is None or 0 < len(text) <= field["length"] for text in texts)
                assert all(text is None or text == text.strip() for text in texts)


def test_every_promotion_has_one_set_and_every_set_a_promotion() -> None:
    sets = [row["promo_plan_set_no"] for row in small().aria["promotion"]]
    assert set(sets) == {row["promo_plan_set_no"] for row in small().aria["plan_set"]}


def test_some_services_are_on_several_plans() -> None:
    used = Counter(row["service_no"] for row in small().aria["service"])
    assert sum(count > 1 for count in used.values()) >= 24


def test_money_is_decimal_with_up_to_five_places() -> None:
    rates = [row["rate_per_unit"] for row in small().aria["rate"]]
    assert all(type(rate) is Decimal for rate in rates)
    assert min(int(rate.as_tuple().exponent) for rate in rates) == -5


def test_the_last_tier_is_open_and_tiers_do_not_overlap() -> None:
    tiers: dict[tuple[int, ...], list[dict[str, Any]]] = {}
    for row in small().aria["rate"]:
        key = row["plan_no"], row["service_no"], row["schedule_no"]
        tiers.setdefault(key, []).append(row)
    for rows in tiers.values():
        assert [row["rate_seq_no"] for row in rows] == list(range(1, len(rows) + 1))
        assert [row["to_unit"] is None for row in rows] == [False] * (len(rows) - 1) + [True]
        for lower, upper in pairwise(rows):
            assert lower["to_unit"] < upper["from_unit"]


def test_descriptions_hold_entities_umlauts_dashes_and_line_breaks() -> None:
    text = " ".join(row["plan_desc"] or "" for row in small().aria["plan"])
    for mark in ("&amp;", "<br/>", "ü", "—", "\n"):
        assert mark in text


def test_drift_adds_to_aria_a_whole_plan_with_all_that_hangs_on_it() -> None:
    plan = edits("aria", "insert", "plan")[0].values["plan_no"]
    inserted = edits("aria", "insert")
    hanging = {edit.type_name for edit in inserted if edit.values.get("plan_no") == plan}
    assert hanging == {"plan", "service", "rate_schedule", "rate", "plan_relationship"}


def test_drift_deletes_single_tiers_in_salesforce() -> None:
    assert len(edits("salesforce", "delete", "Rate_Tier__c")) == 3


def test_drift_leaves_stale_records_in_salesforce() -> None:
    held = {row["coupon_cd"] for row in small().aria["coupon"]}
    stale = [e for e in edits("salesforce", "insert", "Aria_Coupon__c") if e.key not in held]
    assert len(stale) == 3
    assert edits("salesforce", "insert", "Client_Plan__c")


def test_drift_has_a_plan_that_aria_no_longer_lists() -> None:
    assert [e for e in edits("aria", "update", "plan") if e.values == {"active_ind": 0}]


def test_drift_makes_duplicates_of_keys_in_salesforce() -> None:
    for sobject, many in (("Aria_Coupon__c", 2), ("Aria_Item__c", 1)):
        held = {row["Aria_Key__c"] for row in small().salesforce[sobject]}
        again = [e for e in edits("salesforce", "insert", sobject) if e.key in held]
        assert len(again) == many


def test_drift_changes_one_field_and_many_fields() -> None:
    sizes = {len(edit.values) for edit in edits("aria", "update", "plan")}
    assert {1, 5} <= sizes


def both_sides(kind: str, sobject: str) -> Iterator[tuple[Edit, Edit]]:
    salesforce = {edit.key: edit for edit in edits("salesforce", "update", sobject)}
    for edit in edits("aria", "update", kind):
        if edit.key in salesforce:
            yield edit, salesforce[edit.key]


def test_drift_has_conflicts_and_agreements() -> None:
    pairs = [*both_sides("plan", "Client_Plan__c"), *both_sides("coupon", "Aria_Coupon__c")]
    same = [set(a.values.values()) == set(b.values.values()) for a, b in pairs]
    assert Counter(same) == {False: 4, True: 3}


def test_drift_edits_what_salesforce_owns_on_both_sides() -> None:
    families = [e for e in edits("salesforce", "update") if "Family__c" in e.values]
    assert len(families) == 3
    assert [e for e in edits("aria", "update", "plan") if "sf_family" in e.values]


def test_drift_edits_in_salesforce_what_billing_owns() -> None:
    assert [e for e in edits("salesforce", "update", "Rate_Tier__c") if "Rate__c" in e.values]


def test_drift_swaps_null_and_empty_text() -> None:
    before = {row["client_plan_id"]: row["plan_desc"] for row in small().aria["plan"]}
    changed = {
        (before[edit.key] or None, edit.values["plan_desc"] or None)
        for edit in edits("aria", "update", "plan")
        if set(edit.values) == {"plan_desc"}
    }
    assert (None, None) in changed
    assert any(old and not new for old, new in changed)


def test_drift_has_what_salesforce_will_reject() -> None:
    names = [edit.values["plan_name"] for edit in edits("aria", "insert", "plan")]
    assert [name for name in names if 80 < len(name) <= 100]
    currencies = [e.values["schedule_currency"] for e in edits("aria", "insert", "rate_schedule")]
    assert currencies.count("sek") == 1


def test_no_record_is_edited_twice_on_one_side() -> None:
    counted = Counter(
        (edit.system, edit.verb, edit.type_name, edit.key)
        for edit in small().drift
        if "plan_nos" not in edit.values  # who belongs to a set is told again as plans are added
    )
    assert set(counted.values()) == {1}


def _is_reference(entity: dict[str, Any], salesforce_name: str) -> bool:
    field = next(f for f in entity["fields"] if f["salesforce"] == salesforce_name)
    return bool(field["type"] == "reference")
