"""What a person changes at the control door, and going back to the data set."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from app.sandbox.dataset import Dataset
from app.sandbox.launch import Sandbox
from app.sandbox.wire import System

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

_FEE = "VOICE-CLOUD-PBX-STARTER|VOICE-CLOUD-PBX-STARTER-FEE"
_TIER = f"{_FEE}|VOICE-CLOUD-PBX-STARTER-USD-M|1"


@pytest.fixture
def system(sandbox: Sandbox, aria: Row) -> System:
    assert aria["core_url"]  # the data are fresh
    return sandbox.systems["aria"]


def row(system: System, kind: str, key: str) -> Row:
    return next(row for row in system.state(kind) if row["key"] == key)


@pytest.mark.parametrize(
    ("kind", "key", "values"),
    [
        ("plan", "VOICE-CLOUD-PBX-STARTER", {"plan_name": "X", "sf_family": "Y"}),
        ("service_definition", "REG-FEE", {"service_desc": "X"}),
        ("service", _FEE, {"service_desc": "X", "tiered_pricing_rule": 3}),
        ("rate_schedule", "VOICE-CLOUD-PBX-STARTER-USD-M", {"schedule_name": "X"}),
        ("rate", _TIER, {"rate_per_unit": 1}),
        ("item", "PHONE-COM-01", {"item_label": "X"}),
        ("item_price", "PHONE-COM-01|usd", {"price": 2}),
        ("coupon", "SPRING5", {"coupon_desc": "X"}),
        ("promotion", "SFDC", {"promo_desc": "X"}),
        ("plan_set", "PS-VOICE", {"promo_plan_set_name": "X"}),
    ],
)
def test_every_kind_is_edited_by_its_key(system: System, kind: str, key: str, values: Row) -> None:
    system.edit(kind, key, values)
    assert values.items() <= row(system, kind, key).items()


def test_an_edit_shows_in_the_next_answer(system: System, core: Call) -> None:
    asked = {"plan_no": 10100}
    before = core("get_client_plans_all_m", **asked)["all_client_plan_dtls"][0]
    system.edit("rate", _TIER, {"rate_per_unit": "0.00007"})
    after = core("get_client_plans_all_m", **asked)["all_client_plan_dtls"][0]
    assert before != after
    assert str(after["plan_services"][0]["plan_service_rates"][0]["rate_per_unit"]) == "0.00007"


def test_the_control_door_edits_keys_with_bars(sandbox: Sandbox, system: System) -> None:
    url = f"{sandbox.ready['control_url']}/edit/aria/item_price/PHONE-COM-01%7Cusd"
    assert requests.post(url, json={"price": 3.25}, timeout=10).ok
    assert str(row(system, "item_price", "PHONE-COM-01|usd")["price"]) == "3.25"
    state = requests.get(f"{sandbox.ready['control_url']}/state/aria/item_price", timeout=10).json()
    assert 3.25 in [found["price"] for found in state]


def test_records_are_inserted_with_what_is_given(system: System, core: Call) -> None:
    system.edit(
        "plan", "", {"client_plan_id": "HAND", "plan_name": "By hand", "currency_cd": "usd"}
    )
    system.edit(
        "rate_schedule",
        "",
        {
            "client_plan_id": "HAND",
            "client_rate_schedule_id": "HAND-USD",
            "schedule_currency": "usd",
            "schedule_name": "USD",
            "recurring_billing_interval": 1,
        },
    )
    system.edit("service", "", {"client_plan_id": "HAND", "client_service_id": "REG-FEE"})
    system.edit(
        "rate",
        "",
        {
            "client_plan_id": "HAND",
            "client_service_id": "REG-FEE",
            "client_rate_schedule_id": "HAND-USD",
            "rate_seq_no": 1,
            "from_unit": 1,
            "rate_per_unit": "4.2",
        },
    )
    system.edit(
        "plan_relationship",
        "",
        {"parent_client_plan_id": "VOICE-CLOUD-PBX-STARTER", "client_plan_id": "HAND"},
    )
    plan = core("get_client_plans_all_m", client_plan_id="HAND")["all_client_plan_dtls"][0]
    assert str(plan["plan_services"][0]["plan_service_rates"][0]["rate_per_unit"]) == "4.2"
    parents = core("get_client_plans_all_m", parent_plan_no=10100)["all_client_plan_dtls"]
    assert "HAND" in {child["client_plan_id"] for child in parents}


@pytest.mark.parametrize(
    ("kind", "key", "below"),
    [
        ("plan", "VOICE-CLOUD-PBX-STARTER", ("service", "rate", "rate_schedule")),
        ("service", _FEE, ("rate",)),
        ("service_definition", "VOICE-CLOUD-PBX-STARTER-FEE", ("service", "rate")),
        ("rate_schedule", "VOICE-CLOUD-PBX-STARTER-USD-M", ("rate",)),
        ("item", "PHONE-COM-01", ("item_price",)),
        ("plan_set", "PS-VOICE", ("promotion",)),
        ("rate", _TIER, ()),
        ("coupon", "SPRING5", ()),
    ],
)
def test_a_record_is_deleted_with_what_hangs_on_it(
    system: System, kind: str, key: str, below: tuple[str, ...]
) -> None:
    before = {name: len(system.state(name)) for name in (kind, *below)}
    system.edit(kind, key, {"__delete__": True})
    assert key not in {row["key"] for row in system.state(kind)}
    assert all(len(system.state(name)) < before[name] for name in below)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("nothing", "x"),
        ("plan", "NONE"),
        ("rate", "A|B"),
        ("rate", f"{_FEE}|NONE|1"),
        ("coupon", "A|B"),
    ],
)
def test_what_does_not_exist_is_a_key_error(system: System, kind: str, key: str) -> None:
    with pytest.raises(KeyError):
        system.edit(kind, key, {"plan_name": "X"})


@pytest.mark.parametrize(
    ("kind", "key", "values"),
    [
        ("plan", "VOICE-CLOUD-PBX-STARTER", {"color": "red"}),
        ("plan", "VOICE-CLOUD-PBX-STARTER", {"plan_no": 5}),
        ("plan", "VOICE-CLOUD-PBX-STARTER", {"client_plan_id": "FIBRE-FIBRE-250-STARTER"}),
        ("service_definition", "REG-FEE", {"service_type": "Gift"}),
        ("coupon", "", {"coupon_cd": "SPRING5"}),
        ("coupon", "", {"coupon_desc": "no code"}),
        ("item", "", {"item_label": "no sku"}),
        ("rate", "", {"client_plan_id": "NONE"}),
    ],
)
def test_what_aria_would_not_hold_is_a_value_error(
    system: System, kind: str, key: str, values: Row
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        system.edit(kind, key, values)


def test_the_state_of_an_unknown_type_is_a_key_error(system: System) -> None:
    with pytest.raises(KeyError):
        system.state("nothing")


def test_every_type_has_its_state(system: System) -> None:
    counts = {kind: len(system.state(kind)) for kind in system.types()}
    assert counts["plan"] == 120
    assert counts["receipt"] == 0


def test_a_reset_goes_back_with_or_without_the_drift(
    system: System, core: Call, in_step: Dataset
) -> None:
    version = [len(core("get_client_plans_all_m")["all_client_plan_dtls"])]
    system.reset(drift=True)
    version.append(len(core("get_client_plans_all_m")["all_client_plan_dtls"]))
    system.reset(drift=False)
    version.append(len(core("get_client_plans_all_m")["all_client_plan_dtls"]))
    inserted = [
        e for e in in_step.drift if (e.system, e.verb, e.type_name) == ("aria", "insert", "plan")
    ]
    assert version == [120, 120 + len(inserted) - 1, 120]


def test_the_drift_serves_a_long_name_and_a_foreign_currency(system: System, core: Call) -> None:
    system.reset(drift=True)
    plans = core("get_client_plans_all_m")["all_client_plan_dtls"]
    assert [p["plan_no"] for p in plans if len(p["plan_name"]) > 80]
    currencies = {s["schedule_currency"] for p in plans for s in p["plan_rate_schedules_details"]}
    assert "sek" in currencies


def test_the_noisy_mode_quotes_numbers_and_drops_nulls(system: System, core: Call) -> None:
    quiet = core("get_client_items_all_m")["all_client_item_details"]
    system.edit("setting", "noisy", {"value": True})
    noisy = core("get_client_items_all_m")["all_client_item_details"]
    assert {type(item["item_no"]) for item in noisy} == {int, str}
    assert {len(item) for item in noisy} != {len(item) for item in quiet}
    assert noisy == core("get_client_items_all_m")["all_client_item_details"]
