"""What SOQL refuses before and behind a grouping, and which literals it knows no day for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.salesforce.conftest import SandboxClient

_TIERS = "FROM Rate_Tier__c "


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("WHERE COUNT(Id) > 1", "Aggregate functions cannot be used in a WHERE clause"),
        ("WHERE NOT FORMAT(MAX(CreatedDate)) = TODAY", "cannot be used in a WHERE clause"),
        ("ORDER BY COUNT(Id)", "ORDER BY without grouping"),
        ("GROUP BY Id HAVING Name LIKE 'a%'", "Field must be grouped or aggregated: Name"),
        ("GROUP BY Id ORDER BY Name", "Ordered field must be grouped or aggregated: Name"),
        ("GROUP BY ROLLUP(Id) ORDER BY Name", "Ordered field must be grouped or aggregated: Name"),
        ("WHERE CreatedDate > LAST_N_DAYS:99999999", "unexpected token: 'LAST_N_DAYS:99999999'"),
        ("WHERE CreatedDate = N_YEARS_AGO:5000", "unexpected token: 'N_YEARS_AGO:5000'"),
        ("WHERE CreatedDate > 0001-01-01T00:00:00+14:00", "unexpected token: '0001-01-01T"),
        ("LIMIT 99999999999999999999", "unexpected token: '99999999999999999999'"),
    ],
)
def test_what_no_database_could_answer_is_refused(
    org: SandboxClient, rest: str, words: str
) -> None:
    code, message = org.refusal(f"SELECT Id {_TIERS}{rest}")
    assert code == "MALFORMED_QUERY"
    assert words in message


def test_a_day_that_no_month_has_is_refused(org: SandboxClient) -> None:
    code, message = org.refusal("SELECT Id FROM Opportunity WHERE CloseDate = 2026-02-30")
    assert (code, "unexpected token: '2026-02-30'" in message) == ("MALFORMED_QUERY", True)


def test_no_day_is_like_another(org: SandboxClient) -> None:
    code, message = org.refusal(f"SELECT Id {_TIERS}WHERE CreatedDate LIKE TODAY")
    assert (code, "invalid operator on datetime field" in message) == (
        "INVALID_QUERY_FILTER_OPERATOR",
        True,
    )


def test_what_is_grouped_orders_and_filters_the_groups(org: SandboxClient) -> None:
    soql = f"SELECT Currency__c, COUNT(Id) n {_TIERS}GROUP BY Currency__c "
    rest = "HAVING Currency__c = 'EUR' AND MAX(Sequence__c) > 1 ORDER BY COUNT(Id), Currency__c"
    assert org.query(soql + rest)[0]["n"] == 450


def test_weeks_are_counted_from_the_first_day(org: SandboxClient) -> None:
    for day in ("2026-01-07", "2026-01-08", "2026-12-31"):
        org.insert("Opportunity", Name=day, StageName="Prospecting", CloseDate=day)
    week = (
        "SELECT WEEK_IN_YEAR(CloseDate) y, WEEK_IN_MONTH(CloseDate) m, COUNT(Id) FROM Opportunity"
    )
    rest = " GROUP BY WEEK_IN_YEAR(CloseDate), WEEK_IN_MONTH(CloseDate)"
    found = org.query(f"{week}{rest} ORDER BY WEEK_IN_YEAR(CloseDate)")
    assert [(row["y"], row["m"]) for row in found] == [(1, 1), (2, 2), (53, 5)]
