"""Writing Salesforce: one call for 200 rows, and what becomes of each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.connectors import registry
from app.connectors.protocol import Batch, Connector, OperationCounts
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.domain.record import Side, Unreadable
from app.errors import AppError, LimitReached, NotAllowed
from tests.connectors.far_end import FarEnd, Script, Told, far_end, in_turn, told
from tests.connectors.world import World, hurry, make_operation

WRITTEN, FAILED, UNKNOWN = OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.UNKNOWN
LOST = ["drop_after", "drop_before", "truncate", "not_json", "server_error"]
TWO = (make_operation("coupon", "A"), make_operation("coupon", "B"))
SAVED = {"id": "a00000000000001AAA", "success": True, "errors": [], "created": False}
LOCKED = {
    "success": False,
    "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "busy", "fields": []}],
}


def test_an_insert_carries_every_value_exactly(world: World) -> None:
    schedule = world.read("salesforce", "rate_schedule")[0]
    service = world.read("salesforce", "service")[0]
    values = {
        "sequence": 7, "from_unit": Decimal("1.00001"), "to_unit": None,
        "rate_per_unit": Decimal("1234567.00012"), "currency": "EUR",
        "service": service.key, "rate_schedule": schedule.key,
    }  # fmt: skip
    (outcome,) = world.write(
        "salesforce", "rate", make_operation("rate", "N|1", Verb.INSERT, **values)
    )
    assert (outcome.state, len(outcome.side_id)) == (WRITTEN, 18)
    assert world.record("salesforce", "rate", "N|1").values == tuple(values.values())


def test_an_update_changes_what_it_names_and_clears_with_none(world: World) -> None:
    coupon = world.read("salesforce", "coupon")[0]
    change = make_operation(
        "coupon", coupon.key, side_id=coupon.side_id, description=None, expires_on=date(2031, 2, 3)
    )
    (outcome,) = world.write("salesforce", "coupon", change)
    after = world.record("salesforce", "coupon", coupon.key)
    assert (outcome.state, outcome.side_id) == (WRITTEN, coupon.side_id)
    assert after.values == (coupon.values[0], None, date(2031, 2, 3), coupon.values[3])


def test_a_reference_can_be_moved_and_cleared(world: World) -> None:
    plan = world.read("salesforce", "plan")[0]
    other = next(r.key for r in world.read("salesforce", "plan_set") if r.key != plan.parent)
    for parent in (other, None):
        world.write("salesforce", "plan", make_operation("plan", plan.key, plan_set=parent))
        assert world.record("salesforce", "plan", plan.key).parent == parent


def test_200_writes_are_one_call_and_deletes_one_more(world: World) -> None:
    prices = world.read("salesforce", "item_price")[:120]
    kept = [make_operation("item_price", r.key, price=Decimal("9.99")) for r in prices[:100]]
    gone = [
        make_operation("item_price", r.key, Verb.DELETE, side_id=r.side_id) for r in prices[100:]
    ]
    before = world.connectors["salesforce"].calls
    outcomes = world.write("salesforce", "item_price", *kept, *gone)
    assert world.connectors["salesforce"].calls - before == 2
    assert {outcome.state for outcome in outcomes} == {WRITTEN}
    left = {record.key for record in world.read("salesforce", "item_price")}
    assert not left & {operation.key for operation in gone}


def test_a_row_that_is_refused_says_code_words_and_field_and_stops_no_other(world: World) -> None:
    names = ["x" * 81, "Short"]
    rows = [make_operation("promotion", f"P{n}", Verb.INSERT, name=n) for n in names]
    failed, written = world.write("salesforce", "promotion", *rows)
    assert (failed.state, failed.field) == (FAILED, "name")
    assert failed.message.startswith("STRING_TOO_LONG: ")
    assert written.state is WRITTEN


def test_a_value_outside_a_restricted_picklist_names_the_field(world: World) -> None:
    schedule = world.read("salesforce", "rate_schedule")[0]
    (outcome,) = world.write(
        "salesforce", "rate_schedule", make_operation("rate_schedule", schedule.key, currency="SEK")
    )
    assert (outcome.state, outcome.field) == (FAILED, "currency")


def test_a_parent_that_is_not_there_names_the_reference(world: World) -> None:
    rate = world.read("salesforce", "rate")[0]
    (outcome,) = world.write(
        "salesforce", "rate", make_operation("rate", rate.key, rate_schedule="NO-SUCH")
    )
    assert (outcome.state, outcome.field) == (FAILED, "rate_schedule")


def test_a_key_that_two_records_have_is_refused(world: World) -> None:
    coupon = world.read("salesforce", "coupon")[0]
    world.edit("salesforce", "Aria_Coupon__c", "", Name="again", Aria_Key__c=coupon.key)
    (outcome,) = world.write(
        "salesforce", "coupon", make_operation("coupon", coupon.key, scope="x")
    )
    assert outcome.message.startswith("DUPLICATE_EXTERNAL_ID")
    (outcome,) = world.write(
        "salesforce", "coupon", make_operation("coupon", coupon.key, Verb.DELETE)
    )
    assert outcome.state is FAILED


def test_a_delete_without_an_id_finds_its_record_and_one_that_is_gone_is_done(world: World) -> None:
    coupon = world.read("salesforce", "coupon")[0]
    by_key = make_operation("coupon", coupon.key, Verb.DELETE)
    by_id = make_operation("coupon", coupon.key, Verb.DELETE, side_id=coupon.side_id)
    for operation in (by_key, by_key, by_id):
        (outcome,) = world.write("salesforce", "coupon", operation)
        assert outcome.state is WRITTEN
    assert world.read("salesforce", "coupon", [coupon.key]) == []


def test_a_lost_answer_to_an_upsert_is_asked_for_again(world: World) -> None:
    world.fault(system="salesforce", endpoint="composite/sobjects*", kind="drop_after", times=1)
    (outcome,) = world.write(
        "salesforce", "promotion", make_operation("promotion", "NEW", Verb.INSERT, name="NEW")
    )
    assert outcome.state is WRITTEN
    assert len(world.read("salesforce", "promotion", ["NEW"])) == 1


@pytest.mark.parametrize("kind", LOST)
def test_answers_that_stay_lost_leave_every_row_unknown(kind: str, world: World) -> None:
    world.fault(system="salesforce", endpoint="composite/sobjects*", kind=kind, times=None)
    outcomes = world.write(
        "salesforce", "promotion",
        *(make_operation("promotion", f"N{n}", Verb.INSERT, name=f"N{n}") for n in range(3)),
    )  # fmt: skip
    assert [outcome.state for outcome in outcomes] == [UNKNOWN] * 3


def test_a_system_that_is_down_raises_and_nothing_is_written(world: World) -> None:
    world.fault(system="salesforce", endpoint="composite/sobjects*", kind="unavailable", times=None)
    with pytest.raises(AppError, match="503"):
        world.write(
            "salesforce", "promotion", make_operation("promotion", "N", Verb.INSERT, name="N")
        )


def test_locked_rows_alone_are_sent_again(mapping: WorkspaceMapping) -> None:
    answers = in_turn(told([SAVED, LOCKED, SAVED]), told([LOCKED]), told([SAVED]))
    with org(answers, mapping) as (made, end):
        outcomes = write(made, mapping, *(make_operation("coupon", f"C{n}") for n in range(3)))
        sent = [[row["Aria_Key__c"] for row in asked.json["records"]] for asked in end.asked]
    assert {outcome.state for outcome in outcomes} == {WRITTEN}
    assert sent == [["C0", "C1", "C2"], ["C1"], ["C1"]]


def test_rows_that_stay_locked_fail_with_their_words(mapping: WorkspaceMapping) -> None:
    with org(in_turn(told([SAVED, LOCKED]), told([LOCKED])), mapping) as (made, _):
        outcomes = write(made, mapping, *TWO)
    assert [outcome.state for outcome in outcomes] == [WRITTEN, FAILED]
    assert outcomes[1].message == "UNABLE_TO_LOCK_ROW: busy"


def test_an_outage_between_two_tries_of_locked_rows_raises_nothing(
    mapping: WorkspaceMapping,
) -> None:
    with org(in_turn(told([SAVED, LOCKED]), Told(503)), mapping) as (made, _):
        outcomes = write(made, mapping, *TWO)
    assert [outcome.state for outcome in outcomes] == [WRITTEN, FAILED]


def test_a_request_that_is_refused_fails_every_row(mapping: WorkspaceMapping) -> None:
    refused = told([{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize"}], 400)
    with org(in_turn(refused), mapping) as (made, _):
        outcomes = write(made, mapping, *TWO)
    assert [outcome.state for outcome in outcomes] == [FAILED] * 2
    assert outcomes[0].message == "JSON_PARSER_ERROR: Cannot deserialize"


@pytest.mark.parametrize(
    ("code", "error"),
    [("REQUEST_LIMIT_EXCEEDED", LimitReached), ("API_DISABLED_FOR_ORG", NotAllowed)],
)
def test_what_forbids_all_calls_is_raised(
    code: str, error: type[AppError], mapping: WorkspaceMapping
) -> None:
    refused = told([{"errorCode": code, "message": "TotalRequests Limit exceeded."}], 403)
    with org(in_turn(refused), mapping) as (made, _), pytest.raises(error, match=code):
        write(made, mapping, make_operation("coupon", "A"))


@pytest.mark.parametrize(
    "rows",
    [[SAVED], [], {"strange": 1}, [SAVED, {**SAVED, "id": None}], [SAVED, {**SAVED, "id": "b0"}]],
)
def test_an_answer_that_does_not_fit_the_rows_leaves_them_unknown(
    rows: Any, mapping: WorkspaceMapping
) -> None:
    with org(in_turn(told(rows)), mapping) as (made, _):
        operations = [make_operation("coupon", key, side_id=SAVED["id"]) for key in "AB"]
        outcomes = write(made, mapping, *operations)
    assert outcomes[-1].state is UNKNOWN


def test_an_update_that_created_its_record_is_not_called_written(mapping: WorkspaceMapping) -> None:
    with org(in_turn(told([{**SAVED, "created": True}])), mapping) as (made, _):
        (outcome,) = write(made, mapping, make_operation("coupon", "A"))
    assert outcome.state is UNKNOWN


def test_an_unreadable_value_fails_alone_and_is_not_sent(mapping: WorkspaceMapping) -> None:
    with org(in_turn(told([SAVED])), mapping) as (made, end):
        bad = make_operation("coupon", "A", expires_on=Unreadable("soon"))
        outcomes = write(made, mapping, bad, make_operation("coupon", "B", scope="x"))
        assert [row["Aria_Key__c"] for row in end.asked[0].json["records"]] == ["B"]
    assert sorted(outcome.state for outcome in outcomes) == [WRITTEN, FAILED]


def test_upserts_that_went_through_are_told_though_the_deletes_cannot_be_sent(
    mapping: WorkspaceMapping,
) -> None:
    with org(in_turn(told([SAVED]), Told(503)), mapping) as (made, _):
        gone = make_operation("coupon", "B", Verb.DELETE, side_id="a01")
        outcomes = write(made, mapping, make_operation("coupon", "A"), gone)
    assert [outcome.state for outcome in outcomes] == [WRITTEN, FAILED]


def test_a_forecast_counts_calls_of_200_and_2_kb_an_insert(world: World) -> None:
    verbs = {Verb.INSERT: 150, Verb.UPDATE: 60, Verb.DELETE: 3}
    counts = OperationCounts(world.mapping.entity("plan"), verbs, 5000)
    forecast = world.connectors["salesforce"].forecast(counts)
    assert forecast.calls[Side.SALESFORCE] == 3 + 1  # one to describe
    assert (forecast.storage_bytes, forecast.size_bytes) == (150 * 2048, 5000)
    waiting = world.connectors["salesforce"].forecast(replace(counts, turns=2))
    assert waiting.calls[Side.SALESFORCE] == forecast.calls[Side.SALESFORCE] + 2
    assert forecast.seconds > 0


def write(made: Connector, mapping: WorkspaceMapping, *operations: Operation) -> list[Outcome]:
    return list(made.write(Batch(mapping.entity("coupon"), operations), CancelToken()))


@contextmanager
def org(script: Script, mapping: WorkspaceMapping) -> Iterator[tuple[Connector, FarEnd]]:
    with far_end(script) as end:
        settings, secrets = {"login_url": end.url}, {"access_token": "t-secret"}
        made = registry.connect("salesforce", "sf", settings, secrets.get, mapping=mapping)
        hurry(made)
        yield made, end
