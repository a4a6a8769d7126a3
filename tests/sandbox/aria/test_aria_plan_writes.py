"""Writing plans through AdminTools: what is validated, replaced, left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]
Row = dict[str, Any]

_MASTER = {"plan_type": "Master Recurring Plan", "currency": "usd"}


def schedule(currency: str, client_id: str, default: int = 0, **more: Any) -> Row:
    names = {"schedule_name": f"{currency} monthly", "currency_cd": currency}
    return {**names, "client_rate_schedule_id": client_id, "is_default": default, **more}


def service(client_id: str, *tiers: list[Row], **more: Any) -> Row:
    rows = [{"schedule": list(tier)} for tier in tiers]
    head = {"name": client_id.title(), "client_service_id": client_id, "service_type": "Recurring"}
    return {**head, "tier": rows, **more}


def amount(value: object, start: object = None, end: object = None) -> Row:
    return {"amount": value, "from": start, "to": end}


def new_plan(**more: Any) -> Row:
    return {
        **_MASTER,
        "plan_name": "New",
        "client_plan_id": "NEW",
        "schedule": [schedule("usd", "NEW-USD", 1), schedule("eur", "NEW-EUR")],
        "service": [
            service(
                "NEW-FEE",
                [amount("9.5", 1, 10), amount(9, 1, 10)],
                [amount("8.12345", 11), amount(8, 11)],
            )
        ],
        **more,
    }


def read(core: Call, client_id: str = "NEW") -> Row:
    asked = {"include_all_rate_schedules": "true", "include_plan_hierarchy": "true"}
    found = core("get_client_plans_all_m", client_plan_id=client_id, **asked)
    return dict(found["all_client_plan_dtls"][0])


def rates(plan: Row) -> dict[str, list[Any]]:
    return {
        f"{service['client_service_id']}|{row['client_rate_schedule_id']}": [
            (tier["from_unit"], tier["to_unit"], str(tier["rate_per_unit"]))
            for tier in row["plan_service_rates"]
        ]
        for service in plan["plan_services"]
        for row in service["all_plan_service_rates"]
    }


def test_a_new_plan_is_there_with_everything(core: Call, admin: Call) -> None:
    created = admin("create_new_plan_m", **new_plan(plan_description="Für alle"))
    assert created == {"error_code": 0, "error_msg": "OK", "plan_no": 10220}
    plan = read(core)
    assert (plan["plan_name"], plan["plan_desc"], plan["supp_plan_ind"]) == ("New", "Für alle", 0)
    assert rates(plan) == {
        "NEW-FEE|NEW-USD": [(1, 10, "9.5"), (11, None, "8.12345")],
        "NEW-FEE|NEW-EUR": [(1, 10, "9"), (11, None, "8")],
    }
    defaults = [
        (s["default_ind"], s["default_ind_curr"]) for s in plan["plan_rate_schedules_details"]
    ]
    assert defaults == [(1, 1), (0, 1)]


def test_a_plan_without_an_id_of_the_client_gets_its_number(core: Call, admin: Call) -> None:
    number = admin("create_new_plan_m", plan_name="Bare", **_MASTER)["plan_no"]
    assert read(core, str(number))["plan_no"] == number


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"plan_name": None}, 1010),
        ({"plan_type": None}, 1010),
        ({"currency": None}, 1010),
        ({"plan_type": "Recurring"}, 1016),
        ({"currency": "USD"}, 1016),
        ({"currency": "sek"}, 1016),
        ({"plan_name": "x" * 101}, 1016),
        ({"plan_description": "x" * 3001}, 1016),
        ({"client_plan_id": "VOICE-CLOUD-PBX-STARTER"}, 1015),
        ({"client_plan_id": "A|B"}, 1016),
        ({"proration_invoice_timing_cd": "X"}, 1016),
        ({"active": 2}, 1016),
        ({"schedule": "x"}, 1016),
        ({"schedule": [{"schedule_name": "a"}]}, 1010),
        ({"schedule": [schedule("chf", "S1")]}, 1016),
        ({"schedule": [schedule("usd", "S1", 1), schedule("eur", "S2", 1)]}, 1016),
        ({"schedule": [schedule("usd", "S1"), schedule("usd", "S1")]}, 1016),
        ({"schedule": [schedule("usd", "VOICE-CLOUD-PBX-STARTER-USD-M")]}, 1015),
        ({"schedule": [schedule("usd", "S", recurring_billing_interval=37)]}, 1016),
        ({"schedule": [schedule("usd", "S", usage_billing_interval=3)]}, 1016),
        ({"service": [{"service_type": "Recurring"}]}, 1010),
        ({"service": [service("A", service_type="Gift")]}, 1016),
        ({"service": [service("A"), service("A")]}, 1016),
        ({"service": [service("A", service_type="Usage-Based")]}, 1010),
        ({"service": [service("A", service_type="Usage-Based", usage_type=1)]}, 1010),
        ({"service": [service("A", pricing_rule="Cheap")]}, 1016),
        ({"service": [service("A", rate_type="Cheap")]}, 1016),
        ({"supplemental_obj_field": [{"field_name": "none", "field_value": ["x"]}]}, 1013),
        ({"supplemental_obj_field": [{"field_name": "warranty", "field_value": ["x"]}]}, 1013),
        (
            {"supplemental_obj_field": [{"field_name": "sf_family", "field_value": ["x", "y"]}]},
            1016,
        ),
        ({"parent_plans": [10100]}, 1016),
        ({"child_plans": [10101]}, 1016),
        ({"child_plans": [1]}, 1010),
    ],
)
def test_a_wrong_plan_is_refused_and_leaves_nothing(admin: Call, wrong: Row, code: int) -> None:
    assert admin("create_new_plan_m", **new_plan(**wrong))["error_code"] == code
    assert len(admin("get_plans_m")["plans"]) == 120
    assert "A" not in {row["client_service_id"] for row in admin("get_services_m")["services"]}


@pytest.mark.parametrize(
    "tiers",
    [
        [[amount(None, 1)]],
        [[amount("a lot", 1)]],
        [[amount(1, 10, 5)]],
        [[amount(1, 1)], [amount(1, 11)]],
        [[amount(1, 1, 10)], [amount(1, 10)]],
        [[amount(1, -1)]],
        [[amount(1), amount(1), amount(1)]],
    ],
)
def test_tiers_that_make_no_sense_are_refused(admin: Call, tiers: list[list[Row]]) -> None:
    found = admin("create_new_plan_m", **new_plan(service=[service("A", *tiers)]))
    assert found["error_code"] in (1010, 1016)


def test_a_flat_rate_has_one_tier(admin: Call) -> None:
    two = [[amount(1, 1, 5)], [amount(1, 6)]]
    wrong = new_plan(service=[service("A", *two, rate_type="Flat Rate")])
    assert admin("create_new_plan_m", **wrong)["error_code"] == 1016
    right = new_plan(service=[service("A", *two, rate_type="Tiered Pricing")])
    assert admin("create_new_plan_m", **right)["error_code"] == 0


def test_directive_2_drops_services_and_schedules_that_are_not_sent(
    core: Call, admin: Call
) -> None:
    admin("create_new_plan_m", **new_plan())
    edit = {**_MASTER, "plan_name": "Newer", "client_plan_id": "NEW", "edit_directives": 2}
    schedules = [schedule("eur", "NEW-EUR", 1)]
    services = [service("NEW-SETUP", [amount(5)], service_type="Activation")]
    before = {
        s["client_rate_schedule_id"]: s["schedule_no"]
        for s in read(core)["plan_rate_schedules_details"]
    }
    assert admin("edit_plan_m", **edit, schedule=schedules, service=services)["error_code"] == 0
    plan = read(core)
    assert rates(plan) == {"NEW-SETUP|NEW-EUR": [(1, None, "5")]}
    assert plan["plan_rate_schedules_details"][0]["schedule_no"] == before["NEW-EUR"]
    assert admin("edit_plan_m", **edit)["error_code"] == 0
    assert (read(core)["plan_services"], read(core)["plan_rate_schedules_details"]) == ([], [])


def test_directive_1_leaves_alone_what_is_not_sent(core: Call, admin: Call) -> None:
    admin("create_new_plan_m", **new_plan())
    before = rates(read(core))
    edit = {**_MASTER, "plan_name": "Newer", "client_plan_id": "NEW", "edit_directives": 1}
    assert admin("edit_plan_m", **edit)["error_code"] == 0
    assert (read(core)["plan_name"], rates(read(core))) == ("Newer", before)
    one = [service("NEW-FEE", [amount(7)])]
    assert admin("edit_plan_m", **edit, service=one)["error_code"] == 0
    assert rates(read(core)) == {**before, "NEW-FEE|NEW-USD": [(1, None, "7")]}


def test_without_a_directive_everything_is_replaced(core: Call, admin: Call) -> None:
    admin("create_new_plan_m", **new_plan())
    assert admin("edit_plan_m", **_MASTER, plan_name="N", client_plan_id="NEW")["error_code"] == 0
    assert read(core)["plan_services"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"plan_no": 1}, 1010),
        ({"client_plan_id": "NONE"}, 1010),
        ({"plan_no": 10100, "edit_directives": 3}, 1039),
        ({"plan_no": 10100, "plan_type": "Supplemental Recurring Plan"}, 1014),
        ({"plan_no": 10100, "client_plan_id": "FIBRE-FIBRE-250-STARTER"}, 1015),
        ({}, 1010),
    ],
)
def test_a_wrong_edit_is_refused(core: Call, admin: Call, wrong: Row, code: int) -> None:
    before = read(core, "VOICE-CLOUD-PBX-STARTER")
    edit = {"edit_directives": 1, **_MASTER, "plan_name": "Changed", **wrong}
    assert admin("edit_plan_m", **edit)["error_code"] == code
    assert read(core, "VOICE-CLOUD-PBX-STARTER") == before


def test_a_failed_edit_undoes_what_it_had_begun(core: Call, admin: Call) -> None:
    before = read(core, "VOICE-CLOUD-PBX-STARTER")
    edit = {**_MASTER, "plan_name": "Changed", "plan_no": 10100, "edit_directives": 2}
    broken = [service("X1", [amount(1)]), service("X2", service_type="Gift")]
    assert admin("edit_plan_m", **edit, service=broken)["error_code"] == 1016
    assert read(core, "VOICE-CLOUD-PBX-STARTER") == before


def test_an_edit_changes_names_descriptions_fields_and_activity(core: Call, admin: Call) -> None:
    edit = {**_MASTER, "plan_no": 10100, "edit_directives": 1, "plan_name": "Renamed"}
    fields = [{"field_name": "sf_family", "field_value": ["Own"]}]
    renamed = {**edit, "client_plan_id": "RENAMED", "supplemental_obj_field": fields}
    assert admin("edit_plan_m", **renamed, plan_description="~")["error_code"] == 0
    plan = read(core, "RENAMED")
    values = {
        f["plan_supp_field_name"]: f["plan_supp_field_value"] for f in plan["plan_supp_fields"]
    }
    assert (plan["plan_no"], plan["plan_desc"], values["sf_family"]) == (10100, "", "Own")
    assert admin("edit_plan_m", **edit, active=0)["error_code"] == 0
    assert core("get_client_plans_all_m", plan_no=10100)["all_client_plan_dtls"] == []


def test_a_supplemental_field_is_cleared_by_a_tilde(core: Call, admin: Call) -> None:
    edit = {**_MASTER, "plan_no": 10100, "edit_directives": 1, "plan_name": "P"}
    fields = [{"field_name": "sf_family", "field_value": ["~"]}]
    assert admin("edit_plan_m", **edit, supplemental_obj_field=fields)["error_code"] == 0
    names = {
        f["plan_supp_field_name"]
        for f in core("get_client_plans_all_m", plan_no=10100)["all_client_plan_dtls"][0][
            "plan_supp_fields"
        ]
    }
    assert names == {"markets"}


def test_parents_are_replaced_and_kept_ones_keep_their_units(core: Call, admin: Call) -> None:
    full = core("get_client_plans_all_m", include_plan_hierarchy="true")["all_client_plan_dtls"]
    child = next(
        p for p in full if p["supp_plan_ind"] and p.get("parent_plans") and p["billing_ind"]
    )
    kept = child["parent_plans"][0]["parent_plan_no"]
    edit = {"plan_type": "Supplemental Recurring Plan", "currency": child["currency_cd"]}
    edit |= {"plan_name": child["plan_name"], "plan_no": child["plan_no"], "edit_directives": 1}
    fresh = next(p for p in full if not p["supp_plan_ind"] and p["plan_no"] != kept)
    sent = {"parent_plans": [kept], "parent_client_plan_ids": [fresh["client_plan_id"]]}
    assert admin("edit_plan_m", **edit, **sent)["error_code"] == 0
    parents = admin("get_plan_details_m", plan_no=child["plan_no"])["parent_plans"]
    assert set(parents) == {kept, fresh["plan_no"]}


def test_schedules_are_added_to_a_plan(core: Call, admin: Call) -> None:
    admin("create_new_plan_m", **new_plan())
    more = [schedule("gbp", "NEW-GBP")]
    assert (
        admin("add_rate_schedule_on_plan_m", client_plan_id="NEW", schedule=more)["error_code"] == 0
    )
    found = [s["schedule_currency"] for s in read(core)["plan_rate_schedules_details"]]
    assert found == ["usd", "eur", "gbp"]


def test_only_plans_without_accounts_are_deleted(sandbox: Sandbox, admin: Call) -> None:
    number = admin("create_new_plan_m", **new_plan())["plan_no"]
    busy = next(p["plan_no"] for p in admin("get_plans_m")["plans"] if p["is_deletable"] == "No")
    assert admin("delete_plans_m", plan_nos=[number, busy])["error_code"] == 1014
    assert admin("delete_plans_m", plan_nos=[{"plan_no": 1}])["error_code"] == 1010
    assert admin("delete_plans_m", plan_nos=[number])["plan_nos"] == [{"plan_no": number}]
    for kind in ("plan", "service", "rate_schedule", "rate"):
        rows = sandbox.systems["aria"].state(kind)
        assert number not in {row["plan_no"] for row in rows}
