"""The control door: everything an account holds can be seen and edited."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from app.sandbox.aria.accounts.account import HELD
from app.sandbox.launch import Sandbox

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def system(sandbox: Sandbox, aria: dict[str, Any]) -> Any:
    del aria  # it resets
    return sandbox.systems["aria"]


def test_every_kind_is_seen_with_its_key_and_account(sandbox: Sandbox, system: Any) -> None:
    assert set(HELD) <= set(system.types())
    for kind in HELD:
        url = f"{sandbox.ready['control_url']}/state/aria/{kind}"
        rows = requests.get(url, timeout=20).json()
        assert rows, kind
        assert {"key", "acct_no", "client_acct_id"} <= rows[0].keys()


def test_an_account_is_edited_by_its_client_defined_id(system: Any, core: Call) -> None:
    system.edit("account", "NWT-10001", {"city": "Salem", "status_cd": -1})
    found = core("get_acct_details_all_m", acct_no=55010001)
    assert (found["city"], found["status_cd"]) == ("Salem", -1)
    contact = core("get_acct_contacts_m", acct_no=55010001)["account_contact"][0]
    assert contact["city"] == "Salem"


def test_an_account_is_inserted(system: Any, core: Call) -> None:
    system.edit("account", "", {"client_acct_id": "NEW-9", "acct_currency": "eur"})
    assert core("get_acct_details_all_m", client_acct_id="NEW-9")["acct_currency"] == "eur"


def test_a_transaction_is_inserted_with_its_sign(system: Any, core: Call) -> None:
    before = core("get_acct_details_all_m", acct_no=55010003)["acct_balance"]
    row = {"acct_no": 55010003, "transaction_type": 14, "transaction_amount": 12.5}
    system.edit("transaction", "", row)
    after = core("get_acct_details_all_m", acct_no=55010003)["acct_balance"]
    assert float(after - before) == 12.5


def test_a_comment_and_a_field_are_inserted_and_deleted(system: Any, core: Call) -> None:
    row = {"acct_no": 55010003, "supp_field_name": "tier", "supp_field_value": "gold"}
    system.edit("acct_supp_field", "", row)
    system.edit(
        "comment",
        "",
        {"acct_no": 55010003, "comment": "By hand", "comment_date_time": "2026-01-01 00:00:00"},
    )
    assert {"supp_field_name": "tier", "supp_field_value": "gold"} in core(
        "get_acct_supp_fields_m", acct_no=55010003
    )["supp_fields"]
    number = next(r["key"] for r in system.state("comment") if r["comment"] == "By hand")
    system.edit("comment", number, {"__delete__": True})
    assert all(r["comment"] != "By hand" for r in system.state("comment"))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("payment", {"reference": "By hand"}),
        ("invoice_line", {"description": "By hand"}),
        ("plan_instance", {"po_num": "By hand"}),
        ("custom_rate", {"rate_per_unit": 7}),
        ("payment_method", {"suffix": "0000"}),
        ("usage", {"comments": "By hand"}),
    ],
)
def test_what_an_account_holds_is_edited_by_its_key(
    system: Any, kind: str, values: dict[str, Any]
) -> None:
    key = system.state(kind)[-1]["key"]
    system.edit(kind, key, values)
    after = next(row for row in system.state(kind) if row["key"] == key)
    assert values.items() <= after.items()


def test_what_cannot_be_edited_is_refused(system: Any) -> None:
    with pytest.raises(KeyError):
        system.edit("account", "NOBODY", {"city": "Salem"})
    with pytest.raises(ValueError, match="has no"):
        system.edit("account", "NWT-10001", {"colour": "red"})
    with pytest.raises(ValueError, match="cannot be changed"):
        system.edit("invoice", system.state("invoice")[0]["key"], {"invoice_no": 5})
    with pytest.raises(ValueError, match="deletes no account"):
        system.edit("account", "NWT-10001", {"__delete__": True})
    with pytest.raises(ValueError, match="needs acct_no"):
        system.edit("comment", "", {"comment": "x"})


def test_a_reset_forgets_what_was_changed(system: Any, core: Call) -> None:
    system.edit("account", "NWT-10001", {"city": "Salem"})
    system.reset(drift=True)
    assert core("get_acct_details_all_m", acct_no=55010001)["city"] != "Salem"


def test_the_number_of_accounts_is_a_setting(system: Any, core: Call) -> None:
    system.edit("setting", "accounts", {"value": 5000})
    found = core("get_acct_details_all_m", client_acct_id="NWT-15000")
    assert (found["error_code"], found["acct_no_2"]) == (0, 55015000)


def test_noise_changes_the_dress_and_not_the_meaning(system: Any, core: Call) -> None:
    plain = core("get_acct_details_all_m", acct_no=55010001)
    system.edit("setting", "noisy", {"value": True})
    noisy = core("get_acct_details_all_m", acct_no=55010001)
    assert noisy != plain
    assert all(str(noisy[name]) == str(plain[name]) for name in ("status_cd", "acct_no_2"))
