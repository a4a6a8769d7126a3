"""Reading Aria's accounts: few calls for all of them, and the same records one by one."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import Any

import pytest

from app.connectors import registry
from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.record import Unreadable
from app.errors import WrongUse
from app.sandbox.launch import Sandbox
from tests.connectors.aria_accounts import (
    FROM_LISTS,
    Held,
    accounts_mapping,
    entities,
    fresh,
    lean,
    of_account,
    running,
    value,
)

DETAILS, PLANS = "get_acct_details_all_m", "get_acct_plans_all_m"
COUPONS = "get_acct_coupon_details_m"
LIST, INSTANCES = "get_account_details_m", "get_plan_instance_information_m"
EVERYTHING = tuple(accounts_mapping().of_account())
LEAN = tuple(map(lean, entities(*FROM_LISTS)))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running() as started:
        yield started


@pytest.fixture
def held(sandbox: Sandbox) -> Iterator[Held]:
    with fresh(sandbox) as found:
        yield found


@pytest.mark.parametrize("some", [EVERYTHING, LEAN], ids=["everything", "lists alone"])
@pytest.mark.parametrize("noisy", [False, True], ids=["plain", "noisy"])
def test_each_account_is_the_same_read_with_all_and_read_alone(
    some: tuple[Any, ...], held: Held, *, noisy: bool
) -> None:
    held.edit("setting", "noisy", value=noisy)
    everything = held.all(some)
    for number in held.numbers:
        alone = held.one(some, number)
        expected = of_account(everything, number)
        assert {name: alone.get(name, []) for name in expected} == expected


@pytest.mark.parametrize("some", [EVERYTHING, LEAN], ids=["everything", "lists alone"])
def test_a_noisy_aria_tells_the_same(some: tuple[Any, ...], held: Held) -> None:
    plain = held.all(some)
    held.edit("setting", "noisy", value=True)
    assert held.all(some) == plain


def test_every_record_that_an_account_holds_is_read(held: Held) -> None:
    found = held.all(EVERYTHING)
    kinds = {
        "account": "account", "contact": "contact", "billing_group": "billing_group",
        "payment_method": "payment_method", "dunning_group": "dunning_group",
        "plan_instance": "plan_instance", "queued_change": "queued_change",
        "account_coupon": "coupon_use", "contract": "contract", "order": "order",
        "order_item": "order_item", "plan_history": "plan_history",
        "status_history": "status_history",
    }  # fmt: skip
    for name, kind in kinds.items():
        assert len(found[name]) == len(held.system.state(kind)) > 0


def test_every_value_of_the_data_set_can_be_read(held: Held) -> None:
    for name, records in held.all(EVERYTHING).items():
        unreadable = [
            one for record in records for one in record.values if isinstance(one, Unreadable)
        ]
        assert (name, unreadable) == (name, [])
        assert len({record.key for record in records}) == len(records)


def test_what_lists_tell_takes_one_call_for_80_accounts(held: Held) -> None:
    (group,) = held.connector.groups(LEAN)
    with held.counting() as calls:
        held.pages(group)
    pages = ceil(len(held.numbers) / 80)
    assert calls == {LIST: pages, INSTANCES: pages}


def test_an_entity_that_the_list_holds_whole_takes_nothing_else(held: Held) -> None:
    with held.counting() as calls:
        held.pages(map(lean, entities("dunning_group", "account_coupon")))
    assert calls == {LIST: ceil(len(held.numbers) / 80)}


def test_a_group_pays_for_its_own_calls_alone(held: Held) -> None:
    count = len(held.numbers)
    costs = {
        "contact": {"get_acct_contacts_m"},
        "payment_method": {"get_acct_payment_methods_and_terms_m"},
        "account": {DETAILS, PLANS, COUPONS},
        "queued_change": {"get_acct_plan_queued_changes_m"},
        "contract": {"get_all_acct_contracts_m"},
        "dunning_group": {"get_acct_dunning_group_details_m"},
        "plan_history": {"get_acct_plan_history_m"},
        "status_history": {"get_acct_status_history_m"},
    }
    for group in held.connector.groups([one for one in EVERYTHING if "order" not in one.name]):
        with held.counting() as calls:
            held.pages(group)
        assert calls == dict.fromkeys(costs[group[0].name], count) | {LIST: 1}


def test_one_account_takes_each_call_once(held: Held) -> None:
    with held.counting() as calls:
        assert held.one(EVERYTHING, held.numbers[0])
    assert calls == dict.fromkeys(
        (DETAILS, PLANS, "get_acct_contacts_m", "get_acct_payment_methods_and_terms_m",
         "get_acct_plan_queued_changes_m", "get_all_acct_contracts_m", "get_order_details_m",
         COUPONS, "get_acct_dunning_group_details_m", "get_acct_plan_history_m",
         "get_acct_status_history_m"), 1,
    )  # fmt: skip


def test_more_accounts_than_a_page_holds_are_read_page_by_page(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = held.all(EVERYTHING)
    small = replace(accounts_module().ACCOUNTS, page=7)
    monkeypatch.setattr(accounts_module(), "ACCOUNTS", small)
    with held.counting() as calls:
        assert held.all(EVERYTHING) == whole
    assert calls[LIST] == 8 * ceil(len(held.numbers) / 7)


def accounts_module() -> Any:
    from app.connectors.aria import account_reads  # noqa: PLC0415 - replaced for one test

    return account_reads


@pytest.mark.parametrize("entity", EVERYTHING, ids=lambda entity: entity.name)
def test_a_few_keys_are_read_by_account_within_the_forecast(entity: Any, held: Held) -> None:
    found = held.all((entity,))[entity.name]
    wanted = [found[0], found[-1]]
    keys = tuple(record.key for record in wanted)
    with held.counting() as calls:
        pages = held.pages((entity,), scope=Scope.KEYS, keys=keys)
    assert [record for page in pages for record in page.records] == wanted
    assert 0 < calls.total() <= held.connector.forecast_reads(entity, len(keys))


def test_a_key_or_an_account_that_is_not_there_gives_nothing(held: Held) -> None:
    for entity in EVERYTHING:
        for key in ("1", "1|2", "NO-SUCH", "55010001|no such"):
            pages = held.pages((entity,), scope=Scope.KEYS, keys=(key,))
            assert [record for page in pages for record in page.records] == []
    for number in (1, 0):
        assert not any(held.one(EVERYTHING, number).values())
    assert held.pages((EVERYTHING[0],), scope=Scope.KEYS, keys=()) == []


def test_an_account_tells_what_its_page_shows(held: Held) -> None:
    row = held.system.state("account")[0]
    (account,) = held.one(entities("account"), row["acct_no"])["account"]
    shown = {facet: value(account, name, "account") for facet, name in shows("account").items()}
    assert shown["name"] == row["company_name"] or row["last_name"] in str(shown["name"])
    assert (shown["number"], shown["status"]) == (row["client_acct_id"], "Active")
    assert shown["currency"] == row["acct_currency"].upper()
    assert isinstance(shown["balance"], Decimal)
    assert shown["email"] == row["email"]


def shows(name: str) -> Any:
    return accounts_mapping().entity(name).shows


def test_the_mrr_of_an_account_is_that_of_its_plans_together(held: Held) -> None:
    found = held.all(entities("account", "plan_instance"))
    for account in found["account"]:
        own = [one for one in found["plan_instance"] if one.parent == account.key]
        total = sum(Decimal(str(value(one, "mrr", "plan_instance"))) for one in own)
        assert value(account, "mrr", "account") == total
    assert any(value(account, "mrr", "account") for account in found["account"])


def test_custom_rates_stand_in_for_those_of_the_schedule(held: Held) -> None:
    (custom, *_) = held.system.state("custom_rate")
    instances = held.all(entities("plan_instance_rate"))["plan_instance_rate"]
    own = (one for one in instances if f"|{custom['plan_instance_no']}|" in one.key)
    rates = {value(one, "rate_per_unit", "plan_instance_rate") for one in own}
    assert Decimal(str(custom["rate_per_unit"])).quantize(Decimal("0.00001")) in rates


def test_a_contact_without_an_email_is_read(held: Held) -> None:
    contact = held.system.state("contact")[0]
    held.edit("contact", str(contact["contact_no"]), email="")
    records = held.all(entities("contact"))["contact"]
    (found,) = (one for one in records if one.key.endswith(f"|{contact['contact_no']}"))
    assert value(found, "email", "contact") is None


def test_nothing_of_a_payment_method_but_its_last_digits_is_read(held: Held) -> None:
    entity = accounts_mapping().entity("payment_method")
    (_, *fields) = entity.fields
    asked = [replace(fields[0], name=name, billing=name) for name in ("bill_agreement_id", "iban")]
    found = held.all((replace(entity, fields=(*entity.fields, *asked)),))["payment_method"]
    assert {one.values[-2:] for one in found} == {(None, None)}
    assert {len(str(value(one, "suffix", "payment_method"))) for one in found} == {4}


def test_an_account_that_goes_while_others_are_read_is_left_out(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = held.connector._client
    gone = held.numbers[3]

    def core(call: str, inputs: Any, cancel: CancelToken) -> Any:
        wrong = {"acct_no": 1} if inputs["acct_no"] == gone else {}
        return type(client).core(client, call, {**inputs, **wrong}, cancel)

    monkeypatch.setattr(client, "core", core)
    found = held.all(entities("account", "contact"))
    assert str(gone) not in {record.key for record in found["account"]}
    assert len(found["account"]) == len(held.numbers) - 1
    assert str(gone) not in {record.parent for record in found["contact"]}


def test_without_an_object_query_url_the_setting_is_named(held: Held) -> None:
    ready = registry.from_ready("aria", held.sandbox.ready["aria"])
    settings = {**ready.settings, "object_query_url": ""}
    made = registry.connect("aria", "aria", settings, ready.secrets.get, mapping=accounts_mapping())
    with pytest.raises(WrongUse, match="'object_query_url'"):
        list(made.read(ReadRequest(entities("account")), CancelToken()))
    assert "object_query_url" in " ".join(made.check(EVERYTHING, CancelToken()).missing)
    alone = ReadRequest(entities("account"), Scope.ACCOUNT, account=str(held.numbers[0]))
    assert [len(page.records) for page in made.read(alone, CancelToken())] == [1]


def test_check_finds_nothing_missing_for_the_accounts(held: Held) -> None:
    mapping = accounts_mapping()
    assert held.connector.check(mapping.entities, CancelToken()).missing == ()
