"""Odd answers of Orb: too long, without an id, no numbers, too many days at once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.connectors.orb.revenue import daily
from app.connectors.orb.rows import line_rows, moment, named_rows, page_of, version_row
from app.connectors.protocol import Batch
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import FieldChange, Operation, OutcomeState, Verb
from app.domain.record import Side, Unreadable
from app.errors import AnswerUnreadable, NotSignedIn
from tests.connectors.far_end import Asked, Told, far_end, in_turn, told
from tests.connectors.orb_world import connected

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SUBSCRIPTION = {
    "id": "s1",
    "start_date": "2026-01-01T00:00:00+00:00",
    "end_date": None,
    "customer": {"id": "c1", "timezone": "Mars/Olympus"},
    "plan": None,
}


def test_json_too_long_for_salesforce_is_left_out_and_told(
    orb_mapping: WorkspaceMapping, caplog: pytest.LogCaptureFixture
) -> None:
    entity = orb_mapping.entity("customer")
    row = {"id": "c1", "name": "A", "metadata": {"a": "x" * 140_000}, "additional_emails": []}
    page = page_of(entity, named_rows([row, {"name": "without an id"}]))
    (record,) = page.records
    assert record.values[entity.index["metadata"]] is None
    assert record.values[entity.index["additional_emails"]] == "[]"
    assert page.unkeyed == 1
    assert "1 values too long" in caplog.text


def test_a_tax_that_is_no_number_is_shown(orb_mapping: WorkspaceMapping) -> None:
    entity = orb_mapping.entity("invoice_line_item_billing")
    lines = [{"id": "l1", "tax_amounts": [{"amount": "1.5"}, {"amount": "much"}]}]
    invoice = {"id": "i1", "status": "issued", "line_items": lines}
    (record,) = page_of(entity, line_rows([invoice])).records
    assert isinstance(record.values[entity.index["tax_amount"]], Unreadable)


def test_a_version_without_a_plan_has_a_key_and_a_title(orb_mapping: WorkspaceMapping) -> None:
    entry = {"start_date": "2026-01-01T01:00:00+01:00", "end_date": None, "plan": None}
    (record,) = page_of(
        orb_mapping.entity("subscription_version"), [version_row(SUBSCRIPTION, entry)]
    ).records
    assert record.key == "s1|2026-01-01T00:00:00Z"
    assert record.values[0] == "2026-01-01T00:00:00Z"


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-01-01T00:00:00") == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(AnswerUnreadable, match="'soon'"):
        moment("soon")


def test_too_many_days_at_once_are_asked_for_in_parts(orb_mapping: WorkspaceMapping) -> None:
    spans: list[timedelta] = []

    def script(asked: Asked) -> Told:
        if "/costs" not in asked.path:
            return told({"data": [], "pagination_metadata": {"next_cursor": None}})
        query = {name: moment(text) for name, (text,) in _query(asked).items() if "time" in name}
        span = query["timeframe_end"] - query["timeframe_start"]
        if span > timedelta(days=100):
            return told({"type": "x#413-too-many-results", "detail": "narrow it"}, 413)
        spans.append(span)
        start = query["timeframe_start"].isoformat()
        cost = {"price_id": "p", "quantity": 1, "subtotal": "odd", "total": "0.00"}
        day = {"timeframe_start": start, "timeframe_end": start, "per_price_costs": [cost]}
        return told({"data": [day]})

    with far_end(script) as end:
        client = connected(end.url, orb_mapping)._client
        days = daily(client, SUBSCRIPTION, None, NOW, CancelToken())
    assert sum(spans, timedelta()) == timedelta(days=326)
    assert days.rows[0]["=key"] == "s1|p|2026-01-01T00:00:00Z"
    assert len(days.rows) == len(spans) == 4


def test_a_subscription_that_has_not_begun_costs_nothing(orb_mapping: WorkspaceMapping) -> None:
    later = {**SUBSCRIPTION, "start_date": "2027-01-01T00:00:00+00:00"}
    with far_end(in_turn(told({}))) as end:
        client = connected(end.url, orb_mapping)._client
        assert daily(client, later, None, NOW, CancelToken()).rows == ()
        assert end.asked == []


def test_the_first_of_a_batch_raises_what_stops_all_and_a_later_one_is_told(
    orb_mapping: WorkspaceMapping,
) -> None:
    entity = orb_mapping.entity("customer")
    change = (FieldChange("name", "A", "B"),)
    both = tuple(
        Operation("customer", key, Side.BILLING, Verb.UPDATE, change, 1, key) for key in "ab"
    )
    refused = told({"type": "x#401-authentication-error", "detail": "revoked"}, 401)
    with far_end(in_turn(told({"id": "a", "name": "B"}), refused)) as end:
        connector = connected(end.url, orb_mapping)
        states = [o.state for o in connector.write(Batch(entity, both), CancelToken())]
        assert states == [OutcomeState.WRITTEN, OutcomeState.FAILED]
        with pytest.raises(NotSignedIn, match="revoked"):
            list(connector.write(Batch(entity, both), CancelToken()))
        assert connector.forecast_reads(entity, 3) == 3
        assert list(connector.conclude("", entity, both, CancelToken())) == []


def _query(asked: Asked) -> dict[str, Any]:
    return parse_qs(urlsplit(asked.path).query)
