"""How Aria is spoken to: paths, methods, bodies, errors, faults, receipts."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from app.sandbox.aria import create
from app.sandbox.clock import Clock
from app.sandbox.dataset import Dataset, build
from app.sandbox.launch import Sandbox
from app.sandbox.wire import Request, SystemSettings

Call = Callable[..., dict[str, Any]]
Aria = dict[str, Any]


def keys(aria: Aria) -> dict[str, Any]:
    return {"client_no": aria["client_no"], "auth_key": aria["auth_key"]}


def post(url: str, session: requests.Session, **body: Any) -> dict[str, Any]:
    return dict(session.post(url, json=body, timeout=10).json())


def test_the_ready_file_says_how_to_reach_aria(aria: Aria) -> None:
    assert aria["core_url"].endswith("/v1/core")
    assert aria["admin_url"].endswith("/AdminTools.php/Dispatcher")
    assert len(aria["auth_key"]) == 32
    assert isinstance(aria["client_no"], int)


def test_the_promotion_code_of_the_ready_file_covers_several_plans(aria: Aria, core: Call) -> None:
    found = core("get_client_plans_all_m", promo_code=aria["promo_code"])
    assert len(found["all_client_plan_dtls"]) > 1


def test_the_legacy_path_answers_too(aria: Aria, session: requests.Session) -> None:
    url = aria["core_url"].replace("/v1/core", "/api/ws/api_ws_class_dispatcher.php")
    found = post(url, session, rest_call="authenticate_caller_m", **keys(aria))
    assert found == {"error_code": 0, "error_msg": "OK"}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_405(aria: Aria, session: requests.Session, method: str) -> None:
    response = session.request(method, aria["core_url"], timeout=10)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


def test_an_unknown_path_is_404(aria: Aria, session: requests.Session) -> None:
    url = aria["core_url"].replace("/v1/core", "/v2/core")
    assert session.post(url, json={}, timeout=10).status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"auth_key": "x" * 32}, {"client_no": 1}, {"auth_key": None}, {"client_no": "abc"}]
)
def test_a_wrong_key_or_client_is_1004(
    aria: Aria, session: requests.Session, wrong: dict[str, Any]
) -> None:
    body = {"rest_call": "authenticate_caller_m", **keys(aria), **wrong}
    assert post(aria["core_url"], session, **body)["error_code"] == 1004


def test_numbers_may_come_as_text(aria: Aria, session: requests.Session) -> None:
    body = {**keys(aria), "client_no": str(aria["client_no"]), "plan_no": "10100"}
    found = post(aria["core_url"], session, rest_call="get_client_plan_services_m", **body)
    assert found["error_code"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b'{"rest_call": NaN}', b"\xff{"])
def test_a_body_that_is_no_object_is_1012(
    aria: Aria, session: requests.Session, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    response = session.post(aria["core_url"], data=body, headers=headers, timeout=10)
    assert response.json()["error_code"] == 1012


def test_an_unknown_call_is_minus_one(core: Call) -> None:
    assert core("get_nothing_m")["error_code"] == -1
    assert core("get_client_plans_all")["error_code"] == -1


def test_each_api_knows_its_own_calls_only(core: Call, admin: Call) -> None:
    assert core("get_plans_m")["error_code"] == -1
    assert admin("get_client_plans_all_m")["error_code"] == -1


def test_object_query_knows_no_call_of_core(aria: Aria, session: requests.Session) -> None:
    url = aria["object_query_url"]
    assert post(url, session, rest_call="get_acct_plans_m", **keys(aria))["error_code"] == -1


@pytest.mark.parametrize(
    ("name", "inputs", "code"),
    [
        ("get_client_plans_all_m", {"plan_no": "ten"}, 1016),
        ("get_client_plans_all_m", {"plan_no": [1]}, 1016),
        ("get_client_plans_all_m", {"plan_no": True}, 1016),
        ("get_client_plans_all_m", {"plan_no": 10**25}, 1012),
        ("get_client_plans_all_m", {"include_plan_hierarchy": "yes"}, 1033),
        ("get_client_plans_all_m", {"include_plan_hierarchy": True}, 1033),
        ("get_client_plans_all_m", {"output_format": "xml"}, 1016),
        ("get_client_plan_services_m", {}, 1010),
        ("get_client_plan_services_m", {"plan_no": ""}, 1010),
        ("get_client_plan_services_m", {"client_plan_id": "NONE"}, 1013),
        ("get_supp_plans_by_promo_code_m", {}, 1010),
        ("get_all_client_receipt_ids_m", {"start_date_range": "01/02/2025"}, 1024),
        ("get_all_client_receipt_ids_m", {"start_date_range": "2025-02-30"}, 1024),
        ("get_catalog_hierarchy_m", {"limit": 1000}, 1016),
        ("get_catalog_hierarchy_m", {"limit": 0}, 1016),
        ("get_catalog_hierarchy_m", {"offset": 999}, 1016),
    ],
)
def test_a_bad_input_has_its_error_code(
    core: Call, name: str, inputs: dict[str, Any], code: int
) -> None:
    found = core(name, **inputs)
    assert found["error_code"] == code
    assert found["error_msg"]


def test_an_empty_text_counts_as_not_sent(core: Call) -> None:
    assert len(core("get_client_plans_all_m", promo_code="")["all_client_plan_dtls"]) == 120


def test_forms_carry_indexed_arrays(aria: Aria, session: requests.Session) -> None:
    form = {
        "rest_call": "create_new_plan_m",
        **keys(aria),
        "plan_name": "Über Form",
        "client_plan_id": "FORM-1",
        "plan_type": "Master Recurring Plan",
        "currency": "usd",
        "schedule[0][schedule_name]": "USD monthly",
        "schedule[0][currency_cd]": "usd",
        "schedule[0][is_default]": "1",
        "service[0][name]": "Fee",
        "service[0][service_type]": "Recurring",
        "service[0][tier][0][schedule][0][from]": "1",
        "service[0][tier][0][schedule][0][amount]": "49.5",
        "supplemental_obj_field[0][field_name]": "sf_family",
        "supplemental_obj_field[0][field_value][0]": "Core",
        "plan_group[]": "2",
    }
    assert session.post(aria["admin_url"], data=form, timeout=10).json()["error_code"] == 0
    found = post(
        aria["core_url"],
        session,
        rest_call="get_client_plans_all_m",
        client_plan_id="FORM-1",
        **keys(aria),
    )["all_client_plan_dtls"][0]
    assert found["plan_name"] == "Über Form"
    assert found["plan_services"][0]["plan_service_rates"][0]["rate_per_unit"] == 49.5
    assert found["plan_supp_fields"][0]["plan_supp_field_value"] == "Core"


@pytest.mark.parametrize(
    "name", ["service[name][0]", "service[0", "service[0][0][name]", "a[99999999]"]
)
def test_a_badly_indexed_form_array_is_1016(
    aria: Aria, session: requests.Session, name: str
) -> None:
    form = {"rest_call": "get_plans_m", **keys(aria), name: "x"}
    assert session.post(aria["admin_url"], data=form, timeout=10).json()["error_code"] == 1016


def test_a_receipt_id_is_good_for_one_write(core: Call, admin: Call) -> None:
    service = {"service_name": "Extra", "service_type": "Recurring"}
    first = admin("create_service_m", client_receipt_id="a1b2c3", **service)
    assert first["error_code"] == 0
    assert admin("create_service_m", client_receipt_id="a1b2c3", **service)["error_code"] == 1012
    receipts = core("get_all_client_receipt_ids_m")["client_receipt"]
    assert [row["client_receipt_id"] for row in receipts] == ["a1b2c3"]
    assert core("get_all_client_receipt_ids_m", end_date_range="2001-01-01")["client_receipt"] == []


def test_a_receipt_id_of_a_failed_write_can_be_used_again(admin: Call) -> None:
    wrong = admin("create_service_m", client_receipt_id="r1", service_name="A", service_type="?")
    assert wrong["error_code"] == 1016
    right = {"service_name": "A", "service_type": "Recurring"}
    assert admin("create_service_m", client_receipt_id="r1", **right)["error_code"] == 0


@pytest.mark.parametrize("receipt", ["with-hyphen", "x" * 51])
def test_a_receipt_id_is_short_and_alphanumeric(admin: Call, receipt: str) -> None:
    found = admin(
        "create_service_m", client_receipt_id=receipt, service_name="A", service_type="Recurring"
    )
    assert found["error_code"] in (1012, 1016)


def test_the_clock_is_the_sandbox_clock(sandbox: Sandbox, core: Call) -> None:
    sandbox.clock.advance(3600 * 48)
    found = core("get_virtual_datetime_m")
    assert found["current_offset_hours"] == 48
    assert found["virtual_date"] > found["system_date"]
    sandbox.clock.advance(-3600 * 48)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return build(1, 1)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("unavailable", 503, None),
        ("too_many", 429, None),
        ("server_error", 200, 1001),
        ("session_expired", 200, 1004),
    ],
)
def test_faults_look_like_arias(dataset: Dataset, kind: str, status: int, code: int | None) -> None:
    request = Request("POST", "/v1/core")
    response = create(SystemSettings(dataset, Clock())).fault(kind, request)
    assert response.status == status
    if code is None:
        assert response.body.startswith(b"<html>")
    else:
        assert str(code).encode() in response.body


def test_calls_are_counted_by_their_names(dataset: Dataset) -> None:
    system = create(SystemSettings(dataset, Clock()))
    json = Request("POST", "/v1/core", body=b'{"a": 1, "rest_call": "get_coupons_m"}')
    form = Request("POST", "/v1/core", body=b"client_no=1&rest_call=get_plans_m")
    assert system.endpoint(json) == "get_coupons_m"
    assert system.endpoint(form) == "get_plans_m"
    assert system.endpoint(Request("GET", "/v1/core")) == "unknown"


def test_another_seed_has_another_key(dataset: Dataset) -> None:
    one = create(SystemSettings(dataset, Clock(), seed=1)).ready("")
    two = create(SystemSettings(dataset, Clock(), seed=2)).ready("")
    assert one["auth_key"] != two["auth_key"]
    assert one == create(SystemSettings(dataset, Clock(), seed=1)).ready("")
