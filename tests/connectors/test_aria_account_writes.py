"""Writing accounts and contacts to Aria: which calls, what they change, what is refused."""

from typing import Any

import pytest

from app.domain.plan import OutcomeState, Verb
from app.domain.record import Side, Unreadable
from app.errors import AppError
from tests.connectors.account_world import (
    CHILD,
    DOLLARS,
    FIRST,
    PARENT,
    SEED,
    TESTER,
    AccountWorld,
)
from tests.connectors.world import make_operation

WRITTEN, FAILED, UNKNOWN = OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN
COMPLETE = "update_acct_complete_m"


@pytest.fixture
def world(accounts: AccountWorld) -> AccountWorld:
    return accounts


ITEMS = [
    ("client_id", "NEW-ID-1", "client_acct_id", "NEW-ID-1"),
    ("notify_method", "HTML Mail", "notify_method", 1),
    ("status", "Permanent", "status_cd", 99),
    ("po_number", "PO 7", "po_num", "PO 7"),
    ("parent_account", str(PARENT), "senior_acct_no", PARENT),
]


@pytest.mark.parametrize(("name", "value", "column", "held"), ITEMS)
def test_an_item_is_set_by_one_call_and_nothing_else_changes(
    name: str, value: str, column: str, held: object, world: AccountWorld
) -> None:
    before = world.account(DOLLARS)
    outcome = world.change("account", str(DOLLARS), **{name: value})
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    expected = {**before, column: held}
    after = world.account(DOLLARS)
    if name == "client_id":
        expected["key"] = held
    if name == "status":
        expected["status_date"] = after["status_date"]
    assert after == expected
    assert world.made(COMPLETE) == 1


def test_several_items_are_one_call_with_one_receipt(world: AccountWorld) -> None:
    wanted = {"client_id": "X1", "notify_method": "None", "po_number": "PO", "status": "Active"}
    assert world.change("account", str(FIRST), **wanted).state is WRITTEN
    assert world.made(COMPLETE) == 1
    assert world.receipts() == [f"{SEED}A"]


def test_a_text_is_cleared_and_a_child_detached(world: AccountWorld) -> None:
    world.change("account", str(CHILD), po_number="PO 7")
    assert world.account(CHILD)["senior_acct_no"] == PARENT
    outcome = world.change(
        "account", str(CHILD), "b" * 32, po_number=None, parent_account=None,
        responsibility_level="Self Pay",
    )  # fmt: skip
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    assert world.account(CHILD)["po_num"] == ""
    assert world.account(CHILD)["senior_acct_no"] is None


def test_a_new_parent_comes_before_that_it_pays(world: AccountWorld) -> None:
    outcome = world.change(
        "account", str(DOLLARS), parent_account=str(PARENT), responsibility_level="Parent Pay"
    )
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    masters = [row for row in world.truth("plan_instance", DOLLARS) if not row["supp_plan_ind"]]
    assert {row["resp_level_cd"] for row in masters} == {2}


def test_the_test_flag_is_turned_only_where_it_differs(world: AccountWorld) -> None:
    assert world.change("account", str(TESTER), test_account=True).state is WRITTEN
    assert world.made("toggle_test_account_m") == 0
    assert world.change("account", str(TESTER), test_account=False).state is WRITTEN
    assert world.account(TESTER)["test_acct_ind"] == 0
    assert world.change("account", str(FIRST), test_account=True).state is WRITTEN
    assert world.account(FIRST)["test_acct_ind"] == 1
    assert world.made("toggle_test_account_m") == 2


def test_a_supplemental_field_is_added_changed_and_deleted(world: AccountWorld) -> None:
    def held() -> list[str]:
        rows = world.truth("acct_supp_field", FIRST)
        return [r["supp_field_value"] for r in rows if r["supp_field_name"] == "region"]

    assert held() == ["EMEA"]
    for value, expected in (("APAC", ["APAC"]), (None, []), ("LATAM", ["LATAM"])):
        outcome = world.change("account", str(FIRST), region=value)
        assert (outcome.state, outcome.message) == (WRITTEN, "")
        assert held() == expected


def test_of_several_values_of_a_field_only_those_that_differ_are_sent(world: AccountWorld) -> None:
    for value in ("APAC", "LATAM"):
        row = {"acct_no": FIRST, "supp_field_name": "region", "supp_field_value": value}
        world.edit("aria", "acct_supp_field", "", **row)
    outcome = world.change("account", str(FIRST), region="EMEA; MARS")
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    rows = world.truth("acct_supp_field", FIRST)
    held = {r["supp_field_value"] for r in rows if r["supp_field_name"] == "region"}
    assert held == {"EMEA", "MARS"}


def test_another_pay_method_is_one_that_the_account_has(world: AccountWorld) -> None:
    (method,) = world.truth("payment_method", FIRST)
    skipped = {"key", "client_acct_id"}
    debit = {name: value for name, value in method.items() if name not in skipped}
    other = {"payment_method_no": 2, "client_payment_method_id": "B", "pay_method_type": 37}
    world.edit("aria", "payment_method", "", **{**debit, **other})
    outcome = world.change("account", str(FIRST), pay_method="Tokenized Direct Debit")
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    (group,) = world.truth("billing_group", FIRST)
    assert group["primary_payment_method_no"] == 2


def test_a_pay_method_that_is_not_stored_is_refused_unsent(world: AccountWorld) -> None:
    outcome = world.change("account", str(FIRST), pay_method="ACH")
    assert outcome.state is FAILED
    assert "no stored payment method of that type" in outcome.message
    assert world.made(COMPLETE) == 0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("client_id", None, "cannot be without a client_id"),
        ("status", None, "status: it cannot be empty"),
        ("status", "Asleep", "status: 'Asleep' is no value"),
        ("name", "Other", "name of a Account cannot be set in Aria"),
        ("balance", 1, "cannot be set"),
        ("po_number", Unreadable("?"), "cannot be written"),
    ],
)
def test_what_aria_cannot_be_given_is_refused_unsent(
    name: str, value: Any, words: str, world: AccountWorld
) -> None:
    outcome = world.change("account", str(FIRST), **{name: value})
    assert (outcome.state, outcome.field) == (FAILED, name)
    assert words in outcome.message
    assert world.calls("aria") == {}


def test_what_aria_refuses_comes_back_in_its_words(world: AccountWorld) -> None:
    outcome = world.change("account", str(FIRST), client_id="NWT-10002")
    assert (outcome.state, outcome.field) == (FAILED, "client_id")
    assert outcome.message.startswith("1015: ")
    assert world.account(FIRST)["client_acct_id"] == "NWT-10001"


def test_what_was_written_before_a_refusal_is_told(world: AccountWorld) -> None:
    outcome = world.change(
        "account", str(FIRST), po_number="PO 9", responsibility_level="Parent Pay"
    )
    assert outcome.state is FAILED
    assert outcome.message.startswith("5076: ")
    assert outcome.message.endswith("written before that: po_number")
    assert world.account(FIRST)["po_num"] == "PO 9"


def test_an_account_that_is_gone_is_refused(world: AccountWorld) -> None:
    outcome = world.change("account", "55999999", po_number="x")
    assert outcome.state is FAILED
    assert outcome.message.startswith("1009: ")


def test_accounts_are_neither_made_nor_deleted(world: AccountWorld) -> None:
    for verb in (Verb.INSERT, Verb.DELETE):
        outcome = world.send(make_operation("account", "1", verb, Side.BILLING, name="x"))
        assert outcome.state is FAILED
        assert f"cannot {verb.value} a Account" in outcome.message
    assert world.calls("aria") == {}


CONTACTS = ["account", "billing", "statement"]


def contact(world: AccountWorld, role: str, acct_no: int = FIRST) -> str:
    keys = [one.key for one in world.held(acct_no, "contact") if f"|{role}|" in one.key]
    return keys[0]


@pytest.mark.parametrize("role", CONTACTS)
def test_a_contact_is_changed_by_its_role_and_no_other(role: str, world: AccountWorld) -> None:
    key = contact(world, role)
    before = {row["key"]: row for row in world.truth("contact", FIRST)}
    wanted = {"street": "9 Hill\nBack yard", "email": "x@example.com", "work_phone": "1"}
    outcome = world.change("contact", key, first_name="Ann", **wanted)
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    number = key.split("|")[2]
    changed = {"first_name": "Ann", "address1": "9 Hill", "address2": "Back yard"}
    before[number] = {**before[number], **changed, "email": "x@example.com", "work_phone": "1"}
    assert {row["key"]: row for row in world.truth("contact", FIRST)} == before
    assert world.made("update_contact_m") == 1


@pytest.mark.parametrize("role", CONTACTS)
def test_a_contact_may_be_without_an_email(role: str, world: AccountWorld) -> None:
    key = contact(world, role)
    assert world.change("contact", key, email=None).state is WRITTEN
    rows = {row["key"]: row for row in world.truth("contact", FIRST)}
    assert rows[key.split("|")[2]]["email"] == ""
    outcome = world.change("contact", contact(world, role, 55010010), last_name="Nobody")
    assert (outcome.state, outcome.message) == (WRITTEN, "")


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ({"country": "US", "state": "MA"}, ("US", "MA", "Berlin")),  # its locality is ignored
        ({"country": "US"}, ("US", "Berlin", "Berlin")),
        ({"country": "FR", "state": "Paris"}, ("FR", "", "Paris")),
        ({"state": "Brandenburg"}, ("DE", "", "Brandenburg")),
        ({"state": None}, ("DE", "", "")),
    ],
)
def test_a_state_is_where_its_country_has_it(
    wanted: dict[str, Any], held: tuple[str, str, str], world: AccountWorld
) -> None:
    outcome = world.change("contact", contact(world, "account"), **wanted)
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    row = world.account(FIRST)
    assert (row["country_cd"], row["state_prov"], row["locality"]) == held


def test_a_street_of_four_lines_is_refused_unsent(world: AccountWorld) -> None:
    key = contact(world, "account")
    outcome = world.change("contact", key, street="a\nb\nc\nd")
    assert (outcome.state, outcome.field) == (FAILED, "street")
    assert "at most 3 lines" in outcome.message
    assert world.made("update_contact_m") == 0


def test_a_consumers_contacts_share_a_name_and_aria_says_so(world: AccountWorld) -> None:
    outcome = world.change("contact", contact(world, "billing", 55010007), last_name="Other")
    assert outcome.message.startswith("5054: ")


@pytest.mark.parametrize("key", ["55010001|other|61000001", "55010001|account|99", "x|y|z"])
def test_a_contact_that_cannot_be_named_is_refused(key: str, world: AccountWorld) -> None:
    outcome = world.change("contact", key, last_name="x")
    assert outcome.state is FAILED
    assert "Not sent: " in outcome.message


@pytest.mark.parametrize(
    ("role", "words"),
    [("other", "no contact with the role 'other'"), ("backup", "whose billing group's backup")],
)
def test_a_contact_that_aria_lets_nobody_change_is_refused_unsent(
    role: str, words: str, world: AccountWorld
) -> None:
    number = contact(world, "billing").split("|")[2]
    world.edit("aria", "contact", number, role=role)
    outcome = world.change("contact", f"{FIRST}|{role}|{number}", last_name="x")
    assert outcome.state is FAILED
    assert words in outcome.message
    assert world.made("update_contact_m") == 0


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "truncate", "not_json"])
def test_a_lost_answer_is_unknown_and_not_sent_again(kind: str, world: AccountWorld) -> None:
    world.fault(system="aria", endpoint=COMPLETE, kind=kind, times=None)
    assert world.change("account", str(FIRST), po_number="x").state is UNKNOWN
    assert world.made(COMPLETE) == 1


def test_an_unexpected_error_is_tried_again(world: AccountWorld) -> None:
    world.fault(system="aria", endpoint=COMPLETE, kind="server_error", times=2)
    assert world.change("account", str(FIRST), po_number="x").state is WRITTEN
    assert world.made(COMPLETE) == 3


def test_a_used_receipt_counts_as_done_and_the_record_is_looked_at(world: AccountWorld) -> None:
    assert world.change("account", str(FIRST), po_number="x").state is WRITTEN
    again = world.change("account", str(FIRST), po_number="x")
    assert (again.state, again.message) == (WRITTEN, "")
    world.edit("aria", "account", "NWT-10001", po_num="somebody's")
    third = world.change("account", str(FIRST), po_number="x")
    assert (third.state, third.field) == (FAILED, "po_number")
    assert third.message == "Aria keeps po_number as \"somebody's\", not 'x'"
    assert world.account(FIRST)["po_num"] == "somebody's"


def test_a_lost_answer_between_two_calls_is_looked_up_and_the_rest_is_sent(
    world: AccountWorld,
) -> None:
    world.fault(system="aria", endpoint=COMPLETE, kind="drop_after", times=1)
    outcome = world.change("account", str(FIRST), po_number="PO 3", region="APAC")
    assert (outcome.state, outcome.message) == (WRITTEN, "")
    assert world.account(FIRST)["po_num"] == "PO 3"
    assert world.made(COMPLETE) == 1


def test_a_call_that_never_arrived_before_others_is_unknown(world: AccountWorld) -> None:
    world.fault(system="aria", endpoint=COMPLETE, kind="drop_before", times=1)
    assert world.change("account", str(FIRST), po_number="PO 3", region="APAC").state is UNKNOWN
    assert world.made("modify_acct_supp_fields_m") == 0


def test_a_system_that_turns_writes_away_raises(world: AccountWorld) -> None:
    world.fault(system="aria", endpoint=COMPLETE, kind="unavailable", times=None)
    with pytest.raises(AppError, match="503"):
        world.change("account", str(FIRST), po_number="x")


def test_what_cannot_be_read_back_stays_written(world: AccountWorld) -> None:
    world.fault(system="aria", endpoint="get_acct_details_all_m", kind="not_json", times=None)
    outcome = world.change("account", str(FIRST), po_number="x")
    assert outcome.state is WRITTEN
    assert outcome.message.startswith("accepted, but not read again: ")


def test_a_noisy_aria_is_written_as_well(world: AccountWorld) -> None:
    world.edit("aria", "setting", "noisy", value=1)
    wanted = {"po_number": "q", "region": "APAC", "test_account": True, "notify_method": "None"}
    assert world.change("account", str(FIRST), **wanted).message == ""
    assert world.change("contact", contact(world, "billing"), city="Bonn").message == ""
