"""Refresh of one account: its records alone are read, kept, and dropped where they are gone."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.mapping_file import parse_mapping
from app.domain.record import RecordKey, Side
from app.errors import MappingInvalid, NotFound, WrongUse
from app.store.belonging import find_accounts, records_of
from app.store.pairing import pairings
from app.sync.compare import compare
from app.sync.pairing import confirm
from app.sync.planner import Selection, account_keys, build_plan
from app.sync.refresh import RefreshRequest, RefreshResult, refresh
from app.sync.workbench import Workbench
from tests.fakes import make_bench, side_of, small_mapping
from tests.keyed_side import keyed, keyed_bench
from tests.simulation.people import simulated_mapping

MAPPING = """
schema = 1
name = "shop"
billing = "fake"

[[entity]]
name = "account"
label = "Account"
plural = "Accounts"
sobject = "Account"
key = { billing = "no", salesforce = "Key__c" }
title = "name"
role = "account"
fields = [{ name = "name", billing = "name", salesforce = "Name", type = "text", owner = "both" }]

[[entity]]
name = "invoice"
label = "Invoice"
plural = "Invoices"
sobject = "Invoice__c"
key = { billing = "no", salesforce = "Key__c" }
parent = "account"
title = "amount"
role = "invoice"
shows = { amount = "amount" }
fields = [
    { name = "amount", billing = "amount", salesforce = "Amount__c", type = "money", OWNED },
    { name = "account", billing = "acct", salesforce = "A__c", TO "account" },
]

[[entity]]
name = "line"
label = "Line"
plural = "Lines"
sobject = "Line__c"
key = { billing = "no", salesforce = "Key__c" }
parent = "invoice"
title = "text"
fields = [
    { name = "text", billing = "text", salesforce = "Text__c", type = "text", owner = "billing" },
    { name = "invoice", billing = "inv", salesforce = "I__c", TO "invoice" },
]
""".replace("TO", 'OWNED, type = "reference", to =').replace("OWNED", 'owner = "billing"')


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    bench = make_bench(tmp_path, parse_mapping(MAPPING, "shop.toml"))
    for side in Side:
        for account in ("1", "2"):
            side_of(bench, side).put("account", account, f"Acme {account}")
            side_of(bench, side).put("invoice", f"{account}-a", Decimal(5), account)
            side_of(bench, side).put("line", f"{account}-a-1", "Fee", f"{account}-a")
    _read(bench, RefreshRequest())
    yield bench
    bench.store.close()


def _read(bench: Workbench, request: RefreshRequest) -> RefreshResult:
    return refresh(bench, request, CancelToken(), lambda _progress: None)


def _kinds(bench: Workbench, entity: str) -> dict[Kind, int]:
    counts = compare(bench, CancelToken(), lambda _progress: None)[entity]
    return {kind: count for kind, count in counts.items() if count}


def _billing(bench: Workbench, entity: str, account: str) -> set[str]:
    found = records_of(bench.store, bench.mapping.entity(entity), account)
    return {pair.key for pair in found if pair.billing is not None}


def test_what_an_account_has_anew_and_no_longer_has_is_found(bench: Workbench) -> None:
    billing = side_of(bench, Side.BILLING)
    billing.put("invoice", "1-b", Decimal(7), "1")
    billing.put("line", "1-b-1", "Fee", "1-b")
    billing.drop("line", "1-a-1")
    _read(bench, RefreshRequest(account="1"))
    assert _billing(bench, "invoice", "1") == {"1-a", "1-b"}
    assert _kinds(bench, "line") == {
        Kind.IDENTICAL: 1,
        Kind.ONLY_IN_BILLING: 1,
        Kind.ONLY_IN_SALESFORCE: 1,
    }


def test_other_accounts_are_neither_read_nor_dropped(bench: Workbench) -> None:
    asked: list[ReadRequest] = []
    for side in Side:
        side_of(bench, side).on_read = asked.append
        side_of(bench, side).drop("invoice", "2-a")
    result = _read(bench, RefreshRequest(account="1"))
    assert {request.scope for request in asked} == {Scope.ACCOUNT}
    assert result.read[Side.BILLING] == {"account": 1, "invoice": 1, "line": 1}
    assert _billing(bench, "invoice", "2") == {"2-a"}


def test_transactions_alone_leave_the_account_itself_unread(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("account", "1", "Renamed")
    result = _read(bench, RefreshRequest(account="1", moving=True))
    assert set(result.read[Side.BILLING]) == {"invoice", "line"}
    assert _kinds(bench, "account") == {Kind.IDENTICAL: 2}


def test_an_account_that_was_never_read_comes_whole(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("account", "3", "New")
    result = _read(bench, RefreshRequest(account="3", moving=True))
    assert result.read[Side.BILLING]["account"] == 1


def test_a_record_that_salesforce_has_under_another_account_is_not_gone(bench: Workbench) -> None:
    salesforce = side_of(bench, Side.SALESFORCE)
    salesforce.put("invoice", "1-a", Decimal(5), "2")
    _read(bench, RefreshRequest((Side.SALESFORCE,)))
    _read(bench, RefreshRequest((Side.SALESFORCE,), account="1"))
    assert _kinds(bench, "invoice") == {Kind.DIFFERENT: 1, Kind.IDENTICAL: 1}


def test_an_account_that_neither_side_has_is_an_error(bench: Workbench) -> None:
    with pytest.raises(NotFound, match="Neither side has Account '9'"):
        _read(bench, RefreshRequest(account="9"))


def test_a_mapping_without_accounts_says_how_to_name_them(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, small_mapping())
    with pytest.raises(WrongUse, match="nothing of accounts"):
        _read(bench, RefreshRequest(account="1"))
    bench.store.close()


def test_a_plan_of_one_account_takes_no_other(bench: Workbench) -> None:
    for account in ("1", "2"):
        side_of(bench, Side.BILLING).put("invoice", f"{account}-a", Decimal(6), account)
    _read(bench, RefreshRequest())
    compare(bench, CancelToken(), lambda _progress: None)
    selection = Selection(keys=account_keys(bench, "1"))
    plan = build_plan(bench, selection, CancelToken(), lambda _progress: None)
    assert [operation.key for operation in plan.operations] == ["1-a"]


def test_accounts_are_found_by_number_and_by_part_of_their_name(bench: Workbench) -> None:
    assert [hit.key for hit in find_accounts(bench.store, "2")] == ["2"]
    assert [hit.key for hit in find_accounts(bench.store, "acme")] == ["1", "2"]
    assert find_accounts(bench.store, "100%") == []


def test_accounts_are_found_by_a_name_in_any_case(bench: Workbench) -> None:
    side_of(bench, Side.BILLING).put("account", "3", "Ångström Straße")
    _read(bench, RefreshRequest())
    for words in ("ångström", "ÅNGSTRÖM STRASSE", "Straße", "angstrom"):
        assert [hit.key for hit in find_accounts(bench.store, words)] == ["3"]


def test_two_entities_cannot_both_be_the_customer() -> None:
    text = MAPPING.replace('role = "invoice"', 'role = "account"')
    with pytest.raises(MappingInvalid, match="both have the role account"):
        parse_mapping(text, "shop.toml")


def test_a_facet_that_is_none_is_an_error_with_its_line() -> None:
    text = MAPPING.replace("shows = { amount", "shows = { amonut")
    with pytest.raises(MappingInvalid, match=r"shop.toml:\d+: .*unknown setting 'amonut'"):
        parse_mapping(text, "shop.toml")


def test_an_included_mapping_brings_its_entities_and_its_lines() -> None:
    text = 'schema = 1\nname = "more"\nbilling = "fake"\ninclude = ["shop"]\n'
    whole = parse_mapping(text, "more.toml", lambda name: MAPPING if name == "shop" else None)
    assert list(whole.by_name) == ["account", "invoice", "line"]
    broken = MAPPING.replace('to = "invoice"', 'to = "bill"')
    with pytest.raises(MappingInvalid, match=r"shop.toml:\d+: .*unknown entity 'bill'"):
        parse_mapping(text, "more.toml", lambda _name: broken)
    with pytest.raises(MappingInvalid, match="no mapping 'shop' to include"):
        parse_mapping(text, "more.toml")


@pytest.mark.parametrize("own_key", ["", "X1"])
def test_what_is_paired_stays_so_when_its_account_is_read(tmp_path: Path, own_key: str) -> None:
    bench = keyed_bench(tmp_path, simulated_mapping())
    for side, key in ((Side.BILLING, "T1"), (Side.SALESFORCE, own_key)):
        keyed(bench, side).add("plan", "P1", f"{side.value} P1", "a", None, None)
        record = keyed(bench, side).add("tier", key, f"{side.value} T", None, "n", "P1")
        keyed(bench, side).records[RecordKey("tier", key)] = [record._replace(parent="P1")]
    refresh(bench, RefreshRequest(), CancelToken(), no_report)
    confirm(bench, "tier", "T1", "salesforce T")
    refresh(bench, RefreshRequest(account="P1"), CancelToken(), no_report)
    assert [(one.key, one.side_id) for one in pairings(bench.store)] == [("T1", "salesforce T")]
    assert compare(bench, CancelToken(), no_report)["tier"][Kind.DIFFERENT] == 1
    bench.store.close()
