"""Conditions by type of field, through HTTP; and what the parser makes of odd statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.soql_ast import Call, Comparison, FieldsOf, Includes, Item, Path
from app.sandbox.salesforce.soql_parser import parse

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_TODAY = "2026-05-10"


@pytest.fixture
def dated(org: SandboxClient) -> SandboxClient:
    org.sandbox.clock.set(org.sandbox.clock.now().replace(year=2026, month=5, day=10))
    org.http.headers["Authorization"] = f"Bearer {org.sign_in()}"
    for day in ("2026-05-09", _TODAY, "2026-05-11", None):
        org.insert("Aria_Promotion__c", Name=day or "never", Expires_On__c=day)
    return org


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Expires_On__c = TODAY", [_TODAY]),
        ("Expires_On__c != TODAY", ["2026-05-09", "2026-05-11", "never"]),
        ("Expires_On__c < TODAY", ["2026-05-09"]),
        ("Expires_On__c <= TODAY", ["2026-05-09", _TODAY]),
        ("Expires_On__c > TODAY", ["2026-05-11"]),
        ("Expires_On__c >= TODAY", [_TODAY, "2026-05-11"]),
        ("Expires_On__c IN (YESTERDAY, TOMORROW)", ["2026-05-09", "2026-05-11"]),
        ("Expires_On__c NOT IN (YESTERDAY, TODAY)", ["2026-05-11", "never"]),
        ("Expires_On__c = LAST_N_DAYS:1", ["2026-05-09", _TODAY]),
        ("Expires_On__c > 2026-05-10", ["2026-05-11"]),
        ("Expires_On__c IN (2026-05-10, null)", [_TODAY, "never"]),
        ("Expires_On__c NOT IN (2026-05-10, null)", ["2026-05-09", "2026-05-11"]),
        ("Expires_On__c < null", []),
        ("Name = ''", []),
        ("DAY_IN_MONTH(Expires_On__c) = 11", ["2026-05-11"]),
        ("DAY_IN_WEEK(Expires_On__c) = 1", [_TODAY]),
        ("CALENDAR_QUARTER(Expires_On__c) = 2 AND DAY_ONLY(CreatedDate) = TODAY",
         ["2026-05-09", _TODAY, "2026-05-11"]),
        ("CreatedBy.Name = 'ada ADMIN' AND Name LIKE '%1_'", [_TODAY, "2026-05-11"]),
        ("Aria_Promotion__c.Name IN ('never', 'Ünever')", ["never"]),
    ],
)  # fmt: skip
def test_dates_and_functions_filter(dated: SandboxClient, condition: str, names: list[str]) -> None:
    soql = f"SELECT Name FROM Aria_Promotion__c WHERE {condition} ORDER BY Name"
    assert [record["Name"] for record in dated.query(soql)] == names


def test_functions_of_a_field_can_be_selected(org: SandboxClient) -> None:
    soql = "SELECT toLabel(Currency__c), FORMAT(Aria_Number__c) FROM Client_Plan__c p "
    record = org.query(soql + "WHERE p.Aria_Key__c = 'PRO' FOR VIEW")[0]
    assert (record["Currency__c"], record["Aria_Number__c"]) == ("USD", "7")


@pytest.mark.parametrize(
    ("condition", "code", "words"),
    [
        ("Name = TODAY", "INVALID_FIELD", "type string"),
        ("CreatedDate = 'x'", "INVALID_FIELD", "type dateTime and should not be enclosed"),
        ("CreatedDate = 2026-13-41T00:00:00Z", "MALFORMED_QUERY", "unexpected token"),
        ("CreatedDate = LAST_N_EONS:5", "MALFORMED_QUERY", "LAST_N_EONS:5"),
        ("Aria_Number__c LIKE '5%'", "INVALID_QUERY_FILTER_OPERATOR", "double field"),
        ("Name INCLUDES ('a;b')", "INVALID_QUERY_FILTER_OPERATOR", "string field"),
        ("Name IN (SELECT Id FROM User)", "MALFORMED_QUERY", "semi join left operand"),
        ("Id IN (SELECT Plan__c FROM Aria_Service__c LIMIT 1)", "MALFORMED_QUERY", "semi join"),
        ("Id IN (SELECT Name FROM Aria_Service__c)", "MALFORMED_QUERY", "semi join"),
        ("Name = 'x' OR Id IN (SELECT Plan__c FROM Aria_Service__c)", "MALFORMED_QUERY", "'OR'"),
        ("CALENDAR_YEAR(Name) = 2026", "MALFORMED_QUERY", "CALENDAR_YEAR"),
        ("NONSENSE(CreatedDate) = 2026", "MALFORMED_QUERY", "NONSENSE"),
        ("A__r.B__r.C__r.D__r.E__r.F__r.Name = 'x'", "MALFORMED_QUERY", "5 levels"),
        ("Name = '" + "x" * 4001 + "'", "MALFORMED_QUERY", "4000"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(
    org: SandboxClient, condition: str, code: str, words: str
) -> None:
    found, message = org.refusal(f"SELECT Id FROM Client_Plan__c WHERE {condition}")
    assert found == code
    assert words in message


@pytest.mark.parametrize(
    "soql",
    [
        "",
        "SELECT",
        "SELECT Id",
        "SELECT Id FROM",
        "SELECT Id FROM A WHERE",
        "SELECT Id FROM A WHERE b",
        "SELECT Id FROM A WHERE b =",
        "SELECT Id FROM A WHERE b IN ()",
        "SELECT Id FROM A WHERE (b = 1",
        "SELECT Id FROM A ORDER BY b NULLS",
        "SELECT Id FROM A LIMIT x",
        "SELECT Id FROM A FOR FUN",
        "SELECT Id FROM A GROUP BY",
        "SELECT FIELDS(SOME) FROM A",
        "SELECT Id FROM A b c",
        "SELECT Id FROM A WHERE COUNT(b) IN (SELECT c FROM D)",
        "SELECT Id FROM A # comment",
    ],
)
def test_what_is_no_soql_is_a_malformed_query(soql: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse(soql)
    assert refused.value.code == "MALFORMED_QUERY"
    assert "ERROR at Row:1:Column:" in refused.value.message


def test_a_statement_longer_than_a_hundred_thousand_characters_is_refused() -> None:
    with pytest.raises(RequestError, match="100000"):
        parse("SELECT Id FROM A WHERE b = '" + "x" * 100_000 + "'")


def test_what_does_not_matter_is_read_over() -> None:
    query = parse(
        "SELECT Id FROM A AS x USING SCOPE mine WHERE x.b INCLUDES ('p;q') WITH SECURITY_ENFORCED "
        "ORDER BY c ASC NULLS FIRST LIMIT 5 FOR UPDATE"
    )
    assert (query.alias, query.limit) == ("x", 5)
    assert isinstance(query.where, Includes)
    assert not query.order_by[0].nulls_last


def test_items_are_fields_functions_and_groups_of_fields() -> None:
    query = parse("SELECT FIELDS(ALL), a . b x, MAX(FORMAT(c)) FROM D WHERE e <> -1.5e3")
    fields, path, call = query.items
    assert isinstance(fields, FieldsOf)
    assert isinstance(path, Item)
    assert isinstance(path.expression, Path)
    assert (path.expression.parts, path.alias) == (("a", "b"), "x")
    assert isinstance(call, Item)
    assert isinstance(call.expression, Call)
    assert isinstance(query.where, Comparison)
    assert (query.where.operator, query.where.value.text) == ("!=", "-1.5e3")


def test_a_place_is_shown_in_its_line() -> None:
    with pytest.raises(RequestError) as refused:
        parse("SELECT Id\nFROM A\nWHERE b ! 1")
    assert "\nWHERE b ! 1\n        ^\nERROR at Row:3:Column:9\n" in refused.value.message
